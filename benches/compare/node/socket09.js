// The original 0.9: messages come back to their sender, those that begin with `b:` go to everybody.
'use strict';
const server = require('./old-node').createServer();
const options = { log: false, 'log level': -1, 'browser client': false, 'flash policy server': false };
const io = require('./0.9/node_modules/socket.io').listen(server, options);
io.sockets.on('connection', (socket) => {
  socket.on('message', (text) => (text.startsWith('b:') ? io.sockets : socket).send(text));
});
server.listen(Number(process.env.PORT), '127.0.0.1');
