/*! Heirloom's browser client: Socket.IO 0.5 to 0.9, and the interface of 1.x over their wire. MIT licence. */

// One script for pages of every age, written for old engines as well: no syntax newer than ES5, nothing of its library
// but JSON, no eval.
//
//   io.Socket      the interface of 0.5 and 0.6, on the wire of frames             frames-socket.js
//   io.connect()   the interface of 0.7 to 0.9, on the wire of packets             connection.js, namespace.js
//   io()           the interface of 1.x, as far as the wire of packets carries it  modern.js
//
// The parts are joined in the order of order.json.
// Below them, for both wires: transport.js and one file for each transport; frames.js and packets.js say what differs.

(function (window) {
'use strict';

var document = window.document;
// A page that came from a script, such as the frame about:blank, has no address of its own.
var location = window.location || { protocol: '', hostname: '', port: '' };

function io(url, options) {
  return lookUp(url, options);
}

io.version = '0.9.17'; // the interface, not the script
io.protocol = 1;
// The callbacks of JSONP in frames and in packets. Another script of the kind may have some under way.
io.JSONP = window.io && isArray(window.io.JSONP) ? window.io.JSONP : [];
io.j = window.io && isArray(window.io.j) ? window.io.j : [];
