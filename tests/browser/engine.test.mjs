// The original clients of 1.x to 4.x in a browser. One browser serves them all.

import { after, before, describe } from 'node:test';
import { launchBrowser } from './browser.mjs';
import { behaves } from './engine-behaviours.mjs';
import { meetTheWorld } from './engine-encounters.mjs';
import { surviveOutages } from './engine-outages.mjs';
import { visit } from './engine-page.mjs';

const everyWay = ['polling', 'jsonp', 'websocket', 'upgrade'];
const versions = {
  // It reads a poll only when that is binary, and has one query for all namespaces.
  '1.3.7': { ways: ['polling'], views: false, insists: false },
  '1.7.4': { ways: everyWay, views: false },
  '2.5.0': { ways: everyWay },
  // It has no JSONP any more.
  '4.8.4': { ways: ['polling', 'websocket', 'upgrade'] },
};
const places = {
  'on the own origin': { place: {} },
  'on another origin': { place: { elsewhere: true, env: { ORIGINS: '*:*' } }, brief: true },
};

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser?.close());

describe('the original client in a browser', { concurrency: 4 }, () => {
  for (const [version, { ways, ...traits }] of Object.entries(versions)) {
    for (const way of ways) {
      for (const [name, { place, brief }] of Object.entries(places)) {
        const start = () => visit(browser, version, place);
        describe(`${version}, ${way}, ${name}`, { concurrency: 1 }, () => behaves(way, start, { ...traits, brief }));
      }
    }
  }
});

surviveOutages(() => browser);
meetTheWorld(() => browser);
