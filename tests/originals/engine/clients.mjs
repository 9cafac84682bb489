// The original JavaScript clients of 1.x to 4.x. They leave nothing behind, so they run in the process of the tests.

import { createRequire } from 'node:module';
import { Client } from '../connection.mjs';

const require = createRequire(import.meta.url);

/** What arrives as binary, however deep, as the one kind of binary that tests compare. */
function plain(value) {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

export class NodeClient extends Client {
  #io;
  #major;
  #connections = new Map();

  /** socket.io-client of that version. */
  constructor(version) {
    super();
    this.#io = require(`socket.io-client-${version}`);
    this.#major = Number(version.split('.')[0]);
  }

  async call(method, ...values) {
    return this[`_${method}`](...values);
  }

  _open(key, url, { reconnect, namespaces = ['/'], ...options }) {
    const socket = this.#io(namespaces[0] === '/' ? url : url + namespaces[0], {
      forceNew: true,
      reconnection: reconnect,
      reconnectionDelay: 100,
      randomizationFactor: 0,
      timeout: 5000,
      ...options,
    });
    const connection = { manager: socket.io, options, sockets: new Map(), recoverable: new Set() };
    this.#connections.set(key, connection);
    this.#watchManager(key, connection);
    this.#watchSocket(key, namespaces[0], socket);
    namespaces.slice(1).forEach((name) => this.#socket(key, name));
  }

  #watchManager(key, { manager, recoverable }) {
    const report = (name, ...details) => this.note({ key, namespace: '/', name, details });
    manager.on('open', () => {
      const { engine } = manager;
      engine.on('upgrade', (transport) => report('upgrade', transport.name));
      engine.on('packet', ({ type }) => ['ping', 'pong'].includes(type) && report('idle'));
    });
    manager.on('reconnect', () => report('reconnect'));
    // With the private id come offsets: one more argument, at the end of what is not said to this client alone.
    manager.on('packet', ({ type, nsp, data }) => {
      if (type !== 0) return;
      if (data?.pid) recoverable.add(nsp);
      else recoverable.delete(nsp);
    });
  }

  #watchSocket(key, namespace, socket) {
    const { sockets, recoverable } = this.#connections.get(key);
    sockets.set(namespace, socket);
    const report = (name, ...details) => this.note({ key, namespace, name, details });
    socket.on('connect', () => report('connect', socket.id, ...('recovered' in socket ? [socket.recovered] : [])));
    socket.on('disconnect', (reason) => report('disconnect', reason));
    socket.on('message', (what, ...more) => {
      const offsets = recoverable.has(namespace) && typeof more[0] === 'string' ? 1 : 0;
      if (more.length > offsets) report('exception', ...plain([what, ...more]));
      else report('message', plain(what));
    });
    socket.on('echo', (...list) => report('echo', ...plain(list)));
    socket.on('asked', (...list) => {
      const ack = list.pop();
      report('asked', ...plain(list));
      ack(...list);
    });
    // Up to 2.x an error is what the server said, unless it is an exception of the client.
    const said = (error) => report('refused', error.message ?? error, ...(error.data ? [error.data] : []));
    const failed = (error) => report('failure', String(error));
    if (this.#major < 3) {
      socket.on('error', (error) => (error instanceof Error ? failed : said)(error));
      socket.on('connect_error', failed);
    } else {
      socket.on('connect_error', (error) => (error.type === 'TransportError' ? failed : said)(error));
    }
  }

  /** The socket of a namespace, which is entered when there was none. */
  #socket(key, namespace, more = {}) {
    const { manager, options, sockets } = this.#connections.get(key);
    if (!sockets.has(namespace)) {
      this.#watchSocket(key, namespace, manager.socket(namespace, { auth: options.auth, ...more }));
    }
    return sockets.get(namespace);
  }

  _perform(key, steps) {
    for (const { to, act, what, tag } of steps) {
      const acknowledged = (...list) => this.note({ key, namespace: to, name: 'ack', details: [tag, ...plain(list)] });
      this[`_${act}`](key, to, what, ...(tag ? [acknowledged] : []));
    }
  }

  _send(key, namespace, what, ...ack) {
    this.#socket(key, namespace).send(what, ...ack);
  }

  _emit(key, namespace, list, ...ack) {
    this.#socket(key, namespace).emit(...list, ...ack);
  }

  _enter(key, namespace, query) {
    this.#socket(key, namespace, query && { query });
  }

  _leave(key, namespace) {
    const { sockets } = this.#connections.get(key);
    sockets.get(namespace).disconnect();
  }

  _return(key, namespace) {
    this.#connections.get(key).sockets.get(namespace).connect();
  }

  /** Leaves everything, whatever state it is in. */
  _close(key) {
    const { manager, sockets } = this.#connections.get(key);
    sockets.forEach((socket) => socket.disconnect());
    manager.reconnection(false);
    manager.skipReconnect = true;
    manager.engine?.close();
  }

  _facts(key) {
    const { manager, sockets } = this.#connections.get(key);
    const [socket] = sockets.values();
    return { id: socket.id, transport: manager.engine.transport?.name, connected: socket.connected };
  }

  close() {
    for (const key of this.#connections.keys()) this._close(key);
  }
}
