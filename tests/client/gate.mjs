// The way to a server: an origin that has pages of its own and forwards every other request, unless it was told to
// refuse it or to leave it unanswered.

import { EventEmitter } from 'node:events';
import net from 'node:net';
import { reset } from '../browser/front.mjs';
import { until } from '../browser/until.mjs';

const never = /(?!)/;

export class Gate {
  /** Which request lines break their connection, and which are never answered. */
  refused = never;
  ignored = never;
  /** The line of every request that did not ask for a page, and the cookies that came with it. */
  requests = [];
  cookies = [];
  #pages = new Map();
  #sockets = new Set();
  #changes = new EventEmitter();

  /** `port` is the server's; `pages` maps paths to `[content type, body]`. */
  static async open(port, pages = {}) {
    const gate = new Gate();
    gate.#pages = new Map(Object.entries(pages));
    gate.server = net.createServer((socket) => gate.#admit(socket, port));
    await new Promise((resolve) => gate.server.listen(0, '127.0.0.1', resolve));
    return gate;
  }

  get port() {
    return this.server.address().port;
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  #admit(socket, port) {
    let server;
    this.#watch(socket);
    socket.on('close', () => server?.destroy());
    socket.on('data', (data) => {
      // Browsers do not send a request before the one before it is answered, so each begins a packet.
      const [line, path] = /^[A-Z]+ (\S+) HTTP.*/.exec(data.toString('latin1')) ?? [];
      const page = this.#pages.get(path?.split('?')[0]);
      if (page) {
        // A browser may ask for it through a connection that has served the client, and is idle now.
        server?.unpipe(socket);
        return socket.end(answer(...page));
      }
      if (line) this.#note(line, /^cookie: (.*)$/im.exec(data.toString('latin1'))?.[1] ?? '');
      if (line && this.ignored.test(line)) return socket.pause();
      if (line && this.refused.test(line)) return socket.destroy();
      server ??= this.#connect(socket, port);
      return server.write(data);
    });
  }

  #note(line, cookies) {
    this.requests.push(line);
    this.cookies.push(cookies);
    this.#changes.emit('change');
  }

  /** Waits until a request has come whose line matches. */
  untilRequest(pattern) {
    const seen = () => this.requests.some((line) => pattern.test(line));
    return until(this.#changes, seen, () => `no ${pattern} in ${this.requests.slice(-8).join(', ')}`);
  }

  /** Waits until so many requests have come whose lines match. */
  untilRequests(pattern, count) {
    const seen = () => this.requests.filter((line) => pattern.test(line)).length >= count;
    return until(this.#changes, seen, () => `no ${count} ${pattern} in ${this.requests.slice(-8).join(', ')}`);
  }

  #connect(socket, port) {
    const server = net.connect(port, '127.0.0.1');
    this.#watch(server);
    server.on('close', () => socket.destroy());
    server.pipe(socket);
    return server;
  }

  #watch(socket) {
    this.#sockets.add(socket.setNoDelay(true));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }

  /** Breaks every connection there is. */
  cut() {
    this.#sockets.forEach(reset);
  }

  close() {
    this.cut();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

// The connection closes with it, so nobody asks the server through a connection that was opened for a page.
function answer(type, body) {
  return (
    `HTTP/1.1 200 OK\r\nContent-Type: ${type}; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
    `Cache-Control: no-store\r\nConnection: close\r\n\r\n${body}`
  );
}
