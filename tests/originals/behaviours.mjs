// What every original client of 0.7 to 0.9 must find over every transport: the table of behaviours, for one client over
// one transport. Each has connections of its own.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { Echo } from '../browser/echo.mjs';
import { Gate } from './gate.mjs';

// A client gives up after a silence as long as the close timeout, which it is told in whole seconds.
export const timings = {
  HEARTBEAT_INTERVAL: '300',
  HEARTBEAT_TIMEOUT: '4000',
  CLOSE_TIMEOUT: '3000',
  POLL_DURATION: '500',
};

const fifty = Array.from({ length: 50 }, (_, number) => String(number));
const long = 'é漢 30 kB '.repeat(2500);

/** What a client can do, unless it is said otherwise of it. */
const defaults = {
  // Sends and receives text with line breaks.
  lineBreaks: true,
  // Understands every character, and counts those beyond the basic plane as the protocol does.
  characters: 'é漢😀',
  framedCharacters: 'é漢😀',
  // What it raises instead of telling that a namespace was refused.
  chokesOnRefusal: null,
  // What it tells of a handshake that was refused.
  refusedHandshake: 'handshake unauthorized',
  // The reason it gives for a disconnect that the server wanted.
  disconnectReason: ['booted'],
  // Begins anew after it lost its connection, and only then.
  reconnects: true,
};

/**
 * Declares the behaviours of a client over `transport`. `start` is given the server and returns `{client, url, close}`:
 * the client, where it finds the server, and how to be rid of it.
 */
export function behaves(transport, start, { env = {}, gated = true, ...traits } = {}) {
  const { lineBreaks, characters, framedCharacters } = { ...defaults, ...traits };
  const { chokesOnRefusal, refusedHandshake, disconnectReason, reconnects } = { ...defaults, ...traits };
  const polling = transport.endsWith('-polling');
  let echo;
  let place;
  let stranded = false;

  const connect = (options) => {
    // Once a client could not connect, there is nothing to learn from waiting for it again.
    assert.ok(!stranded, 'could not connect before');
    const failed = (error) => {
      stranded = true;
      throw error;
    };
    return place.client.connect(place.url, transport, options).catch(failed);
  };

  before(async () => {
    echo = await Echo.start({ ...timings, ...env });
    place = await start(echo);
  });

  after(() => Promise.all([place?.close(), echo?.kill()]));

  /** A behaviour of `count` connections, which are closed when it has been seen. */
  const shows = (name, check, count = 1) =>
    it(name, async () => {
      const connections = await Promise.all(Array.from({ length: count }, () => connect()));
      try {
        await check(...connections);
        for (const connection of connections) {
          connection.receivedNothingElse();
          connection.of('/chat').receivedNothingElse();
          assert.equal(connection.count('disconnect'), 0);
        }
      } finally {
        await Promise.all(connections.map((connection) => connection.disconnect()));
      }
    });

  shows('connects with the session id the server knows, over the transport it asked for', async (connection) => {
    const { id, transport: chosen } = await connection.facts();
    assert.equal(chosen, transport);
    await echo.untilConnected(id);
    await connection.send('!whoami');
    const answer = await connection.receivesOne();
    assert.deepEqual(answer, { id, generation: 'packets', transport, namespace: '/' });
  });

  shows('carries text of every kind', async (connection) => {
    const odd = ['', ' ', ':::', '5:1+::{"name":"echo"}', '</script><script>"\'\\', '100 % + & = ~m~1~m~'];
    for (const text of ['text', characters, ...odd]) {
      await connection.send(text);
      await connection.receives(text);
    }
  });

  if (lineBreaks) {
    shows('carries line breaks, alone and in company', async (connection) => {
      for (const text of ['two\nlines', '\n', 'three\r\n\r\nlines\n', 'a\u2028b']) {
        await connection.send(text);
        await connection.receives(text);
      }
      await connection.send('first', 'two\nlines', 'three\n\nlines\n', 'last');
      await connection.receives('first', 'two\nlines', 'three\n\nlines\n', 'last');
    });
  }

  shows('carries 30 kB of text, alone and in company', async (connection) => {
    const text = long.replaceAll('é漢', framedCharacters);
    await connection.send(text);
    await connection.receives(text);
    await connection.send(text, 'a short one', text);
    await connection.receives(text, 'a short one', text);
  });

  shows('carries JSON', async (connection) => {
    const object = { text: framedCharacters, list: [1, null, { deep: true }], none: {} };
    for (const value of [object, [], ['a', 1], 17, true]) {
      await connection.perform(connection.json(value));
      await connection.receives(value);
    }
  });

  shows('carries events with and without arguments', async (connection) => {
    for (const list of [[], ['one'], [1, { two: [2] }, 'three'], [framedCharacters], [[]]]) {
      await connection.perform(connection.event('echo', ...list));
      await connection.receives(['echo', ...list]);
    }
  });

  shows('ignores an event nobody knows', async (connection) => {
    await connection.perform(connection.event('unheard', 'of'), connection.text('afterwards'));
    await connection.receives('afterwards');
  });

  shows('is given the acknowledgements of events, with what the application says', async (connection) => {
    for (const list of [[], ['one'], [1, { two: [2] }, framedCharacters]]) {
      assert.deepEqual(await connection.acknowledgement(connection.event('echo', ...list)), list);
    }
  });

  shows('is given the acknowledgements of messages', async (connection) => {
    assert.deepEqual(await connection.acknowledgement(connection.text('a text')), []);
    await connection.receives('a text');
    assert.deepEqual(await connection.acknowledgement(connection.json({ a: 'value' })), []);
    await connection.receives({ a: 'value' });
  });

  shows('sends several packets at once, and they arrive in order', async (connection) => {
    const value = { text: framedCharacters };
    const event = ['echo', framedCharacters, 2];
    await connection.perform(
      connection.text(framedCharacters),
      connection.text('second'),
      connection.json(value),
      connection.event(...event),
      connection.text(`${framedCharacters} last`),
    );
    await connection.receives(framedCharacters, 'second', value, event, `${framedCharacters} last`);
  });

  shows('receives fifty messages at once, in order', async (connection) => {
    await connection.send('!burst 50');
    await connection.receives(...fifty);
  });

  shows('sends fifty messages at once, in order', async (connection) => {
    await connection.send(...fifty);
    await connection.receives(...fifty);
  });

  shows('uses two namespaces over one connection', async (connection) => {
    const chat = connection.of('/chat');
    await connection.perform(chat.enter());
    await chat.untilEvent('connect');
    await connection.perform(
      connection.text('in the root'),
      chat.text('in the chat'),
      chat.event('echo', 'also', 'there'),
      connection.event('echo', 'here'),
      chat.json(['and', 'JSON']),
    );
    await connection.receives('in the root', ['echo', 'here']);
    await chat.receives('in the chat', ['echo', 'also', 'there'], ['and', 'JSON']);
    const acknowledged = await Promise.all([
      connection.acknowledgement(connection.event('echo', 'root')),
      chat.acknowledgement(chat.event('echo', 'chat')),
    ]);
    assert.deepEqual(acknowledged, [['root'], ['chat']]);
    await chat.send('!whoami');
    assert.equal((await chat.receivesOne()).namespace, '/chat');
  });

  shows(
    'leaves a namespace and stays in the other',
    async (leaving, staying) => {
      for (const connection of [leaving, staying]) {
        await connection.perform(connection.of('/chat').enter());
        await connection.of('/chat').untilEvent('connect');
      }
      await leaving.perform(leaving.of('/chat').leave());
      // The server has heard of it when it answers what came after it.
      await leaving.send('still here');
      await leaving.receives('still here');
      await staying.of('/chat').send('b:who is in?');
      await staying.of('/chat').receives('b:who is in?');
      await leaving.send('b:everybody');
      await Promise.all([leaving, staying].map((connection) => connection.receives('b:everybody')));
    },
    2,
  );

  shows('is refused a namespace, and let in with what it asks for', async (connection) => {
    const secret = connection.of('/private');
    await connection.perform(secret.enter());
    if (chokesOnRefusal) await connection.receives(['exception', chokesOnRefusal]);
    else assert.deepEqual(await secret.untilEvent('connect_failed'), ['unauthorized']);
    assert.equal(secret.count('connect'), 0);
    await connection.send('still here');
    await connection.receives('still here');
    await connection.perform(secret.enter('?token=open'));
    await secret.untilEvent('connect');
  });

  it('is let into a namespace by what the handshake said', async () => {
    const connection = await connect({ query: 'token=open' });
    const secret = connection.of('/private');
    await connection.perform(secret.enter());
    await secret.untilEvent('connect');
    assert.equal(secret.count('connect_failed'), 0);
    connection.receivedNothingElse();
    await connection.disconnect();
  });

  it('is refused the handshake', async () => {
    const connection = await place.client.open(place.url, transport, { query: 'deny=1' });
    assert.deepEqual(await connection.untilEvent('error'), [refusedHandshake]);
    assert.equal(connection.count('connect'), 0);
  });

  shows(
    'is in the rooms it joined',
    async (one, other) => {
      await other.send('!join den');
      await other.receives('ok');
      await one.send('!join den', '!say den hello in there', '!say elsewhere nobody hears this');
      await one.receives('ok');
      await other.receives('hello in there');
      await other.send('!say den hello yourself', '!leave den');
      await other.receives('ok');
      await one.receives('hello yourself');
      await one.send('!say den anybody?', 'said');
      await one.receives('said');
      await other.send('nobody');
      await other.receives('nobody');
    },
    2,
  );

  shows(
    'hears what is said to everybody, once',
    async (...connections) => {
      await connections[0].send('b:one', 'b:two');
      for (const connection of connections) await connection.receives('b:one', 'b:two');
    },
    2,
  );

  shows('stays connected while nobody says anything', async (connection) => {
    // A third heartbeat means that the answer to the second was accepted; a third idle poll, that another follows each.
    await connection.untilEvent('idle', connection.count('idle') + 3);
    await connection.send('still here');
    await connection.receives('still here');
  });

  const staysAway = async (connection) => {
    assert.deepEqual(await connection.untilEvent('disconnect'), disconnectReason);
    const { connected, reconnecting } = await connection.facts();
    assert.deepEqual({ connected, reconnecting }, { connected: false, reconnecting: false });
  };

  it('is disconnected by the server, and stays away', async () => {
    const connection = await connect({ reconnect: reconnects });
    await connection.send('!bye');
    await staysAway(connection);
    await echo.untilDisconnected(connection.id);
  });

  if (polling && gated) {
    it('is disconnected by the server between two polls, and stays away', async (test) => {
      const gate = await Gate.open(echo.port);
      test.after(() => gate.close());
      const connection = await place.client.connect(gate.url, transport, { reconnect: reconnects });
      await gate.hold();
      await connection.send('!bye');
      await echo.untilDisconnected(connection.id);
      gate.release();
      await staysAway(connection);
    });
  }

  it('was as many sessions as the server counted, and each ended once', async () => {
    await Promise.all(echo.connected.map((id) => echo.untilDisconnected(id)));
    const counts = echo.connected.map((id) => [
      echo.connected.filter((other) => other === id).length,
      echo.disconnects(id),
    ]);
    assert.deepEqual(new Set(counts.map(String)), new Set(['1,1']));
  });
}
