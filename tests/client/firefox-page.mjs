// A page in Firefox that runs our client through any of its three interfaces, and reports what it says.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { until } from '../browser/until.mjs';
import { Tab } from './firefox.mjs';

// Runs in the page.
function drive(report) {
  if (window !== window.top) return;
  addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
    report({ name: 'violation', details: [effectiveDirective, blockedURI] }),
  );
  const sockets = {};
  const failures = ['connect_failed', 'connect_error', 'reconnect_failed', 'error'];

  function watch(namespace, socket) {
    sockets[namespace] = socket;
    for (const name of ['connect', 'disconnect', 'reconnect', 'message', 'echo', ...failures]) {
      socket.on(name, (...details) => {
        if (failures.includes(name)) details = details.map(String);
        report({ namespace, name, details: name === 'echo' ? details : details.slice(0, 1) });
      });
    }
    return socket;
  }

  // What each of the three ways to write a page calls its things.
  const interfaces = {
    'new io.Socket': {
      open(transport) {
        const options = { transports: [transport], rememberTransport: false, reconnectionDelay: 100 };
        watch('/', new io.Socket(null, options)).connect();
      },
      json: (value) => sockets['/'].send(value),
      session: () => sockets['/'].transport.sessionid,
      transport: () => sockets['/'].transport,
    },
    'io.connect': {
      open: (transport) =>
        watch('/', io.connect(location.origin, { transports: [transport], 'reconnection delay': 100 })),
      json: (value) => sockets['/'].json.send(value),
      session: () => sockets['/'].socket.sessionid,
      transport: () => sockets['/'].socket.transport,
      enter: (namespace) => watch(namespace, sockets['/'].socket.of(namespace)),
    },
    'io()': {
      open: (transport) => watch('/', io(location.origin, { transports: [transport], reconnectionDelay: 100 })),
      json: (value) => sockets['/'].send(value),
      session: () => sockets['/'].id,
      transport: () => sockets['/'].io.transport,
      enter: (namespace) => watch(namespace, io(location.origin + namespace)),
    },
  };

  window.page = {
    open(name, transport) {
      Object.assign(window.page, interfaces[name]);
      window.page.open(transport);
    },
    send: (namespace, texts) => texts.forEach((text) => sockets[namespace].send(text)),
    async confirmed() {
      while (window.page.transport()._unconfirmed) await new Promise((resolve) => setTimeout(resolve, 10));
    },
    emit: (namespace, details) => sockets[namespace].emit(...details),
    acknowledged: (namespace, details) =>
      new Promise((resolve) => sockets[namespace].emit(...details, (...answer) => resolve(answer))),
  };
}

export class FirefoxPage {
  /** `{namespace, name, details}` of every event of every namespace, in order. */
  events = [];
  /** What went wrong in the page and with its policy. */
  complaints = [];
  #changes = new EventEmitter().setMaxListeners(0);
  #read = {};

  static async open(firefox, address) {
    const page = new FirefoxPage();
    page.tab = await Tab.open(firefox, drive, (kind, what) => page.#note(kind, what));
    await page.tab.goto(address);
    return page;
  }

  #note(kind, what) {
    if (kind === 'report' && what.name !== 'violation') this.events.push(what);
    else this.complaints.push(what);
    this.#changes.emit('change');
  }

  /** Opens the page's connection through one of the interfaces. */
  connect(name, transport) {
    return this.tab.evaluate((...both) => window.page.open(...both), name, transport);
  }

  enter(namespace) {
    return this.tab.evaluate((name) => void window.page.enter(name), namespace);
  }

  send(...texts) {
    return this.sendTo('/', ...texts);
  }

  sendTo(namespace, ...texts) {
    return this.tab.evaluate((...both) => window.page.send(...both), namespace, texts);
  }

  sendJson(value) {
    return this.tab.evaluate((json) => void window.page.json(json), value);
  }

  emit(namespace, ...details) {
    return this.tab.evaluate((...both) => void window.page.emit(...both), namespace, details);
  }

  /** What an event was acknowledged with. */
  acknowledged(namespace, ...details) {
    return this.tab.evaluate((...both) => window.page.acknowledged(...both), namespace, details);
  }

  /** Until the server has answered the last request that sent something: one without an answer is sent again. */
  confirmed() {
    return this.tab.evaluate(() => window.page.confirmed());
  }

  session() {
    return this.tab.evaluate(() => window.page.session());
  }

  #eventsOf(namespace, ...names) {
    return this.events.filter((event) => event.namespace === namespace && names.includes(event.name));
  }

  count(name, namespace = '/') {
    return this.#eventsOf(namespace, name).length;
  }

  #until(condition, wanted) {
    const last = () => JSON.stringify([this.events.slice(-8), this.complaints]);
    return until(this.#changes, condition, () => `${wanted}: not seen. Last events and complaints: ${last()}`);
  }

  /** Waits for the `times`th event of that name. */
  untilEvent(name, times = 1, namespace = '/') {
    return this.#until(() => this.count(name, namespace) >= times, `event ${name} (${times}) of ${namespace}`);
  }

  receives(...expected) {
    return this.receivesFrom('/', ...expected);
  }

  /**
   * The messages and events that come next must be exactly these, an event as a list that begins with its name. What
   * is delivered twice fails here or in the next call.
   */
  async receivesFrom(namespace, ...expected) {
    assert.deepEqual(await this.#next(namespace, expected.length), expected);
  }

  async receivesOne() {
    return (await this.#next('/', 1))[0];
  }

  #deliveries(namespace) {
    const delivered = this.#eventsOf(namespace, 'message', 'echo');
    return delivered.map(({ name, details }) => (name === 'message' ? details[0] : [name, ...details]));
  }

  async #next(namespace, count) {
    const from = this.#read[namespace] ?? 0;
    await this.#until(() => this.#deliveries(namespace).length >= from + count, `${count} more from ${namespace}`);
    this.#read[namespace] = from + count;
    return this.#deliveries(namespace).slice(from, from + count);
  }

  receivedNothingElse() {
    for (const namespace of ['/', ...Object.keys(this.#read)]) {
      assert.deepEqual(this.#deliveries(namespace).slice(this.#read[namespace] ?? 0), []);
    }
  }

  close() {
    return this.tab.close();
  }
}
