// Which rooms there are, and which one the address names.

import { byId, isolated, make } from './elements.js';

export const lobby = 'lobby';
const listed = 100;

const counts = new Map([[lobby, 0]]);
let here = lobby;
let go;

/** `enter(room)` is called when somebody picks one. */
export function onPick(enter) {
  go = enter;
}

/** These rooms have so many people now. */
export function update(changed) {
  for (const [name, count] of changed) {
    if (count || name === lobby) counts.set(name, count);
    else counts.delete(name);
  }
  draw();
}

/** A list for a new connection: it has every room there is. */
export function forget() {
  counts.clear();
  counts.set(lobby, 0);
}

export function mark(room) {
  here = room;
  byId('room').textContent = room;
  draw();
}

function draw() {
  const others = new Set([...counts.keys(), here]);
  others.delete(lobby);
  const names = [lobby, ...[...others].sort((one, other) => one.localeCompare(other))];
  const focused = document.activeElement?.dataset.room;
  byId('rooms').replaceChildren(...names.slice(0, listed).map(row));
  if (focused === undefined) return;
  for (const link of byId('rooms').querySelectorAll('a')) if (link.dataset.room === focused) link.focus();
}

// A link like any other: it opens in another tab, too.
function row(name) {
  const number = counts.get(name) ?? 0;
  const badge = make('span', { className: 'number', title: `${number} there` }, String(number));
  const link = make('a', { href: address({ room: name }) }, make('span', { className: 'name' }, isolated(name)), badge);
  link.dataset.room = name;
  if (name === here) link.setAttribute('aria-current', 'page');
  link.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(name);
  });
  return make('li', {}, link);
}

byId('make').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = byId('new-room').value.trim();
  byId('new-room').value = '';
  if (name) go(name);
});

// ---- the address

const query = () => new URLSearchParams(location.search);

export const wanted = (name) => query().get(name)?.trim() ?? '';

/** The address of this page with another room or transport. */
export function address(changes) {
  const asked = query();
  for (const [name, value] of Object.entries(changes)) asked.set(name, value);
  if (asked.get('room') === lobby) asked.delete('room');
  if (!asked.get('transport')) asked.delete('transport');
  return asked.size ? `?${asked}` : location.pathname;
}
