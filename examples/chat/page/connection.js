// The way to the server, with the interface of Socket.IO 0.9. When the transport is changed the connection there is stays
// until the new one stands: the server knows by the name of the page that both are of the same guest.

/* global io */

const options = {
  'force new connection': true, // each transport has its own
  'connect timeout': 5000,
  'reconnection delay': 500,
  'reconnection limit': 8000,
  'max reconnection attempts': Infinity,
};
/** How long a connection stays cut, at least: there should be time to write something. */
const cutFor = 4000;
const retryAfter = 2000;

// A secret of this page. The server takes over what it knows of it when it comes over another connection.
const page = crypto.getRandomValues(new Uint32Array(4)).join('');

export class Connection {
  /** The one that carries us, and the one that is to replace it. */
  #current = null;
  #next = null;
  #isIn = false;
  #events;
  #tell;
  #introduce;

  /**
   * `events` are the handlers of what the server says. `tell` has one for each of `connecting`, `connected`, `lost`,
   * `retrying` and `failed`. `introduce` answers with the room to enter and the name.
   */
  constructor(events, tell, introduce) {
    this.#events = events;
    this.#tell = tell;
    this.#introduce = introduce;
  }

  /** Whether we are in a room. */
  get isIn() {
    return this.#isIn;
  }

  get transport() {
    return this.#current?.socket.transport?.name;
  }

  /** Connects over this transport, or over any. */
  use(transport) {
    this.#drop(this.#next);
    const socket = (this.#next = io.connect(null, transport ? { ...options, transports: [transport] } : options));
    // Those that were dropped are not listened to.
    const on = (name, handler) => socket.on(name, (...details) => this.#isOurs(socket) && handler(...details));

    on('connecting', (name) => socket.socket.reconnecting || this.#tell.connecting(name));
    on('connect', () => this.#enter(socket));
    on('disconnect', (reason) => this.#lose(socket, reason, transport));
    on('reconnecting', (delay, attempt) => this.#tell.retrying(delay, attempt));
    on('connect_failed', () => this.#giveUp(socket, transport));
    on('error', () => socket === this.#next && this.#giveUp(socket, transport));
    for (const [name, handler] of Object.entries(this.#events)) {
      socket.on(name, (...details) => socket === this.#current && handler(...details));
    }
  }

  /** Says something if we are in a room; says whether we are. */
  emit(...details) {
    if (this.#isIn) this.#current.emit(...details);
    return this.#isIn;
  }

  /** Enters the room that `introduce` answers with now. Without a connection that is done when there is one. */
  enterAnew() {
    if (this.#isIn) this.#current.emit('join', ...this.#introduce());
  }

  /** Breaks the connection as a network would: the server is not told. */
  cut() {
    const connection = this.#current?.socket;
    if (!connection?.connected) return;
    connection.options['reconnection delay'] = cutFor;
    connection.cut();
  }

  /** Tries at once to come back. The waiting goes on if that fails. */
  hurry() {
    this.#current?.socket.connect();
  }

  #isOurs(socket) {
    return socket === this.#current || socket === this.#next;
  }

  #enter(socket) {
    const old = this.#current;
    this.#current = socket;
    if (socket === this.#next) this.#next = null;
    this.#isIn = false;
    const connection = socket.socket;
    connection.options['reconnection delay'] = options['reconnection delay'];
    socket.emit('join', ...this.#introduce(), page, (answer) => {
      if (old !== socket) this.#drop(old);
      if (socket !== this.#current || !connection.connected) return;
      this.#isIn = true;
      this.#tell.connected(this.transport, answer);
    });
  }

  #lose(socket, reason, transport) {
    if (socket !== this.#current) return;
    this.#isIn = false;
    this.#tell.lost(socket.socket.options['reconnection delay']);
    // The server says not to come back; but nobody is asked to leave this chat.
    if (reason === 'booted') setTimeout(() => this.#isOurs(socket) && !this.#next && this.use(transport), retryAfter);
  }

  // A first attempt has failed. Later ones are the client's business.
  #giveUp(socket, transport) {
    if (socket !== this.#next) return;
    this.#drop(socket);
    this.#next = null;
    this.#tell.failed(transport, this.transport);
    if (this.#current) return;
    setTimeout(() => this.#current || this.#next || this.use(''), retryAfter);
  }

  #drop(socket) {
    if (!socket) return;
    if (socket === this.#next) this.#next = null;
    socket.removeAllListeners();
    socket.disconnect();
  }
}
