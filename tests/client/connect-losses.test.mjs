// What `io.connect` and `io` lose, repeat and do when a bad way cuts, delays, answers or swallows what they say.

import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { everyTransport, launchBrowser } from './client.mjs';
import { apis, declarer, patterns, quiet } from './outage-page.mjs';
import { answer, cutAnswer, cutRequest, ignore, swallowAnswer } from './proxy.mjs';

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser?.close());

const shows = declarer(() => browser);
const posting = everyTransport.filter((name) => name !== 'websocket');
const count = (number, word = '') => Array.from({ length: number }, (_, index) => `${word}${index}`);
const receiving = (transport) => new RegExp(`^GET .*/${transport}/`);

describe('a connection that is cut in the middle of a message', { concurrency: 4 }, () => {
  for (const transport of posting) {
    shows(
      `of the page's, over ${transport}, loses and repeats nothing`,
      async ({ proxy, page }) => {
        const first = await page.begun(transport);
        // Each time in that session: a browser may say by itself once more what broke on a connection it had used before.
        const rule = proxy.treat(new RegExp(`^POST .*${first}`), cutRequest(1000), { body: /x{1000}/ });
        const texts = ['first', 'x'.repeat(5000), 'last'];
        await page.sendTo('/', ...texts);
        await page.sendTo('/', 'later');
        await page.hears([...texts, 'later']);
        assert.ok(rule.used >= 1);
        assert.notEqual(await page.session(), first);
        assert.equal(page.count('disconnect'), 1);
      },
      { ours: true },
    );

    shows(
      `of the page's, over ${transport}, behind it, repeats it at most`,
      async ({ proxy, page }) => {
        await page.begun(transport);
        proxy.treat(patterns.post, swallowAnswer(), { once: true, body: /two/ });
        await page.sendTo('/', 'one', 'two');
        await page.sendTo('/', 'later');
        await page.hearsAtLast('later');
        // What the server answered through a session that was left is gone with it.
        assert.deepEqual([...new Set(page.heard())], ['one', 'two', 'later']);
      },
      { ours: true },
    );
  }

  for (const transport of everyTransport) {
    shows(
      `of the server's, over ${transport}, delivers nothing of it and goes on`,
      async ({ proxy, page }) => {
        proxy.treat(receiving(transport), cutAnswer('in the middle'));
        const first = await page.begun(transport);
        await page.sendTo('/', 'in the middle of it');
        await page.untilEvent('reconnect');
        await page.sendTo('/', 'afterwards');
        await page.hears(['afterwards']);
        assert.notEqual(await page.session(), first);
      },
      // The original does not hear of a script that could not be loaded.
      { ours: transport === 'jsonp-polling' },
    );
  }

  shows(
    "of the page's, over websocket, goes out again with everything the network had not taken",
    async ({ proxy, page }) => {
      proxy.treat(patterns.websocket, (exchange) => {
        exchange.pass();
        exchange.link.browser.pause();
      }, { times: 1 });
      await page.begin('websocket');
      await page.untilEvent('connect');
      const buffered = await page.evaluate(() => {
        for (let number = 0; number < 120; number += 1) {
          window.socket.emit('nobody listens', 'x'.repeat(100000)).send(String(number));
        }
        return window.socket.socket.transport.connection.bufferedAmount;
      });
      assert.ok(buffered > 1e6, `${buffered} bytes`);
      proxy.cut();
      await page.untilEvent('reconnect');
      await page.sendTo('/', 'later');
      await page.hearsAtLast('later');
      // Those the network had taken nobody can know of; none of the others is missing or out of its place.
      const texts = page.heard();
      assert.ok(texts.length > 5, `${texts}`);
      assert.deepEqual(texts, [...count(120), 'later'].slice(-texts.length));
    },
    { ours: true },
  );

  shows("of the page's, over websocket, does not bring half of it to the server", async ({ proxy, page }) => {
    proxy.treat(patterns.websocket, (exchange) => {
      exchange.pass((data) => {
        exchange.link.toServer(data.subarray(0, 2000));
        if (data.length > 2000) setImmediate(() => exchange.link.cut());
      });
    }, { times: 1 });
    await page.begun('websocket');
    await page.sendTo('/', 'before', 'x'.repeat(5000));
    await page.untilEvent('reconnect');
    await page.sendTo('/', 'afterwards');
    await page.hearsAtLast('afterwards');
    assert.ok(page.heard().every((text) => text === 'before' || text === 'afterwards' || text === 'x'.repeat(5000)));
  });
});

describe('300 messages while the connection is cut again and again', { concurrency: 3 }, () => {
  /** Sends them in small groups while the proxy cuts, and returns the numbers that reached the server, in its order. */
  async function converse({ echo, proxy, page }, transport, disturb) {
    // What one client broadcasts everybody hears: also a witness who comes by a way of its own.
    await page.evaluate((url) => {
      window.enter('witness', 'connect', url, { 'force new connection': true, transports: ['websocket'] });
    }, echo.url);
    await page.of('witness').untilEvent('connect');
    await page.begun(transport, { delay: 10, limit: 20, attempts: 1000 });
    const said = page.evaluate(async () => {
      for (let number = 0; number < 300; number += 3) {
        for (const offset of [0, 1, 2]) window.socket.send(`b:${number + offset}`);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 15));
      }
      window.socket.send('b:end');
    });
    for (let times = 0; times < 10; times += 1) {
      await quiet(Math.random() * 100);
      // Now and then in the middle of a request, while there are any.
      const next = proxy.count(patterns.post) + 1;
      const request = transport !== 'websocket' && times % 3 === 1 && proxy.untilRequest(patterns.post, next);
      await Promise.race([request, said]).catch(() => {});
      disturb(proxy);
    }
    await said;
    await page.hearsAtLast('b:end', 'witness');
    return page.heard('witness').map((text) => text.slice(2));
  }
  const settings = { ours: true, env: { ORIGINS: '*:*' } };

  for (const transport of posting) {
    shows(
      `loses none over ${transport}, keeps their order, and repeats only what was under way`,
      async (place) => {
        let underWay = 0;
        const numbers = await converse(place, transport, (proxy) => {
          underWay += proxy.cut().filter((line) => patterns.post.test(line)).length;
        });
        assert.deepEqual([...new Set(numbers)], [...count(300), 'end']);
        // A batch that comes again is one step back.
        const steps = numbers.filter((number, index) => index > 0 && Number(number) <= Number(numbers[index - 1]));
        assert.ok(steps.length <= underWay, `${steps.length} repetitions, ${underWay} requests cut: ${numbers}`);
        assert.ok(underWay > 0);
      },
      settings,
    );
  }

  shows(
    'repeats none over websocket, keeps their order, and loses only what was handed over',
    async (place) => {
      const numbers = await converse(place, 'websocket', (proxy) => proxy.cut());
      assert.equal(numbers.pop(), 'end');
      const gaps = numbers.filter((number, index) => Number(number) !== Number(numbers[index - 1] ?? -1) + 1);
      assert.deepEqual(numbers, [...new Set(numbers)].sort((one, other) => one - other));
      // Each of the ten cuts may have lost what had just been handed over.
      assert.ok(gaps.length <= 10, `gaps before ${gaps}`);
      assert.ok(place.page.count('reconnect') >= 1);
    },
    settings,
  );
});

describe('a way that goes silent', { concurrency: 4 }, () => {
  // Announced in whole seconds; the server's part comes more often than that.
  const env = { HEARTBEAT_INTERVAL: '500', HEARTBEAT_TIMEOUT: '2000', CLOSE_TIMEOUT: '2000', POLL_DURATION: '500' };

  for (const transport of everyTransport) {
    shows(
      `is noticed over ${transport} within the time the server announced, and not before`,
      async ({ proxy, page }) => {
        // Also the handshake may meet a connection that was kept and leads nowhere.
        const first = await page.begun(transport, { timeout: 1000 });
        await quiet(2500);
        assert.equal(page.count('disconnect'), 0);
        proxy.stall();
        const since = await page.evaluate(() => performance.now());
        await page.sendTo('/', 'kept');
        const { at } = await page.untilEvent('disconnect');
        assert.ok(at - since < 2000 + 800, `after ${at - since} ms`);
        proxy.recover();
        await page.untilEvent('reconnect');
        assert.notEqual(await page.session(), first);
        // A websocket has handed it to the network, and cannot know.
        if (transport !== 'websocket') await page.hears(['kept']);
      },
      // The original may wait for ever for the answer to its next handshake.
      { ours: true, env },
    );
  }

  for (const api of apis) {
    shows(
      `at the handshake is given up after the connect timeout (${api})`,
      async ({ proxy, page }) => {
        const rule = proxy.treat(patterns.handshake, ignore());
        await page.begin('websocket', { timeout: 1000 });
        await page.untilEvent({ connect: 'error', io: 'connect_error' }[api]);
        rule.end();
        if (api === 'connect') await page.returns();
        await page.untilEvent('connect');
      },
      { ours: true, api },
    );

    shows(
      `at the handshake of a reconnection does not end the attempts (${api})`,
      async ({ proxy, page }) => {
        await page.begun('websocket', { timeout: 1000 });
        const rule = proxy.treat(patterns.handshake, ignore(), { times: 2 });
        proxy.cut();
        await page.untilEvent('disconnect');
        await page.sendTo('/', 'kept');
        await page.untilEvent('reconnect');
        assert.equal(rule.used, 2);
        await page.hears(['kept']);
      },
      { ours: true, api },
    );
  }
});

describe('a proxy that answers in the place of the server', { concurrency: 4 }, () => {
  for (const transport of everyTransport) {
    for (const status of [502, 403]) {
      shows(
        `with ${status} what is to be received over ${transport} makes it begin anew`,
        async ({ proxy, page }) => {
          const first = await page.begun(transport);
          const rule = proxy.treat(receiving(transport), answer(status), { times: 2 });
          if (transport === 'websocket' || !transport.endsWith('polling')) proxy.cut();
          await page.untilEvent('disconnect');
          await page.sendTo('/', 'kept');
          await page.untilEvent('reconnect');
          await page.hears(['kept']);
          assert.notEqual(await page.session(), first);
          assert.equal(rule.used, 2);
        },
        { ours: transport !== 'xhr-polling' && transport !== 'websocket', env: { POLL_DURATION: '200' } },
      );
    }
  }

  for (const transport of posting.filter((name) => name !== 'jsonp-polling')) {
    for (const status of [502, 503]) {
      shows(
        `with ${status} what was sent over ${transport} does not make it get lost`,
        async ({ proxy, page }) => {
          await page.begun(transport);
          const rule = proxy.treat(patterns.post, answer(status), { times: 2 });
          await page.sendTo('/', 'one', 'two');
          await page.sendTo('/', 'three');
          await page.hears(['one', 'two', 'three']);
          assert.equal(rule.used, 2);
        },
        { ours: true },
      );
    }

    shows(
      `with 413 what was sent over ${transport} does not make it try that forever`,
      async ({ proxy, page }) => {
        await page.begun(transport);
        const rule = proxy.treat(patterns.post, answer(413), { body: /too much/ });
        await page.sendTo('/', 'too much');
        await proxy.untilUsed(rule);
        await page.sendTo('/', 'little');
        await page.hears(['little']);
        await quiet(300);
        assert.ok(rule.used <= 2, `sent ${rule.used} times`);
      },
      { ours: true },
    );
  }

  // A captive portal: whatever is asked for, the answer is a page that asks to log in.
  const hotspot = '<!doctype html><title>Hotspot</title><a href="x:y">Log in</a>';
  for (const api of apis) {
    shows(
      `with a page at the handshake is an error, not a loop (${api})`,
      async ({ proxy, page }) => {
        const rule = proxy.treat(patterns.client, answer(200, hotspot));
        await page.begin('websocket', { delay: 200, timeout: 2000 });
        await page.untilEvent({ connect: 'error', io: 'connect_error' }[api]);
        await quiet(1000);
        assert.equal(page.count('connect'), 0);
        // `io` tries again, and waits in between.
        assert.ok(rule.used <= (api === 'io' ? 6 : 1), `${rule.used} requests`);
        rule.end();
        if (api === 'connect') await page.returns();
        await page.untilEvent('connect');
      },
      { ours: true, api },
    );

    for (const transport of everyTransport) {
      shows(
        `with a page to everything over ${transport} is left alone between attempts, until it is gone (${api})`,
        async ({ proxy, page }) => {
          await page.begun(transport, { delay: 100, limit: 200, timeout: 2000, attempts: 50 });
          const rule = proxy.treat(patterns.client, answer(200, hotspot));
          if (!transport.endsWith('polling')) proxy.cut();
          await page.untilEvent('disconnect');
          await page.sendTo('/', 'kept');
          await quiet(1500);
          assert.ok(rule.used <= 25, `${rule.used} requests`);
          assert.equal(page.count('connect'), 1);
          rule.end();
          await page.untilEvent('connect', 2);
          await page.hears(['kept']);
          // A page that is loaded as a script is a mistake that the browser reports.
          const isMistake = (text) => transport === 'jsonp-polling' && text === "Unexpected token '<'";
          page.exceptions = page.exceptions.filter((text) => !isMistake(text));
        },
        { ours: true, api, env: { POLL_DURATION: '200' } },
      );
    }
  }
});

describe('a page that stays for long', { concurrency: 4 }, () => {
  for (const transport of everyTransport) {
    shows(
      `does not pile up elements for what it receives and sends over ${transport}`,
      async ({ page }) => {
        await page.begun(transport);
        await page.sendTo('/', 'warm up');
        await page.hears(['warm up']);
        const before = await page.sizes();
        // To be told of every one would take longer than all the rest.
        const heard = await page.evaluate(
          () =>
            new Promise((resolve, reject) => {
              const texts = [];
              window.report = () => {};
              window.socket.on('disconnect', () => reject(new Error(`disconnected after ${texts.length}`)));
              window.socket.on('message', (text) => {
                texts.push(text);
                if (texts.length >= 2000 && texts.length < 2020) window.socket.send(`echo ${texts.length}`);
                if (texts.length === 2020) resolve(texts);
              });
              window.socket.send('!burst 2000');
            }),
        );
        const echoes = Array.from({ length: 20 }, (_, index) => `echo ${2000 + index}`);
        assert.deepEqual(heard, [...count(2000), ...echoes]);
        const after = await page.sizes();
        assert.ok(after.elements <= before.elements + 3, `${after.elements} elements after ${before.elements}`);
        assert.equal(after.callbacks, before.callbacks);
      },
      { ours: true },
    );
  }

  for (const transport of everyTransport) {
    shows(
      `does not pile up elements, callbacks and listeners over ${transport} when it has to come back often`,
      async ({ page }) => {
        const measure = () =>
          page.evaluate(() => {
            const names = ['connect', 'connect_failed', 'disconnect', 'reconnect', 'error'];
            return {
              page: window.listening,
              socket: names.map((name) => window.socket.socket.listeners(name).length),
            };
          });
        await page.begun(transport, { delay: 10, limit: 20, attempts: 100 });
        await comeBack(page, 2);
        const before = { ...(await measure()), ...(await page.sizes()) };
        for (let times = 3; times <= 10; times += 1) await comeBack(page, times);
        const after = { ...(await measure()), ...(await page.sizes()) };
        assert.ok(after.elements <= before.elements + 3, `${after.elements} elements after ${before.elements}`);
                assert.deepEqual({ ...after, elements: 0 }, { ...before, elements: 0 });
      },
      // A script cannot be taken back: a poll of a session that was left goes on until the server answers.
      { ours: true, env: { POLL_DURATION: '200' } },
    );
  }

  async function comeBack(page, times) {
    await page.evaluate(() => window.socket.socket.cut());
    await page.untilEvent('connect', times);
  }
});
