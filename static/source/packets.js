// ------------------------------------------------------------------------------------------------ packets

var packetTypes = ['disconnect', 'connect', 'heartbeat', 'message', 'json', 'event', 'ack', 'error', 'noop'];
var errorReasons = ['transport not supported', 'client not handshaken', 'unauthorized'];
var errorAdvice = ['reconnect'];
var delimiter = '\uFFFD';

function encodePacket(packet) {
  var data = packetData(packet), text = indexOf(packetTypes, packet.type) + ':' + (packet.id || '');
  text += (packet.ack === 'data' ? '+' : '') + ':' + (packet.endpoint || '');
  return data === undefined || data === null || data === '' ? text : text + ':' + data;
}

function packetData(packet) {
  var reason, advice, args = packet.args && packet.args.length ? packet.args : undefined;
  switch (packet.type) {
  case 'message':
    return packet.data === undefined ? '' : wellFormed(String(packet.data));
  case 'json':
    return toJson(packet.data);
  case 'event':
    return toJson(args ? { name: packet.name, args: args } : { name: packet.name });
  case 'ack':
    return packet.ackId + (args ? '+' + toJson(args) : '');
  case 'connect':
    return packet.qs;
  case 'error':
    reason = indexOf(errorReasons, packet.reason);
    advice = indexOf(errorAdvice, packet.advice);
    return (reason < 0 ? '' : reason) + (advice < 0 ? '' : '+' + advice);
  }
}

function decodePacket(text) {
  var parts = /^:*(\d):(\d*)(\+?):([^:]*):?([\s\S]*)$/.exec(text), packet, data, more;
  if (!parts || !packetTypes[parts[1]]) return {};
  packet = { type: packetTypes[parts[1]], endpoint: parts[4] };
  data = parts[5];
  if (parts[2]) {
    packet.id = parts[2];
    packet.ack = parts[3] ? 'data' : true;
  }
  switch (packet.type) {
  case 'message':
    packet.data = data;
    break;
  case 'json':
    data = parse(data);
    if (data !== undefined) packet.data = data;
    break;
  case 'event':
    data = parse(data);
    packet.args = [];
    if (data && typeof data.name === 'string') {
      packet.name = data.name;
      if (data.args !== undefined) packet.args = isArray(data.args) ? data.args : [data.args];
    }
    break;
  case 'ack':
    more = data.indexOf('+');
    packet.ackId = more < 0 ? data : data.substring(0, more);
    data = more < 0 ? [] : parse(data.substring(more + 1));
    packet.args = isArray(data) ? data : [];
    break;
  case 'connect':
    packet.qs = data;
    break;
  case 'error':
    data = data.split('+');
    packet.reason = errorReasons[parseInt(data[0], 10)] || '';
    packet.advice = errorAdvice[parseInt(data[1], 10)] || '';
  }
  return packet;
}

function encodePayload(texts) {
  var payload = '', i;
  if (texts.length === 1) return texts[0];
  for (i = 0; i < texts.length; i++) payload += framed(texts[i]);
  return payload;
}

function framed(text) {
  return delimiter + text.length + delimiter + text;
}

function decodePayload(payload) {
  var packets = [], position = 0, second, digits;
  if (payload.charAt(0) !== delimiter) return [decodePacket(payload)];
  while (payload.charAt(position) === delimiter) {
    second = payload.indexOf(delimiter, position + 1);
    digits = second < 0 ? '' : payload.substring(position + 1, second);
    if (!/^\d{1,10}$/.test(digits)) break;
    position = second + 1 + Number(digits);
    packets.push(decodePacket(payload.substring(second + 1, position)));
  }
  return packets;
}

io.parser = {
  packets: packetTypes,
  reasons: errorReasons,
  advice: errorAdvice,
  encodePacket: encodePacket,
  decodePacket: decodePacket,
  encodePayload: encodePayload,
  decodePayload: decodePayload
};

io.JSON = JSON;

var packets = {
  credentials: true,
  received: '1',

  // A server reads one packet from each frame of a websocket.
  _payloads: function (transport, batch, heartbeat) {
    var texts = heartbeat ? [heartbeat].concat(batch) : batch;
    return transport.type === 'websocket' ? texts : [encodePayload(texts)];
  },

  receive: function (transport, payload) {
    var list = decodePayload(payload), isLast = false, isOurs = !transport.polls, i;
    for (i = 0; i < list.length; i++) {
      isLast = isLast || list[i].advice === 'reconnect' || list[i].type === 'disconnect' && !list[i].endpoint;
      isOurs = isOurs || list[i].type;
    }
    if (!isOurs) return transport.end(); // somebody else answered
    // The next poll leaves before the page's handlers run, however long they take.
    if (!isLast) transport.again();
    for (i = 0; i < list.length && !transport._deaf; i++) {
      if (list[i].type === 'heartbeat') transport.beat('2::');
      else protect(transport.socket.onPacket, transport.socket, [list[i], transport]);
    }
  },

  url: function (transport, scheme) {
    var query = transport.socket.options.query, parameters = query ? [query] : [];
    if (transport.type !== 'websocket') parameters.push('t=' + stamp());
    if (transport.type === 'jsonp-polling') parameters.push('i=' + transport.index);
    return transport.base(scheme) + '1/' + transport.type + '/' + transport.session +
      (parameters.length ? '?' + parameters.join('&') : '');
  },

  // Servers say `1` to whatever comes, also for a session that is over. Heirloom's says so when it is asked to.
  _sendUrl: function (transport) { return this.url(transport) + '&confirm=1'; },

  // A field of a form has the payload as a string of JSON, which has no line breaks for browsers to rewrite.
  goodbye: function (transport, batch) {
    var payload = encodePayload(batch.concat('0::'));
    if (transport.type === 'jsonp-polling') payload = 'd=' + encodeURIComponent(JSON.stringify(payload));
    return { url: this.url(transport), body: payload };
  },

  content: function (payload) {
    return { type: 'text/plain', body: payload };
  },

  field: function (payload) {
    return { type: 'application/x-www-form-urlencoded', name: 'd', value: JSON.stringify(payload) };
  },

  // Without what the page has heard already.
  _unread: function (payload, last) {
    var read = last.charAt(0) === delimiter ? last : framed(last);
    if (payload === last) return '8::';
    return last && !payload.indexOf(read) ? payload.substr(read.length) : payload;
  },

  _isWhole: function (payload) { return parse(payload) !== undefined; },
  _unwrap: function (payload) { return String(parse(payload)); },

  _addCallback: function (receive) {
    return io.j.push(receive) - 1;
  },

  _removeCallback: function (index) {
    io.j[index] = ignore;
  }
};
