// The original clients of 0.7 to 0.9 in Node.

import { describe } from 'node:test';
import { behaves } from './behaviours.mjs';
import { startNode } from './process.mjs';

const versions = {
  '0.9.17': {},
  '0.9.16': {},
  '0.8.7': {},
  // The pattern it reads packets with ends at a line break.
  '0.7.11': { lineBreaks: false },
};

describe('the original client in Node', { concurrency: 4 }, () => {
  for (const [version, traits] of Object.entries(versions)) {
    for (const transport of ['websocket', 'xhr-polling']) {
      const start = async (echo) => {
        const client = await startNode(version);
        return { client, url: echo.url, close: () => client.close() };
      };
      describe(`${version} over ${transport}`, { concurrency: 1 }, () => behaves(transport, start, traits));
    }
  }
});
