// The door in front of a server under test: one origin that has pages of its own and hands every other connection, byte
// for byte, to the server. It can cut the connections that go through it.

import net from 'node:net';

const html = (script) =>
  '<!doctype html><meta charset="utf-8"><title>visitor</title><link rel="icon" href="data:,">' +
  `<body><script src="${script}"></script></body>`;

const answer = (type, body) =>
  `HTTP/1.1 200 OK\r\nContent-Type: ${type}; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
  `Cache-Control: no-store\r\nConnection: close\r\n\r\n${body}`;

/**
 * Breaks a connection: the other end sees a reset. One whose end is on its way already cannot be reset: Node would fail to
 * close it without saying so, and would not exit at the end for waiting for it.
 */
export function reset(socket) {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

export class Front {
  #scripts = [];
  #pipes = new Set();
  #sockets = new Set();

  /** Opens the door to the server on `port`. */
  static async open(port) {
    const front = new Front();
    front.target = port;
    front.server = net.createServer({ allowHalfOpen: true, noDelay: true }, (browser) => front.#enter(browser));
    await new Promise((resolve) => front.server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get origin() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  /** The address of a page that runs this script, on the server's own origin. */
  page(script) {
    if (!this.#scripts.includes(script)) this.#scripts.push(script);
    return `${this.origin}/__test/${this.#scripts.indexOf(script)}.html`;
  }

  /** What the first bytes of a connection ask for decides who has it. Our answers close it, so nobody is mixed up. */
  #enter(browser) {
    this.#remember(browser);
    browser.once('data', (head) => {
      const [, index, kind] = /^GET \/__test\/(\d+)\.(html|js) /.exec(head.toString('latin1')) ?? [];
      if (kind === 'html') browser.end(answer('text/html', html(`${index}.js`)));
      else if (kind === 'js') browser.end(answer('text/javascript', this.#scripts[index]));
      else this.#pipe(browser, head);
    });
  }

  #pipe(browser, head) {
    const server = net.connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.#remember(server);
    const pipe = { browser, server };
    this.#pipes.add(pipe);
    server.write(head);
    browser.pipe(server);
    server.pipe(browser);
    for (const [end, other] of [
      [browser, server],
      [server, browser],
    ]) {
      end.on('error', () => reset(other));
      end.on('close', () => {
        // A side that is gone without having said goodbye must not look alive to the other.
        if (!end.readableEnded) other.destroy();
        this.#pipes.delete(pipe);
      });
    }
  }

  /** Breaks every connection: the browser and the server both see a reset. */
  reset() {
    for (const { browser, server } of this.#pipes) {
      reset(browser);
      reset(server);
    }
  }

  /** Ends every connection in good order, whatever was going on in it. */
  finish() {
    for (const { browser, server } of this.#pipes) {
      // What still comes from either side is read and forgotten.
      browser.unpipe(server).resume().end();
      server.unpipe(browser).resume().end();
    }
  }

  #remember(socket) {
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
  }

  async close() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.#sockets.forEach((socket) => socket.destroy());
    await closed;
  }
}
