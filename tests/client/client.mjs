// What the tests of our own browser client share.

export { launchBrowser } from '../browser/browser.mjs';
export { Echo } from '../browser/echo.mjs';
export { Gate } from './gate.mjs';
export { Page, pages, script } from './page.mjs';

export const transports = ['websocket', 'xhr-polling', 'jsonp-polling'];
