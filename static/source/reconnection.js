// ------------------------------------------------------------------------------------------------ reconnection

// What both sockets do to come back, told apart by _backoff() and _reconnecting(). An attempt begins while the one
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
    if (this.reconnecting) this._wait(spread(this.reconnectionDelay, backoff.spread === undefined ? 0.25 : backoff.spread));
  },

  _stopReconnecting: function () {
    clearTimeout(this._reconnectTimer);
    this.reconnecting = this._lastRound = this._waiting = false;
    delete this.reconnectionAttempts;
    delete this.reconnectionDelay;
  },

  // A batch without an answer: the server may or may not have seen it. Sent again rather than lost, but in case it is
  // what breaks the connection, message by message, and none for ever.
  _unsent: function (transport, batch) {
    if (!batch.length || transport.closed && transport !== this._previous) return;
    if (batch.length === 1 && this._resent++ >= 4) {
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
    if (batch.length) complain('socket.io: the server does not take ' + batch.length + ' message(s), which are dropped');
  },

  // What the transport before still has is for the one that is connected now.
  _replacePrevious: function () {
    if (!this._previous) return;
    this._previous._settle();
    this._previous = null;
  }
};

// The network is back: nobody has to wait any longer, but not all at once.
listen(window, 'online', function () {
  for (var i = 0; i < active.length; i++) if (active[i]._waiting) active[i]._wait(300 * Math.random());
});
