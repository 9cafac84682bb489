// An original client in a process of its own, told by lines of JSON what to do; it tells what happens the same way.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from './connection.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const environments = process.env.HEIRLOOM_PYTHON_CLIENTS ?? here('../../target/python-clients');
const python = (environment) => `${environments}/${environment}/bin/python`;

/** socket.io-client of that version in Node. */
export const startNode = (version) => ProcessClient.start(process.execPath, here('node-client.mjs'), version);

/** socketIO-client in Python. */
export const startPython = () => ProcessClient.start(python('socketIO-client'), here('python-client.py'));

/** python-socketio of that major version. */
export const startPythonSocketIo = (major) =>
  ProcessClient.start(python(`python-socketio-${major}`), here('engine/python-client.py'));

/** Binary on the way to the client and back: JSON has none. */
function pack(name, value) {
  // A buffer has made something else of itself by now.
  return Buffer.isBuffer(this[name]) ? { $binary: this[name].toString('base64') } : value;
}

function unpack(_, value) {
  return typeof value?.$binary === 'string' ? Buffer.from(value.$binary, 'base64') : value;
}

class ProcessClient extends Client {
  #child;
  #asked = 0;
  #answers = new Map();
  #complaints = [];
  #ended = false;

  static async start(program, ...words) {
    const client = new ProcessClient();
    client.#child = spawn(program, words, { stdio: 'pipe' });
    await once(client.#child, 'spawn');
    createInterface(client.#child.stdout).on('line', (line) => client.#take(JSON.parse(line, unpack)));
    createInterface(client.#child.stderr).on('line', (line) => client.#complaints.push(line));
    client.#child.stdin.on('error', () => {});
    client.#child.once('close', () => client.#end());
    return client;
  }

  #take({ event, question, error, answer }) {
    if (event) return this.note(event);
    const { resolve, reject } = this.#answers.get(question);
    this.#answers.delete(question);
    if (error) reject(new Error(error));
    else resolve(answer);
  }

  #end() {
    this.#ended = true;
    for (const { reject } of this.#answers.values()) reject(this.#failure());
    this.#answers.clear();
  }

  #failure() {
    return new Error(`the client ended: ${this.#complaints.slice(-10).join('\n')}`);
  }

  call(method, ...values) {
    if (this.#ended) return Promise.reject(this.#failure());
    return new Promise((resolve, reject) => {
      const question = (this.#asked += 1);
      this.#answers.set(question, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ question, method, values }, pack)}\n`);
    });
  }

  /** Ends the process the hard way. One that ended before, by an exception, is a failure. */
  async close() {
    if (this.#ended) throw this.#failure();
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}
