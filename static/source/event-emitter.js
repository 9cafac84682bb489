// ------------------------------------------------------------------------------------------------ events

// Names such as `constructor` are events like any other, hence the `$`.
function EventEmitter() {}

EventEmitter.prototype = {
  constructor: EventEmitter,

  on: function (name, handler) {
    var events = this.$events || (this.$events = {}), key = '$' + name;
    (events[key] = events[key] || []).push(handler);
    return this;
  },

  once: function (name, handler) {
    var called = false;
    function single() {
      if (called) return;
      called = true;
      this.removeListener(name, single);
      handler.apply(this, arguments);
    }
    single.listener = handler;
    return this.on(name, single);
  },

  removeListener: function (name, handler) {
    var handlers = this.$events && this.$events['$' + name] || [], i;
    for (i = 0; i < handlers.length; i++) {
      if (handlers[i] === handler || handlers[i].listener === handler) {
        handlers.splice(i, 1);
        break;
      }
    }
    return this;
  },

  removeAllListeners: function (name) {
    if (name === undefined) this.$events = {};
    else if (this.$events) delete this.$events['$' + name];
    return this;
  },

  listeners: function (name) {
    return (this.$events && this.$events['$' + name] || []).slice(0);
  },

  emit: function (name) {
    var handlers = this.listeners(name), args = toList(arguments, 1);
    for (var i = 0; i < handlers.length; i++) protect(handlers[i], this, args);
    return handlers.length > 0;
  }
};

EventEmitter.prototype.addListener = EventEmitter.prototype.on;
