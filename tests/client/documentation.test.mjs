// docs/client.md says what the script does: the options and their defaults, the names pages may use, the sizes.
//
// `UPDATE=1 node --test documentation.test.mjs` writes the table of sizes anew instead of comparing it.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import vm from 'node:vm';

const file = new URL('../../docs/client.md', import.meta.url);
const built = new URL('../../static/', import.meta.url);
const guide = readFileSync(file, 'utf8');
// As it is read: the names of its own members are the sources'.
const script = readFileSync(new URL('socket.io.js', built), 'utf8');

/** The script in a page of its own, which has no network. */
function load() {
  class XMLHttpRequest {
    withCredentials = false;
    open() {}
    send() {}
  }
  const window = {
    location: { protocol: 'http:', hostname: 'page.example', port: '8080' },
    document: { domain: 'page.example', readyState: 'complete', cookie: '' },
    navigator: { userAgent: '' },
    addEventListener() {},
    console,
    XMLHttpRequest,
    WebSocket: class {},
  };
  vm.runInNewContext(script, { window, setTimeout: () => 0, clearTimeout() {} });
  return window.io;
}

/** What stands between a heading and the next one. */
function section(heading) {
  const start = guide.indexOf(`\n${heading}\n`);
  assert.ok(start >= 0, `there is a heading ${heading}`);
  const text = guide.slice(start + heading.length + 2);
  const end = text.search(/^#/m);
  return end < 0 ? text : text.slice(0, end);
}

/** The rows of the tables in a section, without their heads. */
function rows(heading) {
  const lines = section(heading).split('\n').filter((line) => line.startsWith('|'));
  const isRule = (line) => /^\|[ |-]+\|$/.test(line ?? '');
  const body = lines.filter((line, index) => !isRule(line) && !isRule(lines[index + 1]));
  return body.map((line) => line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim()));
}

const quoted = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text);

/** Option names with their defaults: the code of a default, or null where the guide says it in words. */
function documentedOptions(heading) {
  return new Map(
    rows(heading).flatMap(([names, said]) => {
      const [, code = null] = /^`([^`]+)`$/.exec(said) ?? [];
      return quoted(names).map((name) => [name, code]);
    }),
  );
}

const plain = (value) => (typeof value === 'object' ? JSON.parse(JSON.stringify(value)) : value);

function compare(io, heading, actual) {
  const documented = documentedOptions(heading);
  assert.ok(documented.size > 5, `a table below ${heading}`);
  let compared = 0;
  for (const [name, code] of documented) {
    if (code === null) continue;
    compared += 1;
    const expected = vm.runInNewContext(`(${code})`, { io });
    assert.deepEqual(plain(actual(name)), plain(expected), `the default of ${name}`);
  }
  assert.ok(compared > 5, 'defaults were compared');
  return documented;
}

describe('the guide to the client lists every option and its default', () => {
  it('of io.Socket', () => {
    const io = load();
    const { options } = new io.Socket();
    const documented = compare(io, '### Options of io.Socket', (name) => options[name]);
    assert.deepEqual([...documented.keys()].sort(), Object.keys(options).sort());
  });

  it('of io.connect', () => {
    const io = load();
    const { options } = io.connect('').socket;
    const documented = compare(io, '### Options of io.connect', (name) => options[name]);
    // What a page says or leaves unsaid; the script has no default for it.
    const unsaid = ['force new connection', 'withCredentials'];
    const wanted = [...new Set([...Object.keys(options), ...unsaid])].sort();
    assert.deepEqual([...documented.keys()].sort(), wanted);
  });

  it('of io()', () => {
    const io = load();
    const manager = io({ autoConnect: false }).io;
    const names = {
      path: 'resource',
      reconnection: 'reconnect',
      reconnectionAttempts: 'max reconnection attempts',
      reconnectionDelay: 'reconnection delay',
      reconnectionDelayMax: 'reconnection limit',
      timeout: 'connect timeout',
    };
    const defaults = { ...manager.options, randomizationFactor: manager._backoff().spread };
    compare(io, '### Options of io()', (name) => defaults[names[name] ?? name]);
    for (const [, name] of script.matchAll(/settings\.(\w+)/g)) {
      if (name === 'resource') continue; // as `path`, for who comes from 0.9
      assert.ok(guide.includes(`\`${name}\``), `the option ${name} is in the guide`);
    }
  });
});

describe('the guide to the client names', () => {
  it('every member of io', () => {
    const io = load();
    const named = section('## 0. What all three share');
    const said = new Set([...named.matchAll(/`io\.(\w+)/g)].map(([, name]) => name));
    assert.deepEqual([...said].sort(), Object.keys(io).sort());
  });

  it('every transport', () => {
    const io = load();
    const named = rows('## 4. Transports').flatMap(([name]) => quoted(name));
    const types = Object.keys(io.Transport).filter((name) => io.Transport[name].check);
    assert.deepEqual(named.sort(), types.sort());
  });

  for (const [heading, objects] of [
    ['### Members of io.Socket', (io) => [new io.Socket()]],
    ['### Members of a namespace', (io) => [io.connect(''), io.connect('').socket]],
    ['### Members of io()', (io) => [io(), io().timeout(1)]],
  ]) {
    it(`every method below ${heading}, and none besides`, () => {
      const there = new Set(objects(load()).flatMap(methods));
      const said = members(heading);
      // What io() has of 0.9 is listed there.
      if (heading.endsWith('io()')) said.push(...members('### Members of a namespace'));
      for (const name of there) assert.ok(said.flatMap(words).includes(name), `${name} is named below ${heading}`);
      for (const code of members(heading)) {
        const [, name] = /^(\$?\w+)\(/.exec(code) ?? [];
        assert.ok(!name || there.has(name), `${code} is there`);
      }
    });
  }

  it('every event', () => {
    const told = [...script.matchAll(/(?:\.emit|\$emit|publish|_tell)\('(\w+)'/g)].map(([, name]) => name);
    assert.ok(told.length > 20, 'the script was searched');
    const named = ['io.Socket', 'io.connect', 'io()']
      .flatMap((name) => rows(`### Events of ${name}`))
      .flatMap(([event]) => quoted(event));
    for (const name of told) assert.ok(named.includes(name), `the event ${name} is in the guide`);
  });
});

/** The public methods of an object. */
function methods(object) {
  const names = [];
  for (const name in object) if (typeof object[name] === 'function') names.push(name);
  return names.filter((name) => !name.startsWith('_') && name !== 'constructor');
}

/** What stands in the first column, piece by piece. */
const members = (heading) => rows(heading).flatMap(([cell]) => quoted(cell));

const words = (code) => code.match(/[$\w]+/g) ?? [];

describe('the guide to the client says how large it is', () => {
  it('file by file', () => {
    const block = /(<!-- sizes:[^\n]*-->\n)[^]*?(<!-- \/sizes -->)/;
    assert.match(guide, block);
    const updated = guide.replace(block, (_, start, end) => `${start}${sizes()}${end}`);
    if (process.env.UPDATE) writeFileSync(file, updated);
    else assert.equal(guide, updated, 'UPDATE=1 writes the table anew');
  });

  it('and it is smaller than that of 0.9.17', () => {
    const original = { identity: 44814, gzip: 13767 };
    const { size } = statSync(new URL('socket.io.min.js', built));
    const { size: compressed } = statSync(new URL('socket.io.min.js.gz', built));
    assert.ok(size < original.identity && compressed < original.gzip, `${size} bytes, ${compressed} compressed`);
    assert.ok(guide.includes(String(original.identity)) && guide.includes(String(original.gzip)));
  });
});

function sizes() {
  const there = readdirSync(built);
  const size = (name) => (there.includes(name) ? String(statSync(new URL(name, built)).size) : '–');
  const names = there.filter((name) => /^socket\.io.*\.(js|map)$/.test(name)).sort();
  const lines = names.map((name) => `| \`${name}\` | ${['', '.gz', '.br'].map((ending) => size(name + ending)).join(' | ')} |\n`);
  return `\n| file | as it is | gzip | brotli |\n| --- | --- | --- | --- |\n${lines.join('')}\n`;
}
