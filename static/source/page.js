// ------------------------------------------------------------------------------------------------ page

var living = []; // the sockets that have or seek a connection

function remember(socket) {
  remove(living, socket);
  living.push(socket);
}

// Opens a transport. What some engines throw, such as for an insecure address on a secure page, is a failure like
// others.
function begin(transport) {
  try {
    transport.open();
  } catch (error) {
    setTimeout(function () { transport.end(); }, 0);
  }
}

// A page that leaves says so by closing; one that comes back from the browser's cache connects again.
var left = [];

listen(window, 'onpagehide' in window ? 'pagehide' : 'unload', function () {
  for (var i = 0; i < living.length; i++) {
    var socket = living[i];
    // Firefox breaks the requests of a page before it tells the page, so this session may seem lost while it is not.
    if (socket.reconnecting && socket._previous) socket._previous._farewell([]);
    if (socket._abortHandshake) left.push(socket);
    if (socket._abortHandshake || !socket.transport || socket.transport.closed) continue;
    if (socket.connected) socket._previous = socket.transport;
    socket.transport.leave();
    left.push(socket);
  }
});

listen(window, 'pageshow', function () {
  while (left.length) {
    var socket = left.shift();
    var transport = socket.transport;
    if (socket.connected) socket._closed(transport, transport._recall(transport.pending.splice(0, Infinity)));
    else if (socket.connecting) socket._resume();
  }
});
