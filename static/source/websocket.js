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
