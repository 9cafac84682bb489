// The chat example as a process, the people in it, and its page in a browser.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '../browser/until.mjs';

const require = createRequire(new URL('../browser/package.json', import.meta.url));
const { connect } = require('socket.io-client-0.9.17');
const { io } = require('socket.io-client-4.8.4');

const echoBinary = process.env.HEIRLOOM_ECHO ?? '../../target/debug/examples/echo';
const binary = fileURLToPath(new URL(path.join(path.dirname(echoBinary), 'chat'), import.meta.url));

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

/** Somebody without a page, with the client of 0.9 or the one of 4.x. */
class Guest {
  /** `[event, ...arguments]`, in order. */
  heard = [];
  #changes = new EventEmitter().setMaxListeners(0);

  constructor(port, generation = '0.9') {
    const url = `http://127.0.0.1:${port}`;
    const old = { transports: ['websocket'], 'force new connection': true, reconnect: false };
    this.socket = generation === '4.x' ? io(url, { forceNew: true, reconnectionDelay: 20 }) : connect(url, old);
    for (const name of ['entered', 'heard', 'people', 'rooms', 'writing']) {
      this.socket.on(name, (...details) => {
        this.heard.push([name, ...details]);
        this.#changes.emit('change');
      });
    }
  }

  /** Says something to the server; resolves to what the acknowledgement brings. */
  ask(name, ...args) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${name} ${JSON.stringify(args)}`)), 15_000);
      this.socket.emit(name, ...args, (...answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
  }

  join(...args) {
    return this.ask('join', ...args);
  }

  async say(...args) {
    const [said] = await this.ask('say', ...args);
    return said;
  }

  /** What was heard of one event, each time its arguments. */
  all(name) {
    return this.heard.filter(([event]) => event === name).map(([, ...args]) => args);
  }

  get texts() {
    return this.all('heard').map(([{ text }]) => text);
  }

  /** What became of others, as `Ada came`. */
  get changes() {
    const [{ you }] = this.all('entered').at(-1);
    const others = this.all('people').flatMap(([, changes]) => changes.filter(({ number }) => number !== you));
    return others.map(({ nick, what }) => `${nick} ${what}`);
  }

  /** How many people a room has, as far as the guest was told. */
  peopleIn(room) {
    return new Map(this.all('rooms').flatMap(([rooms]) => rooms)).get(room);
  }

  until(condition, wanted) {
    return until(this.#changes, () => condition(this), () => `${wanted} not in ${JSON.stringify(this.heard).slice(-2000)}`);
  }

  untilText(wanted) {
    return this.until(() => this.texts.includes(wanted), wanted);
  }

  leave() {
    this.socket.disconnect();
  }
}

/** A chat of the test's own. `guest` makes somebody who takes part. */
export async function openChat(test) {
  const chat = await Chat.start();
  const guests = [];
  test.after(async () => {
    guests.forEach((guest) => guest.leave());
    await chat.kill();
  });
  return { chat, guest: (generation) => guests[guests.push(new Guest(chat.port, generation)) - 1] };
}

/** Somebody with the page. */
export class Visitor {
  /** What the page's policy forbade, what it threw, and what it asked of strangers. */
  faults = [];

  static async open(browser, origin, { query = '', name = '', viewport = { width: 1000, height: 700 } } = {}) {
    const visitor = new Visitor();
    visitor.context = await browser.newContext({ viewport });
    const tab = (visitor.tab = await visitor.context.newPage());
    await tab.exposeFunction('report', (fault) => visitor.faults.push(fault));
    await tab.addInitScript((nick) => {
      if (window !== top) return;
      addEventListener('securitypolicyviolation', ({ blockedURI }) => window.report(`forbidden: ${blockedURI}`));
      if (nick && localStorage.getItem('nick') === null) localStorage.setItem('nick', nick);
    }, name);
    tab.on('pageerror', (error) => visitor.faults.push(error.message));
    tab.on('request', (request) => request.url().startsWith(origin) || visitor.faults.push(request.url()));
    await tab.goto(`${origin}/${query}`);
    return visitor;
  }

  state(text) {
    return this.tab.locator('#state', { hasText: text }).waitFor({ state: 'attached' });
  }

  item(text) {
    return this.tab.locator('#messages li', { hasText: text });
  }

  note(text) {
    return this.tab.locator('#messages .note', { hasText: text }).first().waitFor();
  }

  /** The messages that are shown, those that wait with the sign of it. */
  lines() {
    return this.tab.locator('#messages .text').evaluateAll((all) =>
      all.map((one) => (one.closest('.waiting') ? `${one.textContent} (waiting)` : one.textContent)),
    );
  }

  /** Whoever is listed as being here, with the transport. */
  people() {
    return this.tab.locator('#people li').evaluateAll((all) =>
      all.map((one) => `${one.querySelector('bdi').textContent} ${one.querySelector('.over').textContent}`),
    );
  }

  rooms() {
    return this.tab.locator('#rooms a').evaluateAll((all) =>
      all.map((one) => `${one.querySelector('.name').textContent} ${one.querySelector('.number').textContent}`),
    );
  }

  async untilRooms(...wanted) {
    await this.untilSame(() => this.rooms(), wanted);
  }

  async untilPeople(...wanted) {
    await this.untilSame(() => this.people(), wanted);
  }

  async untilLines(...wanted) {
    await this.untilSame(() => this.lines(), wanted);
  }

  // What the page shows changes only with its document.
  async untilSame(look, wanted) {
    const deadline = Date.now() + 10_000;
    let seen = await look();
    while (JSON.stringify(seen) !== JSON.stringify(wanted) && Date.now() < deadline) {
      await this.tab.evaluate(() => new Promise((resolve) => setTimeout(resolve, 30)));
      seen = await look();
    }
    assert.deepEqual(seen, wanted);
  }

  async say(text) {
    await this.tab.fill('#text', text);
    await this.tab.press('#text', 'Enter');
  }

  async call(name) {
    await this.tab.fill('#nick', name);
    await this.tab.press('#nick', 'Enter');
  }

  /** Makes the page try at once to come back, unless it comes back by itself sooner. */
  hurry() {
    return Promise.race([this.tab.click('#try'), this.tab.locator('#outage').waitFor({ state: 'hidden' })]);
  }

  close() {
    return this.context.close();
  }
}
