// What the original clients of 1.x to 4.x in a browser make of a server that dies and comes back and of connections
// that break, and how they leave.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { visit } from './engine-page.mjs';

const waysOf = {
  '1.7.4': ['polling', 'websocket', 'upgrade', 'jsonp'],
  '2.5.0': ['polling', 'websocket', 'upgrade', 'jsonp'],
  '4.8.4': ['polling', 'websocket', 'upgrade'],
};
const versions = Object.keys(waysOf);
const newest = '4.8.4';
// Nobody listens there.
const nowhere = 1;

/** A server, and in one page a connection of every way, each in two namespaces. */
async function gather(browser, version, env) {
  const place = await visit(browser, version, { env: { ORIGINS: '*:*', RECOVERY: '120000', ...env } });
  const connections = {};
  for (const way of waysOf[version]) {
    const options = { reconnect: true, reconnectionDelay: 1000 };
    const connection = await place.client.connect(place.url, way, options);
    await connection.perform(connection.of('/chat').enter());
    await connection.of('/chat').untilEvent('connect');
    if (way === 'upgrade') await connection.untilEvent('upgrade');
    connections[way] = connection;
  }
  const each = (action) => Promise.all(Object.values(connections).map(action));
  return { ...place, connections, each };
}

/** Breaks every connection of the page, and lets none through until the returned function is called. */
function cut({ echo, front }) {
  front.target = nowhere;
  front.reset();
  return () => (front.target = echo.port);
}

/** In the page: leaves it enough connections that have served for whatever it asks next. */
async function warmUp() {
  const ask = (number) => fetch(`/?${number}`, { cache: 'no-store' }).then((response) => response.text());
  await Promise.all([1, 2, 3, 4, 5].map(ask));
}

/** Declares how the clients survive, in the browser that `browser` returns. */
export function surviveOutages(browser) {
  /** Declares what is true of the connections of each way after they have been through `ordeal` together. */
  function survives(title, version, ordeal, check, env) {
    describe(`${title} (${version})`, { concurrency: 1 }, () => {
      let place;
      before(async () => {
        place = await gather(browser(), version, env);
        await ordeal(place);
      });
      after(() => place?.close());
      for (const way of waysOf[version]) {
        it(`over ${way}`, () => check(place.connections[way], place));
      }
    });
  }

  async function beginsAnew(connection, { echo }) {
    await connection.untilEvent('connect', 2);
    await connection.receives('said in between');
    const chat = connection.of('/chat');
    await chat.untilEvent('connect', 2);
    await chat.send('here again');
    await chat.receives('here again');
    const { id } = await connection.facts();
    await echo.untilConnected(id);
    assert.notEqual(id, connection.id);
  }

  describe('a client', { concurrency: 4 }, () => {
    for (const version of versions) {
      const killAndRestart = async ({ echo, each }) => {
        await echo.kill();
        await each((connection) => connection.untilEvent('disconnect'));
        await each((connection) => connection.send('said in between'));
        await echo.restart();
      };
      survives('comes back to a server that was killed and started again', version, killAndRestart, beginsAnew);
    }

    for (const version of versions.filter((version) => version !== newest)) {
      const cutForAWhile = async (place) => {
        const restore = cut(place);
        await place.each((connection) => connection.untilEvent('disconnect'));
        await place.each((connection) => connection.send('said in between'));
        restore();
      };
      const andEndsTheOther = async (connection, place) => {
        await beginsAnew(connection, place);
        await place.echo.untilDisconnected(connection.id);
        assert.equal(place.echo.disconnects(connection.id), 1);
      };
      survives('begins another session when its connection was cut', version, cutForAWhile, andEndsTheOther);
    }

    /** Somebody else talks while the connections are broken. */
    const misses = (breakOff) => async (place) => {
      const { client, echo, each } = place;
      const witness = await client.connect(echo.url, 'websocket');
      await each(async (connection) => {
        await connection.send('!join den', `!join ${connection.id}`);
        await connection.receives('ok', 'ok');
        // A namespace is recovered from the last thing heard there.
        await connection.of('/chat').send('before');
        await connection.of('/chat').receives('before');
      });
      const restore = await breakOff(place);
      await each((connection) => connection.untilEvent('disconnect'));
      await witness.of('/chat').send('b:in the chat');
      await witness.of('/chat').receives('b:in the chat');
      await witness.send('b:missed é漢😀', '!say den in the room', '!say elsewhere not here', 'b:missed, too');
      await witness.receives('b:missed é漢😀', 'b:missed, too');
      restore?.();
      place.witness = witness;
    };

    const isRecovered = async (connection, { witness }) => {
      const chat = connection.of('/chat');
      assert.deepEqual(await connection.untilEvent('connect', 2), [true]);
      assert.deepEqual(await chat.untilEvent('connect', 2), [true]);
      await connection.receives('b:missed é漢😀', 'in the room', 'b:missed, too');
      await chat.receives('b:in the chat');
      assert.equal((await connection.facts()).id, connection.id);
      await witness.send(`!say ${connection.id} still in a room of its own`);
      await connection.receives('still in a room of its own');
      await connection.send('still itself');
      await connection.receives('still itself');
      connection.receivedNothingElse();
      chat.receivedNothingElse();
    };

    const closeWhatCarries = async ({ each }) => {
      await each((connection) => connection.perform({ to: '/', act: 'breakOff' }));
    };
    survives('is recovered with what it missed after a cut', newest, misses(cut), isRecovered);
    survives('is recovered after it closed what carried it', newest, misses(closeWhatCarries), isRecovered);

    const isNot = async (connection) => {
      assert.notDeepEqual(await connection.untilEvent('connect', 2), [true]);
      assert.notEqual((await connection.facts()).id, connection.id);
    };
    survives('is not recovered where there is no recovery', newest, closeWhatCarries, isNot, { RECOVERY: '0' });

    // The next post has to be far away when the last is done.
    const quiet = { env: { HEARTBEAT_INTERVAL: '1000' } };

    for (const version of versions) {
      it(`keeps a polling session, because the browser repeats the poll (${version})`, async (test) => {
        const { echo, front, client, url, close } = await visit(browser(), version, quiet);
        test.after(close);
        const connection = await client.connect(url, 'polling');
        // What the browser asks on a connection that has served before it asks again by itself, but not what it posts:
        // that has to be over. Up to 2.x the client asks and the server answers, later it is the other way.
        const pong = (request) => request.postData() === '3';
        const answered = () => client.page.waitForEvent('requestfinished', pong);
        const idle = () => connection.untilEvent('idle', connection.count('idle') + 1);
        for (const round of ['one', 'two', 'three']) {
          await client.page.evaluate(warmUp);
          await (version === newest ? answered() : idle());
          front.reset();
          await connection.send(round);
          await connection.receives(round);
        }
        connection.receivedNothingElse();
        assert.equal(connection.count('disconnect'), 0);
        assert.deepEqual(echo.connected, [connection.id]);
        assert.deepEqual(echo.disconnected, []);
      });

      it(`is missed when it leaves with its page (${version})`, async (test) => {
        const { echo, client, each, close } = await gather(browser(), version, { HEARTBEAT_TIMEOUT: '2000' });
        test.after(close);
        await client.close();
        await each((connection) => echo.untilDisconnected(connection.id));
        await each((connection) => assert.equal(echo.disconnects(connection.id), 1));
      });
    }
  });
}
