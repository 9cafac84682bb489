// What the originals of 2011 and 2012 expect of Node, and has changed since.
'use strict';
const { EventEmitter } = require('events');
const http = require('http');

process.noDeprecation = true;
process.EventEmitter = EventEmitter;

// A header without a value was no error.
const writeHead = http.ServerResponse.prototype.writeHead;
http.ServerResponse.prototype.writeHead = function (status, ...rest) {
  const headers = rest[rest.length - 1];
  if (headers && typeof headers === 'object' && !Array.isArray(headers)) {
    for (const name of Object.keys(headers)) {
      if (headers[name] === undefined) delete headers[name];
    }
  }
  return writeHead.call(this, status, ...rest);
};

// A request was closed only when it was cut off; now every one is, in the end.
const on = http.IncomingMessage.prototype.on;
http.IncomingMessage.prototype.on = function (event, listener) {
  if (event !== 'close') return on.call(this, event, listener);
  return on.call(this, event, (...values) => this.complete || listener.apply(this, values));
};

exports.createServer = () => {
  const server = http.createServer((request, response) => response.writeHead(404).end());
  // Connections were kept for as long as they were wanted.
  Object.assign(server, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0, timeout: 0 });
  // The encoding of a connection could be chosen; today that is an error until HTTP has let go of it.
  server.on('connection', (connection) => delete connection.setEncoding);
  return server;
};
