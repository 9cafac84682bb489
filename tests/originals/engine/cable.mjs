// The cable between clients and a server: it can be cut, pulled out and go dead, and it can keep WebSockets waiting, so
// that a test decides when a client changes its transport.

import net from 'node:net';
import { reset } from '../../browser/front.mjs';

export class Cable {
  #pairs = new Set();
  #plugged = true;
  #holding = false;
  #breaking = false;
  #stalled = false;
  #held = [];

  /** Lays a cable to the server on `port`. */
  static async open(port) {
    const cable = new Cable();
    cable.port = port;
    cable.server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => cable.#enter(client));
    await new Promise((resolve) => cable.server.listen(0, '127.0.0.1', resolve));
    return cable;
  }

  get url() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  #enter(client) {
    client.on('error', () => {});
    if (!this.#plugged) return reset(client);
    const pair = { client };
    this.#pairs.add(pair);
    client.once('close', () => this.#pairs.delete(pair));
    client.once('data', (head) => {
      pair.isWebSocket = /^upgrade: *websocket/im.test(head.toString('latin1'));
      const pass = () => this.#pass(pair, head);
      if (this.#stalled || (this.#holding && pair.isWebSocket)) this.#held.push(pass);
      else pass();
    });
  }

  #pass(pair, head) {
    const { client } = pair;
    if (client.destroyed) return;
    const server = net.connect({ port: this.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    pair.server = server;
    server.write(head);
    client.pipe(server);
    server.pipe(client);
    if (this.#breaking && pair.isWebSocket) {
      // The first that comes is the handshake, and the next is kept from the client.
      server.once('data', () => {
        server.unpipe(client).once('data', () => [client, server].forEach(reset));
        server.resume();
      });
    }
    for (const [end, other] of [
      [client, server],
      [server, client],
    ]) {
      end.on('error', () => reset(other));
      // A side that is gone without having said goodbye must not look alive to the other.
      end.on('close', () => end.readableEnded || other.destroy());
    }
  }

  /** From now on WebSockets wait. */
  hold() {
    this.#holding = true;
  }

  /** Lets through what waits, and what comes. */
  release() {
    this.#holding = false;
    this.#held.splice(0).forEach((pass) => pass());
  }

  /** From now on WebSockets break with the first word of the server. */
  breakWebSockets() {
    this.#breaking = true;
  }

  /** Breaks every connection: both ends see a reset. */
  cut() {
    for (const { client, server } of this.#pairs) {
      reset(client);
      if (server) reset(server);
    }
  }

  /** From now on nothing arrives anywhere, and nobody is told. */
  stall() {
    this.#stalled = true;
    for (const { client, server } of this.#pairs) {
      client.unpipe(server).pause();
      server?.unpipe(client).pause();
    }
  }

  /** What comes is let through again; what was stalled stays so. */
  resume() {
    this.#stalled = false;
    this.release();
  }

  /** Cuts, and lets nobody through. */
  unplug() {
    this.#plugged = false;
    this.cut();
  }

  plug() {
    this.#plugged = true;
  }

  async close() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.#pairs.forEach(({ client, server }) => [client, server].forEach((socket) => socket?.destroy()));
    await closed;
  }
}
