// ------------------------------------------------------------------------------------------------ xhr-polling

defineTransport('xhr-polling', Requests, hasRequests, {
  polls: true,
  _lingers: true,
  afterLoad: /WebKit/.test(window.navigator && window.navigator.userAgent || '') && !window.fetch,

  open: function () { this.again(); },

  again: function () {
    var self = this;
    this._asked = new Date();
    this._abortPoll = request(this.socket, this.wire.url(this), null, function (status, text) {
      if (status === 200) self.receive(text);
      else self.end();
    });
  },

  shut: function () {
    if (this._abortPoll) this._abortPoll();
  }
}, hasForeignRequests);
