// The page of the chat example: what comes from the server goes to those who show it, what people do goes to the server.

import { Connection } from './connection.js';
import { byId } from './elements.js';
import { measure } from './latency.js';
import * as messages from './messages.js';
import { Outbox } from './outbox.js';
import * as outage from './outage.js';
import * as people from './people.js';
import * as rooms from './rooms.js';

const writingEvery = 2000;

const choice = byId('transport');
const text = byId('text');
const nick = byId('nick');
let room = rooms.wanted('room') || rooms.lobby;
let shownRoom = ''; // whose messages are there to see
let transport = rooms.wanted('transport');

// ---- what the server says

const heard = {
  entered(entered) {
    const isNew = entered.room !== shownRoom;
    if (isNew) messages.clear();
    room = shownRoom = entered.room; // perhaps not the one we wanted
    history.replaceState(null, '', rooms.address({ room }));
    entered.heard.forEach(heard.heard);
    if (isNew) outbox.show(room);
    people.enter(entered);
    showRoom();
    if (isNew) messages.toEnd();
  },
  heard(message) {
    people.stopWriting(message.from);
    messages.show(message, outbox.isMine(message.key));
    outbox.heard(message.key);
  },
  people: people.change,
  rooms: rooms.update,
  writing: people.writing,
};

// ---- how we are connected

const told = {
  connecting(name) {
    if (connection.isIn) showNote(`Connecting over ${name} …`);
    else showState('waiting', `connecting over ${name} …`);
  },
  connected(name) {
    showState('connected', `connected over ${name}`, name);
    showNote('');
    if (byId('outage').contains(document.activeElement)) text.focus();
    outage.end();
    latency.restart(name);
    outbox.open();
  },
  lost(delay) {
    rooms.forget();
    showState('lost', 'connection lost', 'offline');
    outage.begin(delay);
  },
  retrying: outage.wait,
  failed(name, used) {
    const failure = name ? `No connection over ${name}.` : 'No connection.';
    showNote(used ? `${failure} Staying on ${used}.` : `${failure} Trying any transport …`);
    if (used) choose(used);
    else choose('');
  },
};

const connection = new Connection(heard, told, () => [room, storedName()]);
const outbox = new Outbox(
  (message, acknowledged) => connection.emit('say', message.text, message.room, message.key, acknowledged),
  outage.hold,
);
const latency = measure(
  (answered) => connection.emit('latency', answered),
  (milliseconds) => (byId('pill').textContent = `${connection.transport} · ${milliseconds} ms`),
);

function showState(kind, words, short = '…') {
  byId('state').className = byId('pill').className = `lamp ${kind}`;
  byId('state').textContent = words;
  byId('pill').textContent = short;
  // Not disabled, or else whoever has just used it by keyboard would lose their place.
  byId('cut').setAttribute('aria-disabled', kind !== 'connected');
}

function showNote(words) {
  byId('note').textContent = words;
  byId('note').hidden = !words;
}

function choose(name) {
  transport = name;
  choice.value = name;
  if (choice.selectedIndex < 0) transport = choice.value = '';
  history.replaceState(null, '', rooms.address({ transport }));
}

choice.addEventListener('change', () => {
  choose(choice.value);
  connection.use(transport);
});
byId('cut').addEventListener('click', () => connection.cut());
byId('try').addEventListener('click', () => connection.hurry());

// ---- rooms

function showRoom() {
  rooms.mark(room);
  messages.entitle(room);
}

function enter(name) {
  closePanel();
  if (name === room && room === shownRoom) return;
  history.pushState(null, '', rooms.address({ room: name }));
  follow();
}

// The address has changed, perhaps by a step back.
function follow() {
  room = rooms.wanted('room') || rooms.lobby;
  showRoom();
  if (connection.isIn) return connection.enterAnew();
  // Without a connection it is entered later; what waits is shown where it belongs.
  shownRoom = room;
  messages.clear();
  outbox.show(room);
}

rooms.onPick(enter);
addEventListener('popstate', follow);

// ---- name and message

function storedName(name) {
  try {
    if (name !== undefined) localStorage.setItem('nick', name);
    return localStorage.getItem('nick') ?? '';
  } catch {
    return name ?? nick.value; // storage may be forbidden
  }
}

function askName(isAsked) {
  byId('join').hidden = !isAsked;
  byId('say').hidden = isAsked;
  byId('who').textContent = storedName();
  byId('who').setAttribute('aria-label', `${storedName()}: change your name`);
  nick.value = storedName();
}

byId('join').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = nick.value.trim();
  if (!name) return;
  storedName(name);
  connection.emit('name', name);
  askName(false);
  text.focus();
});
nick.addEventListener('keydown', (event) => event.key === 'Escape' && storedName() && askName(false));
byId('who').addEventListener('click', () => {
  askName(true);
  nick.select();
});

byId('say').addEventListener('submit', (event) => {
  event.preventDefault();
  if (text.value.trim()) outbox.add(room, text.value.trim());
  text.value = '';
  grow();
  text.focus();
});
text.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId('say').requestSubmit();
});

let said = -Infinity;
text.addEventListener('input', () => {
  grow();
  if (!text.value || performance.now() - said < writingEvery) return;
  said = performance.now();
  connection.emit('writing');
});

// As high as what is in it; the style has a bound.
function grow() {
  text.style.height = 'auto';
  text.style.height = `${text.scrollHeight + 2}px`;
}

// ---- the panel, which lies over the page where there is little room

const narrow = matchMedia('(max-width: 48rem)');

function showPanel(isOpen) {
  document.body.classList.toggle('panel-open', isOpen);
  byId('open').setAttribute('aria-expanded', isOpen);
  document.querySelector('main').inert = isOpen;
  byId('panel').inert = narrow.matches && !isOpen;
}

function closePanel() {
  if (!document.body.classList.contains('panel-open')) return;
  showPanel(false);
  byId('open').focus();
}

byId('open').addEventListener('click', () => {
  showPanel(true);
  byId('close').focus();
});
byId('close').addEventListener('click', closePanel);
byId('shade').addEventListener('click', closePanel);
addEventListener('keydown', (event) => event.key === 'Escape' && closePanel());
narrow.addEventListener('change', () => showPanel(false));

// On some phones the keyboard lies over the page instead of making it smaller.
window.visualViewport?.addEventListener('resize', () => {
  if (visualViewport.scale !== 1) return;
  document.body.style.height = `${visualViewport.height}px`;
  scrollTo(0, 0);
});

// ---- begin

showPanel(false);
showRoom();
askName(!storedName());
choose(transport);
connection.use(transport);
