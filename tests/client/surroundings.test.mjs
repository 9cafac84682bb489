// Where our client has to work: under strict policies, in files, workers and modules, beside other scripts.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ConnectPage, Echo, everyTransport, Gate, launchBrowser, pages, script } from './client.mjs';
import { kinds, talked, talkScript } from './talk.mjs';

const head = '<!doctype html><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,">';
const html = (body, inHead = '') => ['text/html', `${head}${inHead}<body>${body}</body>`];
const javascript = (text) => ['text/javascript', text];
const served = {
  ...pages,
  '/page/talk.js': javascript(talkScript),
  '/page/talking/': html('<script src="../client.js"></script><script src="../talk.js"></script>'),
};
const withoutDocument = ['websocket', 'xhr-polling', 'xhr-multipart', 'server-events'];

let browser;
let echo;
let page;

before(async () => {
  browser = await launchBrowser();
  page = await ConnectPage.open(browser, 'about:blank');
  echo = await Echo.start({ POLL_DURATION: '400', CLOSE_TIMEOUT: '3000', ORIGINS: '*:*' });
});

after(async () => {
  await browser?.close();
  await echo?.kill();
});

/** Goes to a page of a new gate that has, beside the usual, what `own` says. */
async function open(test, own = {}, where = '/page/talking/') {
  const gate = await Gate.open(echo.port, { ...served, ...own });
  test.after(async () => {
    await page.visit('about:blank');
    await gate.close();
  });
  await page.visit(gate.origin + where);
}

/** One conversation after the other, over every interface and transport of the lists. */
async function talks(transports, url = '', list = kinds) {
  for (const kind of list) {
    for (const transport of transports) {
      const answer = await page.evaluate(
        ([api, types, address]) => window.talk(window.io, api, types, address),
        [kind, [transport].flat(), url],
      );
      assert.deepEqual(answer, talked(kind, [transport].flat().at(-1)), `${kind} over ${transport}`);
    }
  }
  assert.deepEqual(page.exceptions, []);
}

describe('under a policy that forbids eval, inline script and frames', () => {
  const policy = `default-src 'none'; script-src 'self'; connect-src 'self' ws://127.0.0.1:*; img-src data:`;
  const strict = {
    '/page/strict/': html(
      '<script src="../violations.js"></script><script src="../client.js"></script><script src="../talk.js"></script>',
      `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    ),
    '/page/violations.js': javascript(`
      window.violations = [];
      document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.effectiveDirective));
    `),
  };

  // What happens in a frame, the browser tells only on the console.
  async function openStrict(test) {
    await open(test, strict, '/page/strict/');
    page.complaints = [];
    const listener = (message) => page.note('complaints', message.text());
    page.tab.on('console', listener);
    test.after(() => page.tab.off('console', listener));
  }

  it('what needs no more than requests works, and violates nothing', async (test) => {
    await openStrict(test);
    await talks(withoutDocument);
    assert.deepEqual(await page.evaluate(() => window.violations), []);
    assert.deepEqual(page.complaints, []);
  });

  it('a transport that needs a frame gives way to the next', async (test) => {
    await openStrict(test);
    await talks([['htmlfile', 'xhr-polling']], '', ['connect']);
    await page.until(() => page.complaints.length > 0, 'a complaint about the frame');
    for (const complaint of page.complaints) assert.match(complaint, /Content Security Policy/);
  });
});

describe('a page that is a file', () => {
  let folder;

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'heirloom-'));
    const scripts = '<script src="client.js"></script><script src="talk.js"></script>';
    writeFileSync(path.join(folder, 'page.html'), head + scripts);
    writeFileSync(path.join(folder, 'client.js'), script);
    writeFileSync(path.join(folder, 'talk.js'), talkScript);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('reaches a server that allows it', async () => {
    await page.visit(pathToFileURL(path.join(folder, 'page.html')).href);
    await talks([...withoutDocument, 'jsonp-polling'], echo.url);
  });
});

describe('a worker', () => {
  const listen = `
    onmessage = ({ data: [kind, transports] }) => {
      self.talk(self.io, kind, transports, '').then(postMessage, (error) => postMessage(error.message));
    };
  `;
  const workers = {
    '/page/worker.js': javascript(`importScripts('client.js', 'talk.js'); ${listen}`),
    '/page/module-worker.js': javascript(`
      import io from '/socket.io/socket.io.esm.min.js';
      import './talk.js';
      self.io ??= io;
      ${listen}
    `),
  };
  const ask = (file, type, ...request) =>
    page.evaluate(
      ([address, options, message]) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(address, options);
          worker.onmessage = ({ data }) => {
            worker.terminate();
            resolve(data);
          };
          worker.onerror = (event) => reject(new Error(`the worker failed: ${event.message}`));
          worker.postMessage(message);
        }),
      [file, { type }, request],
    );

  it('talks over everything that needs no document', async (test) => {
    await open(test, workers);
    for (const kind of kinds) {
      for (const transport of withoutDocument) {
        const answer = await ask('/page/worker.js', 'classic', kind, [transport]);
        assert.deepEqual(answer, talked(kind, transport), `${kind} over ${transport}`);
      }
    }
  });

  it('has the next transport tried when one needs a document', async (test) => {
    await open(test, workers);
    const wanted = ['htmlfile', 'jsonp-polling', 'xhr-polling'];
    assert.deepEqual(await ask('/page/worker.js', 'classic', 'connect', wanted), talked('connect', 'xhr-polling'));
    assert.equal(await ask('/page/worker.js', 'classic', 'connect', ['jsonp-polling']), 'connect_failed');
  });

  it('may be a module', async (test) => {
    await open(test, workers);
    for (const kind of kinds) {
      const answer = await ask('/page/module-worker.js', 'module', kind, ['websocket']);
      assert.deepEqual(answer, talked(kind, 'websocket'));
    }
  });
});

describe('a page that is not there yet', () => {
  it('connects from its head', async (test) => {
    const inHead = `<script src="../client.js"></script><script src="../talk.js"></script><script>
      const transports = ${JSON.stringify(everyTransport)};
      window.talks = Promise.all(transports.map((name) => window.talk(io, 'connect', [name], '')));
    </script>`;
    await open(test, { '/page/head/': html('', inHead) }, '/page/head/');
    const answers = await page.evaluate(() => window.talks);
    assert.deepEqual(answers, everyTransport.map((transport) => talked('connect', transport)));
  });
});

describe('a module', () => {
  const module = (origin) =>
    javascript(`
      import io, { io as named, connect } from '${origin}/socket.io/socket.io.esm.min.js';
      import '../talk.js';
      window.exported = [io === named, connect === io.connect, typeof io, io.protocol];
      window.imported = io;
      window.ready = true;
    `);

  for (const [name, origin] of [['this', () => ''], ['another', () => `http://localhost:${echo.port}`]]) {
    it(`gets our client from ${name} server`, async (test) => {
      const body = html('<script type="module" src="module.js"></script>');
      await open(test, { '/page/module/': body, '/page/module/module.js': module(origin()) }, '/page/module/');
      await page.tab.waitForFunction(() => window.ready);
      assert.deepEqual(await page.evaluate(() => window.exported), [true, true, 'function', 1]);
      for (const kind of kinds) {
        for (const transport of ['websocket', 'jsonp-polling']) {
          const answer = await page.evaluate(
            (all) => window.talk(window.imported, ...all),
            [kind, [transport], origin()],
          );
          assert.deepEqual(answer, talked(kind, transport));
        }
      }
    });
  }
});

describe('beside other scripts', () => {
  /** A page with a script before ours, and the interfaces and transports talking there. */
  async function openAfter(test, text) {
    const body = ['first', 'client', 'talk'].map((name) => `<script src="../${name}.js"></script>`).join('');
    await open(test, { '/page/after/': html(body), '/page/first.js': javascript(text) }, '/page/after/');
  }

  it('our client leaves the page one name, set once, and the one of the Flash file', async (test) => {
    await openAfter(
      test,
      `
        window.before = new Set([...Object.getOwnPropertyNames(window), 'before', 'assignments', 'io', 'talk']);
        window.assignments = 0;
        let io;
        Object.defineProperty(window, 'io', {
          get: () => io,
          set: (value) => {
            io = value;
            window.assignments += 1;
          },
        });
      `,
    );
    const added = () =>
      page.evaluate(() => Object.getOwnPropertyNames(window).filter((name) => !window.before.has(name)).sort());
    assert.deepEqual(await added(), ['WEB_SOCKET_SWF_LOCATION']);
    await talks(everyTransport);
    assert.equal(await page.evaluate(() => window.assignments), 1);
    assert.deepEqual(await added(), ['WEB_SOCKET_SWF_LOCATION']);
  });

  it('it is a module for a loader of the time, and the global all the same', async (test) => {
    await openAfter(
      test,
      `
        window.defined = [];
        window.define = (...all) => window.defined.push(all.pop()());
        window.define.amd = {};
      `,
    );
    assert.deepEqual(await page.evaluate(() => window.defined.map((module) => module === window.io)), [true]);
    await talks(['jsonp-polling', 'websocket']);
  });

  it('it is an export where there is CommonJS, and the global all the same', async (test) => {
    await openAfter(test, 'window.module = { exports: {} }; window.exports = window.module.exports;');
    assert.equal(await page.evaluate(() => window.module.exports === window.io), true);
    await talks(['jsonp-polling', 'websocket']);
  });

  it('it works where every object and every list has members of the page', async (test) => {
    await openAfter(
      test,
      `
        Object.prototype.extend = function () { return this; };
        Object.prototype.isObject = true;
        Array.prototype.each = function (task) { for (let i = 0; i < this.length; i += 1) task(this[i]); };
        Array.prototype.total = 0;
        Function.prototype.named = 'a function';
        String.prototype.trimmed = 'a text';
      `,
    );
    await talks(everyTransport);
  });

  it('two sockets of a page do not disturb each other', async (test) => {
    await open(test);
    for (const transport of everyTransport) {
      const [two, three] = await page.evaluate(
        (type) =>
          Promise.all([
            Promise.all([window.talk(io, 'connect', [type], ''), window.talk(io, 'io', [type], '')]),
            Promise.all([window.talk(io, 'Socket', [type], ''), window.talk(io, 'Socket', [type], '')]),
          ]),
        transport,
      );
      assert.deepEqual(two, [talked('connect', transport), talked('io', transport)]);
      assert.deepEqual(three, [talked('Socket', transport), talked('Socket', transport)]);
    }
    assert.deepEqual(page.exceptions, []);
  });
});
