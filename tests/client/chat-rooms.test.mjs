// The rooms of the chat example, as clients of 0.9 and 4.x meet them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { openChat } from './chat.mjs';

describe('the rooms of the chat', { concurrency: 3 }, () => {
  it('keeps its rooms apart, and tells everybody how many are in each', async (test) => {
    const { guest } = await openChat(test);
    const [cook, gardener] = [guest(), guest()];
    assert.deepEqual([await cook.join('kitchen'), await gardener.join('garden')], [['kitchen', 1], ['garden', 1]]);
    assert.deepEqual([await cook.say('soup'), await gardener.say('roses')], [true, true]);
    assert.deepEqual(await cook.join('garden'), ['garden', 2]);
    assert.deepEqual(cook.all('entered').at(-1)[0].heard.map(({ text }) => text), ['roses']);
    await gardener.until(() => !gardener.peopleIn('kitchen') && gardener.peopleIn('garden') === 2, 'the move');
    assert.deepEqual([cook.texts, gardener.texts], [['soup'], ['roses']]);
    assert.equal(await gardener.say('is anybody there', 'kitchen'), false);
  });

  it('says a message once that comes again because its acknowledgement was lost', async (test) => {
    const { guest } = await openChat(test);
    const [bob, again] = [guest(), guest()];
    await bob.join();
    await again.join();
    assert.equal(await bob.say('once', null, 'key'), true);
    assert.equal(await again.say('once', null, 'key'), true);
    assert.equal(await bob.say('the end'), true);
    assert.deepEqual(bob.texts, ['once', 'the end']);
  });

  it('takes a page that comes over a new connection for who it was, and hears no more of the old one', async (test) => {
    const { guest } = await openChat(test);
    const [watcher, old, anew] = [guest(), guest(), guest()];
    await watcher.join(null, 'watcher');
    await old.join(null, 'Ada', 'secret');
    await watcher.until(() => watcher.changes.length === 1, 'the arrival');
    await anew.join('lobby', 'Ada', 'secret');
    assert.equal(anew.all('entered')[0][0].you, old.all('entered')[0][0].you);
    old.socket.emit('say', 'from the past');
    await anew.ask('name', 'Ada now');
    await watcher.until(() => watcher.changes.includes('Ada now changed'), 'the change');
    anew.leave();
    await watcher.until(() => watcher.changes.includes('Ada now left'), 'the departure');
    assert.deepEqual(watcher.changes, ['Ada came', 'Ada now changed', 'Ada now left']);
    assert.deepEqual(watcher.texts, []);
  });

  it('ignores rubbish, shortens what is too long, and stays', async (test) => {
    const { guest } = await openChat(test);
    const bob = guest();
    await bob.join('kitchen', 'b'.repeat(31), null, 'and', 'more');
    for (const args of [[], [1], [{}], [null], ['hello', 7], ['hello', null, {}]]) bob.socket.emit('say', ...args);
    bob.socket.emit('join', { room: 'garden' });
    bob.socket.emit('name', 7);
    bob.socket.emit('nonsense');
    bob.socket.send('hello');
    assert.equal(await bob.say(' \n\u0000 '), false);
    assert.equal(await bob.say(`${'😀'.repeat(1000)}.`, null, 'k'.repeat(41)), true);
    await bob.ask('name', ' ');
    assert.equal(await bob.say(' the\nend\u0007 '), true);
    const said = bob.all('heard').map(([{ nick, key, text }]) => [nick, key, text]);
    assert.deepEqual(said, [['b'.repeat(30), null, '😀'.repeat(1000)], ['Guest 1', null, 'the\nend']]);
    assert.equal(bob.all('entered').length, 1);
    assert.deepEqual(await bob.join('x'.repeat(31)), ['x'.repeat(30), 1]);
  });

  it('keeps the last 50 messages of a room until the last one there has left', async (test) => {
    const { guest } = await openChat(test);
    const [bob, ada] = [guest(), guest()];
    await bob.join('attic');
    await Promise.all(Array.from({ length: 60 }, (_, number) => bob.say(`message ${number + 1}`)));
    const history = (of) => of.all('entered').at(-1)[0].heard.map(({ text }) => text);
    await ada.join('attic');
    assert.deepEqual([history(ada).length, history(ada)[0], history(ada)[49]], [50, 'message 11', 'message 60']);
    await bob.join('lobby');
    await bob.join('attic');
    assert.equal(history(bob).length, 50, 'somebody was there all the time');
    for (const one of [ada, bob]) await one.join('lobby');
    await bob.until(() => bob.peopleIn('lobby') === 2, 'both in the lobby');
    await bob.join('attic');
    assert.deepEqual(history(bob), []);
  });

  it('tells of a crowd that comes at once in a few events, and has bounds for lists and rooms', async (test) => {
    const { guest } = await openChat(test);
    const watcher = guest();
    await watcher.join();
    const crowd = [];
    // A listener lets only so many at once begin from one address.
    while (crowd.length < 210) {
      const wave = Array.from({ length: 70 }, async (_, number) => {
        const one = guest();
        await one.join(null, `guest ${crowd.length + number}`);
        return one;
      });
      crowd.push(...(await Promise.all(wave)));
    }
    await watcher.until(() => watcher.changes.length === 210, 'all of them');
    assert.ok(watcher.all('people').length < 40, `${watcher.all('people').length} events`);
    assert.ok(watcher.all('people').every(([, changes]) => changes.length <= 100));
    const late = guest();
    await late.join();
    const [{ count, people }] = late.all('entered')[0];
    assert.deepEqual([count, people.length], [212, 100]);
    // The lobby is one of 200.
    const rooms = await Promise.all(crowd.map((one, number) => one.join(`room ${number}`)));
    assert.equal(rooms.filter(([room]) => room === 'lobby').length, 11);
    const [told] = late.all('rooms')[0];
    assert.ok(told.length <= 50);
    // What all hear of changes may reach a newcomer before what is told to it alone.
    const everybody = () => late.peopleIn('lobby') === 13 && rooms.every(([room]) => late.peopleIn(room));
    await late.until(everybody, 'all in their rooms');
    const another = guest();
    await another.join();
    assert.equal(another.all('rooms')[0][0].length, 50);
  });

  it('has clients since 4.6 back in their room when they have lost their connection, as who they were', async (test) => {
    const { guest } = await openChat(test);
    const [bob, cleo] = [guest(), guest('4.x')];
    await bob.join('kitchen', 'Bob');
    await cleo.join('kitchen', 'Cleo');
    await bob.until(() => bob.changes.includes('Cleo came'), 'the arrival');
    const { engine } = cleo.socket.io;
    if (engine.transport.name !== 'websocket') await once(engine, 'upgrade');
    engine.transport.ws.terminate();
    await bob.say('said meanwhile');
    await cleo.untilText('said meanwhile');
    assert.equal(await cleo.say('I am back'), true);
    await bob.untilText('I am back');
    assert.equal(bob.all('heard').at(-1)[0].nick, 'Cleo');
    await bob.until(() => bob.all('people').at(-1)[0] === 2, 'both of them');
    assert.equal(cleo.all('entered').length, 1);
  });
});
