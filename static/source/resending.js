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
