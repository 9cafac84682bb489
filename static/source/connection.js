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
