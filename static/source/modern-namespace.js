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
