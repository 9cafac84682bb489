// What the original clients make of connections that break, of a server that dies and comes back, of a way to it that
// has no room for sockets, and of a server that does not speak what they like best.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Echo } from '../browser/echo.mjs';
import { Front } from '../browser/front.mjs';
import { timings } from './behaviours.mjs';
import { Gate } from './gate.mjs';
import { startNode, startPython } from './process.mjs';

const transports = ['websocket', 'xhr-polling'];
// 0.7 and 0.8 try again whether or not the attempt before is still under way: it gets the time it needs.
const reconnecting = { reconnect: true, 'reconnection delay': 1000 };

/** What the client was told of its connection, without the attempts that failed. */
const lifeOf = (connection) =>
  connection.log.map(({ name }) => name).filter((name) => ['connect', 'disconnect', 'reconnect'].includes(name));

describe('a connection that is cut while the server lives', { concurrency: 2 }, () => {
  for (const transport of transports) {
    it(`ends the session of 0.9.17 over ${transport}, which begins another`, async (test) => {
      const echo = await Echo.start(timings);
      const front = await Front.open(echo.port);
      const client = await startNode('0.9.17');
      test.after(() => Promise.all([client.close(), front.close(), echo.kill()]));
      const connection = await client.connect(front.origin, transport, reconnecting);
      front.reset();
      assert.deepEqual(await connection.untilEvent('reconnect'), [transport, 1]);
      const { id } = await connection.facts();
      assert.notEqual(id, connection.id);
      await echo.untilDisconnected(connection.id);
      await connection.send('here again');
      await connection.receives('here again');
      assert.deepEqual(lifeOf(connection), ['connect', 'disconnect', 'reconnect', 'connect']);
      assert.deepEqual(echo.connected, [connection.id, id]);
      assert.deepEqual(echo.disconnected, [connection.id]);
    });
  }
});

describe('a server that is killed and started again', { concurrency: 4 }, () => {
  for (const version of ['0.9.17', '0.9.16', '0.8.7', '0.7.11']) {
    for (const transport of transports) {
      it(`has ${version} back over ${transport}, with its namespaces and what it had to say`, async (test) => {
        // 0.7 needs the close timeout to notice.
        const echo = await Echo.start({ ...timings, CLOSE_TIMEOUT: '2000' });
        const client = await startNode(version);
        test.after(() => Promise.all([client.close(), echo.kill()]));
        const connection = await client.connect(echo.url, transport, reconnecting);
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

  it('has the Python client back over websocket', async (test) => {
    const echo = await Echo.start({ ...timings, HEARTBEAT_TIMEOUT: '3000' });
    const client = await startPython();
    test.after(() => Promise.all([client.close(), echo.kill()]));
    const connection = await client.connect(echo.url, 'websocket', { reconnect: true });
    await echo.kill();
    await connection.untilEvent('disconnect');
    await echo.restart();
    await connection.untilEvent('connect', 2);
    await connection.send('here again');
    await connection.receives('here again');
  });
});

describe('a way to the server without room for sockets', { concurrency: 3 }, () => {
  for (const version of ['0.9.17', '0.8.7', '0.7.11']) {
    it(`makes ${version} poll, in the session it had begun`, async (test) => {
      const echo = await Echo.start(timings);
      const gate = await Gate.open(echo.port);
      const client = await startNode(version);
      test.after(() => Promise.all([client.close(), gate.close(), echo.kill()]));
      const connection = await client.connect(gate.url, 'websocket', { transports, 'connect timeout': 300 });
      const { transport } = await connection.facts();
      assert.equal(transport, 'xhr-polling');
      await connection.send('a text');
      await connection.receives('a text');
      const handshakes = connection.log.filter(({ name }) => name === 'connecting');
      assert.deepEqual(
        handshakes.map(({ details }) => details),
        [['websocket'], ['xhr-polling']],
      );
      assert.deepEqual(echo.connected, [connection.id]);
    });
  }
});

it('a server that only polls has 0.9.17 poll', async (test) => {
  const echo = await Echo.start({ ...timings, TRANSPORTS: 'xhr-polling,jsonp-polling' });
  const client = await startNode('0.9.17');
  test.after(() => Promise.all([client.close(), echo.kill()]));
  const connection = await client.connect(echo.url, 'websocket', { transports });
  assert.equal((await connection.facts()).transport, 'xhr-polling');
});

describe('the Python client that gives up its polls', { concurrency: 2 }, () => {
  let echo;
  let client;
  before(async () => {
    echo = await Echo.start();
    client = await startPython();
  });
  after(() => Promise.all([client?.close(), echo?.kill()]));

  for (const transport of ['xhr-polling', 'jsonp-polling']) {
    it(`misses nothing over ${transport} and hears nothing twice`, async () => {
      const [hearing, speaking] = await Promise.all([
        client.connect(echo.url, transport, { patience: 0.005 }),
        client.connect(echo.url, transport),
      ]);
      await hearing.send(`!join ${transport}`);
      await hearing.receives('ok');
      const numbers = Array.from({ length: 100 }, (_, number) => String(number));
      for (const number of numbers) {
        await speaking.send(`!say ${transport} ${number}`, number);
        // Its own answer takes it through the time in which the other gives up.
        await speaking.receives(number);
      }
      await hearing.receives(...numbers);
      await hearing.send('last');
      await hearing.receives('last');
    });
  }
});
