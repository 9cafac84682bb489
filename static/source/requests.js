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

// Starts one HTTP request and calls done(status, text) once, with status 0 if no answer came. `form` is what wire.form
// gives, or nothing for a GET. Returns a function that ends it without a call.
function request(socket, url, content, done) {
  var ended = false, foreign = socket.crossDomain && window.XDomainRequest && !sharesOrigins();
  var xhr = foreign ? new window.XDomainRequest() : new window.XMLHttpRequest();

  function finish(status) {
    if (ended) return;
    ended = true;
    release();
    done(status, status ? xhr.responseText : '');
  }

  function release() {
    if (foreign) xhr.onload = xhr.onerror = xhr.ontimeout = ignore;
    else xhr.onreadystatechange = ignore;
  }

  xhr.open(content ? 'POST' : 'GET', url, true);
  if (foreign) {
    xhr.onload = function () { finish(200); };
    xhr.onerror = xhr.ontimeout = function () { finish(0); };
    xhr.onprogress = ignore; // without one Internet Explorer 9 may drop the request
  } else {
    xhr.onreadystatechange = function () {
      if (xhr.readyState === 4) finish(statusOf(xhr));
    };
    if (sharesCredentials(socket)) xhr.withCredentials = true;
    if (content) xhr.setRequestHeader('Content-Type', content.type + '; charset=utf-8');
  }
  xhr.send(content ? content.body : null);

  return function () {
    if (ended) return;
    ended = true;
    release();
    xhr.abort();
  };
}

// Whether cookies go to another origin.
function sharesCredentials(socket) {
  return socket.crossDomain && socket.wire.credentials && socket.options.withCredentials !== false;
}

function statusOf(xhr) {
  try {
    return xhr.status;
  } catch (error) {
    return 0; // old engines throw when the connection broke
  }
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
