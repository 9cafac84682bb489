// A door in front of a server that knows nothing of WebSockets: it neither passes nor answers them. It can keep polls
// waiting, too: to the server it then looks as if the client had not asked yet.

import http from 'node:http';

export class Gate {
  #holding = false;
  #held = [];
  #waiting = [];
  #agent = new http.Agent({ keepAlive: true });

  /** Opens a gate to the server on `port`. */
  static async open(port) {
    const gate = new Gate();
    gate.server = http.createServer((request, response) => gate.#enter(request, response, port));
    await new Promise((resolve) => gate.server.listen(0, '127.0.0.1', resolve));
    return gate;
  }

  get url() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  #enter(request, response, port) {
    if (request.headers.upgrade) return;
    const pass = () => this.#pass(request, response, port);
    if (!this.#holding || request.method !== 'GET') return pass();
    this.#held.push(pass);
    this.#waiting.splice(0).forEach((resolve) => resolve());
  }

  #pass(request, response, port) {
    const { method, url, headers } = request;
    const onward = http.request({ host: '127.0.0.1', port, method, path: url, headers, agent: this.#agent });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }

  /** From now on polls wait here. Resolves when the first does: then the server has answered the one before it. */
  hold() {
    this.#holding = true;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Lets through what waits, and what comes. */
  release() {
    this.#holding = false;
    this.#held.splice(0).forEach((pass) => pass());
  }

  async close() {
    this.#agent.destroy();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
