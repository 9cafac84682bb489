// One headless Firefox in a process group of its own, told what to do over WebDriver BiDi. It ends when it is told to,
// and when this process is gone.

import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

const startLimit = 60_000;
const commandLimit = 30_000;
const endLimit = 5_000;

const program = process.env.FIREFOX ?? '/usr/bin/firefox-esr';

const preferences = {
  // WebDriver BiDi alone.
  'remote.active-protocols': 1,
  // Nothing in the background: updates, measurements, lists of settings and of dangerous sites, sensors of the network.
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.aboutConfig.showWarning': false,
  'browser.cache.disk.enable': false,
  'browser.discovery.enabled': false,
  'browser.newtabpage.enabled': false,
  'browser.region.network.url': '',
  'browser.safebrowsing.blockedURIs.enabled': false,
  'browser.safebrowsing.downloads.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.safebrowsing.update.enabled': false,
  'browser.search.update': false,
  'browser.sessionstore.resume_from_crash': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage': 'about:blank',
  'browser.startup.homepage_override.mstone': 'ignore',
  'browser.startup.page': 0,
  'browser.topsites.contile.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'dom.push.connection.enabled': false,
  'extensions.getAddons.cache.enabled': false,
  'extensions.systemAddon.update.enabled': false,
  'extensions.update.enabled': false,
  'media.gmp-manager.updateEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.dns.disablePrefetch': true,
  'network.prefetch-next': false,
  'network.trr.mode': 5,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'signon.rememberSignons': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
  'toolkit.telemetry.server': '',
  // A page nobody looks at has the timers of one that is seen.
  'dom.min_background_timeout_value': 4,
  'dom.min_background_timeout_value_without_budget_throttling': 4,
  'dom.timeout.enable_budget_timer_throttling': false,
  // A few processes serve every page.
  'dom.ipc.processCount': 2,
  'dom.ipc.processCount.webIsolated': 1,
  'dom.ipc.processPrelaunch.enabled': false,
};

// Reads until the other end of its input is closed, by us or by our end, however that comes. Only SIGKILL is certain to
// end a browser. The files of its processes may outlast them for a moment.
const guard = `
  read -r _
  kill -s KILL -- "-$1"
  for attempt in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$2" && exit; sleep 0.2; done
`;

/** Why there is no Firefox to be launched, or false. */
export function missingFirefox() {
  try {
    accessSync(program, constants.X_OK);
    return false;
  } catch {
    return `${program} is not installed`;
  }
}

/** Debian's Firefox, in a fresh profile and without anything it does in the background. */
export async function launchFirefox() {
  const profile = mkdtempSync(path.join(tmpdir(), 'heirloom-firefox-'));
  const lines = Object.entries(preferences).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`);
  writeFileSync(path.join(profile, 'user.js'), lines.join(''));
  const child = spawn(program, ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      HOME: profile,
      XDG_CONFIG_HOME: profile,
      XDG_CACHE_HOME: profile,
      MOZ_CRASHREPORTER_DISABLE: '1',
      MOZ_HEADLESS_WIDTH: '1280',
      MOZ_HEADLESS_HEIGHT: '800',
    },
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
    // Whoever else holds the other end may hold it a little longer.
    child.stderr.destroy();
  };
  try {
    const address = await addressOf(child);
    // None of these is a reason for this process to go on.
    for (const handle of [child, child.stderr, watch, watch.stdin]) handle.unref();
    const firefox = new Firefox(await connectedTo(`${address}/session`), end);
    await firefox.call('session.new', { capabilities: {} });
    await firefox.call('session.subscribe', { events: ['log.entryAdded', 'script.message'] });
    return firefox;
  } catch (error) {
    await end();
    throw error;
  }
}

/** Where the browser is to be told what to do. It says so on its standard error, which has to be read on. */
function addressOf(child) {
  const said = [];
  return new Promise((resolve, reject) => {
    const fail = (reason) => reject(new Error(`Firefox ${reason}: ${said.slice(-5).join('\n')}`));
    const timer = setTimeout(() => fail('did not start in time'), startLimit);
    child.once('exit', () => fail('ended')).once('exit', () => clearTimeout(timer));
    createInterface(child.stderr).on('line', (line) => {
      const [, address] = /WebDriver BiDi listening on (\S+)/.exec(line) ?? [];
      if (!address) return said.push(line);
      clearTimeout(timer);
      resolve(address);
    });
  });
}

async function connectedTo(address) {
  const socket = new WebSocket(address, { perMessageDeflate: false, handshakeTimeout: startLimit });
  await once(socket, 'open');
  return socket;
}

/** Waits for the end of a process that was killed, but not for one the system cannot end. */
async function exited(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  await once(child, 'exit', { signal: AbortSignal.timeout(endLimit) }).catch(() => {});
  child.unref();
}

/** A browser: the commands of WebDriver BiDi, and its events, each emitted under its context. */
class Firefox extends EventEmitter {
  #socket;
  #end;
  #commands = new Map();
  #count = 0;

  constructor(socket, end) {
    super();
    this.#socket = socket;
    this.#end = end;
    this.setMaxListeners(0);
    socket.on('message', (data) => this.#take(JSON.parse(data)));
    socket.on('error', () => {});
    socket.on('close', () => this.#commands.forEach(({ fail }) => fail('the browser is gone')));
  }

  #take({ type, id, result, error, message, method, params }) {
    if (type === 'event') return this.emit(params.source.context, method, params);
    const command = this.#commands.get(id);
    if (type === 'success') return command?.succeed(result);
    return command?.fail(`${error}: ${message}`);
  }

  /** Carries out a command and returns its result. */
  call(method, params) {
    const id = (this.#count += 1);
    // Made here, so that a failure names who asked.
    const failure = new Error();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#commands.get(id).fail('no answer in time'), commandLimit);
      const done = () => {
        clearTimeout(timer);
        this.#commands.delete(id);
      };
      const succeed = (result) => resolve(result, done());
      const fail = (reason) => {
        done();
        failure.message = `${method}: ${reason}`;
        reject(failure);
      };
      this.#commands.set(id, { succeed, fail });
      if (this.#socket.readyState !== WebSocket.OPEN) return fail('the browser is gone');
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  close() {
    this.#socket.terminate();
    return this.#end();
  }
}

/** A tab with cookies of its own. What happens in it is handed to `note` as `(name, detail)`. */
export class Tab {
  #firefox;
  #context;
  #user;

  /** `prepare` runs in every document, frames included, before its scripts; it is given a function that reports. */
  static async open(firefox, prepare, note) {
    const tab = new Tab();
    tab.#firefox = firefox;
    tab.#user = (await firefox.call('browser.createUserContext', {})).userContext;
    const created = { type: 'tab', background: true, userContext: tab.#user };
    tab.#context = (await firefox.call('browsingContext.create', created)).context;
    firefox.on(tab.#context, (method, { data, level, text, stackTrace }) => {
      if (method === 'script.message') note('report', JSON.parse(data.value));
      // What comes from no script is the browser's opinion, of a connection that broke for example.
      else if (level === 'error' && stackTrace) note('exception', text);
    });
    await firefox.call('script.addPreloadScript', {
      functionDeclaration: `(report) => (${prepare})((event) => report(JSON.stringify(event)))`,
      arguments: [{ type: 'channel', value: { channel: 'report' } }],
      contexts: [tab.#context],
    });
    return tab;
  }

  async goto(url) {
    await this.#firefox.call('browsingContext.navigate', { context: this.#context, url, wait: 'complete' });
  }

  /** Calls a function in the page. Arguments and result are values that JSON can carry. */
  async evaluate(task, ...values) {
    const { result, exceptionDetails } = await this.#firefox.call('script.callFunction', {
      functionDeclaration: `async (values) => JSON.stringify(await (${task})(...JSON.parse(values)))`,
      arguments: [{ type: 'string', value: JSON.stringify(values) }],
      target: { context: this.#context },
      awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(`in the page: ${exceptionDetails.text}`);
    return result.type === 'string' ? JSON.parse(result.value) : undefined;
  }

  /** A picture of what the tab shows, as PNG. */
  async screenshot() {
    const { data } = await this.#firefox.call('browsingContext.captureScreenshot', { context: this.#context });
    return Buffer.from(data, 'base64');
  }

  async close() {
    this.#firefox.removeAllListeners(this.#context);
    // Takes the tab with it.
    await this.#firefox.call('browser.removeUserContext', { userContext: this.#user });
  }
}
