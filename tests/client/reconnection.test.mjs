// What our client does when the way to the server breaks: it comes back, and nothing the page sent is lost on the way.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { Echo, Gate, launchBrowser, Page, pages, transports } from './client.mjs';

let browser;
let echo;
let gate;
let page;

before(async () => {
  browser = await launchBrowser();
});

after(() => browser?.close());

beforeEach(async () => {
  echo = await Echo.start({ CLOSE_TIMEOUT: '1000' });
  gate = await Gate.open(echo.port, pages);
  page = await Page.open(browser, gate);
});

afterEach(async () => {
  await page?.close();
  await gate?.close();
  await echo?.kill();
});

const withoutMessages = () => page.history.filter(([name]) => name !== 'message' && name !== 'error');
const state = () =>
  page.evaluate(() => {
    const { connected, connecting, reconnecting, options } = window.socket;
    return { connected, connecting, reconnecting, reconnect: options.reconnect };
  });

/** Until the server has answered the last request that sent something: one without an answer is sent again. */
const confirmed = () => page.tab.waitForFunction(() => window.socket.transport._unconfirmed === null);

for (const transport of transports) {
  describe(`over ${transport}`, () => {
    it('a server that dies and comes back finds the page again, with everything sent meanwhile', async () => {
      await page.connect(transport, { early: ['before'], reconnectionDelay: 60 });
      const first = await page.untilConnected();
      await page.receives('before');
      await confirmed();
      await echo.kill();
      await page.untilEvent('disconnect');
      await page.send('while down 1', 'while down 2');
      await page.untilEvent('reconnecting', 2);
      await page.send('while trying');
      await echo.restart();
      const second = await page.untilConnected(2);
      await page.receives('while down 1', 'while down 2', 'while trying');
      await page.send('after');
      await page.receives('after');
      assert.notEqual(second, first);
      const attempts = page.count('reconnecting');
      const expected = [['connecting', transport], ['connect'], ['disconnect']];
      for (let attempt = 1; attempt <= attempts; attempt += 1) {
        expected.push(['connecting', transport], ['reconnecting', 60 * 2 ** attempt, attempt]);
      }
      assert.deepEqual(withoutMessages(), [...expected, ['connect'], ['reconnect', transport, attempts]]);
      page.receivedNothingElse();
    });

    it('connections that break do not stop the conversation', async () => {
      await page.connect(transport, { reconnectionDelay: 60 });
      await page.untilConnected();
      const texts = ['one', 'two', 'three', 'four'];
      for (const text of texts) {
        await page.send(text);
        await page.until(() => page.messages.at(-1) === text, text);
        await confirmed();
        gate.cut();
        // Browsers repeat a poll by themselves if its connection had been used before: then the session goes on.
        if (transport === 'websocket') await page.untilConnected(page.count('connect') + 1);
      }
      // An answer whose connection broke behind it may come a second time: the server cannot know it arrived.
      assert.deepEqual([...new Set(page.messages)], texts);
      await page.until(() => page.count('disconnect') === page.count('reconnect'), 'a return for every loss');
      assert.deepEqual(page.exceptions, []);
    });

    it('a message that makes the server hang up is not sent again', async () => {
      await page.connect(transport, { reconnectionDelay: 60 });
      await page.untilConnected();
      await page.send('!bye');
      await page.untilConnected(2);
      await page.send('still here');
      await page.receives('still here');
      assert.equal(page.count('connect'), 2);
    });

    it('a page back from the browser cache connects again', async () => {
      await page.connect(transport, { reconnectionDelay: 60 });
      const first = await page.untilConnected();
      await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })));
      // A script request cannot be taken back: there the server learns of it when the page is gone for good.
      if (transport !== 'jsonp-polling') await echo.untilDisconnected(first);
      assert.equal(page.count('disconnect'), 0);
      await page.send('kept');
      await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
      await page.untilConnected(2);
      await page.receives('kept');
    });
  });
}

for (const transport of ['xhr-polling', 'jsonp-polling']) {
  describe(`over ${transport}`, () => {
    it('a batch whose request broke goes out again, before what was sent later', async () => {
      await page.connect(transport, { reconnectionDelay: 60 });
      await page.untilConnected();
      gate.ignored = /^POST/;
      await page.send('in flight', 'waiting');
      await gate.untilRequest(/^POST/);
      // A browser tries once more by itself what broke on a connection that had served before: that breaks too.
      gate.ignored = /(?!)/;
      gate.refused = /./;
      gate.cut();
      await page.untilEvent('disconnect');
      gate.refused = /(?!)/;
      await page.send('later');
      await page.untilConnected(2);
      await page.receives('in flight', 'waiting', 'later');
    });

    it('a server silent beyond the timeout is left', async () => {
      await page.connect(transport, { reconnectionDelay: 60, transportOptions: { [transport]: { timeout: 300 } } });
      const { at } = await page.untilEvent('connect');
      const left = await page.untilEvent('disconnect');
      assert.ok(left.at - at >= 270, `left after ${left.at - at} ms`);
      await page.untilConnected(2);
    });
  });
}

describe('reconnection', () => {
  it('waits as long as it says, and at first somewhere between the delay and its double', async () => {
    await page.connect('xhr-polling', { reconnectionDelay: 200 });
    await page.untilConnected();
    await echo.kill();
    const lost = await page.untilEvent('disconnect');
    const [first, second, third] = [
      await page.untilEvent('reconnecting', 1),
      await page.untilEvent('reconnecting', 2),
      await page.untilEvent('reconnecting', 3),
    ];
    assert.deepEqual([first, second, third].map((event) => event.details), [[400, 1], [800, 2], [1600, 3]]);
    const between = (value, low, high) => assert.ok(value >= low - 2 && value < high, `${value} ms`);
    const busy = 600; // how late a timer may be on a loaded machine
    between(first.at - lost.at, 200, 400 + busy);
    between(second.at - first.at, 400, 400 + busy);
    between(third.at - second.at, 800, 800 + busy);
  });

  it('ends with one round over all transports, then gives up and starts afresh', async () => {
    const order = ['xhr-polling', 'jsonp-polling', 'websocket'];
    await page.connect(order, { reconnectionDelay: 20, maxReconnectionAttempts: 2, connectTimeout: 500 });
    await page.untilConnected();
    await echo.kill();
    await page.untilEvent('disconnect');
    await page.send('given up');
    await page.untilEvent('reconnect_failed');
    assert.deepEqual(withoutMessages(), [
      ['connecting', 'xhr-polling'],
      ['connect'],
      ['disconnect'],
      ['connecting', 'xhr-polling'],
      ['reconnecting', 40, 1],
      ['connecting', 'xhr-polling'],
      ['reconnecting', 80, 2],
      ...order.map((type) => ['connecting', type]),
      ['connect_failed'],
      ['reconnect_failed'],
    ]);
    assert.deepEqual(await state(), { connected: false, connecting: false, reconnecting: false, reconnect: true });
    await echo.restart();
    await page.send('fresh');
    await page.evaluate(() => window.socket.connect());
    await page.receives('fresh');
  });

  it('in its last round finds a transport that works', async () => {
    await page.connect(['websocket', 'xhr-polling'], { reconnectionDelay: 20, maxReconnectionAttempts: 1 });
    await page.untilConnected();
    gate.refused = /websocket/;
    gate.cut();
    await page.untilEvent('reconnect');
    assert.deepEqual(page.history.at(-1), ['reconnect', 'xhr-polling', 1]);
  });

  it('does not happen when it is switched off', async () => {
    await page.connect('websocket', { reconnect: false });
    await page.untilConnected();
    gate.cut();
    await page.untilEvent('disconnect');
    assert.deepEqual(await state(), { connected: false, connecting: false, reconnecting: false, reconnect: false });
  });

  it('is ended by disconnect, for good', async () => {
    await page.connect('xhr-polling', { reconnectionDelay: 20 });
    await page.untilConnected();
    await echo.kill();
    await page.untilEvent('reconnecting');
    await page.evaluate(() => window.socket.disconnect());
    assert.deepEqual(await state(), { connected: false, connecting: false, reconnecting: false, reconnect: false });
    assert.equal(page.count('disconnect'), 1);
  });

  it('leaves a page alone that connects itself when it is disconnected', async () => {
    await page.connect('websocket', { reconnectionDelay: 60 });
    await page.untilConnected();
    await page.evaluate(() => window.socket.on('disconnect', () => window.socket.connect()));
    gate.cut();
    await page.untilConnected(2);
    await page.send('once');
    await page.receives('once');
    assert.equal(echo.connected.length, 2);
  });
});

describe('a transport that does not connect', () => {
  it('gives way to the next when the time is over', async () => {
    gate.ignored = /websocket/;
    await page.connect(['websocket', 'xhr-polling'], { connectTimeout: 400 });
    const { at } = await page.untilEvent('connect');
    const [first] = page.events;
    assert.ok(at - first.at >= 390, `after ${at - first.at} ms`);
    assert.deepEqual(withoutMessages(), [['connecting', 'websocket'], ['connecting', 'xhr-polling'], ['connect']]);
  });

  it('gives way at once when it is refused', async () => {
    gate.refused = /websocket/;
    await page.connect(['websocket', 'xhr-polling'], { connectTimeout: 60000 });
    await page.untilConnected();
    assert.equal(page.count('error'), 1);
    assert.deepEqual(withoutMessages(), [['connecting', 'websocket'], ['connecting', 'xhr-polling'], ['connect']]);
  });

  it('gives way also when it is the remembered one', async () => {
    gate.refused = /websocket/;
    await page.evaluate(() => {
      document.cookie = 'socketio=websocket';
    });
    await page.connect(['xhr-polling', 'websocket'], { rememberTransport: true });
    await page.untilConnected();
    assert.deepEqual(withoutMessages(), [['connecting', 'websocket'], ['connecting', 'xhr-polling'], ['connect']]);
  });

  it('is the end when no other may be tried', async () => {
    gate.ignored = /websocket/;
    await page.connect(['websocket', 'xhr-polling'], { connectTimeout: 200, tryTransportsOnConnectTimeout: false });
    await page.untilEvent('connect_failed');
    assert.deepEqual(withoutMessages(), [['connecting', 'websocket'], ['connect_failed']]);
  });

  it('is reported when the time is over, so that a page which tries again does not spin', async () => {
    gate.refused = /./;
    await page.connect(transports, { connectTimeout: 300, early: ['kept'] });
    const { at } = await page.untilEvent('connect_failed');
    assert.ok(at - page.events[0].at >= 290, `after ${at - page.events[0].at} ms`);
    assert.deepEqual(withoutMessages(), [...transports.map((type) => ['connecting', type]), ['connect_failed']]);
    gate.refused = /(?!)/;
    await page.evaluate(() => window.socket.connect());
    await page.receives('kept');
  });

  for (const transport of ['xhr-polling', 'jsonp-polling']) {
    it(`is left when the first answer over ${transport} is not one of ours`, async () => {
      const answer = { contentType: 'text/javascript', body: '0' };
      await page.tab.route(`**/${transport}/**`, (route) => route.fulfill(answer));
      await page.connect([transport, 'websocket'], { connectTimeout: 60000 });
      await page.untilConnected();
      assert.deepEqual(withoutMessages(), [['connecting', transport], ['connecting', 'websocket'], ['connect']]);
      assert.equal(page.requests.length, 2);
    });
  }
});
