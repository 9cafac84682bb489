// The original browser clients, where their packages keep them, and what can be asked of each in a browser of today.
//
// `dialect` is the dialect of the frames generation the client speaks, and `objects` whether it sends and receives
// objects itself. htmlfile and xhr-multipart lean on features no current browser has; page.mjs puts them back.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);

function original(version, file, facts) {
  const folder = path.dirname(require.resolve(`socket.io-${version}/package.json`));
  return { version, script: readFileSync(path.join(folder, file), 'utf8'), ...facts };
}

const streamsAndPolls = ['websocket', 'xhr-polling', 'htmlfile', 'xhr-multipart'];

export const originals = {
  '0.6.18': original('0.6.18', 'support/socket.io-client/socket.io.js', {
    dialect: 'frames',
    objects: true,
    transports: [...streamsAndPolls, 'jsonp-polling'],
  }),
  '0.6.0': original('0.6.0', 'support/socket.io-client/socket.io.js', {
    dialect: 'frames',
    objects: true,
    transports: [...streamsAndPolls, 'jsonp-polling'],
  }),
  '0.5.3': original('0.5.3', 'example/client/socket.io.js', {
    dialect: 'frames',
    objects: false,
    transports: streamsAndPolls,
  }),
  '0.4.1': original('0.4.1', 'test/client/socket.io.js', {
    dialect: 'json',
    objects: true,
    transports: streamsAndPolls,
  }),
};
