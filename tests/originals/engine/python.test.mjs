// python-socketio 4.x and 5.x, implementations of their own.

import { describe } from 'node:test';
import { startPythonSocketIo } from '../process.mjs';
import { behaves } from './behaviours.mjs';
import { ways } from './samples.mjs';

const traits = {
  // Connects to all its namespaces at once, leaves them together, and changes its transport before anything else.
  namesOneByOne: false,
  upgradesLate: false,
};

const versions = {
  4: {
    modern: false,
    namespacedIds: true,
    toldToGo: [],
    gone: null,
    staysAway: false,
    emptyBinary: false,
    // It gives up a server that takes longer than this for the answer to a heartbeat.
    env: { HEARTBEAT_INTERVAL: '2000' },
  },
  5: { toldToGo: ['server disconnect'], gone: ['client disconnect'] },
};

describe('python-socketio', { concurrency: 3 }, () => {
  for (const [major, more] of Object.entries(versions)) {
    for (const way of Object.keys(ways)) {
      const start = () => startPythonSocketIo(major);
      describe(`${major}.x, ${way}`, { concurrency: 1 }, () => behaves(way, start, { ...traits, ...more }));
    }
  }
});
