// The page of the chat example: by itself, against a server that sends back what it is told, and as people meet it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Echo, Gate, launchBrowser, script, transports } from './client.mjs';

const file = (name) => readFileSync(new URL(`../../examples/chat/${name}`, import.meta.url), 'utf8');
// Behind the client: keeps the page's socket where a test can reach it.
const watched = `
  io.Socket = (function (Socket) {
    return function (host, options) { return (window.socketOfThePage = new Socket(host, options)); };
  })(io.Socket);
`;
const pages = {
  '/': ['text/html', file('index.html')],
  '/chat.css': ['text/css', file('chat.css')],
  '/chat.js': ['text/javascript', file('chat.js')],
  '/socket.io/socket.io.js': ['text/javascript', script + watched],
};

let browser;
let tab;

before(async () => {
  browser = await launchBrowser();
});

after(() => browser?.close());

const state = (text) => tab.locator('#state', { hasText: text }).waitFor();
const item = (text) => tab.locator('#messages li', { hasText: text });

async function say(text) {
  await tab.fill('#text', text);
  await tab.press('#text', 'Enter');
}

async function join(name) {
  await tab.fill('#nick', name);
  await tab.press('#nick', 'Enter');
}

/** Lets the page hear what only the server of the example says. */
const hears = (message) => tab.evaluate((object) => window.socketOfThePage.emit('message', [object]), message);

describe('the chat page', () => {
  let echo;
  let gate;
  let strangers;

  beforeEach(async () => {
    echo = await Echo.start();
    gate = await Gate.open(echo.port, pages);
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
    await echo?.kill();
  });

  for (const transport of transports) {
    it(`talks over ${transport} when its address says so`, async () => {
      await tab.goto(`${gate.origin}/?transport=${transport}`);
      await state(`connected over ${transport}`);
      assert.equal(await tab.inputValue('#transport'), transport);
      await join('Ada');
      await say('hello 😀');
      await item('hello 😀').waitFor();
      assert.equal(await item('hello 😀').locator('b').textContent(), 'Ada');
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

  it('shows whatever people write as text', async () => {
    await tab.goto(gate.origin);
    await join('<i>Ada</i>');
    await say('<img src=x onerror=alert(1)>');
    await item('<img').waitFor();
    assert.equal(await tab.locator('#messages img, #messages i').count(), 0);
  });

  it('tells when the connection is lost, and sends what was written meanwhile when it is back', async () => {
    await tab.goto(`${gate.origin}/?transport=xhr-polling`);
    await state('connected');
    await join('Ada');
    await echo.kill();
    await state('trying again (attempt 1');
    await say('written without a connection');
    assert.equal(await item('written').count(), 0);
    await echo.restart();
    await item('written without a connection').waitFor();
    await state('connected over xhr-polling');
  });

  it('shows the history once, announcements, and which messages are its own', async () => {
    await tab.goto(gate.origin);
    await state('connected');
    const text = { from: 3, nick: 'Bob', text: 'hello', transport: 'jsonp-polling' };
    await hears({ history: [text, { announcement: 'Bob came', online: 1 }], you: 7 });
    await hears({ announcement: 'Ada came', online: 2 });
    await hears({ ...text, from: 7, nick: 'Ada' });
    const items = tab.locator('#messages li');
    const lines = () => items.evaluateAll((all) => all.map((one) => [one.className, one.textContent]));
    const bob = ['', 'Bobjsonp-pollinghello'];
    assert.deepEqual(await lines(), [
      bob,
      ['announcement', 'Bob came · 1 online'],
      ['announcement', 'Ada came · 2 online'],
      ['mine', 'Adajsonp-pollinghello'],
    ]);
    await hears({ history: [text], you: 8 });
    assert.deepEqual(await lines(), [bob]);
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
  const echoBinary = process.env.HEIRLOOM_ECHO ?? '../../target/debug/examples/echo';
  const binary = fileURLToPath(new URL(path.join(path.dirname(echoBinary), 'chat'), import.meta.url));
  let server;
  let origin;

  before(async () => {
    server = spawn(binary, [], { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'ignore'] });
    await once(server, 'spawn');
    for await (const line of createInterface(server.stdout)) {
      [origin] = /http:\/\/[\d.:]+/.exec(line);
      break;
    }
    assert.ok(origin, `${binary} did not start`);
  });

  after(() => server?.kill('SIGKILL'));

  it('brings people together, whatever transport each of them uses', async () => {
    const rooms = [];
    for (const transport of transports) {
      tab = await (await browser.newContext()).newPage();
      await tab.goto(`${origin}/?transport=${transport}`);
      await state(`connected over ${transport}`);
      await item(`came, over ${transport} · ${rooms.length + 1} online`).waitFor();
      await join(`user of ${transport}`);
      rooms.push(tab);
    }
    for (tab of rooms) await say(`hello from tab ${rooms.indexOf(tab) + 1}`);
    for (tab of rooms) {
      for (const [index, transport] of transports.entries()) {
        const greeting = item(`hello from tab ${index + 1}`);
        await greeting.waitFor();
        assert.equal(await greeting.locator('b').textContent(), `user of ${transport}${transport}`);
        assert.equal(await greeting.getAttribute('class'), rooms[index] === tab ? 'mine' : null);
      }
    }
    await rooms[0].context().close();
    tab = rooms[1];
    await item('Guest 1 left · 2 online').waitFor();
    tab = await (await browser.newContext()).newPage();
    await tab.goto(origin);
    await item('hello from tab 1').waitFor();
    assert.equal(await item('hello').count(), 3);
  });
});
