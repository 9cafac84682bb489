// An original client in Node, in a process of its own because it looks for globals and leaves some behind:
// `node-client.mjs VERSION`.

import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { drive } from './driver.mjs';

// 0.7 takes the emitter from where Node 0.4 had it.
process.EventEmitter = EventEmitter;

const require = createRequire(new URL('../browser/package.json', import.meta.url));
const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const driver = drive(require(`socket.io-client-${process.argv[2]}`), (event) => tell({ event }));

function answer({ question, method, values }) {
  try {
    tell({ question, answer: driver[method](...values) });
  } catch (error) {
    tell({ question, error: error.stack });
  }
}

// The end of what it is told is the end of it, whatever the client still waits for.
createInterface(process.stdin)
  .on('line', (line) => answer(JSON.parse(line)))
  .on('close', () => process.exit());
