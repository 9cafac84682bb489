// What runs inside the page. Each function is handed to the browser as text, so it can use nothing from this module.

/** Gives the test two functions in the page: one that opens the client's socket, one that sends. */
export function drive() {
  if (window !== window.top) return;

  window.openSocket = (host, options, early) => {
    // 0.5 and older refuse to look for a transport before they know where their Flash files would be.
    if (/^0\.[2-5]/.test(io.version)) io.setPath('/none/');
    const socket = new io.Socket(host, options);
    window.socket = socket;
    const on = (name, listener) => (socket.on ?? socket.addEvent).call(socket, name, listener);
    const names = ['connecting', 'connect_failed', 'reconnecting', 'reconnect', 'reconnect_failed'];
    for (const name of names) on(name, (...details) => window.report({ name, details }));
    on('connect', () => window.report({ name: 'connect', details: [String(socket.transport.sessionid)] }));
    on('message', (message) => window.report({ name: 'message', details: [message] }));
    on('disconnect', () => window.report({ name: 'disconnect', details: [] }));
    early.forEach((message) => socket.send(message));
    socket.connect();
    return socket.transport && socket.transport.type;
  };

  window.closeSocket = () => {
    try {
      window.socket.disconnect();
    } catch (error) {
      // 0.5 and older call a function they do not have, after they have aborted their requests.
      if (!/_onClose is not a function/.test(error.message)) throw error;
    }
  };
}

/** Internet Explorer's `htmlfile` object: a document outside the page. An invisible frame does as well. */
export function provideHtmlfile() {
  window.ActiveXObject = function (name) {
    if (name !== 'htmlfile') throw new Error(`no ${name} here`);
    const frame = document.createElement('iframe');
    frame.style.display = 'none';
    document.body.appendChild(frame);
    frame.contentDocument.parentWindow = frame.contentWindow;
    return frame.contentDocument;
  };
  window.attachEvent = (name, listener) => window.addEventListener(name.slice(2), listener);
  window.CollectGarbage = () => {};
}

/** `XMLHttpRequest.multipart` of old Firefox: the request completes anew with every part of the response. */
export function provideMultipart() {
  window.heartbeatParts = 0;

  const streamed = (request) => {
    const given = { readyState: 0, responseText: '', status: 0 };
    for (const name of Object.keys(given)) Object.defineProperty(request, name, { get: () => given[name] });
    let target;
    const aborted = new AbortController();
    const deliver = (text) => {
      if (text === '\u0006') window.heartbeatParts += 1;
      given.responseText = text;
      // The clients up to 0.6.0 read a part in state 3, the later ones in state 4.
      for (given.readyState = 3; given.readyState <= 4; given.readyState += 1) request.onreadystatechange();
    };
    request.open = (_method, url) => (target = url);
    request.abort = () => aborted.abort();
    request.send = () =>
      receive().catch((error) => {
        if (error.name !== 'AbortError') throw error;
      });
    const receive = async () => {
      const response = await fetch(target, { signal: aborted.signal });
      given.status = response.status;
      const [, boundary] = /boundary="?([^";]+)/.exec(response.headers.get('content-type'));
      const delimiter = `--${boundary}\n`;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let pending = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        pending += value;
        for (let end; (end = pending.indexOf(delimiter)) >= 0; pending = pending.slice(end + delimiter.length)) {
          const head = pending.indexOf('\n\n');
          // Before the first delimiter there is no part. The line break before a delimiter belongs to it.
          if (head >= 0 && head < end) deliver(pending.slice(head + 2, end - 1));
        }
      }
    };
  };

  Object.defineProperty(XMLHttpRequest.prototype, 'multipart', {
    set(wanted) {
      if (wanted) streamed(this);
    },
  });
}
