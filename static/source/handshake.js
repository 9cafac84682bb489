// ------------------------------------------------------------------------------------------------ handshake

// A session of packets begins with a request of its own: `id:heartbeat:close:transports`, the timeouts in seconds.
Connection.prototype.handshake = function (done) {
  var self = this, options = this.options, timeout = options['connect timeout'], cancel = ignore;
  var base = Base.prototype.base.call({ socket: this });
  var url = base + '1/?' + (options.query ? options.query + '&' : '') + 't=' + stamp();
  var timer = timeout && setTimeout(function () { finish(0, 'timeout'); }, timeout);

  function end() {
    clearTimeout(timer);
    self._abortHandshake = null;
    cancel();
  }

  function finish(status, text) {
    var answer = status === 200 && /^([^:\s<>"]+):(\d*):(\d*):([\w,-]*)$/.exec(text);
    end();
    if (answer) done(answer[1], answer[2], answer[3], answer[4]);
    else self._refused(status, text);
  }

  this._abortHandshake = end;
  if (!this.crossDomain || sharesOrigins() || window.XDomainRequest) {
    cancel = request(this, url, null, finish);
  } else {
    cancel = handshakeByScript(url, finish);
  }
};

// A page hears why its first attempt failed; later, when it tries to come back, only what is the server's own word.
Connection.prototype._refused = function (status, text) {
  var reason = /^[\w .:-]{1,200}$/.test(text) ? text : 'handshake failed (' + status + ')', last = this._lastRound;
  this.connecting = false;
  if (!this.reconnecting) remove(living, this);
  if (status === 403 || !this.reconnecting) this.onError(reason);
  else if (!last) this._attemptLost(new Error(reason));
  if (last) this._giveUp();
};

function handshakeByScript(url, finish) {
  var index, script, answered = false;
  if (!document) {
    setTimeout(function () { finish(0, ''); }, 0);
    return ignore;
  }
  index = packets._addCallback(function (answer) {
    answered = true;
    if (typeof answer === 'string') finish(200, answer);
    else finish(403, answer && answer.message || '');
  });
  script = loadScript(url + '&jsonp=' + index, function () {
    if (!answered) finish(0, '');
  });
  return function () {
    answered = true;
    packets._removeCallback(index);
    removeNode(script);
  };
}
