// The chat example as people meet it: its page in a browser, and other clients beside it.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openChat, Visitor } from './chat.mjs';
import { everyTransport, Gate, launchBrowser } from './client.mjs';

const oldPage = `<!doctype html><meta charset="utf-8"><title>old</title><link rel="icon" href="data:,">
<body><script src="/socket.io/socket.io.js"></script><script src="/old/page.js"></script>`;
// As pages for 0.6 were written.
const oldScript = `
  var heard = [];
  var socket = new io.Socket(null, { port: location.port, transports: ['xhr-polling'], rememberTransport: false });
  socket.on('connect', function () { socket.send({ name: 'join', args: ['kitchen', 'Grandmother'] }); });
  socket.on('message', function (message) { heard.push(message); });
  socket.connect();`;
const oldPages = { '/old/': ['text/html', oldPage], '/old/page.js': ['text/javascript', oldScript] };

const smallestPhone = { width: 320, height: 568 };

let browser;

before(async () => {
  browser = await launchBrowser();
});

after(() => browser?.close());

/** A chat of the test's own, and the ways into it. */
async function chatFor(test) {
  const { chat, guest } = await openChat(test);
  const gate = await Gate.open(chat.port, oldPages);
  const visitors = [];
  test.after(async () => {
    await Promise.all(visitors.map((visitor) => visitor.close()));
    await gate.close();
    // The icon of the old page is in the page itself.
    assert.deepEqual(visitors.flatMap(({ faults }) => faults).filter((fault) => !fault.startsWith('data:')), []);
  });
  const visit = async (options) => visitors[visitors.push(await Visitor.open(browser, gate.origin, options)) - 1];
  return { chat, gate, guest, visit };
}

describe('the page of the chat', { concurrency: 3 }, () => {
  it('lets two people talk, and shows whose each message is, what carried it, and that the server has it', async (test) => {
    const { visit } = await chatFor(test);
    const ada = await visit({ name: 'Ada', query: '?transport=xhr-polling' });
    const bob = await visit({ name: 'Bob', query: '?transport=websocket' });
    await ada.state('connected over xhr-polling');
    await bob.state('connected over websocket');
    await ada.say('hello Bob 😀');
    await bob.item('hello Bob 😀').waitFor();
    await bob.say('hello Ada');
    await ada.item('hello Ada').waitFor();
    const details = (visitor) => visitor.tab.locator('#messages li:not(.note)').evaluateAll((all) =>
      all.map((one) => [one.classList[0], ...['bdi', '.over', '.text', '.sign'].map((part) => one.querySelector(part)?.textContent)]),
    );
    const [hers, his] = [['Ada', 'xhr-polling', 'hello Bob 😀'], ['Bob', 'websocket', 'hello Ada']];
    assert.deepEqual(await details(ada), [['mine', ...hers, '✓'], ['other', ...his, undefined]]);
    assert.deepEqual(await details(bob), [['other', ...hers, undefined], ['mine', ...his, '✓']]);
    await ada.tab.reload();
    await ada.item('hello Ada').waitFor();
    assert.equal((await details(ada))[0][0], 'mine', 'also after a reload');
  });

  it('asks for a name once, and says so when it is another', async (test) => {
    const { visit, guest } = await chatFor(test);
    const bob = guest();
    await bob.join(null, 'Bob');
    const ada = await visit();
    await ada.untilPeople('Guest 2 websocket', 'Bob websocket');
    await ada.call('Ada');
    await ada.untilPeople('Ada websocket', 'Bob websocket');
    await ada.tab.reload();
    await ada.untilPeople('Ada websocket', 'Bob websocket');
    await ada.tab.click('#who');
    await ada.call('Augusta');
    await ada.untilPeople('Augusta websocket', 'Bob websocket');
    await bob.ask('name', 'Robert');
    await ada.note('Bob is Robert now');
    await ada.say('signed');
    await bob.untilText('signed');
    assert.equal(bob.all('heard')[0][0].nick, 'Augusta');
  });

  it('shows who is here, over what, and who comes, writes and goes', async (test) => {
    const { visit, guest } = await chatFor(test);
    const ada = await visit({ name: 'Ada' });
    await ada.untilPeople('Ada websocket');
    const bob = guest();
    await bob.join(null, 'Bob');
    await ada.note('Bob came, over websocket');
    await ada.untilPeople('Ada websocket', 'Bob websocket');
    assert.equal(await ada.tab.textContent('#here'), '2 here');
    bob.socket.emit('writing');
    await ada.tab.locator('#writing', { hasText: 'Bob is writing …' }).waitFor();
    await bob.say('written');
    await ada.item('written').waitFor();
    assert.equal(await ada.tab.textContent('#writing'), '');
    await ada.tab.locator('#text').pressSequentially('h');
    await bob.until(() => bob.all('writing').length === 1, 'writing');
    bob.leave();
    await ada.note('Bob left');
    await ada.untilPeople('Ada websocket');
  });

  it('lists the rooms, goes to the one that is picked or made, and back, and names it in its address', async (test) => {
    const { visit, guest } = await chatFor(test);
    const bob = guest();
    await bob.join('kitchen', 'Bob');
    await bob.say('soup');
    const ada = await visit({ name: 'Ada' });
    const room = () => new URL(ada.tab.url()).searchParams.get('room');
    await ada.untilRooms('lobby 1', 'kitchen 1');
    await ada.say('said in the lobby');
    await ada.untilLines('said in the lobby');
    await ada.tab.click('#rooms a:has-text("kitchen")');
    await ada.untilLines('soup');
    await ada.untilRooms('lobby 0', 'kitchen 2');
    assert.deepEqual([room(), await ada.tab.title()], ['kitchen', 'kitchen · Heirloom chat']);
    await ada.tab.fill('#new-room', 'Küche & Co');
    await ada.tab.press('#new-room', 'Enter');
    await ada.untilRooms('lobby 0', 'kitchen 1', 'Küche & Co 1');
    assert.deepEqual([room(), await ada.lines()], ['Küche & Co', []]);
    await ada.tab.reload();
    await ada.untilRooms('lobby 0', 'kitchen 1', 'Küche & Co 1');
    await ada.tab.goBack();
    await ada.untilLines('soup');
    await ada.untilRooms('lobby 0', 'kitchen 2');
    await ada.tab.goBack();
    await ada.untilLines('said in the lobby');
    assert.equal(new URL(ada.tab.url()).search, '');
  });

  it('changes to every transport, under its strict policy, while nobody sees it leave', async (test) => {
    const { visit, guest } = await chatFor(test);
    const bob = guest();
    await bob.join(null, 'Bob');
    const ada = await visit({ name: 'Ada' });
    await ada.state('connected over websocket');
    const policy = await ada.tab.evaluate(async () => (await fetch('/')).headers.get('content-security-policy'));
    assert.match(policy, /^default-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    const others = everyTransport.filter((name) => name !== 'websocket');
    for (const transport of [...others, 'websocket']) {
      await ada.tab.selectOption('#transport', transport);
      await ada.say(`before or over ${transport}`);
      await ada.state(`connected over ${transport}`);
      await ada.untilPeople(`Ada ${transport}`, 'Bob websocket');
      await ada.say(`over ${transport}`);
      await bob.untilText(`over ${transport}`);
      assert.equal(bob.all('heard').at(-1)[0].transport, transport);
      assert.equal(new URL(ada.tab.url()).searchParams.get('transport'), transport);
    }
    const said = [...others, 'websocket'].flatMap((name) => [`before or over ${name}`, `over ${name}`]);
    assert.deepEqual(bob.texts, said, 'all of it once, in order');
    assert.deepEqual([...new Set(bob.changes)], ['Ada came', 'Ada changed']);
    await ada.tab.reload();
    await ada.state('connected over websocket');
  });

  it('stays on the transport it has where another cannot connect, and finds one where it has none', async (test) => {
    const { visit, gate } = await chatFor(test);
    const ada = await visit({ name: 'Ada', query: '?transport=xhr-polling' });
    await ada.state('connected over xhr-polling');
    gate.refused = /\/1\/server-events/;
    await ada.tab.selectOption('#transport', 'server-events');
    await ada.tab.locator('#note', { hasText: 'No connection over server-events. Staying on xhr-polling.' }).waitFor();
    assert.equal(await ada.tab.inputValue('#transport'), 'xhr-polling');
    await ada.say('still here');
    await ada.tab.locator('.mine .sign', { hasText: '✓' }).waitFor();
    await ada.tab.goto(`${gate.origin}/?transport=server-events`);
    await ada.state('connected over websocket');
    assert.equal(new URL(ada.tab.url()).search, '');
  });

  for (const transport of ['websocket', 'xhr-polling', 'htmlfile']) {
    it(`keeps what is written while its ${transport} connection is cut, and says it once, in order, when it is back`, async (test) => {
      const { gate, visit, guest } = await chatFor(test);
      const bob = guest();
      await bob.join(null, 'Bob');
      const ada = await visit({ name: 'Ada', query: `?transport=${transport}` });
      await ada.state(`connected over ${transport}`);
      await ada.say('before');
      await bob.untilText('before');
      await ada.tab.click('#cut');
      // Before the first attempt to come back, and not before the cut: a poll may be due.
      gate.refused = /socket\.io\/1/;
      await ada.tab.locator('#countdown', { hasText: /^Next try in [1-4] s/ }).waitFor();
      for (const text of ['one', 'two', 'three']) await ada.say(text);
      assert.deepEqual(await ada.lines(), ['before', 'one (waiting)', 'two (waiting)', 'three (waiting)']);
      assert.equal(await ada.tab.textContent('#waiting'), '3 messages waiting.');
      await bob.say('Bob goes on');
      assert.deepEqual(bob.texts, ['before', 'Bob goes on']);
      gate.refused = /(?!)/;
      await ada.hurry();
      await ada.state(`connected over ${transport}`);
      await ada.untilLines('before', 'Bob goes on', 'one', 'two', 'three');
      assert.deepEqual(bob.texts, ['before', 'Bob goes on', 'one', 'two', 'three']);
      assert.equal(await ada.tab.locator('.mine .sign', { hasText: '✓' }).count(), 4);
      assert.ok(await ada.tab.locator('#outage').isHidden());
      assert.equal(await ada.tab.evaluate(() => document.activeElement.id), 'text', 'nobody loses their place');
      await ada.untilPeople(`Ada ${transport}`, 'Bob websocket');
    });
  }

  it('comes back by itself after a server that was restarted, into its room, with what it has shown', async (test) => {
    const { visit, chat, guest } = await chatFor(test);
    const ada = await visit({ name: 'Ada', query: '?room=kitchen' });
    await ada.state('connected over websocket');
    await ada.say('before');
    await ada.untilLines('before');
    await chat.kill();
    await ada.tab.locator('#outage').waitFor();
    await ada.say('in between');
    await ada.tab.locator('#countdown', { hasText: 'so far' }).waitFor();
    await chat.restart();
    const bob = guest();
    await bob.join('kitchen', 'Bob');
    await ada.state('connected over websocket');
    await bob.until(() => bob.texts.includes('in between') || bob.all('entered')[0][0].heard.length, 'in between');
    await ada.untilLines('before', 'in between');
    await ada.untilPeople('Ada websocket', 'Bob websocket');
  });

  it('says in its room what was written there, also when another one was picked without a connection', async (test) => {
    const { gate, visit, guest } = await chatFor(test);
    const [cook, gardener] = [guest(), guest()];
    await cook.join('kitchen');
    await gardener.join('garden');
    const ada = await visit({ name: 'Ada', query: '?room=kitchen' });
    await ada.untilRooms('lobby 0', 'garden 1', 'kitchen 2');
    gate.refused = /socket\.io\/1/;
    await ada.tab.click('#cut');
    await ada.tab.locator('#outage').waitFor();
    await ada.say('for the cook');
    await ada.tab.fill('#new-room', 'garden');
    await ada.tab.press('#new-room', 'Enter');
    await ada.say('for the gardener');
    gate.refused = /(?!)/;
    await ada.hurry();
    await ada.untilLines('for the gardener');
    await gardener.untilText('for the gardener');
    assert.deepEqual([cook.texts, gardener.texts], [['for the cook'], ['for the gardener']]);
  });

  it('shows whatever strangers write as text', async (test) => {
    const { visit, guest } = await chatFor(test);
    const markup = '<img src=x onerror=report("ran")>';
    const mallory = guest();
    await mallory.join('<b>cellar</b>', '<i>Mallory</i>');
    await mallory.say(markup);
    const ada = await visit({ name: '<u>Ada</u>', query: '?room=%3Cb%3Ecellar%3C/b%3E' });
    await ada.untilLines(markup);
    await ada.untilPeople('<u>Ada</u> websocket', '<i>Mallory</i> websocket');
    mallory.socket.emit('writing');
    await ada.tab.locator('#writing', { hasText: '<i>Mallory</i> is writing' }).waitFor();
    await ada.say(markup);
    await ada.untilLines(markup, markup);
    mallory.leave();
    await ada.note('<i>Mallory</i> left');
    assert.equal(await ada.tab.textContent('#room'), '<b>cellar</b>');
    assert.equal(await ada.tab.locator('main img, main i, main u, h2 b, aside i, #rooms b').count(), 0);
  });

  it('measures how long the server takes to answer', async (test) => {
    const { visit } = await chatFor(test);
    const ada = await visit({ name: 'Ada' });
    await ada.tab.locator('#pill', { hasText: /^websocket · [\d.]+ ms$/ }).waitFor();
    const [now, least, median] = await Promise.all(['#now', '#least', '#median'].map((id) => ada.tab.textContent(id)));
    assert.ok(Number(least) > 0 && Number(least) <= Number(median) && Number(now) < 5000, `${now} ${least} ${median}`);
  });

  it('fits the smallest phone, where its panel opens and closes by touch and by keyboard', async (test) => {
    const { visit } = await chatFor(test);
    const { tab, ...ada } = Object.assign(await visit({ name: 'W'.repeat(30), viewport: smallestPhone }), {});
    await tab.locator('#pill.connected').waitFor();
    await tab.fill('#text', 'a'.repeat(300));
    await tab.press('#text', 'Enter');
    await tab.locator('.mine .sign', { hasText: '✓' }).waitFor();
    const fits = async (when) => {
      const size = await tab.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]);
      assert.deepEqual(size, [smallestPhone.width, smallestPhone.height], when);
      const small = await tab.locator('button:visible, input:visible, textarea:visible, select:visible').evaluateAll((all) =>
        all.filter((one) => Math.min(one.offsetWidth, one.offsetHeight) < 44).map((one) => one.outerHTML),
      );
      assert.deepEqual(small, [], `as large as a finger ${when}`);
    };
    await fits('in the conversation');
    assert.ok(await tab.locator('#panel').isHidden());
    await tab.focus('#open');
    await tab.keyboard.press('Enter');
    await tab.locator('#cut').waitFor();
    assert.equal(await tab.evaluate(() => document.activeElement.id), 'close');
    await fits('in the panel');
    await tab.keyboard.press('Escape');
    await tab.locator('#panel').waitFor({ state: 'hidden' });
    assert.equal(await tab.evaluate(() => document.activeElement.id), 'open');
    await tab.click('#open');
    await tab.click('#cut');
    await tab.click('#close');
    await tab.locator('#outage').waitFor();
    await fits('without a connection');
    assert.deepEqual(ada.faults, []);
  });

  it('has a name for everything that can be used', async (test) => {
    const { visit } = await chatFor(test);
    const { tab } = await visit({ name: 'Ada' });
    await tab.locator('#pill.connected').waitFor();
    for (const name of ['Make the room', 'Cut my connection', 'Send', 'Ada: change your name']) {
      assert.equal(await tab.getByRole('button', { name, exact: true }).count(), 1, name);
    }
    for (const name of ['New room', 'Message']) assert.equal(await tab.getByRole('textbox', { name, exact: true }).count(), 1, name);
    assert.equal(await tab.getByRole('combobox', { name: 'over' }).count(), 1);
    assert.equal(await tab.getByRole('log', { name: 'Messages' }).count(), 1);
    assert.equal(await tab.getByRole('link', { name: /lobby/ }).getAttribute('aria-current'), 'page');
  });

  it('has pages for 0.6, clients of 0.9 and of 4.x and its own page in one room', async (test) => {
    const { gate, visit, guest } = await chatFor(test);
    const ada = await visit({ name: 'Ada', query: '?room=kitchen' });
    await ada.state('connected');
    const [bob, cleo] = [guest('0.9'), guest('4.x')];
    await bob.join('kitchen', 'Bob');
    await cleo.join('kitchen', 'Cleo');
    const context = await browser.newContext();
    test.after(() => context.close());
    const old = await context.newPage();
    await old.goto(`${gate.origin}/old/`);
    await ada.untilPeople('Ada websocket', 'Bob websocket', 'Cleo websocket', 'Grandmother xhr-polling');
    await ada.say('hello from Ada');
    await bob.untilText('hello from Ada');
    await bob.say('hello from Bob');
    await cleo.untilText('hello from Bob');
    await cleo.say('hello from Cleo');
    await bob.untilText('hello from Cleo');
    await old.evaluate(() => socket.send({ name: 'say', args: ['hello from 0.6'] }));
    const all = ['Ada', 'Bob', 'Cleo', '0.6'].map((name) => `hello from ${name}`);
    await ada.untilLines(...all);
    for (const one of [bob, cleo]) {
      await one.untilText(all[3]);
      assert.deepEqual(one.texts, all);
    }
    await old.waitForFunction(() => heard.filter(({ name }) => name === 'heard').length === 4);
    const read = await old.evaluate(() => heard.filter(({ name }) => name === 'heard').map(({ args: [{ text }] }) => text));
    assert.deepEqual(read, all);
    await context.close();
    await ada.note('Grandmother left');
    await cleo.until(() => cleo.changes.includes('Grandmother left'), 'Grandmother left');
  });
});
