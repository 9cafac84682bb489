// The original of today: messages come back to their sender, those that begin with `b:` go to everybody.
'use strict';
const { Server } = require('./4/node_modules/socket.io');
const server = require('http').createServer();
const io = new Server(server, { allowEIO3: true, serveClient: false });
io.on('connection', (socket) => {
  socket.on('message', (text) => (text.startsWith('b:') ? io : socket).emit('message', text));
});
server.listen(Number(process.env.PORT), '127.0.0.1');
