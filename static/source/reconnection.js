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
