"""The original Python client in a process of its own. It is told by lines of JSON what to do, and tells what happens."""

import json
import logging
import sys
import threading
import urllib.parse

from socketIO_client import BaseNamespace, SocketIO, find_callback
from socketIO_client.exceptions import SocketIOError

writing = threading.Lock()
connections = {}


def tell(message):
    with writing:
        print(json.dumps(message), flush=True)


class Namespace(BaseNamespace):
    """Tells of every event. A subclass knows which connection it belongs to."""

    connection = None

    def tell(self, name, *details):
        self.connection.tell(self.path or '/', name, *details)

    def on_connect(self):
        self.tell('connect')

    def on_reconnect(self, *args):
        self.tell('connect')

    def on_disconnect(self):
        if self.path:
            return self.tell('disconnect')
        if self.connection.leaving:
            return
        # A program that was told to go does not stay in its loop.
        self.connection.leaving = not self.connection.reconnect
        self.tell('disconnect')
        self.connection.check()

    def on_message(self, data):
        # The client has no data where there is none, not even an empty text.
        self.tell('message', '' if data is None else data)

    def on_event(self, event, *args):
        _, args = find_callback(args)
        self.tell(event, *args)

    def on_error(self, reason, advice):
        self.tell('error', reason, advice)

    def on_heartbeat(self):
        self.idle()

    def on_noop(self):
        self.idle()

    def idle(self):
        self.tell('idle')
        self.connection.check()


class Leave(Exception):
    """Ends the waiting. To disconnect while it goes on would have the client begin a new session for its heartbeat."""


class Connection:
    def __init__(self, key, url, options):
        self.key = key
        self.reconnect = options['reconnect']
        # As long as it waits for an answer to a poll. Without an end it gives up before the server ends an idle poll.
        self.patience = options.get('patience', 3600)
        self.leaving = False
        self.socket = None
        address = urllib.parse.urlsplit(url)
        self.Namespace = type('ConnectedNamespace', (Namespace,), {'connection': self})
        self.settings = {
            'host': address.hostname,
            'port': address.port,
            'Namespace': self.Namespace,
            'wait_for_connection': self.reconnect,
            'transports': options['transports'],
            'params': dict(urllib.parse.parse_qsl(options.get('query', ''))),
        }
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def tell(self, namespace, name, *details):
        tell({'event': {'key': self.key, 'namespace': namespace, 'name': name, 'details': details}})

    def run(self):
        """Connects, and takes what comes, as the main loop of a program does."""
        try:
            self.socket = SocketIO(**self.settings)
        except SocketIOError as error:
            return self.tell('/', 'error', str(error))
        while not self.leaving:
            try:
                self.socket.wait(seconds=self.patience)
            except Leave:
                self.socket.disconnect()
            except Exception as error:  # whatever it is, it is the test's to judge
                self.tell('/', 'exception', '%s: %s' % (type(error).__name__, error))

    def check(self):
        if self.leaving:
            raise Leave

    # What a test can have the client do.

    def perform(self, steps):
        for step in steps:
            path = '' if step['to'] == '/' else step['to']
            callback = self.acknowledged(step['to'], step['tag']) if 'tag' in step else None
            getattr(self, 'step_' + step['act'])(path, step.get('what'), callback)

    def acknowledged(self, namespace, tag):
        return lambda *args: self.tell(namespace, 'ack', tag, *args)

    def step_send(self, path, what, callback):
        self.socket.message(what, callback, path)

    step_json = step_send

    def step_emit(self, path, what, callback):
        arguments = {'callback': callback} if callback else {}
        self.socket.emit(*what, path=path, **arguments)

    def step_enter(self, path, query, callback):
        if query:
            self.socket._transport.send_packet(1, path, query)
        else:
            # As `define` does, but known before the answer can come: another thread waits for it.
            transport = self.socket._transport
            self.socket._namespace_by_path[path] = self.Namespace(transport, path)
            transport.connect(path)

    def step_leave(self, path, what, callback):
        if path:
            self.socket.disconnect(path)
        else:
            # In the thread that waits: the socket is not made to be closed while another thread reads it.
            self.leaving = True

    def facts(self):
        transport = self.socket._SocketIO__transport
        name, session = transport._url.split('/')[-2:]
        connected = transport.connected and not self.leaving
        reconnecting = not (connected or self.leaving)
        return {'id': session, 'transport': name, 'connected': connected, 'reconnecting': reconnecting}


def answer(method, values):
    key, *rest = values
    if method == 'open':
        connections[key] = Connection(key, *rest)
        return None
    return getattr(connections[key], method)(*rest)


logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
for line in sys.stdin:
    asked = json.loads(line)
    try:
        tell({'question': asked['question'], 'answer': answer(asked['method'], asked['values'])})
    except Exception as error:  # whatever it is, it is the test's to judge
        tell({'question': asked['question'], 'error': repr(error)})
