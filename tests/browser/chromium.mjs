// One headless Chromium in a process group of its own. It ends when it is told to, and when this process is gone.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const startLimit = 60_000;
const endLimit = 5_000;

const switches = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--hide-scrollbars',
  // The shared memory of a container may be small.
  '--disable-dev-shm-usage',
  // Nothing in the background, and nothing that slows a page down because nobody looks at it.
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-component-extensions-with-background-pages',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-field-trial-config',
  '--disable-renderer-backgrounding',
  '--disable-search-engine-choice-screen',
  '--disable-sync',
  '--metrics-recording-only',
  '--password-store=basic',
  `--disable-features=${[
    'GlobalMediaControls',
    'HttpsFirstBalancedModeAutoEnable',
    'HttpsUpgrades',
    'MediaRouter',
    'OptimizationHints',
    'PreloadTopChromeWebUI',
    'RenderDocument',
    'Translate',
    // Two pages of its own beside each of ours.
    'WebUIOmniboxAimPopup',
    'WebUIOmniboxPopup',
  ]}`,
  // Nothing that keeps a test from what it asks for.
  '--allow-pre-commit-input',
  '--disable-back-forward-cache',
  '--disable-hang-monitor',
  '--disable-ipc-flooding-protection',
  '--disable-popup-blocking',
  '--disable-prompt-on-repost',
  '--disable-quic',
  '--remote-debugging-port=0',
  // Or else it loads a page of its own.
  'about:blank',
];

// Reads until the other end of its input is closed, by us or by our end, however that comes. Only SIGKILL is certain to
// end a browser. The files of its processes may outlast them for a moment.
const guard = `
  read -r _
  kill -s KILL -- "-$1"
  for attempt in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$2" && exit; sleep 0.2; done
`;

/** Debian's Chromium, in a fresh profile and without anything it does in the background. */
export async function launchBrowser() {
  const program = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const profile = mkdtempSync(path.join(tmpdir(), 'heirloom-chromium-'));
  const child = spawn(program, [...switches, `--user-data-dir=${profile}`], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    rmSync(profile, { recursive: true });
    throw error;
  }
  const watch = spawn('/bin/sh', ['-c', guard, 'guard', String(child.pid), profile], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });

  const end = async () => {
    watch.stdin.destroy();
    await exited(child);
    // Its crash handler, which is in no group of ours, may hold the other end a little longer.
    child.stderr.destroy();
  };
  try {
    const address = await addressOf(child);
    // None of these is a reason for this process to go on.
    for (const handle of [child, child.stderr, watch, watch.stdin]) handle.unref();
    const browser = await chromium.connectOverCDP(address, { timeout: startLimit });
    // The browser's own way takes as long as the browser likes.
    browser.close = end;
    return browser;
  } catch (error) {
    await end();
    throw error;
  }
}

/** Where the browser is to be told what to do. It says so on its standard error, which has to be read on. */
function addressOf(child) {
  const said = [];
  return new Promise((resolve, reject) => {
    const fail = (reason) => reject(new Error(`Chromium ${reason}: ${said.slice(-5).join('\n')}`));
    const timer = setTimeout(() => fail('did not start in time'), startLimit);
    child.once('exit', () => fail('ended')).once('exit', () => clearTimeout(timer));
    createInterface(child.stderr).on('line', (line) => {
      const [, address] = /^DevTools listening on (\S+)/.exec(line) ?? [];
      if (!address) return said.push(line);
      clearTimeout(timer);
      resolve(address);
    });
  });
}

/** Waits for the end of a process that was killed, but not for one the system cannot end. */
async function exited(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  await once(child, 'exit', { signal: AbortSignal.timeout(endLimit) }).catch(() => {});
  child.unref();
}
