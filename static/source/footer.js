// ------------------------------------------------------------------------------------------------ exports

// Kept for pages written for the Flash transport.
io.setPath = function (directory) {
  window.WEB_SOCKET_SWF_LOCATION = directory.replace(/\/*$/, '/') + 'lib/vendor/web-socket-js/WebSocketMain.swf';
};

if (!window.WEB_SOCKET_SWF_LOCATION) io.setPath('/socket.io');
if (window.jQuery) window.jQuery.io = io;

// Answers of JSONP call it by this name, so it is there whatever else loads the script.
window.io = io;

if (typeof module === 'object' && module && module.exports) module.exports = io;
else if (typeof define === 'function' && define.amd) define([], function () { return io; });

})(typeof window !== 'undefined' ? window : typeof self !== 'undefined' ? self :
  typeof global !== 'undefined' ? global : {});
