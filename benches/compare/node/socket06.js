// The original 0.6: messages come back to their sender, those that begin with `b:` go to everybody.
'use strict';
const server = require('./old-node').createServer();
const socket = require('./0.6/node_modules/socket.io').listen(server, { log: false, flashPolicyServer: false });
socket.on('connection', (client) => {
  client.on('message', (text) => (text.startsWith('b:') ? socket.broadcast(text) : client.send(text)));
});
server.listen(Number(process.env.PORT), '127.0.0.1');
