// Namespaces: which a client is let into, under which id, and how it leaves them.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { bytes, characters } from './samples.mjs';

export function usesNamespaces({ shows, open, traits }) {
  const { modern, namesOneByOne, namespaceQuery, namespacedIds, toldToGo, gone } = traits;
  const both = { namespaces: ['/', '/chat'] };

  /** A behaviour of a client on its way into the namespace: later than into the root, if it can. */
  const tries = (name, behaviour, check, options) => {
    const namespaces = namesOneByOne ? undefined : ['/', name];
    const enters = async (connection) => {
      if (namesOneByOne) await connection.perform(connection.of(name).enter());
      await check(connection, connection.of(name));
    };
    shows(behaviour, enters, { ...options, awaited: ['/'], namespaces });
  };

  shows(
    'uses two namespaces over one connection',
    async (connection) => {
      const chat = connection.of('/chat');
      await connection.perform(
        connection.text('in the root'),
        chat.text(`in the chat ${characters}`),
        chat.event('echo', 'also', 'there', bytes),
        connection.event('echo', 'here'),
        chat.text(['and', 'JSON']),
      );
      await connection.receives('in the root', ['echo', 'here']);
      await chat.receives(`in the chat ${characters}`, ['echo', 'also', 'there', bytes], ['and', 'JSON']);
      const acknowledged = await Promise.all([
        connection.acknowledgement(connection.event('echo', 'root')),
        chat.acknowledgement(chat.event('echo', 'chat', bytes)),
        chat.acknowledgement(chat.event('ask', bytes, 'chat')),
      ]);
      assert.deepEqual(acknowledged, [['root'], ['chat', bytes], [bytes, 'chat']]);
    },
    both,
  );

  shows(
    'has the id in a namespace that the server knows',
    async (connection) => {
      const chat = connection.of('/chat');
      const [id] = await chat.untilEvent('connect');
      await chat.send('!whoami');
      const answer = await chat.receivesOne();
      assert.equal(answer.namespace, '/chat');
      if (modern) {
        assert.equal(answer.id, id);
        assert.notEqual(id, connection.id);
      } else {
        assert.equal(answer.id, `/chat#${connection.id}`);
        assert.equal(id, namespacedIds ? answer.id : connection.id);
      }
    },
    both,
  );

  if (namesOneByOne) {
    shows(
      'leaves a namespace, stays in the other, and comes back',
      async (leaving, staying) => {
        const [there, stays] = [leaving, staying].map((connection) => connection.of('/chat'));
        await leaving.perform(there.leave());
        assert.deepEqual(await there.untilEvent('disconnect'), gone);
        // The server has heard of it when it answers what came after it.
        await leaving.send('still here');
        await leaving.receives('still here');
        await stays.send('b:who is in?');
        await stays.receives('b:who is in?');
        await leaving.perform({ to: '/chat', act: 'return' });
        await there.untilEvent('connect', 2);
        await stays.send('b:and now?');
        await Promise.all([there, stays].map((namespace) => namespace.receives('b:and now?')));
      },
      { count: 2, ...both },
    );

    shows('is disconnected by one namespace, and stays in the other', async (connection) => {
      await connection.perform(connection.of('/chat').enter());
      await connection.of('/chat').untilEvent('connect');
      await connection.of('/chat').send('!bye');
      assert.deepEqual(await connection.of('/chat').untilEvent('disconnect'), toldToGo);
      await connection.send('still here');
      await connection.receives('still here');
    });
  }

  for (const [name, reason] of Object.entries({ '/private': 'no token', '/unknown': 'Invalid namespace' })) {
    tries(name, `is refused ${name}, and stays in the root`, async (connection, namespace) => {
      assert.deepEqual(await namespace.untilEvent('refused'), [reason]);
      assert.equal(namespace.count('connect'), 0);
      await connection.send('still here');
      await connection.receives('still here');
    });
  }

  const isLetIn = (connection, secret) => secret.untilEvent('connect');
  tries('/private', 'is let into a namespace by what its address said', isLetIn, { query: 'token=open' });

  if (namespaceQuery) {
    shows('is let into a namespace by what it said there', async (connection) => {
      await connection.perform(connection.of('/private').enter({ token: 'open' }));
      await connection.of('/private').untilEvent('connect');
    });
  }

  if (modern) {
    const auth = { token: 'open', text: characters, list: [1, { two: null }] };
    const told = async (connection, secret) => {
      assert.deepEqual(await connection.acknowledgement(connection.event('auth')), [auth]);
      await secret.untilEvent('connect');
    };
    tries('/private', 'tells the application its payload, and is let in by it', told, { auth });

    it('enters a namespace alone, without the root', async () => {
      const connection = await open({ namespaces: ['/chat'] });
      await connection.of('/chat').untilEvent('connect');
      await connection.of('/chat').send('alone');
      await connection.of('/chat').receives('alone');
      assert.equal(connection.count('connect'), 0);
      await connection.close();
    });
  }
}
