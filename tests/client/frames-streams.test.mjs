// `new io.Socket` over the three streams: a hidden frame, a body in parts, and events of the server's.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Echo, isOriginal, launchBrowser, Page, pages } from './client.mjs';
import { cutAnswer, cutRequest, Proxy } from './proxy.mjs';

const streams = ['htmlfile', 'xhr-multipart', 'server-events'];
const env = { HEARTBEAT_INTERVAL: '300', HEARTBEAT_TIMEOUT: '2000' };
// In Chromium a frame whose stream broke looks like one that waits: only silence tells.
const patience = { transportOptions: { htmlfile: { timeout: 2500 } } };
const long = 'é漢😀 "quoted" \\ </script> '.repeat(2000);

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser?.close());

const count = (number, word = '') => Array.from({ length: number }, (_, index) => `${word}${index}`);

async function visit(transport) {
  const echo = await Echo.start(env);
  const proxy = await Proxy.open(echo.port, pages);
  const page = await Page.open(browser, proxy);
  assert.equal(await page.connect(transport, { reconnectionDelay: 50, ...patience }), transport);
  const close = () => Promise.all([page.close(), proxy.close(), echo.kill()]);
  return { echo, proxy, page, close, session: await page.untilConnected() };
}

for (const transport of streams) {
  describe(`a conversation over ${transport}`, { skip: isOriginal }, () => {
    let place;
    before(async () => (place = await visit(transport)));
    after(() => place?.close());

    it('carries texts and JSON of every kind', async () => {
      const { echo, page, session } = place;
      await echo.untilConnected(session);
      await page.send('!whoami');
      const { id, transport: carrier, generation } = await page.receivesOne();
      assert.deepEqual({ id, carrier, generation }, { id: session, carrier: transport, generation: 'frames' });
      const values = [
        'text', 'é漢😀', 'two\nlines', '\r\n', '\n--socketio\n', '--socketio', 'data: \n\n', '</script><!--',
        '<script>', 'a\u2028b', ' ', '~m~1~m~', long,
        { text: 'é漢😀\n--socketio\n', list: [1, null, { deep: true }] },
      ];
      for (const value of values) await page.send(value);
      await page.receives(...values);
      await page.send(...values);
      await page.receives(...values);
    });

    it('carries 300 messages in order, in both directions', async () => {
      const texts = count(300, 'number ');
      for (let start = 0; start < texts.length; start += 30) await place.page.send(...texts.slice(start, start + 30));
      await place.page.receives(...texts);
      await place.page.send('!burst 300');
      await place.page.receives(...count(300));
    });

    it('does not pile up what it has received', async () => {
      const size = () =>
        place.page.evaluate(() => {
          const elements = (part) => {
            const frames = [...part.querySelectorAll('iframe')].map((frame) => elements(frame.contentDocument));
            return frames.reduce((sum, number) => sum + number, part.querySelectorAll('*').length);
          };
          return elements(document);
        });
      const before = await size();
      const received = await place.page.evaluate(
        () =>
          new Promise((resolve) => {
            const { report } = window;
            const texts = [];
            // To be told of every one would take longer than all the rest.
            window.report = () => {};
            window.socket.on('message', function take(text) {
              if (texts.push(text) < 2000) return;
              window.socket.removeEvent('message', take);
              window.report = report;
              resolve(texts);
            });
            window.socket.send('!burst 2000');
          }),
      );
      assert.deepEqual(received, count(2000));
      assert.ok((await size()) <= before + 2, `${await size()} elements after ${before}`);
    });

    it('goes on for longer than the server waits for the answer to a heartbeat', async () => {
      const { page } = place;
      const { at } = await page.untilEvent('connect');
      await page.tab.waitForFunction((since) => performance.now() > since + 3000, at);
      await page.send('still here');
      await page.receives('still here');
      const others = page.events.filter(({ name }) => name !== 'message').map(({ name }) => name);
      assert.deepEqual(others, ['connecting', 'connect']);
      assert.deepEqual(page.exceptions, []);
    });
  });

  describe(`a connection over ${transport}`, { concurrency: 3, skip: isOriginal }, () => {
    const shows = (name, check) =>
      it(name, async (test) => {
        const place = await visit(transport);
        test.after(place.close);
        await check(place);
        place.page.receivedNothingElse();
        assert.deepEqual(place.page.exceptions, []);
      });

    shows('begins anew after the server died, with everything sent meanwhile', async ({ echo, page, session }) => {
      await echo.kill();
      await page.untilEvent('disconnect');
      await page.send('one', { two: 2 });
      await page.untilEvent('reconnecting', 2);
      await page.send('three');
      await echo.restart();
      assert.notEqual(await page.untilConnected(2), session);
      await page.receives('one', { two: 2 }, 'three');
      const { details } = await page.untilEvent('reconnect');
      assert.deepEqual(details, [transport, page.count('reconnecting')]);
    });

    shows('begins anew when the stream breaks in the middle of a message', async ({ proxy, page }) => {
      proxy.treat(/^GET /, cutAnswer('in the middle'));
      // Its stream was there before the rule: it has to be opened once more for that.
      proxy.cut();
      await page.untilConnected(2);
      await page.send('in the middle of it');
      await page.untilConnected(3);
      await page.send('afterwards');
      await page.receives('afterwards');
    });

    shows('sends again what broke in the middle of its request, before the rest', async ({ proxy, page }) => {
      const rule = proxy.treat(/^POST/, cutRequest(1000), { once: true, body: /x{1000}/ });
      // An answer on its way would be lost with the session: behind a request that asks for none, the next ones wait.
      const texts = ['x'.repeat(5000), 'last'];
      await page.send('!burst 0', ...texts);
      await page.send('later');
      await page.untilConnected(2);
      await page.receives(...texts, 'later');
      assert.ok(rule.used >= 1);
    });
  });
}
