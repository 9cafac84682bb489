// Our client in a second engine: each of its interfaces over each of its transports in Debian's Firefox.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Echo, Gate, script } from './client.mjs';
import { launchFirefox, missingFirefox } from './firefox.mjs';
import { FirefoxPage } from './firefox-page.mjs';

const interfaces = ['new io.Socket', 'io.connect', 'io()'];
const transports = ['websocket', 'xhr-polling', 'jsonp-polling', 'htmlfile', 'xhr-multipart', 'server-events'];
// Script elements, forms and frames are what a strict policy is there to prevent.
const unpoliced = ['jsonp-polling', 'htmlfile'];
const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:";

const numbers = Array.from({ length: 300 }, (_, number) => String(number));

const html = (head) => `<!doctype html><meta charset="utf-8"><title>page</title>${head}
<link rel="icon" href="data:,"><body><script src="client.js"></script></body>`;

const pages = {
  '/page/': ['text/html', html('')],
  '/page/strict': ['text/html', html(`<meta http-equiv="Content-Security-Policy" content="${policy}">`)],
  '/page/client.js': ['text/javascript', script],
  '/elsewhere': ['text/html', '<!doctype html><meta charset="utf-8"><title>elsewhere</title>'],
};

let firefox;

describe('our client in Firefox', { concurrency: 6, skip: missingFirefox() }, () => {
  before(async () => {
    firefox = await launchFirefox();
  });

  after(() => firefox?.close());

  for (const transport of transports) {
    for (const name of interfaces) {
      describe(`${name} over ${transport}`, { concurrency: 1 }, () => behaves(name, transport));
    }
  }
});

function behaves(name, transport) {
  let echo;
  let gate;
  let page;
  let broken = false;
  const polls = transport.endsWith('-polling');
  const poll = /^GET \S*-polling/;

  // Each goes on where the one before ended: none has a chance after the first that failed.
  const step = (title, task) =>
    it(title, async (test) => {
      if (broken) return test.skip('because of a failure before');
      broken = true;
      await task();
      broken = false;
    });

  before(async () => {
    echo = await Echo.start({ POLL_DURATION: '400' });
    gate = await Gate.open(echo.port, pages);
    const path = unpoliced.includes(transport) ? '/page/' : '/page/strict';
    page = await FirefoxPage.open(firefox, gate.origin + path);
  });

  after(async () => {
    await page?.close();
    await gate?.close();
    await echo?.kill();
  });

  step(`connects${unpoliced.includes(transport) ? '' : ' under a strict content security policy'}`, async () => {
    await page.connect(name, transport);
    await page.untilEvent('connect');
    await page.send('!whoami');
    const { id, transport: chosen } = await page.receivesOne();
    assert.deepEqual([chosen, id], [transport, await page.session()]);
  });

  step('carries text and JSON', async () => {
    await page.send('text', 'é漢😀', 'a\nb');
    await page.sendJson({ text: 'é漢😀\n', list: [1, null, { deep: true }] });
    await page.receives('text', 'é漢😀', 'a\nb', { text: 'é漢😀\n', list: [1, null, { deep: true }] });
  });

  step('carries 300 messages in order, both ways', async () => {
    await page.send('!burst 300');
    await page.receives(...numbers);
    await page.send(...numbers);
    await page.receives(...numbers);
  });

  if (name !== 'new io.Socket') {
    step('has acknowledgements and namespaces', async () => {
      assert.deepEqual(await page.acknowledged('/', 'echo', 'é漢😀', { a: [1] }), ['é漢😀', { a: [1] }]);
      await page.enter('/chat');
      await page.untilEvent('connect', 1, '/chat');
      await page.emit('/chat', 'echo', 'here', 1);
      await page.sendTo('/chat', 'text');
      await page.receivesFrom('/chat', ['echo', 'here', 1], 'text');
      assert.deepEqual(await page.acknowledged('/chat', 'echo', 'there'), ['there']);
      assert.equal(echo.connected.length, 1);
    });
  }

  step('comes back to a server that was killed and started again', async () => {
    const first = await page.session();
    await page.confirmed();
    await echo.kill();
    await page.untilEvent('disconnect');
    await page.send('said in between');
    await echo.restart();
    await page.untilEvent('reconnect');
    await page.receives('said in between');
    assert.notEqual(await page.session(), first);
    if (name === 'new io.Socket') return;
    await page.untilEvent('connect', 2, '/chat');
    await page.sendTo('/chat', 'here again');
    await page.receivesFrom('/chat', 'here again');
  });

  step('survives that all its connections are cut', async () => {
    const returns = page.count('reconnect');
    await page.confirmed();
    // The server knows by the next poll that the last answer was read, and by the one after that we know that it does.
    if (polls) await gate.untilRequests(poll, gate.requests.filter((line) => poll.test(line)).length + 2);
    gate.cut();
    // The browser may repeat a poll by itself: then the session goes on.
    if (!polls) await page.untilEvent('reconnect', returns + 1);
    await page.send('after the cut');
    await page.receives('after the cut');
  });

  step('lets the server know when the page is left', async () => {
    const id = await page.session();
    await echo.untilConnected(id);
    await page.tab.goto(`${gate.origin}/elsewhere`);
    const left = performance.now();
    await echo.untilDisconnected(id);
    const late = performance.now() - left;
    assert.ok(late < 2000, `after ${late} ms`);
  });

  step('did nothing twice, and nothing the page or its policy would complain of', () => {
    page.receivedNothingElse();
    assert.deepEqual(page.complaints, []);
  });
}
