// The echo example as a process of its own: started, watched, killed and started again.

import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from './until.mjs';

const binary =
  process.env.HEIRLOOM_ECHO ?? fileURLToPath(new URL('../../target/debug/examples/echo', import.meta.url));

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/** One echo server. `env` is its configuration, in the names the example reads. */
export class Echo {
  /** Ids in the order in which the server logged them; an id appears as often as it was logged. */
  connected = [];
  disconnected = [];
  #changes = new EventEmitter().setMaxListeners(0);
  #errors = [];

  constructor(env) {
    this.env = env;
  }

  static async start(env = {}) {
    const echo = new Echo(env);
    // Below the range the system takes its own ports from, so that a restart finds the port free.
    for (let attempt = 1; ; attempt += 1) {
      echo.port = 20000 + Math.floor(Math.random() * 10000);
      try {
        await echo.restart();
        return echo;
      } catch (error) {
        if (attempt === 5) throw error;
      }
    }
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the process on the port it had before. */
  async restart() {
    const child = spawn(binary, [], {
      env: { ...process.env, RUST_LOG: 'echo=info', ...this.env, HOST: '127.0.0.1', PORT: String(this.port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    this.child = child;
    this.exited = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
    this.exited.then(() => running.delete(child));
    createInterface(child.stderr).on('line', (line) => this.#log(line));
    await new Promise((resolve, reject) => {
      createInterface(child.stdout).on('line', (line) => line.startsWith('listening on') && resolve());
      this.exited.then(() => reject(new Error(`${binary} did not start: ${this.#errors.slice(-5).join('\n')}`)));
    });
  }

  #log(line) {
    const [, event, id] = /\b(connect|disconnect) (\S+)/.exec(line) ?? [];
    if (event === 'connect') this.connected.push(id);
    else if (event === 'disconnect') this.disconnected.push(id);
    else this.#errors.push(line);
    this.#changes.emit('change');
  }

  /** Ends the process the hard way: nobody is told. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  disconnects(id) {
    return this.disconnected.filter((other) => other === id).length;
  }

  /** Waits until the server has logged the session's connect. */
  untilConnected(id) {
    return until(this.#changes, () => this.connected.includes(id), () => `no connect of ${id} in ${this.connected}`);
  }

  /** Waits until the server has logged the session's disconnect. */
  untilDisconnected(id) {
    return until(this.#changes, () => this.disconnects(id) > 0, () => `no disconnect of ${id} in ${this.disconnected}`);
  }
}
