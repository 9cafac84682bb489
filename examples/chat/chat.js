// The page of the chat example: an ordinary user of the client the server hands out. That client has the interface of
// Socket.IO 0.6, which knows messages only. An event is a message {name, args} then: the server takes it for the event,
// and says its own events in the same way. A page with a client of 0.9 would say socket.emit('say', nick, text).
(function () {
  'use strict';

  var socket = null;
  var ownNumbers = {}; // a new one after every reconnection, all of them ours
  var element = function (id) { return document.getElementById(id); };
  var messages = element('messages'), state = element('state'), choice = element('transport');
  var room = element('room');

  // ---- connection

  function connect() {
    var mine = new io.Socket(null, {
      transports: choice.value ? [choice.value] : ['websocket', 'xhr-polling', 'jsonp-polling'],
      rememberTransport: false
    });
    socket = mine;

    mine.on('connecting', function (type) {
      if (!mine.reconnecting) show('waiting', 'connecting over ' + type + ' …');
    });
    mine.on('connect', function () {
      show('connected', 'connected over ' + mine.transport.type);
      enter();
    });
    mine.on('message', function (message) {
      if (mine === socket && events.hasOwnProperty(message.name)) receive(events[message.name], message.args);
    });
    mine.on('disconnect', function () {
      if (mine === socket) show('waiting', 'connection lost, trying again …');
    });
    mine.on('reconnecting', function (delay, attempt) {
      show('waiting', 'trying again (attempt ' + attempt + ', the next in ' + Math.round(delay / 1000) + ' s) …');
    });
    mine.on('connect_failed', function () {
      show('', 'no connection');
      // Not a reconnection: the server has not been there yet. The client waited before it said so.
      if (mine === socket && !mine.reconnecting) mine.connect();
    });
    mine.on('reconnect_failed', function () {
      show('', 'no connection, reload the page to try again');
    });
    mine.connect();
  }

  function reconnect() {
    var old = socket;
    socket = null;
    if (old) old.disconnect();
    connect();
  }

  function show(name, text) {
    state.className = name;
    state.textContent = text;
  }

  // ---- events: everything comes from other people and is only ever inserted as text

  function say(name, args) {
    socket.send({ name: name, args: args });
  }

  function roomName() {
    return room.value.replace(/^\s+|\s+$/g, '') || 'lobby';
  }

  function enter() {
    say('join', [roomName()]);
  }

  var events = {
    // Comes when a room is entered, so also after a reconnection: it replaces what was seen before.
    history: function (name, own, heard) {
      ownNumbers[own] = true;
      document.title = name + ' · Heirloom chat';
      messages.textContent = '';
      for (var i = 0; i < heard.length; i++) events.heard(heard[i]);
      messages.scrollTop = messages.scrollHeight;
    },

    heard: function (message) {
      var item = add(ownNumbers[message.from] ? 'mine' : '');
      var name = document.createElement('b'), details = document.createElement('small');
      name.textContent = message.nick;
      details.textContent = message.transport;
      name.appendChild(details);
      item.appendChild(name);
      item.appendChild(document.createTextNode(message.text));
    },

    announcement: function (text, people) {
      add('announcement').textContent = text + ' · ' + people + ' here';
    }
  };

  function receive(event, args) {
    var atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 60;
    event.apply(null, args);
    if (atEnd) messages.scrollTop = messages.scrollHeight;
  }

  function add(name) {
    var item = document.createElement('li');
    if (name) item.className = name;
    return messages.appendChild(item);
  }

  // ---- forms

  function storedName(name) {
    try {
      if (name !== undefined) localStorage.setItem('nick', name);
      return localStorage.getItem('nick') || '';
    } catch (error) {
      return name || ''; // storage may be forbidden; then the name is asked again next time
    }
  }

  element('nick').value = storedName();

  element('join').addEventListener('submit', function (event) {
    event.preventDefault();
    var name = element('nick').value.replace(/^\s+|\s+$/g, '');
    if (!name) return;
    storedName(name);
    element('nick').value = name;
    element('who').textContent = name;
    element('join').hidden = true;
    element('say').hidden = false;
    element('text').focus();
  });

  element('say').addEventListener('submit', function (event) {
    event.preventDefault();
    var text = element('text').value;
    if (!text) return;
    // Without a connection the client keeps it and sends it on the next one, before the room is entered there: so it
    // names its room.
    say('say', [element('nick').value, text, roomName()]);
    element('text').value = '';
  });

  choice.addEventListener('change', function () {
    remember();
    reconnect();
  });

  room.addEventListener('change', function () {
    remember();
    if (socket.connected) enter(); // or else when it is
  });

  // ---- the address says which transport and which room

  function remember() {
    var wanted = [];
    if (choice.value) wanted.push('transport=' + choice.value);
    if (roomName() !== 'lobby') wanted.push('room=' + encodeURIComponent(roomName()));
    history.replaceState(null, '', wanted.length ? '?' + wanted.join('&') : location.pathname);
  }

  function wanted(name) {
    var value = new RegExp('[?&]' + name + '=([^&]*)').exec(location.search);
    try {
      return value ? decodeURIComponent(value[1]) : '';
    } catch (error) {
      return ''; // not encoded by us
    }
  }

  room.value = wanted('room');
  choice.value = wanted('transport');
  if (choice.selectedIndex < 0) choice.selectedIndex = 0;
  connect();
})();
