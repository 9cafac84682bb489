// Who is in the room, and what is told about them.

import { byId, isolated, make, portrait } from './elements.js';
import { note } from './messages.js';

/** In a crowd nobody is announced. */
const crowd = 30;
/** The server names the first hundred; those who come later are added up to here. */
const listed = 150;
/** How long somebody is shown as writing who has said so. */
const writingFor = 4000;

const list = byId('people');
const people = new Map(); // by number
const writers = new Map(); // number to the timer that ends it
let count = 0;
let you = 0;

export function enter(entered) {
  people.clear();
  for (const number of [...writers.keys()]) stopWriting(number);
  you = entered.you;
  count = entered.count;
  for (const person of entered.people) people.set(person.number, person);
  draw();
}

export function change(number, changes) {
  count = number;
  for (const { what, ...person } of changes) apply(what, person);
  draw();
}

function apply(what, person) {
  const known = people.get(person.number);
  const announce = person.number !== you && count <= crowd;
  if (what === 'left') {
    stopWriting(person.number);
    if (people.delete(person.number) && announce) note(isolated(person.nick), ' left');
    return;
  }
  if (!known && people.size >= listed) return;
  people.set(person.number, person);
  if (!known && announce) note(isolated(person.nick), ` came, over ${person.transport}`);
  if (known && known.nick !== person.nick && announce) note(isolated(known.nick), ' is ', isolated(person.nick), ' now');
}

function draw() {
  byId('count').textContent = count;
  byId('here').textContent = `${count} here`;
  const rows = [...people.values()].sort(byName).map((person) => {
    const mark = person.number === you ? [make('span', { className: 'you' }, 'you')] : [];
    const name = make('span', { className: 'name' }, isolated(person.nick), ...mark);
    const over = make('span', { className: 'over' }, person.transport);
    return make('li', {}, portrait(person.nick), name, over);
  });
  const others = count - people.size;
  if (others > 0) rows.push(make('li', { className: 'others' }, `and ${others} more`));
  list.replaceChildren(...rows);
}

// You first, the others by name.
const byName = (one, other) =>
  (other.number === you) - (one.number === you) || one.nick.localeCompare(other.nick) || one.number - other.number;

// ---- who is writing

export function writing(number) {
  if (number === you || !people.has(number)) return;
  clearTimeout(writers.get(number));
  writers.set(number, setTimeout(() => stopWriting(number), writingFor));
  drawWriters();
}

/** Whoever has said something has written it. */
export function stopWriting(number) {
  clearTimeout(writers.get(number));
  if (writers.delete(number)) drawWriters();
}

function drawWriters() {
  const names = [...writers.keys()].map((number) => people.get(number)?.nick).filter(Boolean);
  const [first, second] = names;
  const line = byId('writing');
  line.textContent = '';
  if (names.length > 2) line.append(`${names.length} people are writing …`);
  else if (second) line.append(isolated(first), ' and ', isolated(second), ' are writing …');
  else if (first) line.append(isolated(first), ' is writing …');
}
