// Every transport of our client carries everything, both ways, once and in order.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Echo, Gate, launchBrowser, Page, pages, transports } from './client.mjs';

const timings = { HEARTBEAT_INTERVAL: '300', HEARTBEAT_TIMEOUT: '5000', POLL_DURATION: '400', CLOSE_TIMEOUT: '1500' };
const numbers = Array.from({ length: 300 }, (_, number) => String(number));

let browser;

before(async () => {
  browser = await launchBrowser();
});

after(() => browser?.close());

describe('our client', { concurrency: 3 }, () => {
  for (const transport of transports) {
    for (const dialect of ['frames', 'json']) {
      if (dialect === 'json' && transport === 'jsonp-polling') continue; // younger than that dialect
      describe(`over ${transport}, dialect ${dialect}`, { concurrency: 1 }, () => conforms(transport, dialect));
    }
  }
});

function conforms(transport, dialect) {
  let echo;
  let gate;
  let page;
  let id;

  before(async () => {
    echo = await Echo.start(dialect === 'json' ? { ...timings, DIALECT: 'json' } : timings);
    gate = await Gate.open(echo.port, pages);
    page = await Page.open(browser, gate);
  });

  after(async () => {
    await page?.close();
    await gate?.close();
    await echo?.kill();
  });

  it('connects and has the session id the server knows', async () => {
    assert.equal(await page.connect(transport, { early: ['early 0', ['early 1', 'early 2']] }), transport);
    id = await page.untilConnected();
    await echo.untilConnected(id);
  });

  it('delivers first what the page sent before it connected', async () => {
    await page.receives('early 0', 'early 1', 'early 2');
  });

  it('carries text of every plane, quotes, markup and the empty string', async () => {
    const texts = ['text', 'é漢😀', '', '</script><b>"\'\\', 'a\u2028b', '100 % + & = ~m~1~m~', '\u0000\uFFFD\uFEFF'];
    for (const text of texts) {
      await page.send(text);
      await page.receives(text);
    }
  });

  it('carries every kind of line break as it is, also between other messages', async () => {
    const texts = ['a\nb', 'c\r\nd', 'e\rf', '\n', 'g\n\r\n\rh\n', 'after'];
    await page.send(...texts);
    await page.receives(...texts);
  });

  it('replaces half a surrogate pair instead of losing the message', async () => {
    await page.evaluate(() => window.socket.send('a\uD83D').send('\uDE00b').send('\uD83D\uDE00'));
    await page.receives('a\uFFFD', '\uFFFDb', '😀');
  });

  it('carries objects both ways', async () => {
    const object = { text: 'é漢😀\n', list: [1, null, { deep: true }], empty: {} };
    await page.send(object);
    // The old dialect has no objects: pages of its time parsed the text themselves.
    await page.receives(dialect === 'json' ? JSON.stringify(object) : object);
  });

  it('sends an object as it was when send was called', async () => {
    await page.evaluate(() => {
      const changing = { value: 1 };
      window.socket.send('before').send(changing);
      changing.value = 2;
    });
    await page.receives('before', dialect === 'json' ? '{"value":1}' : { value: 1 });
  });

  it('sends other values as their text', async () => {
    await page.evaluate(() => window.socket.send(1).send(true).send(null).send(undefined).send([]));
    await page.receives('1', 'true', '', '');
  });

  it('is known to the server by its transport', async () => {
    await page.send('!whoami');
    const answer = await page.receivesOne();
    const self = typeof answer === 'string' ? JSON.parse(answer) : answer;
    assert.deepEqual([self.id, self.transport], [id, transport]);
  });

  it('receives 300 messages sent at once, in order', async () => {
    await page.send('!burst 300');
    await page.receives(...numbers);
  });

  it('sends 300 messages at once, in order', async () => {
    await page.send(...numbers);
    await page.receives(...numbers);
  });

  it('sends a list as several messages', async () => {
    await page.send(['one', 'two', '']);
    await page.receives('one', 'two', '');
  });

  it('splits a long queue, so that no request outgrows what a server accepts', async () => {
    // Percent-encoded, these 200 are far beyond a megabyte.
    const long = Array.from({ length: 200 }, (_, number) => `${number} ${'漢'.repeat(1000)}`);
    await page.send(...long);
    await page.receives(...long);
  });

  it('stays connected while nobody says anything', async () => {
    const signs = () =>
      transport === 'websocket'
        ? page.frames.filter((frame) => /~h~|heartbeat/.test(frame)).length
        : page.requests.filter((request) => request.startsWith('GET')).length;
    const enough = signs() + 3;
    // Dialect json has a fixed heartbeat of ten seconds on websockets.
    if (dialect === 'frames' || transport !== 'websocket') {
      await page.until(() => signs() >= enough, 'three heartbeats or polls');
    }
    await page.send('still here');
    await page.receives('still here');
    assert.equal(page.count('disconnect'), 0);
    assert.equal(echo.disconnects(id), 0);
  });

  it('delivers what was sent just before disconnect, and the server notices once', async () => {
    const other = await Page.open(browser, gate);
    await other.connect(transport);
    await other.untilConnected();
    await page.evaluate(() => {
      window.socket.send('b:one').send('b:two').send('b:three');
      window.socket.disconnect();
    });
    await other.receives('b:one', 'b:two', 'b:three');
    await echo.untilDisconnected(id);
    assert.equal(echo.disconnects(id), 1);
    assert.equal(page.count('disconnect'), 1);
    assert.equal(page.count('connect'), 1);
    page.receivedNothingElse();
    assert.deepEqual(page.exceptions, []);
    await other.close();
  });

  it('connects again with a new session', async () => {
    await page.evaluate(() => window.socket.connect());
    const second = await page.untilConnected(2);
    assert.notEqual(second, id);
    await page.send('again');
    await page.receives('again');
  });

  it('tells the server when the page is left', async () => {
    const current = await page.evaluate(() => window.socket.transport.sessionid);
    await page.tab.goto('about:blank');
    await echo.untilDisconnected(current);
    assert.equal(page.count('disconnect'), 1);
  });
}
