// The original Python client, an implementation of its own.

import { describe } from 'node:test';
import { behaves } from './behaviours.mjs';
import { startPython } from './process.mjs';

const traits = {
  // It counts code points where the protocol counts what UTF-16 needs.
  framedCharacters: 'é漢',
  // It takes no error without an advice.
  chokesOnRefusal: 'ValueError: not enough values to unpack (expected 2, got 1)',
  refusedHandshake: 'unexpected status code (403)',
  disconnectReason: [],
  // It would not know the difference. A program that was told to go has to leave by itself.
  reconnects: false,
};

// Over JSONP it reads text as bytes, and what is beyond ASCII falls apart.
const perTransport = { 'jsonp-polling': { characters: 'ascii', framedCharacters: 'ascii' } };

// It sends heartbeats of its own, half as far apart as its timeout, and answers none.
const env = { HEARTBEAT_TIMEOUT: '3000' };

describe('the original client in Python', { concurrency: 3 }, () => {
  for (const transport of ['websocket', 'xhr-polling', 'jsonp-polling']) {
    const start = async (echo) => {
      const client = await startPython();
      return { client, url: echo.url, close: () => client.close() };
    };
    describe(`over ${transport}`, { concurrency: 1 }, () =>
      behaves(transport, start, { env, ...traits, ...perTransport[transport] }));
  }
});
