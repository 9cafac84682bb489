// What is shown while there is no connection: when the next attempt is due, and how much waits for it.

import { byId, count } from './elements.js';

const box = byId('outage');
const countdown = byId('countdown');
const patience = byId('patience');

let timer;
let since;
let due;
let attempts;

/** The connection is lost, and is looked for in so many milliseconds. */
export function begin(delay) {
  box.hidden = false;
  wait(delay, 0);
}

/** An attempt is being made; the next one comes in so many milliseconds. */
export function wait(delay, attempt) {
  since = performance.now();
  due = since + delay;
  attempts = attempt;
  clearInterval(timer);
  timer = setInterval(draw, 100);
  draw();
}

export function end() {
  clearInterval(timer);
  box.hidden = true;
}

/** So many messages wait. */
export function hold(number) {
  byId('waiting').textContent = number ? `${count(number, 'message')} waiting.` : '';
}

// The client waits a little longer than it says, so that a server that was restarted is not stormed.
function draw() {
  const left = due - performance.now();
  const when = left > 0 ? `Next try in ${Math.ceil(left / 1000)} s` : 'Trying any moment';
  countdown.textContent = attempts ? `${when} · ${count(attempts, 'attempt')} so far` : when;
  patience.value = Math.min(1, (performance.now() - since) / (due - since));
}
