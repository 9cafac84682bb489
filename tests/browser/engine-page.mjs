// An original client of 1.x to 4.x in a page of the browser. Binary is `{bytes: TEXT}` on this side of the page,
// with a character for each byte.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Client } from '../originals/connection.mjs';
import { Echo } from './echo.mjs';
import { Front } from './front.mjs';

const require = createRequire(import.meta.url);

/** The script of a page with that version of the client, whose bundle needs no other package, and what drives it. */
export function scriptOf(version) {
  const file = version === '1.3.7' ? 'socket.io.js' : 'dist/socket.io.js';
  const client = readFileSync(require.resolve(`socket.io-client-${version}/${file}`), 'utf8');
  return `${client};\nwindow.driver = (${drive})(window.io, window.report);`;
}

export const timings = { HEARTBEAT_INTERVAL: '300', HEARTBEAT_TIMEOUT: '4000' };

/** A page with a client. */
class Page extends Client {
  static async open(browser, front, version) {
    const page = new Page();
    page.context = await browser.newContext();
    page.page = await page.context.newPage();
    await page.page.exposeFunction('report', (events) => events.forEach((event) => page.note(event)));
    page.page.on('pageerror', ({ message }) => page.note({ namespace: '/', name: 'exception', details: [message] }));
    await page.page.goto(front.page(scriptOf(version)));
    return page;
  }

  call(method, ...values) {
    return this.page.evaluate(([name, list]) => window.driver[name](...list), [method, values]);
  }

  /** The page goes away, as when its tab is closed. */
  close() {
    return this.context.close();
  }
}

/** Opens a page with that version of the client, on the origin of that front. */
export const openPage = (browser, front, version) => Page.open(browser, front, version);

/** A server, and a page with that version of the client, on the server's own origin or elsewhere. */
export async function visit(browser, version, { elsewhere = false, env } = {}) {
  const echo = await Echo.start({ ...timings, ...env });
  const front = await Front.open(echo.port);
  const client = await openPage(browser, front, version);
  const close = () => Promise.all([client.close(), front.close(), echo.kill()]);
  return { client, echo, front, url: elsewhere ? echo.url : front.origin, close };
}

/** Binary as the tests write it. */
export const bytes = (...list) => ({ bytes: String.fromCharCode(...list) });

/**
 * What drives the client. It is handed to the page as text, so it can use nothing from this module. `tellAll` takes
 * events. Returns what a test can have the client do.
 */
function drive(io, tellAll) {
  const connections = new Map();
  const events = [];
  // To tell one by one takes much longer than what they tell of.
  const report = (event) => {
    if (events.push(event) === 1) setTimeout(() => tellAll(events.splice(0)));
  };

  const ways = {
    polling: { transports: ['polling'] },
    jsonp: { transports: ['polling'], forceJSONP: true },
    websocket: { transports: ['websocket'] },
    upgrade: { transports: ['polling', 'websocket'] },
  };

  const deep = (value, change) => {
    const changed = change(value);
    if (changed !== undefined) return changed;
    if (Array.isArray(value)) return value.map((inner) => deep(inner, change));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, deep(inner, change)]));
  };
  const encode = (text) => Uint8Array.from(text, (character) => character.charCodeAt());
  const toBinary = (value) => {
    if (value?.bytes !== undefined) return encode(value.bytes).buffer;
    // A view of a part has to be sent as that part.
    if (value?.view) return encode(`<${value.view}>`).subarray(1, -1);
    if (value?.blob) return new Blob([encode(value.blob)]);
  };
  const fromBinary = (value) => {
    if (value instanceof ArrayBuffer) {
      return { bytes: Array.from(new Uint8Array(value), (byte) => String.fromCharCode(byte)).join('') };
    }
    // A client that delivers anything else has to be seen doing it.
    if (ArrayBuffer.isView(value) || value instanceof Blob) return { unexpected: value.constructor.name };
  };
  const plain = (list) => list.map((value) => deep(value, fromBinary));

  function watchManager(key, manager) {
    const tell = (name, ...details) => report({ key, namespace: '/', name, details });
    const watchEngine = () => {
      const { engine } = manager;
      engine.on('upgrade', (transport) => tell('upgrade', transport.name));
      engine.on('packet', ({ type }) => /^p[io]ng$/.test(type) && tell('idle'));
    };
    manager.on('open', watchEngine);
    manager.on('reconnect', () => tell('reconnect'));
    manager.on('reconnecting', () => tell('reconnecting'));
    manager.on('reconnect_attempt', () => tell('reconnecting'));
  }

  function watchNamespace(key, name, namespace) {
    const tell = (event, ...details) => report({ key, namespace: name, name: event, details });
    // With the private id of a session that can be recovered comes an offset behind the arguments of each event. The
    // tests themselves send no event that ends with a string.
    const delivered = (event) => (...list) => {
      if (namespace._pid && typeof list.at(-1) === 'string' && (event === 'echo' || list.length > 1)) list.pop();
      tell(event, ...plain(list));
    };
    namespace.on('connect', () => tell('connect', ...(namespace.recovered === undefined ? [] : [namespace.recovered])));
    namespace.on('disconnect', (reason) => tell('disconnect', reason));
    namespace.on('message', delivered('message'));
    namespace.on('echo', delivered('echo'));
    const refused = (error) => tell('refused', error.message ?? error, ...(error.data ? [error.data] : []));
    const failed = (error) => tell('failure', String(error.message ?? error));
    // Up to 2.x what the server says is no exception, and what fails on the way is.
    namespace.on('error', (error) => (error instanceof Error ? failed : refused)(error));
    const fails = (error) => namespace.io.engine.protocol < 4 || error.type === 'TransportError';
    namespace.on('connect_error', (error) => (fails(error) ? failed : refused)(error));
  }

  function namespaceOf(key, name) {
    const { manager, namespaces } = connections.get(key);
    if (!namespaces.has(name)) {
      const namespace = manager.socket(name);
      namespaces.set(name, namespace);
      watchNamespace(key, name, namespace);
    }
    return namespaces.get(name);
  }

  const acts = {
    send: (namespace, what, ack) => namespace.send(what, ...(ack ? [ack] : [])),
    emit: (namespace, list, ack) => namespace.emit(...list, ...(ack ? [ack] : [])),
    enter: () => {},
    /** Asks again for a namespace, now with a token in the place this version has for it. */
    insist(namespace, token) {
      namespace.query = `token=${token}`;
      namespace.auth = { token };
      namespace.connect();
    },
    leave: (namespace) => namespace.disconnect(),
    back: (namespace) => namespace.connect(),
    /** Leaves every namespace: the connection lasts as long as there is one. */
    close: (_root, _what, _ack, namespaces) => namespaces.forEach((namespace) => namespace.disconnect()),
    /** Sends numbers, a few with every turn, until the transport has changed, and some more. Acknowledges how many. */
    async sendWhileUpgrading(root, _what, ack) {
      let sent = 0;
      for (let after = 0; after < 20; after += root.io.engine.transport.name === 'websocket') {
        for (let turn = 0; turn < 5; turn += 1) root.send(String((sent += 1)));
        await new Promise((resolve) => setTimeout(resolve));
      }
      ack(sent);
    },
    /** What carries the namespace is closed, as if the network had failed. */
    breakOff: (namespace) => namespace.io.engine.close(),
  };

  return {
    open(key, url, { transports: [way], reconnect, as = ways[way], ...options }) {
      const settings = { forceNew: true, reconnection: reconnect, reconnectionDelay: 200, randomizationFactor: 0 };
      const root = io(url, { ...settings, ...as, ...options });
      connections.set(key, { manager: root.io, namespaces: new Map([['/', root]]) });
      watchManager(key, root.io);
      watchNamespace(key, '/', root);
    },

    /** Carries out all steps before the client has a chance to do anything else. */
    perform(key, steps) {
      for (const { to, act, what, tag } of steps) {
        const namespace = namespaceOf(key, to);
        const ack = (...details) => report({ key, namespace: to, name: 'ack', details: [tag, ...plain(details)] });
        acts[act](namespace, deep(what, toBinary), tag && ack, connections.get(key).namespaces);
      }
    },

    facts(key) {
      const { manager, namespaces } = connections.get(key);
      const { id, connected } = namespaces.get('/');
      return { id, connected, transport: manager.engine.transport.name };
    },
  };
}
