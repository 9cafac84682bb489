// ------------------------------------------------------------------------------------------------ jsonp-polling

function hasDocument() {
  return !!document;
}

function removeNode(node) {
  if (node && node.parentNode) node.parentNode.removeChild(node);
}

// Loads a script. `done` is called if that fails and when it has run.
function loadScript(url, done) {
  var script = document.createElement('script'), before = document.getElementsByTagName('script')[0];
  script.async = true;
  script.src = url;
  script.onload = script.onerror = done;
  if (before) before.parentNode.insertBefore(script, before);
  else document.body.appendChild(script);
  return script;
}

defineTransport('jsonp-polling', Base, hasDocument, {
  polls: true,
  afterLoad: true,

  // Answers call the function at this index of the wire's list. It is never given twice, so a late answer finds nobody.
  open: function () {
    var self = this;
    this.index = this.wire._addCallback(function (payload) {
      self._answered = true;
      self.receive(payload);
    });
    this.again();
  },

  again: function () {
    var self = this, script;
    removeNode(this.script);
    this._answered = false;
    this._asked = new Date();
    // Loaded without having called: it was not an answer to this poll.
    this.script = script = loadScript(this.wire.url(this), function () {
      if (self.script === script && !self._answered) self.end();
    });
  },

  // The only way to send to another origin without XHR: a form posted into a hidden frame.
  write: function (payloads, done) {
    var self = this, form = document.createElement('form'), field = document.createElement('textarea');
    var target = document.createElement('iframe'), content = this.wire.field(payloads[0]);
    target.name = 'socket_io_iframe_' + this.index + '_' + stamp();
    form.style.display = target.style.display = 'none';
    form.method = 'POST';
    form.enctype = form.encoding = content.type;
    form.acceptCharset = 'utf-8';
    form.target = target.name;
    form.action = this.wire._sendUrl(this);
    field.name = content.name;
    field.value = content.value;
    form.appendChild(field);
    document.body.appendChild(form);
    document.body.appendChild(target);
    listen(target, 'load', function () {
      var answer = answerIn(target);
      if (answer === 'blank') return;
      setTimeout(clear, 0); // some engines forbid removing a frame inside its own load event
      done(answer === self.wire.received || answer === 'hidden' && self.socket.crossDomain);
    });
    this._abortWrite = clear;
    form.submit();

    function clear() {
      removeNode(form);
      removeNode(target);
    }
  },

  // A script cannot be taken back, and a poll that nobody waits for holds one of the few connections to its host: told
  // that the session is left, the server answers it.
  end: function (reason) {
    if (!this.closed && this.session) this._farewell([]);
    Base.prototype.end.call(this, reason);
  },

  shut: function () {
    if (this.index === undefined) return;
    this.wire._removeCallback(this.index);
    removeNode(this.script);
    this.script = null;
  }
});

// What a form's frame shows: the server's answer, nothing yet, or a document that is hidden from this page
// because it is another origin's, or an error page of the browser.
function answerIn(frame) {
  try {
    var body = frame.contentWindow.document.body;
    if (frame.contentWindow.location.href === 'about:blank') return 'blank';
    return (body.textContent || body.innerText || '').replace(/\s+/g, '');
  } catch (error) {
    return 'hidden';
  }
}
