// A page of our client behind a bad way to its server, whichever of the two ways of the packets generation it was
// written in.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ConnectPage, Echo, isOriginal, pages } from './client.mjs';
import { Proxy } from './proxy.mjs';

/** `io.connect` as in 0.9, and `io` as since 1.0. */
export const apis = isOriginal ? ['connect'] : ['connect', 'io'];

const optionNames = {
  connect: {
    delay: 'reconnection delay',
    limit: 'reconnection limit',
    attempts: 'max reconnection attempts',
    timeout: 'connect timeout',
    fallback: 'try multiple transports',
    reconnect: 'reconnect',
    auto: 'auto connect',
  },
  io: {
    delay: 'reconnectionDelay',
    limit: 'reconnectionDelayMax',
    attempts: 'reconnectionAttempts',
    timeout: 'timeout',
    reconnect: 'reconnection',
    auto: 'autoConnect',
  },
};

// Runs in the page before everything else, and keeps account of what a script may leave behind.
function keepAccount() {
  window.timers = new Set();
  for (const kind of ['Timeout', 'Interval']) {
    const [set, clear] = [window[`set${kind}`], window[`clear${kind}`]];
    window[`set${kind}`] = (task, delay) => {
      const timer = set(() => {
        if (kind === 'Timeout') window.timers.delete(timer);
        task();
      }, delay);
      window.timers.add(timer);
      return timer;
    };
    window[`clear${kind}`] = (timer) => {
      window.timers.delete(timer);
      clear(timer);
    };
  }
  window.listening = 0;
  for (const [method, step] of Object.entries({ addEventListener: 1, removeEventListener: -1 })) {
    const original = EventTarget.prototype[method];
    EventTarget.prototype[method] = function (...details) {
      // There is no `this` when it is called as a function of the page.
      if (!this || this === window || this === document) window.listening += step;
      return original.apply(this ?? window, details);
    };
  }
}

// Tabs that are free: to open one costs more than all that a test does with it.
const free = [];

async function openTab(browser) {
  const host = await ConnectPage.open(browser, 'about:blank');
  await host.tab.addInitScript(keepAccount);
  return host;
}

export class OutagePage extends ConnectPage {
  #host;

  /** Opens the page of a proxy. */
  static async open(browser, proxy) {
    const host = free.pop() ?? (await openTab(browser));
    const page = new OutagePage();
    page.#host = host;
    page.tab = host.tab;
    page.exceptions = host.exceptions = [];
    host.reported = (event) => page.reported(event);
    await host.tab.goto(`${proxy.origin}/page/`);
    return page;
  }

  async close() {
    this.#host.reported = () => {};
    await this.tab.goto('about:blank');
    free.push(this.#host);
  }

  /** Opens the connection, with options by the names that both ways have in common here. */
  begin(transport, { delay = 50, ...others } = {}) {
    const names = optionNames[this.api];
    const entries = Object.entries({ delay, ...others }).map(([name, value]) => [names[name] ?? name, value]);
    return this.connect(transport, Object.fromEntries(entries));
  }

  /** The same, and waits until it is there; gives the session id. */
  async begun(transport, options) {
    await this.begin(transport, options);
    await this.untilEvent('connect');
    return this.session();
  }

  session() {
    return this.evaluate(() => (window.socket.socket || window.socket.io).sessionid);
  }

  /** What a namespace has been told so far: texts and values, and events as lists that begin with their name. */
  heard(key = '/') {
    const told = this.of(key).events.filter(({ name }) => name === 'message' || name === 'echo');
    return told.map(({ name, details }) => (name === 'message' ? details[0] : [name, ...details]));
  }

  /** Waits until a namespace has been told so much, which must be exactly this. */
  async hears(expected, key = '/') {
    await this.of(key).until(() => this.heard(key).length >= expected.length, `${expected.length} in ${key}`);
    assert.deepEqual(this.heard(key), expected);
  }

  /** Waits until a namespace was told this last. */
  async hearsAtLast(text, key = '/') {
    await this.of(key).until(() => this.heard(key).at(-1) === text, `${text} in ${key}`);
  }

  /** The details of every event of that name. */
  told(name, key = '/') {
    return this.of(key).events.filter((event) => event.name === name).map(({ details }) => details);
  }

  /** Events that say how the connection is, without those that say why. */
  get lifeCycle() {
    return this.history.filter(([name]) => !['message', 'echo', 'error', 'reconnect_error'].includes(name));
  }

  /** How many elements there are in the page and its frames, and how many different callbacks for scripts. */
  sizes() {
    return this.evaluate(() => {
      const elements = (place) => {
        const frames = [...place.querySelectorAll('iframe')].map((frame) => frame.contentDocument);
        const inner = frames.filter(Boolean).map(elements);
        return inner.reduce((sum, size) => sum + size, place.querySelectorAll('*').length);
      };
      return { elements: elements(document), callbacks: new Set(io.j.concat(io.JSONP ?? [])).size };
    });
  }

  /** Waits until no timer runs in the page. */
  untilIdle() {
    return this.tab.waitForFunction(() => window.timers.size === 0, undefined, { timeout: 3000 });
  }

  leave() {
    return this.evaluate(() => void window.socket.disconnect());
  }

  /** The page asks for the connection itself, when nobody tries any more. */
  returns() {
    return this.evaluate((api) => void (api === 'io' ? window.socket : window.socket.socket).connect(), this.api);
  }
}

// In Chromium a frame whose stream broke looks like one that waits: there only silence tells, which must not be long.
const timings = { HEARTBEAT_INTERVAL: '500', HEARTBEAT_TIMEOUT: '3000' };

/** A server, the bad way to it, and a page on that way. */
export async function visit(test, browser, { api = 'connect', env } = {}) {
  const echo = await Echo.start({ ...timings, ...env });
  const proxy = await Proxy.open(echo.port, pages);
  const page = await OutagePage.open(browser, proxy);
  page.api = api;
  test.after(() => Promise.all([page.close(), proxy.close(), echo.kill()]));
  return { echo, proxy, page };
}

/** Returns what declares tests in the browser that `browser` gives; each has a server, a way and a page of its own. */
export function declarer(browser) {
  return (name, check, { ours = false, ...options } = {}) =>
    it(name, { skip: ours && isOriginal && 'only ours does' }, async (test) => {
      const place = await visit(test, browser(), options);
      await check(place);
      assert.deepEqual(place.page.exceptions, []);
    });
}

/** Nothing is to happen for a while, which no condition tells. */
export const quiet = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const polls = /^GET .*-polling/;
export const patterns = {
  handshake: /^GET \/socket\.io\/1\/\?/,
  websocket: /^GET .*\/websocket\//,
  poll: polls,
  post: /^POST/,
  client: /socket\.io\/1\//,
};
