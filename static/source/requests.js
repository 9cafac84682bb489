// ------------------------------------------------------------------------------------------------ requests

function sharesOrigins() {
  return !!window.XMLHttpRequest && 'withCredentials' in new window.XMLHttpRequest();
}

function hasRequests() {
  return !!window.XMLHttpRequest;
}

function hasForeignRequests() {
  return sharesOrigins() || !!window.XDomainRequest && !page.secure;
}

// What a page says as its last word shall leave although the page does. Browsers do that for some 64 KB at a time.
var keptAlive = 0, keptAliveLimit = 20000; // UTF-16 units

// Starts one HTTP request and calls done(status, text) once, with status 0 if no answer came. `content` is {type, body},
// or nothing for a GET. Returns a function that ends it without a call.
function request(socket, url, content, done) {
  var ended = false, release = ignore, abort, length = content ? content.body.length : 0;
  var foreign = socket.crossDomain && window.XDomainRequest && !sharesOrigins();

  function finish(status, text) {
    if (ended) return;
    ended = true;
    release();
    done(status, text);
  }

  if (content && window.fetch && window.AbortController && keptAlive + length <= keptAliveLimit) last();
  else if (foreign) elsewhere();
  else ordinary();

  return function () {
    if (ended) return;
    ended = true;
    release();
    abort();
  };

  function last() {
    var controller = new window.AbortController();
    abort = function () { controller.abort(); };
    release = function () { keptAlive -= length; };
    keptAlive += length;
    window.fetch(url, {
      method: 'POST',
      body: content.body,
      headers: { 'Content-Type': content.type + '; charset=utf-8' },
      credentials: sharesCredentials(socket) ? 'include' : 'same-origin',
      keepalive: true,
      signal: controller.signal
    }).then(function (response) {
      return response.text().then(function (text) { finish(response.status, text); });
    }).then(null, function () { finish(0, ''); });
  }

  function ordinary() {
    var xhr = new window.XMLHttpRequest();
    xhr.open(content ? 'POST' : 'GET', url, true);
    xhr.onreadystatechange = function () {
      var status = xhr.readyState === 4 && statusOf(xhr);
      if (xhr.readyState === 4) finish(status, status ? xhr.responseText : '');
    };
    if (sharesCredentials(socket)) xhr.withCredentials = true;
    if (content) xhr.setRequestHeader('Content-Type', content.type + '; charset=utf-8');
    start(xhr);
    release = function () { xhr.onreadystatechange = ignore; };
  }

  // Internet Explorer 8 and 9.
  function elsewhere() {
    var xhr = new window.XDomainRequest();
    xhr.open(content ? 'POST' : 'GET', url);
    xhr.onload = function () { finish(200, xhr.responseText); };
    xhr.onerror = xhr.ontimeout = function () { finish(0, ''); };
    xhr.onprogress = ignore; // without one it may drop the request
    start(xhr);
    release = function () { xhr.onload = xhr.onerror = xhr.ontimeout = ignore; };
  }

  function start(xhr) {
    abort = function () { xhr.abort(); };
    xhr.send(content ? content.body : null);
  }
}

function statusOf(xhr) {
  try {
    return xhr.status;
  } catch (error) {
    return 0; // old engines throw when the connection broke
  }
}

// Whether cookies go to another origin.
function sharesCredentials(socket) {
  return socket.crossDomain && socket.wire.credentials && socket.options.withCredentials !== false;
}

// The sending half of every transport that only receives.
io.Transport.XHR = Requests;

function Requests(socket) { Base.call(this, socket); }

inherit(Requests, Base, {
  write: function (payloads, done) {
    var self = this, content = this.wire.content(payloads[0]);
    this._abortWrite = request(this.socket, this.wire._sendUrl(this), content, function (status, text) {
      // Another answer than the server's own is none. Some are a verdict on these very messages; sending them again
      // would only repeat it.
      done(status === 200 && text.replace(/\s+/g, '') === self.wire.received, /^4(00|13|14|31)$/.test(status));
    });
  }
});
