// A bad way to a server: a proxy that knows where requests begin, can treat each in its own way, cuts in the middle of
// what passes, goes silent, or puts itself in the server's place.

import { EventEmitter } from 'node:events';
import net from 'node:net';
import { reset } from '../browser/front.mjs';
import { until } from '../browser/until.mjs';

const requestLine = /^([A-Z]+ (\S+) HTTP\/1\.[01])\r\n/;

export class Proxy {
  /** `{line, body, at}` of every request that did not ask for a page, in order. */
  requests = [];
  #pages = new Map();
  #links = new Set();
  #sockets = new Set();
  #rules = [];
  #stalling = false;
  #changes = new EventEmitter().setMaxListeners(0);

  /** `port` is the server's; `pages` maps paths to `[content type, body]`. */
  static async open(port, pages = {}) {
    const proxy = new Proxy();
    proxy.target = port;
    proxy.#pages = new Map(Object.entries(pages));
    proxy.server = net.createServer({ noDelay: true }, (browser) => proxy.#enter(browser));
    await new Promise((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get origin() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  /**
   * From now on requests whose line matches, and whose body does where `body` is given, are treated that way, at most
   * `times` times; or, if `once`, until the page feels it: a browser repeats by itself what broke on a connection that
   * had served before. Returns the rule: `used` counts its requests, `end()` revokes it.
   */
  treat(pattern, treatment, { times = Infinity, once = false, body = /(?:)/ } = {}) {
    const rule = { pattern, treatment, times, once, body, used: 0 };
    rule.end = () => (this.#rules = this.#rules.filter((other) => other !== rule));
    this.#rules.unshift(rule);
    return rule;
  }

  /** Breaks every connection there is; returns the lines of the requests that were under way. */
  cut() {
    const underWay = [...this.#links].filter(({ exchange }) => exchange?.open).map(({ exchange }) => exchange.line);
    this.#links.forEach((link) => link.cut());
    return underWay;
  }

  /** What is connected or will be stays so, but nothing comes through any more, not even its end. */
  stall() {
    this.#stalling = true;
    this.#links.forEach((link) => (link.stalled = true));
  }

  /** From now on what connects comes through. */
  recover() {
    this.#stalling = false;
  }

  count(pattern) {
    return this.requests.filter(({ line }) => pattern.test(line)).length;
  }

  /** Waits for the `times`th request whose line matches, and returns it. */
  async untilRequest(pattern, times = 1) {
    const last = () => JSON.stringify(this.requests.slice(-6).map(({ line }) => line));
    await until(this.#changes, () => this.count(pattern) >= times, () => `no ${pattern} (${times}) in ${last()}`);
    return this.requests.filter(({ line }) => pattern.test(line))[times - 1];
  }

  /** Waits until a rule has been applied so often. */
  untilUsed(rule, times = 1) {
    return until(this.#changes, () => rule.used >= times, () => `${rule.pattern} applied only ${rule.used} times`);
  }

  #enter(browser) {
    this.#watch(browser);
    const link = new Link(browser, () => this.#watch(net.connect(this.target, '127.0.0.1')));
    link.stalled = this.#stalling;
    this.#links.add(link);
    browser.on('close', () => {
      this.#links.delete(link);
      link.server?.destroy();
    });
    // Browsers do not send a request before the one before it is answered, so each begins a packet. What follows the
    // head may come with it or later.
    browser.on('data', (data) => {
      const [, line, path] = requestLine.exec(data.toString('latin1')) ?? [];
      if (!line) return link.exchange?.up(data);
      const page = this.#pages.get(path.split('?')[0]);
      if (page) return link.finish(page);
      return this.#begin(link, line, data);
    });
  }

  #begin(link, line, data) {
    const exchange = (link.exchange = new Exchange(link, line, data));
    link.count += 1;
    exchange.at = performance.now();
    this.requests.push(exchange);
    const rule = this.#rules.find(({ pattern, body, times, used }) => {
      return used < times && pattern.test(line) && body.test('');
    });
    // A rule about bodies waits for the body.
    const waiting = this.#rules.filter(({ pattern, body }) => pattern.test(line) && !body.test(''));
    if (rule) this.#apply(rule, exchange);
    else if (waiting.length > 0) exchange.whole(() => this.#applyByBody(waiting, exchange));
    else exchange.pass();
    this.#changes.emit('change');
  }

  #applyByBody(rules, exchange) {
    const rule = rules.find(({ body, times, used }) => used < times && body.test(exchange.body));
    if (rule) this.#apply(rule, exchange);
    else exchange.pass();
  }

  #apply(rule, exchange) {
    rule.used += 1;
    if (rule.once && exchange.link.count === 1) rule.end();
    rule.treatment(exchange);
    this.#changes.emit('change');
  }

  #watch(socket) {
    this.#sockets.add(socket.setNoDelay(true));
    return socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
  }

  async close() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.#sockets.forEach((socket) => socket.destroy());
    await closed;
  }
}

/** A browser's connection, and the one to the server that belongs to it. */
class Link {
  stalled = false;
  /** How many requests came through it. */
  count = 0;

  constructor(browser, connect) {
    this.browser = browser;
    this.connect = connect;
  }

  toServer(bytes) {
    if (this.stalled) return;
    this.server ??= this.#open();
    this.server.write(bytes);
  }

  #open() {
    const server = this.connect();
    server.on('data', (bytes) => !this.stalled && this.exchange?.down(bytes));
    // An end in good order is one to the browser, too; a connection that broke or never was is broken.
    server.on('end', () => !this.stalled && this.browser.end());
    server.on('close', (failed) => !this.stalled && failed && reset(this.browser));
    return server;
  }

  /** The connection closes with the page, so nobody asks the server through one that was opened for a page. */
  finish([type, body]) {
    this.exchange = undefined;
    this.browser.end(answerText(200, body, type));
  }

  cut() {
    reset(this.browser);
    if (this.server) reset(this.server);
  }
}

/** One request and its answer. A treatment replaces what happens to the bytes of either. */
class Exchange {
  body = '';
  #held = [];
  #headOver = false;
  #answered = false;
  #whenWhole;

  constructor(link, line, data) {
    this.link = link;
    this.line = line;
    this.length = Number(/\r\ncontent-length: *(\d+)/i.exec(data.toString('latin1'))?.[1] ?? 0);
    this.#note(data);
    this.#held.push(data);
  }

  /** Whether an answer is still to come or coming. */
  get open() {
    return !this.#answered;
  }

  #note(data) {
    if (this.#headOver && this.body.length >= this.length) return; // what a websocket sends
    if (this.#headOver) return void (this.body += data.toString('latin1'));
    const text = data.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    this.#headOver = end >= 0;
    if (this.#headOver) this.body += text.slice(end + 4);
  }

  /** Bytes of the request after its first packet. Until somebody decided what becomes of the request they are held. */
  up(data) {
    this.#note(data);
    if (this.onUp) this.onUp(data);
    else this.#held.push(data);
    if (this.#whenWhole && this.body.length >= this.length) this.#decide();
  }

  #decide() {
    const decide = this.#whenWhole;
    this.#whenWhole = undefined;
    decide();
  }

  /** Calls back when the request is here with its body. */
  whole(callback) {
    this.#whenWhole = callback;
    if (this.body.length >= this.length) this.#decide();
  }

  /** Hands the request on, as it is and as it comes. */
  pass(onUp = (data) => this.link.toServer(data)) {
    this.onUp = onUp;
    this.#held.splice(0).forEach((data) => onUp(data));
  }

  /** Bytes of the answer. */
  down(data) {
    const text = data.toString('latin1');
    // Good enough for what is short and has a length: it comes in one piece.
    const length = /^HTTP[^]*?\r\ncontent-length: *(\d+)[^]*?\r\n\r\n/i.exec(text);
    this.#answered ||= length !== null && text.length >= length[0].length + Number(length[1]);
    if (this.onDown) this.onDown(data);
    else this.link.browser.write(data);
  }

  answer(status, body, type) {
    this.#answered = true;
    this.whole(() => this.link.browser.end(answerText(status, body, type)));
  }
}

export const refuse = () => (exchange) => exchange.link.cut();

/** The request is taken and never answered. */
export const ignore = () => (exchange) => (exchange.onUp = () => {});

/** The proxy answers in the server's place. */
export const answer =
  (status, body = `<!doctype html><title>${status}</title><h1>Not here</h1>`, type = 'text/html') =>
  (exchange) =>
    exchange.answer(status, body, type);

/** The connection breaks when the server has got so many bytes, counted without the head of the request. */
export const cutRequest = (bytes) => (exchange) => {
  let left = bytes;
  let headOver = false;
  exchange.pass((data) => {
    if (left <= 0) return;
    const start = headOver ? 0 : data.indexOf('\r\n\r\n') + 4;
    headOver ||= start > 3;
    const body = data.subarray(start);
    exchange.link.toServer(body.length < left ? data : data.subarray(0, start + left));
    left -= body.length;
    // What was written has to get there before.
    if (left <= 0) setImmediate(() => exchange.link.cut());
  });
};

/** The connection breaks in the middle of this text in the answer. */
export const cutAnswer = (text) => (exchange) => {
  exchange.onDown = (data) => {
    const at = data.indexOf(text);
    if (at < 0) return exchange.link.browser.write(data);
    const half = data.subarray(0, at + Math.ceil(Buffer.byteLength(text) / 2));
    return exchange.link.browser.write(half, () => exchange.link.cut());
  };
  exchange.pass();
};

/** The request reaches the server, but its answer nobody: the connection breaks instead. */
export const swallowAnswer = () => (exchange) => {
  exchange.onDown = () => exchange.link.cut();
  exchange.pass();
};

function answerText(status, body, type) {
  return (
    `HTTP/1.1 ${status} Answer\r\nContent-Type: ${type}; charset=utf-8\r\nCache-Control: no-store\r\n` +
    `Connection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}
