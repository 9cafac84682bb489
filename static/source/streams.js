// ------------------------------------------------------------------------------------------------ streams

// A document that never ends, made of scripts that call parent.s._ with a payload each. Two frames, because in the
// outer one `s` is ours alone.
defineTransport('htmlfile', Requests, hasDocument, {
  afterLoad: true,

  open: function () {
    var self = this, outer = this.frame = document.createElement('iframe'), inner;
    outer.style.display = 'none';
    document.body.appendChild(outer);
    outer.contentWindow.s = {
      _: function (payload, stream) {
        removeNode(stream && stream.getElementsByTagName('script')[0]);
        self.receive(typeof payload === 'string' ? payload : JSON.stringify(payload));
      }
    };
    inner = outer.contentWindow.document.createElement('iframe');
    inner.src = this.wire.url(this);
    listen(inner, 'load', look);
    outer.contentWindow.document.body.appendChild(inner);
    this._lookout = setInterval(look, 500);

    // Not every engine tells of every end. A stream is over when its document is complete, and when another is there
    // that is none of our business: the browser's own, about an error.
    function look() {
      var stream = documentOf(inner);
      if (!stream || stream.URL !== 'about:blank' && stream.readyState !== 'loading') self.end();
    }
  },

  shut: function () {
    var frame = this.frame;
    clearInterval(this._lookout);
    // This may be called by a script of the frame, which some engines do not survive.
    setTimeout(function () { removeNode(frame); }, 0);
  }
}, function () { return false; });

function documentOf(frame) {
  try {
    return frame.contentWindow.document;
  } catch (error) {
    return null;
  }
}

defineTransport('server-events', Requests, function () {
  return !!window.EventSource;
}, {
  open: function () {
    var self = this, source = this.source = new window.EventSource(this.wire.url(this), {
      withCredentials: !!sharesCredentials(this.socket)
    });
    source.onmessage = function (event) {
      var payload = parse(event.data);
      if (payload !== undefined) self.receive(typeof payload === 'string' ? payload : event.data);
    };
    // It would open the stream again by itself, but not begin a session.
    source.onerror = function () { self.end(); };
  },

  shut: function () {
    if (this.source) this.source.close();
  }
});

// Parts of a body that never ends, behind each a line with the boundary.
var boundary = '\n--socketio\n', headEnd = '\n\n';

defineTransport('xhr-multipart', Requests, function () {
  return !!(window.fetch && window.ReadableStream && window.TextDecoder && window.AbortController);
}, {
  open: function () {
    var self = this, received = '\n', decoder = new window.TextDecoder(), reader;
    this.controller = new window.AbortController();
    window.fetch(this.wire.url(this), {
      credentials: sharesCredentials(this.socket) ? 'include' : 'same-origin',
      cache: 'no-store',
      signal: this.controller.signal
    }).then(function (response) {
      if (response.status !== 200) return self.end();
      reader = response.body.getReader();
      return read();
    }).then(null, function () { self.end(); });

    function read() {
      return reader.read().then(function (chunk) {
        if (chunk.done || self.closed) return self.end();
        received += decoder.decode(chunk.value, { stream: true });
        protect(takeParts, null, []);
        return read();
      });
    }

    // A message may have the boundary in it: a part ends where its payload is whole.
    function takeParts() {
      var end = -1, head, payload;
      while ((end = received.indexOf(boundary, end + 1)) >= 0) {
        head = received.indexOf(headEnd);
        payload = received.substring(head + headEnd.length, end);
        if (head >= 0 && head < end && !self.wire._isWhole(payload)) continue;
        received = received.substring(end + boundary.length);
        if (head >= 0 && head < end) self.receive(self.wire._unwrap(payload));
        end = -1;
      }
    }
  },

  shut: function () {
    if (this.controller) this.controller.abort();
  }
});
