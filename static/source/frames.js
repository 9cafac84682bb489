// ------------------------------------------------------------------------------------------------ frames

// What waits to be sent. Objects are serialised at once, so later changes to them do not leak in.
function outgoing(value) {
  var object = isObject(value);
  var text = object ? toJson(value) : value === null || value === undefined ? '' : String(value);
  return { text: wellFormed(text), isObject: object };
}

// 0.5 and 0.6: `~m~length~m~data`, the length in UTF-16 units, which is what String length counts.
var framesDialect = {
  encode: function (messages, heartbeat) {
    var payload = heartbeat ? frame(heartbeat) : '';
    for (var i = 0; i < messages.length; i++) payload += frame((messages[i].isObject ? '~j~' : '') + messages[i].text);
    return payload;
  },

  // `rest` is what no frame could be made of.
  decode: function (payload) {
    var messages = [], position = 0, end = 0, marker = '~m~';
    while (payload.substr(position, 3) === marker) {
      var second = payload.indexOf(marker, position + 3);
      var digits = second < 0 ? '' : payload.substring(position + 3, second);
      if (!/^\d{1,10}$/.test(digits)) break;
      end = second + 3 + Number(digits);
      if (end > payload.length) break;
      messages.push(payload.substring(second + 3, end));
      position = end;
    }
    messages.rest = payload.length - position;
    return messages;
  },

  sessionid: function (first) { return first; },
  heartbeat: function (message) { return message.substr(0, 3) === '~h~'; },
  isObject: function (message) { return message.substr(0, 3) === '~j~'; }
};

function frame(data) {
  return '~m~' + data.length + '~m~' + data;
}

// 0.3 and 0.4: a JSON list to the server, `{"messages": [...]}` from it; neither heartbeats nor objects.
var envelopesDialect = {
  encode: function (messages) {
    var texts = [];
    for (var i = 0; i < messages.length; i++) texts.push(messages[i].text);
    return JSON.stringify(texts);
  },

  decode: function (payload) {
    var envelope = parse(payload);
    var messages = envelope && isArray(envelope.messages) ? envelope.messages : [];
    messages.rest = !envelope && payload.length;
    return messages;
  },

  sessionid: function (first) {
    var hello = parse(first);
    return hello && hello.sessionid;
  },

  heartbeat: function () { return false; },
  isObject: function () { return false; }
};

function isEnvelope(payload) {
  return payload.charAt(0) === '{';
}

var frames = {
  credentials: false,
  received: 'ok',

  _payloads: function (transport, batch, heartbeat) {
    return [transport._dialect.encode(batch, heartbeat)];
  },

  receive: function (transport, payload) {
    var first = !transport.session, messages, i;
    // The server speaks first, so its first payload tells which dialect it speaks.
    if (first) transport._dialect = isEnvelope(payload) ? envelopesDialect : framesDialect;
    messages = transport._dialect.decode(payload);
    if (messages.rest && !messages.length && transport.polls) return transport.end(); // somebody else answered
    if (first) {
      transport.session = transport.sessionid = messages.length ? transport._dialect.sessionid(messages.shift()) : null;
      if (!transport.sessionid) return transport.end();
      transport.connected = true;
    }
    // The next poll leaves before the page's handlers run, however long they take. But nothing at once is no answer of
    // the server's.
    if (payload || new Date() - transport._asked > 100) transport.again();
    else setTimeout(function () { if (!transport._deaf) transport.again(); }, 1000);
    if (first) transport.socket._opened(transport);
    for (i = 0; i < messages.length && !transport._deaf; i++) deliver(messages[i]);

    function deliver(message) {
      if (transport._dialect.heartbeat(message)) {
        transport.beat(message);
      } else if (transport._dialect.isObject(message)) {
        message = parse(message.substr(3));
        if (message !== undefined) transport.socket._message(message);
      } else {
        transport.socket._message(message);
      }
    }
  },

  url: function (transport, scheme) {
    var url = transport.base(scheme) + transport.type + '/';
    if (transport.type === 'websocket') return url.slice(0, -1);
    url += (transport.session || '') + '/' + stamp();
    return transport.type === 'jsonp-polling' ? url + '/' + transport.index : url;
  },

  _sendUrl: function (transport) {
    return transport.type === 'jsonp-polling' ? this.url(transport) :
      transport.base() + transport.type + '/' + transport.session + '/send';
  },

  goodbye: function (transport, batch) {
    return {
      url: transport.base() + transport.type + '/' + transport.session + '/disconnect',
      body: batch.length ? this.content(transport._dialect.encode(batch)).body : ''
    };
  },

  content: function (payload) {
    return { type: 'application/x-www-form-urlencoded', body: 'data=' + encodeURIComponent(payload) };
  },

  // Browsers rewrite line breaks in form fields, hence the payload is escaped here and the form told to leave it alone;
  // the line break that ends such a body falls into a second field.
  field: function (payload) {
    return { type: 'text/plain', name: 'data', value: encodeURIComponent(payload) + '&_=' };
  },

  // Without what the page has heard already.
  _unread: function (payload, last) {
    return payload.indexOf(last) ? payload : payload.substr(last.length);
  },

  _isWhole: function (payload) {
    return isEnvelope(payload) || !framesDialect.decode(payload).rest;
  },

  _unwrap: function (payload) { return payload; },

  _addCallback: function (receive) {
    return io.JSONP.push({
      _: function (payload) { receive(typeof payload === 'string' ? payload : JSON.stringify(payload)); }
    }) - 1;
  },

  _removeCallback: function (index) {
    io.JSONP[index] = { _: ignore };
  }
};
