// The original clients of 1.x to 4.x in Node.

import { describe } from 'node:test';
import { behaves } from './behaviours.mjs';
import { NodeClient } from './clients.mjs';
import { ways } from './samples.mjs';

const older = { modern: false };

const versions = {
  '1.4.8': older,
  '1.7.4': older,
  '2.0.4': { ...older, namespacedIds: true, namespaceQuery: true },
  '2.5.0': { ...older, namespacedIds: true, namespaceQuery: true },
  '3.1.3': {},
  '4.0.0': {},
  '4.8.4': { dividesRequests: true },
};

describe('the original client in Node', { concurrency: 6 }, () => {
  for (const [version, traits] of Object.entries(versions)) {
    for (const way of Object.keys(ways)) {
      describe(`${version}, ${way}`, { concurrency: 1 }, () => behaves(way, () => new NodeClient(version), traits));
    }
  }
});
