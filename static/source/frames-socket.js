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
