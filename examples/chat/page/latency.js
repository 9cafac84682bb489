// How long the server takes to answer, over whatever carries us.

import { byId } from './elements.js';

const every = 3000;
const kept = 30;
const [width, height] = [120, 32];

const samples = [];
let measured = '';
let asked = 0; // when the question was asked that has no answer yet

/** Asks every few seconds with `ask(answered)`, which says whether there is a connection. Tells each answer. */
export function measure(ask, tell) {
  const question = () => {
    // A lost answer is not waited for.
    if (asked && performance.now() - asked < 4 * every) return;
    const begun = (asked = performance.now());
    const asking = ask(() => {
      if (asked !== begun) return;
      asked = 0;
      tell(take(performance.now() - begun));
    });
    if (!asking) asked = 0;
  };
  setInterval(question, every);
  return {
    /** A new connection. Over another transport, what was measured before says nothing about it. */
    restart(transport) {
      asked = 0;
      if (transport !== measured) samples.length = 0;
      measured = transport;
      draw();
      question();
    },
  };
}

function take(milliseconds) {
  samples.push(milliseconds);
  if (samples.length > kept) samples.shift();
  draw();
  return written(milliseconds);
}

function draw() {
  const sorted = [...samples].sort((one, other) => one - other);
  byId('now').textContent = written(samples.at(-1));
  byId('least').textContent = written(sorted[0]);
  byId('median').textContent = written(sorted[sorted.length >> 1]);
  const most = Math.max(10, ...samples);
  const bar = (sample, index) => {
    const x = ((kept - samples.length + index + 0.5) * width) / kept;
    return `M${x.toFixed(1)} ${height}V${(height - 2 - (sample / most) * (height - 4)).toFixed(1)}`;
  };
  byId('spark').firstElementChild.setAttribute('d', samples.map(bar).join(''));
}

function written(milliseconds) {
  if (milliseconds === undefined) return '–';
  return milliseconds < 10 ? milliseconds.toFixed(1) : String(Math.round(milliseconds));
}
