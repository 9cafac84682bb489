// A page that runs our client and reports what it says.
//
// HEIRLOOM_CLIENT names another script to run in the place of ours: the minified one, or an original client.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { until } from '../browser/until.mjs';

const file = process.env.HEIRLOOM_CLIENT ?? new URL('../../static/socket.io.js', import.meta.url);
export const script = readFileSync(file, 'utf8');

const html = `<!doctype html><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,">
<body><script src="client.js"></script></body>`;

/** What a gate has to serve for pages to open through it. */
export const pages = { '/page/': ['text/html', html], '/page/client.js': ['text/javascript', script] };

// Runs in the page.
function drive() {
  if (window !== window.top) return;
  window.openSocket = (host, options, early) => {
    const socket = new io.Socket(host, options);
    const names = ['connecting', 'connect', 'connect_failed', 'message', 'disconnect', 'reconnecting', 'reconnect'];
    for (const name of [...names, 'reconnect_failed', 'error']) {
      socket.on(name, (...details) => {
        if (name === 'error') details = [];
        window.report({ name, details, at: performance.now(), session: socket.transport.sessionid });
      });
    }
    window.socket = socket;
    early.forEach((message) => socket.send(message));
    socket.connect();
    return socket.transport && socket.transport.type;
  };
}

/** What was reported of one thing, in order, and how to wait for more of it. */
export class Log {
  /** `{name, details, at}` of every event. */
  events = [];
  #changes = new EventEmitter().setMaxListeners(0);
  #read = 0;

  note(list, entry) {
    this[list].push(entry);
    this.#changes.emit('change');
  }

  until(condition, wanted, limit) {
    const complaint = () => `${wanted}: not seen. Last events: ${JSON.stringify(this.events.slice(-8))}`;
    return until(this.#changes, () => condition(this), complaint, limit);
  }

  count(name) {
    return this.events.filter((event) => event.name === name).length;
  }

  /** Waits for the `times`th event of that name. */
  async untilEvent(name, times = 1, limit = undefined) {
    await this.until(() => this.count(name) >= times, `event ${name} (${times})`, limit);
    return this.events.filter((event) => event.name === name)[times - 1];
  }

  get messages() {
    return this.events.filter((event) => event.name === 'message').map((event) => event.details[0]);
  }

  /** The events so far as `[name, ...details]`. */
  get history() {
    return this.events.map((event) => [event.name, ...event.details]);
  }

  /** The messages that come next must be exactly these. A message delivered twice fails here or in the next call. */
  async receives(...expected) {
    assert.deepEqual(await this.#next(expected.length), expected);
  }

  async receivesOne() {
    return (await this.#next(1))[0];
  }

  receivedNothingElse() {
    assert.deepEqual(this.messages.slice(this.#read), []);
  }

  /** As if nothing had been reported yet. */
  clear() {
    this.events = [];
    this.#read = 0;
  }

  async #next(count) {
    await this.until(() => this.messages.length >= this.#read + count, `${count} more messages`);
    this.#read += count;
    return this.messages.slice(this.#read - count, this.#read);
  }
}

/** A page with one `io.Socket`. */
export class Page extends Log {
  /** `METHOD url` of every request, the bodies of POSTs, and the text of received WebSocket frames. */
  requests = [];
  bodies = [];
  frames = [];
  exceptions = [];

  /** What runs in the page before its own scripts. */
  static driver = drive;

  /** Opens the page of a gate, or the one at an address. */
  static async open(browser, where) {
    const page = new this();
    page.context = await browser.newContext();
    const tab = (page.tab = await page.context.newPage());
    await tab.exposeFunction('report', (event) => page.reported(event));
    await tab.addInitScript(this.driver);
    tab.on('request', (request) => {
      page.note('requests', `${request.method()} ${request.url()}`);
      if (request.method() === 'POST') page.note('bodies', request.postData() ?? '');
    });
    tab.on('websocket', (socket) => {
      page.note('requests', `GET ${socket.url()}`);
      socket.on('framereceived', ({ payload }) => page.note('frames', payload));
    });
    tab.on('pageerror', (error) => page.note('exceptions', error.message));
    await page.visit(where);
    return page;
  }

  /** Goes to the page of a gate, or to the one at an address, and forgets the page before. */
  async visit(where) {
    await this.tab.goto(where.origin ? `${where.origin}/page/` : where);
    this.clear();
  }

  clear() {
    super.clear();
    for (const list of ['requests', 'bodies', 'frames', 'exceptions']) this[list] = [];
  }

  reported(event) {
    this.note('events', event);
  }

  /** Opens the page's socket, returns the type of its transport. `early` is sent before connect() is called. */
  connect(transport, { host = null, early = [], ...options } = {}) {
    const chosen = transport ? { transports: [transport].flat() } : {};
    const settings = { rememberTransport: false, ...chosen, ...options };
    return this.tab.evaluate((all) => window.openSocket(...all), [host, settings, early]);
  }

  evaluate(task, argument) {
    return this.tab.evaluate(task, argument);
  }

  /** Waits for the `times`th connection and returns its session id. */
  async untilConnected(times) {
    return (await this.untilEvent('connect', times)).session;
  }

  send(...messages) {
    return this.tab.evaluate((all) => all.forEach((message) => window.socket.send(message)), messages);
  }

  close() {
    return this.context.close();
  }
}
