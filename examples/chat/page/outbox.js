// What this page has said and the server has not acknowledged yet. A message leaves when the one before it has arrived, so
// their order holds whatever becomes of the connection. After an outage nobody knows whether the server had the last one:
// it is said once more, with the same key, and the server says it to the room only once.

import { refuse, settle, showWaiting, withdraw } from './messages.js';

export class Outbox {
  #messages = [];
  #sent = null; // the message whose acknowledgement is waited for
  #keys = new Set(keptKeys());
  #send;
  #changed;

  /** `send(message, acknowledged)` says whether there is a connection; `changed(number)` hears how many wait. */
  constructor(send, changed) {
    this.#send = send;
    this.#changed = changed;
  }

  get size() {
    return this.#messages.length;
  }

  add(room, text) {
    const message = { room, text, key: randomKey(), item: showWaiting(text) };
    this.#keys.add(message.key);
    keepKeys([...this.#keys].slice(-100));
    this.#messages.push(message);
    this.#changed(this.size);
    this.#sendNext();
  }

  /** There is a connection: everything is said that waits, beginning with what may have been lost. */
  open() {
    this.#sent = null;
    this.#sendNext();
  }

  /** Shows what waits in a room that was entered. */
  show(room) {
    for (const message of this.#messages) if (message.room === room) message.item = showWaiting(message.text);
  }

  isMine(key) {
    return this.#keys.has(key);
  }

  /** A message of this page was heard, so the server has it. */
  heard(key) {
    const message = this.#messages.find((one) => one.key === key);
    if (message) this.#end(message, withdraw);
  }

  #sendNext() {
    const [message] = this.#messages;
    if (!message || this.#sent) return;
    const acknowledged = (said) => this.#messages.includes(message) && this.#end(message, said ? settle : refuse);
    if (this.#send(message, acknowledged)) this.#sent = message;
  }

  #end(message, show) {
    this.#messages = this.#messages.filter((one) => one !== message);
    show(message.item);
    this.#changed(this.size);
    if (this.#sent !== message) return;
    this.#sent = null;
    this.#sendNext();
  }
}

function randomKey() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((number) => number.toString(36)).join('');
}

// A reload forgets who this page was, but not what it said.
function keptKeys() {
  try {
    return JSON.parse(sessionStorage.getItem('keys')) ?? [];
  } catch {
    return []; // storage may be forbidden
  }
}

function keepKeys(keys) {
  try {
    sessionStorage.setItem('keys', JSON.stringify(keys));
  } catch {
    // Then own messages look like those of others after a reload.
  }
}
