#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A simulation of a primary name server that takes dynamic updates (RFC 2136) signed with TSIG (RFC 8945).

It listens on a free port, UDP and TCP.  One key may change TXT records, as a narrow update-policy has it, and nothing
else.  Updates, and queries for SOA, NS, TXT, CNAME and ANY, are answered as BIND 9.18 answers them; what is signed
gets a signed answer.  A name belongs to the deepest zone when it is asked for, and to the zone of the message when it is
changed.  A TXT record of several strings is taken where all but the last have 255 octets.

Wire format and HMAC are in this file, with Python's library alone: it shares no code with the plugin, and who has the
kit needs no package for it.

DNS has no "too many requests" that a client could tell from another refusal, no gateway and no pages: those faults are
unsupported.  `auth` is BADKEY, `denied` REFUSED, `error` SERVFAIL, all without effect.  A message ends at 65535 octets, so
`oversized` is a stream of such messages, the first of which begins with the answer.
"""

import base64
import dataclasses
import hmac
import os
import pathlib
import re
import socket
import socketserver
import struct
import sys
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [os.environ.get('ZONESEAL_CONFORMANCE', str(HERE)), str(HERE), str(HERE / '../../plugins-sdk/conformance')]
sys.dont_write_bytecode = True

from zoneseal_sim import IDLE_SECONDS, Reply, Request, Simulation, address, parts

NS, CNAME, SOA, TXT, OPT, TSIG, ANY = 2, 5, 6, 16, 41, 250, 255
IN, CLASS_NONE, CLASS_ANY = 1, 254, 255
QUERY, UPDATE = 0, 5
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, YXDOMAIN, YXRRSET, NXRRSET, NOTAUTH, NOTZONE = range(11)
BADSIG, BADKEY, BADTIME, BADTRUNC = 16, 17, 18, 22
QR, AA, TC, RD, FLAGS_OF_UPDATE = 0x8000, 0x0400, 0x0200, 0x0100, 0x07f0
FUDGE, MIN_MAC, MAX_TTL = 300, 10, 0x7fffffff
DATAGRAM, EDNS_SIZE, FRAME, MAX_NAME = 512, 1232, 65535, 255
STATIC_TTL = 3600
# Name on the wire and digest of each algorithm.
ALGORITHMS = {'hmac-sha256': (b'hmac-sha256', 'sha256'), 'hmac-sha512': (b'hmac-sha512', 'sha512'),
              'hmac-sha384': (b'hmac-sha384', 'sha384'), 'hmac-sha224': (b'hmac-sha224', 'sha224'),
              'hmac-sha1': (b'hmac-sha1', 'sha1'), 'hmac-md5': (b'hmac-md5.sig-alg.reg.int', 'md5')}


# ---- the wire format --------------------------------------------------------------------------------------------


class Broken(Exception):
    """Octets that are no DNS message."""


@dataclasses.dataclass
class Entry:
    """A resource record as it came."""

    start: int
    name: str
    type: int
    dns_class: int
    ttl: int
    data: bytes


class Reader:
    def __init__(self, wire, at=0):
        self.wire, self.at = wire, at

    def take(self, n):
        if self.at + n > len(self.wire):
            raise Broken('it ends in the middle')
        self.at += n
        return self.wire[self.at - n:self.at]

    def numbers(self, form):
        return struct.unpack('>' + form, self.take(struct.calcsize('>' + form)))

    def name(self):
        """A name as text: in lower case, without the last dot, what is no letter of host names as \\DDD."""
        labels, size, end = [], 1, None
        while length := self.take(1)[0]:
            if length & 0xc0 == 0xc0:
                target = (length & 0x3f) << 8 | self.take(1)[0]
                end = end or self.at
                if target >= self.at - 2:
                    raise Broken('a compressed name that points forward')
                self.at = target
                continue
            size += length + 1
            if length > 63 or size > MAX_NAME:
                raise Broken('a name that is too long')
            labels.append(''.join(re.sub(r'[^a-z0-9_*-]', lambda m: f'\\{ord(m[0]):03}', chr(o).lower() if o < 128 else chr(o))
                                  for o in self.take(length)))
        self.at = end or self.at
        return '.'.join(labels)

    def entry(self):
        start, name = self.at, self.name()
        kind, dns_class, ttl, length = self.numbers('HHIH')
        return Entry(start, name, kind, dns_class, ttl, self.take(length))


def name_wire(text):
    labels = [re.sub(rb'\\(\d{3})', lambda m: bytes([int(m[1])]), label) for label in text.encode().split(b'.') if label]
    return b''.join(bytes([len(label)]) + label for label in labels) + b'\0'


def entry_wire(owner, kind, ttl, data, dns_class=IN):
    return owner + struct.pack('>HHIH', kind, dns_class, ttl, len(data)) + data


def txt_wire(value):
    return b''.join(bytes([len(part)]) + part for part in parts(value, 255))


def txt_strings(data):
    """The strings of a TXT record; there is at least one."""
    reader, strings = Reader(data), []
    while reader.at < len(data) or not strings:
        strings.append(reader.take(reader.take(1)[0]))
    return strings


class Message:
    """A request: the header, the question or zone, three sections, and TSIG, which is not in them."""

    def __init__(self, wire):
        reader = Reader(wire)
        self.wire = wire
        self.id, self.flags, questions, *counts = reader.numbers('HHHHHH')
        self.opcode, self.question, self.sections, self.tsig, self.edns = self.flags >> 11 & 15, b'', [[], [], []], None, None
        self.code, self.request_mac, self.is_signed = NOERROR, b'', False
        try:
            if questions != 1:
                raise Broken(f'{questions} entries in the first section')
            self.name, self.type, self.dns_class = reader.name(), *reader.numbers('HH')
            self.question = wire[12:reader.at]
            for section, count in zip(self.sections, counts):
                section += [reader.entry() for _ in range(count)]
            self.find_extras(reader.at)
            self.check_data()
        except Broken as e:
            self.code, self.fault = FORMERR, str(e)

    def find_extras(self, end):
        """OPT and TSIG, each once at most, TSIG at the very end."""
        everything = [e for section in self.sections for e in section]
        options = [e for e in everything if e.type == OPT]
        signatures = [e for e in everything if e.type == TSIG]
        if end != len(self.wire) or len(options) > 1 or (signatures and signatures != self.sections[2][-1:]):
            raise Broken('octets behind the last record' if end != len(self.wire) else 'a misplaced OPT or TSIG')
        if options:
            self.edns = options[0].dns_class
        if signatures:
            self.tsig = Signature(self.sections[2].pop())


    def check_data(self):
        """What stands for a whole set, or for none, has no data; a TXT has strings."""
        for index, section in enumerate(self.sections[:2] if self.opcode == UPDATE else ()):
            for entry in section:
                bare = entry.dns_class == CLASS_ANY or (entry.dns_class == CLASS_NONE and index == 0)
                if bare and entry.data:
                    raise Broken(f'data behind class {entry.dns_class} at {entry.name}')
                if entry.type == TXT and not bare:
                    txt_strings(entry.data)


class Signature:
    """The fields of a TSIG record."""

    def __init__(self, entry):
        reader = Reader(entry.data)
        self.start, self.key = entry.start, entry.name
        self.algorithm, self.time_high, self.time_low, self.fudge, length = reader.name(), *reader.numbers('HIHH')
        self.mac = reader.take(length)
        self.original_id, self.error, length = reader.numbers('HHH')
        self.other = reader.take(length)
        if entry.dns_class != CLASS_ANY or entry.ttl or reader.at != len(entry.data):
            raise Broken('a malformed TSIG')

    @property
    def time(self):
        return self.time_high << 32 | self.time_low


class Key:
    def __init__(self, name, algorithm, secret):
        self.name, self.secret = name, secret
        self.algorithm, self.digest = ALGORITHMS[algorithm]

    def mac(self, message, when, fudge, error=0, other=b'', request_mac=None):
        """Over the message without its TSIG and the variables; in an answer over the request's MAC, too."""
        before = b'' if request_mac is None else struct.pack('>H', len(request_mac)) + request_mac
        variables = (name_wire(self.name) + struct.pack('>HI', CLASS_ANY, 0) + name_wire(self.algorithm.decode()) +
                     struct.pack('>HIHHH', when >> 32, when & 0xffffffff, fudge, error, len(other)) + other)
        return hmac.digest(self.secret, before + message + variables, self.digest)


def add_tsig(message, key, algorithm, when, mac, error, other=b''):
    data = (name_wire(algorithm) + struct.pack('>HIHH', when >> 32, when & 0xffffffff, FUDGE, len(mac)) + mac + message[:2] +
            struct.pack('>HH', error, len(other)) + other)
    count, = struct.unpack('>H', message[10:12])
    return message[:10] + struct.pack('>H', count + 1) + message[12:] + entry_wire(name_wire(key), TSIG, 0, data, CLASS_ANY)


# ---- the server -------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class DnsRequest(Request):
    """A message; its method is QUERY, UPDATE or another opcode, its path the name of the question or zone."""

    message: Message = None
    is_datagram: bool = False


class Rfc2136(Simulation):
    unsupported = {'rate', 'rate-long', 'gateway', 'pages'}

    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument('--algorithm', default='hmac-sha256', choices=ALGORITHMS, help='of the TSIG key')
        parser.add_argument('--key-file', action='store_true', help='say the key as one file, as tsig-keygen prints it')
        parser.add_argument('--clock', type=int, default=0, metavar='SECONDS', help="how far the server's clock is ahead")
        parser.add_argument('--cname', action='append', default=[], metavar='NAME', help='NAME is a CNAME in its zone')
        parser.add_argument('--refuse', action='append', default=[], metavar='NAME', help='the key may not change NAME')

    def listen(self):
        self.server = DnsServer(self, *address(self.arguments.listen))

    def start(self):
        host, port = self.server.server_address[:2]
        self.option('nameserver', f'[{host}]:{port}' if ':' in host else f'{host}:{port}')
        name, algorithm = 'zoneseal-sim', self.arguments.algorithm
        if self.arguments.key_file:
            secret = base64.b64encode(os.urandom(32)).decode()
            self.secret('tsig-key-file', f'key "{name}" {{\n\talgorithm {algorithm};\n\tsecret "{secret}";\n}};\n')
        else:
            self.option('tsig-key', name)
            self.option('tsig-algorithm', algorithm)
            secret = self.secret('tsig-secret')
        self.key = Key(name, algorithm, base64.b64decode(secret))
        self.serials = {}

    def reset(self):
        self.serials = {}

    def matches(self, kind, request):
        return {'stale': request.method == 'QUERY', 'conflict': request.method == 'UPDATE'}.get(kind, True)

    def do_add(self, name, value):
        """As the framework does, and the record is known as somebody else's."""
        self._zone_for(name).add(name.decode(), value, foreign=True)
        return ['ok']

    # -- answers

    def take(self, wire, line):
        """One message from its arrival to the answer."""
        if len(wire) < 12 or wire[2] & 0x80:
            return line.lose()
        message = Message(wire)
        method = {QUERY: 'QUERY', UPDATE: 'UPDATE'}.get(message.opcode, f'opcode {message.opcode}')
        where = getattr(message, 'name', '')
        request = DnsRequest(method, where, where, {}, [], {}, wire, message=message, is_datagram=line.is_datagram)
        self.respond(request, line)

    def answer(self, request):
        reply = super().answer(request)
        if request.fault == 'garbage':
            # With the head of the answer that is waited for, so that it is looked at.
            reply.body = request.body[:2] + bytes([0x80 | request.body[2], 0]) + reply.body
        return reply

    def faulty(self, kind, request):
        message = request.message
        if kind == 'auth':
            tsig = message.tsig
            return self.reply(message, NOTAUTH, error=BADKEY) if tsig else self.reply(message, REFUSED)
        try:
            self.verify(message)
        except Reply as wrong:
            return wrong
        return self.reply(message, {'denied': REFUSED, 'error': SERVFAIL}[kind])

    def reply(self, m, code, answers=(), authority=(), error=0, limit=None, aa=False):
        """A signed answer where the request was; with BADKEY and BADSIG it bears a TSIG and no signature."""
        extra = [entry_wire(b'\0', OPT, 0, b'', EDNS_SIZE)] if m.edns is not None else []
        flags = QR | m.opcode << 11 | m.flags & RD | (AA if aa else 0) | code
        wire = b''.join([struct.pack('>HHHHHH', m.id, flags, int(bool(m.question)), len(answers), len(authority), len(extra)),
                         m.question, *answers, *authority, *extra])
        if m.is_signed or error:
            wire = self.sign(m, wire, error)
        if limit and len(wire) > limit:
            return self.reply(m, code | TC, error=error, aa=aa)
        return Reply(code, wire)

    def sign(self, m, wire, error):
        now, other = self.now(), b''
        if error in (BADKEY, BADSIG):
            return add_tsig(wire, m.tsig.key, m.tsig.algorithm, m.tsig.time, b'', error)
        if error == BADTIME:
            other, now = struct.pack('>HI', now >> 32, now & 0xffffffff), m.tsig.time
        mac = self.key.mac(wire, now, FUDGE, error, other, m.request_mac)
        return add_tsig(wire, self.key.name, self.key.algorithm.decode(), now, mac, error, other)

    def now(self):
        return int(time.time()) + self.arguments.clock

    # -- requests

    def handle(self, request):
        m = request.message
        self.verify(m)
        if m.opcode == QUERY:
            size = max(DATAGRAM, min(m.edns or 0, EDNS_SIZE)) if request.is_datagram else None
            return self.query(m, size)
        if m.opcode != UPDATE:
            self.violation(f'a message of opcode {m.opcode}')
            return self.reply(m, NOTIMP)
        if not m.tsig:
            self.violation(f'an update of {m.name} that is not signed')
            return self.reply(m, REFUSED)
        if m.flags & FLAGS_OF_UPDATE or m.flags & RD:
            self.violation(f'an update of {m.name} with flags {m.flags:#06x}')
        return self.reply(m, self.update(m))

    def verify(self, m):
        """Raises the answer to what is malformed or wrongly signed."""
        if m.code:
            self.violation(f'a malformed message: {m.fault}')
            raise self.reply(m, m.code)
        if not m.tsig or m.is_signed:
            return
        code, error = self.judge(m)
        if code:
            named = {BADSIG: 'BADSIG', BADKEY: 'BADKEY', BADTIME: 'BADTIME', BADTRUNC: 'BADTRUNC', 0: 'a MAC of a wrong length'}
            self.violation(f'a message about {m.name} signed with {m.tsig.key}: {named[error]}')
            raise self.reply(m, code, error=error)

    def judge(self, m):
        """Key, length of the MAC, MAC, time, in this order: (0, 0) or the code and the TSIG error."""
        tsig, key = m.tsig, self.key
        if (tsig.key, tsig.algorithm) != (key.name, key.algorithm.decode()):
            return NOTAUTH, BADKEY
        signed = struct.pack('>H', tsig.original_id) + m.wire[2:10] + struct.pack('>H', len(m.sections[2])) + m.wire[12:tsig.start]
        wanted = key.mac(signed, tsig.time, tsig.fudge, tsig.error, tsig.other)
        if not max(MIN_MAC, len(wanted) // 2) <= len(tsig.mac) <= len(wanted):
            return FORMERR, 0
        if not hmac.compare_digest(wanted[:len(tsig.mac)], tsig.mac):
            return NOTAUTH, BADSIG
        m.is_signed, m.request_mac = True, tsig.mac
        if abs(self.now() - tsig.time) > tsig.fudge:
            return NOTAUTH, BADTIME
        return (NOTAUTH, BADTRUNC) if len(tsig.mac) < len(wanted) else (NOERROR, 0)

    # -- reading

    def sets_at(self, zone, name):
        """What is at a name: type -> (TTL, data) of each record."""
        sets = {}
        if name == zone.name:
            sets[SOA] = [(STATIC_TTL, self.soa(zone))]
            sets[NS] = [(STATIC_TTL, name_wire('ns.example.net'))]
        if name in self.arguments.cname:
            sets[CNAME] = [(STATIC_TTL, name_wire('elsewhere.example.net'))]
        if found := zone.records(name, 'TXT'):
            sets[TXT] = [(r.ttl, txt_wire(r.value)) for r in found]
        return sets

    def soa(self, zone):
        return (name_wire('ns.example.net') + name_wire('hostmaster.example.net') +
                struct.pack('>IIIII', self.serials.get(zone.name, 1), 3600, 600, 86400, 60))

    def query(self, m, limit):
        zone = self.zone_of(m.name)
        if not zone or m.dns_class != IN:
            return self.reply(m, REFUSED)
        sets = self.sets_at(zone, m.name)
        kinds = sets if m.type == ANY else [CNAME] if CNAME in sets else [m.type]
        # 0xc00c is the name of the question.
        answers = [entry_wire(b'\xc0\x0c', kind, ttl, data) for kind in kinds for ttl, data in sets.get(kind, ())]
        if answers:
            return self.reply(m, NOERROR, answers, limit=limit, aa=True)
        below = any(name.endswith('.' + m.name) for name in [*zone.names(), *self.arguments.cname])
        authority = [entry_wire(name_wire(zone.name), SOA, 60, self.soa(zone))]
        return self.reply(m, NOERROR if sets or below else NXDOMAIN, (), authority, limit=limit, aa=True)

    # -- changing (RFC 2136 3)

    def update(self, m):
        if m.type != SOA:
            return self.wrong(FORMERR, f'an update whose zone has type {m.type}')
        zone = self.zones.get(m.name)
        if not zone or m.dns_class != IN:
            return NOTAUTH
        prerequisites, changes, _ = m.sections
        for check, entries in ((self.prescan, changes), (self.prescan_prerequisite, prerequisites)):
            for entry in entries:
                if code := check(zone, entry):
                    return code
        if changes:
            self.before_change(zone, changes[0].name)
        if code := self.unmet(zone, prerequisites):
            return code
        before = zone.all_at()
        for entry in changes:
            {IN: self.add_entry, CLASS_NONE: self.remove_entry, CLASS_ANY: self.remove_set}[entry.dns_class](zone, entry)
        if zone.all_at() != before:
            self.serials[zone.name] = self.serials.get(zone.name, 1) + 1
        return NOERROR

    def wrong(self, code, text):
        self.violation(text)
        return code

    def prescan(self, zone, entry):
        title = f'a change at {entry.name}'
        if not zone.covers(entry.name):
            return self.wrong(NOTZONE, f'{title}, which is not in {zone.name}')
        whole = entry.dns_class == CLASS_ANY
        if entry.dns_class not in (IN, CLASS_NONE, CLASS_ANY) or (entry.dns_class != IN and entry.ttl) or \
           (128 <= entry.type <= 255 and not (whole and entry.type == ANY)):
            return self.wrong(FORMERR, f'{title} that is malformed')
        if whole:
            self.violation(f'{title} that deletes {"the name" if entry.type == ANY else "a record set"}')
        if entry.type not in (TXT, ANY) or entry.name in self.arguments.refuse:
            # What --refuse has is a right that is missing, and no mistake.
            if entry.type not in (TXT, ANY):
                self.violation(f'{title} of type {entry.type}')
            return REFUSED
        if entry.type == ANY and set(self.sets_at(zone, entry.name)) - {TXT}:
            return REFUSED
        if not whole and txt_wire(b''.join(txt_strings(entry.data))) != entry.data:
            return self.wrong(REFUSED, f'{title} with strings that this simulation does not keep apart')
        if entry.ttl > MAX_TTL:
            self.violation(f'{title} with a TTL of {entry.ttl}')
        return NOERROR

    def prescan_prerequisite(self, zone, entry):
        if not zone.covers(entry.name):
            return self.wrong(NOTZONE, f'a prerequisite at {entry.name}, which is not in {zone.name}')
        if entry.ttl or entry.dns_class not in (IN, CLASS_NONE, CLASS_ANY):
            return self.wrong(FORMERR, f'a malformed prerequisite at {entry.name}')
        return NOERROR

    def unmet(self, zone, prerequisites):
        wanted = {}
        for entry in prerequisites:
            sets = self.sets_at(zone, entry.name)
            there = bool(sets) if entry.type == ANY else entry.type in sets
            if entry.dns_class == CLASS_ANY and not there:
                return NXDOMAIN if entry.type == ANY else NXRRSET
            if entry.dns_class == CLASS_NONE and there:
                return YXDOMAIN if entry.type == ANY else YXRRSET
            if entry.dns_class == IN:
                wanted.setdefault((entry.name, entry.type), set()).add(entry.data)
        for (name, kind), values in wanted.items():
            if {data for _, data in self.sets_at(zone, name).get(kind, ())} != values:
                return NXRRSET
        return NOERROR

    def add_entry(self, zone, entry):
        if entry.name in self.arguments.cname:
            return
        record = zone.add(entry.name, b''.join(txt_strings(entry.data)), entry.ttl)
        zone.change(record, data={})
        # One TTL for the set.
        for other in zone.records(entry.name, 'TXT'):
            if other.ttl != entry.ttl:
                zone.change(other, ttl=entry.ttl)

    def remove_entry(self, zone, entry):
        value = b''.join(txt_strings(entry.data))
        for record in zone.records(entry.name, 'TXT'):
            if record.value == value and record.data.get('foreign'):
                self.violation(f'the value {value!r} of another client at {entry.name} was removed')
        zone.remove(entry.name, value)

    def remove_set(self, zone, entry):
        zone.replace(entry.name, [])


# ---- sockets ----------------------------------------------------------------------------------------------------


class Stream(socketserver.BaseRequestHandler):
    """A TCP connection: messages behind their length, answered in their order."""

    is_datagram = False

    def handle(self):
        self.is_open = True
        while self.is_open and (length := self.read(2)) and (wire := self.read(*struct.unpack('>H', length))):
            self.server.simulation.take(wire, self)

    def read(self, n):
        octets = b''
        while len(octets) < n:
            more = self.request.recv(n - len(octets))
            if not more:
                return None
            octets += more
        return octets

    def lose(self):
        """Ends the connection with RST."""
        self.is_open = False
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.server.resets.add(self.request)

    def send(self, reply, cut):
        wire = reply.body
        self.is_open = not cut
        data = b''.join(struct.pack('>H', len(part)) + part for part in parts(wire, FRAME))
        self.request.sendall(data[:2 + len(wire) // 2] if cut else data)


class Datagram(socketserver.BaseRequestHandler):
    is_datagram = True

    def handle(self):
        self.server.simulation.take(self.request[0], self)

    def lose(self):
        """No answer."""

    def send(self, reply, cut):
        wire = reply.body
        # The largest that IPv4 carries.
        self.request[1].sendto(wire[:len(wire) // 2 if cut else 65507], self.client_address)


class Quiet:
    daemon_threads, block_on_close = True, False

    def handle_error(self, request, client_address):
        # A peer that goes away in the middle is no event; anything else is a bug here.
        if not isinstance(sys.exc_info()[1], OSError):
            traceback.print_exc()


class DatagramServer(Quiet, socketserver.ThreadingUDPServer):
    max_packet_size = FRAME


class DnsServer(Quiet, socketserver.ThreadingTCPServer):
    """TCP, and UDP at the same port."""

    request_queue_size, allow_reuse_address = 128, True
    TRIES = 50

    def __init__(self, simulation, host, port):
        family = socket.AF_INET6 if ':' in host else socket.AF_INET
        self.address_family = DatagramServer.address_family = family
        self.simulation, self.resets = simulation, set()
        for left in reversed(range(self.TRIES)):
            super().__init__((host, port), Stream)
            try:
                self.datagrams = DatagramServer(self.server_address, Datagram)
                break
            except OSError:
                # That port is free for TCP only.
                super().server_close()
                if port or not left:
                    raise
        self.datagrams.simulation = simulation

    def get_request(self):
        connection, peer = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(IDLE_SECONDS)
        return connection, peer

    def shutdown_request(self, request):
        if request in self.resets:
            self.resets.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def serve_forever(self, poll_interval=0.5):
        threading.Thread(target=self.datagrams.serve_forever, args=(poll_interval,), daemon=True).start()
        super().serve_forever(poll_interval)

    def shutdown(self):
        self.datagrams.shutdown()
        super().shutdown()

    def server_close(self):
        super().server_close()
        self.datagrams.server_close()


if __name__ == '__main__':
    Rfc2136.main()
