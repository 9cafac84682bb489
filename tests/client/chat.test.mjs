// The chat example as people meet it: its page in browsers, and clients of 0.9 in the same rooms.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../browser/until.mjs';
import { Gate, launchBrowser, transports } from './client.mjs';

const require = createRequire(new URL('../browser/package.json', import.meta.url));
const { connect } = require('socket.io-client-0.9.17');

const echoBinary = process.env.HEIRLOOM_ECHO ?? '../../target/debug/examples/echo';
const binary = fileURLToPath(new URL(path.join(path.dirname(echoBinary), 'chat'), import.meta.url));

/** The example as a process of its own. */
class Chat {
  static async start() {
    const chat = new Chat();
    // Below the range the system takes its own ports from, so that a restart finds the port free.
    for (let attempt = 1; ; attempt += 1) {
      chat.port = 20000 + Math.floor(Math.random() * 10000);
      try {
        await chat.restart();
        return chat;
      } catch (error) {
        if (attempt === 5) throw error;
      }
    }
  }

  async restart() {
    const env = { ...process.env, HOST: '127.0.0.1', PORT: String(this.port) };
    this.child = spawn(binary, [], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    await once(this.child, 'spawn');
    this.exited = once(this.child, 'exit');
    const lines = createInterface(this.child.stdout)[Symbol.asyncIterator]();
    const { value: line } = await lines.next();
    assert.match(line ?? '', new RegExp(`http://127.0.0.1:${this.port} `), `${binary} did not start`);
  }

  async kill() {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

/** Somebody with the client of 0.9. */
class Guest {
  /** `[event, ...arguments]`, in order. */
  heard = [];
  #changes = new EventEmitter();

  constructor(port) {
    const options = { transports: ['websocket'], 'force new connection': true, reconnect: false };
    this.socket = connect(`http://127.0.0.1:${port}`, options);
    for (const name of ['history', 'heard', 'announcement']) {
      this.socket.on(name, (...details) => {
        this.heard.push([name, ...details]);
        this.#changes.emit('change');
      });
    }
  }

  /** Enters a room; resolves to what the acknowledgement says. */
  join(...args) {
    return new Promise((resolve) => this.socket.emit('join', ...args, resolve));
  }

  say(...args) {
    this.socket.emit('say', ...args);
  }

  /** What was heard of one event, each time its arguments. */
  all(name) {
    return this.heard.filter(([event]) => event === name).map(([, ...args]) => args);
  }

  get texts() {
    return this.all('heard').map(([{ text }]) => text);
  }

  until(condition, wanted) {
    return until(this.#changes, () => condition(this), () => `${wanted} not in ${JSON.stringify(this.heard)}`);
  }

  untilText(wanted) {
    return this.until(() => this.texts.includes(wanted), wanted);
  }

  leave() {
    this.socket.disconnect();
  }
}

let browser;
let chat;
let tab;
let guests;

before(async () => {
  browser = await launchBrowser();
});

after(() => browser?.close());

beforeEach(async () => {
  guests = [];
  chat = await Chat.start();
});

afterEach(async () => {
  for (const guest of guests) guest.leave();
  await chat?.kill();
});

function guest() {
  guests.push(new Guest(chat.port));
  return guests.at(-1);
}

const state = (text) => tab.locator('#state', { hasText: text }).waitFor();
const item = (text) => tab.locator('#messages li', { hasText: text });
const texts = () => tab.locator('#messages li:not(.announcement)').evaluateAll((all) => all.map((one) => one.lastChild.data));

async function say(text) {
  await tab.fill('#text', text);
  await tab.press('#text', 'Enter');
}

async function join(name) {
  await tab.fill('#nick', name);
  await tab.press('#nick', 'Enter');
}

async function enter(room) {
  await tab.fill('#room', room);
  await tab.press('#room', 'Enter');
}

describe('the chat page', () => {
  let gate;
  let strangers;

  beforeEach(async () => {
    gate = await Gate.open(chat.port);
    const context = await browser.newContext({ viewport: { width: 360, height: 640 } });
    tab = await context.newPage();
    strangers = [];
    tab.on('request', (request) => !request.url().startsWith(gate.origin) && strangers.push(request.url()));
  });

  afterEach(async () => {
    // The icon is in the page itself.
    assert.deepEqual(strangers.filter((url) => !url.startsWith('data:')), []);
    await tab?.context().close();
    await gate?.close();
  });

  for (const transport of transports) {
    it(`talks over ${transport} when its address says so`, async () => {
      await tab.goto(`${gate.origin}/?transport=${transport}`);
      await state(`connected over ${transport}`);
      assert.equal(await tab.inputValue('#transport'), transport);
      await join('Ada');
      await say('hello 😀');
      await item('hello 😀').waitFor();
      assert.equal(await item('hello 😀').locator('b').textContent(), `Ada${transport}`);
    });
  }

  it('connects anew with the transport that is picked', async () => {
    await tab.goto(gate.origin);
    await state('connected over websocket');
    await tab.selectOption('#transport', 'xhr-polling');
    await state('connected over xhr-polling');
    assert.equal(new URL(tab.url()).search, '?transport=xhr-polling');
    await tab.reload();
    await state('connected over xhr-polling');
  });

  it('goes to the room that is picked, and its address says which', async () => {
    await tab.goto(gate.origin);
    await join('Ada');
    await say('said in the lobby');
    await item('said in the lobby').waitFor();
    await enter('Küche & Co');
    await item('came').waitFor();
    assert.deepEqual(await texts(), []);
    assert.equal(await tab.title(), 'Küche & Co · Heirloom chat');
    assert.equal(new URL(tab.url()).searchParams.get('room'), 'Küche & Co');
    await tab.reload();
    await tab.waitForFunction(() => document.title.startsWith('Küche & Co'));
    await enter(' ');
    await item('said in the lobby').waitFor();
    assert.equal(new URL(tab.url()).search, '');
  });

  it('shows whatever people write as text', async () => {
    await tab.goto(gate.origin);
    await join('<i>Ada</i>');
    await say('<img src=x onerror=alert(1)>');
    await item('<img').waitFor();
    assert.equal(await tab.locator('#messages img, #messages i').count(), 0);
  });

  it('tells when the connection is lost, and says what was written meanwhile in its room when it is back', async () => {
    await tab.goto(`${gate.origin}/?transport=xhr-polling&room=kitchen`);
    await state('connected');
    await join('Ada');
    await chat.kill();
    await state('trying again (attempt 1');
    await say('written without a connection');
    assert.deepEqual(await texts(), []);
    await chat.restart();
    await item('written without a connection').waitFor();
    await state('connected over xhr-polling');
    assert.equal(await tab.title(), 'kitchen · Heirloom chat');
    assert.deepEqual(await texts(), ['written without a connection']);
  });

  it('shows history, announcements, and which messages are its own, also after a new connection', async () => {
    const bob = guest();
    await bob.join();
    bob.say('Bob', 'hello');
    await bob.untilText('hello');
    await tab.goto(gate.origin);
    await state('connected');
    await join('Ada');
    await say('hello Bob');
    await item('hello Bob').waitFor();
    const items = tab.locator('#messages li');
    const lines = () => items.evaluateAll((all) => all.map((one) => [one.className, one.textContent]));
    const both = [['', 'Bobwebsockethello'], ['mine', 'Adawebsockethello Bob']];
    const came = (number) => ['announcement', `Guest ${number} came, over websocket · 2 here`];
    assert.deepEqual(await lines(), [both[0], came(2), both[1]]);
    gate.cut();
    await item('Guest 3 came').waitFor();
    assert.deepEqual(await lines(), [...both, came(3)]);
  });

  it('remembers the name', async () => {
    await tab.goto(gate.origin);
    await join('Ada');
    await tab.reload();
    assert.equal(await tab.inputValue('#nick'), 'Ada');
  });

  it('fits a phone', async () => {
    await tab.goto(gate.origin);
    await join('Ada');
    await say('a'.repeat(300));
    await item('aaa').waitFor();
    const [width, height] = await tab.evaluate(() => [document.body.scrollWidth, document.body.scrollHeight]);
    assert.ok(width <= 360 && height <= 640, `${width} by ${height}`);
    assert.ok(await tab.locator('#say button').isVisible());
  });
});

describe('the chat example', () => {
  let contexts;

  beforeEach(() => {
    contexts = [];
  });

  afterEach(() => Promise.all(contexts.map((context) => context.close())));

  async function open(query = '') {
    contexts.push(await browser.newContext());
    tab = await contexts.at(-1).newPage();
    await tab.goto(`http://127.0.0.1:${chat.port}/${query}`);
    return tab;
  }

  it('brings people together, whatever transport each of them uses', async () => {
    const tabs = [];
    for (const transport of transports) {
      tabs.push(await open(`?transport=${transport}`));
      await state(`connected over ${transport}`);
      await item(`came, over ${transport} · ${tabs.length} here`).waitFor();
      await join(`user of ${transport}`);
    }
    for (tab of tabs) await say(`hello from tab ${tabs.indexOf(tab) + 1}`);
    for (tab of tabs) {
      for (const [index, transport] of transports.entries()) {
        const greeting = item(`hello from tab ${index + 1}`);
        await greeting.waitFor();
        assert.equal(await greeting.locator('b').textContent(), `user of ${transport}${transport}`);
        assert.equal(await greeting.getAttribute('class'), tabs[index] === tab ? 'mine' : null);
      }
    }
    await tabs[0].context().close();
    tab = tabs[1];
    await item('Guest 1 left · 2 here').waitFor();
    await open();
    await item('hello from tab 1').waitFor();
    assert.equal(await item('hello').count(), 3);
  });

  it('keeps its rooms apart', async () => {
    const [cook, gardener] = [guest(), guest()];
    assert.deepEqual([await cook.join('kitchen'), await gardener.join('garden')], [1, 1]);
    cook.say('cook', 'soup');
    gardener.say('gardener', 'roses');
    await Promise.all([cook.untilText('soup'), gardener.untilText('roses')]);
    assert.equal(await cook.join('garden'), 2);
    assert.deepEqual(cook.all('history').at(-1)[2].map(({ text }) => text), ['roses']);
    await gardener.until(() => gardener.all('announcement').at(-1)[1] === 2, 'the arrival');
    assert.deepEqual([cook.texts, gardener.texts], [['soup'], ['roses']]);
  });

  it('has clients of 0.9 and the page in one room, and acknowledges with how many there are', async () => {
    await open('?room=kitchen');
    await item('came').waitFor();
    await join('Ada');
    const bob = guest();
    assert.equal(await bob.join('kitchen'), 2);
    bob.say('Bob', 'hello Ada');
    await item('hello Ada').waitFor();
    assert.equal(await item('hello Ada').locator('b').textContent(), 'Bobwebsocket');
    await say('hello Bob');
    await bob.untilText('hello Bob');
    assert.deepEqual(bob.heard.map(([name]) => name), ['history', 'announcement', 'heard', 'heard']);
    bob.leave();
    await item('left · 1 here').waitFor();
  });

  it('ignores rubbish, shortens what is too long, and stays', async () => {
    const bob = guest();
    assert.equal(await bob.join('kitchen', 'and', 'more'), 1);
    for (const args of [[], ['Bob'], ['Bob', 1], [{}, {}], ['Bob', ' '], ['Bob', 'hello', 7], [null, 'hello']]) bob.say(...args);
    bob.socket.emit('join', { room: 'garden' });
    bob.socket.emit('nonsense');
    bob.socket.send('hello');
    bob.say('b'.repeat(31), `${'😀'.repeat(1000)}.`);
    bob.say('', 'the end');
    await bob.untilText('the end');
    const said = bob.all('heard').map(([{ nick, text }]) => [nick, text]);
    assert.deepEqual(said, [['b'.repeat(30), '😀'.repeat(1000)], ['Guest 1', 'the end']]);
    assert.equal(bob.all('history').length, 1);
  });

  it('keeps the last 50 messages of a room until the last one there has left', async () => {
    const [bob, ada] = [guest(), guest()];
    await bob.join('attic');
    for (let number = 1; number <= 60; number += 1) bob.say('Bob', `message ${number}`);
    await bob.untilText('message 60');
    await ada.join('attic');
    const history = (of) => of.all('history').at(-1)[2].map(({ text }) => text);
    assert.deepEqual([history(ada).length, history(ada)[0], history(ada)[49]], [50, 'message 11', 'message 60']);
    await bob.join('lobby');
    await bob.join('attic');
    assert.equal(history(bob).length, 50, 'somebody was there all the time');
    for (const one of [ada, bob]) await one.join('lobby');
    await bob.join('attic');
    assert.deepEqual(history(bob), []);
  });
});
