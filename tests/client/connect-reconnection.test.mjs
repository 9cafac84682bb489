// What `io.connect` and `io` do when their server dies, refuses them or cannot be reached: they come back, or say that
// they do not.

import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { everyTransport, isOriginal, launchBrowser } from './client.mjs';
import { apis, declarer, patterns, quiet } from './outage-page.mjs';
import { answer, ignore, refuse } from './proxy.mjs';

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser?.close());

const shows = declarer(() => browser);
const sixtyYears = 2 ** 31 - 1;
const counts = (attempts) => Array.from({ length: attempts }, (_, index) => [index + 1]);

/** A client may notice only by the close timeout. */
const env = { CLOSE_TIMEOUT: '2000', HEARTBEAT_TIMEOUT: '2000', HEARTBEAT_INTERVAL: '500', POLL_DURATION: '500' };

describe('a server that is killed and started again', { concurrency: 4 }, () => {
  async function survive({ echo, page }, transport) {
    const first = await page.begun(transport);
    if (!isOriginal) await page.enter('/chat');
    if (!isOriginal) await page.of('/chat').untilEvent('connect');
    await page.sendTo('/', 'before');
    await page.hears(['before']);
    await echo.kill();
    await page.untilEvent('disconnect');
    await page.evaluate((chat) => {
      const { '/': root, '/chat': other } = window.namespaces;
      root.send('one');
      if (chat) other.send('two');
      root.emit('echo', { three: 3 });
      if (chat) other.emit('echo', 'four');
      root.send('é漢😀');
    }, !isOriginal);
    await page.untilEvent('reconnecting', 2);
    await page.sendTo('/', 'five');
    await echo.restart();
    await page.untilEvent('reconnect');
    await page.untilEvent('connect', 2);
    await page.hears(['before', 'one', ['echo', { three: 3 }], 'é漢😀', 'five']);
    if (!isOriginal) {
      await page.of('/chat').untilEvent('connect', 2);
      await page.hears(['two', ['echo', 'four']], '/chat');
    }
    await page.sendTo('/', 'after');
    await page.hears(['before', 'one', ['echo', { three: 3 }], 'é漢😀', 'five', 'after']);
    assert.notEqual(await page.session(), first);
    assert.deepEqual(echo.connected, [first, await page.session()]);
  }

  for (const transport of everyTransport) {
    shows(
      `has io.connect back over ${transport}, with its namespaces and everything said meanwhile`,
      async ({ echo, page }) => {
        await survive({ echo, page }, transport);
        const attempts = page.count('reconnecting');
        const waits = Array.from({ length: attempts }, (_, index) => ['reconnecting', 100 * 2 ** index, index + 1]);
        assert.deepEqual(
          page.lifeCycle.filter(([name]) => name !== 'connecting'),
          [['connect'], ['disconnect'], ...waits, ['reconnect', transport, attempts], ['connect']],
        );
        const connecting = page.told('connecting').flat();
        assert.deepEqual([connecting[0], connecting.at(-1)], [transport, transport]);
      },
      { env },
    );

    if (isOriginal) continue;
    shows(
      `has io back over ${transport}, with its namespaces and everything said meanwhile`,
      async ({ echo, page }) => {
        await survive({ echo, page }, transport);
        const attempts = page.count('reconnect_attempt');
        assert.ok(attempts >= 2);
        assert.deepEqual(page.told('reconnect_attempt'), counts(attempts));
        assert.deepEqual(page.told('reconnecting'), counts(attempts));
        assert.deepEqual(page.told('reconnect'), [[attempts]]);
        assert.match(String(page.told('disconnect')), /^(transport (close|error)|ping timeout)$/);
        assert.equal(page.count('connect'), 2);
        assert.match(String(page.told('reconnect_error')[0]), /^Error: ./);
      },
      { env, api: 'io' },
    );
  }
});

describe('the waits between attempts', { concurrency: 4 }, () => {
  /** What `performance.now()` said in the page when an event came. */
  const timesOf = (page, name) => page.events.filter((event) => event.name === name).map(({ at }) => at);
  const busy = 700; // how late a timer may be on a loaded machine
  const between = (value, low, high) => assert.ok(value >= low - 3 && value < high, `${value} ms`);

  shows('are at least as long as it says, and double', async ({ echo, page }) => {
    await page.begun('xhr-polling', { delay: 200 });
    await echo.kill();
    await page.untilEvent('reconnecting', 3);
    assert.deepEqual(page.told('reconnecting'), [[400, 1], [800, 2], [1600, 3]]);
    const [lost] = timesOf(page, 'disconnect');
    const [first, second, third] = timesOf(page, 'reconnecting');
    between(first - lost, 200, 400 + busy);
    between(second - first, 400, 500 + busy);
    between(third - second, 800, 1000 + busy);
  });

  shows('double no further than the limit', async ({ echo, page }) => {
    await page.begun('websocket', { limit: 150 });
    await echo.kill();
    await page.untilEvent('reconnecting', 5);
    assert.deepEqual(page.told('reconnecting').slice(0, 5), [[100, 1], [200, 2], [200, 3], [200, 4], [200, 5]]);
  });

  shows(
    'end when the browser is online again',
    async ({ proxy, page }) => {
      await page.begun('websocket', { delay: sixtyYears / 4 });
      proxy.cut();
      await page.untilEvent('disconnect');
      await page.evaluate(() => window.dispatchEvent(new Event('online')));
      await page.untilEvent('connect', 2);
      await page.sendTo('/', 'online');
      await page.hears(['online']);
    },
    { ours: true },
  );

  shows(
    'are not the same for everybody',
    async ({ proxy, page }) => {
      await page.evaluate(() => {
        for (let number = 0; number < 20; number += 1) {
          const options = { 'force new connection': true, 'reconnection delay': 400, transports: ['websocket'] };
          window.enter(`socket ${number}`, 'connect', '', options);
        }
      });
      const keys = Array.from({ length: 20 }, (_, number) => `socket ${number}`);
      await Promise.all(keys.map((key) => page.of(key).untilEvent('connect')));
      const before = proxy.count(patterns.handshake);
      const lost = performance.now();
      proxy.cut();
      await Promise.all(keys.map((key) => page.of(key).untilEvent('reconnect')));
      const handshakes = proxy.requests.filter(({ line }) => patterns.handshake.test(line)).slice(before);
      assert.equal(handshakes.length, 20);
      const times = handshakes.map(({ at }) => at - lost);
      between(Math.min(...times), 400, 800);
      assert.ok(Math.max(...times) - Math.min(...times) >= 150, `at ${times.map(Math.round)}`);
    },
    { ours: true },
  );
});

describe('attempts to come back', { concurrency: 4 }, () => {
  shows(
    'stay with one transport, until in a last round every one is tried',
    async ({ proxy, page }) => {
      await page.begun(['websocket', 'xhr-polling'], { attempts: 2, timeout: 1000 });
      proxy.treat(patterns.websocket, refuse());
      proxy.cut();
      await page.untilEvent('connect', 2);
      assert.deepEqual(page.told('reconnecting').map(([, attempt]) => attempt), [1, 2]);
      const tried = page.told('connecting').flat();
      assert.deepEqual(tried, ['websocket', 'websocket', 'websocket', 'websocket', 'xhr-polling']);
      assert.deepEqual(page.told('reconnect').map(([transport]) => transport), ['xhr-polling']);
      await page.sendTo('/', 'here again');
      await page.hears(['here again']);
    },
    // So does the original, unless its time to connect is longer than its waits: then its rounds overlap.
    { ours: true },
  );

  shows(
    'end with the last round, and can be begun anew by the page',
    async ({ echo, page }) => {
      await page.begun(['xhr-polling', 'websocket'], { attempts: 2, timeout: 2000 });
      await echo.kill();
      await page.untilEvent('disconnect');
      await page.sendTo('/', 'kept');
      await page.untilEvent('reconnect_failed');
      assert.deepEqual(page.told('reconnecting'), [[100, 1], [200, 2]]);
      assert.equal(page.count('reconnect_failed'), 1);
      const { connected, connecting, reconnecting } = await page.facts();
      assert.deepEqual([connected, connecting, reconnecting], [false, false, false]);
      await echo.restart();
      await page.returns();
      await page.hears(['kept']);
    },
    { ours: true },
  );

  shows(
    'end for io after as many as it was told',
    async ({ echo, page, proxy }) => {
      await page.begun('websocket', { attempts: 3 });
      await echo.kill();
      await page.untilEvent('reconnect_failed');
      assert.deepEqual(page.told('reconnect_attempt'), [[1], [2], [3]]);
      assert.equal(page.count('reconnect_error'), 3);
      const before = proxy.requests.length;
      await quiet(500);
      assert.equal(proxy.requests.length, before);
      await echo.restart();
      await page.returns();
      await page.untilEvent('connect', 2);
    },
    { ours: true, api: 'io' },
  );

  for (const api of apis) {
    shows(
      `do not happen when they are switched off (${api})`,
      async ({ proxy, page }) => {
        await page.begun('websocket', { reconnect: false });
        const before = proxy.count(patterns.client);
        proxy.cut();
        await page.untilEvent('disconnect');
        await quiet(500);
        assert.equal(proxy.count(patterns.client), before);
        assert.deepEqual(page.told('reconnecting'), []);
      },
      { api },
    );

    shows(
      `survive a server that refuses one of them with 403 (${api})`,
      async ({ proxy, page }) => {
        await page.begun('xhr-polling');
        const unauthorized = answer(403, 'handshake unauthorized', 'text/plain');
        const refusal = proxy.treat(patterns.handshake, unauthorized, { times: 2 });
        const loss = proxy.treat(patterns.poll, answer(500), { times: 1 });
        await page.untilEvent('disconnect');
        await page.sendTo('/', 'kept');
        await page.untilEvent('connect', 2);
        assert.deepEqual([refusal.used, loss.used], [2, 1]);
        await page.hears(['kept']);
        if (api === 'connect') assert.deepEqual(page.told('error'), Array(2).fill(['handshake unauthorized']));
        else assert.equal(page.told('reconnect_error').flat()[0], 'Error: handshake unauthorized');
      },
      { ours: true, api, env },
    );
  }

  for (const transport of everyTransport.filter((name) => name.endsWith('polling'))) {
    shows(`begin when a poll over ${transport} hears that its session is unknown`, async ({ proxy, page }) => {
      const first = await page.begun(transport);
      const unknown = transport === 'jsonp-polling' ? 'io.j[0]("7:::1+0");' : '7:::1+0';
      proxy.treat(patterns.poll, answer(200, unknown, 'text/javascript'), { times: 1 });
      await page.sendTo('/', 'one');
      await page.untilEvent('connect', 2);
      assert.notEqual(await page.session(), first);
      await page.sendTo('/', 'two');
      await page.hearsAtLast('two');
      assert.equal(page.count('disconnect'), 1);
    });
  }
});

describe('a page that leaves', { concurrency: 4 }, () => {
  /** Nothing of the connection is left: neither a timer that would ask again, nor a request that waits. */
  async function leavesNothing({ echo, proxy, page }, session) {
    await page.leave();
    if (session) await echo.untilDisconnected(session);
    await page.untilIdle();
    const before = proxy.requests.map(({ line }) => line);
    await quiet(300);
    assert.deepEqual(proxy.requests.map(({ line }) => line), before);
    const connects = page.count('connect');
    await page.returns();
    await page.untilEvent('connect', connects + 1);
    await page.sendTo('/', 'here again');
    await page.hearsAtLast('here again');
  }

  for (const api of apis) {
    const leaves = (when, check, options) =>
      shows(`${when}, leaves nothing behind and may come back (${api})`, check, { ours: true, api, ...options });

    leaves('while the handshake waits', async ({ proxy, page }) => {
      const rule = proxy.treat(patterns.handshake, ignore());
      await page.begin('xhr-polling');
      await proxy.untilUsed(rule);
      rule.end();
      await leavesNothing({ proxy, page });
      assert.equal(page.count('disconnect'), 0);
    });

    for (const transport of everyTransport) {
      leaves(`while ${transport} connects`, async ({ proxy, page }) => {
        const rule = proxy.treat(new RegExp(`^GET .*/${transport}/`), ignore());
        await page.begin([transport, transport === 'websocket' ? 'xhr-polling' : 'websocket']);
        await proxy.untilUsed(rule);
        rule.end();
        await leavesNothing({ proxy, page });
      });

      leaves(`connected over ${transport}`, async ({ echo, proxy, page }) => {
        const session = await page.begun(transport);
        await leavesNothing({ echo, proxy, page }, session);
        assert.equal(page.count('disconnect'), 1);
      }, { env: { CLOSE_TIMEOUT: '60000' } });
    }

    leaves('while it waits for the next attempt', async ({ proxy, page }) => {
      await page.begun('websocket', { delay: 10000 });
      proxy.cut();
      await page.untilEvent('disconnect');
      await leavesNothing({ proxy, page });
      assert.equal(page.count('reconnecting'), 0);
    });

    leaves('while it tries again', async ({ proxy, page }) => {
      await page.begun('websocket');
      const rule = proxy.treat(patterns.websocket, ignore());
      proxy.cut();
      await proxy.untilUsed(rule);
      rule.end();
      await leavesNothing({ proxy, page });
    });
  }
});

describe('the first connection', { concurrency: 4 }, () => {
  const failures = { refused: refuse(), 'answered with 400': answer(400), hanging: ignore() };
  for (const [how, treatment] of Object.entries(failures)) {
    shows(`moves on to the next transport, in the same session, when the first is ${how}`, async ({ proxy, page }) => {
      proxy.treat(patterns.websocket, treatment);
      await page.begin(['websocket', 'xhr-polling'], { timeout: 1000 });
      await page.untilEvent('connect');
      assert.deepEqual(page.lifeCycle, [['connecting', 'websocket'], ['connecting', 'xhr-polling'], ['connect']]);
      assert.equal(proxy.count(patterns.handshake), 1);
      const lines = proxy.requests.map(({ line }) => line);
      const sessions = lines.flatMap((line) => /\/(?:websocket|xhr-polling)\/([^ /?]+)/.exec(line)?.[1] ?? []);
      assert.deepEqual([...new Set(sessions)], [await page.session()]);
      await page.sendTo('/', 'text');
      await page.hears(['text']);
    });
  }

  for (const transport of everyTransport.filter((name) => name !== 'websocket')) {
    shows(
      `moves on from ${transport} at once when that is answered with an error`,
      async ({ proxy, page }) => {
        proxy.treat(new RegExp(`/${transport}/`), answer(502));
        await page.begin([transport, 'websocket'], { timeout: 60000 });
        await page.untilEvent('connect');
        assert.deepEqual(page.lifeCycle, [['connecting', transport], ['connecting', 'websocket'], ['connect']]);
      },
      { ours: true },
    );
  }

  shows(
    'fails when no other transport may be tried',
    async ({ proxy, page }) => {
      proxy.treat(patterns.websocket, ignore());
      await page.begin(['websocket', 'xhr-polling'], { timeout: 1000, fallback: false });
      await page.untilEvent('connect_failed');
      assert.deepEqual(page.lifeCycle, [['connecting', 'websocket'], ['connect_failed']]);
      assert.equal((await page.facts()).connecting, false);
    },
    { ours: true },
  );

  const refusals = [
    [403, 'handshake unauthorized'],
    [500, 'handshake error'],
    [503, '<!doctype html><h1>Come back later</h1>'],
  ];
  for (const [status, body] of refusals) {
    shows(
      `says why when the handshake is answered with ${status}`,
      async ({ proxy, page }) => {
        const rule = proxy.treat(patterns.handshake, answer(status, body, 'text/plain'));
        await page.begin('websocket');
        await page.untilEvent('error');
        // A whole page is no reason to tell anybody.
        if (isOriginal || !body.startsWith('<')) assert.deepEqual(page.told('error'), [[body]]);
        else assert.match(String(page.told('error')), /^handshake [\w ()]+$/);
        assert.equal((await page.facts()).connecting, false);
        rule.end();
        await page.returns();
        await page.untilEvent('connect');
      },
      // The original stays where it was after a 403.
      { ours: status === 403 },
    );

    shows(
      `of io is tried again when the handshake is answered with ${status}`,
      async ({ proxy, page }) => {
        proxy.treat(patterns.handshake, answer(status, body, 'text/plain'), { times: 2 });
        await page.begin('websocket');
        await page.untilEvent('connect');
        assert.match(page.told('connect_error')[0][0], /^Error: ./);
        assert.equal(page.count('connect_error'), 2);
        assert.equal(proxy.count(patterns.handshake), 3);
      },
      { ours: true, api: 'io' },
    );
  }
});
