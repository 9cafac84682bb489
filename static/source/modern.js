// ------------------------------------------------------------------------------------------------ io()

// The interface of 1.x, as far as the wire of packets carries it: a connection that is told to work in that way, and
// namespaces with other methods.

var managers = io.managers = {}; // by origin and path

function lookUp(url, options) {
  var settings = isObject(url) ? url : options || {}, text = isObject(url) ? '' : url, uri = locate(text);
  var isNew = settings.forceNew || settings['force new connection'], key, name, manager;
  // An address with a host and no port is on the port of its scheme.
  uri.port = uri.port || !parseUri(text).host && page.isHttp && page.port || (uri.protocol === 'https' ? 443 : 80);
  name = uri.path.length > 1 ? uri.path : '';
  key = uniqueUri(uri) + (settings.path || '');
  manager = has(managers, key) && managers[key];
  // Who asks twice for the same wants two.
  if (!manager || isNew || settings.multiplex === false || has(manager.namespaces, name)) {
    manager = new Manager(address(uri), settings);
    if (!has(managers, key) && !isNew) managers[key] = manager;
  }
  return manager.of(name, uri.query);
}

// Options of 1.x in the words of 0.9.
function translate(settings, query) {
  var types = [], i, wanted = settings.transports;
  eachOwn(isObject(settings.query) ? settings.query : {}, function (value, name) {
    query += (query && '&') + encodeURIComponent(name) + '=' + encodeURIComponent(value);
  });
  for (i = 0; wanted && i < wanted.length; i++) {
    if (wanted[i] === 'polling') types.push('xhr-polling', 'jsonp-polling');
    else types.push(wanted[i]);
  }
  return {
    resource: settings.path || settings.resource,
    query: typeof settings.query === 'string' ? settings.query : query,
    transports: wanted && types,
    'connect timeout': settings.timeout === undefined ? 20000 : settings.timeout,
    reconnect: settings.reconnection,
    'reconnection delay': settings.reconnectionDelay || 1000,
    'reconnection limit': settings.reconnectionDelayMax || 5000,
    'max reconnection attempts': settings.reconnectionAttempts || Infinity,
    withCredentials: settings.withCredentials,
    'auto connect': false
  };
}

function Manager(place, settings) {
  if (settings.auth || settings.extraHeaders) complain('socket.io: auth and extraHeaders are not sent, query is');
  this.opts = settings;
  this._query = place.query;
  Connection.call(this, assign(place, translate(settings, place.query)));
}

inherit(Manager, Connection, {
  _isModern: true,

  // Pages change the options between attempts, to renew a token or to try other transports.
  connect: function (handler) {
    var options = translate(this.opts, this._query);
    this.options.query = options.query;
    if (options.transports && options.transports.join() !== this.options.transports.join()) {
      this.options.transports = options.transports;
      if (!this.connected && !this.connecting) this.transports = null;
    }
    return Connection.prototype.connect.call(this, handler);
  },

  _makeNamespace: function (name, query) {
    return new ModernNamespace(this, name, query);
  },

  of: function (name, query) {
    name = name || '';
    if (!has(this.namespaces, name)) {
      this.namespaces[name] = this._makeNamespace(name, query);
      if (this.opts.autoConnect !== false) this.namespaces[name].connect();
    }
    return this.namespaces[name];
  },

  // Pages of 1.x listened on the manager or on the namespace.
  _tell: Connection.prototype.publish,

  publish: function (name, detail, more) {
    if (name === 'error' && this.connected) this._tell(name, detail);
    else if (name === 'error') this._attemptLost(detail instanceof Error ? detail : new Error(detail));
    else if (name === 'connect_failed') this._attemptLost();
    else if (name === 'reconnect') this._tell(name, more);
    else if (name === 'reconnect_failed') this._tell(name);
  },

  // The first attempt is no different from those after it.
  _attemptLost: function (reason) {
    var error = reason || new Error(this._failure || 'transport error');
    this.connecting = false;
    if (error.message === 'timeout') this._tell('connect_timeout', this.options['connect timeout']);
    this._tell('connect_error', error);
    if (this.reconnecting) this._tell('reconnect_error', error);
    else if (this.options.reconnect && this._isWanted()) this.reconnect();
  },

  _opened: function (transport) {
    this.engine = { id: this.sessionid, transport: transport };
    Connection.prototype._opened.call(this, transport);
  },

  _isWanted: function () {
    var wanted = false;
    eachOwn(this.namespaces, function (namespace) { wanted = wanted || namespace.active; });
    return wanted;
  },

  _tellDisconnect: function (reason) {
    var byServer = reason === 'booted' && !this._leaves, forGood = byServer || this._leaves;
    var words = this._leaves ? 'io client disconnect' : byServer ? 'io server disconnect' :
      reason === 'timeout' ? 'ping timeout' : 'transport close';
    eachOwn(this.namespaces, function (namespace) { namespace._ended(words, forGood); });
    this.emit('close', words);
  },

  disconnect: function () {
    this._leaves = true;
    Connection.prototype.disconnect.call(this);
    this._leaves = false;
    return this;
  },

  _backoff: function () {
    var backoff = Connection.prototype._backoff.call(this), part = this.opts.randomizationFactor;
    backoff._isStrict = true;
    backoff.spread = part === undefined ? 0.5 : part;
    return backoff;
  },

  _announce: function (attempt) {
    this._tell('reconnect_attempt', attempt);
    this._tell('reconnecting', attempt);
  },

  _reconnecting: ignore
});

Manager.prototype.close = Manager.prototype.disconnect;
