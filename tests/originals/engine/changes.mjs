// What goes on while a client changes its transport.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Cable } from './cable.mjs';
import { numbers, ways } from './samples.mjs';

export function changesItsTransport({ place, connect }) {
  /** A behaviour of a connection that polls until the WebSocket is let through. */
  const changes = (name, check) =>
    it(name, async (test) => {
      const cable = await Cable.open(place.echo.port);
      test.after(() => cable.close());
      cable.hold();
      const connection = await place.client.connect(cable.url, 'upgrade', { transports: ways.upgrade });
      assert.equal((await connection.facts()).transport, 'polling');
      await check(connection, cable);
      assert.equal((await connection.facts()).transport, 'websocket');
      connection.receivedNothingElse();
      assert.equal(connection.count('disconnect'), 0);
      await connection.close();
    });

  changes('loses and reorders nothing of what it says while it changes its transport', async (connection, cable) => {
    const said = [];
    let sent = 0;
    while (connection.count('upgrade') === 0 || sent < 300) {
      if (sent === 100) cable.release();
      const ten = numbers(10, sent);
      const binary = Buffer.from([sent % 256]);
      await connection.perform(...[...ten, binary].map((what) => connection.text(what)));
      said.push(...ten, binary);
      sent += 10;
      await new Promise(setImmediate);
    }
    await connection.receives(...said);
  });

  changes('hears everything in order while it changes its transport', async (connection, cable) => {
    const speaker = await connect();
    await speaker.send('!whoami');
    await speaker.receivesOne();
    const said = [];
    while (connection.count('upgrade') === 0 || said.length < 300) {
      if (said.length === 100) cable.release();
      const ten = numbers(10, said.length).map((number) => `b:${number}`);
      await speaker.send(...ten);
      await speaker.receives(...ten);
      said.push(...ten);
    }
    await connection.receives(...said);
    await speaker.close();
  });
}
