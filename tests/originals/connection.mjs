// A client under test, whatever it is written in, and its connections. An event is `{key, namespace, name, details}`.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { until } from '../browser/until.mjs';

const brief = (list) => list.map((value) => JSON.stringify(value).slice(0, 60)).join(', ');

/** Something that runs an original client. A subclass says how it is told what to do, with `call`. */
export class Client {
  #connections = new Map();
  #opened = 0;

  /**
   * Opens a connection of its own to the server at `url`. Options are those of the JavaScript client; a test that wants
   * reconnection asks for it.
   */
  async open(url, transport, options = {}) {
    const key = `connection ${(this.#opened += 1)}`;
    const connection = new Connection(this, key);
    this.#connections.set(key, connection);
    await this.call('open', key, url, { transports: [transport], reconnect: false, ...options });
    return connection;
  }

  /** Opens a connection and waits until it is there. */
  async connect(url, transport, options) {
    const connection = await this.open(url, transport, options);
    await connection.untilEvent('connect');
    connection.id = (await connection.facts()).id;
    return connection;
  }

  /** Takes one event from the client; one without a key has to do with any of its connections. */
  note({ key, ...event }) {
    if (key) this.#connections.get(key).note(event);
    else this.#connections.forEach((connection) => connection.note(event));
  }
}

/** One namespace of a connection, as the client sees it. */
class Namespace {
  #read = 0;

  constructor(connection, name) {
    this.connection = connection;
    this.name = name;
  }

  get events() {
    return this.connection.log.filter(({ namespace }) => namespace === this.name);
  }

  count(name) {
    return this.events.filter((event) => event.name === name).length;
  }

  /** Waits for the event, the `times`th of that name, and returns its details. */
  async untilEvent(name, times = 1) {
    await this.connection.until(() => this.count(name) >= times, `event ${name} (${times}) in ${this.name}`);
    return this.events.filter((event) => event.name === name)[times - 1].details;
  }

  /** What a test step is, to be given to `perform`, alone or together with others. */
  text(what) {
    return { to: this.name, act: 'send', what };
  }

  json(what) {
    return { to: this.name, act: 'json', what };
  }

  event(...what) {
    return { to: this.name, act: 'emit', what };
  }

  enter(query) {
    return { to: this.name, act: 'enter', what: query };
  }

  leave() {
    return { to: this.name, act: 'leave' };
  }

  leaveSynchronously() {
    return { to: this.name, act: 'leaveSynchronously' };
  }

  /** Sends texts, all at once. */
  send(...texts) {
    return this.connection.perform(...texts.map((text) => this.text(text)));
  }

  /** Carries out a step that asks for an acknowledgement, and returns what it was acknowledged with. */
  async acknowledgement(step) {
    const tag = this.connection.nextTag();
    await this.connection.perform({ ...step, tag });
    const acknowledged = () => this.events.filter(({ name, details }) => name === 'ack' && details[0] === tag);
    await this.connection.until(() => acknowledged().length > 0, `acknowledgement of ${JSON.stringify(step)}`);
    return acknowledged()[0].details.slice(1);
  }

  get #deliveries() {
    const delivered = this.events.filter(({ name }) => ['message', 'echo', 'exception'].includes(name));
    return delivered.map(({ name, details }) => (name === 'message' ? details[0] : [name, ...details]));
  }

  /**
   * The messages and events that come next must be exactly these, an event as a list that begins with its name. What
   * comes twice, and what the client chokes on, fails here or in the next call.
   */
  async receives(...expected) {
    const end = this.#read + expected.length;
    await this.connection.until(() => this.#deliveries.length >= end, `${expected.length} more in ${this.name}`);
    const received = this.#deliveries.slice(this.#read, end);
    this.#read = end;
    if (isDeepStrictEqual(received, expected)) return;
    // The texts may be long.
    assert.fail(`received ${brief(received)} instead of ${brief(expected)}`);
  }

  /** The next message, whatever it is. */
  async receivesOne() {
    await this.connection.until(() => this.#deliveries.length > this.#read, `a message in ${this.name}`);
    this.#read += 1;
    return this.#deliveries[this.#read - 1];
  }

  /** Nothing was delivered that no call asked for. */
  receivedNothingElse() {
    assert.deepEqual(this.#deliveries.slice(this.#read), []);
  }
}

/** One connection of a client. What it says for itself, it says in its root namespace. */
class Connection extends Namespace {
  /** Every event of every namespace, in order. */
  log = [];
  #client;
  #key;
  #changes = new EventEmitter().setMaxListeners(0);
  #namespaces = new Map();
  #tags = 0;

  constructor(client, key) {
    super(null, '/');
    this.connection = this;
    this.#client = client;
    this.#key = key;
  }

  /** One of its namespaces. The client enters it with the first step there. */
  of(name) {
    if (!this.#namespaces.has(name)) this.#namespaces.set(name, new Namespace(this, name));
    return this.#namespaces.get(name);
  }

  /** Carries out steps, all in one go: the client has no chance to send the first before it is given the last. */
  perform(...steps) {
    return this.#client.call('perform', this.#key, steps);
  }

  /** `{id, transport, connected, reconnecting}` as the client knows them now. */
  facts() {
    return this.#client.call('facts', this.#key);
  }

  disconnect() {
    return this.perform(this.leave());
  }

  /** Leaves every namespace and whatever carries them, where a client has more to leave than its root. */
  close() {
    return this.perform({ to: this.name, act: 'close' });
  }

  nextTag() {
    return `acknowledgement ${(this.#tags += 1)}`;
  }

  note(event) {
    this.log.push(event);
    this.#changes.emit('change');
  }

  /** Waits until the condition holds for the events so far. */
  until(condition, wanted) {
    // Idle polls would hide the rest.
    const last = () => JSON.stringify(this.log.filter(({ name }) => name !== 'idle').slice(-12)).slice(0, 2000);
    return until(this.#changes, condition, () => `${wanted}: not seen. Last events: ${last()}`);
  }
}
