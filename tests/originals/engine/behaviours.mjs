// What every original client of 1.x to 4.x must find over every transport: the table of behaviours, for one client over
// one way of connecting. Each has connections of its own.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Echo } from '../../browser/echo.mjs';
import { changesItsTransport } from './changes.mjs';
import { carries } from './contents.mjs';
import { usesNamespaces } from './namespaces.mjs';
import { ways } from './samples.mjs';

const settings = { HEARTBEAT_INTERVAL: '300', HEARTBEAT_TIMEOUT: '3000', QUEUE_BYTES: '4000000', QUESTIONS: '1' };

/** What a client can do, unless it is said otherwise of it. */
const defaults = {
  // Speaks revision 4: every namespace is entered by name, with a payload, and has an id of its own.
  modern: true,
  // Can enter and leave single namespaces of a connection it has.
  namesOneByOne: true,
  // Goes on polling and talking while its WebSocket is opened.
  upgradesLate: true,
  // Sends a query with the packet that enters a namespace.
  namespaceQuery: false,
  // Knows the ids of an older server's namespaces, and not just that of the session.
  namespacedIds: false,
  // The reason it gives for being told to go.
  toldToGo: ['io server disconnect'],
  // The reason it gives for having gone; null if it says nothing then.
  gone: ['io client disconnect'],
  // Stays away when it is told to go.
  staysAway: true,
  // Says in several requests what is too much for one.
  dividesRequests: false,
  // Keeps binary of no length apart from nothing.
  emptyBinary: true,
  // What its server is set to, beyond the settings that are the same for all.
  env: {},
};

/** Declares the behaviours of a client that connects in one of the `ways`. `start` returns the client. */
export function behaves(way, start, traits = {}) {
  const all = { ...defaults, ...traits };
  const { toldToGo, gone, staysAway } = all;
  const place = {};
  let stranded = false;

  const open = (options) => place.client.open(place.echo.url, way, { transports: ways[way], ...options });

  /** Opens a connection to the namespaces, the root first, and waits until it is in those that are `awaited`. */
  const connect = async ({ namespaces = ['/'], awaited = namespaces, ...options } = {}) => {
    // Once a client could not connect, there is nothing to learn from waiting for it again.
    assert.ok(!stranded, 'could not connect before');
    try {
      const connection = await open({ namespaces, ...options });
      for (const name of awaited) await connection.of(name).untilEvent('connect');
      connection.id = (await connection.facts()).id;
      return connection;
    } catch (error) {
      stranded = true;
      throw error;
    }
  };

  before(async () => {
    place.echo = await Echo.start({ ...settings, ...all.env });
    place.client = await start();
  });

  after(() => Promise.all([place.client?.close(), place.echo?.kill()]));

  /** A behaviour of `count` connections, which are closed when it has been seen. */
  const shows = (name, check, { count = 1, ...options } = {}) =>
    it(name, async () => {
      const connections = await Promise.all(Array.from({ length: count }, () => connect(options)));
      try {
        await check(...connections);
        for (const connection of connections) {
          connection.receivedNothingElse();
          connection.of('/chat').receivedNothingElse();
          assert.equal(connection.count('disconnect'), 0);
        }
      } finally {
        await Promise.all(connections.map((connection) => connection.close()));
      }
    });

  shows('connects with the id the server knows, over the transport it asked for', async (connection) => {
    if (way === 'upgrade') assert.deepEqual(await connection.untilEvent('upgrade'), ['websocket']);
    const { id, transport } = await connection.facts();
    assert.equal(transport, ways[way].at(-1));
    await place.echo.untilConnected(id);
    await connection.send('!whoami');
    const answer = await connection.receivesOne();
    assert.deepEqual(answer, { id, generation: 'engine', transport, namespace: '/' });
  });

  carries({ way, shows, traits: all });
  if (way === 'upgrade' && all.upgradesLate) changesItsTransport({ place, connect });
  usesNamespaces({ shows, open, traits: all });

  it('is refused the handshake', async () => {
    const connection = await open({ query: 'deny=1' });
    await connection.untilEvent('failure');
    assert.equal(connection.count('connect'), 0);
    await connection.close();
  });

  shows('stays connected while nobody says anything', async (connection) => {
    // The third heartbeat means that the second was answered.
    await connection.untilEvent('idle', connection.count('idle') + 3);
    await connection.send('still here');
    await connection.receives('still here');
  });

  it('is disconnected by the server, and stays away', async () => {
    const connection = await connect({ reconnect: staysAway });
    await connection.send('last words?', '!bye');
    assert.deepEqual(await connection.untilEvent('disconnect'), toldToGo);
    await connection.receives('last words?');
    await place.echo.untilDisconnected(connection.id);
    // Longer than a client waits that means to come back.
    await delay(300);
    assert.equal((await connection.facts()).connected, false);
    assert.equal(connection.count('connect'), 1);
    await connection.close();
  });

  it('leaves, and the server knows at once', async () => {
    const connection = await connect();
    await connection.close();
    if (gone) assert.deepEqual(await connection.untilEvent('disconnect'), gone);
    const left = Date.now();
    await place.echo.untilDisconnected(connection.id);
    assert.ok(Date.now() - left < 2000, 'the server found out by itself');
  });

  it('was as many sessions as the server counted, and each ended once', async () => {
    await Promise.all(place.echo.connected.map((id) => place.echo.untilDisconnected(id)));
    const counts = place.echo.connected.map((id) => [
      place.echo.connected.filter((other) => other === id).length,
      place.echo.disconnects(id),
    ]);
    assert.deepEqual(new Set(counts.map(String)), new Set(['1,1']));
  });
}
