// What an original client of 1.x to 4.x must find in a browser, over one way of connecting.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { bytes } from './engine-page.mjs';

const numbers = (count, first = 0) => Array.from({ length: count }, (_, number) => String(first + number));
const some = bytes(0, 1, 4, 0x0a, 0x1e, 0x62, 0x7f, 0x80, 0xff);
const many = bytes(...Array.from({ length: 50_000 }, (_, index) => (index * 7) % 256));
const long = 'é漢😀 30 kB '.repeat(2000);

/**
 * Declares the behaviours of a client that connects this way. `start` returns `{client, echo, url, close}`: the client
 * in its page, the server, where the client finds it, and how to be rid of it all.
 */
export function behaves(way, start, { views = true, insists = true, brief = false } = {}) {
  const polls = way === 'polling' || way === 'jsonp';
  const settled = { polling: 'polling', jsonp: 'jsonp-polling' }[way] ?? 'websocket';
  let place;
  let echo;
  let quiet;

  const connect = (options) => place.client.connect(place.url, way, options);

  // It says nothing until all others have had their say.
  before(async () => {
    place = await start();
    echo = place.echo;
    quiet = await connect();
  });

  after(() => place?.close());

  /** A behaviour of `count` connections, which are closed when it has been seen. */
  const shows = (name, check, count = 1) =>
    it(name, async () => {
      assert.ok(quiet, 'could not connect');
      const connections = await Promise.all(Array.from({ length: count }, () => connect()));
      try {
        await check(...connections);
        for (const connection of connections) {
          connection.receivedNothingElse();
          connection.of('/chat').receivedNothingElse();
          assert.equal(connection.count('disconnect'), 0);
        }
      } finally {
        await Promise.all(connections.map((connection) => connection.close()));
      }
    });

  // What is the same wherever the page comes from.
  const showsAtHome = brief ? () => {} : shows;

  shows('connects with the id the server knows, over the transport it asked for', async (connection) => {
    if (way === 'upgrade') assert.deepEqual(await connection.untilEvent('upgrade'), ['websocket']);
    const { id, transport } = await connection.facts();
    assert.equal(transport, polls ? 'polling' : 'websocket');
    await echo.untilConnected(id);
    await connection.send('!whoami');
    const answer = await connection.receivesOne();
    assert.deepEqual(answer, { id, generation: 'engine', transport: settled, namespace: '/' });
  });

  showsAtHome('carries text of every kind', async (connection) => {
    const odd = ['"\'\\', '</script><script>', '% + & = #', '2probe', '42["echo"]', '1:6', 'b64', 'a\u001eb\u0000c'];
    for (const texts of [['é漢😀'], [''], ['text', 'é漢😀', '', ...odd]]) {
      await connection.send(...texts);
      await connection.receives(...texts);
    }
  });

  showsAtHome('carries line breaks and backslashes, alone and in company', async (connection) => {
    const texts = ['a\nb', '\n', 'a\r\n\r\nb\n', 'a\\nb', 'a\\\nb', '\\', 'C:\\new\\\\names', 'a\u2028b\u2029c\u0085d'];
    for (const group of [['a\nb\r\n'], ['a\\nb'], ['C:\\new\\\\names\u2028'], texts]) {
      await connection.send(...group);
      await connection.receives(...group);
    }
  });

  showsAtHome('carries text whose first character beyond ASCII is a small one', async (connection) => {
    await connection.send('é', 'naïve', 'ÿ', 'é漢😀');
    await connection.receives('é', 'naïve', 'ÿ', 'é漢😀');
    if (way === 'upgrade') await connection.untilEvent('upgrade');
    await connection.send('é', 'é漢😀');
    await connection.receives('é', 'é漢😀');
    // It looks as if its characters were bytes. What was learned of polls says nothing of frames.
    if (!polls) {
      await connection.send('Ã©');
      await connection.receives('Ã©');
    }
  });

  showsAtHome('carries 30 kB of text, alone and in company, and 300 kB', async (connection) => {
    const longer = 'x'.repeat(300_000);
    await connection.send(long);
    await connection.receives(long);
    await connection.send(long, 'a short one', long);
    await connection.receives(long, 'a short one', long);
    await connection.send(longer);
    await connection.receives(longer);
  });

  showsAtHome('carries JSON', async (connection) => {
    const object = { text: 'é漢😀\n\\n', list: [1, null, { deep: true }], none: {}, number: -1.5e-7 };
    await connection.perform(...[object, [], ['a', 1], 17, false].map((value) => connection.text(value)));
    await connection.receives(object, [], ['a', 1], 17, false);
  });

  shows('carries events and acknowledgements', async (connection) => {
    const lists = [[], [1, { two: [2] }], ['é漢😀\n\\', null], [[]]];
    for (const list of lists) {
      await connection.perform(connection.event('echo', ...list));
      await connection.receives(['echo', ...list]);
    }
    const answers = lists.map((list) => connection.acknowledgement(connection.event('echo', ...list, 'é漢😀')));
    assert.deepEqual(await Promise.all(answers), lists.map((list) => [...list, 'é漢😀']));
  });

  shows('carries binary in messages, events and acknowledgements', async (connection) => {
    const values = [some, bytes(), many, { in: [bytes(7), 'é', { deep: some }], none: null }];
    for (const value of values) {
      await connection.perform(connection.text(value));
      await connection.receives(value);
    }
    const list = [1, some, { é: [bytes(0xff), many] }, bytes()];
    await connection.perform(connection.event('echo', ...list), connection.text('é漢😀'), connection.text(bytes(1)));
    await connection.receives(['echo', ...list], 'é漢😀', bytes(1));
    assert.deepEqual(await connection.acknowledgement(connection.event('echo', ...list)), list);
  });

  const blob = { blob: some.bytes };
  const other = views ? { view: some.bytes } : blob;
  showsAtHome(`carries ${views ? 'views of binary and ' : ''}blobs`, async (connection) => {
    await connection.perform(connection.text([other, 'between', blob]), connection.text('afterwards'));
    await connection.receives([some, 'between', some], 'afterwards');
  });

  shows('sends and receives 300 messages at once, in order', async (connection) => {
    await connection.send('!burst 300', ...numbers(300, 300));
    await connection.receives(...numbers(600));
  });

  if (way === 'upgrade') {
    showsAtHome('loses and reorders nothing while it changes its transport', async (connection) => {
      const sending = connection.acknowledgement({ to: '/', act: 'sendWhileUpgrading' });
      await connection.send('!burst 50');
      const [sent] = await sending;
      assert.equal(connection.count('upgrade'), 1);
      await connection.until(() => connection.count('message') === sent + 50, `${sent} and 50 messages`);
      const received = connection.events.filter(({ name }) => name === 'message').map(({ details }) => details[0]);
      const first = received.indexOf('0');
      assert.deepEqual(received.splice(first, 50), numbers(50));
      assert.deepEqual(received, numbers(sent, 1));
      for (const _ of numbers(sent + 50)) await connection.receivesOne();
    });
  }

  showsAtHome('uses two namespaces, leaves one and comes back', async (connection) => {
    const chat = connection.of('/chat');
    await connection.perform(connection.text('in the root'), chat.text('in the chat é漢😀'), chat.event('echo', null, 1));
    await connection.receives('in the root');
    await chat.receives('in the chat é漢😀', ['echo', null, 1]);
    const answers = [connection, chat].map((space) => space.acknowledgement(space.event('echo', space.name)));
    assert.deepEqual(await Promise.all(answers), [['/'], ['/chat']]);
    await chat.send('!whoami');
    assert.equal((await chat.receivesOne()).namespace, '/chat');
    await connection.perform(chat.leave());
    assert.deepEqual(await chat.untilEvent('disconnect'), ['io client disconnect']);
    await connection.send('still here');
    await connection.receives('still here');
    await connection.perform({ to: '/chat', act: 'back' });
    await chat.untilEvent('connect', 2);
    await chat.send('b:back é漢😀');
    await chat.receives('b:back é漢😀');
  });

  showsAtHome('is refused a namespace, and let in with what it asks for', async (connection) => {
    const secret = connection.of('/private');
    await connection.perform(secret.enter(), connection.of('/unknown').enter());
    assert.deepEqual(await secret.untilEvent('refused'), ['no token']);
    assert.deepEqual(await connection.of('/unknown').untilEvent('refused'), ['Invalid namespace']);
    assert.equal(secret.count('connect'), 0);
    await connection.send('still here');
    await connection.receives('still here');
    if (insists) {
      await connection.perform({ to: '/private', act: 'insist', what: 'open' });
      await secret.untilEvent('connect');
      await secret.send('let in');
      await secret.receives('let in');
    }
  });

  it('is let into a namespace by the query of its address', async () => {
    const connection = await connect({ query: 'token=open' });
    const secret = connection.of('/private');
    await connection.perform(secret.enter());
    await secret.untilEvent('connect');
    assert.equal(secret.count('refused'), 0);
    await connection.close();
  });

  it('is refused the handshake', async () => {
    const connection = await place.client.open(place.url, way, { query: 'deny=1' });
    await connection.untilEvent('failure');
    assert.equal(connection.count('connect'), 0);
    await connection.close();
  });

  showsAtHome(
    'is in the rooms it joined, and hears what is said to everybody, once',
    async (one, other) => {
      await other.send('!join den');
      await other.receives('ok');
      await one.send('!join den', '!say den hello é漢😀', '!say elsewhere nobody hears this');
      await one.receives('ok');
      await other.receives('hello é漢😀');
      await other.send('!say den hello yourself', '!leave den');
      await other.receives('ok');
      await one.receives('hello yourself');
      await one.send('!say den anybody?', 'said');
      await one.receives('said');
      await one.of('/chat').send('b:in the chat');
      await one.of('/chat').receives('b:in the chat');
      await other.of('/chat').send('b:in the chat é漢😀');
      await Promise.all([one, other].map((connection) => connection.of('/chat').receives('b:in the chat é漢😀')));
    },
    2,
  );

  it('is disconnected by the server, and stays away', async () => {
    const connection = await connect({ reconnect: true });
    const chat = connection.of('/chat');
    await connection.perform(chat.enter());
    await chat.untilEvent('connect');
    await connection.send('last words', '!bye');
    await connection.receives('last words');
    for (const space of [connection, chat]) {
      assert.deepEqual(await space.untilEvent('disconnect'), ['io server disconnect']);
    }
    await echo.untilDisconnected(connection.id);
    assert.deepEqual([connection.count('reconnecting'), connection.count('connect')], [0, 1]);
    await connection.close();
  });

  it('leaves, and the server knows', async () => {
    const connection = await connect();
    await connection.close();
    assert.deepEqual(await connection.untilEvent('disconnect'), ['io client disconnect']);
    await echo.untilDisconnected(connection.id);
  });

  it('stays connected while nobody says anything', async () => {
    // The third heartbeat means that the second was answered.
    await quiet.untilEvent('idle', 3);
    await quiet.send('still here é漢😀');
    await quiet.receives('still here é漢😀');
    assert.equal(quiet.count('disconnect'), 0);
  });
}
