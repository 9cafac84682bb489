// ------------------------------------------------------------------------------------------------ io.connect

io.sockets = {}; // connections by origin

io.connect = function (url, options) {
  var settings = isObject(url) ? url : options || {}, uri = locate(isObject(url) ? '' : url), origin, socket, known;
  if (!uri.port) uri.port = page.isHttp && location.port || '';
  origin = uniqueUri(uri);
  known = !settings['force new connection'] && has(io.sockets, origin);
  socket = known ? io.sockets[origin] : new Connection(assign(address(uri), settings));
  if (!settings['force new connection']) io.sockets[origin] = socket;
  // Forgotten for a while is not left for good.
  if (known && !socket.reconnecting && socket.options['auto connect']) socket.connect();
  return socket.of(uri.path.length > 1 ? uri.path : '', known && uri.query);
};

// The parts of an address, as far as the page knows them.
function locate(url) {
  var uri = parseUri(url);
  uri.protocol = uri.protocol.replace(/^ws/, 'http') || (page.secure ? 'https' : 'http');
  uri.host = uri.host || page.host;
  return uri;
}

function address(uri) {
  var secure = uri.protocol === 'https';
  return { host: uri.host, secure: secure, port: uri.port || (secure ? 443 : 80), query: uri.query };
}
