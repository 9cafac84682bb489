// What the original clients of 1.x to 4.x in a browser make of a server that dies and comes back and of connections
// that break, and how they leave.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { visit } from './engine-page.mjs';

const versions = ['1.7.4', '2.5.0', '4.8.4'];
const waysOf = (version) => ['polling', 'websocket', 'upgrade', ...(version === '4.8.4' ? [] : ['jsonp'])];
const combinations = versions.flatMap((version) => waysOf(version).map((way) => [version, way]));
// Nobody listens there.
const nowhere = 1;

/** Declares how the clients survive, in the browser that `browser` returns. */
export function surviveOutages(browser) {
  /** A server, a page on its origin with that version of the client, and a connection that begins anew when it ends. */
  async function arrive(test, version, way, { env, ...options } = {}) {
    const place = await visit(browser(), version, { env });
    test.after(place.close);
    const connection = await place.client.connect(place.url, way, { reconnect: true, ...options });
    if (way === 'upgrade') await connection.untilEvent('upgrade');
    return { ...place, connection };
  }

  /** Breaks every connection of the page, and lets none through until the returned function is called. */
  function cut({ echo, front }) {
    front.target = nowhere;
    front.reset();
    return () => (front.target = echo.port);
  }

  describe('a server that is killed and started again', { concurrency: 4 }, () => {
    for (const [version, way] of combinations) {
      it(`has ${version} back (${way}), with its namespaces and what it had to say`, async (test) => {
        const { echo, connection } = await arrive(test, version, way);
        const chat = connection.of('/chat');
        await connection.perform(chat.enter());
        await chat.untilEvent('connect');
        await echo.kill();
        await connection.untilEvent('disconnect');
        await connection.send('said in between');
        await echo.restart();
        await connection.untilEvent('connect', 2);
        await connection.receives('said in between');
        await chat.untilEvent('connect', 2);
        await chat.send('here again');
        await chat.receives('here again');
        const { id } = await connection.facts();
        await echo.untilConnected(id);
        assert.notEqual(id, connection.id);
      });
    }
  });

  describe('a connection that is cut', { concurrency: 4 }, () => {
    for (const [version, way] of combinations.filter(([version]) => version !== '4.8.4')) {
      it(`ends the session of ${version} (${way}), which begins another`, async (test) => {
        const place = await arrive(test, version, way);
        const { echo, connection } = place;
        const restore = cut(place);
        await connection.untilEvent('disconnect');
        restore();
        await connection.untilEvent('connect', 2);
        await connection.send('here again');
        await connection.receives('here again');
        await echo.untilDisconnected(connection.id);
        assert.notEqual((await connection.facts()).id, connection.id);
        assert.equal(echo.disconnects(connection.id), 1);
      });
    }

    /** Somebody else talks while the client is gone; it comes back and has heard it all. */
    async function misses(place, breakOff, restore) {
      const { client, echo, connection } = place;
      const witness = await client.connect(echo.url, 'websocket');
      const chat = connection.of('/chat');
      await connection.perform(chat.enter(), connection.text('!join den'));
      await connection.receives('ok');
      await chat.untilEvent('connect');
      // A namespace is recovered from the last thing heard there.
      await chat.send('before');
      await chat.receives('before');
      await breakOff();
      await connection.untilEvent('disconnect');
      await witness.of('/chat').send('b:in the chat');
      await witness.of('/chat').receives('b:in the chat');
      await witness.send('b:missed é漢😀', '!say den in the room', '!say elsewhere not here', 'b:missed, too');
      await witness.receives('b:missed é漢😀', 'b:missed, too');
      restore();
      assert.deepEqual(await connection.untilEvent('connect', 2), [true]);
      await connection.receives('b:missed é漢😀', 'in the room', 'b:missed, too');
      assert.deepEqual(await chat.untilEvent('connect', 2), [true]);
      await chat.receives('b:in the chat');
      await witness.send('!say den still in the room');
      await connection.receives('still in the room');
      await connection.send('still itself');
      await connection.receives('still itself');
      assert.equal((await connection.facts()).id, connection.id);
      connection.receivedNothingElse();
      chat.receivedNothingElse();
    }

    for (const way of waysOf('4.8.4')) {
      it(`is recovered by 4.8.4, with what it missed (${way})`, async (test) => {
        const place = await arrive(test, '4.8.4', way, { env: { ORIGINS: '*:*' } });
        let restore;
        await misses(place, () => (restore = cut(place)), () => restore());
      });

      it(`is recovered after 4.8.4 closed what carried it (${way})`, async (test) => {
        const options = { env: { ORIGINS: '*:*' }, reconnectionDelay: 1000 };
        const place = await arrive(test, '4.8.4', way, options);
        await misses(place, () => place.connection.perform({ to: '/', act: 'breakOff' }), () => {});
      });
    }

    it('is not recovered where there is no recovery', async (test) => {
      const { connection } = await arrive(test, '4.8.4', 'websocket', { env: { RECOVERY: '0' } });
      await connection.perform({ to: '/', act: 'breakOff' });
      assert.notDeepEqual(await connection.untilEvent('connect', 2), [true]);
      assert.notEqual((await connection.facts()).id, connection.id);
    });

    for (const version of versions) {
      it(`does not end a polling session of ${version}, because the browser repeats the poll`, async (test) => {
        const { echo, front, connection } = await arrive(test, version, 'polling');
        for (const round of ['one', 'two', 'three']) {
          // On a connection that has served a request already the browser tries again by itself.
          await connection.untilEvent('idle', connection.count('idle') + 2);
          front.reset();
          await connection.send(round);
          await connection.receives(round);
        }
        connection.receivedNothingElse();
        assert.equal(connection.count('disconnect'), 0);
        assert.deepEqual(echo.connected, [connection.id]);
        assert.deepEqual(echo.disconnected, []);
      });
    }
  });

  describe('a client that leaves with its page', { concurrency: 4 }, () => {
    for (const [version, way] of combinations) {
      it(`is missed (${version}, ${way})`, async (test) => {
        const { echo, client, connection } = await arrive(test, version, way, { env: { HEARTBEAT_TIMEOUT: '2000' } });
        await client.close();
        await echo.untilDisconnected(connection.id);
        assert.deepEqual(echo.disconnected, [connection.id]);
      });
    }
  });
}
