// Clients with their own choice of transport, and clients in situations they were not written for.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launchBrowser, Visitor } from './browser.mjs';
import { Echo } from './echo.mjs';
import { Front } from './front.mjs';
import { originals } from './originals.mjs';

const timings = { HEARTBEAT_INTERVAL: '300', HEARTBEAT_TIMEOUT: '5000', POLL_DURATION: '400', CLOSE_TIMEOUT: '3000' };

let browser;
const opened = [];
before(async () => (browser = await launchBrowser()));
after(async () => {
  await browser?.close();
  await Promise.all(opened.flatMap(({ front, echo }) => [front.close(), echo.kill()]));
});

/** A server with this configuration, and a page of its own origin with the client. */
async function visit(version, env = {}) {
  const echo = await Echo.start({ ...timings, ...env });
  const front = await Front.open(echo.port);
  opened.push({ echo, front });
  return { echo, visitor: await Visitor.open(browser, front.page(originals[version].script)) };
}

describe('the choice of the client', { concurrency: 2 }, () => {
  for (const version of ['0.6.18', '0.6.0', '0.5.3']) {
    it(`is websocket for ${version}, and it connects at once`, async () => {
      const { visitor } = await visit(version);
      assert.equal(await visitor.connect(undefined), 'websocket');
      await visitor.untilConnected();
      await visitor.send('hello');
      await visitor.receives('hello');
    });
  }

  it('falls back to the next transport when the server has switched websocket off', async () => {
    const { visitor } = await visit('0.6.18', { TRANSPORTS: 'xhr-polling,jsonp-polling' });
    await visitor.connect(undefined, { connectTimeout: 1500 });
    await visitor.untilConnected();
    await visitor.send('!whoami');
    assert.equal((await visitor.receivesOne()).transport, 'xhr-polling');
  });
});

describe('two sockets of one page', { concurrency: 1 }, () => {
  it('are two sessions, also when both poll with scripts', async () => {
    // The client puts its scripts before the first of the page, which is the open poll of the other socket: it must not
    // be taken away meanwhile.
    const { visitor } = await visit('0.6.18', { POLL_DURATION: '15000' });
    await visitor.connect('jsonp-polling');
    const first = await visitor.untilConnected();
    await visitor.connect('jsonp-polling');
    const second = await visitor.untilConnected(2);
    assert.notEqual(first, second);
    await visitor.send('!whoami');
    assert.equal((await visitor.receivesOne()).id, second);
    await visitor.send('b:to both');
    await visitor.receives('b:to both', 'b:to both');
  });
});

describe('a client that polls again whatever the answer was', { concurrency: 3 }, () => {
  // There is no event to wait for: what counts is that next to nothing happens for a while.
  const forAWhile = (visitor, milliseconds) => visitor.page.waitForTimeout(milliseconds);

  it('is slowed down when it is 0.4.1 and cannot read the handshake', async () => {
    const { visitor, echo } = await visit('0.4.1');
    await visitor.connect('xhr-polling');
    await visitor.until(() => visitor.requests.length > 0, 'the first handshake');
    await forAWhile(visitor, 5000);
    // A peer may begin 100 sessions it does not use, and 20 more a second; the client alone would reach 700.
    assert.ok(visitor.requests.length < 230, `${visitor.requests.length} handshakes in five seconds`);
    assert.equal(visitor.count('connect'), 0);
    // Every one of these sessions is taken away again when nobody comes back for it.
    await visitor.close();
    await Promise.all(echo.connected.map((id) => echo.untilDisconnected(id)));
  });

  for (const version of ['0.5.3', '0.6.0']) {
    it(`does not ask for an unknown session over and over when it is ${version}`, async () => {
      const { visitor } = await visit(version);
      await visitor.connect('xhr-polling');
      await visitor.untilConnected();
      await visitor.page.evaluate(() => (window.socket.transport.sessionid = '1234567890123456'));
      const polls = () => visitor.requests.filter((request) => request.includes('1234567890123456'));
      await visitor.until(() => polls().length > 0, 'a poll of the unknown session');
      await forAWhile(visitor, 1500);
      assert.ok(polls().length <= 2, polls().join('\n'));
    });

    it(`does not ask for the session the server ended over and over when it is ${version}`, async () => {
      const { visitor, echo } = await visit(version);
      await visitor.connect('xhr-polling');
      const id = await visitor.untilConnected();
      await visitor.send('!bye');
      await echo.untilDisconnected(id);
      const known = visitor.requests.length;
      await forAWhile(visitor, 1500);
      const polls = visitor.requests.slice(known);
      assert.ok(polls.length <= 2, polls.join('\n'));
    });

    it(`does not ask a restarted server over and over when it is ${version}`, async () => {
      const { visitor, echo } = await visit(version);
      await visitor.connect('xhr-polling');
      await visitor.untilConnected();
      await echo.kill();
      await echo.restart();
      const known = visitor.requests.length;
      await visitor.send('is anybody there');
      await forAWhile(visitor, 1500);
      const asked = visitor.requests.slice(known);
      assert.ok(asked.length <= 3, asked.join('\n'));
      assert.deepEqual(visitor.messages, []);
    });
  }
});
