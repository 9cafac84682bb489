// The browser test suites of the original clients, out of their packages, with our script in the place of theirs.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launchBrowser } from './client.mjs';
import { Servers } from './suites/servers.mjs';
import { Suite } from './suites/suite.mjs';

/** How many cases each file of each version has. */
const sizes = {
  '0.9.17': { io: 3, util: 9, events: 6, parser: 38, socket: 22 },
  '0.8.7': { io: 3, util: 9, events: 6, parser: 38, socket: 20 },
  '0.7.11': { io: 3, util: 9, events: 6, parser: 37, socket: 17 },
};

const versions = Object.keys(sizes);

/** The cases that cannot pass, and why. One that passes after all is a failure, too. */
const exceptions = [
  {
    why: 'a worker has no document, and so neither script elements nor frames',
    transports: ['jsonp-polling', 'htmlfile'],
    name: 'test webworker connection',
    reason: /Unexpected message: connect failed/,
  },
  {
    why: 'without a name, 0.7 and 0.8 removed no listener; 0.9 removes all, and so do we',
    versions: ['0.8.7', '0.7.11'],
    name: 'remove all listeners with no arguments',
    reason: /expected \[\] to be like/,
  },
];

let browser;
let servers;

before(async () => {
  servers = await Servers.start();
  browser = await launchBrowser();
});

after(async () => {
  await Promise.all([browser?.close(), servers?.stop()]);
});

/** All cases pass but the exceptions, which fail for the reason that is known. */
function check(suite, transport, outcome) {
  const { version, name } = suite;
  const expected = exceptions.filter(
    (exception) =>
      suite.cases.includes(exception.name) &&
      (exception.versions ?? versions).includes(version) &&
      (exception.transports ?? [transport]).includes(transport),
  );
  const failed = Object.entries(outcome.failed);
  const isKnown = ([name, reason]) => expected.some((one) => one.name === name && one.reason.test(reason));
  const unknown = failed.filter((failure) => !isKnown(failure));
  assert.deepEqual(unknown, []);
  assert.equal(failed.length, expected.length, 'what was an exception passes now');
  assert.equal(outcome.passed, sizes[version][name] - expected.length);
  assert.deepEqual(outcome.strays, []);
  assert.deepEqual([...outcome.transports], transport ? [transport] : []);
}

/** A theme, in a tab of its own. `run` runs one suite in it. */
function theme(title, transport, suites, run) {
  describe(title, { concurrency: 1 }, () => {
    let tab;
    before(async () => {
      tab = await browser.newPage();
    });
    after(() => tab?.close());
    for (const [version, name] of suites) {
      it(`${name}, ${version}, ${sizes[version][name]} cases`, async () => {
        const suite = new Suite(version, name);
        check(suite, transport, await run(suite, tab));
      });
    }
  });
}

const across = (transport) => (suite, tab) => suite.runAcross(tab, servers.ports, transport);

describe('the suites of the original clients', { concurrency: 4 }, () => {
  for (const transport of ['websocket', 'xhr-polling', 'jsonp-polling']) {
    theme(`over ${transport}`, transport, versions.map((version) => [version, 'socket']), across(transport));
  }
  const others = ['io', 'util', 'events', 'parser'];
  theme('without a server', null, versions.flatMap((version) => others.map((name) => [version, name])), (suite, tab) =>
    suite.run(tab),
  );
  // The originals had these on a page of the same origin or of a browser of their time only, or not at all.
  for (const transport of ['xhr-multipart', 'server-events']) {
    theme(`over ${transport}`, transport, [['0.9.17', 'socket']], across(transport));
  }
  theme('over htmlfile', 'htmlfile', [['0.9.17', 'socket']], (suite, tab) =>
    suite.runWithin(tab, servers.ports, 'htmlfile'),
  );
});
