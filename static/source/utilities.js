// ------------------------------------------------------------------------------------------------ utilities

function isArray(value) {
  return Object.prototype.toString.call(value) === '[object Array]';
}

function isObject(value) {
  return value !== null && value !== undefined && Object.prototype.toString.call(value) === '[object Object]';
}

function has(object, name) {
  return Object.prototype.hasOwnProperty.call(object, name);
}

function toList(listLike, from) {
  return Array.prototype.slice.call(listLike, from || 0);
}

function eachOwn(object, visit) {
  for (var name in object) if (has(object, name)) visit(object[name], name);
}

// Copies what is defined.
function assign(target) {
  for (var i = 1; i < arguments.length; i++) {
    eachOwn(arguments[i], function (value, name) {
      if (value !== undefined) target[name] = value;
    });
  }
  return target;
}

function inherit(constructor, parent, members) {
  function Prototype() {}
  Prototype.prototype = parent.prototype;
  constructor.prototype = new Prototype();
  constructor.prototype.constructor = constructor;
  assign(constructor.prototype, members);
}

function append(list, more) {
  for (var i = 0; i < more.length; i++) list.push(more[i]);
}

function remove(list, value) {
  for (var i = list.length - 1; i >= 0; i--) if (list[i] === value) list.splice(i, 1);
}

function listen(target, event, handler) {
  if (target.addEventListener) target.addEventListener(event, handler, false);
  else if (target.attachEvent) target.attachEvent('on' + event, handler);
}

// A mistake in the page's handler must reach the console but not stop the transport that delivered.
function protect(handler, context, args) {
  try {
    handler.apply(context, args);
  } catch (error) {
    setTimeout(function () { throw error; }, 0);
  }
}

function complain(text) {
  if (window.console && window.console.error) window.console.error(text);
}

function ignore() {}

function parse(json) {
  try {
    return JSON.parse(json);
  } catch (error) {
    return undefined;
  }
}

// Half a surrogate pair has no UTF-8 form and cannot be escaped for a form body either.
function wellFormed(text) {
  return text.replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g, function (match) {
    return match.length === 2 ? match : '\uFFFD';
  });
}

// JSON without halves of pairs either, which engines of today write as escapes: `\\ud83d`.
function toJson(value) {
  var json = JSON.stringify(value);
  return json && wellFormed(json.replace(/\\\\|\\ud[89a-f]../g, function (match) {
    return match.length === 2 ? match : '\uFFFD';
  }));
}

// A number for URLs that no cache has seen: the time, but never the same one twice.
var lastStamp = 0;

function stamp() {
  lastStamp = Math.max(lastStamp + 1, +new Date());
  return lastStamp;
}

// Runs `task` a moment after the page has loaded: a script requested earlier would hold back the page's
// load event, and old WebKit shows its busy indicator for ever.
function afterLoad(task) {
  if (loaded) task();
  else onceLoaded.push(task);
}

var loaded = !document || document.readyState === 'complete', onceLoaded = [];

if (!loaded) {
  listen(window, 'load', function () {
    setTimeout(function () {
      loaded = true;
      while (onceLoaded.length) onceLoaded.shift()();
    }, 100);
  });
}

// Where the page is from, as a server is addressed: what is missing in an address is taken from here.
var page = {
  secure: location.protocol === 'https:',
  host: document && document.domain || location.hostname || 'localhost', // pages from files have no host
  port: location.port || (location.protocol === 'https:' ? 443 : 80)
};

page.isHttp = /^https?:$/.test(location.protocol);
