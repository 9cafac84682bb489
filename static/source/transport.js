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
