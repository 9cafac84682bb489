// The servers the cases of the socket suites need, in a process of their own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ours = (file) => fileURLToPath(new URL(`../../../${file}`, import.meta.url));
// All examples are built into one directory.
const binary = path.join(path.dirname(process.env.HEIRLOOM_ECHO ?? ours('target/debug/examples/echo')), 'socket_suite');

/** What the server of each case does. Each has one of its own, so no case finds a connection that another has left. */
const behaviours = {
  'test connecting the socket and disconnecting': 'acknowledges',
  'test receiving messages': 'counts and leaves',
  'test sending messages': 'echoes',
  'test manual buffer flushing': 'echoes',
  'test automatic buffer flushing': 'echoes',
  'test acks sent from client': 'asks for acknowledgement',
  'test acks sent from server': 'acknowledges',
  'test connecting to namespaces': 'greets in namespaces',
  'test disconnecting from namespaces': 'has namespaces',
  'test authorizing for namespaces': 'refuses a namespace',
  'test sending json from server': 'broadcasts a number',
  'test sending json from client': 'answers a list',
  'test emitting an event from server': 'raises an event',
  'test emitting an event to server': 'answers an event',
  'test emitting multiple events at once to the server': 'collects two events',
  'test emitting an event from server and sending back data': 'asks for data',
  'test emitting an event to server and sending back data': 'returns data',
  'test encoding a payload': 'collects four letters',
  'test sending query strings to the server': 'tells the handshake',
  'test sending newline': 'awaits a line break',
  'test sending unicode': 'awaits a snowman',
  'test webworker connection': 'awaits a word',
};

export class Servers {
  /** The port of each case. */
  ports = {};

  static async start() {
    const servers = new Servers();
    const child = spawn(binary, Object.values(behaviours), { stdio: ['ignore', 'pipe', 'inherit'] });
    servers.child = child;
    process.on('exit', () => child.kill('SIGKILL'));
    const lines = createInterface(child.stdout);
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${binary} ended (${code})`)));
    const [ports] = await Promise.race([once(lines, 'line'), ended]);
    ended.catch(() => {});
    const numbers = ports.split(' ').map(Number);
    Object.keys(behaviours).forEach((name, index) => (servers.ports[name] = numbers[index]));
    return servers;
  }

  async stop() {
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}
