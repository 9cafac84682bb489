// What the original clients make of a server that dies and comes back, and of connections that break on the way.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launchBrowser, Visitor } from './browser.mjs';
import { Echo } from './echo.mjs';
import { Front } from './front.mjs';
import { originals } from './originals.mjs';

const timings = { HEARTBEAT_INTERVAL: '300', HEARTBEAT_TIMEOUT: '5000', POLL_DURATION: '500', CLOSE_TIMEOUT: '2000' };

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser?.close());

describe('a server that is killed and started again', { concurrency: 1 }, () => {
  // A stream's end goes unnoticed by the client: only a silence longer than its timeout tells it.
  const impatient = { connectTimeout: 4000 };
  const reconnecting = {
    websocket: {},
    'xhr-polling': {},
    'jsonp-polling': {},
    htmlfile: { ...impatient, transportOptions: { htmlfile: { timeout: 1500 } } },
    'xhr-multipart': { ...impatient, transportOptions: { 'xhr-multipart': { timeout: 1500 } } },
  };
  // Clients without reconnection, where their transport lets them see the end at all: their polls do not.
  const forsaken = [
    ['0.6.0', 'websocket'],
    ['0.6.0', 'jsonp-polling'],
    ['0.5.3', 'websocket'],
    ['0.4.1', 'websocket'],
  ];
  const visitors = new Map();
  const servers = {};
  const visitorOf = (version, transport) => visitors.get(`${version} ${transport}`);

  async function visit(version, transport, options) {
    const { script, dialect } = originals[version];
    const visitor = await Visitor.open(browser, servers[dialect].front.page(script));
    visitors.set(`${version} ${transport}`, visitor);
    await visitor.connect(transport, options);
    visitor.firstId = await visitor.untilConnected();
  }

  before(async () => {
    for (const dialect of ['frames', 'json']) {
      const echo = await Echo.start({ ...timings, DIALECT: dialect });
      servers[dialect] = { echo, front: await Front.open(echo.port) };
    }
    await Promise.all([
      ...forsaken.map(([version, transport]) => visit(version, transport)),
      ...Object.entries(reconnecting).map(([transport, options]) => visit('0.6.18', transport, options)),
    ]);
    await Promise.all(Object.values(servers).map(({ echo }) => echo.kill()));
    // Back only after the polling client has tried twice, so that its growing delays can be seen.
    const patient = visitorOf('0.6.18', 'xhr-polling');
    await patient.untilEvent('reconnecting', 2);
    await Promise.all(Object.values(servers).map(({ echo }) => echo.restart()));
  });

  after(async () => {
    await Promise.all([...visitors.values()].map((visitor) => visitor.close()));
    await Promise.all(Object.values(servers).flatMap(({ echo, front }) => [front.close(), echo.kill()]));
  });

  for (const transport of Object.keys(reconnecting)) {
    it(`has 0.6.18 back over ${transport} in a new session`, async () => {
      const visitor = visitorOf('0.6.18', transport);
      const [type, attempts] = await visitor.untilEvent('reconnect');
      const id = await visitor.untilConnected(2);
      await servers.frames.echo.untilConnected(id);
      assert.notEqual(id, visitor.firstId);
      assert.equal(type, transport);
      const told = visitor.events.filter(({ name }) => /^(connect|disconnect|reconnecting|reconnect)$/.test(name));
      assert.deepEqual(told, [
        { name: 'connect', details: [visitor.firstId] },
        { name: 'disconnect', details: [] },
        ...Array.from({ length: attempts }, (_, index) => ({
          name: 'reconnecting',
          details: [1000 * 2 ** index, index + 1],
        })),
        { name: 'connect', details: [id] },
        { name: 'reconnect', details: [transport, attempts] },
      ]);
    });
  }

  it('carries messages again after the reconnection', async () => {
    // Not from the JSONP client, which goes on posting to the session it had.
    for (const transport of ['websocket', 'xhr-polling', 'htmlfile', 'xhr-multipart']) {
      const visitor = visitorOf('0.6.18', transport);
      await visitor.send(`again over ${transport}`);
      await visitor.receives(`again over ${transport}`);
    }
    await visitorOf('0.6.18', 'websocket').send('b:to everyone');
    for (const transport of Object.keys(reconnecting)) await visitorOf('0.6.18', transport).receives('b:to everyone');
  });

  for (const [version, transport] of forsaken) {
    it(`is gone for ${version} over ${transport}`, async () => {
      const visitor = visitorOf(version, transport);
      await visitor.untilEvent('disconnect');
      assert.equal(visitor.count('disconnect'), 1);
      assert.equal(visitor.count('connect'), 1);
    });
  }
});

describe('a connection that breaks while the server lives', { concurrency: 4 }, () => {
  let echo;
  const fronts = [];
  before(async () => (echo = await Echo.start(timings)));
  after(() => Promise.all([...fronts.map((front) => front.close()), echo?.kill()]));

  /** A visitor who comes through a door of its own, so that nobody else's connection breaks with it. */
  async function visit(transport) {
    const front = await Front.open(echo.port);
    fronts.push(front);
    const visitor = await Visitor.open(browser, front.page(originals['0.6.18'].script));
    await visitor.connect(transport);
    return { front, visitor, id: await visitor.untilConnected() };
  }

  for (const breakage of ['reset', 'finish']) {
    it(`ends a websocket session once, and 0.6.18 begins another (${breakage})`, async () => {
      const { front, visitor, id } = await visit('websocket');
      front[breakage]();
      const next = await visitor.untilConnected(2);
      assert.notEqual(next, id);
      await echo.untilDisconnected(id);
      await visitor.send('here again');
      await visitor.receives('here again');
      await visitor.close();
      await echo.untilDisconnected(next);
      assert.equal(echo.disconnects(id), 1);
    });

    it(`does not end a polling session, because the browser repeats the poll (${breakage})`, async () => {
      const { front, visitor, id } = await visit('xhr-polling');
      for (let round = 0; round < 3; round += 1) {
        // On a connection that has served a request already the browser tries again by itself. The poll before the
        // one that breaks ended empty: a message whose response arrived just before the break would be sent again.
        const polls = visitor.requests.length;
        await visitor.until(() => visitor.requests.length > polls + 1, 'a poll after an empty one');
        front[breakage]();
        await visitor.send(`round ${round}`);
        await visitor.receives(`round ${round}`);
      }
      visitor.receivedNothingElse();
      assert.equal(visitor.count('disconnect'), 0);
      assert.equal(echo.disconnects(id), 0);
      await visitor.close();
      await echo.untilDisconnected(id);
    });
  }
});
