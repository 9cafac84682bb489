// What the tests of our own browser client share.

export { launchBrowser } from '../browser/browser.mjs';
export { Echo } from '../browser/echo.mjs';
export { ConnectPage } from './connect-page.mjs';
export { Gate } from './gate.mjs';
export { Log, Page, pages, script } from './page.mjs';

export const transports = ['websocket', 'xhr-polling', 'jsonp-polling'];

/**
 * All it has. HEIRLOOM_TRANSPORTS names those of an original client that is tested in the place of ours, to see that
 * the tests are right.
 */
export const everyTransport = process.env.HEIRLOOM_TRANSPORTS?.split(',') ?? [
  'websocket',
  'xhr-polling',
  'jsonp-polling',
  'htmlfile',
  'xhr-multipart',
  'server-events',
];
export const isOriginal = 'HEIRLOOM_TRANSPORTS' in process.env;
