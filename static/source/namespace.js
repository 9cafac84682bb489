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
