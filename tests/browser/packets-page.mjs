// An original client of 0.7 to 0.9 in a page of the browser.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Client } from '../originals/connection.mjs';
import { drive } from '../originals/driver.mjs';

const require = createRequire(import.meta.url);

/** The script of a page with that version of the client and what drives it. */
export function scriptOf(version) {
  const client = readFileSync(require.resolve(`socket.io-client-${version}/dist/socket.io.js`), 'utf8');
  return `${client};\nwindow.driver = (${drive})(window.io, window.report);`;
}

/** A page that runs such a script. */
export class PageClient extends Client {
  static async open(browser, address) {
    const client = new PageClient();
    client.context = await browser.newContext();
    client.page = await client.context.newPage();
    await client.page.exposeFunction('report', (event) => client.note(event));
    client.page.on('pageerror', (error) =>
      client.note({ namespace: '/', name: 'exception', details: [error.message] }),
    );
    client.page.on('requestfailed', (request) => {
      const details = [request.method(), request.url(), request.failure()?.errorText ?? ''];
      client.note({ namespace: '/', name: 'request failed', details });
    });
    await client.page.goto(address);
    return client;
  }

  call(method, ...values) {
    return this.page.evaluate(([name, list]) => window.driver[name](...list), [method, values]);
  }

  /** The page goes away, as when its tab is closed. */
  close() {
    return this.context.close();
  }
}
