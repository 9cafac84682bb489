/*! Heirloom's browser client: the `new io.Socket()` interface of Socket.IO 0.6. MIT licence. */

// Written for every engine since Internet Explorer 8: ES3 syntax, no ES5 library, no eval.
//
//   Socket      what the page holds: queue, choice of a transport, timers, reconnection
//   Transport   one attempt to reach the server and the session it yields; never reused
//   codec       messages to payloads and back, in both dialects of the generation
//
// A transport implements open(), write(payload, done), shut() and, if it polls, again().

(function (window) {
'use strict';

var document = window.document, location = window.location;
var io = window.io = { version: '0.6.3', Transport: {}, JSONP: [], util: {} };

// ------------------------------------------------------------------------------------------------ helpers

var util = io.util;

util.isArray = function (value) {
  return Object.prototype.toString.call(value) === '[object Array]';
};

util.isPlainObject = function (value) {
  return value !== null && value !== undefined && Object.prototype.toString.call(value) === '[object Object]';
};

util.merge = function (target, source) {
  for (var name in source) {
    if (Object.prototype.hasOwnProperty.call(source, name) && source[name] !== undefined) target[name] = source[name];
  }
  return target;
};

util.inherit = function (constructor, parent, members) {
  function Prototype() {}
  Prototype.prototype = parent.prototype;
  constructor.prototype = new Prototype();
  constructor.prototype.constructor = constructor;
  util.merge(constructor.prototype, members);
};

util.listen = function (target, event, handler) {
  if (target.addEventListener) target.addEventListener(event, handler, false);
  else if (target.attachEvent) target.attachEvent('on' + event, handler);
};

// A mistake in the page's handler must reach the console but not stop the transport that delivered.
util.protect = function (handler, context, args) {
  try {
    handler.apply(context, args);
  } catch (error) {
    setTimeout(function () { throw error; }, 0);
  }
};

// Runs `task` a moment after the page has loaded: a script requested earlier would hold back the page's
// load event, and old WebKit shows its busy indicator for ever.
util.load = function (task) {
  if (loaded) task();
  else onceLoaded.push(task);
};

var loaded = document.readyState === 'complete', onceLoaded = [];

if (!loaded) {
  util.listen(window, 'load', function () {
    setTimeout(function () {
      loaded = true;
      while (onceLoaded.length) onceLoaded.shift()();
    }, 100);
  });
}

function append(list, more) {
  for (var i = 0; i < more.length; i++) list.push(more[i]);
}

// A number for URLs that no cache has seen: the time, but never the same one twice.
var lastStamp = 0;

function stamp() {
  lastStamp = Math.max(lastStamp + 1, +new Date());
  return lastStamp;
}

// ------------------------------------------------------------------------------------------------ codec

// What waits to be sent. Objects are serialised at once, so later changes to them do not leak in.
function outgoing(value) {
  var isObject = util.isPlainObject(value);
  var text = isObject ? JSON.stringify(value) : value === null || value === undefined ? '' : String(value);
  return { text: wellFormed(text), isObject: isObject };
}

// Half a surrogate pair has no UTF-8 form and cannot be escaped for a form body either.
function wellFormed(text) {
  return text.replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g, function (match) {
    return match.length === 2 ? match : '\uFFFD';
  });
}

// 0.5 and 0.6: `~m~length~m~data`, the length in UTF-16 units, which is what String length counts.
var frames = {
  encode: function (messages, heartbeat) {
    var payload = heartbeat ? frame(heartbeat) : '';
    for (var i = 0; i < messages.length; i++) payload += frame((messages[i].isObject ? '~j~' : '') + messages[i].text);
    return payload;
  },

  decode: function (payload) {
    var messages = [], position = 0, marker = '~m~';
    while (payload.substr(position, 3) === marker) {
      var second = payload.indexOf(marker, position + 3);
      var digits = second < 0 ? '' : payload.substring(position + 3, second);
      if (!/^\d{1,10}$/.test(digits)) break;
      position = second + 3 + Number(digits);
      if (position > payload.length) break;
      messages.push(payload.substring(second + 3, position));
    }
    return messages;
  },

  sessionid: function (first) { return first; },
  heartbeat: function (message) { return message.substr(0, 3) === '~h~'; },
  isObject: function (message) { return message.substr(0, 3) === '~j~'; }
};

function frame(data) {
  return '~m~' + data.length + '~m~' + data;
}

// 0.3 and 0.4: a JSON list to the server, `{"messages": […]}` from it; neither heartbeats nor objects.
var envelopes = {
  encode: function (messages) {
    var texts = [];
    for (var i = 0; i < messages.length; i++) texts.push(messages[i].text);
    return JSON.stringify(texts);
  },

  decode: function (payload) {
    var envelope = parse(payload);
    return envelope && util.isArray(envelope.messages) ? envelope.messages : [];
  },

  sessionid: function (first) {
    var hello = parse(first);
    return hello && hello.sessionid;
  },

  heartbeat: function () { return false; },
  isObject: function () { return false; }
};

function parse(json) {
  try {
    return JSON.parse(json);
  } catch (error) {
    return undefined;
  }
}

// ------------------------------------------------------------------------------------------------ transport

var Transport = io.Transport;

function Base(socket) {
  var own = (socket.options.transportOptions || {})[this.type];
  this.socket = socket;
  this.connected = false;
  this.sessionid = null;
  this.closed = false;
  this.pending = [];      // not handed to the network yet
  this.unconfirmed = null; // on its way, outcome unknown
  this.heartbeat = null;
  this.timeout = own && own.timeout !== undefined ? own.timeout : this.defaultTimeout;
}

Base.prototype = {
  constructor: Base,
  defaultTimeout: 15000,
  afterLoad: false,
  again: function () {},

  send: function (messages) {
    append(this.pending, messages);
    this.flush();
  },

  flush: function () {
    var self = this, batch;
    if (this.unconfirmed || !(this.pending.length || this.heartbeat)) return;
    batch = this.unconfirmed = nextBatch(this.pending);
    var payload = this.codec.encode(batch, this.heartbeat);
    this.heartbeat = null;
    this.write(payload, function (delivered, refused) {
      if (self.unconfirmed !== batch) return;
      self.unconfirmed = null;
      if (delivered) {
        self.socket._resent = 0;
        self.flush();
      } else {
        self.socket._unsent(self, refused ? [] : batch);
        self.end();
      }
    });
  },

  // Gives up waiting for the last write: what it carried goes back to the socket.
  settle: function () {
    var batch = this.unconfirmed;
    if (!batch) return;
    this.unconfirmed = null;
    if (this.abortWrite) this.abortWrite();
    this.socket._unsent(this, batch);
  },

  receive: function (payload) {
    var self = this, first = !this.connected, messages, i;
    if (this.closed) return;
    this.watch();
    // The server speaks first, so its first payload tells which dialect it speaks.
    if (first) this.codec = payload.charAt(0) === '{' ? envelopes : frames;
    messages = this.codec.decode(payload);
    if (first) {
      this.session = this.sessionid = messages.length ? this.codec.sessionid(messages.shift()) : null;
      if (!this.sessionid) return this.end();
      this.connected = true;
    }
    // The next poll leaves before the page's handlers run, however long they take.
    this.again();
    if (first) this.socket._opened(this);
    for (i = 0; i < messages.length && !this.closed; i++) deliver(messages[i]);

    function deliver(message) {
      if (self.codec.heartbeat(message)) {
        self.heartbeat = message;
        self.flush();
      } else if (self.codec.isObject(message)) {
        message = parse(message.substr(3));
        if (message !== undefined) self.socket._message(message);
      } else {
        self.socket._message(message);
      }
    }
  },

  // A server that is silent for longer than it promised is gone.
  watch: function () {
    var self = this;
    clearTimeout(this.timer);
    if (this.timeout) this.timer = setTimeout(function () { self.end(); }, this.timeout);
  },

  // Left by the page: what was handed over before still goes out.
  close: function () {
    if (this.closed) return;
    this.closed = true;
    this.connected = false;
    this.sessionid = null;
    clearTimeout(this.timer);
    this.shut();
  },

  // Lost: the socket gets back what was not sent.
  end: function () {
    if (this.closed) return;
    var pending = this.pending;
    this.pending = [];
    this.close();
    this.socket._closed(this, pending);
  },

  url: function (tail, scheme) {
    var options = this.socket.options;
    return (scheme || 'http') + (options.secure ? 's' : '') + '://' + this.socket.host + ':' + options.port + '/' +
      options.resource + '/' + this.type + tail;
  }
};

// Servers limit the size of a body, so a long queue leaves in several.
function nextBatch(pending) {
  for (var count = 0, size = 0; count < pending.length; count++) {
    size += pending[count].text.length + 16;
    if (count && size > 32768) break;
  }
  return pending.splice(0, count);
}

function defineTransport(type, parent, checks, members) {
  function Type(socket) { parent.call(this, socket); }
  util.inherit(Type, parent, members);
  Type.prototype.type = type;
  Type.check = checks.check;
  Type.xdomainCheck = checks.xdomainCheck || checks.check;
  Transport[type] = Type;
}

// ------------------------------------------------------------------------------------------------ websocket

defineTransport('websocket', Base, {
  check: function () { return !!(window.WebSocket || window.MozWebSocket); }
}, {
  open: function () {
    var self = this, socket = this.connection = new (window.WebSocket || window.MozWebSocket)(this.url('', 'ws'));
    socket.onmessage = function (event) {
      if (typeof event.data === 'string') self.receive(event.data);
    };
    socket.onerror = function (event) {
      if (!self.closed) self.socket.emit('error', [event]);
    };
    socket.onclose = function () { self.end(); };
  },

  write: function (payload, done) {
    var open = this.connection.readyState === 1;
    if (open) this.connection.send(payload);
    if (open) done(true);
    else setTimeout(function () { done(false); }, 0); // not before the rest of what was received is delivered
  },

  shut: function () {
    if (this.connection) this.connection.close();
  }
});

// ------------------------------------------------------------------------------------------------ requests

function sharesOrigins() {
  return !!window.XMLHttpRequest && 'withCredentials' in new window.XMLHttpRequest();
}

// Starts one HTTP request and calls done(status, text) once, with status 0 if no answer came.
// Returns a function that ends it without a call.
function request(crossDomain, method, url, body, done) {
  var ended = false, foreign = crossDomain && window.XDomainRequest && !sharesOrigins();
  var xhr = foreign ? new window.XDomainRequest() :
    window.XMLHttpRequest ? new window.XMLHttpRequest() : new window.ActiveXObject('Microsoft.XMLHTTP');

  function finish(status) {
    if (ended) return;
    ended = true;
    release();
    done(status, status === 200 ? xhr.responseText : '');
  }

  function release() {
    if (foreign) xhr.onload = xhr.onerror = xhr.ontimeout = ignore;
    else xhr.onreadystatechange = ignore;
  }

  xhr.open(method, url, true);
  if (foreign) {
    xhr.onload = function () { finish(200); };
    xhr.onerror = xhr.ontimeout = function () { finish(0); };
    xhr.onprogress = ignore; // without one Internet Explorer 9 may drop the request
  } else {
    xhr.onreadystatechange = function () {
      if (xhr.readyState === 4) finish(statusOf(xhr));
    };
    if (body !== null) xhr.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded; charset=utf-8');
  }
  xhr.send(body);

  return function () {
    if (ended) return;
    ended = true;
    release();
    xhr.abort();
  };
}

function statusOf(xhr) {
  try {
    return xhr.status;
  } catch (error) {
    return 0; // old engines throw when the connection broke
  }
}

function ignore() {}

// What polling transports share; also the sending half of every transport that only receives.
function Requests(socket) { Base.call(this, socket); }

util.inherit(Requests, Base, {
  write: function (payload, done) {
    var url = this.url('/' + this.session + '/send'), body = 'data=' + encodeURIComponent(payload);
    this.abortWrite = request(this.socket.crossDomain, 'POST', url, body, function (status) {
      // A 4xx answer is a verdict on these very messages; sending them again would only repeat it.
      done(status === 200, status >= 400 && status < 500);
    });
  }
});

// ------------------------------------------------------------------------------------------------ xhr-polling

defineTransport('xhr-polling', Requests, {
  check: function () { return !!(window.XMLHttpRequest || window.ActiveXObject); },
  xdomainCheck: function () { return sharesOrigins() || !!window.XDomainRequest; }
}, {
  defaultTimeout: 25000,
  afterLoad: /WebKit/.test(window.navigator && window.navigator.userAgent || '') && !window.fetch,

  open: function () { this.again(); },

  again: function () {
    var self = this;
    this.abortPoll = request(this.socket.crossDomain, 'GET', this.url('/' + (this.session || '') + '/' + stamp()), null,
      function (status, text) {
        if (status === 200) self.receive(text);
        else self.end();
      });
  },

  shut: function () {
    if (this.abortPoll) this.abortPoll();
  }
});

// ------------------------------------------------------------------------------------------------ jsonp-polling

defineTransport('jsonp-polling', Base, {
  check: function () { return true; }
}, {
  defaultTimeout: 25000,
  afterLoad: true,

  // Answers call io.JSONP[index]._; an index is never given twice, so a late answer finds nobody.
  open: function () {
    this.index = io.JSONP.push(this) - 1;
    this.again();
  },

  again: function () {
    var self = this, script = document.createElement('script'), before;
    removeNode(this.script);
    before = document.getElementsByTagName('script')[0];
    this.script = script;
    this.answered = false;
    script.async = true;
    script.src = this.url('/' + (this.session || '') + '/' + stamp() + '/' + this.index);
    script.onerror = function () {
      if (self.script === script) self.end();
    };
    // Loaded without having called: it was not an answer to this poll.
    script.onload = function () {
      if (self.script === script && !self.answered) self.end();
    };
    if (before) before.parentNode.insertBefore(script, before);
    else document.body.appendChild(script);
  },

  _: function (payload) {
    this.answered = true;
    this.receive(typeof payload === 'string' ? payload : JSON.stringify(payload));
  },

  // The only way to send to another origin without XHR: a form posted into a hidden frame. Browsers rewrite
  // line breaks in form fields, hence the payload is escaped here and the form told to leave it alone;
  // the line break that ends such a body falls into a second field.
  write: function (payload, done) {
    var self = this, form = document.createElement('form'), field = document.createElement('textarea');
    var target = namedFrame('socket_io_iframe_' + this.index);
    form.style.display = target.style.display = 'none';
    form.method = 'POST';
    form.enctype = form.encoding = 'text/plain';
    form.target = target.name;
    form.action = this.url('/' + this.session + '/' + stamp() + '/' + this.index);
    field.name = 'data';
    field.value = encodeURIComponent(payload) + '&_=';
    form.appendChild(field);
    document.body.appendChild(form);
    document.body.appendChild(target);
    util.listen(target, 'load', function () {
      var answer = answerIn(target);
      if (answer === 'blank') return;
      // Some engines forbid removing a frame inside its own load event.
      setTimeout(function () {
        self.abortWrite();
        done(answer === 'ok' || answer === 'hidden' && self.socket.crossDomain);
      }, 0);
    });
    this.abortWrite = function () {
      removeNode(form);
      removeNode(target);
    };
    form.submit();
  },

  shut: function () {
    if (this.index === undefined) return;
    io.JSONP[this.index] = { _: ignore };
    removeNode(this.script);
    this.script = null;
  }
});

function removeNode(node) {
  if (node && node.parentNode) node.parentNode.removeChild(node);
}

function namedFrame(name) {
  var frame;
  try {
    frame = document.createElement('<iframe name="' + name + '">'); // Internet Explorer up to 7 fixes the name at birth
  } catch (error) {
    frame = document.createElement('iframe');
  }
  frame.name = name;
  return frame;
}

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

// ------------------------------------------------------------------------------------------------ socket

function Socket(host, options) {
  var securePage = location.protocol === 'https:', pagePort = location.port || (securePage ? 443 : 80);
  this.options = util.merge({
    secure: securePage, // an https page is not allowed anything else
    document: document,
    resource: 'socket.io',
    transports: ['websocket', 'flashsocket', 'htmlfile', 'xhr-multipart', 'xhr-polling', 'jsonp-polling'],
    transportOptions: { 'xhr-polling': { timeout: 25000 }, 'jsonp-polling': { timeout: 25000 } },
    connectTimeout: 5000,
    tryTransportsOnConnectTimeout: true,
    rememberTransport: true,
    reconnect: true,
    reconnectionDelay: 500,
    maxReconnectionAttempts: 10
  }, options);
  var sameScheme = this.options.secure === securePage && /^https?:$/.test(location.protocol);
  this.options.port = this.options.port || (sameScheme ? pagePort : this.options.secure ? 443 : 80);
  this.options.resource = this.options.resource.replace(/^\/+|\/+$/g, '');
  this.host = host || document.domain || location.hostname || 'localhost'; // pages from files have no host
  this.crossDomain = this.host !== document.domain || Number(this.options.port) !== Number(pagePort) ||
    this.options.secure !== securePage;
  this.connected = this.connecting = this.reconnecting = false;
  this._handlers = {};
  this._queue = [];
  this._resent = 0;
  this._untried = this._candidates();
  this.transport = this._nextTransport();
  if (!this.transport && window.console && window.console.error) window.console.error('No transport available');
}

io.Socket = Socket;

util.merge(Socket.prototype, {
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
    var values = util.isArray(data) ? data : [data], messages = [];
    for (var i = 0; i < values.length; i++) messages.push(outgoing(values[i]));
    if (this.connected && !this.transport.closed) this.transport.send(messages);
    else append(this._queue, messages);
    return this;
  },

  disconnect: function () {
    var wasConnected = this.connected;
    this.options.reconnect = false;
    this._queue = [];
    this._previous = null;
    clearTimeout(this._connectTimer);
    this._stopReconnecting();
    this.connected = this.connecting = false;
    if (this.transport) this.transport.close();
    forget(this);
    if (wasConnected) this.emit('disconnect');
    return this;
  },

  on: function (name, handler) {
    var key = '$' + name; // names such as `constructor` are events like any other
    (this._handlers[key] = this._handlers[key] || []).push(handler);
    return this;
  },

  once: function (name, handler) {
    function single() {
      this.removeEvent(name, single);
      handler.apply(this, arguments);
    }
    single.handler = handler;
    return this.on(name, single);
  },

  emit: function (name, args) {
    var handlers = (this._handlers['$' + name] || []).slice(0);
    for (var i = 0; i < handlers.length; i++) util.protect(handlers[i], this, args || []);
    return this;
  },

  removeEvent: function (name, handler) {
    var handlers = this._handlers['$' + name] || [];
    for (var i = handlers.length - 1; i >= 0; i--) {
      if (handlers[i] === handler || handlers[i].handler === handler) {
        handlers.splice(i, 1);
        break;
      }
    }
    return this;
  },

  // The transports worth trying, best first: the one that worked before, then the page's order.
  _candidates: function () {
    var types = this.options.transports, known = this._worked || this.options.rememberTransport && this._remembered();
    var first = [], others = [];
    for (var i = 0; i < types.length; i++) (types[i] === known ? first : others).push(types[i]);
    return first.concat(others);
  },

  _nextTransport: function () {
    while (this._untried.length) {
      var Type = Transport[this._untried.shift()];
      if (Type && Type.check(this) && (!this.crossDomain || Type.xdomainCheck(this))) return new Type(this);
    }
    return null;
  },

  _attempt: function (transport) {
    var self = this, timeout = this.options.connectTimeout;
    this.transport = transport;
    this.connecting = true;
    remember(this);
    this.emit('connecting', [transport.type]);
    if (transport.afterLoad) util.load(start);
    else start();

    function start() {
      if (transport.closed || self.transport !== transport) return; // a handler changed its mind
      if (timeout) self._connectTimer = setTimeout(function () { self._attemptFailed(transport, true); }, timeout);
      try {
        transport.open();
      } catch (error) { // such as an insecure URL on a secure page
        setTimeout(function () { transport.end(); }, 0);
      }
    }
  },

  // A refusal moves on to the next transport at once. When none is left the page still hears of it only when
  // the time to connect is over, so one that answers `connect_failed` with connect() does not spin.
  _attemptFailed: function (transport, timedOut) {
    var limited = this.reconnecting && !this._lastRound;
    transport.close();
    var next = !limited && this.options.tryTransportsOnConnectTimeout && this._nextTransport();
    this.connecting = false;
    if (timedOut || limited || next) clearTimeout(this._connectTimer);
    if (next) {
      this._attempt(next);
    } else if (!limited && (timedOut || !this.options.connectTimeout)) {
      this._worked = null;
      forget(this);
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
    if (this._previous) this._previous.settle();
    this._previous = null;
    queue = this._queue;
    this._queue = [];
    if (queue.length) transport.send(queue);
    if (this.options.rememberTransport) this._remember(transport.type);
    if (this.connected) this.emit('connect');
    if (this.connected && reconnected) this.emit('reconnect', [transport.type, attempts]);
  },

  _message: function (data) { this.emit('message', [data]); },

  // The transport is lost, `pending` was never handed to the network.
  _closed: function (transport, pending) {
    if (transport !== this.transport) return;
    this._queue = pending.concat(this._queue);
    if (this.connecting) {
      this._attemptFailed(transport, false);
    } else if (this.connected) {
      this._previous = transport;
      this.connected = false;
      this.emit('disconnect');
      if (this.options.reconnect && !this.reconnecting && !this.connected) this._reconnect();
      else if (!this.connecting && !this.connected) forget(this);
    }
  },

  // A batch without an answer: the server may or may not have seen it. Sent again rather than lost, but
  // not for ever, in case it is what breaks the connection.
  _unsent: function (transport, batch) {
    if (transport.closed && transport !== this._previous) return;
    if (this._resent++ >= 2) return;
    if (transport.closed) this._queue = batch.concat(this._queue);
    else transport.pending = batch.concat(transport.pending);
  },

  _reconnect: function () {
    var self = this;
    this.reconnecting = true;
    this.reconnectionAttempts = 0;
    this.reconnectionDelay = this.options.reconnectionDelay;
    // No event tells this first delay, so it can be spread: a server that restarts is not stormed.
    wait(this.reconnectionDelay * (1 + Math.random()));

    function wait(delay) {
      self._reconnectTimer = setTimeout(attempt, delay);
    }

    function attempt() {
      if (!self.reconnecting || self.connected) return;
      if (self.connecting) return wait(1000);
      if (self.reconnectionAttempts >= self.options.maxReconnectionAttempts) {
        self._lastRound = true;
        self._worked = null;
        return self.connect();
      }
      self.reconnectionAttempts++;
      self.reconnectionDelay *= 2;
      self.connect();
      if (!self.reconnecting) return;
      self.emit('reconnecting', [self.reconnectionDelay, self.reconnectionAttempts]);
      if (self.reconnecting) wait(self.reconnectionDelay);
    }
  },

  _stopReconnecting: function () {
    clearTimeout(this._reconnectTimer);
    this.reconnecting = this._lastRound = false;
    delete this.reconnectionAttempts;
    delete this.reconnectionDelay;
  },

  _remembered: function () {
    try {
      var cookie = /(?:^|;)\s*socketio=([^;]*)/.exec(this.options.document.cookie);
      return cookie && decodeURIComponent(cookie[1]);
    } catch (error) {
      return null; // sandboxed pages have no cookies, and anyone may have written that one
    }
  },

  _remember: function (type) {
    try {
      this.options.document.cookie = 'socketio=' + encodeURIComponent(type);
    } catch (error) {
      ignore();
    }
  }
});

var aliases = {
  fire: 'emit', addEvent: 'on', addListener: 'on', addEventListener: 'on',
  removeListener: 'removeEvent', removeEventListener: 'removeEvent'
};

for (var alias in aliases) {
  if (aliases.hasOwnProperty(alias)) Socket.prototype[alias] = Socket.prototype[aliases[alias]];
}

// ------------------------------------------------------------------------------------------------ page

var active = []; // the sockets that have or seek a connection

function remember(socket) {
  forget(socket);
  active.push(socket);
}

function forget(socket) {
  for (var i = active.length - 1; i >= 0; i--) if (active[i] === socket) active.splice(i, 1);
}

// A page that leaves says so by closing; one that comes back from the browser's cache connects again.
var left = [];

util.listen(window, 'onpagehide' in window ? 'pagehide' : 'unload', function () {
  for (var i = 0; i < active.length; i++) {
    var socket = active[i];
    if (socket.transport.closed) continue;
    if (socket.connected) socket._previous = socket.transport;
    socket.transport.close();
    left.push(socket);
  }
});

util.listen(window, 'pageshow', function () {
  while (left.length) {
    var socket = left.shift();
    if (socket.connected) socket._closed(socket.transport, socket.transport.pending.splice(0, Infinity));
    else if (socket.connecting) socket._attempt(new Transport[socket.transport.type](socket));
  }
});

// Kept for pages written for the Flash transport.
io.setPath = function (directory) {
  window.WEB_SOCKET_SWF_LOCATION = directory.replace(/\/*$/, '/') + 'lib/vendor/web-socket-js/WebSocketMain.swf';
};

if (!window.WEB_SOCKET_SWF_LOCATION) io.setPath('/socket.io');
if (window.jQuery) window.jQuery.io = io;

})(window);
