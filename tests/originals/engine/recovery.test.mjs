// Recovery: a client of 4.6 or newer that lost its connection goes on where it was, with its id, its rooms and all that
// was said meanwhile.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Echo } from '../../browser/echo.mjs';
import { startPythonSocketIo } from '../process.mjs';
import { Cable } from './cable.mjs';
import { NodeClient } from './clients.mjs';
import { ways } from './samples.mjs';

const settings = { HEARTBEAT_INTERVAL: '300', HEARTBEAT_TIMEOUT: '2000' };

/** One who loses its connection, and one who goes on speaking. */
async function setting(test, way, { start = () => new NodeClient('4.8.4'), env = {}, ...options } = {}) {
  const echo = await Echo.start({ ...settings, ...env });
  test.after(() => echo.kill());
  const cable = await Cable.open(echo.port);
  test.after(() => cable.close());
  const client = await start();
  test.after(() => client.close());
  const other = new NodeClient('4.8.4');
  test.after(() => other.close());
  const [losing, speaking] = await Promise.all([
    client.connect(cable.url, way, { transports: ways[way], reconnect: true, ...options }),
    other.connect(echo.url, 'websocket', options),
  ]);
  if (way === 'upgrade') await losing.untilEvent('upgrade');
  return { echo, cable, losing, speaking };
}

/** Says the texts, and waits until the server has taken every one. */
async function says(speaking, ...texts) {
  await speaking.send(...texts, 'said');
  const heard = texts.filter((text) => text.startsWith('b:'));
  await speaking.receives(...heard, 'said');
}

for (const way of Object.keys(ways)) {
  describe(`recovery of 4.8.4, ${way}`, { concurrency: 3 }, () => {
    it('gives back the id and the rooms, and what was said meanwhile, once and in order', async (test) => {
      const { cable, losing, speaking } = await setting(test, way);
      await losing.send('!join den');
      await losing.receives('ok');
      cable.unplug();
      await losing.untilEvent('disconnect');
      await says(speaking, 'b:one', '!say den two', 'b:three', '!say elsewhere nothing', 'b:four');
      await losing.send('said in between');
      cable.plug();
      assert.deepEqual(await losing.untilEvent('connect', 2), [losing.id, true]);
      await losing.receives('b:one', 'two', 'b:three', 'b:four', 'said in between');
      await says(speaking, '!say den five', 'b:six');
      await losing.receives('five', 'b:six');
      await losing.send('!whoami');
      assert.equal((await losing.receivesOne()).id, losing.id);
      losing.receivedNothingElse();
    });

    it('loses and repeats nothing, whenever the connection is cut', async (test) => {
      const { cable, losing, speaking } = await setting(test, way);
      let cuts = 0;
      for (let number = 0; number < 200; number += 1) {
        await speaking.send(`b:${number}`);
        await speaking.receives(`b:${number}`);
        if (number % 40 === 25) {
          cuts += 1;
          await losing.untilEvent('connect', cuts);
          // Between two polls there is nothing to cut.
          cable.unplug();
          await losing.untilEvent('disconnect', cuts);
        }
        if (number % 40 === 35) cable.plug();
      }
      await losing.receives(...Array.from({ length: 200 }, (_, number) => `b:${number}`));
      for (let connect = 2; connect <= cuts + 1; connect += 1) {
        assert.deepEqual(await losing.untilEvent('connect', connect), [losing.id, true]);
      }
      losing.receivedNothingElse();
    });

    it('recovers every namespace by itself', async (test) => {
      const { cable, losing, speaking } = await setting(test, way, { namespaces: ['/', '/chat'] });
      const [id] = await losing.of('/chat').untilEvent('connect');
      await speaking.of('/chat').untilEvent('connect');
      for (const namespace of [losing, losing.of('/chat')]) {
        // Without an offset there is nothing to begin with.
        await namespace.send('first');
        await namespace.receives('first');
      }
      cable.unplug();
      await losing.untilEvent('disconnect');
      await says(speaking, 'b:in the root');
      await says(speaking.of('/chat'), 'b:in the chat');
      cable.plug();
      assert.deepEqual(await losing.untilEvent('connect', 2), [losing.id, true]);
      assert.deepEqual(await losing.of('/chat').untilEvent('connect', 2), [id, true]);
      await losing.receives('b:in the root');
      await losing.of('/chat').receives('b:in the chat');
    });

    it('is over when its time is', async (test) => {
      const { echo, cable, losing, speaking } = await setting(test, way, { env: { RECOVERY: '300' } });
      await losing.send('!join den');
      await losing.receives('ok');
      cable.unplug();
      await losing.untilEvent('disconnect');
      await says(speaking, 'b:missed');
      await echo.untilDisconnected(losing.id);
      await delay(600);
      cable.plug();
      const [id, recovered] = await losing.untilEvent('connect', 2);
      assert.notEqual(id, losing.id);
      assert.ok(!recovered);
      await says(speaking, '!say den nothing', 'b:heard');
      await losing.receives('b:heard');
      losing.receivedNothingElse();
    });

    for (const [how, leave] of [
      ['told to go', (losing) => losing.send('!bye')],
      ['gone by itself', (losing) => losing.perform(losing.leave())],
    ]) {
      it(`is not for a client that was ${how}`, async (test) => {
        const { losing, speaking } = await setting(test, way);
        await losing.send('before');
        await losing.receives('before');
        await leave(losing);
        await losing.untilEvent('disconnect');
        await says(speaking, 'b:missed');
        await losing.perform({ to: '/', act: 'return' });
        const [id, recovered] = await losing.untilEvent('connect', 2);
        assert.notEqual(id, losing.id);
        assert.ok(!recovered);
        await says(speaking, 'b:heard');
        await losing.receives('b:heard');
        losing.receivedNothingElse();
      });
    }

    it('is not there where it is switched off', async (test) => {
      const { cable, losing, speaking } = await setting(test, way, { env: { RECOVERY: '0' } });
      await losing.send('before');
      await losing.receives('before');
      cable.unplug();
      await losing.untilEvent('disconnect');
      await says(speaking, 'b:missed');
      cable.plug();
      const [id, recovered] = await losing.untilEvent('connect', 2);
      assert.notEqual(id, losing.id);
      assert.ok(!recovered);
      losing.receivedNothingElse();
    });
  });
}

describe('a client that knows nothing of recovery', { concurrency: 2 }, () => {
  const clients = {
    '2.5.0': () => new NodeClient('2.5.0'),
    '3.1.3': () => new NodeClient('3.1.3'),
    '4.0.0': () => new NodeClient('4.0.0'),
    'python-socketio 5.x': () => startPythonSocketIo(5),
  };
  for (const [name, start] of Object.entries(clients)) {
    it(`begins anew: ${name}`, async (test) => {
      const { cable, losing, speaking } = await setting(test, 'upgrade', { start });
      await losing.send('before');
      await losing.receives('before');
      cable.unplug();
      await losing.untilEvent('disconnect');
      await says(speaking, 'b:missed');
      cable.plug();
      const [id] = await losing.untilEvent('connect', 2);
      assert.notEqual(id, losing.id);
      await says(speaking, 'b:heard');
      await losing.receives('b:heard');
    });
  }
});
