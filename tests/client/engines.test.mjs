// Our client in engines without what JavaScript has gained since 2009, fed by a scripted server.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import vm from 'node:vm';
import { script } from './client.mjs';

// What Internet Explorer 8 does not have.
const forget = `
  Array.isArray = Date.now = Object.keys = Object.create = Object.defineProperty = Function.prototype.bind = undefined;
  String.prototype.trim = String.prototype.startsWith = String.prototype.includes = Promise = Symbol = undefined;
  var gone = ['forEach', 'map', 'filter', 'some', 'every', 'reduce', 'indexOf', 'lastIndexOf', 'includes', 'find'];
  for (var i = 0; i < gone.length; i++) Array.prototype[gone[i]] = undefined;
`;

/** An engine with the client in it. `requests` are those it made, `loaded()` tells it that the page has loaded. */
function engine({ readyState = 'complete', ...extra } = {}) {
  const requests = [];
  const timers = [];
  const listeners = {};
  class Request {
    readyState = 0;
    open(method, url) {
      Object.assign(this, { method, url });
    }
    setRequestHeader() {}
    send(body) {
      this.body = body;
      requests.push(this);
    }
    abort() {
      this.aborted = true;
    }
    answer(text, status = 200) {
      Object.assign(this, { readyState: 4, status, responseText: text });
      this.onreadystatechange();
    }
  }
  const window = {
    document: { domain: 'page.example', cookie: '', readyState },
    location: { protocol: 'http:', hostname: 'page.example', port: '' },
    navigator: { userAgent: 'none' },
    attachEvent: (name, listener) => (listeners[name] = listener),
    setTimeout: (task, delay) => timers.push({ task, delay }),
    clearTimeout: (id) => (timers[id - 1] = undefined),
    XMLHttpRequest: Request,
    ...extra,
  };
  window.window = vm.createContext(window);
  vm.runInContext(forget, window);
  vm.runInContext(script, window);
  return { window, requests, timers, listeners, io: window.io };
}

function connected(machine) {
  const events = [];
  const socket = new machine.io.Socket(null, { transports: ['xhr-polling'] });
  for (const name of ['connect', 'message', 'disconnect']) {
    socket.on(name, (...details) => events.push([name, ...details]));
  }
  socket.connect();
  return { socket, events };
}

const plain = (value) => JSON.parse(JSON.stringify(value));

describe('in an old engine', () => {
  it('a session runs from its first poll to its end', () => {
    const machine = engine();
    const { requests, window } = machine;
    const { socket, events } = connected(machine);
    assert.match(requests[0].url, /^http:\/\/page\.example:80\/socket\.io\/xhr-polling\/\/\d+$/);
    requests[0].answer('~m~4~m~id42~m~5~m~first');
    assert.match(requests[1].url, /\/xhr-polling\/id42\/\d+$/);
    socket.send('a').send(['b', { c: 1 }]);
    assert.equal(requests[2].body, `data=${encodeURIComponent('~m~1~m~a')}`);
    requests[2].answer('ok');
    assert.equal(requests[3].body, `data=${encodeURIComponent('~m~1~m~b~m~10~m~~j~{"c":1}')}`);
    requests[1].answer('~m~10~m~~j~{"d":2}');
    machine.listeners.onunload();
    assert.ok(requests.at(-1).aborted);
    assert.deepEqual(plain(events), [['connect'], ['message', 'first'], ['message', { d: 2 }]]);
    assert.equal(window.document.cookie, 'socketio=xhr-polling');
  });

  it('polls of an old WebKit wait until a moment after the page has loaded', () => {
    const machine = engine({ readyState: 'interactive', navigator: { userAgent: 'AppleWebKit/531' } });
    connected(machine);
    assert.equal(machine.requests.length, 0);
    machine.listeners.onload();
    const { task, delay } = machine.timers.at(-1);
    assert.equal(delay, 100);
    task();
    assert.equal(machine.requests.length, 1);
  });

  it('another origin is asked through XDomainRequest where XMLHttpRequest cannot', () => {
    const asked = [];
    class Foreign {
      open(method, url) {
        Object.assign(this, { method, url });
      }
      send(body) {
        this.body = body;
        asked.push(this);
      }
      answer(text) {
        this.responseText = text;
        this.onload();
      }
    }
    const machine = engine({ XDomainRequest: Foreign });
    const socket = new machine.io.Socket('other.example', { transports: ['xhr-polling'] });
    const received = [];
    socket.on('message', (message) => received.push(message)).send('b');
    socket.connect();
    assert.match(asked[0].url, /^http:\/\/other\.example:80\/socket\.io\/xhr-polling\/\/\d+$/);
    asked[0].answer('~m~1~m~7');
    asked[1].answer('~m~1~m~a');
    assert.deepEqual(received, ['a']);
    assert.deepEqual([asked[2].method, asked[2].body], ['POST', `data=${encodeURIComponent('~m~1~m~b')}`]);
    assert.equal(machine.requests.length, 0);
  });
});

describe('payloads', () => {
  const messagesOf = (payload) => {
    const machine = engine();
    const { events } = connected(machine);
    machine.requests[0].answer('~m~1~m~7');
    machine.requests[1].answer(payload);
    return plain(events.filter(([name]) => name === 'message').map(([, message]) => message));
  };

  const cases = {
    'of several messages are taken apart': ['~m~1~m~a~m~0~m~~m~2~m~bc', ['a', '', 'bc']],
    'count UTF-16 units': ['~m~4~m~é漢😀~m~1~m~a', ['é漢😀', 'a']],
    'may hold their own markers': ['~m~7~m~~m~1~m~~m~1~m~a', ['~m~1~m~', 'a']],
    'are read up to what is malformed': ['~m~1~m~a~m~x~m~b~m~1~m~c', ['a']],
    'cut short lose their last message only': ['~m~1~m~a~m~5~m~bc', ['a']],
    'with a negative length hold nothing': ['~m~-1~m~a', []],
    'without markers hold nothing': ['hello', []],
    'lose an object that is not JSON and nothing else': ['~m~4~m~~j~{~m~1~m~a', ['a']],
    'bring objects': ['~m~12~m~~j~{"a":"é"}', [{ a: 'é' }]],
  };

  for (const [name, [payload, messages]] of Object.entries(cases)) {
    it(name, () => assert.deepEqual(messagesOf(payload), messages));
  }

  it('with a heartbeat are answered with it, ahead of what waits, and read to their end', () => {
    const machine = engine();
    const { socket, events } = connected(machine);
    machine.requests[0].answer('~m~1~m~7');
    machine.requests[1].answer('~m~4~m~~h~1~m~1~m~a');
    assert.equal(machine.requests[3].body, `data=${encodeURIComponent('~m~4~m~~h~1')}`);
    socket.send('b');
    machine.requests[2].answer('~m~4~m~~h~2');
    machine.requests[3].answer('ok');
    assert.equal(machine.requests.at(-1).body, `data=${encodeURIComponent('~m~4~m~~h~2~m~1~m~b')}`);
    assert.deepEqual(plain(events), [['connect'], ['message', 'a']]);
  });

  it('in the envelopes of 0.3 and 0.4 are understood, and answered in kind', () => {
    const machine = engine();
    const { socket, events } = connected(machine);
    machine.requests[0].answer(JSON.stringify({ messages: [JSON.stringify({ sessionid: '42' }), 'a'] }));
    machine.requests[1].answer('{"heartbeat":"1"}');
    machine.requests[2].answer('{"messages":["~j~b",1,null,{"c":2}]}');
    socket.send('d').send({ e: 1 });
    assert.deepEqual(plain(events.slice(1)), ['a', '~j~b', 1, null, { c: 2 }].map((message) => ['message', message]));
    assert.equal(decodeURIComponent(machine.requests.at(-1).body), 'data=["d"]');
    machine.requests.at(-1).answer('ok');
    assert.equal(decodeURIComponent(machine.requests.at(-1).body), 'data=["{\\"e\\":1}"]');
    assert.match(machine.requests[1].url, /\/xhr-polling\/42\/\d+$/);
  });

  for (const [dialect, hello] of Object.entries({
    frames: '~m~1~m~7',
    envelopes: '{"messages":["{\\"sessionid\\":\\"42\\"}"]}',
  })) {
    it(`that are somebody else's are no reason to ask again at once, in the dialect of ${dialect}`, () => {
      const machine = engine();
      const { events } = connected(machine);
      machine.requests[0].answer(hello);
      machine.requests[1].answer('<html>Please log in');
      assert.deepEqual(plain(events), [['connect'], ['disconnect']]);
    });
  }
});

describe('a batch', () => {
  const start = () => {
    const machine = engine();
    const { socket, events } = connected(machine);
    machine.requests[0].answer('~m~1~m~7');
    socket.send('a');
    const post = machine.requests.at(-1);
    const reconnect = () => {
      machine.timers.findLast((timer) => timer).task();
      machine.requests.at(-1).answer('~m~1~m~8');
      return machine.requests.at(-1);
    };
    return { machine, socket, events, post, reconnect };
  };

  it('that got no answer is sent again', () => {
    const { machine, post, reconnect } = start();
    post.answer('', 0);
    assert.ok(machine.requests[1].aborted);
    assert.match(reconnect().body, /a$/);
  });

  it('that the server refuses is not', () => {
    const { socket, events, post, reconnect } = start();
    post.answer('', 413);
    assert.deepEqual(plain(events), [['connect'], ['disconnect']]);
    assert.equal(reconnect().method, 'GET');
    assert.equal(socket.connected, true);
  });

  it('that is still under way when the next session begins is taken back', () => {
    const { machine, post, reconnect } = start();
    machine.requests[1].answer('', 0);
    assert.equal(post.aborted, undefined);
    assert.match(reconnect().body, /a$/);
    assert.equal(post.aborted, true);
  });

  it('that arrives after its session was lost is not sent again', () => {
    const { machine, post, reconnect } = start();
    machine.requests[1].answer('', 0);
    post.answer('ok');
    assert.equal(reconnect().method, 'GET');
  });

  it('that breaks every connection is given up', () => {
    let { machine, post, reconnect } = start();
    for (let attempt = 0; attempt < 4; attempt += 1) {
      post.answer('', 0);
      post = reconnect();
      assert.equal(post.method, 'POST');
    }
    post.answer('', 0);
    assert.equal(reconnect().method, 'GET');
    const batches = machine.requests.filter((request) => request.method === 'POST' && /\/send$/.test(request.url));
    assert.equal(batches.length, 5);
  });
});

describe('a session that lost a poll', () => {
  const lost = (last) => {
    const machine = engine();
    const { events } = connected(machine);
    machine.requests[0].answer('~m~1~m~7');
    machine.requests[1].answer(last);
    machine.requests[2].answer('', 0);
    const messages = () => plain(events.filter(([name]) => name === 'message').map(([, message]) => message));
    return { machine, messages };
  };

  it('is asked for what it still has, while its page waits to come back', () => {
    const { machine, messages } = lost('~m~1~m~a');
    assert.match(machine.requests[3].url, /\/xhr-polling\/7\/\d+$/);
    machine.requests[3].answer('~m~1~m~b');
    machine.requests[4].answer('~m~1~m~c');
    assert.deepEqual(messages(), ['a', 'b', 'c']);
  });

  it('says nothing twice that the server could not know to be read', () => {
    const { machine, messages } = lost('~m~1~m~a~m~1~m~b');
    machine.requests[3].answer('~m~1~m~a~m~1~m~b~m~1~m~c');
    machine.requests[4].answer('~m~1~m~c');
    assert.deepEqual(messages(), ['a', 'b', 'c', 'c']);
  });

  it('says nothing twice on the wire of packets either', () => {
    const machine = engine();
    const messages = [];
    const socket = machine.io.connect('http://page.example', { transports: ['xhr-polling'] });
    socket.on('message', (message) => messages.push(message));
    const answers = ['7:60:60:xhr-polling', '1::', '3:::a'];
    answers.forEach((answer, index) => machine.requests[index].answer(answer));
    machine.requests[3].answer('', 0);
    machine.requests[4].answer('\uFFFD5\uFFFD3:::a\uFFFD5\uFFFD3:::b');
    machine.requests[5].answer('3:::b');
    assert.deepEqual(messages, ['a', 'b', 'b']);
  });

  it('is left alone once another has begun', () => {
    const { machine, messages } = lost('~m~1~m~a');
    machine.timers.findLast((timer) => timer).task();
    machine.requests.at(-1).answer('~m~1~m~8');
    assert.equal(machine.requests[3].aborted, true);
    machine.requests[3].answer('~m~1~m~b');
    assert.deepEqual(messages(), ['a']);
  });
});

describe('the first attempt to reconnect', () => {
  const delay = (random) => {
    const machine = engine();
    connected(machine);
    machine.requests[0].answer('~m~1~m~7');
    vm.runInContext(`Math.random = function () { return ${random}; };`, machine.window);
    machine.requests[1].answer('', 0);
    return machine.timers.findLast((timer) => timer).delay;
  };

  it('comes between the delay and its double, so that pages do not all come at once', () => {
    assert.deepEqual([delay(0), delay(0.5)], [500, 750]);
  });
});

describe('a WebSocket', () => {
  it('that is closing already loses nothing of what it received nor of what is sent', () => {
    const sockets = [];
    class WebSocket {
      readyState = 1;
      sent = [];
      constructor(url) {
        this.url = url;
        sockets.push(this);
      }
      send(text) {
        this.sent.push(text);
      }
      close() {}
    }
    const machine = engine({ WebSocket });
    const received = [];
    const socket = new machine.io.Socket(null, { transports: ['websocket'] });
    socket.on('message', (message) => received.push(message) && message === '1' && socket.send('answer'));
    socket.connect();
    const [first] = sockets;
    assert.equal(first.url, 'ws://page.example:80/socket.io/websocket');
    first.onmessage({ data: '~m~1~m~7' });
    first.readyState = 2;
    first.onmessage({ data: '~m~1~m~1~m~1~m~2' });
    assert.deepEqual(received, ['1', '2']);
    while (sockets.length < 2 && machine.timers.length) machine.timers.pop()?.task();
    sockets[1].onmessage({ data: '~m~1~m~8' });
    assert.deepEqual([first.sent, sockets[1].sent], [[], ['~m~6~m~answer']]);
  });
});
