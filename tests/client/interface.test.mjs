// The interface pages program against: events and their order, options, and the names of old.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Echo, Gate, launchBrowser, Page, pages, transports } from './client.mjs';

let browser;
let echo;
let gate;
let page;

before(async () => {
  browser = await launchBrowser();
  echo = await Echo.start();
  gate = await Gate.open(echo.port, pages);
});

after(async () => {
  await browser?.close();
  await gate?.close();
  await echo?.kill();
});

const opens = async () => {
  page = await Page.open(browser, gate);
};
const closes = () => page.close();

describe('the events of a connection', () => {
  for (const transport of transports) {
    it(`come in order over ${transport}`, async () => {
      await opens();
      await page.connect(transport, { early: ['first'] });
      await page.receives('first');
      await page.evaluate(() => window.socket.disconnect());
      await page.untilEvent('disconnect');
      assert.deepEqual(page.history, [['connecting', transport], ['connect'], ['message', 'first'], ['disconnect']]);
      await closes();
    });
  }

  it('show the state of the socket', async () => {
    await opens();
    const states = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const socket = new io.Socket(null, { transports: ['websocket'], rememberTransport: false });
          const states = [];
          const note = (name) =>
            states.push([
              name,
              socket.connecting,
              socket.connected,
              socket.transport.connected,
              !!socket.transport.sessionid,
            ]);
          note('new');
          socket.on('connecting', () => note('connecting'));
          socket.on('connect', () => note('connect'));
          socket.on('disconnect', () => note('disconnect') && resolve(states));
          socket.connect(() => socket.disconnect());
        }),
    );
    assert.deepEqual(states, [
      ['new', false, false, false, false],
      ['connecting', true, false, false, false],
      ['connect', false, true, true, true],
      ['disconnect', false, false, false, false],
    ]);
    await closes();
  });

  it('end with disconnect, also in the middle of a batch', async () => {
    await opens();
    await page.connect('xhr-polling');
    await page.untilConnected();
    await page.evaluate(() => {
      window.socket.on('message', (message) => message === '1' && window.socket.disconnect());
      window.socket.send('!burst 4');
    });
    await page.untilEvent('disconnect');
    assert.deepEqual(page.messages, ['0', '1']);
    await closes();
  });

  it('reach the other handlers although one throws', async () => {
    await opens();
    await page.connect('xhr-polling');
    await page.untilConnected();
    await page.evaluate(() => {
      window.heard = [];
      window.socket.on('message', () => {
        throw new Error('a mistake');
      });
      window.socket.on('message', (message) => window.heard.push(message));
    });
    await page.send('one', 'two');
    await page.receives('one', 'two');
    assert.deepEqual(await page.evaluate(() => window.heard), ['one', 'two']);
    await page.until(() => page.exceptions.length === 2, 'both mistakes on the console');
    assert.deepEqual(page.exceptions, ['a mistake', 'a mistake']);
    await closes();
  });
});

describe('a socket', () => {
  before(() => opens());
  after(closes);

  it('can be told by its events, under every name their functions ever had', async () => {
    const heard = await page.evaluate(() => {
      const socket = new io.Socket();
      const heard = [];
      for (const name of ['on', 'addEvent', 'addListener', 'addEventListener']) {
        socket[name](name, (...args) => heard.push([name, ...args])).emit(name, [1, 2]).fire(name);
      }
      for (const name of ['removeEvent', 'removeListener', 'removeEventListener']) {
        const handler = () => heard.push('removed');
        socket.on(name, handler)[name](name, handler).emit(name);
      }
      const once = () => heard.push('once');
      socket.once('once', once).emit('once').emit('once');
      socket.once('never', once).removeEvent('never', once).emit('never');
      socket.emit('constructor').emit('toString');
      return heard;
    });
    assert.deepEqual(heard, [
      ['on', 1, 2],
      ['on'],
      ['addEvent', 1, 2],
      ['addEvent'],
      ['addListener', 1, 2],
      ['addListener'],
      ['addEventListener', 1, 2],
      ['addEventListener'],
      'once',
    ]);
  });

  it('has the documented options, and keeps those the page sets', async () => {
    const options = await page.evaluate(() => {
      const { document: own, ...rest } = new io.Socket(null, { reconnectionDelay: 7, port: undefined }).options;
      return { ...rest, ownDocument: own === document };
    });
    assert.deepEqual(options, {
      ownDocument: true,
      secure: false,
      port: String(gate.port),
      resource: 'socket.io',
      transports: ['websocket', 'flashsocket', 'htmlfile', 'xhr-multipart', 'xhr-polling', 'jsonp-polling'],
      transportOptions: { 'xhr-polling': { timeout: 25000 }, 'jsonp-polling': { timeout: 25000 } },
      connectTimeout: 5000,
      tryTransportsOnConnectTimeout: true,
      rememberTransport: true,
      reconnect: true,
      reconnectionDelay: 7,
      maxReconnectionAttempts: 10,
    });
  });

  it('takes the port of the scheme when that is not the scheme of the page', async () => {
    const ports = await page.evaluate(() => [
      new io.Socket('other.example').options.port,
      new io.Socket('other.example', { secure: true }).options.port,
      new io.Socket('other.example', { secure: true, port: 8443 }).options.port,
    ]);
    assert.deepEqual(ports, [String(gate.port), 443, 8443]);
  });

  it('knows another origin by host, port and scheme', async () => {
    const origins = await page.evaluate(() => [
      new io.Socket().crossDomain,
      new io.Socket(location.hostname, { port: Number(location.port) }).crossDomain,
      new io.Socket('other.example').crossDomain,
      new io.Socket(null, { port: 1 }).crossDomain,
      new io.Socket(null, { secure: true, port: location.port }).crossDomain,
    ]);
    assert.deepEqual(origins, [false, false, true, true, true]);
  });

  it('chooses the first transport of its list that fits, and has none when none does', async () => {
    const types = await page.evaluate(() =>
      [['flashsocket', 'jsonp-polling', 'websocket'], ['xhr-polling'], ['flashsocket']].map((transports) => {
        const { transport } = new io.Socket(null, { transports, rememberTransport: false });
        return transport && transport.type;
      }),
    );
    assert.deepEqual(types, ['jsonp-polling', 'xhr-polling', null]);
  });

  it('is found beside the other globals pages use', async () => {
    const globals = await page.evaluate(() => {
      io.setPath('/files');
      const types = [typeof io.util, typeof io.Transport['xhr-polling'], Array.isArray(io.JSONP)];
      return [io.version, WEB_SOCKET_SWF_LOCATION, ...types];
    });
    const flash = '/files/lib/vendor/web-socket-js/WebSocketMain.swf';
    assert.deepEqual(globals, ['0.9.17', flash, 'object', 'function', true]);
  });
});

describe('several sockets of a page', () => {
  for (const transport of transports) {
    it(`do not hear each other over ${transport}`, async () => {
      await opens();
      const heard = await page.evaluate(async (type) => {
        const sockets = [1, 2, 3].map(() => new io.Socket(null, { transports: [type], rememberTransport: false }));
        const echoes = sockets.map((socket) => new Promise((resolve) => socket.on('message', resolve)));
        sockets.forEach((socket, index) => socket.connect().send(`for ${index}`));
        return Promise.all(echoes);
      }, transport);
      assert.deepEqual(heard, ['for 0', 'for 1', 'for 2']);
      await closes();
    });
  }
});

describe('a remembered transport', () => {
  it('is written on connect and comes first the next time', async () => {
    await opens();
    await page.connect(['xhr-polling', 'websocket'], { rememberTransport: true });
    await page.untilConnected();
    assert.equal(await page.evaluate(() => document.cookie), 'socketio=xhr-polling');
    assert.equal(await page.connect(['websocket', 'xhr-polling'], { rememberTransport: true }), 'xhr-polling');
    assert.equal(await page.connect(['websocket', 'xhr-polling'], { rememberTransport: false }), 'websocket');
    await closes();
  });

  it('is no more than a preference', async () => {
    await opens();
    await page.evaluate(() => {
      document.cookie = 'socketio=jsonp-polling';
    });
    assert.equal(await page.connect(['xhr-polling'], { rememberTransport: true }), 'xhr-polling');
    await page.untilConnected();
    await closes();
  });

  it('is not written by a page that does not want it', async () => {
    await opens();
    await page.connect('xhr-polling', { rememberTransport: false });
    await page.untilConnected();
    assert.equal(await page.evaluate(() => document.cookie), '');
    await closes();
  });
});

describe('under a policy that forbids eval and inline script', () => {
  for (const transport of ['websocket', 'xhr-polling']) {
    it(`${transport} works`, async () => {
      const policy = `default-src 'none'; script-src 'self'; connect-src 'self' ws://127.0.0.1:*; img-src data:`;
      const html = pages['/page/'][1].replace(
        '<title>',
        `<meta http-equiv="Content-Security-Policy" content="${policy}"><title>`,
      );
      const strict = await Gate.open(echo.port, { ...pages, '/page/': ['text/html', html] });
      page = await Page.open(browser, strict);
      await page.connect(transport, { early: ['text'] });
      await page.receives('text');
      await closes();
      await strict.close();
    });
  }
});
