// The original clients of 0.7 to 0.9 in a browser: on a page of the server's own origin, and on one of another.

import { after, before, describe } from 'node:test';
import { behaves } from '../originals/behaviours.mjs';
import { launchBrowser } from './browser.mjs';
import { Front } from './front.mjs';
import { PageClient, scriptOf } from './packets-page.mjs';

const versions = {
  '0.9.17': {},
  '0.8.7': {},
  // The pattern it reads packets with ends at a line break.
  '0.7.11': { lineBreaks: false },
};

const places = {
  'on the own origin': { env: {}, urlOf: (_echo, front) => front.origin, gated: false },
  'on another origin': { env: { ORIGINS: '*:*' }, urlOf: (echo) => echo.url, gated: true },
};

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser?.close());

describe('the original client in a browser', { concurrency: 4 }, () => {
  for (const [version, traits] of Object.entries(versions)) {
    for (const transport of ['websocket', 'xhr-polling', 'jsonp-polling']) {
      for (const [place, { env, urlOf, gated }] of Object.entries(places)) {
        const start = async (echo) => {
          const front = await Front.open(echo.port);
          const client = await PageClient.open(browser, front.page(scriptOf(version)));
          const close = () => Promise.all([client.close(), front.close()]);
          return { client, url: urlOf(echo, front), close };
        };
        describe(`${version} over ${transport} ${place}`, { concurrency: 1 }, () =>
          behaves(transport, start, { env, gated, ...traits }));
      }
    }
  }
});
