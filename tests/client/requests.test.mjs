// What our client puts on the wire: addresses and bodies, as servers of the generation expect them.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Echo, Gate, launchBrowser, Page, pages } from './client.mjs';

let browser;
let echo;
let gate;

before(async () => {
  browser = await launchBrowser();
  echo = await Echo.start({ POLL_DURATION: '300' });
  gate = await Gate.open(echo.port, pages);
});

after(async () => {
  await browser?.close();
  await gate?.close();
  await echo?.kill();
});

/** Connects a page, sends one text and polls once more; gives the page, its session id and its paths by method. */
async function session(transport, text) {
  const page = await Page.open(browser, gate);
  await page.connect(transport);
  const id = await page.untilConnected();
  await page.send(text);
  await page.receives(text);
  await page.until(() => paths(page, 'GET').length > 3, 'four polls');
  return { page, id, gets: paths(page, 'GET'), posts: paths(page, 'POST') };
}

function paths(page, method) {
  const own = page.requests.filter((request) => request.startsWith(`${method} http`));
  return own.map((request) => request.slice(method.length + 1).replace(gate.origin, ''));
}

describe('our client asks', () => {
  it('for a WebSocket without a trailing slash', async () => {
    const page = await Page.open(browser, gate);
    await page.connect('websocket');
    await page.untilConnected();
    assert.deepEqual(page.requests, [`GET ws://127.0.0.1:${gate.port}/socket.io/websocket`]);
    await page.close();
  });

  it('over xhr-polling with an empty session first, then with its own, at an address never used before', async () => {
    const { page, id, gets, posts } = await session('xhr-polling', 'a');
    assert.match(gets[0], /^\/socket\.io\/xhr-polling\/\/\d{13}$/);
    for (const path of gets.slice(1)) assert.match(path, new RegExp(`^/socket\\.io/xhr-polling/${id}/\\d{13}$`));
    assert.equal(new Set(gets).size, gets.length);
    assert.deepEqual(posts, [`/socket.io/xhr-polling/${id}/send`]);
    await page.close();
  });

  it('over jsonp-polling with the index of its callback last', async () => {
    const { page, id, gets, posts } = await session('jsonp-polling', 'a');
    assert.match(gets[0], /^\/socket\.io\/jsonp-polling\/\/\d{13}\/0$/);
    for (const path of gets.slice(1)) assert.match(path, new RegExp(`^/socket\\.io/jsonp-polling/${id}/\\d{13}/0$`));
    assert.equal(new Set(gets).size, gets.length);
    assert.equal(posts.length, 1);
    assert.match(posts[0], new RegExp(`^/socket\\.io/jsonp-polling/${id}/\\d{13}/0$`));
    await page.close();
  });

  it('under the resource of its options, slashes around it or not', async () => {
    const page = await Page.open(browser, gate);
    await page.connect('xhr-polling', { resource: '/some/where/' });
    await page.until(() => page.requests.length > 0, 'a request');
    assert.match(paths(page, 'GET')[0], /^\/some\/where\/xhr-polling\/\/\d+$/);
    await page.close();
  });

  it('of the host and port it was given', async () => {
    const page = await Page.open(browser, gate);
    await page.connect('xhr-polling', { host: 'localhost', port: gate.port });
    await page.until(() => page.requests.length > 0, 'a request');
    const [first] = page.requests;
    assert.ok(first.startsWith(`GET http://localhost:${gate.port}/socket.io/xhr-polling//`), first);
    await page.close();
  });
});

describe('our client posts', () => {
  const text = 'é & + = % ~ \r\n \n \r 😀';
  const payload = `~m~${text.length}~m~${text}`;

  it('one form field that decodes to the payload', async () => {
    const { page } = await session('xhr-polling', text);
    const [body] = page.bodies;
    assert.match(body, /^data=[\w%.!~*'()-]*$/);
    assert.equal(decodeURIComponent(body.slice(5)), payload);
    await page.close();
  });

  it('over jsonp-polling a field the browser does not rewrite the line breaks of', async () => {
    const { page } = await session('jsonp-polling', text);
    const [, data] = /^data=([\w%.!~*'()-]*)&_=\r\n$/.exec(page.bodies[0]);
    assert.equal(decodeURIComponent(data), payload);
    await page.close();
  });

  it('one request at a time, and what was sent meanwhile in the next', async () => {
    const page = await Page.open(browser, gate);
    await page.connect('xhr-polling');
    await page.untilConnected();
    await page.send('one', 'two', 'three', 'four');
    await page.receives('one', 'two', 'three', 'four');
    assert.deepEqual(page.bodies.map((body) => decodeURIComponent(body.slice(5))), [
      '~m~3~m~one',
      '~m~3~m~two~m~5~m~three~m~4~m~four',
    ]);
    await page.close();
  });

  it('objects as JSON behind their marker, counted in UTF-16 units', async () => {
    const page = await Page.open(browser, gate);
    await page.connect('xhr-polling');
    await page.untilConnected();
    await page.send({ a: 'é😀' });
    await page.receives({ a: 'é😀' });
    assert.equal(decodeURIComponent(page.bodies[0].slice(5)), '~m~14~m~~j~{"a":"é😀"}');
    await page.close();
  });
});
