// Every original client over every transport a browser of today can carry: what it sends arrives, what the server
// sends arrives, once and in order, and the server notices when it leaves.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launchBrowser, Visitor } from './browser.mjs';
import { Echo } from './echo.mjs';
import { Front } from './front.mjs';
import { originals } from './originals.mjs';

// The close timeouts are the library's own.
const timings = { HEARTBEAT_INTERVAL: '300', HEARTBEAT_TIMEOUT: '5000', POLL_DURATION: '400' };
const numbers = Array.from({ length: 300 }, (_, number) => String(number));

let browser;
const servers = {};

before(async () => {
  browser = await launchBrowser();
  for (const dialect of ['frames', 'json']) {
    const echo = await Echo.start({ ...timings, DIALECT: dialect });
    servers[dialect] = { echo, front: await Front.open(echo.port) };
  }
});

after(async () => {
  await browser?.close();
  await Promise.all(Object.values(servers).flatMap(({ echo, front }) => [front.close(), echo.kill()]));
});

/** How often the server has shown that it is alive although nobody sent anything, as far as the page can tell. */
async function signsOfLife(visitor, transport, dialect) {
  if (transport.endsWith('polling')) return visitor.requests.filter((request) => request.startsWith('GET')).length;
  if (transport === 'websocket') return visitor.frames.filter((frame) => /~h~|heartbeat/.test(frame)).length;
  if (dialect === 'frames') return visitor.bodies.filter((body) => body.includes('~h~')).length;
  if (transport === 'xhr-multipart') return visitor.page.evaluate(() => window.heartbeatParts);
  const comments = (frame) =>
    frame.evaluate(() => {
      const found = document.createTreeWalker(document, NodeFilter.SHOW_COMMENT);
      let count = 0;
      while (found.nextNode()) count += found.currentNode.data.trim() === 'heartbeat';
      return count;
    });
  return Math.max(...(await Promise.all(visitor.page.frames().map(comments))));
}

// Four pages at a time: more would only make each other wait.
describe('the original client', { concurrency: 4 }, () => {
  for (const original of Object.values(originals)) {
    for (const transport of original.transports) {
      describe(`${original.version} over ${transport}`, { concurrency: 1 }, () => conforms(original, transport));
    }
  }
});

function conforms(original, transport) {
  const early = ['early 0', 'early 1', 'early 2'];
  // 0.4 posts every message at once in a request of its own, and nobody can say which arrives first.
  const ordered = original.version !== '0.4.1' || transport === 'websocket';
  let echo;
  let visitor;
  let id;
  let broken = false;

  const receives = (...expected) => (ordered ? visitor.receives(...expected) : visitor.receivesInAnyOrder(...expected));

  // Each step goes on where the one before it stopped, so after a failure there is nothing to learn from the rest.
  const step = (name, check) =>
    it(name, async (test) => {
      if (broken) return test.skip('an earlier step failed');
      broken = true;
      await check();
      broken = false;
    });

  before(async () => {
    echo = servers[original.dialect].echo;
    visitor = await Visitor.open(browser, servers[original.dialect].front.page(original.script));
  });

  after(() => visitor?.close());

  step('connects and has the session id the server knows', async () => {
    assert.equal(await visitor.connect(transport, { early }), transport);
    id = await visitor.untilConnected();
    await echo.untilConnected(id);
  });

  step('delivers first what the page sent before it connected', async () => {
    await visitor.receives(...early);
  });

  step('carries text of every plane, quotes, markup and the empty string', async () => {
    const texts = ['text', 'é漢😀', '', '</script><b>"\'\\', 'a\u2028b', '100 % + & = ~m~1~m~'];
    for (const text of texts) {
      await visitor.send(text);
      await visitor.receives(text);
    }
  });

  step('carries line breaks', async () => {
    // Over JSONP a form field turns every line break into CR LF; the server has to see through that. The first message
    // travels alone, the other two together.
    const texts = ['two\nlines', 'three\n\nlines\n', 'after them'];
    await visitor.send(...texts);
    await receives(...texts);
  });

  if (original.objects) {
    step('carries objects both ways', async () => {
      const object = { text: 'é漢😀', list: [1, null, { deep: true }], empty: {} };
      await visitor.send(object);
      await visitor.receives(object);
    });
  }

  step('is known to the server by its transport', async () => {
    await visitor.send('!whoami');
    const answer = await visitor.receivesOne();
    // 0.5 has no objects: it shows the application the text they travel in.
    const self = typeof answer === 'string' ? JSON.parse(answer.replace(/^~j~/, '')) : answer;
    assert.deepEqual([self.id, self.transport], [id, transport]);
  });

  step('receives 300 messages sent at once, in order', async () => {
    await visitor.send('!burst 300');
    await visitor.receives(...numbers);
  });

  // In 300 requests at once the browser would let the next poll wait behind them all, on a slow machine for longer than
  // the server waits for it: then 50 are enough.
  step(ordered ? 'sends 300 messages at once, in order' : 'sends 300 messages, 50 at once', async () => {
    const size = ordered ? 300 : 50;
    for (let first = 0; first < 300; first += size) {
      const group = numbers.slice(first, first + size);
      await visitor.send(...group);
      await receives(...group);
    }
  });

  step('stays connected while nobody says anything', async () => {
    // A third heartbeat means the answer to the second was accepted; a third poll that one ended for want of messages.
    const known = await signsOfLife(visitor, transport, original.dialect);
    const deadline = Date.now() + 15000;
    while ((await signsOfLife(visitor, transport, original.dialect)) < known + 3) {
      assert.ok(Date.now() < deadline, 'no three signs of life within fifteen seconds');
      await visitor.page.waitForTimeout(50);
    }
    await visitor.send('still here');
    await visitor.receives('still here');
    assert.equal(visitor.count('disconnect'), 0);
    assert.equal(echo.disconnects(id), 0);
  });

  step('leaves, and the server notices once', async () => {
    visitor.receivedNothingElse();
    // The JSONP client cannot abort its poll, and begins a new session when that is answered: there the page goes.
    await (transport === 'jsonp-polling' ? visitor.close() : visitor.disconnect());
    await echo.untilDisconnected(id);
    assert.equal(visitor.count('connect'), 1);
    assert.deepEqual(visitor.events.filter((event) => event.name === 'exception'), []);
  });

  step('was one session from the beginning to the end', () => {
    assert.equal(echo.connected.filter((other) => other === id).length, 1);
    assert.equal(echo.disconnects(id), 1);
  });
}
