// One file of the test suites that the packages of the original clients bring, run in a page.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { runInNewContext } from 'node:vm';
import { Gate } from '../gate.mjs';
import { script } from '../page.mjs';
import { installShould } from './should.mjs';

const { resolve } = createRequire(new URL('../../browser/', import.meta.url));
const caseLimit = 5_000;

const read = (version, file) =>
  readFileSync(path.join(path.dirname(resolve(`socket.io-client-${version}/package.json`)), 'test', file), 'utf8');

const html = `<!doctype html><meta charset="utf-8"><title>suite</title><link rel="icon" href="data:,">
<body><script src="/socket.io/socket.io.js"></script></body>`;

/** What a page needs, by path. The suites' own page has the script and the worker exactly here. */
function pages(version, transport) {
  const choice = transport ? `;io.transports = ${JSON.stringify([transport])};` : '';
  const worker = version === '0.7.11' ? '' : read(version, 'worker.js');
  return {
    '/': ['text/html', html],
    '/socket.io/socket.io.js': ['text/javascript', script + choice],
    '/test/worker.js': ['text/javascript', worker],
  };
}

/** Runs in the page: what the suites expect to find in theirs, and `runCase`. */
function installRunner(limit) {
  let address;
  let fail = null;
  const report = (reason) => (fail ?? ((stray) => window.strays.push(stray)))(String(reason));
  window.addEventListener('error', ({ message }) => report(message));
  window.addEventListener('unhandledrejection', ({ reason }) => report(reason));

  window.module = {};
  window.uri = () => address;
  window.create = (rest = '') => io.connect(address + rest);
  window.strays = [];

  /** Resolves to why the case failed, or to null. */
  window.runCase = (name, server) => {
    address = server;
    const run = module.exports[name];
    const ended = new Promise((resolve, reject) => {
      fail = reject;
      setTimeout(reject, limit, 'no end');
      // A case that takes a function says itself when it is over, and some say it twice.
      run((reason) => (reason ? reject(reason) : resolve(null)));
      if (run.length === 0) resolve(null);
    });
    return ended.catch(String).finally(() => (fail = null));
  };
}

/** What came of the cases of a suite. */
class Outcome {
  passed = 0;
  /** `name: reason` */
  failed = {};
  /** Exceptions between the cases. */
  strays = [];
  /** The names of the transports the page has used. */
  transports = new Set();

  add(name, reason) {
    if (reason === null) this.passed += 1;
    else this.failed[name] = reason;
  }

  addRequest(url) {
    const [, transport] = /\/socket\.io\/1\/([^/?]+)\//.exec(url) ?? [];
    if (transport) this.transports.add(transport);
  }
}

export class Suite {
  constructor(version, name) {
    Object.assign(this, { version, name, source: read(version, `${name}.test.js`) });
    const globals = { module: {}, io: {}, should: { fail() {} } };
    runInNewContext(this.source, globals);
    this.cases = Object.keys(globals.module.exports);
  }

  /** Runs the suite where its authors ran it: on a page on port 3000, which one of its cases takes for granted. */
  async run(tab) {
    const files = pages(this.version);
    const address = 'http://localhost:3000/';
    await tab.route(`${address}**`, (route) => {
      const [contentType, body] = files[new URL(route.request().url()).pathname];
      return route.fulfill({ contentType: `${contentType}; charset=utf-8`, body });
    });
    const outcome = await this.#run(tab, () => ({ page: address }));
    await tab.unroute(`${address}**`);
    return outcome;
  }

  /** Runs the suite over one transport from a page of another origin than the servers of its cases. */
  async runAcross(tab, ports, transport) {
    const gate = await Gate.open(0, pages(this.version, transport));
    try {
      return await this.#run(tab, (name) => ({ page: gate.origin, address: `http://127.0.0.1:${ports[name]}` }));
    } finally {
      await gate.close();
    }
  }

  /** Runs each case on a page of its own, of the same origin as its server. */
  async runWithin(tab, ports, transport) {
    const files = pages(this.version, transport);
    const gates = await Promise.all(this.cases.map((name) => Gate.open(ports[name], files)));
    try {
      return await this.#run(tab, (name) => {
        const { origin } = gates[this.cases.indexOf(name)];
        return { page: origin, address: origin };
      });
    } finally {
      await Promise.all(gates.map((gate) => gate.close()));
    }
  }

  /** The cases one after the other. `place` says on which page a case is to run, and the address of its server. */
  async #run(tab, place) {
    const outcome = new Outcome();
    const notice = (request) => outcome.addRequest(request.url());
    tab.on('request', notice).on('websocket', notice);
    let current;
    for (const name of this.cases) {
      const { page, address } = place(name);
      if (page !== current) {
        current = page;
        await tab.goto(page);
        await tab.evaluate(installShould);
        await tab.evaluate(installRunner, caseLimit);
        await tab.addScriptTag({ content: this.source });
      }
      outcome.add(name, await tab.evaluate((which) => window.runCase(...which), [name, address]));
    }
    outcome.strays = await tab.evaluate(() => window.strays);
    // Whatever is still open belongs to this suite.
    await tab.goto('about:blank');
    tab.off('request', notice).off('websocket', notice);
    return outcome;
  }
}
