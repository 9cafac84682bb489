// The original clients of 1.x to 4.x in a browser among others: other origins, other clients, other settings.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytes, openPage, visit } from './engine-page.mjs';
import { Front } from './front.mjs';
import { PageClient, scriptOf as scriptOfPackets } from './packets-page.mjs';

/** Declares what happens to them, in the browser that `browser` returns. */
export function meetTheWorld(browser) {
  async function arrive(test, version, options) {
    const place = await visit(browser(), version, options);
    test.after(place.close);
    return place;
  }

  describe('a page of another origin', { concurrency: 4 }, () => {
    for (const version of ['1.7.4', '2.5.0', '4.8.4']) {
      it(`is refused by default (${version})`, async (test) => {
        const { client, echo, front } = await arrive(test, version);
        const connection = await client.connect(front.origin, 'polling');
        for (const way of ['polling', 'websocket', ...(version === '4.8.4' ? [] : ['jsonp'])]) {
          const refused = await client.open(echo.url, way);
          await refused.untilEvent('failure');
          assert.equal(refused.count('connect'), 0);
        }
        assert.deepEqual(echo.connected, [connection.id]);
      });
    }

    for (const withCredentials of [false, true]) {
      it(`is let in by its name (${withCredentials ? 'with' : 'without'} credentials)`, async (test) => {
        // The pages have to be there before the server that is told of them.
        const [named, unnamed] = await Promise.all([Front.open(0), Front.open(0)]);
        test.after(() => Promise.all([named.close(), unnamed.close()]));
        const { echo } = await arrive(test, '4.8.4', { env: { ORIGINS: named.origin.slice('http://'.length) } });
        const [guest, stranger] = await Promise.all([named, unnamed].map((at) => openPage(browser(), at, '4.8.4')));
        test.after(() => Promise.all([guest.close(), stranger.close()]));
        const settings = { withCredentials, extraHeaders: { 'X-Mine': 'a header of its own' } };
        const connection = await guest.connect(echo.url, 'upgrade', settings);
        await connection.send('é漢😀');
        await connection.receives('é漢😀');
        await connection.untilEvent('upgrade');
        for (const way of ['polling', 'websocket']) {
          await (await stranger.open(echo.url, way, settings)).untilEvent('failure');
        }
        assert.deepEqual(echo.connected, [connection.id]);
      });
    }
  });

  describe('clients of every version on one server', () => {
    it('hear each other', async (test) => {
      const { client: newest, echo, front } = await arrive(test, '4.8.4');
      const open = async (script) => {
        const client = await PageClient.open(browser(), front.page(script));
        test.after(() => client.close());
        return client;
      };
      const engine = async (version) => {
        const client = await openPage(browser(), front, version);
        test.after(() => client.close());
        return client;
      };
      const [oldest, old, middle, packets] = await Promise.all([
        engine('1.3.7'),
        engine('1.7.4'),
        engine('2.5.0'),
        open(scriptOfPackets('0.9.17')),
      ]);
      const everybody = await Promise.all([
        newest.connect(front.origin, 'polling'),
        newest.connect(front.origin, 'upgrade'),
        oldest.connect(front.origin, 'polling'),
        old.connect(front.origin, 'polling'),
        old.connect(front.origin, 'jsonp'),
        middle.connect(front.origin, 'websocket'),
        middle.connect(front.origin, 'jsonp'),
        packets.connect(front.origin, 'xhr-polling'),
        packets.connect(front.origin, 'websocket'),
      ]);
      for (const [index, speaker] of everybody.entries()) {
        const spoken = [`b:${index} é漢😀\n\\n`, `b:${index} again`];
        await speaker.send(...spoken);
        await Promise.all(everybody.map((listener) => listener.receives(...spoken)));
      }
      await Promise.all(everybody.map(async (member) => {
        await member.send('!join den');
        await member.receives('ok');
      }));
      for (const [index, speaker] of everybody.entries()) {
        await speaker.send(`!say den ${index} é漢😀`);
        const others = everybody.filter((member) => member !== speaker);
        await Promise.all(others.map((listener) => listener.receives(`${index} é漢😀`)));
      }
      for (const member of everybody) member.receivedNothingElse();
      assert.equal(echo.disconnected.length, 0);
    });
  });

  describe('a client with settings of its own', { concurrency: 4 }, () => {
    const list = [1, bytes(0, 0x80, 0xff, 4), { é: bytes() }, 7];

    for (const version of ['1.7.4', '2.5.0', '4.8.4']) {
      it(`writes binary as text (${version})`, async (test) => {
        const { client, url } = await arrive(test, version);
        for (const way of ['polling', 'websocket', 'upgrade']) {
          const connection = await client.connect(url, way, { forceBase64: true });
          await connection.send('é', 'é漢😀');
          await connection.receives('é', 'é漢😀');
          await connection.perform(connection.event('echo', ...list));
          await connection.receives(['echo', ...list]);
          assert.deepEqual(await connection.acknowledgement(connection.event('echo', ...list)), list);
        }
      });

      it(`stays with polling where there is nothing else (${version})`, async (test) => {
        const { client, url } = await arrive(test, version, { env: { TRANSPORTS: 'polling' } });
        const connection = await client.connect(url, 'upgrade');
        await connection.untilEvent('idle', 2);
        await connection.send('!whoami');
        assert.equal((await connection.receivesOne()).transport, 'polling');
        assert.equal(connection.count('upgrade'), 0);
      });
    }

    it('asks without a slash at the end', async (test) => {
      const { client, url } = await arrive(test, '4.8.4');
      const connection = await client.connect(url, 'upgrade', { addTrailingSlash: false });
      await connection.send('é漢😀');
      await connection.receives('é漢😀');
      await connection.untilEvent('upgrade');
    });

    it('falls back to polling where there is no websocket', async (test) => {
      const { client, url } = await arrive(test, '4.8.4', { env: { TRANSPORTS: 'polling' } });
      const settings = { transports: ['websocket', 'polling'], tryAllTransports: true };
      const connection = await client.open(url, 'upgrade', { as: settings });
      await connection.untilEvent('connect');
      await connection.send('!whoami');
      assert.equal((await connection.receivesOne()).transport, 'polling');
    });
  });
}
