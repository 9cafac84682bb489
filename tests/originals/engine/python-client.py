"""python-socketio, 4.x or 5.x, in a process of its own. It is told by lines of JSON what to do, and tells what happens."""

import base64
import inspect
import json
import logging
import sys
import threading

import engineio
import socketio

takes_auth = 'auth' in inspect.signature(socketio.Client.connect).parameters
writing = threading.Lock()
connections = {}


def pack(value):
    return {'$binary': base64.b64encode(value).decode()}


def unpack(value):
    return base64.b64decode(value['$binary']) if '$binary' in value else value


def tell(message):
    with writing:
        print(json.dumps(message, default=pack), flush=True)


class Engine(engineio.Client):
    """Takes one message after the other, where the original has a thread for each and no order among them."""

    report = None

    def _trigger_event(self, event, *args, **kwargs):
        if event != 'message':
            return super()._trigger_event(event, *args, **kwargs)
        try:
            self.handlers[event](*args)
        except Exception as error:  # whatever it is, it is the test's to judge
            self.report('/', 'exception', repr(error))

    def _receive_packet(self, pkt):
        super()._receive_packet(pkt)
        if pkt.packet_type in (engineio.packet.PING, engineio.packet.PONG):
            self.report('/', 'idle')


class Client(socketio.Client):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.sending = threading.Lock()

    def _engineio_client_class(self):
        return Engine

    def _send_packet(self, pkt):
        # Answers are sent where messages are read; a packet and its attachments belong together.
        with self.sending:
            super()._send_packet(pkt)


class Connection:
    def __init__(self, key, url, options):
        self.key = key
        self.client = Client(reconnection=options['reconnect'], reconnection_delay=0.1, randomization_factor=0)
        self.client.eio.report = self.report
        self.connecting = threading.Lock()
        # What it entered before it was done with connecting, which may include a change of transport.
        self.entered = []
        namespaces = options.get('namespaces', ['/'])
        for namespace in namespaces:
            self.watch(namespace)
        query = options.get('query')
        settings = {'transports': options['transports'], 'namespaces': namespaces}
        if takes_auth:
            settings.update(auth=options.get('auth'), wait=False)
        address = '%s?%s' % (url, query) if query else url
        threading.Thread(target=self.connect, args=(address, settings), daemon=True).start()

    def report(self, namespace, name, *details):
        tell({'event': {'key': self.key, 'namespace': namespace, 'name': name, 'details': details}})

    def connect(self, address, settings):
        try:
            self.client.connect(address, **settings)
        except socketio.exceptions.ConnectionError as error:
            return self.report('/', 'failure', str(error))
        if settings['transports'][0] != self.client.transport():
            self.report('/', 'upgrade', self.client.transport())
        with self.connecting:
            for namespace in self.entered:
                self.report(namespace, 'connect', self.id(namespace))
            self.entered = None

    def watch(self, namespace):
        def on(name, handler):
            self.client.on(name, handler, namespace=namespace)

        def connected():
            with self.connecting:
                if self.entered is None:
                    self.report(namespace, 'connect', self.id(namespace))
                else:
                    self.entered.append(namespace)

        def refused(error=None, *_):
            self.report(namespace, 'refused', error['message'] if isinstance(error, dict) else error)

        def asked(*args):
            self.report(namespace, 'asked', *args)
            return args

        on('connect', connected)
        on('disconnect', lambda *reason: self.report(namespace, 'disconnect', *reason))
        on('connect_error', refused)
        on('message', lambda *args: self.report(namespace, 'message', *args))
        on('echo', lambda *args: self.report(namespace, 'echo', *args))
        on('asked', asked)

    def id(self, namespace):
        if takes_auth:
            return self.client.get_sid(namespace)
        return self.client.sid if namespace == '/' else '%s#%s' % (namespace, self.client.sid)

    # What a test can have the client do.

    def perform(self, steps):
        for step in steps:
            namespace = step['to']
            callback = self.acknowledged(namespace, step['tag']) if 'tag' in step else None
            getattr(self, 'step_' + step['act'])(namespace, step.get('what'), callback)

    def acknowledged(self, namespace, tag):
        return lambda *args: self.report(namespace, 'ack', tag, *args)

    def step_send(self, namespace, what, callback):
        self.client.send(what, namespace=namespace, callback=callback)

    def step_emit(self, namespace, what, callback):
        name, *args = what
        self.client.emit(name, tuple(args), namespace=namespace, callback=callback)

    def step_close(self, namespace, what, callback):
        self.client.disconnect()

    def facts(self):
        return {'id': self.id('/'), 'transport': self.client.transport(), 'connected': self.client.connected}


def answer(method, values):
    key, *rest = values
    if method == 'open':
        connections[key] = Connection(key, *rest)
        return None
    return getattr(connections[key], method)(*rest)


logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
for line in sys.stdin:
    asked = json.loads(line, object_hook=unpack)
    try:
        tell({'question': asked['question'], 'answer': answer(asked['method'], asked['values'])})
    except Exception as error:  # whatever it is, it is the test's to judge
        tell({'question': asked['question'], 'error': repr(error)})
