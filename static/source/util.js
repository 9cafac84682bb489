// ------------------------------------------------------------------------------------------------ io.util

// Functions that pages of 0.6 to 0.9 borrowed.

function indexOf(list, value, from) {
  var i = from || 0;
  for (i = i < 0 ? Math.max(0, list.length + i) : i; i < list.length; i++) if (list[i] === value) return i;
  return -1;
}

// What is in both lists, in the order of the shorter.
function intersect(first, second) {
  return first.length > second.length ? members(second, first) : members(first, second);
}

// What of a list is in the other.
function members(list, other) {
  var both = [], i;
  for (i = 0; i < list.length; i++) if (indexOf(other, list[i]) >= 0) both.push(list[i]);
  return both;
}

// Around what these find in an address: the parts by name, in the order of their opening brackets.
var uriParts = ['source', 'protocol', 'authority', 'userInfo', 'user', 'password', 'host', 'port', 'relative', 'path',
  'directory', 'file', 'query', 'anchor'];
var uriPattern = new RegExp('^(?:([a-z][a-z0-9+.-]*)://|//)?' +
  '((?:(([^:@/?#]*):?([^@/?#]*))@)?(\\[[^\\]]*\\]|[^:/?#]*)(?::(\\d*))?)' +
  '((([^?#]*/)?([^?#]*))(?:\\?([^#]*))?(?:#([\\s\\S]*))?)$', 'i');

function parseUri(text) {
  var parts = uriPattern.exec(text === undefined || text === null ? '' : text) || [], uri = {}, i;
  for (i = 0; i < uriParts.length; i++) uri[uriParts[i]] = parts[i] || '';
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
  request: function () { return window.XMLHttpRequest ? new window.XMLHttpRequest() : null; },
  ua: { hasCORS: sharesOrigins(), webkit: /webkit/i.test(userAgent), iDevice: /iPad|iPhone|iPod/i.test(userAgent) }
};

io.EventEmitter = EventEmitter;
