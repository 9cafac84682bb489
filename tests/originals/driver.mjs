// What drives an original JavaScript client of 0.7 to 0.9, in Node and in a page alike. The function is handed to the
// page as text, so it can use nothing from this module.

/** `io` is the client, `report` takes one event. Returns what a test can have the client do. */
export function drive(io, report) {
  const connections = new Map();
  const lifeCycle = ['connecting', 'connect', 'connect_failed', 'disconnect', 'reconnecting', 'reconnect'];
  const names = [...lifeCycle, 'reconnect_failed', 'error', 'message', 'echo'];

  const plain = (name, detail) => {
    if (detail === undefined) return null;
    // What a socket or a request says about its failure is an object of its own.
    return name === 'error' ? String(detail?.message ?? detail) : detail;
  };

  function namespaceOf(key, name) {
    const { socket, namespaces } = connections.get(key);
    if (!namespaces.has(name)) {
      const namespace = socket.of(name === '/' ? '' : name);
      namespaces.set(name, namespace);
      for (const event of names) {
        namespace.on(event, (...details) =>
          report({ key, namespace: name, name: event, details: details.map((detail) => plain(event, detail)) }),
        );
      }
    }
    return namespaces.get(name);
  }

  // What an idle connection carries is no event of the client.
  const { onData } = io.Transport.prototype;
  io.Transport.prototype.onData = function (data) {
    for (const [key, { socket }] of connections) {
      if (socket === this.socket && /^[28]::/.test(data)) report({ key, namespace: '/', name: 'idle', details: [] });
    }
    return onData.call(this, data);
  };

  const acts = {
    send: (namespace, text, ack) => namespace.send(text, ack),
    json: (namespace, value, ack) => namespace.json.send(value, ack),
    emit: (namespace, [name, ...list], ack) => namespace.emit(name, ...list, ...(ack ? [ack] : [])),
    enter: (namespace, query) => query && namespace.packet({ type: 'connect', qs: query }),
    leave: (namespace) => namespace.disconnect(),
    // What 0.9 can do before its page is unloaded, where the browser still lets it.
    leaveSynchronously: (namespace) => namespace.socket.disconnectSync(),
  };

  return {
    open(key, url, options) {
      // The client lays the lists of both over each other, and takes the wrong transport when only one is short.
      io.transports = [...options.transports];
      const root = io.connect(url, { 'force new connection': true, ...options });
      connections.set(key, { socket: root.socket, namespaces: new Map() });
      // In Node the emitter of 0.7 throws what nobody listens for.
      root.socket.on('error', () => {});
      namespaceOf(key, '/');
    },

    /** Carries out all steps before the client has a chance to do anything else. */
    perform(key, steps) {
      for (const { to, act, what, tag } of steps) {
        const namespace = namespaceOf(key, to);
        const ack = tag && ((...details) => report({ key, namespace: to, name: 'ack', details: [tag, ...details] }));
        acts[act](namespace, what, ack);
      }
    },

    facts(key) {
      const { sessionid, transport, connected, reconnecting } = connections.get(key).socket;
      return { id: sessionid, transport: transport?.name, connected, reconnecting };
    },
  };
}
