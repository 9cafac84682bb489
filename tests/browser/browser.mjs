// Visitors of a browser: a page each, with one client script and at most one socket.

import { EventEmitter } from 'node:events';
import assert from 'node:assert/strict';
import { drive, provideHtmlfile, provideMultipart } from './page.mjs';
import { until } from './until.mjs';

export { launchBrowser } from './chromium.mjs';

const shims = { htmlfile: provideHtmlfile, 'xhr-multipart': provideMultipart };

/** A page with a client script. It collects what the client tells it, in order. */
export class Visitor {
  /** `{name, details}` of every event the client raised. */
  events = [];
  /** `METHOD url` of every request the page made, the bodies of POSTs, and what came over WebSockets. */
  requests = [];
  bodies = [];
  frames = [];
  #changes = new EventEmitter().setMaxListeners(0);
  #read = 0;

  /** Opens the page at `address`. */
  static async open(browser, address) {
    const visitor = new Visitor();
    visitor.context = await browser.newContext();
    visitor.page = await visitor.context.newPage();
    const { page } = visitor;
    await page.exposeFunction('report', (event) => visitor.#note('events', event));
    await page.addInitScript(drive);
    page.on('request', (request) => {
      visitor.#note('requests', `${request.method()} ${request.url()}`);
      if (request.method() === 'POST') visitor.#note('bodies', request.postData() ?? '');
    });
    page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => visitor.#note('frames', payload)));
    page.on('pageerror', (error) => visitor.#note('events', { name: 'exception', details: [error.message] }));
    await page.goto(address);
    visitor.requests.length = 0;
    return visitor;
  }

  #note(list, entry) {
    this[list].push(entry);
    this.#changes.emit('change');
  }

  /**
   * Makes the client connect over one transport, or over its own choice if that is undefined, and returns the choice.
   * `early` is what the page sends before it calls connect.
   */
  async connect(transport, { host = null, early = [], ...options } = {}) {
    if (transport in shims) await this.page.evaluate(shims[transport]);
    const chosen = transport === undefined ? {} : { transports: [transport] };
    return this.page.evaluate(
      ([to, settings, messages]) => window.openSocket(to, settings, messages),
      [host, { rememberTransport: false, ...chosen, ...options }, early],
    );
  }

  /** Waits until the condition holds for what has happened on the page. */
  until(condition, wanted, limit) {
    return until(
      this.#changes,
      () => condition(this),
      () => `${wanted}: not seen. Last events: ${JSON.stringify(this.events.slice(-8))}`,
      limit,
    );
  }

  count(name) {
    return this.events.filter((event) => event.name === name).length;
  }

  /** Waits for the client's event, the `times`th of that name, and returns its details. */
  async untilEvent(name, times = 1) {
    await this.until(() => this.count(name) >= times, `event ${name} (${times})`);
    return this.events.filter((event) => event.name === name)[times - 1].details;
  }

  async untilConnected(times) {
    const [id] = await this.untilEvent('connect', times);
    return id;
  }

  get messages() {
    return this.events.filter((event) => event.name === 'message').map((event) => event.details[0]);
  }

  send(...messages) {
    return this.page.evaluate((all) => all.forEach((message) => window.socket.send(message)), messages);
  }

  /** The messages that come next must be exactly these. A message delivered twice fails here or in the next call. */
  async receives(...expected) {
    const received = await this.#next(expected.length);
    assert.deepEqual(received, expected);
  }

  /** The same, in whatever order. */
  async receivesInAnyOrder(...expected) {
    const received = await this.#next(expected.length);
    assert.deepEqual(received.sort(), expected.sort());
  }

  /** The next message, whatever it is. */
  async receivesOne() {
    return (await this.#next(1))[0];
  }

  /** Nothing was delivered that no call asked for. */
  receivedNothingElse() {
    assert.deepEqual(this.messages.slice(this.#read), []);
  }

  async #next(count) {
    await this.until(() => this.messages.length >= this.#read + count, `${count} more messages`);
    const received = this.messages.slice(this.#read, this.#read + count);
    this.#read += count;
    return received;
  }

  /** The client's own disconnect. */
  disconnect() {
    return this.page.evaluate(() => window.closeSocket());
  }

  /** The page goes away, as when its tab is closed. */
  close() {
    return this.context.close();
  }
}
