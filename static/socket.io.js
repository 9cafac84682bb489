/*! Heirloom's browser client: Socket.IO 0.5 to 0.9, and the interface of 1.x over their wire. MIT licence. */

// One script for pages of every age, written for old engines as well: no syntax newer than ES5, nothing of its library
// but JSON, no eval.
//
//   io.Socket      the interface of 0.5 and 0.6, on the wire of frames             frames-socket.js
//   io.connect()   the interface of 0.7 to 0.9, on the wire of packets             connection.js, namespace.js
//   io()           the interface of 1.x, as far as the wire of packets carries it  modern.js
//
// The parts are joined in the order of order.json.
// Below them, for both wires: transport.js and one file for each transport; frames.js and packets.js say what differs.

(function (window) {
'use strict';

var document = window.document;
// A page that came from a script, such as the frame about:blank, has no address of its own.
var location = window.location || { protocol: '', hostname: '', port: '' };

function io(url, options) {
  return lookUp(url, options);
}

io.version = '0.9.17'; // the interface, not the script
io.protocol = 1;
// The callbacks of JSONP in frames and in packets. Another script of the kind may have some under way.
io.JSONP = window.io && isArray(window.io.JSONP) ? window.io.JSONP : [];
io.j = window.io && isArray(window.io.j) ? window.io.j : [];

// ------------------------------------------------------------------------------------------------ utilities

function isArray(value) {
  return Object.prototype.toString.call(value) === '[object Array]';
}

function isObject(value) {
  return value !== null && value !== undefined && Object.prototype.toString.call(value) === '[object Object]';
}

function has(object, name) {
  return Object.prototype.hasOwnProperty.call(object, name);
}

function toList(listLike, from) {
  return Array.prototype.slice.call(listLike, from || 0);
}

function eachOwn(object, visit) {
  for (var name in object) if (has(object, name)) visit(object[name], name);
}

// Copies what is defined.
function assign(target) {
  for (var i = 1; i < arguments.length; i++) {
    eachOwn(arguments[i], function (value, name) {
      if (value !== undefined) target[name] = value;
    });
  }
  return target;
}

function inherit(constructor, parent, members) {
  function Prototype() {}
  Prototype.prototype = parent.prototype;
  constructor.prototype = new Prototype();
  constructor.prototype.constructor = constructor;
  assign(constructor.prototype, members);
}

function append(list, more) {
  for (var i = 0; i < more.length; i++) list.push(more[i]);
}

function remove(list, value) {
  for (var i = list.length - 1; i >= 0; i--) if (list[i] === value) list.splice(i, 1);
}

function listen(target, event, handler) {
  if (target.addEventListener) target.addEventListener(event, handler, false);
  else if (target.attachEvent) target.attachEvent('on' + event, handler);
}

// A mistake in the page's handler must reach the console but not stop the transport that delivered.
function protect(handler, context, args) {
  try {
    handler.apply(context, args);
  } catch (error) {
    setTimeout(function () { throw error; }, 0);
  }
}

function complain(text) {
  if (window.console && window.console.error) window.console.error(text);
}

function ignore() {}

function parse(json) {
  try {
    return JSON.parse(json);
  } catch (error) {
    return undefined;
  }
}

// Half a surrogate pair has no UTF-8 form and cannot be escaped for a form body either.
function wellFormed(text) {
  return text.replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g, function (match) {
    return match.length === 2 ? match : '\uFFFD';
  });
}

// JSON without halves of pairs either, which engines of today write as escapes: `\\ud83d`.
function toJson(value) {
  var json = JSON.stringify(value);
  return json && wellFormed(json.replace(/\\\\|\\ud[89a-f]../g, function (match) {
    return match.length === 2 ? match : '\uFFFD';
  }));
}

// A number for URLs that no cache has seen: the time, but never the same one twice.
var lastStamp = 0;

function stamp() {
  lastStamp = Math.max(lastStamp + 1, +new Date());
  return lastStamp;
}

// Runs `task` a moment after the page has loaded: a script requested earlier would hold back the page's
// load event, and old WebKit shows its busy indicator for ever.
function afterLoad(task) {
  if (loaded) task();
  else onceLoaded.push(task);
}

var loaded = !document || document.readyState === 'complete', onceLoaded = [];

if (!loaded) {
  listen(window, 'load', function () {
    setTimeout(function () {
      loaded = true;
      while (onceLoaded.length) onceLoaded.shift()();
    }, 100);
  });
}

// Where the page is from, as a server is addressed: what is missing in an address is taken from here.
var page = {
  secure: location.protocol === 'https:',
  host: document && document.domain || location.hostname || 'localhost', // pages from files have no host
  port: location.port || (location.protocol === 'https:' ? 443 : 80)
};

page.isHttp = /^https?:$/.test(location.protocol);

// ------------------------------------------------------------------------------------------------ events

// Names such as `constructor` are events like any other, hence the `$`.
function EventEmitter() {}

EventEmitter.prototype = {
  constructor: EventEmitter,

  on: function (name, handler) {
    var events = this.$events || (this.$events = {}), key = '$' + name;
    (events[key] = events[key] || []).push(handler);
    return this;
  },

  once: function (name, handler) {
    var called = false;
    function single() {
      if (called) return;
      called = true;
      this.removeListener(name, single);
      handler.apply(this, arguments);
    }
    single.listener = handler;
    return this.on(name, single);
  },

  removeListener: function (name, handler) {
    var handlers = this.$events && this.$events['$' + name] || [], i;
    for (i = 0; i < handlers.length; i++) {
      if (handlers[i] === handler || handlers[i].listener === handler) {
        handlers.splice(i, 1);
        break;
      }
    }
    return this;
  },

  removeAllListeners: function (name) {
    if (name === undefined) this.$events = {};
    else if (this.$events) delete this.$events['$' + name];
    return this;
  },

  listeners: function (name) {
    return (this.$events && this.$events['$' + name] || []).slice(0);
  },

  emit: function (name) {
    var handlers = this.listeners(name), args = toList(arguments, 1);
    for (var i = 0; i < handlers.length; i++) protect(handlers[i], this, args);
    return handlers.length > 0;
  }
};

EventEmitter.prototype.addListener = EventEmitter.prototype.on;

// ------------------------------------------------------------------------------------------------ page

var living = []; // the sockets that have or seek a connection

function remember(socket) {
  remove(living, socket);
  living.push(socket);
}

// Opens a transport. What some engines throw, such as for an insecure address on a secure page, is a failure like
// others.
function begin(transport) {
  try {
    transport.open();
  } catch (error) {
    setTimeout(function () { transport.end(); }, 0);
  }
}

// A page that leaves says so by closing; one that comes back from the browser's cache connects again.
var left = [];

listen(window, 'onpagehide' in window ? 'pagehide' : 'unload', function () {
  for (var i = 0; i < living.length; i++) {
    var socket = living[i];
    // Firefox breaks the requests of a page before it tells the page, so this session may seem lost while it is not.
    if (socket.reconnecting && socket._previous) socket._previous._farewell([]);
    if (socket._abortHandshake) left.push(socket);
    if (socket._abortHandshake || !socket.transport || socket.transport.closed) continue;
    if (socket.connected) socket._previous = socket.transport;
    socket.transport.leave();
    left.push(socket);
  }
});

listen(window, 'pageshow', function () {
  while (left.length) {
    var socket = left.shift();
    var transport = socket.transport;
    if (socket.connected) socket._closed(transport, transport._recall(transport.pending.splice(0, Infinity)));
    else if (socket.connecting) socket._resume();
  }
});

// ------------------------------------------------------------------------------------------------ transport

// One attempt to reach the server and the session it yields; never reused. Each kind has open(), write(payloads, done),
// shut() and, if it polls, again().
//
// Its life: opening; connected, when the session is there; then left by the page, stop(), or lost, end(). Either way it
// is `closed` and sends nothing new, but stop() still lets go what was handed over, and end() gives it back to the
// socket. A session that outlives its polls may be heard for a while after end(), _linger(), until _settle(): then it
// is `_deaf`.
// A message in `pending` is the text of a packet, or {text, isObject} on the wire of frames.
//
// What it needs of its socket: wire, crossDomain, _patience(transport), and to tell it what happens _opened(transport),
// _closed(transport, pending) and _unsent(transport, batch), apart from what the wire tells it.

function Base(socket) {
  this.socket = socket;
  this.wire = socket.wire;
  this.name = this.type;
  this.connected = false;
  this.sessionid = null;   // for the page; gone when it is closed
  this.session = null;     // for addresses
  this.closed = false;     // sends nothing any more
  this._deaf = false;       // nor delivers anything
  this.pending = [];       // not handed to the network yet
  this._unconfirmed = null; // on its way, outcome unknown
  this.heartbeat = null;   // leaves before everything else
  this.timeout = socket._patience(this);
}

Base.prototype = {
  constructor: Base,
  polls: false,
  _lingers: false,
  afterLoad: false,
  again: ignore,

  send: function (messages) {
    append(this.pending, messages);
    this.flush();
  },

  beat: function (message) {
    this.heartbeat = message;
    this.flush();
  },

  flush: function () {
    var self = this, batch, heartbeat = this.heartbeat;
    if (this._unconfirmed) return;
    if (!this.pending.length && !heartbeat) return this._departed();
    batch = this._unconfirmed = nextBatch(this.pending, this.socket._careful && this.type !== 'websocket');
    this.heartbeat = null;
    this.write(this.wire._payloads(this, batch, heartbeat), function (delivered, refused) {
      if (self._unconfirmed !== batch) return;
      self._unconfirmed = null;
      if (delivered) {
        self.socket._resent = 0;
        self.socket._careful = Math.max(0, self.socket._careful - batch.length);
        self.flush();
      } else {
        if (refused && batch.length === 1) self.socket._dropped(batch);
        else self.socket._unsent(self, batch);
        self.end();
      }
    });
  },

  // Lost, and replaced: gives up waiting for the last write, whose messages go back to the socket.
  _settle: function () {
    var batch = this._unconfirmed;
    this._deaf = true;
    this.shut();
    if (!batch) return;
    this._unconfirmed = null;
    if (this._abortWrite) this._abortWrite();
    this.socket._unsent(this, batch, true);
  },

  receive: function (payload) {
    if (this._deaf) return;
    // A server that cannot know whether its last answer was read says it again.
    if (this.closed) payload = this.wire._unread(payload, this._last || '');
    else this.watch();
    this._last = this.closed ? '' : payload;
    this.wire.receive(this, payload);
  },

  // A server that is silent for longer than it promised is gone.
  watch: function () {
    var self = this;
    clearTimeout(this.timer);
    if (!this.timeout) return;
    this.timer = setTimeout(function () { self.end('timeout'); }, Math.min(this.timeout, longestDelay));
  },

  // Left by the page: what was handed over before still goes out.
  stop: function () {
    if (this.closed) return;
    this.closed = this._deaf = true;
    this.connected = false;
    this.sessionid = null;
    clearTimeout(this.timer);
    this.shut();
  },

  // The same on a wire that has no word for it: the server is told when everything else has left.
  _depart: function () {
    this._departing = this.connected;
    this.stop();
    this.flush();
  },

  _departed: function () {
    if (this._departing) this._farewell([]);
    this._departing = false;
  },

  // Lost: the socket gets back what was not sent.
  end: function (reason) {
    if (this.closed) return;
    var pending = this._recall(this.pending);
    this.pending = [];
    this.stop();
    this.socket._closed(this, pending, reason);
  },

  // A transport that knows of more that did not leave puts it in front.
  _recall: function (pending) { return pending; },

  // A session outlives the connections of its polls. While its socket waits to begin another, what the server still had
  // for it is fetched; finish() says goodbye to it then.
  _linger: function () {
    if (!this._lingers) return;
    this._lingering = true;
    this._deaf = false;
    this.again();
  },

  finish: function () {
    var goodbye;
    if (!this._lingering) return;
    this._lingering = false;
    goodbye = this.wire.goodbye(this, []);
    request(this.socket, goodbye.url, { type: 'text/plain', body: goodbye.body }, ignore);
  },

  // The page goes away, and its requests with it, but for this one: what was not sent, and goodbye.
  leave: function () {
    if (this.connected) this._farewell(this.pending.splice(0, this.pending.length));
    this.stop();
  },

  _farewell: function (batch) {
    var goodbye, navigator = window.navigator;
    // A socket or stream says it by closing.
    if (!this.polls && !batch.length || !navigator || !navigator.sendBeacon) return;
    goodbye = this.wire.goodbye(this, batch);
    try {
      navigator.sendBeacon(goodbye.url, goodbye.body);
    } catch (error) {
      ignore(); // an extension or a policy may forbid it
    }
  },

  base: function (scheme) {
    var options = this.socket.options;
    return (scheme || 'http') + (options.secure ? 's' : '') + '://' + this.socket.host + ':' + options.port + '/' +
      options.resource + '/';
  }
};

var longestDelay = 0x7fffffff; // timers know no more

// What pages call to see a connection break.
Base.prototype.close = Base.prototype.onClose = Base.prototype.onDisconnect = function () { this.end(); };

io.Transport = Base;

// Servers limit the size of a body, so a long queue leaves in several.
function nextBatch(pending, single) {
  for (var count = 0, size = 0; count < (single ? Math.min(1, pending.length) : pending.length); count++) {
    size += (typeof pending[count] === 'string' ? pending[count] : pending[count].text).length + 16;
    if (count && size > 32768) break;
  }
  return pending.splice(0, count);
}

function defineTransport(type, parent, check, members, crossDomainCheck) {
  function Type(socket) { parent.call(this, socket); }
  inherit(Type, parent, members);
  Type.prototype.type = type;
  Type.check = check;
  Type.xdomainCheck = crossDomainCheck || check;
  io.Transport[type] = Type;
}

// Whether a transport of that name can work here.
function fits(type, socket) {
  var Type = has(io.Transport, type) && io.Transport[type];
  return !!Type && !!Type.check && Type.check(socket) && (!socket.crossDomain || Type.xdomainCheck(socket));
}

// Flash has left the browsers. Pages name it still.
defineTransport('flashsocket', Base, function () { return false; }, {});

// ------------------------------------------------------------------------------------------------ websocket

defineTransport('websocket', Base, function () {
  return !!window.WebSocket;
}, {
  open: function () {
    var self = this, connection = new window.WebSocket(this.wire.url(this, 'ws'));
    this.connection = connection;
    this._written = []; // {messages, size} of what may still be in the browser's buffer, and the sum of the sizes
    this._writtenSize = 0;
    connection.onmessage = function (event) {
      if (typeof event.data === 'string') self.receive(event.data);
    };
    connection.onerror = function (event) {
      if (!self.closed) self.socket._failed(self, event);
    };
    connection.onclose = function () { self.end(); };
  },

  write: function (payloads, done) {
    var connection = this.connection, open = connection.readyState === 1, before, i;
    var batch = this._unconfirmed, first = Math.min(0, batch.length - payloads.length);
    for (i = 0; open && i < payloads.length; i++) {
      before = connection.bufferedAmount || 0;
      while (this._written.length && this._writtenSize - this._written[0].size >= before) this._forget();
      connection.send(payloads[i]);
      this._written.push({
        // Either all messages are in one payload, or each is in one of its own, behind perhaps a heartbeat.
        messages: payloads.length > 1 ? batch.slice(first + i, first + i + 1) : batch,
        size: (connection.bufferedAmount || 0) - before
      });
      this._writtenSize += this._written[this._written.length - 1].size;
    }
    if (open) done(true);
    else setTimeout(function () { done(false); }, 0); // not before the rest of what was received is delivered
  },

  _forget: function () {
    this._writtenSize -= this._written.shift().size;
  },

  // What the browser had not given to the network has not arrived as a whole.
  _recall: function (pending) {
    var left = this.connection && this.connection.bufferedAmount || 0, entry;
    if (this._unconfirmed) pending = this._unconfirmed.concat(pending); // the connection was closing already
    this._unconfirmed = null;
    while (left > 0 && (entry = this._written.pop())) {
      left -= entry.size;
      pending = entry.messages.concat(pending);
    }
    return pending;
  },

  shut: function () {
    if (this.connection) this.connection.close();
  }
});

// ------------------------------------------------------------------------------------------------ requests

function sharesOrigins() {
  return !!window.XMLHttpRequest && 'withCredentials' in new window.XMLHttpRequest();
}

function hasRequests() {
  return !!window.XMLHttpRequest;
}

function hasForeignRequests() {
  return sharesOrigins() || !!window.XDomainRequest && !page.secure;
}

// What a page says as its last word shall leave although the page does. Browsers do that for some 64 KB at a time.
var keptAlive = 0, keptAliveLimit = 20000; // UTF-16 units

// Starts one HTTP request and calls done(status, text) once, with status 0 if no answer came. `content` is {type, body},
// or nothing for a GET. Returns a function that ends it without a call.
function request(socket, url, content, done) {
  var ended = false, release = ignore, abort, length = content ? content.body.length : 0;
  var foreign = socket.crossDomain && window.XDomainRequest && !sharesOrigins();

  function finish(status, text) {
    if (ended) return;
    ended = true;
    release();
    done(status, text);
  }

  if (content && window.fetch && window.AbortController && keptAlive + length <= keptAliveLimit) last();
  else if (foreign) elsewhere();
  else ordinary();

  return function () {
    if (ended) return;
    ended = true;
    release();
    abort();
  };

  function last() {
    var controller = new window.AbortController();
    abort = function () { controller.abort(); };
    release = function () { keptAlive -= length; };
    keptAlive += length;
    window.fetch(url, {
      method: 'POST',
      body: content.body,
      headers: { 'Content-Type': content.type + '; charset=utf-8' },
      credentials: sharesCredentials(socket) ? 'include' : 'same-origin',
      keepalive: true,
      signal: controller.signal
    }).then(function (response) {
      return response.text().then(function (text) { finish(response.status, text); });
    }).then(null, function () { finish(0, ''); });
  }

  function ordinary() {
    var xhr = new window.XMLHttpRequest();
    xhr.open(content ? 'POST' : 'GET', url, true);
    xhr.onreadystatechange = function () {
      var status = xhr.readyState === 4 && statusOf(xhr);
      if (xhr.readyState === 4) finish(status, status ? xhr.responseText : '');
    };
    if (sharesCredentials(socket)) xhr.withCredentials = true;
    if (content) xhr.setRequestHeader('Content-Type', content.type + '; charset=utf-8');
    start(xhr);
    release = function () { xhr.onreadystatechange = ignore; };
  }

  // Internet Explorer 8 and 9.
  function elsewhere() {
    var xhr = new window.XDomainRequest();
    xhr.open(content ? 'POST' : 'GET', url);
    xhr.onload = function () { finish(200, xhr.responseText); };
    xhr.onerror = xhr.ontimeout = function () { finish(0, ''); };
    xhr.onprogress = ignore; // without one it may drop the request
    start(xhr);
    release = function () { xhr.onload = xhr.onerror = xhr.ontimeout = ignore; };
  }

  function start(xhr) {
    abort = function () { xhr.abort(); };
    xhr.send(content ? content.body : null);
  }
}

function statusOf(xhr) {
  try {
    return xhr.status;
  } catch (error) {
    return 0; // old engines throw when the connection broke
  }
}

// Whether cookies go to another origin.
function sharesCredentials(socket) {
  return socket.crossDomain && socket.wire.credentials && socket.options.withCredentials !== false;
}

// The sending half of every transport that only receives.
io.Transport.XHR = Requests;

function Requests(socket) { Base.call(this, socket); }

inherit(Requests, Base, {
  write: function (payloads, done) {
    var self = this, content = this.wire.content(payloads[0]);
    this._abortWrite = request(this.socket, this.wire._sendUrl(this), content, function (status, text) {
      // Another answer than the server's own is none. Some are a verdict on these very messages; sending them again
      // would only repeat it.
      done(status === 200 && text.replace(/\s+/g, '') === self.wire.received, /^4(00|13|14|31)$/.test(status));
    });
  }
});

// ------------------------------------------------------------------------------------------------ xhr-polling

defineTransport('xhr-polling', Requests, hasRequests, {
  polls: true,
  _lingers: true,
  afterLoad: /WebKit/.test(window.navigator && window.navigator.userAgent || '') && !window.fetch,

  open: function () { this.again(); },

  again: function () {
    var self = this;
    this._asked = new Date();
    this._abortPoll = request(this.socket, this.wire.url(this), null, function (status, text) {
      if (status === 200) self.receive(text);
      else self.end();
    });
  },

  shut: function () {
    if (this._abortPoll) this._abortPoll();
  }
}, hasForeignRequests);

// ------------------------------------------------------------------------------------------------ jsonp-polling

function hasDocument() {
  return !!document;
}

function removeNode(node) {
  if (node && node.parentNode) node.parentNode.removeChild(node);
}

// Loads a script. `done` is called if that fails and when it has run.
function loadScript(url, done) {
  var script = document.createElement('script'), before = document.getElementsByTagName('script')[0];
  script.async = true;
  script.src = url;
  script.onload = script.onerror = done;
  if (before) before.parentNode.insertBefore(script, before);
  else document.body.appendChild(script);
  return script;
}

defineTransport('jsonp-polling', Base, hasDocument, {
  polls: true,
  afterLoad: true,

  // Answers call the function at this index of the wire's list. It is never given twice, so a late answer finds nobody.
  open: function () {
    var self = this;
    this.index = this.wire._addCallback(function (payload) {
      self._answered = true;
      self.receive(payload);
    });
    this.again();
  },

  again: function () {
    var self = this, script;
    removeNode(this.script);
    this._answered = false;
    this._asked = new Date();
    // Loaded without having called: it was not an answer to this poll.
    this.script = script = loadScript(this.wire.url(this), function () {
      if (self.script === script && !self._answered) self.end();
    });
  },

  // The only way to send to another origin without XHR: a form posted into a hidden frame.
  write: function (payloads, done) {
    var self = this, form = document.createElement('form'), field = document.createElement('textarea');
    var target = document.createElement('iframe'), content = this.wire.field(payloads[0]);
    target.name = 'socket_io_iframe_' + this.index + '_' + stamp();
    form.style.display = target.style.display = 'none';
    form.method = 'POST';
    form.enctype = form.encoding = content.type;
    form.acceptCharset = 'utf-8';
    form.target = target.name;
    form.action = this.wire._sendUrl(this);
    field.name = content.name;
    field.value = content.value;
    form.appendChild(field);
    document.body.appendChild(form);
    document.body.appendChild(target);
    listen(target, 'load', function () {
      var answer = answerIn(target);
      if (answer === 'blank') return;
      setTimeout(clear, 0); // some engines forbid removing a frame inside its own load event
      done(answer === self.wire.received || answer === 'hidden' && self.socket.crossDomain);
    });
    this._abortWrite = clear;
    form.submit();

    function clear() {
      removeNode(form);
      removeNode(target);
    }
  },

  // A script cannot be taken back, and a poll that nobody waits for holds one of the few connections to its host: told
  // that the session is left, the server answers it.
  end: function (reason) {
    if (!this.closed && this.session) this._farewell([]);
    Base.prototype.end.call(this, reason);
  },

  shut: function () {
    if (this.index === undefined) return;
    this.wire._removeCallback(this.index);
    removeNode(this.script);
    this.script = null;
  }
});

// What a form's frame shows: the server's answer, nothing yet, or a document that is hidden from this page
// because it is another origin's, or an error page of the browser.
function answerIn(frame) {
  try {
    var body = frame.contentWindow.document.body;
    if (frame.contentWindow.location.href === 'about:blank') return 'blank';
    return (body.textContent || body.innerText || '').replace(/\s+/g, '');
  } catch (error) {
    return 'hidden';
  }
}

// ------------------------------------------------------------------------------------------------ streams

// A document that never ends, made of scripts that call parent.s._ with a payload each. Two frames, because in the
// outer one `s` is ours alone.
defineTransport('htmlfile', Requests, hasDocument, {
  afterLoad: true,

  open: function () {
    var self = this, outer = this.frame = document.createElement('iframe'), inner;
    outer.style.display = 'none';
    document.body.appendChild(outer);
    outer.contentWindow.s = {
      _: function (payload, stream) {
        removeNode(stream && stream.getElementsByTagName('script')[0]);
        self.receive(typeof payload === 'string' ? payload : JSON.stringify(payload));
      }
    };
    inner = outer.contentWindow.document.createElement('iframe');
    inner.src = this.wire.url(this);
    listen(inner, 'load', look);
    outer.contentWindow.document.body.appendChild(inner);
    this._lookout = setInterval(look, 500);

    // Not every engine tells of every end. A stream is over when its document is complete, and when another is there
    // that is none of our business: the browser's own, about an error.
    function look() {
      var stream = documentOf(inner);
      if (!stream || stream.URL !== 'about:blank' && stream.readyState !== 'loading') self.end();
    }
  },

  shut: function () {
    var frame = this.frame;
    clearInterval(this._lookout);
    // This may be called by a script of the frame, which some engines do not survive.
    setTimeout(function () { removeNode(frame); }, 0);
  }
}, function () { return false; });

function documentOf(frame) {
  try {
    return frame.contentWindow.document;
  } catch (error) {
    return null;
  }
}

defineTransport('server-events', Requests, function () {
  return !!window.EventSource;
}, {
  open: function () {
    var self = this, source = this.source = new window.EventSource(this.wire.url(this), {
      withCredentials: !!sharesCredentials(this.socket)
    });
    source.onmessage = function (event) {
      var payload = parse(event.data);
      if (payload !== undefined) self.receive(typeof payload === 'string' ? payload : event.data);
    };
    // It would open the stream again by itself, but not begin a session.
    source.onerror = function () { self.end(); };
  },

  shut: function () {
    if (this.source) this.source.close();
  }
});

// Parts of a body that never ends, behind each a line with the boundary.
var boundary = '\n--socketio\n', headEnd = '\n\n';

defineTransport('xhr-multipart', Requests, function () {
  return !!(window.fetch && window.ReadableStream && window.TextDecoder && window.AbortController);
}, {
  open: function () {
    var self = this, received = '\n', decoder = new window.TextDecoder(), reader;
    this.controller = new window.AbortController();
    window.fetch(this.wire.url(this), {
      credentials: sharesCredentials(this.socket) ? 'include' : 'same-origin',
      cache: 'no-store',
      signal: this.controller.signal
    }).then(function (response) {
      if (response.status !== 200) return self.end();
      reader = response.body.getReader();
      return read();
    }).then(null, function () { self.end(); });

    function read() {
      return reader.read().then(function (chunk) {
        if (chunk.done || self.closed) return self.end();
        received += decoder.decode(chunk.value, { stream: true });
        protect(takeParts, null, []);
        return read();
      });
    }

    // A message may have the boundary in it: a part ends where its payload is whole.
    function takeParts() {
      var end = -1, head, payload;
      while ((end = received.indexOf(boundary, end + 1)) >= 0) {
        head = received.indexOf(headEnd);
        payload = received.substring(head + headEnd.length, end);
        if (head >= 0 && head < end && !self.wire._isWhole(payload)) continue;
        received = received.substring(end + boundary.length);
        if (head >= 0 && head < end) self.receive(self.wire._unwrap(payload));
        end = -1;
      }
    }
  },

  shut: function () {
    if (this.controller) this.controller.abort();
  }
});

// ------------------------------------------------------------------------------------------------ frames

// What waits to be sent. Objects are serialised at once, so later changes to them do not leak in.
function outgoing(value) {
  var object = isObject(value);
  var text = object ? toJson(value) : value === null || value === undefined ? '' : String(value);
  return { text: wellFormed(text), isObject: object };
}

// 0.5 and 0.6: `~m~length~m~data`, the length in UTF-16 units, which is what String length counts.
var framesDialect = {
  encode: function (messages, heartbeat) {
    var payload = heartbeat ? frame(heartbeat) : '';
    for (var i = 0; i < messages.length; i++) payload += frame((messages[i].isObject ? '~j~' : '') + messages[i].text);
    return payload;
  },

  // `rest` is what no frame could be made of.
  decode: function (payload) {
    var messages = [], position = 0, end = 0, marker = '~m~';
    while (payload.substr(position, 3) === marker) {
      var second = payload.indexOf(marker, position + 3);
      var digits = second < 0 ? '' : payload.substring(position + 3, second);
      if (!/^\d{1,10}$/.test(digits)) break;
      end = second + 3 + Number(digits);
      if (end > payload.length) break;
      messages.push(payload.substring(second + 3, end));
      position = end;
    }
    messages.rest = payload.length - position;
    return messages;
  },

  sessionid: function (first) { return first; },
  heartbeat: function (message) { return message.substr(0, 3) === '~h~'; },
  isObject: function (message) { return message.substr(0, 3) === '~j~'; }
};

function frame(data) {
  return '~m~' + data.length + '~m~' + data;
}

// 0.3 and 0.4: a JSON list to the server, `{"messages": [...]}` from it; neither heartbeats nor objects.
var envelopesDialect = {
  encode: function (messages) {
    var texts = [];
    for (var i = 0; i < messages.length; i++) texts.push(messages[i].text);
    return JSON.stringify(texts);
  },

  decode: function (payload) {
    var envelope = parse(payload);
    var messages = envelope && isArray(envelope.messages) ? envelope.messages : [];
    messages.rest = !envelope && payload.length;
    return messages;
  },

  sessionid: function (first) {
    var hello = parse(first);
    return hello && hello.sessionid;
  },

  heartbeat: function () { return false; },
  isObject: function () { return false; }
};

function isEnvelope(payload) {
  return payload.charAt(0) === '{';
}

var frames = {
  credentials: false,
  received: 'ok',

  _payloads: function (transport, batch, heartbeat) {
    return [transport._dialect.encode(batch, heartbeat)];
  },

  receive: function (transport, payload) {
    var first = !transport.session, messages, i;
    // The server speaks first, so its first payload tells which dialect it speaks.
    if (first) transport._dialect = isEnvelope(payload) ? envelopesDialect : framesDialect;
    messages = transport._dialect.decode(payload);
    if (messages.rest && !messages.length && transport.polls) return transport.end(); // somebody else answered
    if (first) {
      transport.session = transport.sessionid = messages.length ? transport._dialect.sessionid(messages.shift()) : null;
      if (!transport.sessionid) return transport.end();
      transport.connected = true;
    }
    // The next poll leaves before the page's handlers run, however long they take. But nothing at once is no answer of
    // the server's.
    if (payload || new Date() - transport._asked > 100) transport.again();
    else setTimeout(function () { if (!transport._deaf) transport.again(); }, 1000);
    if (first) transport.socket._opened(transport);
    for (i = 0; i < messages.length && !transport._deaf; i++) deliver(messages[i]);

    function deliver(message) {
      if (transport._dialect.heartbeat(message)) {
        transport.beat(message);
      } else if (transport._dialect.isObject(message)) {
        message = parse(message.substr(3));
        if (message !== undefined) transport.socket._message(message);
      } else {
        transport.socket._message(message);
      }
    }
  },

  url: function (transport, scheme) {
    var url = transport.base(scheme) + transport.type + '/';
    if (transport.type === 'websocket') return url.slice(0, -1);
    url += (transport.session || '') + '/' + stamp();
    return transport.type === 'jsonp-polling' ? url + '/' + transport.index : url;
  },

  _sendUrl: function (transport) {
    return transport.type === 'jsonp-polling' ? this.url(transport) :
      transport.base() + transport.type + '/' + transport.session + '/send';
  },

  goodbye: function (transport, batch) {
    return {
      url: transport.base() + transport.type + '/' + transport.session + '/disconnect',
      body: batch.length ? this.content(transport._dialect.encode(batch)).body : ''
    };
  },

  content: function (payload) {
    return { type: 'application/x-www-form-urlencoded', body: 'data=' + encodeURIComponent(payload) };
  },

  // Browsers rewrite line breaks in form fields, hence the payload is escaped here and the form told to leave it alone;
  // the line break that ends such a body falls into a second field.
  field: function (payload) {
    return { type: 'text/plain', name: 'data', value: encodeURIComponent(payload) + '&_=' };
  },

  // Without what the page has heard already.
  _unread: function (payload, last) {
    return payload.indexOf(last) ? payload : payload.substr(last.length);
  },

  _isWhole: function (payload) {
    return isEnvelope(payload) || !framesDialect.decode(payload).rest;
  },

  _unwrap: function (payload) { return payload; },

  _addCallback: function (receive) {
    return io.JSONP.push({
      _: function (payload) { receive(typeof payload === 'string' ? payload : JSON.stringify(payload)); }
    }) - 1;
  },

  _removeCallback: function (index) {
    io.JSONP[index] = { _: ignore };
  }
};

// ------------------------------------------------------------------------------------------------ packets

var packetTypes = ['disconnect', 'connect', 'heartbeat', 'message', 'json', 'event', 'ack', 'error', 'noop'];
var errorReasons = ['transport not supported', 'client not handshaken', 'unauthorized'];
var errorAdvice = ['reconnect'];
var delimiter = '\uFFFD';

function encodePacket(packet) {
  var data = packetData(packet), text = indexOf(packetTypes, packet.type) + ':' + (packet.id || '');
  text += (packet.ack === 'data' ? '+' : '') + ':' + (packet.endpoint || '');
  return data === undefined || data === null || data === '' ? text : text + ':' + data;
}

function packetData(packet) {
  var reason, advice, args = packet.args && packet.args.length ? packet.args : undefined;
  switch (packet.type) {
  case 'message':
    return packet.data === undefined ? '' : wellFormed(String(packet.data));
  case 'json':
    return toJson(packet.data);
  case 'event':
    return toJson(args ? { name: packet.name, args: args } : { name: packet.name });
  case 'ack':
    return packet.ackId + (args ? '+' + toJson(args) : '');
  case 'connect':
    return packet.qs;
  case 'error':
    reason = indexOf(errorReasons, packet.reason);
    advice = indexOf(errorAdvice, packet.advice);
    return (reason < 0 ? '' : reason) + (advice < 0 ? '' : '+' + advice);
  }
}

function decodePacket(text) {
  var parts = /^:*(\d):(\d*)(\+?):([^:]*):?([\s\S]*)$/.exec(text), packet, data, more;
  if (!parts || !packetTypes[parts[1]]) return {};
  packet = { type: packetTypes[parts[1]], endpoint: parts[4] };
  data = parts[5];
  if (parts[2]) {
    packet.id = parts[2];
    packet.ack = parts[3] ? 'data' : true;
  }
  switch (packet.type) {
  case 'message':
    packet.data = data;
    break;
  case 'json':
    data = parse(data);
    if (data !== undefined) packet.data = data;
    break;
  case 'event':
    data = parse(data);
    packet.args = [];
    if (data && typeof data.name === 'string') {
      packet.name = data.name;
      if (data.args !== undefined) packet.args = isArray(data.args) ? data.args : [data.args];
    }
    break;
  case 'ack':
    more = data.indexOf('+');
    packet.ackId = more < 0 ? data : data.substring(0, more);
    data = more < 0 ? [] : parse(data.substring(more + 1));
    packet.args = isArray(data) ? data : [];
    break;
  case 'connect':
    packet.qs = data;
    break;
  case 'error':
    data = data.split('+');
    packet.reason = errorReasons[parseInt(data[0], 10)] || '';
    packet.advice = errorAdvice[parseInt(data[1], 10)] || '';
  }
  return packet;
}

function encodePayload(texts) {
  var payload = '', i;
  if (texts.length === 1) return texts[0];
  for (i = 0; i < texts.length; i++) payload += framed(texts[i]);
  return payload;
}

function framed(text) {
  return delimiter + text.length + delimiter + text;
}

function decodePayload(payload) {
  var packets = [], position = 0, second, digits;
  if (payload.charAt(0) !== delimiter) return [decodePacket(payload)];
  while (payload.charAt(position) === delimiter) {
    second = payload.indexOf(delimiter, position + 1);
    digits = second < 0 ? '' : payload.substring(position + 1, second);
    if (!/^\d{1,10}$/.test(digits)) break;
    position = second + 1 + Number(digits);
    packets.push(decodePacket(payload.substring(second + 1, position)));
  }
  return packets;
}

io.parser = {
  packets: packetTypes,
  reasons: errorReasons,
  advice: errorAdvice,
  encodePacket: encodePacket,
  decodePacket: decodePacket,
  encodePayload: encodePayload,
  decodePayload: decodePayload
};

io.JSON = JSON;

var packets = {
  credentials: true,
  received: '1',

  // A server reads one packet from each frame of a websocket.
  _payloads: function (transport, batch, heartbeat) {
    var texts = heartbeat ? [heartbeat].concat(batch) : batch;
    return transport.type === 'websocket' ? texts : [encodePayload(texts)];
  },

  receive: function (transport, payload) {
    var list = decodePayload(payload), isLast = false, isOurs = !transport.polls, i;
    for (i = 0; i < list.length; i++) {
      isLast = isLast || list[i].advice === 'reconnect' || list[i].type === 'disconnect' && !list[i].endpoint;
      isOurs = isOurs || list[i].type;
    }
    if (!isOurs) return transport.end(); // somebody else answered
    // The next poll leaves before the page's handlers run, however long they take.
    if (!isLast) transport.again();
    for (i = 0; i < list.length && !transport._deaf; i++) {
      if (list[i].type === 'heartbeat') transport.beat('2::');
      else protect(transport.socket.onPacket, transport.socket, [list[i], transport]);
    }
  },

  url: function (transport, scheme) {
    var query = transport.socket.options.query, parameters = query ? [query] : [];
    if (transport.type !== 'websocket') parameters.push('t=' + stamp());
    if (transport.type === 'jsonp-polling') parameters.push('i=' + transport.index);
    return transport.base(scheme) + '1/' + transport.type + '/' + transport.session +
      (parameters.length ? '?' + parameters.join('&') : '');
  },

  // Servers say `1` to whatever comes, also for a session that is over. Heirloom's says so when it is asked to.
  _sendUrl: function (transport) { return this.url(transport) + '&confirm=1'; },

  // A field of a form has the payload as a string of JSON, which has no line breaks for browsers to rewrite.
  goodbye: function (transport, batch) {
    var payload = encodePayload(batch.concat('0::'));
    if (transport.type === 'jsonp-polling') payload = 'd=' + encodeURIComponent(JSON.stringify(payload));
    return { url: this.url(transport), body: payload };
  },

  content: function (payload) {
    return { type: 'text/plain', body: payload };
  },

  field: function (payload) {
    return { type: 'application/x-www-form-urlencoded', name: 'd', value: JSON.stringify(payload) };
  },

  // Without what the page has heard already.
  _unread: function (payload, last) {
    var read = last.charAt(0) === delimiter ? last : framed(last);
    if (payload === last) return '8::';
    return last && !payload.indexOf(read) ? payload.substr(read.length) : payload;
  },

  _isWhole: function (payload) { return parse(payload) !== undefined; },
  _unwrap: function (payload) { return String(parse(payload)); },

  _addCallback: function (receive) {
    return io.j.push(receive) - 1;
  },

  _removeCallback: function (index) {
    io.j[index] = ignore;
  }
};

// ------------------------------------------------------------------------------------------------ reconnection

// What both sockets do to come back, told apart by _backoff() and _reconnecting(). `_isStrict` is the way of 1.x: so
// many attempts and no last round, and waits no longer than the limit. An attempt begins while the one
// before it may still be under way, so no attempt is as long as the wait behind it.

// All waits are spread, so that a server that restarts is not stormed. Pages are told what they were before that: a
// spread wait is never shorter, and the first, which no event tells, may be twice as long.
function spread(delay, part) {
  return delay * (1 + Math.random() * part);
}

var reconnection = {
  _reconnect: function () {
    var backoff = this._backoff();
    remember(this);
    this.reconnecting = true;
    this.reconnectionAttempts = 0;
    this.reconnectionDelay = backoff.delay;
    this._wait(spread(backoff.delay, backoff.spread === undefined ? 1 : backoff.spread));
  },

  _announce: ignore,

  _wait: function (delay) {
    var self = this;
    clearTimeout(this._reconnectTimer);
    this._waiting = true;
    this._reconnectTimer = setTimeout(function () { self._attemptAgain(); }, delay);
  },

  _attemptAgain: function () {
    var backoff = this._backoff();
    this._waiting = false;
    if (!this.reconnecting || this.connected) return;
    if (this.connecting) return this._wait(1000);
    if (this.reconnectionAttempts >= backoff.attempts) {
      if (backoff._isStrict) return this._giveUpReconnecting();
      this._lastRound = true;
      this._forgetTransport();
      return this.connect();
    }
    this.reconnectionAttempts++;
    if (this.reconnectionDelay < backoff.limit) this.reconnectionDelay *= 2;
    if (backoff._isStrict) this.reconnectionDelay = Math.min(this.reconnectionDelay, backoff.limit);
    if (this._previous) this._previous.finish();
    this._announce(this.reconnectionAttempts);
    this.connect();
    if (!this.reconnecting) return;
    this._reconnecting(this.reconnectionDelay, this.reconnectionAttempts);
    if (!this.reconnecting) return;
    this._wait(spread(this.reconnectionDelay, backoff.spread === undefined ? 0.25 : backoff.spread));
  },

  _stopReconnecting: function () {
    clearTimeout(this._reconnectTimer);
    this.reconnecting = this._lastRound = this._waiting = false;
    delete this.reconnectionAttempts;
    delete this.reconnectionDelay;
  }
};

// The network is back: nobody has to wait any longer, but not all at once.
listen(window, 'online', function () {
  for (var i = 0; i < living.length; i++) if (living[i]._waiting) living[i]._wait(300 * Math.random());
});

// ------------------------------------------------------------------------------------------------ resending

// What both sockets do with messages whose transport was lost. `_previous` is the lost transport until another is
// there: what it still has under way may yet be answered.

var resending = {
  // A batch without an answer: the server may or may not have seen it. Sent again rather than lost, but in case it is
  // what breaks the connection, message by message, and none for ever. `isInnocent` if something else broke it.
  _unsent: function (transport, batch, isInnocent) {
    if (!batch.length || transport.closed && transport !== this._previous) return;
    if (batch.length === 1 && !isInnocent && this._resent++ >= 4) {
      this._resent = this._careful = 0;
      return this._dropped(batch);
    }
    this._careful = Math.max(this._careful, batch.length);
    if (transport.closed) this._requeue(batch);
    else transport.pending = batch.concat(transport.pending);
  },

  _dropPrevious: function () {
    var previous = this._previous;
    this._previous = null;
    if (!previous) return;
    previous.finish();
    previous._settle();
  },

  // Lost, but not in silence.
  _dropped: function (batch) {
    if (batch.length) complain('socket.io: ' + batch.length + ' message(s) the server does not take are dropped');
  },

  // What the transport before still has is for the one that is connected now.
  _replacePrevious: function () {
    if (!this._previous) return;
    this._previous._settle();
    this._previous = null;
  }
};

// ------------------------------------------------------------------------------------------------ io.Socket

// The interface of 0.5 and 0.6.
function FramesSocket(host, options) {
  this.options = assign({
    secure: page.secure, // an https page is not allowed anything else
    document: document,
    resource: 'socket.io',
    transports: framesTransports,
    transportOptions: { 'xhr-polling': { timeout: 25000 }, 'jsonp-polling': { timeout: 25000 } },
    connectTimeout: 5000,
    tryTransportsOnConnectTimeout: true,
    rememberTransport: true,
    reconnect: true,
    reconnectionDelay: 500,
    maxReconnectionAttempts: 10
  }, options);
  var sameScheme = this.options.secure === page.secure && page.isHttp;
  this.wire = frames;
  this.options.port = this.options.port || (sameScheme ? page.port : this.options.secure ? 443 : 80);
  this.options.resource = this.options.resource.replace(/^\/+|\/+$/g, '');
  this.host = host || page.host;
  this.crossDomain = this.host !== page.host || Number(this.options.port) !== Number(page.port) ||
    this.options.secure !== page.secure || !page.isHttp;
  this.connected = this.connecting = this.reconnecting = false;
  this._queue = [];
  this._resent = this._careful = 0;
  this._untried = this._candidates();
  this.transport = this._nextTransport();
  if (!this.transport) complain('No transport available');
}

var framesTransports = ['websocket', 'flashsocket', 'htmlfile', 'xhr-multipart', 'xhr-polling', 'jsonp-polling'];

// Transports whose bytes a proxy may hold back, which costs the time to connect: used where a page names them.
var onRequest = ['htmlfile', 'xhr-multipart', 'server-events'];

inherit(FramesSocket, EventEmitter, assign({
  connect: function (handler) {
    if (handler) this.once('connect', handler);
    if (this.connected || this.connecting) return this;
    clearTimeout(this._connectTimer);
    this._untried = this._candidates();
    var transport = this._nextTransport();
    if (transport) this._attempt(transport);
    return this;
  },

  // A list is several messages. What is sent while there is no connection waits for the next one.
  send: function (data) {
    var values = isArray(data) ? data : [data], messages = [];
    for (var i = 0; i < values.length; i++) messages.push(outgoing(values[i]));
    if (this.connected && !this.transport.closed) this.transport.send(messages);
    else append(this._queue, messages);
    return this;
  },

  disconnect: function () {
    var wasConnected = this.connected;
    this.options.reconnect = false;
    this._queue = [];
    this._dropPrevious();
    clearTimeout(this._connectTimer);
    this._stopReconnecting();
    this.connected = this.connecting = false;
    if (this.transport) this.transport._depart();
    remove(living, this);
    if (wasConnected) this.emit('disconnect');
    return this;
  },

  // Breaks the connection as a network would.
  cut: function () {
    if (this.connected) this.transport.end();
  },

  emit: function (name, args) {
    EventEmitter.prototype.emit.apply(this, [name].concat(toList(args || [])));
    return this;
  },

  // The transports worth trying, best first: the one that worked before, then the page's order.
  _candidates: function () {
    var types = this.options.transports, known = this._worked || this.options.rememberTransport && this._remembered();
    var first = [], others = [];
    for (var i = 0; i < types.length; i++) {
      if (types === framesTransports && indexOf(onRequest, types[i]) >= 0) continue;
      (types[i] === known ? first : others).push(types[i]);
    }
    return first.concat(others);
  },

  _nextTransport: function () {
    while (this._untried.length) {
      var type = this._untried.shift();
      if (fits(type, this)) return new io.Transport[type](this);
    }
    return null;
  },

  _forgetTransport: function () {
    this._worked = null;
  },

  _patience: function (transport) {
    var own = (this.options.transportOptions || {})[transport.type];
    return own && own.timeout !== undefined ? own.timeout : transport.polls ? 25000 : 15000;
  },

  _attempt: function (transport) {
    var self = this, timeout = this.options.connectTimeout;
    this.transport = transport;
    this.connecting = true;
    remember(this);
    this.emit('connecting', [transport.type]);
    if (transport.afterLoad) afterLoad(start);
    else start();

    function start() {
      if (transport.closed || self.transport !== transport) return; // a handler changed its mind
      if (timeout) self._connectTimer = setTimeout(function () { self._attemptFailed(transport, true); }, timeout);
      begin(transport);
    }
  },

  // A refusal moves on to the next transport at once. When none is left the page still hears of it only when
  // the time to connect is over, so one that answers `connect_failed` with connect() does not spin.
  _attemptFailed: function (transport, timedOut) {
    var limited = this.reconnecting && !this._lastRound;
    transport.stop();
    var next = !limited && this.options.tryTransportsOnConnectTimeout && this._nextTransport();
    this.connecting = false;
    if (timedOut || limited || next) clearTimeout(this._connectTimer);
    if (next) {
      this._attempt(next);
    } else if (!limited && (timedOut || !this.options.connectTimeout)) {
      this._worked = null;
      remove(living, this);
      this.emit('connect_failed');
      if (this._lastRound && !this.connecting && !this.connected) {
        this._stopReconnecting();
        this._queue = [];
        this.emit('reconnect_failed');
      }
    }
  },

  _opened: function (transport) {
    var queue, attempts = this.reconnectionAttempts, reconnected = this.reconnecting;
    clearTimeout(this._connectTimer);
    this.connecting = false;
    this.connected = true;
    this._worked = transport.type;
    this._stopReconnecting();
    this._replacePrevious();
    queue = this._queue;
    this._queue = [];
    if (queue.length) transport.send(queue);
    if (this.options.rememberTransport) this._remember(transport.type);
    if (this.connected) this.emit('connect');
    if (this.connected && reconnected) this.emit('reconnect', [transport.type, attempts]);
  },

  // The page was away, and whatever was under way with it.
  _resume: function () {
    clearTimeout(this._connectTimer);
    this._attempt(new io.Transport[this.transport.type](this));
  },

  _message: function (data) { this.emit('message', [data]); },

  _failed: function (transport, event) { this.emit('error', [event]); },

  _requeue: function (messages) { this._queue = messages.concat(this._queue); },

  // The transport is lost, `pending` was never handed to the network.
  _closed: function (transport, pending) {
    if (transport !== this.transport) return;
    this._requeue(pending);
    if (this.connecting) {
      this._attemptFailed(transport, false);
    } else if (this.connected) {
      this._previous = transport;
      this.connected = false;
      this.emit('disconnect');
      if (this.options.reconnect && !this.reconnecting && !this.connected) {
        this._reconnect();
        transport._linger();
      } else if (!this.connecting && !this.connected) {
        remove(living, this);
      }
    }
  },

  _backoff: function () {
    return { delay: this.options.reconnectionDelay, limit: Infinity, attempts: this.options.maxReconnectionAttempts };
  },

  _reconnecting: function (delay, attempt) { this.emit('reconnecting', [delay, attempt]); },

  _remembered: function () {
    try {
      var cookie = /(?:^|;)\s*socketio=([^;]*)/.exec(this.options.document.cookie);
      return cookie && decodeURIComponent(cookie[1]);
    } catch (error) {
      return null; // sandboxed pages have no cookies, workers no document, and anyone may have written that one
    }
  },

  _remember: function (type) {
    try {
      this.options.document.cookie = 'socketio=' + encodeURIComponent(type);
    } catch (error) {
      ignore();
    }
  }
}, reconnection, resending));

var aliases = {
  fire: 'emit', addEvent: 'on', addListener: 'on', addEventListener: 'on',
  removeEvent: 'removeListener', removeEventListener: 'removeListener'
};

for (var alias in aliases) {
  if (has(aliases, alias)) FramesSocket.prototype[alias] = FramesSocket.prototype[aliases[alias]];
}

// The constructor of 0.9 takes nothing but options.
io.Socket = function (host, options) {
  return isObject(host) ? new Connection(host) : new FramesSocket(host, options);
};

io.Socket.prototype = FramesSocket.prototype;

// ------------------------------------------------------------------------------------------------ io.util

// Functions that pages of 0.6 to 0.9 borrowed.

function indexOf(list, value, from) {
  var i = from || 0;
  for (i = i < 0 ? Math.max(0, list.length + i) : i; i < list.length; i++) if (list[i] === value) return i;
  return -1;
}

// What is in both lists, in the order of the shorter.
function intersect(first, second) {
  return first.length > second.length ? members(second, first) : members(first, second);
}

// What of a list is in the other.
function members(list, other) {
  var both = [], i;
  for (i = 0; i < list.length; i++) if (indexOf(other, list[i]) >= 0) both.push(list[i]);
  return both;
}

// Around what these find in an address: the parts by name, in the order of their opening brackets.
var uriParts = ['source', 'protocol', 'authority', 'userInfo', 'user', 'password', 'host', 'port', 'relative', 'path',
  'directory', 'file', 'query', 'anchor'];
var uriPattern = new RegExp('^(?:([a-z][a-z0-9+.-]*)://|//)?' +
  '((?:(([^:@/?#]*):?([^@/?#]*))@)?(\\[[^\\]]*\\]|[^:/?#]*)(?::(\\d*))?)' +
  '((([^?#]*/)?([^?#]*))(?:\\?([^#]*))?(?:#([\\s\\S]*))?)$', 'i');

function parseUri(text) {
  var parts = uriPattern.exec(text === undefined || text === null ? '' : text) || [], uri = {}, i;
  for (i = 0; i < uriParts.length; i++) uri[uriParts[i]] = parts[i] || '';
  return uri;
}

function uniqueUri(uri) {
  var protocol = uri.protocol || 'http', secure = protocol === 'https';
  var port = uri.port || (secure && !page.secure ? 443 : document && location.port || (secure ? 443 : 80));
  return protocol + '://' + (uri.host || page.host) + ':' + port;
}

function chunkQuery(query) {
  var chunks = {}, parts = String(query || '').split('&'), i, pair;
  for (i = 0; i < parts.length; i++) {
    pair = /^([^=]+)=?([^=]*)/.exec(parts[i]);
    if (pair) chunks[pair[1]] = pair[2];
  }
  return chunks;
}

function query(base, addition) {
  var parts = [];
  eachOwn(assign(chunkQuery(base), chunkQuery(addition)), function (value, name) { parts.push(name + '=' + value); });
  return parts.length ? '?' + parts.join('&') : '';
}

function merge(target, additional, depth) {
  var levels = depth === undefined ? 2 : depth;
  eachOwn(additional, function (value, name) {
    if (name === '__proto__') return;
    if (levels && isMergeable(target[name]) && isMergeable(value)) merge(target[name], value, levels - 1);
    else target[name] = value;
  });
  return target;
}

function isMergeable(value) {
  return typeof value === 'object' && value !== null && !isArray(value);
}

var userAgent = window.navigator && window.navigator.userAgent || '';

io.util = {
  isArray: isArray,
  indexOf: indexOf,
  intersect: intersect,
  parseUri: parseUri,
  uniqueUri: uniqueUri,
  chunkQuery: chunkQuery,
  query: query,
  merge: merge,
  mixin: function (constructor, other) { merge(constructor.prototype, other.prototype); },
  inherit: function (constructor, parent) { inherit(constructor, parent, {}); },
  toArray: toList,
  defer: function (task) { afterLoad(task); },
  load: function (task) {
    if (!document || document.readyState === 'complete') task();
    else listen(window, 'load', task);
  },
  on: listen,
  request: function () { return window.XMLHttpRequest ? new window.XMLHttpRequest() : null; },
  ua: { hasCORS: sharesOrigins(), webkit: /webkit/i.test(userAgent), iDevice: /iPad|iPhone|iPod/i.test(userAgent) }
};

io.EventEmitter = EventEmitter;

// ------------------------------------------------------------------------------------------------ connection

// What the namespaces of an origin share, and `namespace.socket` for pages: the interface of 0.7 to 0.9.
function Connection(options) {
  this.wire = packets;
  this.options = assign({
    secure: page.secure,
    host: page.host,
    document: document,
    resource: 'socket.io',
    transports: io.transports,
    'connect timeout': 10000,
    'try multiple transports': true,
    reconnect: true,
    'reconnection delay': 500,
    'reconnection limit': Infinity,
    'reopen delay': 3000,
    'max reconnection attempts': 10,
    'sync disconnect on unload': false,
    'auto connect': true,
    'flash policy port': 10843,
    manualFlush: false
  }, options);
  this.options.port = this.options.port || (this.options.secure ? 443 : 80);
  this.options.resource = this.options.resource.replace(/^\/+|\/+$/g, '');
  this.host = this.options.host;
  this.crossDomain = this.isXDomain();
  this.connected = this.open = this.connecting = this.reconnecting = false;
  this.namespaces = {};
  this.buffer = []; // texts of packets that are not sent yet
  this.doBuffer = false;
  this._resent = this._careful = 0;
  if (this.options['auto connect']) this.connect();
}

io.transports = ['websocket', 'xhr-polling', 'jsonp-polling'];

var unannounced = ['xhr-multipart', 'server-events'];

inherit(Connection, EventEmitter, assign({
  connect: function (handler) {
    var self = this;
    if (handler) this.once('connect', handler);
    if (this.connected || this.connecting) return this;
    this.connecting = true;
    remember(this);
    this.handshake(function (sessionid, heartbeat, close, announced) {
      self.sessionid = sessionid;
      self.heartbeatTimeout = heartbeat * 1000;
      self.closeTimeout = close * 1000;
      if (!self.transports) self.transports = self.origTransports = self._candidates(announced.split(','));
      self._tryNext();
    });
    return this;
  },

  // What both sides know, in the order of the shorter list. Some transports no server announces: whether it has them is
  // found out by trying.
  _candidates: function (announced) {
    var own = this.options.transports, i;
    for (i = 0; i < own.length; i++) {
      if (indexOf(unannounced, own[i]) >= 0 && indexOf(announced, own[i]) < 0) announced.push(own[i]);
    }
    if (!announced[0]) return own.slice(0);
    return this._isModern ? members(own, announced) : intersect(announced, own);
  },

  getTransport: function (types) {
    var candidates = types || this.transports || [], transport, i;
    for (i = 0; i < candidates.length; i++) {
      if (!fits(candidates[i], this)) continue;
      transport = new io.Transport[candidates[i]](this);
      transport.session = transport.sessionid = transport.sessid = this.sessionid;
      return transport;
    }
    return null;
  },

  _tryNext: function () {
    var transport = this.getTransport();
    if (transport) this._attempt(transport);
    else this._giveUp();
  },

  _attempt: function (transport) {
    var self = this, timeout = this.options['connect timeout'];
    this.transport = transport;
    this.connecting = true;
    if (transport.afterLoad) afterLoad(start);
    else start();

    function start() {
      if (transport.closed || self.transport !== transport) return;
      self.publish('connecting', transport.name);
      if (transport.closed || self.transport !== transport) return; // a handler changed its mind
      if (timeout) self._connectTimer = setTimeout(function () { self._attemptFailed(transport, 'timeout'); }, timeout);
      begin(transport);
    }
  },

  // An attempt to come back tries one transport, and so does the next. Others go on to the next transport at once,
  // until none is left: the page's first attempt, the last round, and those of 1.x.
  _attemptFailed: function (transport, reason) {
    var untried = this.transports, multiple = this.options['try multiple transports'];
    var limited = this.reconnecting && !this._lastRound && !this._backoff()._isStrict;
    transport.stop();
    if (transport !== this.transport) return;
    clearTimeout(this._connectTimer);
    this._failure = reason || 'transport error';
    if (limited) return this._attemptLost();
    if (multiple) untried = this.transports = untried.slice(indexOf(untried, transport.type) + 1);
    if (multiple && untried.length) this._tryNext();
    else this._giveUp();
  },

  // An attempt to come back has failed. The next one is on its way.
  _attemptLost: function () {
    this.connecting = false;
  },

  _giveUp: function () {
    var last = this._lastRound;
    this.connecting = false;
    this.transports = this.origTransports;
    if (this.reconnecting && !last) return this._attemptLost();
    remove(living, this);
    this.publish('connect_failed');
    if (last && !this.connecting && !this.connected) this._giveUpReconnecting();
  },

  _giveUpReconnecting: function () {
    this._stopReconnecting();
    this._dropPrevious();
    this.publish('reconnect_failed');
  },

  _forgetTransport: function () {
    this.transports = this.origTransports;
  },

  _patience: function (transport) {
    return transport.polls ? this.closeTimeout : this.heartbeatTimeout;
  },

  _opened: function (transport) {
    var rejoined = [], attempts = this.reconnectionAttempts, reconnected = this.reconnecting;
    clearTimeout(this._connectTimer);
    this._stopReconnecting();
    this._replacePrevious();
    this.open = transport.connected = true;
    eachOwn(this.namespaces, function (namespace, name) {
      if (name && namespace.active) rejoined.push(encodePacket(namespace._entrance()));
    });
    if (this.doBuffer || this.options.manualFlush) transport.send(rejoined);
    else this.buffer = rejoined.concat(this.buffer);
    this.onConnect();
    if (this.connected && reconnected) this.publish('reconnect', transport.name, attempts);
  },

  _failed: ignore, // told when the transport closes

  // Packets that did not leave. Which namespaces the page is in is said anew to every session, and an acknowledgement
  // is for the one that asked.
  _requeue: function (texts) {
    for (var i = texts.length - 1; i >= 0; i--) if (!/^[016]:/.test(texts[i])) this.buffer.unshift(texts[i]);
  },

  _closed: function (transport, pending, reason) {
    if (transport !== this.transport) return;
    this._requeue(pending);
    if (this.connecting) this._attemptFailed(transport);
    else if (this.connected) this.onDisconnect(reason);
  },

  // ---- for pages

  // Everything that comes, but for heartbeats.
  onPacket: function (packet, via) {
    var name = packet.endpoint, transport = via || this.transport;
    if (!transport.closed && transport !== this.transport) return transport.stop();
    // What a lost session still had are messages, and no news of itself.
    if (transport.closed && !/^(message|json|event|ack)$/.test(packet.type)) return;
    if (packet.type === 'connect' && !name) {
      if (transport.connected) return;
      this._opened(transport);
      if (!this.connected) return;
    }
    if (packet.type === 'error' && packet.advice) this.onError(packet);
    else if (packet.type === 'disconnect' && !name) this.onDisconnect('booted');
    else if (has(this.namespaces, name)) this.namespaces[name].onPacket(packet);
    else if (packet.type === 'error') this.onError(packet);
  },

  isXDomain: function () {
    var options = this.options;
    return options.host !== page.host || Number(options.port) !== Number(page.port) || options.secure !== page.secure ||
      !page.isHttp;
  },

  of: function (name, query) {
    var namespaces = this.namespaces;
    name = name || '';
    if (!has(namespaces, name)) {
      namespaces[name] = this._makeNamespace(name, query);
      if (name) this._enter(namespaces[name]);
    } else if (!namespaces[name].active) {
      this._enter(namespaces[name]);
    }
    return namespaces[name];
  },

  _makeNamespace: function (name, query) {
    return new Namespace(this, name, query);
  },

  _enter: function (namespace) {
    namespace.active = true;
    // Without a connection nothing is said: each begins with the namespaces the page is in then.
    this.packet(namespace._entrance());
  },

  packet: function (packet, isVolatile) {
    return this._write(encodePacket(packet), isVolatile);
  },

  _write: function (text, isVolatile) {
    if (this._canSend()) this.transport.send([text]);
    else if (!isVolatile && (this.connected || !/^[01]:/.test(text))) this.buffer.push(text);
    return this;
  },

  _canSend: function () {
    return this.connected && !this.doBuffer && !!this.transport && !this.transport.closed;
  },

  setBuffer: function (on) {
    this.doBuffer = on;
    if (!on && this.connected && this.buffer.length && !this.options.manualFlush) this.flushBuffer();
  },

  flushBuffer: function () {
    if (this.transport && !this.transport.closed) this.transport.send(this.buffer.splice(0, Infinity));
  },

  publish: function () {
    var args = arguments;
    this.emit.apply(this, args);
    eachOwn(this.namespaces, function (namespace) { namespace.$emit.apply(namespace, args); });
  },

  onConnect: function () {
    if (this.connected) return;
    this.connected = true;
    this.connecting = false;
    if (!this.doBuffer) this.setBuffer(false);
    this.emit('connect');
  },

  onDisconnect: function (reason) {
    var transport = this.transport, wasConnected = this.connected, comesBack;
    if (!wasConnected && !this.connecting) return;
    comesBack = wasConnected && reason !== 'booted';
    if (comesBack && !transport.closed) this._requeue(transport._recall(transport.pending.splice(0, Infinity)));
    this._abandon();
    this._requeue(this.buffer.splice(0, Infinity));
    if (!comesBack || !this.options.reconnect) this._end();
    if (comesBack) this._previous = transport;
    if (!wasConnected) return;
    this._tellDisconnect(reason);
    if (comesBack && !this.connected && this._previous === transport && this.options.reconnect) {
      this.reconnect();
      transport._linger();
    }
  },

  _tellDisconnect: function (reason) {
    this.publish('disconnect', reason === 'booted' ? reason : undefined);
  },

  // Stops what is under way to connect.
  _abandon: function () {
    this.connected = this.connecting = this.open = false;
    if (this._abortHandshake) this._abortHandshake();
    clearTimeout(this._connectTimer);
    if (this.transport) this.transport.stop();
  },

  // Nothing will be tried again.
  _end: function () {
    this._stopReconnecting();
    this._dropPrevious();
    this.transports = this.origTransports;
    remove(living, this);
  },

  // The page was away, and whatever was under way with it.
  _resume: function () {
    this._abandon();
    this.connect();
  },

  onClose: function () {
    if (this.transport) this.transport.end();
  },

  // A packet of the server, which may advise to come again, or a word of our own.
  onError: function (error) {
    var connecting = this.connecting, advised = error && error.advice === 'reconnect' && (this.connected || connecting);
    if (advised) {
      this.transport._lingers = false; // the session is not there any more
      if (connecting) this._abandon();
      else this.onDisconnect();
    }
    if (!advised || connecting || !this._isModern) this.publish('error', error && error.reason ? error.reason : error);
    if (advised && connecting && this._lastRound) this._giveUp();
    else if (advised && connecting && this.options.reconnect) this.reconnect();
  },

  disconnect: function () {
    if (this.open && this.transport && !this.transport.closed) this.transport.send(['0::']);
    if (this.connected || this.connecting) this.onDisconnect('booted');
    this._end();
    return this;
  },

  disconnectSync: function () {
    if (this.transport) this.transport.leave();
    this.onDisconnect('booted');
  },

  // Breaks the connection as a network would.
  cut: function () {
    if (this.connected) this.transport.end();
  },

  reconnect: function () {
    if (!this.connected && !this.reconnecting) this._reconnect();
  },

  _backoff: function () {
    var options = this.options;
    return {
      delay: options['reconnection delay'],
      limit: options['reconnection limit'],
      attempts: options['max reconnection attempts']
    };
  },

  _reconnecting: function (delay, attempt) { this.publish('reconnecting', delay, attempt); }
}, reconnection, resending));

// ------------------------------------------------------------------------------------------------ handshake

// A session of packets begins with a request of its own: `id:heartbeat:close:transports`, the timeouts in seconds.
Connection.prototype.handshake = function (done) {
  var self = this, options = this.options, timeout = options['connect timeout'], cancel = ignore;
  var base = Base.prototype.base.call({ socket: this });
  var url = base + '1/?' + (options.query ? options.query + '&' : '') + 't=' + stamp();
  var timer = timeout && setTimeout(function () { finish(0, 'timeout'); }, timeout);

  function end() {
    clearTimeout(timer);
    self._abortHandshake = null;
    cancel();
  }

  function finish(status, text) {
    var answer = status === 200 && /^([^:\s<>"]+):(\d*):(\d*):([\w,-]*)$/.exec(text);
    end();
    if (answer) done(answer[1], answer[2], answer[3], answer[4]);
    else self._refused(status, text);
  }

  this._abortHandshake = end;
  if (!this.crossDomain || sharesOrigins() || window.XDomainRequest) {
    cancel = request(this, url, null, finish);
  } else {
    cancel = handshakeByScript(url, finish);
  }
};

// A page hears why its first attempt failed; later, when it tries to come back, only what is the server's own word.
Connection.prototype._refused = function (status, text) {
  var reason = /^[\w .:-]{1,200}$/.test(text) ? text : 'handshake failed (' + status + ')', last = this._lastRound;
  this.connecting = false;
  if (!this.reconnecting) remove(living, this);
  if (status === 403 || !this.reconnecting) this.onError(reason);
  else if (!last) this._attemptLost(new Error(reason));
  if (last) this._giveUp();
};

function handshakeByScript(url, finish) {
  var index, script, answered = false;
  if (!document) {
    setTimeout(function () { finish(0, ''); }, 0);
    return ignore;
  }
  index = packets._addCallback(function (answer) {
    answered = true;
    if (typeof answer === 'string') finish(200, answer);
    else finish(403, answer && answer.message || '');
  });
  script = loadScript(url + '&jsonp=' + index, function () {
    if (!answered) finish(0, '');
  });
  return function () {
    answered = true;
    packets._removeCallback(index);
    removeNode(script);
  };
}

// ------------------------------------------------------------------------------------------------ io.SocketNamespace

// A namespace of a connection: what io.connect() returns. `emit` tells the server, `$emit` the handlers of the page.
function Namespace(socket, name, query) {
  this.socket = socket;
  this.name = name || '';
  this.query = query || '';
  this.active = true; // not left by the page
  this.flags = {};
  this.ackPackets = 0;
  this.acks = {};
  this.json = new Flagged(this, 'json');
  this.volatile = new Flagged(this, 'volatile');
}

io.SocketNamespace = Namespace;

inherit(Namespace, EventEmitter, {
  $emit: EventEmitter.prototype.emit,

  of: function () { return this.socket.of.apply(this.socket, arguments); },

  send: function (data, handler) {
    var json = this.flags.json, text = data === undefined || data === null ? '' : String(data);
    var packet = { type: json ? 'json' : 'message', data: json ? data : text };
    if (handler) this._expect(packet, handler, true);
    return this.packet(packet);
  },

  emit: function (name) {
    var args = toList(arguments, 1), packet = { type: 'event', name: name, args: args };
    if (typeof args[args.length - 1] === 'function') this._expect(packet, args.pop(), 'data');
    return this.packet(packet);
  },

  packet: function (packet) {
    var flags = this.flags;
    this.flags = {};
    packet.endpoint = this.name;
    this.socket.packet(packet, flags.volatile);
    return this;
  },

  disconnect: function () {
    if (this.name === '') {
      this.socket.disconnect();
    } else {
      this.packet({ type: 'disconnect' });
      this.active = false;
      this.$emit('disconnect');
    }
    return this;
  },

  _entrance: function () {
    return { type: 'connect', endpoint: this.name, qs: this.query && '?' + this.query };
  },

  // Calls `handler` when the server acknowledges: that it has received the packet, or with data from its handler.
  _expect: function (packet, handler, kind) {
    packet.id = ++this.ackPackets;
    packet.ack = kind;
    this.acks[packet.id] = handler;
  },

  onPacket: function (packet) {
    var args, handler;
    switch (packet.type) {
    case 'connect':
      this.$emit('connect');
      break;
    case 'disconnect':
      if (this.name === '') this.socket.onDisconnect('booted');
      else this.$emit('disconnect', packet.reason);
      break;
    case 'message':
    case 'json':
    case 'event':
      if (packet.type === 'event' && packet.name === undefined || packet.type === 'json' && !has(packet, 'data')) break;
      args = packet.type === 'event' ? [packet.name].concat(packet.args) : ['message', packet.data];
      if (packet.ack === 'data') args.push(this._acknowledge(packet));
      else if (packet.ack && packet.type !== 'event') this._acknowledge(packet)();
      this.$emit.apply(this, args);
      break;
    case 'ack':
      if (!has(this.acks, packet.ackId)) break;
      handler = this.acks[packet.ackId];
      delete this.acks[packet.ackId];
      protect(handler, this, packet.args);
      break;
    case 'error':
      if (packet.reason === 'unauthorized') this.$emit('connect_failed', packet.reason);
      else this.$emit('error', packet.reason);
    }
  },

  // Answers once, and only the session that asked: another one gives its packets the same numbers.
  _acknowledge: function (packet) {
    var self = this, session = this.socket.connected && this.socket.sessionid;
    return function () {
      if (self.socket.connected && session === self.socket.sessionid) {
        self.packet({ type: 'ack', args: toList(arguments), ackId: packet.id });
      }
      session = null;
    };
  }
});

// `namespace.json` and `namespace.volatile`: the same namespace, with a flag for the next packet.
function Flagged(namespace, name) {
  this.namespace = namespace;
  this.name = name;
}

function flagged(method) {
  return function () {
    this.namespace.flags[this.name] = true;
    return this.namespace[method].apply(this.namespace, arguments);
  };
}

Flagged.prototype = { send: flagged('send'), emit: flagged('emit') };

// ------------------------------------------------------------------------------------------------ io.connect

io.sockets = {}; // connections by origin

io.connect = function (url, options) {
  var settings = isObject(url) ? url : options || {}, uri = locate(isObject(url) ? '' : url), origin, socket, known;
  if (!uri.port) uri.port = page.isHttp && location.port || '';
  origin = uniqueUri(uri);
  known = !settings['force new connection'] && has(io.sockets, origin);
  socket = known ? io.sockets[origin] : new Connection(assign(address(uri), settings));
  if (!settings['force new connection']) io.sockets[origin] = socket;
  // Forgotten for a while is not left for good.
  if (known && !socket.reconnecting && socket.options['auto connect']) socket.connect();
  return socket.of(uri.path.length > 1 ? uri.path : '', known && uri.query);
};

// The parts of an address, as far as the page knows them.
function locate(url) {
  var uri = parseUri(url);
  uri.protocol = uri.protocol.replace(/^ws/, 'http') || (page.secure ? 'https' : 'http');
  uri.host = uri.host || page.host;
  return uri;
}

function address(uri) {
  var secure = uri.protocol === 'https';
  return { host: uri.host, secure: secure, port: uri.port || (secure ? 443 : 80), query: uri.query };
}

// ------------------------------------------------------------------------------------------------ io()

// The interface of 1.x, as far as the wire of packets carries it: a connection that is told to work in that way, and
// namespaces with other methods.

var managers = io.managers = {}; // by origin and path

function lookUp(url, options) {
  var settings = isObject(url) ? url : options || {}, text = isObject(url) ? '' : url, uri = locate(text);
  var isNew = settings.forceNew || settings['force new connection'], key, name, manager;
  // An address with a host and no port is on the port of its scheme.
  uri.port = uri.port || !parseUri(text).host && page.isHttp && page.port || (uri.protocol === 'https' ? 443 : 80);
  name = uri.path.length > 1 ? uri.path : '';
  key = uniqueUri(uri) + (settings.path || '');
  manager = has(managers, key) && managers[key];
  // Who asks twice for the same wants two.
  if (!manager || isNew || settings.multiplex === false || has(manager.namespaces, name)) {
    manager = new Manager(address(uri), settings);
    if (!has(managers, key) && !isNew) managers[key] = manager;
  }
  return manager.of(name, uri.query);
}

// Options of 1.x in the words of 0.9.
function translate(settings, query) {
  var types = [], i, wanted = settings.transports;
  eachOwn(isObject(settings.query) ? settings.query : {}, function (value, name) {
    query += (query && '&') + encodeURIComponent(name) + '=' + encodeURIComponent(value);
  });
  for (i = 0; wanted && i < wanted.length; i++) {
    if (wanted[i] === 'polling') types.push('xhr-polling', 'jsonp-polling');
    else types.push(wanted[i]);
  }
  return {
    resource: settings.path || settings.resource,
    query: typeof settings.query === 'string' ? settings.query : query,
    transports: wanted && types,
    'connect timeout': settings.timeout === undefined ? 20000 : settings.timeout,
    reconnect: settings.reconnection,
    'reconnection delay': settings.reconnectionDelay || 1000,
    'reconnection limit': settings.reconnectionDelayMax || 5000,
    'max reconnection attempts': settings.reconnectionAttempts || Infinity,
    withCredentials: settings.withCredentials,
    'auto connect': false
  };
}

function Manager(place, settings) {
  if (settings.auth || settings.extraHeaders) complain('socket.io: auth and extraHeaders are not sent, query is');
  this.opts = settings;
  this._query = place.query;
  Connection.call(this, assign(place, translate(settings, place.query)));
}

inherit(Manager, Connection, {
  _isModern: true,

  // Pages change the options between attempts, to renew a token or to try other transports.
  connect: function (handler) {
    var options = translate(this.opts, this._query);
    this.options.query = options.query;
    if (options.transports && options.transports.join() !== this.options.transports.join()) {
      this.options.transports = options.transports;
      if (!this.connected && !this.connecting) this.transports = null;
    }
    return Connection.prototype.connect.call(this, handler);
  },

  _makeNamespace: function (name, query) {
    return new ModernNamespace(this, name, query);
  },

  of: function (name, query) {
    name = name || '';
    if (!has(this.namespaces, name)) {
      this.namespaces[name] = this._makeNamespace(name, query);
      if (this.opts.autoConnect !== false) this.namespaces[name].connect();
    }
    return this.namespaces[name];
  },

  // Pages of 1.x listened on the manager or on the namespace.
  _tell: Connection.prototype.publish,

  publish: function (name, detail, more) {
    if (name === 'error' && this.connected) this._tell(name, detail);
    else if (name === 'error') this._attemptLost(detail instanceof Error ? detail : new Error(detail));
    else if (name === 'connect_failed') this._attemptLost();
    else if (name === 'reconnect') this._tell(name, more);
    else if (name === 'reconnect_failed') this._tell(name);
  },

  // The first attempt is no different from those after it.
  _attemptLost: function (reason) {
    var error = reason || new Error(this._failure || 'transport error');
    this.connecting = false;
    if (error.message === 'timeout') this._tell('connect_timeout', this.options['connect timeout']);
    this._tell('connect_error', error);
    if (this.reconnecting) this._tell('reconnect_error', error);
    else if (this.options.reconnect && this._isWanted()) this.reconnect();
  },

  _opened: function (transport) {
    this.engine = { id: this.sessionid, transport: transport };
    Connection.prototype._opened.call(this, transport);
  },

  _isWanted: function () {
    var wanted = false;
    eachOwn(this.namespaces, function (namespace) { wanted = wanted || namespace.active; });
    return wanted;
  },

  _tellDisconnect: function (reason) {
    var byServer = reason === 'booted' && !this._leaves, forGood = byServer || this._leaves;
    var words = this._leaves ? 'io client disconnect' : byServer ? 'io server disconnect' :
      reason === 'timeout' ? 'ping timeout' : 'transport close';
    eachOwn(this.namespaces, function (namespace) { namespace._ended(words, forGood); });
    this.emit('close', words);
  },

  disconnect: function () {
    this._leaves = true;
    Connection.prototype.disconnect.call(this);
    this._leaves = false;
    return this;
  },

  _backoff: function () {
    var backoff = Connection.prototype._backoff.call(this), part = this.opts.randomizationFactor;
    backoff._isStrict = true;
    backoff.spread = part === undefined ? 0.5 : part;
    return backoff;
  },

  _announce: function (attempt) {
    this._tell('reconnect_attempt', attempt);
    this._tell('reconnecting', attempt);
  },

  _reconnecting: ignore
});

Manager.prototype.close = Manager.prototype.disconnect;

// A namespace with the methods of 1.x and later.
function ModernNamespace(manager, name, query) {
  Namespace.call(this, manager, name, query);
  this.io = manager;
  this.nsp = name || '/';
  this.active = this.connected = false; // wants to be in the namespace; is in it
  this.disconnected = true;
  this._catchAll = [];
  this._kept = []; // packets of the page while it was not in the namespace
}

var reservedEvents = ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'];

inherit(ModernNamespace, Namespace, {
  connect: function () {
    var self = this, manager = this.io;
    if (!this.active) {
      this.active = true;
      if (this.name) {
        manager._enter(this);
      } else if (manager.connected) {
        setTimeout(function () { if (self.active && manager.connected) self._entered(); }, 0);
      }
      while (this._kept.length) manager._write(this._kept.shift());
    }
    if (!manager.reconnecting) manager.connect();
    return this;
  },

  packet: function (packet) {
    if (this.active) return Namespace.prototype.packet.call(this, packet);
    packet.endpoint = this.name;
    if (!this.flags.volatile) this._kept.push(encodePacket(packet));
    this.flags = {};
    return this;
  },

  disconnect: function () {
    if (!this.active) return this;
    if (this.name) this.packet({ type: 'disconnect' });
    this.active = false;
    this._ended('io client disconnect', true);
    if (!this.io._isWanted()) this.io.disconnect();
    return this;
  },

  _entered: function () {
    this.connected = true;
    this.disconnected = false;
    this.id = this.io.sessionid;
    this.$emit('connect');
  },

  _ended: function (reason, forGood) {
    var wasConnected = this.connected;
    if (forGood) this.active = false;
    this.connected = false;
    this.disconnected = true;
    this.id = undefined;
    if (wasConnected) this.$emit('disconnect', reason);
  },

  emit: function (name) {
    if (indexOf(reservedEvents, name) >= 0) throw new Error('"' + name + '" is a reserved event name');
    if (hasBinary(arguments)) throw new Error('binary data is not carried by this wire');
    return Namespace.prototype.emit.apply(this, arguments);
  },

  // One value is a message, text or JSON; several are an event of that name.
  send: function (value) {
    var args = toList(arguments), handler = args[args.length - 1], packet;
    if (typeof handler === 'function') args.pop();
    else handler = null;
    if (args.length !== 1) return this.emit.apply(this, ['message'].concat(toList(arguments)));
    if (hasBinary(args)) throw new Error('binary data is not carried by this wire');
    packet = { type: typeof value === 'string' ? 'message' : 'json', data: value };
    if (handler) this._expect(packet, handler, 'data');
    return this.packet(packet);
  },

  write: function () { return this.send.apply(this, arguments); },

  compress: function () { return this; },

  // For the next emit: its acknowledgement function is called with an error when it takes longer.
  timeout: function (milliseconds) {
    var self = this, timed = {
      emit: function () {
        var args = toList(arguments), handler = args[args.length - 1], timer;
        if (typeof handler !== 'function') return self.emit.apply(self, args);
        args.pop();
        timer = setTimeout(function () {
          timer = null;
          handler.call(self, new Error('operation has timed out'));
        }, milliseconds);
        args.push(function () {
          if (!timer) return;
          clearTimeout(timer);
          handler.apply(self, [null].concat(toList(arguments)));
        });
        return self.emit.apply(self, args);
      },
      emitWithAck: function () { return promised(timed, arguments, true); }
    };
    return timed;
  },

  emitWithAck: function () { return promised(this, arguments, false); },

  off: function (name, handler) {
    return handler ? this.removeListener(name, handler) : this.removeAllListeners(name);
  },

  hasListeners: function (name) { return this.listeners(name).length > 0; },

  onAny: function (handler) {
    this._catchAll.push(handler);
    return this;
  },

  offAny: function (handler) {
    if (handler) remove(this._catchAll, handler);
    else this._catchAll = [];
    return this;
  },

  onPacket: function (packet) {
    var i, args, catchAll = this._catchAll.slice(0);
    if (!this.active) return;
    if (packet.type === 'connect') return this._entered();
    if (packet.type === 'disconnect') return this._ended('io server disconnect', true);
    if (packet.type === 'error') {
      this.active = false;
      return this.$emit('connect_error', new Error(packet.reason || 'refused'));
    }
    if (packet.type !== 'ack') {
      args = packet.type === 'event' ? [packet.name].concat(packet.args) : ['message', packet.data];
      for (i = 0; i < catchAll.length; i++) protect(catchAll[i], this, args);
    }
    Namespace.prototype.onPacket.call(this, packet);
  }
});

ModernNamespace.prototype.open = ModernNamespace.prototype.connect;
ModernNamespace.prototype.close = ModernNamespace.prototype.disconnect;
Manager.prototype.off = ModernNamespace.prototype.off;

function promised(target, args, isTimed) {
  return new window.Promise(function (resolve, reject) {
    target.emit.apply(target, toList(args).concat(function (error, value) {
      if (!isTimed) resolve(error);
      else if (error) reject(error);
      else resolve(value);
    }));
  });
}

function hasBinary(value) {
  var kind = Object.prototype.toString.call(value).slice(8, -1), name;
  if (/^(ArrayBuffer|Blob|File|DataView)$|^(Ui|I)nt\w*Array$|^Float\d+Array$|^Big\w+Array$/.test(kind)) return true;
  if (!value || typeof value !== 'object' || typeof value.toJSON === 'function') return false;
  for (name in value) if (has(value, name) && hasBinary(value[name])) return true;
  return false;
}

// ------------------------------------------------------------------------------------------------ exports

// Kept for pages written for the Flash transport.
io.setPath = function (directory) {
  window.WEB_SOCKET_SWF_LOCATION = directory.replace(/\/*$/, '/') + 'lib/vendor/web-socket-js/WebSocketMain.swf';
};

if (!window.WEB_SOCKET_SWF_LOCATION) io.setPath('/socket.io');
if (window.jQuery) window.jQuery.io = io;

// Answers of JSONP call it by this name, so it is there whatever else loads the script.
window.io = io;

if (typeof module === 'object' && module && module.exports) module.exports = io;
else if (typeof define === 'function' && define.amd) define([], function () { return io; });

})(typeof window !== 'undefined' ? window : typeof self !== 'undefined' ? self :
  typeof global !== 'undefined' ? global : {});
