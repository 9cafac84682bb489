// What `io.connect` takes and what it gives back: addresses, options, events, servers of other origins.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { ConnectPage, Echo, everyTransport, Gate, isOriginal, launchBrowser, pages } from './client.mjs';

let browser;
let echo;
let gate;
let page;

before(async () => {
  browser = await launchBrowser();
  page = await ConnectPage.open(browser, 'about:blank');
  echo = await Echo.start({ POLL_DURATION: '400', CLOSE_TIMEOUT: '3000', ORIGINS: '*:*' });
});

after(async () => {
  await browser?.close();
  await echo?.kill();
});

beforeEach(async () => {
  gate = await Gate.open(echo.port, pages);
  await page.visit(gate);
});

afterEach(async () => {
  await page.visit('about:blank');
  await page.context.clearCookies();
  await gate?.close();
});

const withoutMessages = (log) => log.history.filter(([name]) => name !== 'message');
const requestsOf = (transport) => gate.requests.filter((line) => line.includes(`/1/${transport}/`));

describe('the address given to io.connect', () => {
  it('may be whole, or leave to the page what the page knows', async () => {
    const found = await page.evaluate(() => {
      const urls = [
        undefined,
        '',
        '/chat',
        '/a/b?x=1&y=%20z',
        'http://other.example',
        'https://other.example/news',
        'http://other.example:81/?token=open',
        '//other.example:81',
        'http://other.example?a=/b/c',
        '/a#b',
      ];
      return urls.map((url) => {
        const namespace = io.connect(url, { 'auto connect': false, 'force new connection': true });
        const { host, port, secure, query } = namespace.socket.options;
        return [host, String(port), secure, query, namespace.name];
      });
    });
    const own = ['127.0.0.1', String(gate.port), false];
    assert.deepEqual(found, [
      [...own, '', ''],
      [...own, '', ''],
      [...own, '', '/chat'],
      [...own, 'x=1&y=%20z', '/a/b'],
      ['other.example', String(gate.port), false, '', ''],
      ['other.example', String(gate.port), true, '', '/news'],
      ['other.example', '81', false, 'token=open', ''],
      ['other.example', '81', false, '', ''],
      ['other.example', String(gate.port), false, 'a=/b/c', ''],
      [...own, '', '/a'],
    ]);
  });

  it('is that of one connection for all namespaces, unless the page forces a new one', async () => {
    const found = await page.evaluate(() => {
      const settings = { 'auto connect': false };
      const [first, again, chat] = [io.connect('', settings), io.connect(location.origin), io.connect('/chat')];
      const other = io.connect('http://127.0.0.1:1', settings);
      const forced = io.connect('', { ...settings, 'force new connection': true });
      return {
        again: again === first,
        chat: chat.socket === first.socket && chat === first.of('/chat'),
        other: other.socket === first.socket,
        forced: forced.socket === first.socket,
        kept: io.connect('') === first,
        cached: io.sockets[location.origin] === first.socket,
        sockets: Object.keys(io.sockets).length,
      };
    });
    assert.deepEqual(found, {
      again: true,
      chat: true,
      other: false,
      forced: false,
      kept: true,
      cached: true,
      sockets: 2,
    });
    assert.deepEqual(gate.requests, []);
  });

  it('brings a query, which every request shows and which opens a namespace', async () => {
    await page.connected('xhr-polling', { url: '/?token=open&who=%C3%A9' });
    const secret = await page.enter('/private', { url: '/private' });
    await secret.untilEvent('connect');
    await page.sendTo('/private', 'let in');
    await secret.receives('let in');
    assert.ok(gate.requests.length > 4);
    for (const line of gate.requests) assert.match(line, /\?token=open&who=%C3%A9&t=\d+\S* HTTP/);
    assert.match(gate.requests[0], /^GET \/socket\.io\/1\/\?/);
  });

  it('brings it to a WebSocket too', async () => {
    await page.connected('websocket', { query: 'token=open' });
    assert.match(requestsOf('websocket')[0], /\?token=open HTTP/);
    await (await page.enter('/private')).untilEvent('connect');
  });
});

describe('the options of io.connect', () => {
  it('have their documented defaults', async () => {
    const options = await page.evaluate(() => {
      const { document: own, ...rest } = io.connect('', { 'auto connect': false }).socket.options;
      const ownTransports = rest.transports === io.transports;
      return { ...rest, port: String(rest.port), document: own === document, ownTransports };
    });
    const { transports, ownTransports, ...rest } = options;
    assert.ok(ownTransports, `${transports}`);
    assert.deepEqual(rest, {
      host: '127.0.0.1',
      port: String(gate.port),
      secure: false,
      query: '',
      resource: 'socket.io',
      document: true,
      'connect timeout': 10000,
      'try multiple transports': true,
      reconnect: true,
      'reconnection delay': 500,
      'reconnection limit': Infinity,
      'reopen delay': 3000,
      'max reconnection attempts': 10,
      'sync disconnect on unload': false,
      'auto connect': false,
      'flash policy port': 10843,
      manualFlush: false,
    });
  });

  it('choose the resource', async (test) => {
    const deeper = await Echo.start({ RESOURCE: 'deep/er', ORIGINS: '*:*' });
    test.after(() => deeper.kill());
    await page.connect('websocket', { url: deeper.url, resource: 'deep/er', early: ['found'] });
    await page.receives('found');
    assert.match(page.requests[0], /\/deep\/er\/1\/\?t=\d+$/);
  });

  it('choose the transports, in the order of the page', async () => {
    await page.connected(['xhr-polling', 'websocket']);
    assert.equal((await page.facts()).transport, 'xhr-polling');
  });

  it('leave the choice to the list of io', async () => {
    await page.evaluate(() => (io.transports = ['jsonp-polling']));
    await page.connected();
    assert.equal((await page.facts()).transport, 'jsonp-polling');
  });

  it('say how long a transport may take before the next is tried', async () => {
    gate.ignored = /websocket/;
    await page.connect(['websocket', 'xhr-polling'], { 'connect timeout': 1000 });
    const { at } = await page.untilEvent('connect');
    assert.ok(at - page.events[0].at >= 990, `after ${at - page.events[0].at} ms`);
    assert.deepEqual(page.history, [['connecting', 'websocket'], ['connecting', 'xhr-polling'], ['connect']]);
    const sessions = gate.requests.slice(1).map((line) => /\/1\/[\w-]+\/([^?]+)/.exec(line)[1].split(' ')[0]);
    assert.equal(new Set(sessions).size, 1);
  });

  it('forbid to try another', async () => {
    gate.ignored = /websocket/;
    await page.connect(['websocket', 'xhr-polling'], { 'connect timeout': 1000, 'try multiple transports': false });
    await page.untilEvent('connecting');
    await page.tab.waitForFunction(() => !window.socket.socket.connecting);
    assert.deepEqual(requestsOf('xhr-polling'), []);
    assert.equal(page.count('connect'), 0);
  });

  it('leave it to the page when to connect', async () => {
    await page.connect('websocket', { 'auto connect': false, early: ['kept'] });
    assert.deepEqual(await page.facts().then(({ connecting, connected }) => [connecting, connected]), [false, false]);
    assert.deepEqual(gate.requests, []);
    const called = await page.evaluate(
      () => new Promise((resolve) => window.socket.socket.connect(() => resolve(window.socket.socket.connected))),
    );
    assert.equal(called, true);
    await page.receives('kept');
  });

  it('leave it to the page when to send what it had to say before', async () => {
    await page.connected('xhr-polling', { manualFlush: true, early: ['one', 'two'] });
    await page.send('three');
    await page.receives('three');
    await page.evaluate(() => window.socket.socket.flushBuffer());
    await page.receives('one', 'two');
    assert.deepEqual(await page.evaluate(() => window.socket.socket.buffer), []);
  });

  it('may name what only Flash needed', async () => {
    const settings = { 'flash policy port': -1, 'reopen delay': 1 };
    await page.connected(['flashsocket', 'websocket'], { ...settings, early: ['fine'] });
    await page.receives('fine');
    assert.equal((await page.facts()).transport, 'websocket');
    assert.equal(await page.evaluate(() => window.socket.socket.options['flash policy port']), -1);
  });

  it('switch reconnection off', async () => {
    await page.connected('websocket', { reconnect: false });
    gate.cut();
    await page.untilEvent('disconnect');
    const { connecting, reconnecting } = await page.facts();
    assert.deepEqual([connecting, reconnecting], [false, false]);
    assert.deepEqual(page.history, [['connecting', 'websocket'], ['connect'], ['disconnect']]);
  });

  it('set the pace and the number of attempts', { skip: isOriginal }, async () => {
    const pace = { 'reconnection delay': 20, 'reconnection limit': 80, 'max reconnection attempts': 4 };
    await page.connected('websocket', pace);
    gate.refused = /./;
    gate.cut();
    await page.untilEvent('reconnect_failed');
    const attempts = page.history.filter(([name]) => name === 'reconnecting');
    assert.deepEqual(attempts.map(([, ...details]) => details), [[40, 1], [80, 2], [80, 3], [80, 4]]);
    const { connecting, reconnecting } = await page.facts();
    assert.deepEqual([connecting, reconnecting], [false, false]);
  });
});

describe('the events of io.connect', () => {
  it('come in order, the same to every namespace that was there', async () => {
    await page.connect('websocket', { 'auto connect': false });
    const chat = await page.enter('/chat');
    await page.evaluate(() => {
      window.watch('socket', window.socket.socket);
      window.socket.socket.connect();
    });
    await chat.untilEvent('connect');
    await page.evaluate(() => window.socket.disconnect());
    await chat.untilEvent('disconnect');
    const expected = [['connecting', 'websocket'], ['connect'], ['disconnect', 'booted']];
    for (const key of ['/', 'socket', '/chat']) assert.deepEqual(page.of(key).history, expected, key);
  });

  it('say why the server refuses', async () => {
    await page.connect('websocket', { url: '/?deny=1' });
    assert.deepEqual((await page.untilEvent('error')).details, ['handshake unauthorized']);
    assert.equal(page.count('connect'), 0);
    assert.deepEqual(requestsOf('websocket'), []);
    if (!isOriginal) assert.equal((await page.facts()).connecting, false);
  });

  it('say that there is no server', async () => {
    gate.refused = /./;
    await page.connect('websocket');
    await page.untilEvent('error');
    assert.equal((await page.facts()).connecting, false);
    assert.equal(page.count('connect'), 0);
  });

  it('say that no transport is left', async () => {
    await page.connect(['flashsocket']);
    await page.untilEvent('connect_failed');
    assert.deepEqual(page.history, [['connect_failed']]);
  });

  it('are those of an emitter of the time', async () => {
    await page.connected('websocket');
    const heard = await page.evaluate(() => {
      const { socket } = window;
      const heard = [];
      const listener = (...args) => heard.push(args);
      socket.on('a', listener).$emit('a', 1, 2);
      socket.addListener('b', listener).$emit('b');
      heard.push(socket.listeners('b').length);
      socket.removeListener('b', listener).$emit('b');
      socket.once('c', listener).$emit('c', 3);
      socket.$emit('c', 4);
      socket.on('d', listener).on('d', listener).removeAllListeners('d').$emit('d');
      heard.push(socket.listeners('d').length);
      return heard;
    });
    assert.deepEqual(heard, [[1, 2], [], 1, [3], 0]);
    page.receivedNothingElse();
  });

  it('reach the other listeners although one throws', { skip: isOriginal }, async () => {
    await page.connect('xhr-polling', { 'auto connect': false });
    await page.evaluate(() => {
      for (const name of ['connect', 'message']) {
        const fail = () => {
          throw new Error(`a mistake in ${name}`);
        };
        window.socket.on(name, fail);
        window.socket.listeners(name).reverse();
      }
      window.socket.socket.connect();
      window.socket.send('one').send('two');
    });
    await page.receives('one', 'two');
    await page.until(() => page.exceptions.length === 3, 'every mistake on the console');
    assert.deepEqual(page.exceptions, ['connect', 'message', 'message'].map((name) => `a mistake in ${name}`));
  });
});

describe('a page in a hurry', { skip: isOriginal }, () => {
  for (const transport of everyTransport) {
    it(`may disconnect and connect again as often as it likes (${transport})`, async () => {
      const heard = await page.evaluate(async (name) => {
        const socket = io.connect('', { transports: [name] });
        const heard = [];
        for (const event of ['connect', 'disconnect', 'message']) {
          socket.on(event, (...all) => heard.push([event, ...all]));
        }
        const next = (event) => new Promise((resolve) => socket.once(event, resolve));
        // During the handshake, while the transport opens, and in the handlers of its own events.
        socket.disconnect();
        socket.socket.connect();
        await next('connecting');
        socket.disconnect();
        socket.socket.connect();
        socket.once('connect', () => socket.disconnect());
        socket.once('disconnect', () => socket.socket.connect());
        socket.send('one');
        await next('disconnect');
        await next('connect');
        socket.send('two');
        await next('message');
        return heard;
      }, transport);
      const told = heard.filter(([name]) => name !== 'message');
      assert.deepEqual(told, [['connect'], ['disconnect', 'booted'], ['connect']]);
      assert.equal(heard.filter(([, text]) => text === 'two').length, 1);
      assert.deepEqual(page.exceptions, []);
    });
  }
});

describe('volatile messages', { skip: isOriginal }, () => {
  it('are sent over a connection, and dropped when there is none', async () => {
    await page.connect('xhr-polling', { 'auto connect': false });
    await page.evaluate(() => {
      window.socket.volatile.send('lost');
      window.socket.volatile.emit('echo', 'lost');
      window.socket.send('kept');
      window.socket.socket.connect();
    });
    await page.receives('kept');
    await page.evaluate(() => window.socket.volatile.send('sent'));
    await page.receives('sent');
    await page.evaluate(() => window.socket.volatile.emit('echo', 'emitted'));
    assert.deepEqual((await page.untilEvent('echo')).details, ['emitted']);
  });
});

describe('a server of another origin', () => {
  let other;

  beforeEach(async () => (other = await Gate.open(echo.port)));
  afterEach(() => other?.close());

  for (const transport of everyTransport.filter((name) => name !== 'htmlfile')) {
    it(`is reached over ${transport}, with the cookies it has set`, async () => {
      await page.evaluate(() => (document.cookie = 'who=me;path=/'));
      await page.connect(transport, { url: `${other.origin}/chat`, early: ['é漢😀\n'] });
      await page.receives('é漢😀\n');
      assert.deepEqual(await page.answer('/', 'emit', 'echo', 1), [1]);
      assert.equal((await page.facts()).transport, transport);
      const session = other.requests.filter((line) => line.includes(`/1/${transport}/`));
      assert.ok(session.length > 0);
      // The polls of the original show none.
      if (!isOriginal) assert.deepEqual(other.cookies, other.requests.map(() => 'who=me'));
      await page.evaluate(() => window.socket.socket.disconnect());
      assert.deepEqual(page.exceptions, []);
    });
  }

  it('is not reached over htmlfile, which gives way to the next', { skip: isOriginal }, async () => {
    await page.connected(['htmlfile', 'xhr-polling'], { url: other.origin });
    assert.equal((await page.facts()).transport, 'xhr-polling');
  });

  it('is reached by another name of the host', async () => {
    await page.connect('xhr-polling', { url: other.origin.replace('127.0.0.1', 'localhost'), early: ['there'] });
    await page.receives('there');
  });
});

