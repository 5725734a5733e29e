# SPDX-License-Identifier: Apache-2.0
"""The rfc2136 provider and its simulation: the simulation against BIND and against clients of others, the plugin alone
in front of the simulation, and the conformance kit."""

import base64
import json
import re
import socket
import struct
import subprocess
import sys
import time

import pytest
from conftest import BUILD, SANITIZER, TOP

sys.path[:0] = [str(TOP / 'tests/lib'), str(TOP / 'providers/rfc2136'), str(TOP / 'plugins-sdk/conformance')]

from pluginhost import ADD, AUTH, CONFIG, DENIED, NOT_FOUND, OK, REMOVE, TRANSIENT, Plugin
from rfc2136_sim import ALGORITHMS, Datagram, Rfc2136
from simprocess import SimProcess

dns = pytest.importorskip('dns')
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdtypes.ANY.TSIG
import dns.tsig
import dns.update

ZONE = 'example.test'
NAME = f'_acme-challenge.{ZONE}'
VALUE, OTHER = 'A' * 43, 'B' * 43
PLUGIN = BUILD / 'providers/rfc2136/.libs/rfc2136.so'

alone = pytest.mark.skipif(SANITIZER, reason='a plugin with sanitizers cannot be loaded into this Python')


# ---- the simulation and clients of others -------------------------------------------------------------------------------


class Client:
    """dnspython in front of a simulation in this process."""

    def __init__(self, *arguments, zone=ZONE):
        self.sim = Rfc2136('--zone', zone, *arguments)

    def __enter__(self):
        self.sim.begin()
        self.host, self.port = self.sim.server.server_address[:2]
        self.key = self.make_key()
        return self

    def __exit__(self, *_):
        self.sim.end()

    def make_key(self, name='zoneseal-sim', secret=None, algorithm=None):
        algorithm = ALGORITHMS[algorithm or self.sim.arguments.algorithm][0].decode()
        return dns.tsig.Key(name, secret or self.sim.secrets['tsig-secret'].read_text(), algorithm)

    def send(self, message, key='own', how=dns.query.tcp, **sign):
        if key:
            message.use_tsig(self.key if key == 'own' else key, **sign)
        return how(message, self.host, port=self.port, timeout=30)

    def update(self, zone=ZONE):
        return dns.update.UpdateMessage(zone)

    def code(self, message, **options):
        return dns.rcode.to_text(self.send(message, **options).rcode())

    def add(self, value=VALUE, name=NAME, ttl=60, **options):
        message = self.update()
        message.add(name + '.', ttl, 'TXT', f'"{value}"')
        return self.code(message, **options)

    def ask(self, name=NAME, kind='TXT', key='own', how=dns.query.tcp, **options):
        return self.send(dns.message.make_query(name, kind, **options), key=key, how=how)

    def violations(self):
        return [line.removeprefix('violation ') for line in self.sim.command('violations')[:-1]]

    def records(self):
        return {(n, v.decode()) for n, v in self.sim.observe()}


@pytest.fixture
def client():
    with Client() as made:
        yield made


@pytest.mark.parametrize('algorithm', ALGORITHMS)
@pytest.mark.parametrize('how', [dns.query.tcp, dns.query.udp])
def test_signed_updates_and_answers(algorithm, how):
    """dnspython verifies the signature of every answer."""
    with Client('--algorithm', algorithm) as c:
        assert c.add(how=how) == 'NOERROR' and c.records() == {(NAME, VALUE)}
        answer = c.ask(how=how)
        assert answer.had_tsig and answer.flags & dns.flags.AA and VALUE in answer.answer[0].to_text()
        assert c.violations() == []


@pytest.mark.parametrize('how, error, words', [
    ({'name': 'another'}, 'BADKEY', 'BADKEY'), ({'algorithm': 'hmac-sha512'}, 'BADKEY', 'BADKEY'),
    ({'secret': base64.b64encode(b'wrong').decode()}, 'BADSIG', 'BADSIG')])
def test_wrong_keys(client, how, error, words):
    with pytest.raises({'BADKEY': dns.tsig.PeerBadKey, 'BADSIG': dns.tsig.PeerBadSignature}[error]):
        client.add(key=client.make_key(**how))
    assert client.records() == set() and words in ' '.join(client.violations())


@pytest.mark.parametrize('ahead', [-400, 400])
def test_wrong_clock(ahead):
    with Client('--clock', str(ahead)) as c:
        with pytest.raises(dns.tsig.PeerBadTime):
            c.add()
        assert c.records() == set() and 'BADTIME' in ' '.join(c.violations())


def test_unsigned(client):
    assert client.add(key=None) == 'REFUSED'
    assert client.records() == set() and 'not signed' in ' '.join(client.violations())
    assert client.ask(key=None).rcode() == dns.rcode.NXDOMAIN and client.violations() == []


def signed(client, wire, cut=None):
    """The message with a TSIG of Python's dns package, whose MAC ends after so many octets."""
    tsig = dns.rdtypes.ANY.TSIG.TSIG(255, 250, client.key.algorithm, 0, 300, b'', struct.unpack('>H', wire[:2])[0], 0, b'')
    tsig, _ = dns.tsig.sign(wire, client.key, tsig, int(time.time()), b'')
    data = tsig.replace(mac=tsig.mac[:cut]).to_wire()
    count, = struct.unpack('>H', wire[10:12])
    return (wire[:10] + struct.pack('>H', count + 1) + wire[12:] + client.key.name.to_wire() +
            struct.pack('>HHIH', 250, 255, 0, len(data)) + data)


def raw(client, wire):
    """The answer's octets over UDP, or None where none comes before a later question is answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((client.host, client.port))
        s.settimeout(30)
        s.send(wire)
        marker = dns.message.make_query('marker.' + ZONE, 'TXT', id=0x7777)
        if len(wire) < 12 or wire[2] & 0x80:
            s.send(marker.to_wire())
        answer = s.recv(65535)
        return None if answer[:2] == b'\x77\x77' else answer


@pytest.mark.parametrize('octets, code, error', [(32, 0, 0), (31, 9, 22), (16, 9, 22), (15, 1, None), (0, 1, None)])
def test_shortened_mac(client, octets, code, error):
    message = client.update()
    message.add(NAME + '.', 60, 'TXT', VALUE)
    answer = raw(client, signed(client, message.to_wire(), octets))
    assert answer[3] & 15 == code and bool(client.records()) == (not code)
    if error is not None:
        assert struct.unpack('>H', answer[-4:-2])[0] == error


HEAD = struct.pack('>HHHHHH', 0x1234, 0x2800, 1, 0, 0, 0)
QUESTION = b'\7example\4test\0\0\6\0\1'


@pytest.mark.parametrize('wire, code', [
    (b'', None), (b'\0' * 11, None), (HEAD[:2] + b'\xa8\0' + HEAD[4:] + QUESTION, None),
    (HEAD, 1), (HEAD + QUESTION[:-1], 1), (HEAD + b'\xc0\x0c\0\6\0\1', 1), (HEAD + b'\xc0\x20\0\6\0\1', 1),
    (HEAD + b'\x80' * 20, 1), (HEAD + (b'\x3f' + b'a' * 63) * 4 + b'\0\0\6\0\1', 1), (HEAD + QUESTION + b'x', 1),
    (HEAD[:4] + b'\0\2' + HEAD[6:] + QUESTION * 2, 1), (HEAD[:4] + b'\0\0' + HEAD[6:], 1),
    (HEAD[:10] + b'\0\1' + QUESTION + b'\0\0\xfa\0\xff\0\0\0\0\0\0', 1),
    (HEAD[:2] + b'\x20\0' + HEAD[4:] + QUESTION, 4),
])
def test_malformed_messages(client, wire, code):
    answer = raw(client, wire)
    assert (answer and answer[3] & 15) == code
    if answer:
        assert answer[:2] == wire[:2] and answer[2] & 0xf8 == 0x80 | wire[2] & 0x78
        assert client.violations()
    assert client.add() == 'NOERROR'


def test_answers_of_a_name_server():
    with Client('--cname', f'alias.{ZONE}') as c:
        soa = c.ask(ZONE, 'SOA').answer[0][0]
        assert soa.serial == 1 and c.ask(ZONE, 'NS').answer[0][0].target.to_text() == 'ns.example.net.'
        assert c.add('one', f'a.b.{ZONE}') == 'NOERROR' and c.add('two', f'a.b.{ZONE}', 90) == 'NOERROR'
        assert c.add('two', f'a.b.{ZONE}', 90) == 'NOERROR'
        found = c.ask(f'A.B.{ZONE}').answer[0]
        assert found.ttl == 90 and {r.strings for r in found} == {(b'one',), (b'two',)} and found.name.to_text().startswith('A.B.')
        assert c.ask(ZONE, 'SOA').answer[0][0].serial == 3
        for name, kind, code in ((f'b.{ZONE}', 'TXT', 'NOERROR'), (f'a.b.{ZONE}', 'SOA', 'NOERROR'), (f'c.{ZONE}', 'TXT', 'NXDOMAIN')):
            answer = c.ask(name, kind)
            assert dns.rcode.to_text(answer.rcode()) == code and not answer.answer and answer.authority[0].rdtype == 6
        assert c.ask(f'alias.{ZONE}').answer[0].rdtype == 5 and c.add('x', f'alias.{ZONE}') == 'NOERROR'
        assert c.ask('example.org').rcode() == dns.rcode.REFUSED
        assert not [n for n, _ in c.records() if n.startswith('alias')] and c.violations() == []


def test_large_answers(client):
    for i in range(8):
        assert client.add(f'{i}' + 'x' * 100) == 'NOERROR'
    ask = {'how': dns.query.udp}
    assert client.ask(**ask).flags & dns.flags.TC and not client.ask(**ask).answer
    whole = client.ask(**ask, use_edns=0, payload=4096)
    assert not whole.flags & dns.flags.TC and len(whole.answer[0]) == 8 and whole.edns == 0
    assert len(client.ask().answer[0]) == 8


def test_many_messages_in_one_connection(client):
    with socket.create_connection((client.host, client.port)) as s:
        wires = [dns.message.make_query(NAME, 'TXT', id=i + 1).to_wire() for i in range(20)]
        s.sendall(b''.join(struct.pack('>H', len(w)) + w for w in wires))
        s.settimeout(30)
        ids = [dns.query.receive_tcp(s)[0].id for _ in wires]
    assert ids == list(range(1, 21))


@pytest.mark.parametrize('what, words', [
    (lambda m: m.delete(NAME + '.'), 'deletes the name'), (lambda m: m.delete(NAME + '.', 'TXT'), 'deletes a record set'),
    (lambda m: m.add(NAME + '.', 60, 'A', '192.0.2.1'), 'of type 1'), (lambda m: m.add('x.test.', 60, 'TXT', 'v'), 'not in'),
    (lambda m: m.delete(NAME + '.', 'TXT', 'foreign'), 'of another client')])
def test_what_a_plugin_must_not_do(client, what, words):
    client.sim.command(f'add {NAME} foreign')
    message = client.update()
    what(message)
    client.code(message)
    assert words in ' '.join(client.violations())


def test_ttl_that_no_cache_takes(client):
    entry = b'\1x' + QUESTION[:14] + struct.pack('>HHIH', 16, 1, 0x80000000, 2) + b'\1v'
    assert raw(client, signed(client, HEAD[:8] + b'\0\1\0\0' + QUESTION + entry))[3] & 15 == 0
    assert 'TTL' in ' '.join(client.violations())


def test_foreign_value_becomes_ours_when_we_add_it(client):
    client.sim.command(f'add {NAME} {VALUE}')
    assert client.add() == 'NOERROR'
    message = client.update()
    message.delete(NAME + '.', 'TXT', VALUE)
    assert client.code(message) == 'NOERROR' and client.records() == set() and client.violations() == []


@pytest.mark.parametrize('how', [dns.query.tcp, dns.query.udp])
def test_faults(client, how):
    def meets(kind, argument=0):
        assert client.sim.command(f'fault {kind} 1 {argument}') == ['ok']
        return client.add(how=how)

    udp = how is dns.query.udp
    assert meets('error') == 'SERVFAIL' and meets('denied') == 'REFUSED' and client.records() == set()
    with pytest.raises(dns.tsig.PeerBadKey):
        meets('auth')
    assert client.records() == set() and client.violations() == []
    assert meets('slow', 20) == 'NOERROR' and client.records() == {(NAME, VALUE)}
    client.sim.command('clear')
    if not udp:
        for kind in ('lost-before', 'lost-after', 'late-after', 'truncated'):
            with pytest.raises((OSError, EOFError)):
                meets(kind, 20)
            assert bool(client.records()) == (kind != 'lost-before')
            client.sim.command('clear')
    for kind in ('garbage', 'oversized'):
        with pytest.raises((dns.exception.DNSException, ValueError)):
            meets(kind)
        assert client.records() == {(NAME, VALUE)}
    for kind in ('rate', 'rate-long', 'gateway', 'pages'):
        assert client.sim.command(f'fault {kind}') == ['unsupported']


def test_conflict_and_stale(client):
    client.sim.command('fault conflict')
    assert client.add() == 'NOERROR'
    assert sorted(v.partition('-')[0] for _, v in client.records()) == [VALUE, 'conflict']
    (conflict,) = (v for _, v in client.records() if v != VALUE)
    message = client.update()
    message.delete(NAME + '.', 'TXT', conflict)
    assert client.code(message) == 'NOERROR' and 'another client had just added' in ' '.join(client.violations())
    client.sim.command('clear')
    assert client.add() == 'NOERROR'
    client.sim.command('fault stale 1 60000')
    assert client.ask().rcode() == dns.rcode.NXDOMAIN and client.ask().answer


def key_line(key):
    """The key as knsupdate wants it."""
    name, algorithm, secret = re.search(r'key "(.*?)".*algorithm (.*?);.*secret "(.*?)"', key.read_text(), re.S).groups()
    return f'{algorithm}:{name}:{secret}'


@pytest.mark.parametrize('program', ['nsupdate', 'knsupdate'])
def test_nsupdate_and_knsupdate(program, directory):
    with SimProcess('rfc2136', ZONE, arguments=['--key-file']) as sim:
        port = sim.options['nameserver'].rpartition(':')[2]
        keys = {name: directory / name for name in ('good', 'bad', 'unknown')}
        good = key_line(sim.secrets['tsig-key-file']) if program == 'knsupdate' else sim.secrets['tsig-key-file'].read_text()
        secret = re.search(r'[A-Za-z0-9+/]{43}=', good)[0]
        keys['good'].write_text(good)
        keys['bad'].write_text(good.replace(secret, base64.b64encode(b'w' * 32).decode()))
        keys['unknown'].write_text(good.replace('zoneseal-sim', 'another'))

        def run(text, key='good'):
            lines = f'server 127.0.0.1 {port}\nzone {ZONE}\n{text}\nsend\n'
            done = subprocess.run([program, '-k', keys[key]], input=lines, text=True, capture_output=True, timeout=60)
            return done.stdout + done.stderr

        assert run(f'update add {NAME} 60 TXT "{VALUE}"\nupdate add {NAME} 60 TXT "{OTHER}"') == ''
        assert run(f'update add {NAME} 60 TXT "{VALUE}"') == '' and sim.records() == {(NAME, VALUE), (NAME, OTHER)}
        assert run(f'update delete {NAME} TXT "{OTHER}"') == '' and sim.records() == {(NAME, VALUE)}
        for text, word in ((f'prereq nxrrset {NAME} TXT', 'YXRRSET'), (f'prereq yxrrset no.{ZONE} TXT', 'NXRRSET'),
                           (f'prereq nxdomain {NAME}', 'YXDOMAIN'), (f'prereq yxdomain no.{ZONE}', 'NXDOMAIN'),
                           (f'prereq yxrrset {NAME} TXT "x"', 'NXRRSET')):
            assert word in run(f'{text}\nupdate add {NAME} 60 TXT "no"')
        assert run(f'prereq yxrrset {NAME} TXT "{VALUE}"\nupdate delete {NAME} TXT "{VALUE}"') == '' and sim.records() == set()
        assert sim.violations() == []
        assert run(f'update add {NAME} 60 TXT "no"', 'bad') and 'BADSIG' in sim.violations()[0]
        assert run(f'update add {NAME} 60 TXT "no"', 'unknown') and 'BADKEY' in sim.violations()[0]
        assert 'REFUSED' in run(f'update add host.{ZONE} 60 A 192.0.2.1') and sim.records() == set()


# ---- the simulation and BIND ----------------------------------------------------------------------------------------------

# Runs inside the lab: sends each step to a server and says how it ended and what is there then.
DRIVER = r'''
import json, struct, sys, time
import dns.message, dns.name, dns.query, dns.rcode, dns.tsig, dns.rdtypes.ANY.TSIG
host, port, keyfile, cases = sys.argv[1], int(sys.argv[2]), sys.argv[3], json.load(sys.stdin)
words = open(keyfile).read().replace('"', ' ').replace(';', ' ').split()
key = dns.tsig.Key(words[1], words[words.index('secret') + 1], words[words.index('algorithm') + 1])

def ask(name, kind):
    answer = dns.query.tcp(dns.message.make_query(name, kind), host, port=port, timeout=30)
    return [r for rrset in answer.answer for r in rrset if rrset.rdtype == dns.rdatatype.from_text(kind)], answer

def record(name, ttl, dns_class, kind, data):
    data = bytes.fromhex(data)
    return dns.name.from_text(name).to_wire() + struct.pack('>HHIH', kind, dns_class, ttl, len(data)) + data

def send(zone, kind, dns_class, prerequisites, changes):
    wire = struct.pack('>HHHHHH', 4660, 0x2800, 1, len(prerequisites), len(changes), 0) + dns.name.from_text(zone).to_wire()
    wire += struct.pack('>HH', kind, dns_class) + b''.join(record(*r) for r in [*prerequisites, *changes])
    tsig = dns.rdtypes.ANY.TSIG.TSIG(255, 250, key.algorithm, 0, 300, b'', 4660, 0, b'')
    tsig, _ = dns.tsig.sign(wire, key, tsig, int(time.time()), b'')
    data = tsig.to_wire()
    wire = wire[:11] + b'\1' + wire[12:] + key.name.to_wire() + struct.pack('>HHIH', 250, 255, 0, len(data)) + data
    import socket
    with socket.create_connection((host, port), 30) as s:
        s.sendall(struct.pack('>H', len(wire)) + wire)
        size = b''
        while len(size) < 2: size += s.recv(2 - len(size))
        answer = b''
        while len(answer) < struct.unpack('>H', size)[0]: answer += s.recv(65535)
    try:
        checked = dns.message.from_wire(answer, keyring={key.name: key}, request_mac=tsig.mac)
    except dns.exception.FormError:
        # It repeats a zone that is none, and is not read for that.
        return dns.rcode.to_text(answer[3] & 15), answer[11] > 0
    return dns.rcode.to_text(checked.rcode()), checked.had_tsig

for label, names, steps in cases:
    serial = ask('example.test', 'SOA')[0][0].serial
    codes = [send(*step) for step in steps]
    texts = {}
    for name in names:
        found, answer = ask(name, 'TXT')
        texts[name] = [dns.rcode.to_text(answer.rcode()), sorted(r.to_text() for r in found), [s.ttl for s in answer.answer]]
    print(json.dumps([label, codes, texts, ask('example.test', 'SOA')[0][0].serial - serial]))
'''


def name_of(label):
    return f'{label}.simulated.{ZONE}'


def txt(value):
    return bytes([len(value)]).hex() + value.encode().hex()


def step(*changes, when=(), zone=ZONE, kind=6, dns_class=1):
    return [zone, kind, dns_class, list(when), list(changes)]


def cases():
    """(label, names to look at, steps).  A record is name, TTL, class, type, data."""
    n, m = name_of('n'), name_of('m')
    alias = f'_acme-challenge.cn.{ZONE}'
    add = [n, 60, 1, 16, txt('one')]
    two = [n, 90, 1, 16, txt('two')]
    gone = [n, 0, 254, 16, txt('one')]
    clean = step([n, 0, 255, 16, ''], [m, 0, 255, 16, ''])
    some = {
        'add': [step(add)],
        'add twice': [step(add), step(add)],
        'add twice in one': [step(add, add)],
        'TTL of the set': [step(add), step(two)],
        'TTL again': [step(add), step([n, 30, 1, 16, txt('one')])],
        'remove': [step(add, two), step(gone)],
        'remove what is absent': [step(gone)],
        'order in a message': [step(add, gone), step(gone, add)],
        'delete a set': [step(add, two), step([n, 0, 255, 16, ''])],
        'delete a name': [step(add, two), step([n, 0, 255, 255, ''])],
        'nothing': [step()],
        'another case': [step(add), step([n.upper(), 60, 1, 16, txt('two')]), step([n.title(), 0, 254, 16, txt('one')])],
        'beside an alias': [step([alias, 60, 1, 16, txt('x')], add)],
        'unless an alias': [step([alias, 60, 1, 16, txt('x')], add, when=[[alias, 0, 254, 5, '']])],
        'long': [step([n, 60, 1, 16, 'ff' + '61' * 255])],
        'two strings': [step([n, 60, 1, 16, 'ff' + '61' * 255 + '0162']), step([n, 0, 254, 16, 'ff' + '61' * 255 + '0162'])],
        'prerequisites that hold': [step(add, when=[[n, 0, 254, 16, ''], [n, 0, 254, 255, '']]),
                                    step(two, when=[[n, 0, 255, 16, ''], [n, 0, 255, 255, ''], [n, 0, 1, 16, txt('one')]])],
        'set is not there': [step(add, when=[[n, 0, 255, 16, '']])],
        'set is there': [step(add), step(two, when=[[n, 0, 254, 16, '']])],
        'name is not there': [step(add, when=[[n, 0, 255, 255, '']])],
        'name is there': [step(add), step(two, when=[[n, 0, 254, 255, '']])],
        'values are others': [step(add, two), step(gone, when=[[n, 0, 1, 16, txt('one')]]),
                              step(gone, when=[[n, 0, 1, 16, txt('two')], [n, 0, 1, 16, txt('one')]])],
        'empty name is no name': [step([f'x.{n}', 60, 1, 16, txt('one')]), step(add, when=[[n, 0, 255, 255, '']]),
                                  step([f'x.{n}', 0, 255, 16, ''])],
        'all or nothing': [step(add, [m, 60, 1, 1, 'c0000201']), step(add, ['x.test', 60, 1, 16, txt('x')])],
        'no right': [step([n, 60, 1, 1, 'c0000201'])],
        'no right to delete': [step([n, 0, 255, 1, '']), step([n, 0, 254, 1, 'c0000201']), step([ZONE, 0, 255, 255, ''])],
        'policy or prerequisite': [step([n, 60, 1, 1, 'c0000201'], when=[[n, 0, 255, 255, '']])],
        'zone or prerequisite': [step(['x.test', 60, 1, 16, txt('x')], when=[[n, 0, 255, 255, '']])],
        'out of zone': [step(['x.test', 60, 1, 16, txt('x')]), step(add, when=[['x.test', 0, 255, 255, '']])],
        'zone not served': [step(add, zone='elsewhere.test'), step(add, zone=n)],
        'zone of another type': [step(add, kind=2)],
        'class of a change': [step([n, 60, 3, 16, txt('x')])],
        'TTL of a removal': [step([n, 1, 254, 16, txt('x')]), step([n, 1, 255, 16, ''])],
        'data of a deletion': [step([n, 0, 255, 16, txt('x')])],
        'types that are none': [step([n, 60, 1, 255, '']), step([n, 0, 254, 255, ''])],
        'text that is none': [step([n, 60, 1, 16, '0561'])],
        'TTL of a prerequisite': [step(add, when=[[n, 5, 254, 16, '']])],
        'data of a prerequisite': [step(add, when=[[n, 0, 254, 16, txt('x')]])],
    }
    return [(label, [n, m], [clean, *steps]) for label, steps in some.items()]


def drive(lab, server, key):
    host, _, port = server.rpartition(':') if ':' in server else (server, '', '53')
    argv = [TOP / 'scripts/lab', 'exec', '--', '/usr/bin/python3', '-c', DRIVER, host, port, str(key)]
    done = subprocess.run(argv, env=lab.env, text=True, input=json.dumps(cases()), capture_output=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    return {label: found for label, *found in map(json.loads, done.stdout.splitlines())}


def test_answers_and_changes_are_those_of_bind(lab):
    with SimProcess('rfc2136', ZONE, lab=lab, arguments=['--key-file', '--cname', f'_acme-challenge.cn.{ZONE}']) as sim:
        ours = drive(lab, sim.options['nameserver'], sim.secrets['tsig-key-file'])
    binds = drive(lab, lab.vars['LAB_PRIMARY'], f'{lab.vars["LAB_KEYS"]}/lab-sha256.key')
    assert set(ours) == {label for label, *_ in cases()}
    assert {k: v for k, v in ours.items() if v != binds[k]} == {k: v for k, v in binds.items() if v != ours[k]}


# ---- the plugin alone -------------------------------------------------------------------------------------------------------


class Case:
    """A simulation in this process and the plugin in front of it."""

    def __init__(self, *arguments, **options):
        self.sim = Rfc2136('--zone', ZONE, *arguments).begin()
        secrets = {option: path.read_text() for option, path in self.sim.secrets.items()}
        self.options = {k.replace('-', '_'): v for k, v in {**self.sim.options, **secrets}.items()} | options
        self.plugin = Plugin(PLUGIN)
        answer = self.plugin.open(**self.options)
        assert answer.code == OK, answer.text

    def fault(self, *fields):
        assert self.sim.command(' '.join(map(str, ('fault', *fields)))) == ['ok']

    def add(self, *pairs, zone=ZONE):
        return self.plugin.apply(zone, [(ADD, *pair) for pair in pairs or [(NAME, VALUE)]])

    def remove(self, *pairs):
        return self.plugin.apply(ZONE, [(REMOVE, *pair) for pair in pairs or [(NAME, VALUE)]])

    def records(self):
        return {(n, v.decode()) for n, v in self.sim.observe()}

    def end(self, violations=False):
        self.plugin.close()
        self.sim.end()
        assert violations or not self.sim._violations, self.sim._violations


@pytest.fixture
def case():
    made = []

    def make(*arguments, **options):
        made.append(Case(*arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.end()


@alone
@pytest.mark.parametrize('udp', ['no', 'yes'])
@pytest.mark.parametrize('arguments', [(), ('--key-file',)])
@pytest.mark.parametrize('algorithm', ALGORITHMS)
def test_plugin_signs_with_every_algorithm(case, algorithm, arguments, udp):
    c = case('--algorithm', algorithm, *arguments, udp=udp)
    assert c.add().of(0)[0] == OK and c.records() == {(NAME, VALUE)}
    assert c.remove().of(0)[0] == OK and c.records() == set()


@alone
def test_one_update_and_one_question_for_each_name(case):
    c = case()
    pairs = [(f'_acme-challenge.h{i}.{ZONE}', VALUE) for i in range(100)]
    answer = c.add(*pairs)
    assert {answer.of(i)[0] for i in range(100)} == {OK} and c.sim.count == 101 and c.records() == set(pairs)


@alone
def test_server_failure_is_waited_for_once(case):
    c = case()
    c.fault('error')
    assert c.add().of(0)[0] == OK and c.records() == {(NAME, VALUE)}
    c.fault('error', 100)
    code, text = c.remove().of(0)
    assert code == TRANSIENT and 'SERVFAIL' in text and c.records() == {(NAME, VALUE)}


@alone
def test_server_failure_of_one_server_is_answered_by_the_next(case):
    c, other = case(), case()
    other.sim.key = c.sim.key
    with Plugin(PLUGIN) as plugin:
        servers = f'{c.options["nameserver"]},{other.options["nameserver"]}'
        assert plugin.open(**{**c.options, 'nameserver': servers}).code == OK
        c.fault('error', 100)
        assert plugin.apply(ZONE, [(ADD, NAME, VALUE)]).of(0)[0] == OK
    assert other.records() == {(NAME, VALUE)} and c.records() == set()


@alone
@pytest.mark.parametrize('n', [1, 3])
def test_datagram_that_comes_twice_is_not_taken_for_the_next_answer(case, monkeypatch, n):
    """The second answer to the update lies there when the questions are asked."""
    def twice(self, reply, cut):
        for _ in range(2 if reply.body[2] & 0x78 else 1):
            self.request[1].sendto(reply.body, self.client_address)

    monkeypatch.setattr(Datagram, 'send', twice)
    c = case(udp='yes')
    pairs = [(f'_acme-challenge.h{i}.{ZONE}', VALUE) for i in range(n)]
    answer = c.add(*pairs)
    assert [answer.of(i) for i in range(n)] == [(OK, '')] * n and c.records() == set(pairs)
    assert c.sim.count == 1 + n


@alone
@pytest.mark.parametrize('skip', [0, 1, 2])
def test_lost_datagrams_are_sent_again(case, skip):
    """Well before query-timeout, which is longer than the call may take."""
    c = case(udp='yes', query_timeout='300s')
    c.fault('lost-after', 2, 0, skip)
    other = f'_acme-challenge.h.{ZONE}'
    answer = c.add((NAME, VALUE), (other, VALUE))
    assert [answer.of(i) for i in (0, 1)] == [(OK, '')] * 2 and c.records() == {(NAME, VALUE), (other, VALUE)}


@alone
def test_nothing_stays_above_a_deeper_zone(case):
    c = case()
    deep = f'sub.{ZONE}'
    name = f'_acme-challenge.www.{deep}'
    c.sim.command(f'zone add {deep}')
    answer = c.add((name, VALUE), (NAME, OTHER))
    assert answer.of(0)[0] == NOT_FOUND and answer.zones == [deep] and answer.of(1)[0] == OK
    assert c.records() == {(NAME, OTHER)}
    assert c.add((name, VALUE), zone=deep).of(0)[0] == OK and c.records() == {(NAME, OTHER), (name, VALUE)}


@alone
def test_what_is_left_above_a_deeper_zone_is_said(case):
    c = case()
    deep = f'sub.{ZONE}'
    c.sim.command(f'zone add {deep}')
    c.fault('denied', 100, 0, 2)
    answer = c.add((f'_acme-challenge.{deep}', VALUE))
    assert answer.of(0)[0] == NOT_FOUND and answer.zones == [deep]
    assert [text for level, text in answer.logged if 'stays' in text and f'_acme-challenge.{deep}' in text]


@alone
def test_alias_and_missing_right_stop_their_own_names_only(case):
    alias, barred = f'alias.{ZONE}', f'barred.{ZONE}'
    c = case('--cname', alias, '--refuse', barred)
    answer = c.add((NAME, VALUE), (alias, VALUE), (barred, VALUE), (f'y.{ZONE}', VALUE))
    assert [answer.of(i)[0] for i in range(4)] == [OK, CONFIG, DENIED, OK]
    assert 'is an alias' in answer.of(1)[1] and 'REFUSED' in answer.of(2)[1]
    assert c.records() == {(NAME, VALUE), (f'y.{ZONE}', VALUE)}


@alone
@pytest.mark.parametrize('arguments, options, words', [
    (('--clock', '-400'), {}, r'BADTIME.*(399|400|401) s behind'), (('--clock', '1000'), {}, r'BADTIME.*(999|1000|1001) s ahead'),
    ((), {'tsig_key': 'another'}, 'BADKEY'), ((), {'tsig_secret': 'AAAA'}, 'BADSIG')])
def test_wrong_key_and_wrong_clock(arguments, options, words):
    c = Case(*arguments, **options)
    try:
        code, text = c.add().of(0)
        assert code == AUTH and re.search(words, text) and c.records() == set()
        assert c.plugin.check({ZONE: [NAME]}).of(0)[0] == AUTH
    finally:
        c.end(violations=True)


# ---- the kit ------------------------------------------------------------------------------------------------------------------

# What DNS does not have, and what the plugin has no function for.
SKIPPED = {'rate', 'rate-long', 'gateway', 'pages', 'live', 'live-later', 'live-odd'}


@pytest.mark.skipif(not (BUILD / 'zoneseal').exists(), reason='this build has no conformance kit')
@pytest.mark.parametrize('arguments, options', [((), ()), (('--key-file',), ()), (('--algorithm', 'hmac-sha512'), ('-o', 'udp=yes'))])
def test_provider_passes_the_conformance_kit_offline(directory, arguments, options):
    sim = directory / 'sim'
    sim.write_text(f'#!/bin/sh\nexec {TOP}/providers/rfc2136/rfc2136_sim.py {" ".join(arguments)} "$@"\n')
    sim.chmod(0o755)
    result = subprocess.run([BUILD / 'zoneseal', 'provider', 'check', 'rfc2136', '--zone', ZONE, '--offline', sim, '--json', *options],
                            text=True, capture_output=True, timeout=230, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result.stdout + result.stderr
    document = json.loads(result.stdout)
    assert document['failed'] == 0 and document['passed'] >= 60
    assert {c['name'] for c in document['checks'] if c['state'] == 'skipped'} == SKIPPED
