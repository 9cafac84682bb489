// What has been said, the own messages that are still on their way at the end of it.

import { byId, count, isolated, make, portrait } from './elements.js';

const shown = 500;
/** What one person says within this time stands together. */
const breath = 5 * 60_000;
const list = byId('messages');
const newer = byId('newer');
const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

let last = 0; // when the latest message that is shown was said
let unseen = 0;

/** Empties it for another room. */
export function clear() {
  list.textContent = '';
  last = 0;
  newer.hidden = true;
}

/** Shows what was heard, unless it is there already. `mine` says whose it is. */
export function show(message, mine) {
  if (message.at <= last) return;
  last = message.at;
  const body = make('p', { className: 'text' }, message.text);
  const item = make('li', { className: mine ? 'mine' : 'other' }, body);
  const when = make('time', { dateTime: new Date(message.at).toISOString() }, time.format(message.at));
  const over = make('span', { className: 'over' }, message.transport);
  const details = make('p', { className: 'details' }, make('b', {}, isolated(message.nick)), over, when);
  item.dataset.from = [message.from, message.nick, message.transport, Math.floor(message.at / breath)].join();
  item.prepend(details);
  if (!mine) item.prepend(portrait(message.nick));
  if (mine) item.append(tick());
  add(item);
  if (document.hidden && !mine) announceInTitle(unseen + 1);
}

/** Shows a line about the room. */
export function note(...parts) {
  add(make('li', { className: 'note' }, ...parts));
}

/** Shows an own message that the server does not have yet. */
export function showWaiting(text) {
  const sign = make('span', { className: 'sign' }, 'waiting');
  const item = make('li', { className: 'mine waiting' }, make('p', { className: 'text' }, text), sign);
  list.append(item);
  toEnd();
  return item;
}

/** The server has it, but has not told the room again. */
export function settle(item) {
  item.className = 'mine more';
  item.querySelector('.sign').replaceWith(tick());
}

/** The server would not have it. */
export function refuse(item) {
  item.className = 'mine refused';
  item.querySelector('.sign').textContent = 'nobody was there';
}

/** Takes the waiting message away: it was heard, and is shown as everybody sees it. */
export function withdraw(item) {
  item.remove();
}

function tick() {
  const made = make('span', { className: 'sign', title: 'the server has it' }, '✓');
  made.setAttribute('role', 'img');
  made.setAttribute('aria-label', 'the server has it');
  return made;
}

// In front of what is waiting, and below what the same person said just before.
function add(item) {
  const wasAtEnd = atEnd();
  const firstWaiting = list.querySelector('.waiting');
  list.insertBefore(item, firstWaiting);
  const before = item.previousElementSibling;
  if (item.dataset.from && before?.dataset.from === item.dataset.from) item.classList.add('more');
  while (list.children.length > shown) list.firstElementChild.remove();
  if (wasAtEnd) toEnd();
  else if (item.dataset.from) newer.hidden = false;
}

const atEnd = () => list.scrollHeight - list.scrollTop - list.clientHeight < 80;

export function toEnd() {
  list.scrollTop = list.scrollHeight;
}

list.addEventListener('scroll', () => {
  if (atEnd()) newer.hidden = true;
});
newer.addEventListener('click', toEnd);

// A keyboard on the screen takes its space from the messages; the last ones stay in sight.
let wasAtEnd = true;
list.addEventListener('scroll', () => (wasAtEnd = atEnd()));
new ResizeObserver(() => wasAtEnd && toEnd()).observe(list);

// ---- how many there are that nobody has seen, in the title

let title = document.title;

export function entitle(room) {
  title = `${room} · Heirloom chat`;
  announceInTitle(unseen);
}

function announceInTitle(number) {
  unseen = number;
  document.title = unseen ? `(${count(unseen, 'message')}) ${title}` : title;
}

document.addEventListener('visibilitychange', () => document.hidden || announceInTitle(0));
