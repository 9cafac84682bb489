// ------------------------------------------------------------------------------------------------ io.util

// Functions that pages of 0.6 to 0.9 borrowed.

function indexOf(list, value, from) {
  var i = from || 0;
  for (i = i < 0 ? Math.max(0, list.length + i) : i; i < list.length; i++) if (list[i] === value) return i;
  return -1;
}

// What is in both lists, in the order of the shorter.
function intersect(first, second) {
  var shorter = first.length > second.length ? second : first, longer = shorter === first ? second : first, both = [], i;
  for (i = 0; i < shorter.length; i++) if (indexOf(longer, shorter[i]) >= 0) both.push(shorter[i]);
  return both;
}

function parseUri(text) {
  var uri = { source: String(text === undefined || text === null ? '' : text) }, rest = uri.source, parts, at;

  function take(name, pattern, group) {
    parts = pattern.exec(rest);
    uri[name] = parts ? parts[group] : '';
    if (parts) rest = rest.substr(parts[0].length);
  }

  take('protocol', /^([a-z][a-z0-9+.-]*):\/\//i, 1);
  if (!uri.protocol) take('slashes', /^\/\//, 0);
  delete uri.slashes;
  take('authority', /^[^\/?#]*/, 0);
  uri.relative = rest;
  take('path', /^[^?#]*/, 0);
  take('query', /^\?([^#]*)/, 1);
  take('anchor', /^#([\s\S]*)/, 1);
  parts = /^([\s\S]*\/)?([^\/]*)$/.exec(uri.path);
  uri.directory = parts[1] || '';
  uri.file = /\./.test(parts[2]) ? parts[2] : '';
  if (!uri.file) uri.directory = uri.path;
  at = uri.authority.lastIndexOf('@');
  uri.userInfo = at < 0 ? '' : uri.authority.substr(0, at);
  uri.user = uri.userInfo.split(':')[0];
  uri.password = uri.userInfo.substr(uri.user.length + 1);
  parts = /^(\[[^\]]*\]|[^:]*):?(\d*)/.exec(uri.authority.substr(at + 1));
  uri.host = parts[1];
  uri.port = parts[2];
  return uri;
}

function uniqueUri(uri) {
  var protocol = uri.protocol || 'http', secure = protocol === 'https';
  var port = uri.port || (secure && !page.secure ? 443 : document && location.port || (secure ? 443 : 80));
  return protocol + '://' + (uri.host || page.host) + ':' + port;
}

function chunkQuery(query) {
  var chunks = {}, parts = String(query || '').split('&'), i, pair;
  for (i = 0; i < parts.length; i++) {
    pair = /^([^=]+)=?([^=]*)/.exec(parts[i]);
    if (pair) chunks[pair[1]] = pair[2];
  }
  return chunks;
}

function query(base, addition) {
  var parts = [];
  eachOwn(assign(chunkQuery(base), chunkQuery(addition)), function (value, name) { parts.push(name + '=' + value); });
  return parts.length ? '?' + parts.join('&') : '';
}

function merge(target, additional, depth) {
  var levels = depth === undefined ? 2 : depth;
  eachOwn(additional, function (value, name) {
    if (name === '__proto__') return;
    if (levels && isMergeable(target[name]) && isMergeable(value)) merge(target[name], value, levels - 1);
    else target[name] = value;
  });
  return target;
}

function isMergeable(value) {
  return typeof value === 'object' && value !== null && !isArray(value);
}

var userAgent = window.navigator && window.navigator.userAgent || '';

io.util = {
  isArray: isArray,
  isPlainObject: isObject,
  indexOf: indexOf,
  intersect: intersect,
  parseUri: parseUri,
  uniqueUri: uniqueUri,
  chunkQuery: chunkQuery,
  query: query,
  merge: merge,
  mixin: function (constructor, other) { merge(constructor.prototype, other.prototype); },
  inherit: function (constructor, parent) { inherit(constructor, parent, {}); },
  toArray: toList,
  defer: function (task) { afterLoad(task); },
  load: function (task) {
    if (!document || document.readyState === 'complete') task();
    else listen(window, 'load', task);
  },
  on: listen,
  listen: listen,
  request: function () { return window.XMLHttpRequest ? new window.XMLHttpRequest() : null; },
  ua: { hasCORS: sharesOrigins(), webkit: /webkit/i.test(userAgent), iDevice: /iPad|iPhone|iPod/i.test(userAgent) }
};

io.EventEmitter = EventEmitter;
