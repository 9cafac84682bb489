// Pages go away, and some come back: the server hears of it at once.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ConnectPage, Echo, everyTransport, Gate, launchBrowser, Page, pages } from './client.mjs';

let browser;
let echo;

before(async () => {
  browser = await launchBrowser();
  // By default, who only falls silent is missed after eight seconds at the earliest.
  echo = await Echo.start();
});

after(async () => {
  await browser?.close();
  await echo?.kill();
});

const wires = {
  'io.Socket': {
    kind: Page,
    async connect(page, transport) {
      await page.connect(transport);
      return page.untilConnected();
    },
    goodbye: (transport, id) => new RegExp(`^POST /socket\\.io/${transport}/${id}/disconnect HTTP`),
    current: () => window.socket.transport.sessionid,
  },
  'io.connect': {
    kind: ConnectPage,
    connect: (page, transport) => page.connected(transport),
    goodbye: (transport, id) => new RegExp(`^POST /socket\\.io/1/${transport}/${id}\\?`),
    current: () => window.socket.socket.sessionid,
  },
};

const idle = [];

/** A page at a gate of its own, connected. */
async function visit(test, wire, transport) {
  const { kind, connect } = wires[wire];
  const gate = await Gate.open(echo.port, pages);
  const free = idle.findIndex((page) => page.constructor === kind);
  const page = free < 0 ? await kind.open(browser, 'about:blank') : idle.splice(free, 1)[0];
  test.after(async () => {
    if (!page.tab.isClosed()) idle.push(page);
    await gate.close();
  });
  await page.visit(gate);
  const id = await connect(page, transport);
  await echo.untilConnected(id);
  return { gate, page, id };
}

async function hearsOfTheEndOf(id) {
  const started = performance.now();
  await echo.untilDisconnected(id);
  const taken = performance.now() - started;
  assert.ok(taken < 3000, `after ${taken} ms`);
  assert.equal(echo.disconnects(id), 1);
}

for (const wire of Object.keys(wires)) {
  describe(`a page with ${wire}`, { concurrency: 3 }, () => {
    for (const transport of everyTransport) {
      it(`that goes elsewhere leaves over ${transport}`, async (test) => {
        const { gate, page, id } = await visit(test, wire, transport);
        await page.tab.goto('about:blank');
        await hearsOfTheEndOf(id);
        if (!transport.endsWith('polling')) return;
        // A poll that is given up may come to life again, so only a word of the page's own ends the session.
        await gate.untilRequest(wires[wire].goodbye(transport, id));
      });
    }

    for (const transport of everyTransport) {
      it(`that says something and goes elsewhere is heard over ${transport}`, async (test) => {
        const { page, id } = await visit(test, wire, transport);
        const other = await visit(test, 'io.connect', 'websocket');
        await other.page.send(`!join ${id}`);
        await other.page.receives('ok');
        await page.evaluate((room) => {
          window.socket.send(`!say ${room} one`);
          window.socket.send(`!say ${room} two`);
          location.href = 'about:blank';
        }, id);
        await other.page.until(() => other.page.messages.includes('two'), 'the last word');
        // A form that is under way just then, a browser takes back.
        const heard = other.page.messages.slice(1);
        if (transport !== 'jsonp-polling' || heard.length > 1) assert.deepEqual(heard, ['one', 'two']);
        await hearsOfTheEndOf(id);
        await page.tab.waitForURL('about:blank');
      });
    }

    for (const transport of ['websocket', 'xhr-polling']) {
      it(`that is closed leaves over ${transport}`, async (test) => {
        const { page, id } = await visit(test, wire, transport);
        const closed = page.tab.waitForEvent('close');
        await page.tab.close({ runBeforeUnload: true });
        await hearsOfTheEndOf(id);
        await closed;
      });
    }

    for (const transport of ['websocket', 'xhr-polling', 'server-events']) {
      it(`that the browser keeps and shows again connects again over ${transport}`, async (test) => {
        const { page, id } = await visit(test, wire, transport);
        // Chromium keeps no page that is driven by somebody else.
        const turn = (name) =>
          page.evaluate((type) => {
            window.dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
          }, name);
        await turn('pagehide');
        await hearsOfTheEndOf(id);
        await page.send('said while nobody looked');
        await turn('pageshow');
        await page.receives('said while nobody looked');
        const next = await page.evaluate(wires[wire].current);
        assert.notEqual(next, id);
        assert.deepEqual(page.exceptions, []);
        await echo.untilConnected(next);
        assert.equal(echo.disconnects(next), 0);
      });
    }

    it('that has left by itself says nothing more', async (test) => {
      const { gate, page, id } = await visit(test, wire, 'xhr-polling');
      await page.evaluate(() => window.socket.disconnect());
      await hearsOfTheEndOf(id);
      const asked = gate.requests.length;
      await page.tab.goto(`${gate.origin}/page/`);
      assert.deepEqual(gate.requests.slice(asked).filter((line) => line.includes(id)), []);
    });
  });
}

describe('a page that wants a synchronous goodbye', () => {
  it('says one that browsers of today let through', async (test) => {
    const gate = await Gate.open(echo.port, pages);
    const page = await ConnectPage.open(browser, gate);
    test.after(async () => {
      await page.close();
      await gate.close();
    });
    const id = await page.connected('xhr-polling', { 'sync disconnect on unload': true });
    await page.tab.goto('about:blank');
    await hearsOfTheEndOf(id);
  });
});
