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

/** Breaks every connection of the page, and lets none through until the returned function is called. */
function cut({ echo, front }) {
  front.target = nowhere;
  front.reset();
  return () => (front.target = echo.port);
}

/** Declares how the clients survive, in the browser that `browser` returns. */
export function surviveOutages(browser) {
  /**
   * Declares what is true of a connection of each way after they all, in one page, have gone through `ordeal`. `check`
   * is given the connection and the server.
   */
  function after_(ordeal, version, { name, check, ...settings }) {
    let place;
    const connections = {};

    before(async () => {
      place = await visit(browser(), version, settings);
      await Promise.all(
        waysOf[version].map(async (way) => {
          const options = { reconnect: true, reconnectionDelay: 1000 };
          const connection = await place.client.connect(place.url, way, options);
          await connection.perform(connection.of('/chat').enter());
          await connection.of('/chat').untilEvent('connect');
          if (way === 'upgrade') await connection.untilEvent('upgrade');
          connections[way] = connection;
        }),
      );
      await ordeal(place, Object.values(connections));
    });

    after(() => place?.close());

    for (const way of waysOf[version]) {
      it(`${name} (${version}, ${way})`, () => check(connections[way], place));
    }
  }
}
