// The page of the chat example: an ordinary user of the client the server hands out.
(function () {
  'use strict';

  var socket = null;
  var ownNumbers = {}; // a new one after every reconnection, all of them ours
  var element = function (id) { return document.getElementById(id); };
  var messages = element('messages'), state = element('state'), choice = element('transport');

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
    });
    mine.on('message', receive);
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

  // ---- messages: everything comes from other people and is only ever inserted as text

  function receive(message) {
    var atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 60;
    if (message.history) {
      ownNumbers[message.you] = true;
      // Comes with every session, so after a reconnection it replaces what was seen before.
      messages.textContent = '';
      for (var i = 0; i < message.history.length; i++) add(message.history[i]);
      atEnd = true;
    } else {
      add(message);
    }
    if (atEnd) messages.scrollTop = messages.scrollHeight;
  }

  function add(message) {
    var item = document.createElement('li');
    if (message.announcement !== undefined) {
      item.className = 'announcement';
      var online = message.online === undefined ? '' : ' · ' + message.online + ' online';
      item.textContent = message.announcement + online;
    } else {
      var name = document.createElement('b'), details = document.createElement('small');
      name.textContent = message.nick;
      details.textContent = message.transport || '';
      name.appendChild(details);
      item.appendChild(name);
      item.appendChild(document.createTextNode(message.text));
      if (ownNumbers[message.from]) item.className = 'mine';
    }
    messages.appendChild(item);
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
    // Without a connection the client keeps it and sends it on the next one.
    socket.send({ nick: element('nick').value, text: text });
    element('text').value = '';
  });

  choice.addEventListener('change', function () {
    history.replaceState(null, '', choice.value ? '?transport=' + choice.value : location.pathname);
    reconnect();
  });

  choice.value = (/[?&]transport=([\w-]+)/.exec(location.search) || [])[1] || '';
  if (choice.selectedIndex < 0) choice.selectedIndex = 0;
  connect();
})();
