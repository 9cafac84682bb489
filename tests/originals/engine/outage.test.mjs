// What the original clients of 1.x to 4.x make of connections that break or go dead, of a server that dies and comes
// back, and of a way to it that has no room for WebSockets.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Echo } from '../../browser/echo.mjs';
import { startPythonSocketIo } from '../process.mjs';
import { Cable } from './cable.mjs';
import { NodeClient } from './clients.mjs';
import { ways } from './samples.mjs';

// Nothing here is about recovery.
const settings = { HEARTBEAT_INTERVAL: '300', HEARTBEAT_TIMEOUT: '2000', RECOVERY: '0' };
const versions = ['1.4.8', '1.7.4', '2.0.4', '2.5.0', '3.1.3', '4.0.0', '4.8.4'];

/** What the client was told of its connection, without the attempts that failed. */
const lifeOf = (namespace) =>
  namespace.events.map(({ name }) => name).filter((name) => ['connect', 'disconnect'].includes(name));

/** A server, a cable to it, and a client, which are gone after the test. */
async function setting(test, start, env = {}) {
  const echo = await Echo.start({ ...settings, ...env });
  test.after(() => echo.kill());
  const cable = await Cable.open(echo.port);
  test.after(() => cable.close());
  const client = await start();
  test.after(() => client.close());
  return { echo, cable, client };
}

/** Connects, in both namespaces, and is done with changing its transport. */
async function connects(client, url, way, options) {
  const connection = await client.connect(url, way, { transports: ways[way], reconnect: true, ...options });
  if (way === 'upgrade') await connection.untilEvent('upgrade');
  return connection;
}

async function talks(namespace, text) {
  await namespace.send(text);
  await namespace.receives(text);
}

const everyVersion = (declare) => {
  for (const version of versions) {
    for (const way of Object.keys(ways)) declare(version, way, () => new NodeClient(version));
  }
};

describe('a connection that is cut while the server lives', { concurrency: 6 }, () => {
  everyVersion((version, way, start) =>
    it(`ends the session of ${version}, ${way}, which begins another`, async (test) => {
      const { echo, cable, client } = await setting(test, start);
      const connection = await connects(client, cable.url, way, { namespaces: ['/', '/chat'] });
      const chat = connection.of('/chat');
      await chat.untilEvent('connect');
      await talks(chat, 'before');
      cable.unplug();
      await connection.untilEvent('disconnect');
      await connection.send('said in between', 'and this');
      cable.plug();
      const [id] = await connection.untilEvent('connect', 2);
      assert.notEqual(id, connection.id);
      await connection.receives('said in between', 'and this');
      await chat.untilEvent('connect', 2);
      await talks(chat, 'here again');
      assert.deepEqual([connection, chat].map(lifeOf), Array(2).fill(['connect', 'disconnect', 'connect']));
      await echo.untilDisconnected(connection.id);
      assert.deepEqual(echo.disconnected, [connection.id]);
    }),
  );
});

describe('a server that is killed and started again', { concurrency: 6 }, () => {
  everyVersion((version, way, start) =>
    it(`has ${version}, ${way}, back, with its namespaces and what it had to say`, async (test) => {
      const { echo, client } = await setting(test, start);
      const connection = await connects(client, echo.url, way, { namespaces: ['/', '/chat'] });
      const chat = connection.of('/chat');
      await chat.untilEvent('connect');
      await echo.kill();
      await chat.untilEvent('disconnect');
      await chat.send('said in between');
      await echo.restart();
      await chat.receives('said in between');
      await talks(connection, 'here again');
      assert.notEqual((await connection.facts()).id, connection.id);
    }),
  );

  for (const major of [4, 5]) {
    for (const way of Object.keys(ways)) {
      it(`has python-socketio ${major}.x, ${way}, back`, async (test) => {
        const { echo, client } = await setting(test, () => startPythonSocketIo(major), { HEARTBEAT_INTERVAL: '2000' });
        const connection = await connects(client, echo.url, way);
        await echo.kill();
        await connection.untilEvent('disconnect');
        await echo.restart();
        await connection.untilEvent('connect', 2);
        await talks(connection, 'here again');
      });
    }
  }
});

describe('a connection that goes dead', { concurrency: 6 }, () => {
  for (const version of ['2.5.0', '4.8.4']) {
    for (const way of Object.keys(ways)) {
      it(`is given up by the server and by ${version}, ${way}, which begins another`, async (test) => {
        const { echo, cable, client } = await setting(test, () => new NodeClient(version));
        const connection = await connects(client, cable.url, way);
        cable.stall();
        assert.deepEqual(await connection.untilEvent('disconnect'), ['ping timeout']);
        await echo.untilDisconnected(connection.id);
        cable.resume();
        await connection.untilEvent('connect', 2);
        await talks(connection, 'here again');
        assert.equal(echo.disconnects(connection.id), 1);
      });
    }
  }
});

describe('a way to the server without room for WebSockets', { concurrency: 7 }, () => {
  const obstacles = {
    'that never open': (cable) => cable.hold(),
    'that break with the first word of the server': (cable) => cable.breakWebSockets(),
  };
  for (const version of versions) {
    for (const [obstacle, put] of Object.entries(obstacles)) {
      it(`has ${version} go on polling with WebSockets ${obstacle}`, async (test) => {
        const { echo, cable, client } = await setting(test, () => new NodeClient(version));
        put(cable);
        const connection = await client.connect(cable.url, 'upgrade', { transports: ways.upgrade });
        // Several heartbeats.
        await connection.untilEvent('idle', 3);
        await talks(connection, 'a text');
        assert.equal((await connection.facts()).transport, 'polling');
        assert.deepEqual(echo.connected, [connection.id]);
      });
    }
  }
});
