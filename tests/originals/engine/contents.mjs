// What is carried: text, JSON and binary, as messages, events and acknowledgements, in both directions.

import assert from 'node:assert/strict';
import { bytes, characters, long, manyBytes, numbers } from './samples.mjs';

export function carries({ way, shows, traits: { emptyBinary, dividesRequests } }) {
  shows('carries text of every kind', async (connection) => {
    const odd = [
      '',
      ' ',
      '2probe',
      '42["echo"]',
      '1:6',
      'b64',
      'a\u001eb\u0000c',
      '\\n\\\\n\n',
      '"\'\\</script>',
      '% + & =',
    ];
    // One that looks as if its characters were bytes comes after one that cannot.
    for (const text of ['text', characters, 'Ã©', 'two\r\nlines\u2028', ...odd]) {
      await connection.send(text);
      await connection.receives(text);
    }
  });

  shows('carries text whose first character beyond ASCII is a small one', async (connection) => {
    for (const text of ['é', 'naïve', 'ÿ', characters]) {
      await connection.send(text);
      await connection.receives(text);
    }
  });

  shows('carries 30 kB of text, alone and in company, and 500 kB', async (connection) => {
    await connection.send(long);
    await connection.receives(long);
    await connection.send(long, 'a short one', long);
    await connection.receives(long, 'a short one', long);
    const longer = 'x'.repeat(500_000);
    await connection.send(longer);
    await connection.receives(longer);
  });

  if (way === 'websocket' || dividesRequests) {
    shows('says more at once than its server takes in one request', async (connection) => {
      const texts = numbers(5).map((number) => number.repeat(300_000));
      await connection.send(...texts);
      await connection.receives(...texts);
    });
  }

  shows('carries JSON', async (connection) => {
    const object = { text: characters, list: [1, null, { deep: true }], none: {}, number: -1.5e-7 };
    for (const value of [object, [], ['a', 1], 17, true, false]) {
      await connection.send(value);
      await connection.receives(value);
    }
  });

  shows('carries binary messages', async (connection) => {
    const empty = emptyBinary ? [Buffer.alloc(0)] : [];
    for (const value of [bytes, ...empty, manyBytes, { in: [bytes, 'an', { object: manyBytes }], none: null }]) {
      await connection.send(value);
      await connection.receives(value);
    }
  });

  shows('carries events with and without arguments, with and without binary', async (connection) => {
    const lists = [
      [],
      ['one'],
      [1, { two: [2] }, 'three'],
      [characters],
      [[]],
      [bytes],
      [bytes, { [characters]: [bytes] }, 3],
    ];
    for (const list of lists) {
      await connection.perform(connection.event('echo', ...list));
      await connection.receives(['echo', ...list]);
    }
  });

  shows('ignores an event nobody knows', async (connection) => {
    await connection.perform(connection.event('unheard', 'of', bytes), connection.text('afterwards'));
    await connection.receives('afterwards');
  });

  const lists = [[], ['one'], [1, { two: [2] }, characters], [bytes], ['with', { binary: [bytes, manyBytes] }, null]];

  shows('is given the acknowledgements of the application, with and without binary', async (connection) => {
    for (const list of lists) {
      assert.deepEqual(await connection.acknowledgement(connection.event('echo', ...list)), list);
    }
    const together = lists.map((list) => connection.acknowledgement(connection.event('echo', ...list)));
    assert.deepEqual(await Promise.all(together), lists);
  });

  shows('acknowledges to the application, with and without binary', async (connection) => {
    for (const list of lists) {
      assert.deepEqual(await connection.acknowledgement(connection.event('ask', ...list)), list);
    }
    assert.deepEqual(
      connection.events.filter(({ name }) => name === 'asked').map(({ details }) => details),
      lists,
    );
  });

  shows('sends several packets at once, and they arrive in order', async (connection) => {
    const event = ['echo', characters, 2, bytes];
    await connection.perform(
      connection.text(characters),
      connection.text('second'),
      connection.text(bytes),
      connection.event(...event),
      connection.text({ text: characters }),
      connection.text([manyBytes, bytes]),
      connection.text(`${characters} last`),
    );
    const last = [{ text: characters }, [manyBytes, bytes], `${characters} last`];
    await connection.receives(characters, 'second', bytes, event, ...last);
  });

  shows('receives 300 messages at once, in order', async (connection) => {
    await connection.send('!burst 300');
    await connection.receives(...numbers(300));
  });

  shows('sends 300 messages at once, in order', async (connection) => {
    await connection.send(...numbers(300));
    await connection.receives(...numbers(300));
  });

  shows(
    'is in the rooms it joined',
    async (one, other) => {
      await other.send('!join den');
      await other.receives('ok');
      await one.send('!join den');
      await one.receives('ok');
      await one.send('!say den hello in there', '!say elsewhere nobody hears this');
      await other.receives('hello in there');
      await other.send('!say den hello yourself', '!leave den');
      await other.receives('ok');
      await one.receives('hello yourself');
      await one.send('!say den anybody?', 'said');
      await one.receives('said');
      await other.send('nobody');
      await other.receives('nobody');
    },
    { count: 2 },
  );

  shows(
    'hears what is said to everybody, once',
    async (...connections) => {
      await connections[0].send('b:one', `b:${characters}`);
      for (const connection of connections) await connection.receives('b:one', `b:${characters}`);
    },
    { count: 2 },
  );
}
