// What the original clients of 0.7 to 0.9 in a browser make of a server that dies and comes back and of connections
// that break, and how they leave.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { timings } from '../originals/behaviours.mjs';
import { launchBrowser } from './browser.mjs';
import { Echo } from './echo.mjs';
import { Front } from './front.mjs';
import { PageClient, scriptOf } from './packets-page.mjs';

const transports = ['websocket', 'xhr-polling', 'jsonp-polling'];
// 0.7 and 0.8 try again whether or not the attempt before is still under way: it gets the time it needs.
const reconnecting = { reconnect: true, 'reconnection delay': 1000 };

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser?.close());

/** A server, a page on its origin with that version of the client, and a connection. */
async function visit(test, version, transport, { env, options } = {}) {
  const echo = await Echo.start({ ...timings, ...env });
  const front = await Front.open(echo.port);
  const client = await PageClient.open(browser, front.page(scriptOf(version)));
  test.after(() => Promise.all([client.close(), front.close(), echo.kill()]));
  const connection = await client.connect(front.origin, transport, options);
  return { echo, front, client, connection };
}

describe('a server that is killed and started again', { concurrency: 3 }, () => {
  for (const version of ['0.9.17', '0.8.7', '0.7.11']) {
    for (const transport of transports) {
      it(`has ${version} back over ${transport}, with its namespaces and what it had to say`, async (test) => {
        // 0.7 needs the close timeout to notice.
        const settings = { env: { CLOSE_TIMEOUT: '2000' }, options: reconnecting };
        const { echo, connection } = await visit(test, version, transport, settings);
        const chat = connection.of('/chat');
        await connection.perform(chat.enter());
        await chat.untilEvent('connect');
        await echo.kill();
        await connection.untilEvent('disconnect');
        await connection.send('said in between');
        await echo.restart();
        const [chosen] = await connection.untilEvent('reconnect');
        assert.equal(chosen, transport);
        await connection.receives('said in between');
        await chat.untilEvent('connect', 2);
        await chat.send('here again');
        await chat.receives('here again');
        assert.notEqual((await connection.facts()).id, connection.id);
      });
    }
  }
});

describe('a connection that is cut while the server lives', { concurrency: 2 }, () => {
  for (const breakage of ['reset', 'finish']) {
    it(`ends a websocket session of 0.9.17, which begins another (${breakage})`, async (test) => {
      const { echo, front, connection } = await visit(test, '0.9.17', 'websocket', { options: reconnecting });
      front[breakage]();
      await connection.untilEvent('reconnect');
      const { id } = await connection.facts();
      await echo.untilDisconnected(connection.id);
      await connection.send('here again');
      await connection.receives('here again');
      assert.deepEqual(echo.connected, [connection.id, id]);
      assert.deepEqual(echo.disconnected, [connection.id]);
    });

    it(`does not end a polling session, because the browser repeats the poll (${breakage})`, async (test) => {
      const { echo, front, connection } = await visit(test, '0.9.17', 'xhr-polling', { options: reconnecting });
      for (const round of ['one', 'two', 'three']) {
        // On a connection that has served a request already the browser tries again by itself.
        await connection.untilEvent('idle', connection.count('idle') + 2);
        front[breakage]();
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

describe('a client that leaves', { concurrency: 3 }, () => {
  for (const transport of transports) {
    it(`synchronously, is gone at once over ${transport}`, async (test) => {
      // Nothing else would tell the server before the test is over.
      const { echo, connection } = await visit(test, '0.9.17', transport, { env: { CLOSE_TIMEOUT: '60000' } });
      await connection.perform(connection.leaveSynchronously());
      await echo.untilDisconnected(connection.id);
      assert.deepEqual(await connection.untilEvent('disconnect'), ['booted']);
      assert.deepEqual(echo.disconnected, [connection.id]);
    });

    for (const version of ['0.9.17', '0.8.7', '0.7.11']) {
      it(`with its page, is missed over ${transport} (${version})`, async (test) => {
        const { echo, client, connection } = await visit(test, version, transport);
        await client.close();
        await echo.untilDisconnected(connection.id);
        assert.deepEqual(echo.disconnected, [connection.id]);
      });
    }
  }
});

describe('a page of another origin', { concurrency: 2 }, () => {
  for (const version of ['0.9.17', '0.8.7']) {
    for (const transport of ['websocket', 'xhr-polling']) {
      it(`is refused by default (${version}, ${transport})`, async (test) => {
        const { echo, client, connection } = await visit(test, version, transport);
        const refused = await client.open(echo.url, transport);
        await refused.untilEvent('error');
        assert.equal(refused.count('connect'), 0);
        assert.deepEqual(echo.connected, [connection.id]);
      });
    }
  }
});
