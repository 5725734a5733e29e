# SPDX-License-Identifier: Apache-2.0
"""Framework for simulations of DNS services' APIs, for `zoneseal provider check --offline`.

README.md beside this file has the protocol and the rules; example_sim.py is the shortest
simulation.  A simulation is a class with two methods:

    class Example(Simulation):
        def start(self):                    # say options, make secrets
        def handle(self, request):          # answer one request: Reply, or None = no such thing

    if __name__ == '__main__':
        Example.main()

Everything else here is for those: Request, Reply, and Zone with its Records.  Python's
standard library and the openssl program are all it needs (dnspython with --sink).
"""

import argparse
import collections
import dataclasses
import hashlib
import http.server
import json
import os
import pathlib
import queue
import re
import secrets
import shutil
import signal
import socket
import ssl
import string
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

MAX_BODY = 1 << 20
OVERSIZED = 16 << 20
CHUNK = 16384
HISTORY_SECONDS = 120
IDLE_SECONDS = 120
SHORTEST_SECRET = 8     # that a kit looks for
# What an argument of a fault is when the kit gives none; the kinds without one are there too.
FAULTS = {'rate': None, 'rate-long': None, 'error': None, 'gateway': None, 'lost-before': None, 'lost-after': None,
          'late-after': 60000, 'truncated': None, 'oversized': None, 'garbage': None, 'auth': None, 'denied': None,
          'pages': None, 'stale': 500, 'conflict': None, 'slow': 300}
# Faults of an answer that is not the simulation's own: the request has no effect.
REFUSALS = {'rate': ('rate', '1'), 'rate-long': ('rate', '3600'), 'error': ('error', None), 'auth': ('auth', None),
            'denied': ('denied', None)}
PLAIN_FORMS = {'auth': (401, 'unauthorized'), 'denied': (403, 'forbidden'), 'rate': (429, 'too many requests'),
               'error': (500, 'internal error')}
OPENSSL_CONFIG = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = localhost
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
"""


class CommandError(Exception):
    """A command of the kit that cannot be carried out: answered with `error TEXT`."""


class Malformed(ValueError):
    """A request whose body is not what its form demands: answered with 400."""


class Reply(Exception):
    """An answer.  handle() returns it, or raises it from wherever it notices.

    body: dict or list = JSON, str = text, bytes = as they are, None = no body.  A header of the value None is not
    sent, not even where the framework would add it.
    """

    def __init__(self, status=200, body=None, headers=None):
        super().__init__(status)
        self.status, self.headers = status, dict(headers or {})
        kind = 'application/octet-stream'
        if isinstance(body, (dict, list)):
            body, kind = json.dumps(body), 'application/json'
        elif isinstance(body, str):
            kind = 'text/plain; charset=utf-8'
        self.body = body.encode() if isinstance(body, str) else body or b''
        if self.body:
            self.headers.setdefault('Content-Type', kind)


@dataclasses.dataclass
class Request:
    """A request as it came.  path is decoded, target is what stood in the request line (for signatures)."""

    method: str
    target: str
    path: str
    query: dict         # name -> value, decoded; of a repeated name the last
    pairs: list         # all (name, value) of the query in their order
    headers: object     # .get('Any-Case'); .items()
    body: bytes
    number: int = 0     # 1 for the first request of all
    fault: str = None   # the kind of fault that meets it
    argument: object = None

    def json(self, kind=dict):
        """The body as JSON of this kind; for another one the framework answers 400 and notes a violation."""
        try:
            value = json.loads(self.body)
        except ValueError as e:
            raise Malformed(f'{self.method} {self.path}: the body is not JSON: {e}') from e
        if not isinstance(value, kind):
            raise Malformed(f'{self.method} {self.path}: the body is a JSON {type(value).__name__}, not {kind.__name__}')
        return value

    def form(self):
        """The body as a form, name -> value."""
        return dict(urllib.parse.parse_qsl(self.body.decode('utf-8', 'replace'), keep_blank_values=True))


@dataclasses.dataclass
class Fault:
    """What the kit ordered for some of the requests to come."""

    kind: str
    times: int
    argument: int
    skip: int


# ---- zones ------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Record:
    """One value of one record set.  Never changed in place: see Zone.change()."""

    id: str
    zone: object
    name: str
    value: bytes
    ttl: int = 60
    type: str = 'TXT'
    data: dict = dataclasses.field(default_factory=dict)    # whatever a simulation keeps with it


class Zone:
    """Records of a zone.  Reads show the past while a request meets the fault `stale`."""

    def __init__(self, name, simulation=None):
        self.name, self.simulation = name, simulation
        self.id = hashlib.sha256(b'zone ' + name.encode()).hexdigest()[:32]
        self._now = ()
        self._history = collections.deque([(float('-inf'), ())])

    @property
    def has_duplicates(self):
        return bool(self.simulation) and self.simulation.duplicates

    # -- reading

    def all_at(self, ago_ms=0):
        """All records as they were so many milliseconds ago."""
        if not ago_ms:
            return self._now
        when = time.monotonic() - ago_ms / 1000
        past = [records for at, records in self._history if at <= when]
        return past[-1] if past else self._history[0][1]

    def records(self, name=None, type=None):
        """The records of that name and type, or of all, in the order in which they came."""
        ago_ms = self.simulation.ago_ms if self.simulation else 0
        name = name if name is None else plain_name(name)
        return [r for r in self.all_at(ago_ms) if name in (None, r.name) and type in (None, r.type)]

    def values(self, name):
        """The TXT values at the name, as bytes."""
        return [r.value for r in self.records(name, 'TXT')]

    def values_at(self, ago_ms, name):
        """The TXT values at the name so many milliseconds ago."""
        return [r.value for r in self.all_at(ago_ms) if r.name == plain_name(name) and r.type == 'TXT']

    def names(self):
        return sorted({r.name for r in self.records()})

    def find(self, ident):
        """The record with that id, or None."""
        return next((r for r in self.records() if r.id == ident), None)

    def covers(self, name):
        name = plain_name(name)
        return name == self.name or name.endswith('.' + self.name)

    # -- changing; always the present

    def add(self, name, value, ttl=60, type='TXT', **data):
        """Adds a value; one that is there already stays as it is, where the service has no duplicates.  Returns the record."""
        name, value = plain_name(name), as_bytes(value)
        self._before_change(name)
        for record in () if self.has_duplicates else self._now:
            if (record.name, record.type, record.value) == (name, type, value):
                return record
        record = Record(secrets.token_hex(16), self, name, value, ttl, type, data)
        self._set(self._now + (record,))
        return record

    def remove(self, name, value, type='TXT'):
        """Removes a value, as often as it is there; False where it is not."""
        name, value = plain_name(name), as_bytes(value)
        self._before_change(name)
        keep = tuple(r for r in self._now if (r.name, r.type, r.value) != (name, type, value))
        changed = len(keep) != len(self._now)
        if changed:
            self._set(keep)
        return changed

    def delete(self, record):
        """Removes this record; False where it is gone."""
        if not self.has_duplicates:
            return self.remove(record.name, record.value, record.type)
        self._before_change(record.name)
        keep = tuple(r for r in self._now if r.id != record.id)
        changed = len(keep) != len(self._now)
        if changed:
            self._set(keep)
        return changed

    def replace(self, name, values, ttl=60, type='TXT', **data):
        """Makes these, and no others, the values at the name.  Values that stay keep their id."""
        name, values = plain_name(name), [as_bytes(v) for v in values]
        self._before_change(name)
        here = {r.value: r for r in self._now if (r.name, r.type) == (name, type)}
        new = [dataclasses.replace(here[v], ttl=ttl, data=data) if v in here else
               Record(secrets.token_hex(16), self, name, v, ttl, type, data) for v in dict.fromkeys(values)]
        self._set(tuple(r for r in self._now if (r.name, r.type) != (name, type)) + tuple(new))

    def change(self, record, **members):
        """Puts a changed copy (value=, ttl=, data=) in the record's place and returns it."""
        self._before_change(record.name)
        changed = dataclasses.replace(record, **members)
        self._set(tuple(changed if r.id == record.id else r for r in self._now))
        return changed

    def clear(self):
        self._set(())
        self._history = collections.deque([(float('-inf'), ())])

    def _before_change(self, name):
        if self.simulation:
            self.simulation.before_change(self, name)

    def _set(self, records):
        before, self._now = self._now, records
        now = time.monotonic()
        self._history.append((now, records))
        while len(self._history) > 2 and self._history[1][0] < now - HISTORY_SECONDS:
            self._history.popleft()
        if self.simulation:
            self.simulation.changed(self, before, records)


def random_secret():
    return 'Zs' + ''.join(secrets.choice(string.ascii_letters + string.digits) for _ in range(38))


def plain_name(name):
    return name.lower().removesuffix('.')


def as_bytes(value):
    return value.encode() if isinstance(value, str) else bytes(value)


# ---- the simulation ---------------------------------------------------------------------------------------------


class Simulation:
    """Base class of all simulations.  What is public and without a mark below may be used or replaced."""

    # Kinds of faults that this service cannot have; `pages` is for those whose handle() does it.
    unsupported = {'pages'}
    # True: the service takes a value that is there already and then has it twice, each with an id of its own.
    duplicates = False
    # False: handle() may run in several threads at once and takes self.lock itself.
    serial = True

    def __init__(self, *argv):
        self.arguments = self.parser().parse_args(argv)
        self.lock = threading.RLock()
        self.zones = {}                 # name -> Zone
        self.options, self.secrets, self.limits, self.extra_names, self.canaries = {}, {}, {}, [], []
        self.count = self.running = self.peak = 0
        self.serving = False
        self.ending = threading.Event()
        self._local = threading.local()
        self._violations, self._faults, self._conflicts = [], collections.deque(), set()
        self._sink = None
        for zone in self.arguments.zone:
            self.add_zone(zone)

    # -- for subclasses to write

    @classmethod
    def add_arguments(cls, parser):
        """Adds arguments of its own to the command line."""

    def start(self):
        """Says options, secrets and limits."""

    def handle(self, request):
        """Answers a request.  None: there is no such thing, which is a violation."""
        raise NotImplementedError

    def reset(self):
        """The first state again, as far as it is not records."""

    def faulty(self, kind, request):
        """The service's own form of `auth`, `denied`, `rate`, `error`; request is None from refuse()."""
        status, text = PLAIN_FORMS[kind]
        return Reply(status, {'error': text})

    def matches(self, kind, request):
        """Whether this request is one that the fault is about: reads for `stale` and `pages`, else writes for `conflict`."""
        is_read = request.method in ('GET', 'HEAD')
        return {'stale': is_read, 'pages': is_read, 'conflict': not is_read}.get(kind, True)

    def observe(self):
        """What `records` shows: (name, value) of each TXT value in all zones."""
        return [(r.name, r.value) for zone in self.zones.values() for r in zone.all_at() if r.type == 'TXT']

    # -- for subclasses to call

    def option(self, name, value):
        """The plugin needs this option."""
        self.options[name] = str(value)

    def secret(self, name, content=None):
        """Makes a file with the content of a secret option, by default a random token, and returns the content."""
        content = random_secret() if content is None else content
        path = self.directory / f'secret-{name}'
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w', encoding='utf-8') as f:
            f.write(content)
        self.secrets[name] = path
        return content

    def limit(self, name, number):
        """The kit must know this: `lag` MS, `values` N at one name, `zones` 0 = cannot be asked for, `derived` 1 = names
        are made here, `reasons` 0 = a failure has none."""
        self.limits[name] = int(number)

    def canary(self, text=None):
        """A secret that is no option (a token that the service hands out), by default a random one: the kit looks for it
        in all that the plugin says.  In start() only, for the kit hears of it before it begins.  Returns it."""
        text = random_secret() if text is None else text
        if self.serving:
            raise RuntimeError('canary() is for start(): the kit has begun')
        if len(text.strip().encode()) < SHORTEST_SECRET:
            raise ValueError(f'a canary needs {SHORTEST_SECRET} octets: a shorter one would be found by chance')
        self.canaries.append(text)
        return text

    def name(self, name):
        """Only such names can be changed; without a call all names of the zone can."""
        self.extra_names.append(plain_name(name))

    def violation(self, text):
        """Notes what the plugin did wrong."""
        with self.lock:
            self._violations.append(' '.join(str(text).split()))

    def refuse(self, kind):
        """The service's own answer of a kind."""
        return self.faulty(kind, None)

    def zone_of(self, name):
        """The deepest zone that the name is in, or None."""
        found = [zone for zone in self.zones.values() if zone.covers(name)]
        return max(found, key=lambda zone: len(zone.name), default=None)

    def before_change(self, zone, name):
        """The fault `conflict` strikes here, once in a request.  Zone calls it; handle() does so before it compares
        what is there with what the request believes."""
        request = self.request
        if not request or request.fault != 'conflict' or getattr(self._local, 'struck', False):
            return
        self._local.struck = True
        value = f'conflict-{secrets.token_hex(17)}'.encode()
        self._conflicts.add((zone.name, plain_name(name), value))
        zone.add(name, value)

    def pages(self, items, size):
        """Cuts a list into pages: of this size, or, under the fault `pages`, of one item, with an empty page and a
        repeated item among them.  There is always at least one page."""
        items = list(items)
        if not self.request or self.request.fault != 'pages':
            return [items[i:i + size] for i in range(0, len(items), size)] or [[]]
        pages = [[item] for item in items]
        return pages[:1] + [[]] + pages[1:] + pages[:1] if pages else [[]]

    @property
    def request(self):
        """The request that this thread handles, or None."""
        return getattr(self._local, 'request', None)

    @property
    def ago_ms(self):
        """How old what is read now is."""
        request = self.request
        return request.argument if request and request.fault == 'stale' else 0

    # -- zones

    def add_zone(self, name):
        name = plain_name(name)
        with self.lock:
            if name not in self.zones:
                self.zones[name] = Zone(name, self)
            return self.zones[name]

    def changed(self, zone, before, after):
        """Called at every change; sends it to the sink."""
        if self._sink:
            self._sink.send(zone, before, after)

    # -- life

    def begin(self):
        """Listens and says what it needs."""
        # The host process may belong to another user and reads the roots; secrets have modes of their own.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix='zoneseal-sim-'))
        self.directory.chmod(0o755)
        try:
            if self.arguments.sink:
                self._sink = Sink(self)
            self.listen()
            self.start()
        except BaseException:
            self.end()
            raise
        threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.05}, daemon=True).start()
        self.serving = True
        return self

    def listen(self):
        """Opens the sockets: self.server, which serves, shuts down and closes as those of socketserver do.  To be
        replaced where the service speaks something else than HTTP."""
        host, port = address(self.arguments.listen)
        self.server = Server(self, host, port)
        scheme = 'http' if self.arguments.plain else 'https'
        self.url = f'{scheme}://{f"[{host}]" if ":" in host else host}:{self.server.server_address[1]}'
        if not self.arguments.plain:
            self.server.context = make_context(self.directory)
            self.option('ca-file', self.directory / 'ca.pem')

    def end(self):
        # What is on the disk first: who wants this to end may not wait for the rest.
        shutil.rmtree(self.directory, ignore_errors=True)
        self.ending.set()
        if self.serving:
            self.server.shutdown()
        if hasattr(self, 'server'):
            self.server.server_close()

    def __enter__(self):
        return self.begin()

    def __exit__(self, *_):
        self.end()

    def hello(self):
        """The lines that a kit reads first."""
        lines = [f'option {name} {quote(value)}' for name, value in self.options.items()]
        lines += [f'secret {name} {quote(path)}' for name, path in self.secrets.items()]
        lines += [f'limit {name} {value}' for name, value in self.limits.items()]
        lines += [f'canary {quote(text)}' for text in self.canaries]
        lines += [f'name {quote(name)}' for name in self.extra_names]
        return lines + ['ready']

    # -- commands of the kit

    def command(self, line):
        """Carries out one command and returns the lines of its answer."""
        verb, *fields = line.split(' ')
        try:
            least, most = COMMANDS[verb]
            if not least <= len(fields) <= most:
                raise CommandError(f'{verb} takes {least} to {most} fields')
            fields = [urllib.parse.unquote_to_bytes(field) for field in fields]
            with self.lock:
                return getattr(self, f'do_{verb}')(*fields)
        except KeyError:
            return [f'error no such command: {quote(verb)}']
        except (CommandError, UnicodeDecodeError, ValueError) as e:
            return ['error ' + ' '.join(str(e).split())]

    def do_records(self):
        return [f'record {quote(name)} {quote(value)}' for name, value in self.observe()] + ['ok']

    def do_add(self, name, value):
        self._zone_for(name).add(name.decode(), value)
        return ['ok']

    def do_remove(self, name, value):
        self._zone_for(name).remove(name.decode(), value)
        return ['ok']

    def do_zone(self, verb, zone):
        zone = plain_name(zone.decode())
        if verb == b'add':
            self.add_zone(zone)
        elif verb == b'remove' and zone in self.zones:
            self.zones.pop(zone).clear()
        else:
            raise CommandError(f'zone add ZONE, or zone remove with one of: {" ".join(self.zones)}')
        return ['ok']

    def do_clear(self):
        self._faults.clear()
        self._conflicts.clear()
        first = [plain_name(zone) for zone in self.arguments.zone]
        for name in list(self.zones):
            self.zones[name].clear()
            if name not in first:
                self.zones.pop(name)
        for name in first:
            self.add_zone(name)
        self.reset()
        return ['ok']

    def do_fault(self, kind, times=b'1', argument=b'0', skip=b'0'):
        kind = kind.decode()
        if kind not in FAULTS or kind in self.unsupported:
            return ['unsupported']
        numbers = [int(field) for field in (times, argument, skip)]
        if min(numbers) < 0 or not numbers[0]:
            raise CommandError('fault KIND [N [ARGUMENT [SKIP]]]: N from 1, the others from 0')
        self._faults.append(Fault(kind, numbers[0], numbers[1] or FAULTS[kind], numbers[2]))
        return ['ok']

    def do_requests(self):
        return [f'count {self.count}', 'ok']

    def do_peak(self):
        return [f'count {self.peak}', 'ok']

    def do_violations(self):
        found, self._violations = self._violations, []
        return [f'violation {text}' for text in found] + ['ok']

    def _zone_for(self, name):
        zone = self.zone_of(name.decode())
        if not zone:
            raise CommandError(f'{name.decode()} is in none of the zones: {" ".join(self.zones)}')
        return zone

    # -- requests, called by the server

    def _take_fault(self, request):
        for fault in self._faults:
            if not self.matches(fault.kind, request):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            request.fault, request.argument = fault.kind, fault.argument
            fault.times -= 1
            if not fault.times:
                self._faults.remove(fault)
            return

    def meet(self, request):
        """Counts a request and finds the fault that meets it."""
        with self.lock:
            self._take_fault(request)
            if request.fault != 'lost-before':
                self.count += 1
                request.number = self.count
            if request.headers.get('Cookie'):
                self.violation(f'{request.method} {request.path}: cookies were sent')

    def enter(self, step):
        with self.lock:
            self.running += step
            self.peak = max(self.peak, self.running)

    def respond(self, request, line):
        """Answers a request through `line`, which has send(reply, cut) and, for an answer that is lost, lose()."""
        self.enter(1)
        try:
            self.meet(request)
            if request.fault == 'lost-before':
                return line.lose()
            reply = self.answer(request)
            if request.fault in ('slow', 'late-after'):
                self.ending.wait(request.argument / 1000)
            if request.fault in ('lost-after', 'late-after'):
                return line.lose()
            line.send(reply, cut=request.fault == 'truncated')
        finally:
            self.enter(-1)

    def answer(self, request):
        """The whole way from a request to its Reply, with the faults that are no matter of the connection."""
        if request.fault in REFUSALS:
            kind, after = REFUSALS[request.fault]
            reply = self.faulty(kind, request)
            if after:
                reply.headers.setdefault('Retry-After', after)
            return reply
        if request.fault == 'gateway':
            return Reply(502, '<html><head><title>502 Bad Gateway</title></head><body>\n<h1>502 Bad Gateway</h1>\n'
                         '</body></html>\n', {'Content-Type': 'text/html'})
        self._local.request, self._local.struck = request, False
        try:
            reply = self._handle_locked(request)
        finally:
            self._local.request = None
        if request.fault == 'garbage':
            return Reply(200, b'\x00\xff{"<' + secrets.token_bytes(300), {'Content-Type': 'application/json'})
        if request.fault == 'oversized':
            # Still an answer that a parser takes, and its size is not known before: the hardest form.
            reply = Reply(reply.status, reply.body + b' ' * (OVERSIZED - len(reply.body)),
                          {**reply.headers, 'Transfer-Encoding': 'chunked'})
        return reply

    def _handle_locked(self, request):
        if not self.serial:
            return self._handle(request)
        with self.lock:
            return self._handle(request)

    def _handle(self, request):
        try:
            reply = self.handle(request)
        except Reply as raised:
            reply = raised
        except Malformed as e:
            self.violation(e)
            reply = Reply(400, {'error': 'malformed request'})
        except Exception as e:
            traceback.print_exc()
            self.violation(f'the simulation failed at {request.method} {request.path}: {e!r}')
            reply = self.faulty('error', request)
        if reply is None:
            self.violation(f'no such request: {request.method} {request.path}')
            reply = Reply(404, {'error': 'not found'})
        self._check_conflicts(request)
        return reply

    def _check_conflicts(self, request):
        with self.lock:
            for key in list(self._conflicts):
                zone = self.zones.get(key[0])
                if zone and key[2] not in zone.values_at(0, key[1]):
                    self._conflicts.discard(key)
                    self.violation(f'{request.method} {request.path} removed the value {key[2].decode()} at {key[1]}, '
                                   'which another client had just added')

    # -- programs

    @classmethod
    def parser(cls):
        parser = argparse.ArgumentParser(description=(sys.modules[cls.__module__].__doc__ or cls.__name__).splitlines()[0])
        parser.add_argument('--zone', action='append', default=[], help='a zone of the account')
        parser.add_argument('--listen', default='127.0.0.1:0', metavar='ADDRESS:PORT')
        parser.add_argument('--plain', action='store_true', help='HTTP without TLS')
        parser.add_argument('--serve', action='store_true', help='read no commands, run until SIGTERM')
        parser.add_argument('--sink', metavar='ADDRESS[:PORT]', help='send changes to this name server, too (RFC 2136)')
        parser.add_argument('--sink-key', metavar='FILE', help='TSIG key, in the form of tsig-keygen')
        parser.add_argument('--delay', type=int, default=0, metavar='MS', help='how much later')
        cls.add_arguments(parser)
        return parser

    @classmethod
    def main(cls, argv=None):
        for number in ENDS:
            signal.signal(number, lambda *_: sys.exit(0))
        with cls(*(sys.argv[1:] if argv is None else argv)) as simulation:
            try:
                say(simulation.hello())
                if simulation.arguments.serve:
                    while True:
                        signal.pause()
                for line in sys.stdin:
                    if line.strip() == 'quit':
                        break
                    say(simulation.command(line.rstrip('\r\n')))
            except BrokenPipeError:
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            finally:
                for number in ENDS:
                    signal.signal(number, signal.SIG_IGN)
        sys.exit(0)


# Signals that end it in order.
ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# Commands with the least and the greatest number of their fields.
COMMANDS = {'records': (0, 0), 'add': (2, 2), 'remove': (2, 2), 'zone': (2, 2), 'clear': (0, 0), 'fault': (1, 4),
            'requests': (0, 0), 'peak': (0, 0), 'violations': (0, 0)}


def parts(octets, size):
    """The octets in pieces of that size; at least one."""
    return [octets[i:i + size] for i in range(0, len(octets), size)] or [b'']


def say(lines):
    sys.stdout.write(''.join(line + '\n' for line in lines))
    sys.stdout.flush()


def quote(value):
    return urllib.parse.quote(os.fspath(value) if isinstance(value, pathlib.Path) else value, safe='')


def address(text, default_port=0):
    """ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT."""
    found = re.fullmatch(r'\[([^]]+)\](?::(\d+))?|([^:]+)(?::(\d+))?|([^[]+)', text)
    if not found:
        raise SystemExit(f'{text} is not ADDRESS:PORT')
    return found[1] or found[3] or found[5], int(found[2] or found[4] or default_port)


# ---- HTTP and TLS -----------------------------------------------------------------------------------------------


def make_context(directory):
    """A CA and a certificate for this run."""
    config = directory / 'openssl.cnf'
    config.write_text(OPENSSL_CONFIG)
    make = ['openssl', 'req', '-config', config, '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
            '-days', '2']
    ca = ['-subj', '/CN=zoneseal simulation', '-extensions', 'ca', '-keyout', directory / 'ca.key', '-out', directory / 'ca.pem']
    leaf = ['-extensions', 'leaf', '-CA', directory / 'ca.pem', '-CAkey', directory / 'ca.key',
            '-keyout', directory / 'leaf.key', '-out', directory / 'leaf.pem']
    for arguments in (ca, leaf):
        done = subprocess.run(make + arguments, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f'openssl req failed (3.0 or newer is needed): {done.stderr}')
    (directory / 'ca.pem').chmod(0o644)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(directory / 'leaf.pem', directory / 'leaf.key')
    context.set_alpn_protocols(['http/1.1'])
    return context


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, simulation, host, port):
        self.simulation, self.context, self.resets = simulation, None, set()
        self.address_family = socket.AF_INET6 if ':' in host else socket.AF_INET
        super().__init__((host, port), Handler)

    def server_bind(self):
        # Without the look-up of a host name that HTTPServer does.
        http.server.socketserver.TCPServer.server_bind(self)

    def get_request(self):
        connection, peer = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(IDLE_SECONDS)
        if self.context:
            # The handshake comes with the first read, in the thread of the connection.
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, peer

    def shutdown_request(self, request):
        if request in self.resets:
            self.resets.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request, client_address):
        # A peer that goes away in the middle is no event; anything else is a bug here.
        if not isinstance(sys.exc_info()[1], OSError):
            traceback.print_exc()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server_version = 'simulation'

    def log_message(self, *_):
        pass

    def read_body(self):
        """The body, or None where it was refused."""
        lengths = self.headers.get_all('Content-Length') or ['0']
        if self.headers.get('Transfer-Encoding') or len(lengths) != 1 or not re.fullmatch(r'\d{1,9}', lengths[0]):
            return self.refuse_body(411, 'a body without one plain Content-Length')
        if int(lengths[0]) > MAX_BODY:
            return self.refuse_body(413, f'a body of {lengths[0]} octets')
        body = self.rfile.read(int(lengths[0]))
        if len(body) == int(lengths[0]):
            return body
        self.close_connection = True
        return None

    def refuse_body(self, status, text):
        self.server.simulation.violation(f'{self.command} {self.path}: {text}')
        self.close_connection = True
        self.send(Reply(status, text))

    def respond(self):
        body = self.read_body()
        if body is None:
            return
        split = urllib.parse.urlsplit(self.path)
        pairs = urllib.parse.parse_qsl(split.query, keep_blank_values=True)
        request = Request(self.command, self.path, urllib.parse.unquote(split.path), dict(pairs), pairs, self.headers, body)
        self.server.simulation.respond(request, self)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = respond

    def lose(self):
        """Ends the connection with RST."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.server.resets.add(self.request)

    def send(self, reply, cut=False):
        headers = {k: v for k, v in reply.headers.items() if v is not None}
        if 'Transfer-Encoding' in headers:
            reply.body = b''.join(b'%x\r\n%b\r\n' % (len(part), part) for part in parts(reply.body, CHUNK)) + b'0\r\n\r\n'
        elif reply.status >= 200 and reply.status != 204:
            headers['Content-Length'] = len(reply.body)
        if self.close_connection:
            headers['Connection'] = 'close'
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self._headers_buffer.append(b'\r\n')
        head, self._headers_buffer = b''.join(self._headers_buffer), []
        data = head if self.command == 'HEAD' else head + reply.body
        if cut:
            self.close_connection = True
            data = data[:len(head) + len(reply.body) // 2] if len(reply.body) > 1 else data[:len(head) // 2]
        self.wfile.write(data)


# ---- a real name server behind it -------------------------------------------------------------------------------


class Sink:
    """Sends changes as dynamic updates, in their order, a while later."""

    def __init__(self, simulation):
        try:
            import dns.query
            import dns.rcode
            import dns.tsigkeyring
            import dns.update
        except ImportError as e:
            raise SystemExit(f'--sink needs dnspython (apt-get install python3-dnspython): {e}') from e
        self.dns, self.simulation = dns, simulation
        self.host, self.port = address(simulation.arguments.sink, 53)
        self.key = self.read_key(simulation.arguments.sink_key) if simulation.arguments.sink_key else None
        self.queue = queue.Queue()
        threading.Thread(target=self.run, daemon=True).start()

    def read_key(self, path):
        text = pathlib.Path(path).read_text(encoding='ascii')
        found = re.search(r'key\s+"?([^\s"{]+)"?\s*\{(.*?)\}', text, re.S)
        fields = dict(re.findall(r'(algorithm|secret)\s+"?([^\s";]+)"?\s*;', found[2] if found else ''))
        if len(fields) != 2:
            raise SystemExit(f'{path}: not a key as tsig-keygen prints it')
        algorithm = fields['algorithm'].lower()
        algorithm = 'hmac-md5.sig-alg.reg.int' if algorithm == 'hmac-md5' else algorithm
        return self.dns.tsigkeyring.from_text({found[1]: (algorithm, fields['secret'])})

    def send(self, zone, before, after):
        before, after = ({(r.name, r.value, r.ttl) for r in side if r.type == 'TXT'} for side in (before, after))
        gone = [(n, v, None) for n, v, _ in before - after if (n, v) not in {(m, w) for m, w, _ in after}]
        changes = gone + sorted(after - before)
        if changes:
            self.queue.put((time.monotonic() + self.simulation.arguments.delay / 1000, zone.name, changes))

    def run(self):
        while True:
            due, zone, changes = self.queue.get()
            self.simulation.ending.wait(max(0, due - time.monotonic()))
            try:
                self.update(zone, changes)
            except Exception as e:
                self.simulation.violation(f'the sink did not take a change in {zone}: {e!r}')

    def update(self, zone, changes):
        update = self.dns.update.Update(zone, keyring=self.key)
        for name, value, ttl in changes:
            if ttl is None:
                update.delete(name + '.', 'TXT', presentation(value))
            else:
                update.add(name + '.', ttl, 'TXT', presentation(value))
        code = self.dns.query.tcp(update, self.host, port=self.port, timeout=10).rcode()
        if code:
            self.simulation.violation(f'the sink refused a change in {zone}: {self.dns.rcode.to_text(code)}')


def presentation(value):
    """A TXT value as strings of at most 255 octets in a zone file."""
    return ' '.join('"' + ''.join(chr(o) if 32 < o < 127 and chr(o) not in '"\\' else f'\\{o:03}' for o in part) + '"'
                    for part in parts(value, 255))
