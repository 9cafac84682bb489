// Pages as they were written for 0.6, for 0.9 and since 1.0, with nothing changed: each gets our client from the server
// they name, and uses it in the way the documentation of its time taught.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { Echo, Gate, launchBrowser, script } from './client.mjs';

const shell = (title, task) => [
  'text/html',
  `<!doctype html>
<html>
<head>
<meta charset="utf-8">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>body { font: 16px sans-serif; margin: 2em } li { line-height: 1.6 }</style>
<script src="/socket.io/socket.io.js"></script>
</head>
<body>
<h1>${title}</h1>
<ul id="log"></ul>
<script>
function show(text) {
  var item = document.createElement('li');
  item.appendChild(document.createTextNode(text));
  document.getElementById('log').appendChild(item);
}
${task}
</script>
</body>
</html>`,
];

const sixth = `
var socket = new io.Socket();

socket.on('connect', function () {
  show('connected over ' + socket.transport.type);
  socket.send({ hello: 'world' });
});
socket.on('message', function (data) {
  show(typeof data === 'string' ? 'text: ' + data : 'object: ' + data.hello);
  if (typeof data === 'object') socket.disconnect();
});
socket.on('disconnect', function () {
  show('disconnected');
});

socket.connect();
socket.send('sent at once');
`;

const sixthWithOptions = `
var socket = new io.Socket(location.hostname, {
  port: location.port,
  rememberTransport: false,
  transports: ['flashsocket', 'htmlfile', 'xhr-multipart', 'xhr-polling'],
  transportOptions: { 'xhr-polling': { timeout: 20000 } },
  connectTimeout: 4000
});
socket.addEvent('connect', function () {
  show('connected over ' + socket.transport.type);
});
socket.addEvent('message', function (text) {
  show('text: ' + text);
});
socket.connect(function () {
  show('called back');
  socket.send(['one', 'two']);
});
`;

const ninth = `
var socket = io.connect();

socket.on('connecting', function (name) {
  show('connecting over ' + name);
});
socket.on('connect', function () {
  show('connected');
  socket.emit('echo', { first: 'event' }, function (data) {
    show('acknowledged: ' + data.first);
    socket.json.send({ some: 'object' });
  });
});
socket.on('message', function (data) {
  if (data.some) {
    show('object: ' + data.some);
    socket.emit('echo', 'an event');
  } else {
    show('text: ' + data);
  }
});
socket.on('echo', function (word) {
  show('event: ' + word);
  join();
});

function join() {
  var chat = io.connect('http://' + location.host + '/chat');
  var secret = io.connect('/private');

  chat.on('connect', function () {
    show('in the chat');
    chat.send('hello chat', function () {
      show('the chat has it');
    });
  });
  chat.on('message', function (text) {
    show('chat: ' + text);
    socket.send('!bye');
  });
  secret.on('connect_failed', function (reason) {
    show('not let in: ' + reason);
  });
}
socket.on('disconnect', function () {
  show('disconnected');
});
`;

const ninthWithOptions = `
var socket = io.connect('http://' + location.hostname + '?token=open', {
  port: location.port,
  transports: ['xhr-polling'],
  'connect timeout': 5000,
  'try multiple transports': true,
  reconnect: true,
  'reconnection delay': 500,
  'max reconnection attempts': 10,
  'sync disconnect on unload': true,
  'force new connection': true
});
var secret = socket.of('/private').on('connect', function () {
  show('let in over ' + socket.socket.transport.name);
  secret.emit('echo', 'first', 2, [3]);
}).on('echo', function (a, b, c) {
  show('event: ' + [a, b, c.length].join());
});
`;

const modern = `
var socket = io();
var chat = io('/chat', { transports: ['websocket'] });

socket.on('connect', function () {
  show('connected: ' + (socket.connected && socket.id.length > 10));
  socket.emit('echo', 'a', { b: 'c' }, function (a, b) {
    show('acknowledged: ' + a + b.b);
    chat.send('hello chat');
  });
});
chat.on('message', function (text) {
  show('chat: ' + text);
  socket.emit('echo', 'to all');
});
socket.once('echo', function (text) {
  show('event: ' + text);
  socket.disconnect();
});
socket.on('disconnect', function (reason) {
  show('disconnected: ' + reason);
});
`;

const all = {
  sixth: ['A page of 0.6', sixth],
  sixthWithOptions: ['A page of 0.6, with options', sixthWithOptions],
  ninth: ['A page of 0.9', ninth],
  ninthWithOptions: ['A page of 0.9, with options', ninthWithOptions],
  modern: ['A page of 1.x', modern],
};

let browser;
let echo;
let gate;
let tab;
const mistakes = [];

before(async () => {
  browser = await launchBrowser();
  echo = await Echo.start();
  const pages = Object.entries(all).map(([name, page]) => [`/${name}.html`, shell(...page)]);
  // Another client than that of the server, to see that the pages are right.
  const other = process.env.HEIRLOOM_CLIENT ? { '/socket.io/socket.io.js': ['text/javascript', script] } : {};
  gate = await Gate.open(echo.port, { ...Object.fromEntries(pages), ...other });
});

after(async () => {
  await browser?.close();
  await gate?.close();
  await echo?.kill();
});

afterEach(async () => {
  await tab?.context().close();
});

/** Opens a page and waits until it shows these lines, in whatever order. */
async function shows(name, ...lines) {
  tab = await (await browser.newContext({ viewport: { width: 640, height: 480 } })).newPage();
  mistakes.length = 0;
  tab.on('pageerror', (error) => mistakes.push(error.message));
  tab.on('console', (message) => mistakes.push(message.text()));
  await tab.goto(`${gate.origin}/${name}.html`);
  await tab.locator('#log li').nth(lines.length - 1).waitFor({ timeout: 10000 }).catch(() => {});
  assert.deepEqual((await tab.locator('#log li').allTextContents()).sort(), [...lines].sort());
  assert.deepEqual(mistakes, []);
  if (process.env.SCREENSHOTS) await tab.screenshot({ path: `${process.env.SCREENSHOTS}${name}.png` });
}

describe('an unchanged page', () => {
  it('of 0.6 works', async () => {
    await shows('sixth', 'connected over websocket', 'text: sent at once', 'object: world', 'disconnected');
  });

  it('of 0.6 works with the options and the names of its time', async () => {
    await shows('sixthWithOptions', 'called back', 'connected over htmlfile', 'text: one', 'text: two');
  });

  it('of 0.9 works', async () => {
    await shows(
      'ninth',
      'connecting over websocket',
      'connected',
      'acknowledged: event',
      'object: object',
      'event: an event',
      'not let in: unauthorized',
      'in the chat',
      'the chat has it',
      'chat: hello chat',
      'disconnected',
    );
  });

  it('of 0.9 works with the options of its time', async () => {
    await shows('ninthWithOptions', 'let in over xhr-polling', 'event: first,2,1');
  });

  it('of 1.x works', async () => {
    await shows(
      'modern',
      'connected: true',
      'acknowledged: ac',
      'chat: hello chat',
      'event: to all',
      'disconnected: io client disconnect',
    );
  });
});
