// A short conversation over each interface of our client. It goes into pages and workers as text, so it can use nothing
// from this module.

/** The script of a page or a worker that wants `talk`. */
export const talkScript = `self.talk = ${talk};`;

/**
 * Connects to `url` with one interface ('Socket', 'connect' or 'io') and a list of transports, says something, and
 * leaves. Resolves to the transport that carried it and what came back.
 */
function talk(io, kind, transports, url, options) {
  return new Promise(function (resolve, reject) {
    var heard = [];
    var wanted = kind === 'Socket' ? 2 : 3;
    var timer = setTimeout(function () {
      reject(new Error('heard only ' + JSON.stringify(heard)));
    }, 8000);

    function hear(value) {
      heard.push(value);
      if (heard.length === wanted) {
        clearTimeout(timer);
        var carrier = kind === 'Socket' ? socket.transport.type : socket.socket.transport.name;
        socket.disconnect();
        resolve({ carrier: carrier, heard: heard });
      }
    }

    function fail(name) {
      socket.on(name, function () {
        clearTimeout(timer);
        reject(new Error(name));
      });
    }

    var settings = options || {};
    settings.transports = transports;
    var socket;
    if (kind === 'Socket') {
      var parts = /^https?:\/\/([^:\/]+):(\d+)/.exec(url) || [];
      if (parts[2]) settings.port = parts[2];
      settings.rememberTransport = false;
      socket = new io.Socket(parts[1] || null, settings);
    } else if (kind === 'connect') {
      settings['force new connection'] = true;
      socket = io.connect(url, settings);
    } else {
      settings.forceNew = true;
      socket = io(url, settings);
    }
    fail('connect_failed');
    socket.on('message', hear);
    if (kind === 'Socket') {
      socket.connect();
      socket.send('é漢😀\n').send({ list: [1, 'a'], empty: {} });
    } else {
      socket.send('é漢😀\n');
      (kind === 'connect' ? socket.json : socket).send({ list: [1, 'a'], empty: {} });
      socket.emit('echo', 1, { b: [2] }, function (one, two) {
        hear([one, two]);
      });
    }
  });
}

const values = ['é漢😀\n', { list: [1, 'a'], empty: {} }];

export const kinds = ['Socket', 'connect', 'io'];

/** What `talk` resolves to when all is well. */
export function talked(kind, carrier) {
  return { carrier, heard: kind === 'Socket' ? values : [...values, [1, { b: [2] }]] };
}
