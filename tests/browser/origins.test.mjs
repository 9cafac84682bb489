// Pages of another origin: welcome where the server's list says so, refused by default.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launchBrowser, Visitor } from './browser.mjs';
import { Echo } from './echo.mjs';
import { Front } from './front.mjs';
import { originals } from './originals.mjs';

const client = originals['0.6.18'];
let browser;
let open;
let closed;
let elsewhere;

before(async () => {
  browser = await launchBrowser();
  const timings = { POLL_DURATION: '400', CLOSE_TIMEOUT: '3000' };
  [open, closed] = await Promise.all([Echo.start({ ...timings, ORIGINS: '*:*' }), Echo.start(timings)]);
  elsewhere = await Front.open(open.port);
});

after(async () => {
  await browser?.close();
  await Promise.all([elsewhere?.close(), open?.kill(), closed?.kill()]);
});

/** A page on the other origin whose socket goes to `echo`. */
async function visitFromElsewhere(echo, transport, options) {
  const visitor = await Visitor.open(browser, elsewhere.page(client.script));
  await visitor.connect(transport, { host: '127.0.0.1', port: echo.port, ...options });
  return visitor;
}

describe('a page of another origin', { concurrency: 2 }, () => {
  for (const transport of ['xhr-polling', 'jsonp-polling', 'websocket']) {
    it(`is served over ${transport} where every origin is allowed`, async () => {
      const visitor = await visitFromElsewhere(open, transport, { early: ['early'] });
      const id = await visitor.untilConnected();
      await visitor.receives('early');
      await visitor.send('é漢😀', { an: 'object' });
      await visitor.receives('é漢😀', { an: 'object' });
      if (transport !== 'websocket') {
        const polls = visitor.requests.length;
        await visitor.until(() => visitor.requests.length > polls + 2, 'three more polls');
        assert.equal(visitor.count('disconnect'), 0);
      }
      await visitor.close();
      await open.untilDisconnected(id);
    });
  }

  for (const transport of ['xhr-polling', 'websocket']) {
    it(`is refused over ${transport} by default, before it has a session`, async () => {
      const visitor = await visitFromElsewhere(closed, transport, { connectTimeout: 1000 });
      await visitor.untilEvent('connect_failed');
      assert.equal(visitor.count('connect'), 0);
      assert.ok(visitor.requests.length <= 2, `asked only once: ${visitor.requests}`);
      assert.deepEqual(closed.connected, []);
      await visitor.close();
    });
  }
});
