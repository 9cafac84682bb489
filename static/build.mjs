// Builds the client script from its sources:
//
//   socket.io.js              the sources, joined in their order and otherwise as they are
//   socket.io.min.js          the same, minified, with a source map that leads back to socket.io.js
//   socket.io.esm.min.js      the minified script as a module that exports io, connect and default
//
// and each of them compressed, for servers that compress nothing themselves.
//
//   npm ci --prefix static && node static/build.mjs
//
// `--check` writes nothing and fails when what is there is not what the sources give. `--source DIRECTORY` takes the sources
// from elsewhere.

import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import zlib from 'node:zlib';
import { parse } from 'acorn';
import { minify } from 'terser';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values: options } = parseArgs({
  options: { check: { type: 'boolean', default: false }, source: { type: 'string' } },
});

// A leading underscore says so. The callbacks of JSONP and htmlfile are called `_` and nothing more.
const ownMembers = /^_[a-z]{2}/i;

const encodings = {
  '.gz': {
    encode: (bytes) => zlib.gzipSync(bytes, { level: 9 }),
    decode: zlib.gunzipSync,
  },
  '.br': {
    encode: (bytes) => zlib.brotliCompressSync(bytes, {
      params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
    decode: zlib.brotliDecompressSync,
  },
};

try {
  const files = await build(resolve(options.source ?? join(here, 'source')));
  if (options.check) check(files);
  else write(files);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

/** The text of each file, and how it is compressed. All is ASCII: whatever charset a page declares, the script means the same. */
async function build(directory) {
  const script = joined(directory);
  isOld('socket.io.js', script);
  const { code, map } = await minify({ 'socket.io.js': script }, {
    ecma: 5,
    ie8: true,
    compress: { passes: 3, hoist_funs: true, pure_getters: true },
    mangle: { properties: { regex: ownMembers } },
    nameCache: { props: { props: shortNames(script) } },
    format: { ascii_only: true, comments: /^!/ },
    sourceMap: { filename: 'socket.io.min.js', url: 'socket.io.min.js.map' },
  });
  isOld('socket.io.min.js', code);
  return [
    { name: 'socket.io.js', text: script, compressed: ['.gz', '.br'] },
    { name: 'socket.io.min.js', text: `${code}\n`, compressed: ['.gz', '.br'] },
    { name: 'socket.io.min.js.map', text: `${map}\n`, compressed: ['.gz'] },
    { name: 'socket.io.esm.min.js', text: `${asModule(code)}\n`, compressed: ['.gz', '.br'] },
  ];
}

function joined(directory) {
  const order = JSON.parse(readFileSync(join(directory, 'order.json'), 'utf8'));
  const there = readdirSync(directory).filter((name) => name.endsWith('.js'));
  const wrong = there.filter((name) => !order.includes(name)).map((name) => `order.json does not name ${name}`);
  const texts = order.map((name) => {
    if (!there.includes(name)) {
      wrong.push(`order.json names ${name}, which is not there`);
      return '';
    }
    const text = readFileSync(join(directory, name), 'utf8');
    text.split('\n').forEach((line, index) => {
      const foreign = /[^\x20-\x7e]/.exec(line);
      if (foreign) wrong.push(`${name}:${index + 1}: ${JSON.stringify(foreign[0])}, which is not ASCII`);
    });
    return text.endsWith('\n') ? text : `${text}\n`;
  });
  if (wrong.length) throw new Error(wrong.join('\n'));
  return texts.join('\n');
}

/**
 * Short names for the script's own members, the most frequent first. Their underscore stays, so that they are never those
 * a page gives to members of its own.
 */
function shortNames(script) {
  const counts = new Map();
  for (const [, name] of script.matchAll(/\b(_[a-z]\w+)/gi)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const names = [...counts.keys()].filter((name) => ownMembers.test(name));
  names.sort((one, other) => counts.get(other) - counts.get(one) || (one < other ? -1 : 1));
  return Object.fromEntries(names.map((name, index) => [`$${name}`, `_${(index + 10).toString(36)}`]));
}

/** Old engines refuse a script whole for one piece of newer syntax. */
function isOld(name, script) {
  try {
    parse(script, { ecmaVersion: 5, sourceType: 'script' });
  } catch (error) {
    throw new Error(`${name}: not ES5: ${error.message}`);
  }
}

/**
 * The script believes to be a CommonJS module, so the page gets `io` without looking for a global. What is added goes to
 * the end of the first line, a comment, and after the last one, so that the source map holds for it as well.
 */
function asModule(code) {
  const parts = /^(\/\*![^\n]*\*\/)(\n[^]*)\n(\/\/# sourceMappingURL=[^\n]*)$/.exec(code);
  if (!parts) throw new Error('socket.io.min.js is not a comment, a script and the place of its source map');
  const [, header, script, map] = parts;
  const exported = 'var io=module.exports,connect=io.connect;export{io,connect,io as default};';
  return `${header}var module={exports:{}};${script}\n${exported}\n${map}`;
}

function write(files) {
  for (const { name, text, compressed } of files) {
    const bytes = Buffer.from(text);
    writeFileSync(join(here, name), bytes);
    const sizes = compressed.map((ending) => {
      const encoded = encodings[ending].encode(bytes);
      writeFileSync(join(here, name + ending), encoded);
      return `${ending} ${encoded.length}`;
    });
    console.log([`${name} ${bytes.length}`, ...sizes].join(', '));
  }
}

function check(files) {
  const wrong = [];
  for (const { name, text, compressed } of files) {
    if (!isThere(name, text, (bytes) => bytes)) wrong.push(name);
    for (const ending of compressed) {
      // Other releases of Node may compress otherwise.
      if (!isThere(name + ending, text, encodings[ending].decode)) wrong.push(name + ending);
    }
  }
  if (wrong.length) {
    throw new Error(`not what the sources give: ${wrong.join(', ')}. \`node static/build.mjs\` builds it again`);
  }
}

function isThere(name, text, decode) {
  const path = join(here, name);
  if (!existsSync(path)) return false;
  try {
    return decode(readFileSync(path)).toString('utf8') === text;
  } catch {
    return false;
  }
}
