// Pages that talk to a server of another origin, and pages that have no origin at all.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Echo, Gate, launchBrowser, Page, pages, script, transports } from './client.mjs';

let browser;
let echo;
let gate;
let folder;

before(async () => {
  browser = await launchBrowser();
  echo = await Echo.start({ ORIGINS: '*:*' });
  gate = await Gate.open(echo.port, pages);
  folder = mkdtempSync(path.join(tmpdir(), 'heirloom-'));
  writeFileSync(path.join(folder, 'page.html'), pages['/page/'][1]);
  writeFileSync(path.join(folder, 'client.js'), script);
});

after(async () => {
  await browser?.close();
  await gate?.close();
  await echo?.kill();
  if (folder) rmSync(folder, { recursive: true });
});

async function talks(page, transport, target) {
  await page.connect(transport, { ...target, early: ['before'] });
  await page.receives('before');
  await page.send('é漢😀\n', '', ...Array.from({ length: 20 }, (_, number) => `${number}`), { a: 1 });
  await page.receives('é漢😀\n', '', ...Array.from({ length: 20 }, (_, number) => `${number}`), { a: 1 });
  assert.deepEqual(page.exceptions, []);
  await page.close();
}

for (const transport of transports) {
  describe(transport, () => {
    it('reaches another port of the page host', async () => {
      await talks(await Page.open(browser, gate), transport, { port: echo.port });
    });

    it('reaches another host', async () => {
      await talks(await Page.open(browser, gate), transport, { host: 'localhost', port: echo.port });
    });

    it('reaches a server from a page that is a file', async () => {
      const page = await Page.open(browser, pathToFileURL(path.join(folder, 'page.html')).href);
      await talks(page, transport, { host: '127.0.0.1', port: echo.port });
    });
  });
}
