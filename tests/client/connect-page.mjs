// A page that runs our client for servers of 0.7 to 0.9, through `io.connect` or through `io`, and reports what every
// namespace says.

import { Log, Page } from './page.mjs';

// Runs in the page.
function drive() {
  if (window !== window.top) return;
  const lifeCycle = ['connecting', 'connect', 'connect_failed', 'disconnect', 'reconnecting', 'reconnect'];
  const since = ['connect_error', 'connect_timeout', 'reconnect_attempt', 'reconnect_error'];
  const names = [...lifeCycle, ...since, 'reconnect_failed', 'error', 'message', 'echo'];
  const plain = (detail) => {
    if (typeof detail === 'function') return 'a function';
    if (detail instanceof Error) return `Error: ${detail.message}`;
    return detail instanceof Event ? 'an event' : (detail ?? null);
  };

  // Reporting takes time, so what comes in one go is reported in one go.
  let waiting = [];
  const report = (event) => {
    if (waiting.push(event) > 1) return;
    setTimeout(() => {
      window.report(waiting);
      waiting = [];
    }, 0);
  };

  window.namespaces = {};

  /** Reports what an emitter says under the name of `key`. */
  window.watch = (key, emitter) => {
    for (const name of names) {
      emitter.on(name, (...details) => {
        while (details.length && details.at(-1) === undefined) details.pop();
        report({ key, name, details: details.map(plain), at: performance.now() });
      });
    }
    return emitter;
  };

  /** The same for a namespace that `api`, a function of `io`, returns for the other arguments. */
  window.enter = (key, api, ...args) => {
    window.namespaces[key] = window.watch(key, api === 'io' ? io(...args) : io[api](...args));
    return window.namespaces[key];
  };
}

export class ConnectPage extends Page {
  static driver = drive;
  /** `connect` for `io.connect`, `io` for `io` itself. */
  api = 'connect';
  /** The events of all namespaces, in order, each with the `key` of its own. */
  everything = [];
  #logs = new Map([['/', this]]);

  clear() {
    super.clear();
    this.everything = [];
    this.#logs = new Map([['/', this]]);
  }

  /** What one namespace says. The page itself is the log of the root. */
  of(key) {
    if (!this.#logs.has(key)) this.#logs.set(key, new Log());
    return this.#logs.get(key);
  }

  reported(events) {
    this.everything.push(...events);
    for (const event of events) this.of(event.key).note('events', event);
  }

  /** Opens the connection, with one transport or a list of them; `early` is sent to the root before anything else. */
  async connect(transport, { url = '', early = [], ...options } = {}) {
    const transports = transport && [transport].flat();
    await this.evaluate(
      ([api, address, settings, texts]) => {
        // 0.9 lays the lists of both over each other, and takes the wrong transport when only one of them is short.
        if (settings.transports && /^0\.[789]/.test(io.version)) io.transports = settings.transports.slice();
        window.socket = window.enter('/', api, address, settings);
        texts.forEach((text) => window.socket.send(text));
      },
      [this.api, url, { ...(transports && { transports }), ...options }, early],
    );
    return this;
  }

  /** Opens it and waits until it is there; gives the session id. */
  async connected(transport, options) {
    await this.connect(transport, options);
    await this.untilEvent('connect');
    return (await this.facts()).sessionid;
  }

  /** Enters a namespace over the same connection. */
  async enter(name, { url = name, options } = {}) {
    await this.evaluate((args) => void window.enter(...args), [name, this.api, url, options]);
    return this.of(name);
  }

  /** What the connection of the root is like just now. */
  facts() {
    return this.evaluate(() => {
      const { connected, connecting, reconnecting, open, sessionid, transport } = window.socket.socket;
      return { connected, connecting, reconnecting, open, sessionid, transport: transport && transport.name };
    });
  }

  /** Sends texts to a namespace, all at once. */
  sendTo(key, ...texts) {
    return this.evaluate(([name, all]) => all.forEach((text) => window.namespaces[name].send(text)), [key, texts]);
  }

  /** Emits an event in a namespace. */
  emit(key, ...args) {
    return this.evaluate(([name, all]) => void window.namespaces[name].emit(...all), [key, args]);
  }

  /** Calls a method that takes a callback last, and gives what that is called with. */
  answer(key, method, ...args) {
    return this.evaluate(
      ([name, path, all]) =>
        new Promise((resolve, reject) => {
          setTimeout(() => reject(new Error(`no answer to ${path}`)), 5000);
          const steps = path.split('.');
          const last = steps.pop();
          const target = steps.reduce((object, step) => object[step], window.namespaces[name]);
          target[last](...all, (...values) => resolve(values));
        }),
      [key, method, args],
    );
  }
}
