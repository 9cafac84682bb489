// Pages written the way people write them since 1.0: `io(url, options)`, over the wire of 0.9.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { ConnectPage, Echo, everyTransport, Gate, launchBrowser, pages } from './client.mjs';

const numbers = Array.from({ length: 50 }, (_, number) => String(number));
const eager = { reconnectionDelay: 20, reconnectionDelayMax: 40, randomizationFactor: 0 };

let browser;
let echo;
let gate;
let page;

before(async () => {
  browser = await launchBrowser();
  page = await ConnectPage.open(browser, 'about:blank');
  page.api = 'io';
  echo = await Echo.start({ POLL_DURATION: '400', CLOSE_TIMEOUT: '3000', QUESTIONS: '1', ORIGINS: '*:*' });
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

const names = (log) => log.history.map(([name]) => name);
const life = (log) => log.history.filter(([name]) => !['connecting', 'message', 'echo'].includes(name));
const state = (page) =>
  page.evaluate(() => {
    const { connected, disconnected, id, io: manager } = window.socket;
    return { connected, disconnected, hasId: typeof id === 'string', reconnecting: manager.reconnecting };
  });

describe('io()', () => {
  for (const transport of everyTransport) {
    it(`talks over ${transport}`, async () => {
      await page.connect(transport, { early: ['early'] });
      await page.receives('early');
      const id = await page.evaluate(() => window.socket.id);
      await echo.untilConnected(id);
      await page.send('é漢😀\n', '', '!burst 50', ...numbers);
      await page.receives('é漢😀\n', '', ...numbers, ...numbers);
      await page.evaluate(() => window.socket.send({ a: [1, 'é'] }).send(null));
      await page.receives({ a: [1, 'é'] }, null);
      assert.deepEqual(await page.answer('/', 'emit', 'echo', 1, { b: '漢' }), [1, { b: '漢' }]);
      const chat = await page.enter('/chat');
      await page.sendTo('/chat', '!whoami');
      const self = await chat.receivesOne();
      assert.deepEqual([self.namespace, self.transport], ['/chat', transport]);
      await page.evaluate(() => window.namespaces['/chat'].close());
      assert.deepEqual((await chat.untilEvent('disconnect')).details, ['io client disconnect']);
      assert.equal(page.count('disconnect'), 0);
      await page.evaluate(() => window.socket.close());
      assert.deepEqual((await page.untilEvent('disconnect')).details, ['io client disconnect']);
      await echo.untilDisconnected(id);
      page.receivedNothingElse();
      assert.deepEqual(page.exceptions, []);
    });
  }
});

describe('a page of io()', () => {
  it('says where with an address, an object, both, or nothing', async () => {
    const found = await page.evaluate(() => {
      const off = { autoConnect: false, forceNew: true };
      const all = [
        io(off),
        io(undefined, off),
        io('/chat', off),
        io('http://other.example', off),
        io('https://other.example/news?a=1', off),
        io('//other.example:81', off),
        io(location.origin, { ...off, query: 'b=2', path: '/deep/er' }),
        io({ ...off, query: { 'c d': 'é&' } }),
      ];
      return all.map(({ nsp, io: manager }) => {
        const { host, port, secure, query, resource } = manager.options;
        return [host, Number(port), secure, query, resource, nsp];
      });
    });
    const own = ['127.0.0.1', gate.port, false];
    assert.deepEqual(found, [
      [...own, '', 'socket.io', '/'],
      [...own, '', 'socket.io', '/'],
      [...own, '', 'socket.io', '/chat'],
      ['other.example', 80, false, '', 'socket.io', '/'],
      ['other.example', 443, true, 'a=1', 'socket.io', '/news'],
      ['other.example', 81, false, '', 'socket.io', '/'],
      [...own, 'b=2', 'deep/er', '/'],
      [...own, 'c%20d=%C3%A9%26', 'socket.io', '/'],
    ]);
    assert.deepEqual(gate.requests, []);
  });

  it('shares a connection between namespaces, unless it wants another', async () => {
    const shared = await page.evaluate(() => {
      const off = { autoConnect: false };
      const first = io(off);
      return {
        namespace: io('/chat', off).io === first.io,
        // Who asks for the same twice wants two.
        again: io(off).io === first.io,
        forced: io('/news', { ...off, forceNew: true }).io === first.io,
        alone: io('/news', { ...off, multiplex: false }).io === first.io,
        path: io('/news', { ...off, path: '/other' }).io === first.io,
        later: io('/news', off).io === first.io,
      };
    });
    const apart = { again: false, forced: false, alone: false, path: false };
    assert.deepEqual(shared, { namespace: true, ...apart, later: true });
  });

  it('sees the state of a socket', async () => {
    await page.connect('websocket', { autoConnect: false });
    const off = { connected: false, disconnected: true, hasId: false, reconnecting: false };
    const on = { connected: true, disconnected: false, hasId: true, reconnecting: false };
    assert.deepEqual(await state(page), off);
    assert.deepEqual(gate.requests, []);
    assert.equal(await page.evaluate(() => window.socket.open() === window.socket), true);
    await page.untilEvent('connect');
    assert.deepEqual(await state(page), on);
    assert.deepEqual(await page.evaluate(() => window.socket.io.opts.transports), ['websocket']);
    assert.equal(await page.evaluate(() => window.socket.disconnect() === window.socket), true);
    assert.deepEqual(await state(page), off);
    await page.evaluate(() => window.socket.connect());
    await page.untilEvent('connect', 2);
    assert.deepEqual(await state(page), on);
    assert.deepEqual(life(page), [['connect'], ['disconnect', 'io client disconnect'], ['connect']]);
    await page.send('again');
    await page.receives('again');
  });

  it('leaves the root and stays in a namespace', async () => {
    await page.connect('websocket');
    const chat = await page.enter('/chat');
    await chat.untilEvent('connect');
    await page.evaluate(() => window.socket.close());
    await page.untilEvent('disconnect');
    assert.deepEqual(await page.answer('/chat', 'emit', 'echo', 'still here'), ['still here']);
    await page.evaluate(() => window.socket.open());
    await page.untilEvent('connect', 2);
    assert.equal(chat.count('disconnect'), 0);
    await page.evaluate(() => window.namespaces['/chat'].close().open());
    await chat.untilEvent('connect', 2);
    assert.deepEqual(await page.answer('/chat', 'emit', 'echo', 'here again'), ['here again']);
    assert.equal(gate.requests.length, 2);
  });

  it('is told why a namespace refuses it, and enters with a query', async () => {
    await page.connect('websocket', { query: { token: 'open' } });
    const open = await page.enter('/private');
    await open.untilEvent('connect');
    const options = { forceNew: true, transports: ['websocket'] };
    const closed = await page.enter('closed', { url: '/private', options });
    assert.deepEqual((await closed.untilEvent('connect_error')).details, ['Error: unauthorized']);
    assert.equal(closed.count('connect'), 0);
    const mine = await page.enter('mine', { url: '/private?token=open', options: { forceNew: true } });
    await mine.untilEvent('connect');
  });

  it('has acknowledgements as callbacks, as promises, and with a time limit', async () => {
    await page.connect('websocket');
    const answers = await page.evaluate(async () => {
      const { socket } = window;
      socket.on('asked', (word, fn) => fn(`${word}?`));
      const late = await new Promise((resolve) =>
        socket.timeout(50).emit('nobody answers', 1, (error, value) => resolve([error.message, value])),
      );
      const failure = await socket.timeout(50).emitWithAck('nobody answers').catch((error) => error.message);
      return {
        late,
        failure,
        inTime: await new Promise((resolve) => socket.timeout(9000).emit('echo', 1, 2, (...all) => resolve(all))),
        promise: await socket.emitWithAck('echo', { a: 'é' }),
        promiseInTime: await socket.timeout(9000).emitWithAck('echo', 'b'),
        asked: await socket.emitWithAck('ask', 'what'),
        message: await new Promise((resolve) => socket.send('acknowledge me', () => resolve('received'))),
      };
    });
    assert.deepEqual(answers, {
      late: ['operation has timed out', undefined],
      failure: 'operation has timed out',
      inTime: [null, 1, 2],
      promise: { a: 'é' },
      promiseInTime: 'b',
      asked: 'what?',
      message: 'received',
    });
    await page.receives('acknowledge me');
  });

  it('has flags, and a volatile message is dropped without a connection', async () => {
    await page.connect('xhr-polling', { autoConnect: false });
    await page.evaluate(() => {
      window.socket.volatile.emit('echo', 'lost');
      window.socket.compress(true).emit('echo', 'kept');
      window.socket.open();
    });
    assert.deepEqual((await page.untilEvent('echo')).details, ['kept']);
    await page.evaluate(() => window.socket.volatile.emit('echo', 'sent'));
    assert.deepEqual((await page.untilEvent('echo', 2)).details, ['sent']);
    await page.evaluate(() => window.socket.compress(false).volatile.send('text'));
    await page.receives('text');
  });

  it('listens to one event, to it once, or to all', async () => {
    await page.connect('websocket', { autoConnect: false });
    const heard = await page.evaluate(async () => {
      const { socket } = window;
      const heard = [];
      const note = (label) => (...args) => heard.push([label, ...args]);
      const [on, off] = [note('on'), note('off')];
      const all = note('all');
      const fallen = note('fallen');
      socket.on('echo', on).on('echo', off).once('echo', note('once')).off('echo', off);
      socket.onAny(all).onAny(fallen).offAny(fallen);
      heard.push([socket.hasListeners('echo'), socket.hasListeners('other'), socket.listeners('other').length]);
      socket.open();
      const untilHeard = (count) =>
        new Promise((resolve) => socket.on('echo', () => heard.length >= count && resolve()));
      socket.emit('echo', 1).emit('echo', 2);
      await untilHeard(6);
      socket.off('echo').offAny();
      heard.push(socket.hasListeners('echo'));
      await new Promise((resolve) => socket.emit('echo', 3, resolve));
      socket.off();
      heard.push(socket.hasListeners('connect'));
      return heard;
    });
    assert.deepEqual(heard, [
      [true, false, 0],
      ['all', 'echo', 1],
      ['on', 1],
      ['once', 1],
      ['all', 'echo', 2],
      ['on', 2],
      false,
      false,
    ]);
  });

  it('is warned of what this wire cannot carry', async () => {
    const warnings = [];
    page.tab.on('console', (message) => warnings.push(`${message.type()}: ${message.text()}`));
    await page.connect('websocket', { auth: { token: 'abc' } });
    await page.untilEvent('connect');
    const errors = await page.evaluate(() => {
      const buffer = new ArrayBuffer(1);
      const binary = [buffer, new DataView(buffer), new Uint8Array(1), new Float64Array(1), new Blob(['a'])];
      return [...binary, { deep: [buffer] }].map((value) => {
        try {
          window.socket.emit('echo', value);
          return 'sent';
        } catch (error) {
          return error.message;
        }
      });
    });
    for (const error of errors) assert.match(error, /binary/);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /auth/);
    const reserved = await page.evaluate(() => {
      try {
        window.socket.emit('connect', 1);
      } catch (error) {
        return error.message;
      }
    });
    assert.match(reserved, /reserved/);
    assert.deepEqual(await page.answer('/', 'emit', 'echo', 'nothing broke'), ['nothing broke']);
  });
});

describe('the options of io()', () => {
  it('choose the path and the query', async (test) => {
    const deeper = await Echo.start({ RESOURCE: 'deep/er', ORIGINS: '*:*' });
    test.after(() => deeper.kill());
    await page.connect('xhr-polling', { url: deeper.url, path: '/deep/er/', query: { who: 'é' }, early: ['found'] });
    await page.receives('found');
    for (const request of page.requests) assert.match(request, /\/deep\/er\/1\/.*\?who=%C3%A9&t=\d+/);
  });

  const choices = [
    [['polling'], 'xhr-polling'],
    [['polling', 'websocket'], 'xhr-polling'],
    [undefined, 'websocket'],
  ];
  for (const [wanted, carries] of choices) {
    it(`choose ${carries} of ${wanted ?? 'nothing'}`, async () => {
      await page.connected(wanted);
      assert.equal((await page.facts()).transport, carries);
    });
  }

  it('have the next transport tried when one does not come', async () => {
    gate.refused = /websocket/;
    await page.connect(['websocket', 'polling'], { early: ['text'] });
    await page.receives('text');
    assert.equal((await page.facts()).transport, 'xhr-polling');
    assert.equal(page.count('connect_error'), 0);
  });

  it('say whether a server of another origin sees the cookies', async (test) => {
    await page.evaluate(() => (document.cookie = 'who=me;path=/'));
    for (const [withCredentials, cookie] of [[true, 'who=me'], [false, '']]) {
      const other = await Gate.open(echo.port);
      test.after(() => other.close());
      const key = `credentials ${withCredentials}`;
      const options = { withCredentials, transports: ['xhr-polling'] };
      const log = await page.enter(key, { url: other.origin, options });
      await page.sendTo(key, 'there');
      await log.receives('there');
      assert.deepEqual(other.cookies, other.requests.map(() => cookie));
      await page.evaluate((name) => window.namespaces[name].close(), key);
    }
  });

  it('set the time a connection may take', async () => {
    gate.ignored = /./;
    await page.connect('websocket', { timeout: 200, reconnection: false, autoConnect: false });
    await page.evaluate(() => {
      window.watch('manager', window.socket.io);
      window.socket.open();
    });
    const { at, details } = await page.untilEvent('connect_error');
    assert.ok(at >= 200);
    assert.deepEqual(details, ['Error: timeout']);
    assert.deepEqual(page.of('manager').events.filter(({ name }) => name === 'connect_timeout')[0]?.details, [200]);
  });

  it('end the attempts', async () => {
    gate.refused = /./;
    await page.connect('websocket', { ...eager, reconnectionAttempts: 2 });
    await page.untilEvent('reconnect_failed');
    const attempts = [1, 2].flatMap((number) => [['reconnect_attempt', number], ['reconnecting', number]]);
    const told = life(page);
    const tries = told.filter(([name]) => /^reconnect(ing|_attempt|_failed)$/.test(name));
    assert.deepEqual(tries, [...attempts, ['reconnect_failed']]);
    assert.equal(page.count('connect_error'), 3);
    assert.equal(page.count('reconnect_error'), 2);
    assert.equal(told[0][0], 'connect_error');
    assert.match(told[0][1], /^Error: ./);
    gate.refused = /(?!)/;
    await page.send('kept');
    await page.evaluate(() => window.socket.open());
    await page.receives('kept');
  });

  it('forbid reconnection', async () => {
    await page.connect('websocket', { reconnection: false });
    await page.untilEvent('connect');
    gate.cut();
    assert.deepEqual((await page.untilEvent('disconnect')).details, ['transport close']);
    assert.deepEqual(await state(page), { connected: false, disconnected: true, hasId: false, reconnecting: false });
    assert.deepEqual(life(page), [['connect'], ['disconnect', 'transport close']]);
  });

  it('set the pace of the attempts', async () => {
    gate.refused = /./;
    await page.connect('websocket', { reconnectionDelay: 100, reconnectionDelayMax: 200, randomizationFactor: 0 });
    await page.untilEvent('reconnect_attempt', 4);
    const times = page.events.filter(({ name }) => name === 'reconnect_attempt').map(({ at }) => at);
    const waits = times.slice(1).map((at, index) => at - times[index]);
    [200, 200, 200].forEach((wait, index) => assert.ok(waits[index] >= wait - 5, `${waits}`));
    const first = page.events.find(({ name }) => name === 'connect_error');
    assert.ok(times[0] - first.at >= 95);
  });
});

describe('a connection of io()', () => {
  it('that fails at first is tried like any other', async () => {
    gate.refused = /./;
    await page.connect('xhr-polling', { ...eager, autoConnect: false, early: ['kept'] });
    await page.evaluate(() => {
      window.watch('manager', window.socket.io);
      window.socket.open();
    });
    const chat = await page.enter('/chat');
    await page.evaluate(() => window.namespaces['/chat'].open());
    await page.untilEvent('reconnect_error', 2);
    gate.refused = /(?!)/;
    await page.receives('kept');
    await chat.untilEvent('connect');
    const attempts = page.count('reconnect_attempt');
    assert.deepEqual(page.history.find(([name]) => name === 'reconnect'), ['reconnect', attempts]);
    const manager = page.of('manager');
    const shared = ['reconnect', 'reconnect_attempt', 'reconnecting', 'reconnect_error', 'connect_error'];
    for (const name of shared) {
      const details = (log) => log.events.filter((event) => event.name === name).map((event) => event.details);
      assert.deepEqual(details(manager), details(page), name);
      assert.ok(details(page).length > 0, name);
    }
    assert.equal(page.count('disconnect'), 0);
  });

  for (const transport of ['websocket', 'xhr-polling']) {
    it(`that breaks comes back with everything sent meanwhile (${transport})`, async () => {
      await page.connect(transport, eager);
      const chat = await page.enter('/chat');
      await chat.untilEvent('connect');
      gate.refused = /./;
      gate.cut();
      const { details } = await page.untilEvent('disconnect');
      assert.match(details[0], /^transport (close|error)$/);
      await page.send('one', 'two');
      await page.sendTo('/chat', 'three');
      gate.refused = /(?!)/;
      await page.receives('one', 'two');
      await chat.receives('three');
      const attempts = page.count('reconnect_attempt');
      assert.deepEqual(names(page).slice(-4), ['reconnect', 'connect', 'message', 'message']);
      assert.deepEqual(page.history.find(([name]) => name === 'reconnect'), ['reconnect', attempts]);
      assert.deepEqual([page.count('connect'), chat.count('connect'), chat.count('disconnect')], [2, 2, 1]);
      assert.deepEqual(await state(page), { connected: true, disconnected: false, hasId: true, reconnecting: false });
    });
  }

  it('that the server ends stays away until the page wants it again', async () => {
    await page.connect('xhr-polling', eager);
    const chat = await page.enter('/chat');
    await chat.untilEvent('connect');
    await page.send('!bye');
    assert.deepEqual((await page.untilEvent('disconnect')).details, ['io server disconnect']);
    assert.deepEqual(await state(page), { connected: false, disconnected: true, hasId: false, reconnecting: false });
    await page.evaluate(() => window.socket.connect());
    await page.untilEvent('connect', 2);
    assert.equal(page.count('reconnect_attempt'), 0);
    await page.send('again');
    await page.receives('again');
  });

  it('that falls silent ends with a ping timeout', async (test) => {
    // There is no shorter heartbeat timeout than a second.
    const silent = await Echo.start({ HEARTBEAT_INTERVAL: '300', HEARTBEAT_TIMEOUT: '1000', ORIGINS: '*:*' });
    test.after(() => silent.kill());
    await page.connect('websocket', { ...eager, url: silent.url });
    await page.untilEvent('connect');
    silent.child.kill('SIGSTOP');
    assert.deepEqual((await page.untilEvent('disconnect')).details, ['ping timeout']);
    silent.child.kill('SIGCONT');
    await page.untilEvent('connect', 2);
  });

  it('can be closed while it is tried again', async () => {
    gate.refused = /./;
    await page.connect('websocket', eager);
    await page.untilEvent('reconnect_attempt');
    await page.evaluate(() => window.socket.close());
    const asked = gate.requests.length;
    assert.equal((await state(page)).reconnecting, false);
    gate.refused = /(?!)/;
    const options = { forceNew: true, transports: ['websocket'] };
    const other = await page.enter('another connection', { url: '', options });
    await other.untilEvent('connect');
    assert.equal(gate.requests.length, asked + 2);
    assert.equal(page.count('connect'), 0);
  });
});
