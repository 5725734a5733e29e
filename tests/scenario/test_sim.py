# SPDX-License-Identifier: Apache-2.0
"""The simulations of DNS services themselves: zoneseal_sim.py over its pipes and over HTTPS, without any plugin."""

import base64
import hashlib
import http.client
import json
import pathlib
import signal
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
import warnings

import pytest

from conftest import BUILD, TOP, wait_until

sys.path += [str(TOP / 'tests/lib'), str(TOP / 'plugins-sdk/conformance')]

import zoneseal_sim
from simprocess import SimError, SimProcess

ZONE = 'example.com'
NAME = f'_acme-challenge.{ZONE}'
VALUE = 'A' * 43
EXAMPLE = TOP / 'plugins-sdk/conformance/example_sim.py'
NO_PROXY = urllib.request.ProxyHandler({})


class Client:
    """An HTTP client of one simulation."""

    def __init__(self, sim, base, headers=None):
        self.base, self.headers = sim.options[base], headers or {}
        self.context = ssl.create_default_context(cafile=sim.options['ca-file']) if self.base.startswith('https') else None
        self.opener = urllib.request.build_opener(NO_PROXY, urllib.request.HTTPSHandler(context=self.context))

    def __call__(self, method, path, body=None, headers=None, timeout=60):
        """Status, headers and body as they came."""
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        headers = {**({'Content-Type': 'application/json'} if data else {}), **self.headers, **(headers or {})}
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with self.opener.open(request, timeout=timeout) as reply:
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as e:
            return e.code, e.headers, e.read()


class Example(Client):
    """The API of example_sim.py."""

    def __init__(self, sim):
        super().__init__(sim, 'api-url', {'Authorization': 'Bearer ' + sim.secrets['api-token'].read_text()})

    def json(self, *arguments, status=200):
        got, _, body = self(*arguments)
        assert got == status, body
        return json.loads(body) if body else None

    def create(self, value=VALUE, name=NAME, status=201):
        return self.json('POST', f'/zones/{ZONE}/records', {'name': name, 'type': 'TXT', 'content': value, 'ttl': 60},
                         status=status)

    def contents(self):
        return [r['content'] for r in self.json('GET', f'/zones/{ZONE}/records')['records']]


@pytest.fixture
def sim():
    with SimProcess('example', ZONE) as process:
        yield process


@pytest.fixture
def api(sim):
    return Example(sim)


# ---- the protocol -----------------------------------------------------------------------------------------------


def test_hello(sim):
    assert set(sim.options) == {'ca-file', 'api-url'} and sim.options['api-url'].startswith('https://127.0.0.1:')
    secret = sim.secrets['api-token']
    assert secret.stat().st_mode & 0o777 == 0o600 and len(secret.read_text()) == 40
    # The host process may belong to another user.
    roots = pathlib.Path(sim.options['ca-file'])
    assert roots.stat().st_mode & 0o777 == 0o644 and roots.parent.stat().st_mode & 0o777 == 0o755


def test_commands(sim):
    odd = 'a b%\n"ü'
    sim.add(NAME, odd)
    sim.add(NAME.upper() + '.', 'second')
    assert sim.records() == {(NAME, odd), (NAME, 'second')}
    sim.remove(NAME, odd)
    sim.remove(NAME, odd)
    assert sim.records() == {(NAME, 'second')}
    sim.command('zone', 'add', 'sub.example.com')
    sim.add('x.sub.example.com', 'deep')
    sim.command('zone', 'remove', 'sub.example.com')
    assert sim.records() == {(NAME, 'second')}
    sim.command('zone', 'add', 'other.test')
    sim.add('other.test', 'v')
    sim.command('clear')
    assert sim.records() == set()
    assert sim.requests() == 0 and sim.violations() == []


def test_octets_survive(sim):
    octets = bytes(range(256))
    sim.command('add', NAME, octets)
    assert sim.command('records') == [f'record {NAME} {urllib.parse.quote(octets, safe="")}']


@pytest.mark.parametrize('fields, words', [
    (('bla',), 'no such command'), (('add', NAME), 'fields'), (('add', 'elsewhere.test', 'v'), 'none of the zones'),
    (('zone', 'remove', 'elsewhere.test'), 'zone remove'), (('zone', 'paint', ZONE), 'zone add'),
    (('fault', 'nonsense'), 'unsupported'), (('fault', 'rate', '0'), 'N from 1'), (('fault', 'rate', '-1'), 'N from 1'),
    (('fault', 'rate', 'many'), 'invalid'), (('fault', 'rate', '1', '2', '3', '4'), 'fields'), (('',), 'no such command'),
])
def test_command_errors(sim, fields, words):
    with pytest.raises(SimError, match=words):
        sim.command(*fields)
    assert sim.records() == set()


@pytest.mark.parametrize('how', ['eof', 'quit', 'term'])
def test_end(how):
    sim = SimProcess('example', ZONE).start()
    directory = sim.secrets['api-token'].parent
    if how == 'quit':
        sim.process.stdin.write('quit\n')
        sim.process.stdin.flush()
    elif how == 'term':
        sim.process.send_signal(signal.SIGTERM)
    assert sim.stop() == 0
    assert not directory.exists()


def test_nobody_reads():
    with subprocess.Popen([EXAMPLE, '--zone', ZONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        directory = pathlib.Path(urllib.parse.unquote(process.stdout.readline().split(' ')[2].strip())).parent
        process.stdout.close()
        process.stdin.write('records\n')
        process.stdin.flush()
        assert process.wait(60) == 0 and process.stderr.read() == ''
    assert not directory.exists()


def test_serve():
    with SimProcess('example', ZONE, arguments=['--serve', '--listen', '[::1]:0']) as sim:
        assert sim.options['api-url'].startswith('https://[::1]:')
        assert Example(sim).contents() == []
        sim.process.send_signal(signal.SIGTERM)
        assert sim.process.wait(60) == 0


def test_plain():
    with SimProcess('example', ZONE, arguments=['--plain']) as sim:
        assert sim.options['api-url'].startswith('http://') and 'ca-file' not in sim.options
        assert Example(sim).contents() == []


def test_build_tree_links():
    directory = BUILD / 'plugins-sdk/conformance'
    if not directory.exists():
        pytest.skip(f'{directory} is not built')
    links = {p.name for p in directory.glob('*.py')}
    assert {'zoneseal_sim.py', 'example_sim.py', 'replay_sim.py', 'acme-dns_sim.py', 'httpreq_sim.py'} <= links
    for name in links - {'zoneseal_sim.py', 'replay_sim.py'}:
        with SimProcess(directory / name, ZONE) as sim:
            assert sim.records() == set()


# ---- HTTP -------------------------------------------------------------------------------------------------------


def test_records_over_http(sim, api):
    sim.add(NAME, 'foreign')
    made = api.create()
    assert api.create(status=409) == {'error': 'record exists'}
    assert api.contents() == ['foreign', VALUE]
    assert sim.records() == {(NAME, 'foreign'), (NAME, VALUE)}
    assert api('DELETE', f'/zones/{ZONE}/records/{made["id"]}')[0] == 204
    assert api('DELETE', f'/zones/{ZONE}/records/{made["id"]}')[0] == 404
    assert sim.records() == {(NAME, 'foreign')}
    assert sim.requests() == 5 and sim.violations() == []


def test_zone_ids_are_stable(sim, api):
    before = api.json('GET', '/zones')['zones']
    sim.command('clear')
    assert api.json('GET', '/zones')['zones'] == before and before[0]['name'] == ZONE
    assert api.json('GET', '/zones?name=other.test')['zones'] == []


def test_pages_of_20(sim, api):
    for i in range(21):
        sim.add(NAME, f'v{i}')
    first = api.json('GET', f'/zones/{ZONE}/records')
    assert len(first['records']) == 20 and first['next'] == 2
    second = api.json('GET', f'/zones/{ZONE}/records?page=2')
    assert len(second['records']) == 1 and second['next'] is None


def test_keep_alive_and_tls(sim):
    url = urllib.parse.urlsplit(sim.options['api-url'])
    context = ssl.create_default_context(cafile=sim.options['ca-file'])
    connection = http.client.HTTPSConnection('localhost', url.port, context=context, timeout=60)
    for _ in range(3):
        connection.request('GET', '/v1/zones', headers={'Authorization': 'Bearer x'})
        socket = connection.sock
        assert connection.getresponse().read() and connection.sock is socket
    assert socket.version() in ('TLSv1.2', 'TLSv1.3') and socket.selected_alpn_protocol() is None
    old = ssl.create_default_context(cafile=sim.options['ca-file'])
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError):
        urllib.request.build_opener(NO_PROXY, urllib.request.HTTPSHandler(context=old)).open(sim.options['api-url'], timeout=60)
    assert all('token' in v for v in sim.violations())


@pytest.mark.parametrize('status, violation, arguments', [
    (404, 'no such request: GET /v1/nonsense', ('GET', '/nonsense')),
    (400, 'not JSON', ('POST', f'/zones/{ZONE}/records', b'{')),
    (400, 'JSON list, not dict', ('POST', f'/zones/{ZONE}/records', [])),
    (413, 'a body of 1048577 octets', ('POST', f'/zones/{ZONE}/records', b' ' * (1 << 20) + b' ')),
    (500, 'the simulation failed', ('GET', '/zones?page=x')),
    (401, 'without the right token', ('GET', '/zones', None, {'Authorization': 'Bearer wrong'})),
    (200, 'cookies', ('GET', '/zones', None, {'Cookie': 'a=b'})),
    (411, 'Content-Length', ('POST', f'/zones/{ZONE}/records', b'', {'Transfer-Encoding': 'chunked'})),
])
def test_what_a_client_does_wrong(sim, api, status, violation, arguments):
    try:
        assert api(*arguments)[0] == status
    except urllib.error.URLError as e:
        # The answer to a body that is not read may be lost with the connection.
        assert status == 413 and isinstance(e.reason, OSError)
    assert violation in ' '.join(sim.violations())
    assert sim.violations() == [] and sim.records() == set()


def test_peak(sim, api):
    sim.fault('slow', 4, 2000)
    threads = [threading.Thread(target=api, args=('GET', '/zones')) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: sim.command('peak') == ['count 4'], what='four requests at once')
    for thread in threads:
        thread.join()
    assert sim.requests() == 4


# ---- faults -----------------------------------------------------------------------------------------------------


def is_reply(status, header=None, value=None):
    def check(call):
        got, headers, _ = call()
        assert got == status and (not header or headers[header] == value)
    return check


def is_lost(call):
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected, urllib.error.URLError)):
        call()


def is_cut(call):
    with pytest.raises(http.client.IncompleteRead):
        call()


def is_large(call):
    status, headers, body = call()
    assert status == 201 and headers['Transfer-Encoding'] == 'chunked' and len(body) == 16 << 20
    assert json.loads(body)['content'] == VALUE


def is_garbage(call):
    status, _, body = call()
    assert status == 200
    with pytest.raises(ValueError):
        json.loads(body)


FAULTS = [
    ('rate', 0, is_reply(429, 'Retry-After', '1'), False), ('rate-long', 0, is_reply(429, 'Retry-After', '3600'), False),
    ('error', 0, is_reply(500), False), ('gateway', 0, is_reply(502, 'Content-Type', 'text/html'), False),
    ('lost-before', 0, is_lost, False), ('lost-after', 0, is_lost, True), ('late-after', 1, is_lost, True),
    ('truncated', 0, is_cut, True), ('oversized', 0, is_large, True), ('garbage', 0, is_garbage, True),
    ('auth', 0, is_reply(401), False), ('denied', 0, is_reply(403), False), ('slow', 1, is_reply(201), True),
]


@pytest.mark.parametrize('kind, argument, check, has_effect', FAULTS, ids=[f[0] for f in FAULTS])
def test_fault(sim, api, kind, argument, check, has_effect):
    def call():
        return api('POST', f'/zones/{ZONE}/records', {'name': NAME, 'type': 'TXT', 'content': VALUE})

    sim.fault(kind, 1, argument)
    check(call)
    assert sim.records() == ({(NAME, VALUE)} if has_effect else set())
    assert sim.requests() == (0 if kind == 'lost-before' else 1)
    assert call()[0] == (409 if has_effect else 201)
    assert sim.violations() == []


def test_late_after_waits(sim, api):
    """No answer comes while the client is there, but the request has its effect."""
    sim.fault('late-after')
    with pytest.raises(OSError):
        api('POST', f'/zones/{ZONE}/records', {'name': NAME, 'type': 'TXT', 'content': VALUE}, timeout=0.2)
    wait_until(lambda: sim.records() == {(NAME, VALUE)}, what='the record')


def test_truncated_without_body(sim, api):
    ident = api.create()['id']
    sim.fault('truncated')
    with pytest.raises((http.client.HTTPException, urllib.error.URLError)):
        status, headers, _ = api('DELETE', f'/zones/{ZONE}/records/{ident}')
        # Half of a head that looks whole to this client is one without its last lines.
        raise http.client.IncompleteRead(b'') if status == 204 and 'Date' not in headers else AssertionError(status)
    assert sim.records() == set()


def test_faults_wait_in_a_queue(sim, api):
    sim.fault('error', 1, 0, 1)
    sim.fault('auth', 2)
    sim.fault('conflict')
    statuses = [api('GET', '/zones')[0] for _ in range(5)]
    assert statuses == [401, 500, 401, 200, 200]
    api.create()
    assert len(sim.records()) == 2


def test_clear_takes_faults_away(sim, api):
    sim.fault('error', 5)
    sim.command('clear')
    assert api('GET', '/zones')[0] == 200 and sim.requests() == 1


def test_stale(sim, api):
    sim.add(NAME, 'old')
    sim.fault('stale', 2, 3600000)
    assert api.contents() == []
    api.create()                        # no read: not stale, and uses nothing up
    assert api.contents() == []
    assert api.contents() == ['old', VALUE]
    sim.fault('stale', 1, 1)
    wait_until(lambda: sim.fault('stale', 1, 1) or api.contents() == ['old', VALUE], what='the past to catch up')


def test_pages(sim, api):
    for value in 'abc':
        sim.add(NAME, value)
    sim.fault('pages', 100)
    pages, page = [], 1
    while page:
        reply = api.json('GET', f'/zones/{ZONE}/records?page={page}')
        pages.append([r['content'] for r in reply['records']])
        page = reply['next']
    assert pages == [['a'], [], ['b'], ['c'], ['a']]


def test_conflict(sim, api):
    sim.fault('conflict')
    ident = api.create()['id']
    (_, foreign), = [r for r in sim.records() if r != (NAME, VALUE)]
    assert foreign.startswith('conflict-')
    api('DELETE', f'/zones/{ZONE}/records/{ident}')
    assert sim.records() == {(NAME, foreign)} and sim.violations() == []
    ident, = [r['id'] for r in api.json('GET', f'/zones/{ZONE}/records')['records']]
    api('DELETE', f'/zones/{ZONE}/records/{ident}')
    assert foreign in sim.violations()[0] and sim.records() == set()


# ---- the classes ------------------------------------------------------------------------------------------------


class Toy(zoneseal_sim.Simulation):
    """Whole record sets with compare-and-swap: what needs before_change()."""

    unsupported = set()

    def start(self):
        self.secret('key', 'made by hand')
        self.limit('lag', 20)
        self.name('only.' + ZONE)

    def handle(self, request):
        zone = self.zones[ZONE]
        if request.method == 'GET':
            return zoneseal_sim.Reply(200, [v.decode() for v in zone.values(NAME)])
        body = request.json()
        self.before_change(zone, NAME)
        if [v.decode() for v in zone.values(NAME)] != body['old']:
            raise zoneseal_sim.Reply(412, 'changed', {'X-Test': '1'})
        zone.replace(NAME, body['new'])
        return zoneseal_sim.Reply(204)

    def faulty(self, kind, request):
        return zoneseal_sim.Reply(418, kind, {'Retry-After': None}) if kind == 'rate' else super().faulty(kind, request)


def test_in_process():
    with Toy('--zone', ZONE, '--plain') as sim:
        assert sim.hello() == [f'secret key {urllib.parse.quote(str(sim.secrets["key"]), safe="")}', 'limit lag 20',
                               f'name only.{ZONE}', 'ready']
        sim.options['url'] = sim.url
        call = Client(sim, 'url')
        assert sim.command('fault conflict') == ['ok'] and sim.command('fault rate') == ['ok']
        assert call('PUT', '/', {'old': [], 'new': ['a']})[0] == 412
        status, headers, body = call('GET', '/')
        assert (status, body) == (418, b'rate') and headers['Retry-After'] is None
        kept = json.loads(call('GET', '/')[2])
        assert call('PUT', '/', {'old': kept, 'new': ['a', *kept]})[0] == 204
        assert sim.command('violations') == ['ok']
        assert call('PUT', '/', {'old': ['a', *kept], 'new': ['a']})[0] == 204
        assert sim.command('violations')[0].startswith('violation PUT / removed the value conflict-')
        assert sim.request is None and sim.ago_ms == 0
        directory = sim.directory
    assert not directory.exists()


def test_zone():
    zone = zoneseal_sim.Zone(ZONE)
    a = zone.add('A.' + ZONE + '.', 'one', 60, proxied=False)
    assert zone.add(a.name, b'one', 300) is a and a.data == {'proxied': False}
    zone.add(a.name, 'target.', type='CNAME')
    assert zone.values(a.name) == [b'one'] and len(zone.records(a.name)) == 2
    zone.replace(a.name, ['one', 'two', 'two'], 120)
    one, two = zone.records(a.name, 'TXT')
    assert (one.id, one.ttl, two.value) == (a.id, 120, b'two')
    changed = zone.change(one, value=b'1')
    assert zone.find(a.id) is changed and zone.values(a.name) == [b'two', b'1'] or zone.values(a.name) == [b'1', b'two']
    assert zone.delete(two) and not zone.delete(two) and not zone.remove(a.name, 'nothing')
    assert zone.values_at(3600000, a.name) == [] and zone.names() == [a.name]
    assert zone.covers(ZONE.upper()) and not zone.covers('x' + ZONE)


@pytest.mark.parametrize('text, wanted', [
    ('127.0.0.1', ('127.0.0.1', 53)), ('127.0.0.1:5', ('127.0.0.1', 5)), ('[::1]:5', ('::1', 5)), ('[::1]', ('::1', 53)),
    ('::1', ('::1', 53))])
def test_address(text, wanted):
    assert zoneseal_sim.address(text, 53) == wanted


def test_presentation():
    assert zoneseal_sim.presentation(b'a"\\ \xff') == '"a\\034\\092\\032\\255"'
    assert zoneseal_sim.presentation(b'x' * 256) == '"' + 'x' * 255 + '" "x"'


# ---- a real name server behind it -------------------------------------------------------------------------------


def test_sink(lab):
    zone = 'example.test'
    name, key = f'_acme-challenge.sink.{zone}', pathlib.Path(lab.vars['LAB_KEYS']) / 'lab-sha256.key'
    arguments = ['--sink', lab.vars['LAB_PRIMARY'], '--sink-key', key, '--delay', '1']
    with SimProcess('example', zone, lab=lab, arguments=arguments) as sim:
        sim.add(name, 'foreign value')
        sim.add(name, 'x' * 255)
        wait_until(lambda: {(name, 'foreign value'), (name, 'x' * 255)} <= lab.txt(zone), what='both values')
        sim.remove(name, 'foreign value')
        wait_until(lambda: (name, 'foreign value') not in lab.txt(zone), what='one value to go')
        sim.command('clear')
        wait_until(lambda: not [r for r in lab.txt(zone) if r[0] == name], what='the rest to go')
        assert sim.violations() == []


def test_sink_that_refuses(lab):
    key = pathlib.Path(lab.vars['LAB_KEYS']) / 'bad.key'
    with SimProcess('example', 'example.test', lab=lab, arguments=['--sink', lab.vars['LAB_PRIMARY'], '--sink-key', key]) as sim:
        sim.add('x.example.test', 'v')
        assert 'sink' in wait_until(sim.violations, what='a violation')[0]


# ---- recorded exchanges -----------------------------------------------------------------------------------------


def replay(directory, document):
    path = directory / 'recorded.json'
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return SimProcess('replay', ZONE, arguments=[path])


def exchange(reply, repeat=False, **request):
    return {'request': request, 'reply': reply, 'repeat': repeat}


def test_replay(tmp_path):
    document = {'options': {'api-url': '{url}/v1'}, 'secrets': {'api-token': 'recorded'}, 'exchanges': [
        exchange({'status': 200, 'body': {'zone': '{zone}'}, 'headers': {'X-Page': '1'}}, method='GET', path='/v1/zones',
                 query={'name': '{zone}'}, headers={'Authorization': 'recorded'}),
        exchange({'status': 201}, method='POST', path='/v1/r', body={'a': [{'b': 1}]}),
        exchange({'status': 202}, method='POST', path='/v1/r', body='raw'),
        exchange({'status': 204}, repeat=True, method='DELETE', path='/v1/r')]}
    with replay(tmp_path, document) as sim:
        assert sim.secrets['api-token'].read_text() == 'recorded'
        call = Client(sim, 'api-url', {'Authorization': 'recorded'})
        assert call('GET', '/zones?name=other')[0] == 404
        status, headers, body = call('GET', f'/zones?name={ZONE}&more=1')
        assert (status, headers['X-Page'], json.loads(body)) == (200, '1', {'zone': ZONE})
        assert call('GET', f'/zones?name={ZONE}')[0] == 404
        assert call('POST', '/r', {'a': [{'b': True}]})[0] == 404
        assert call('POST', '/r', {'a': [{'b': 1, 'c': 2}], 'd': 3})[0] == 201
        assert call('POST', '/r', b'raw')[0] == 202
        assert [call('DELETE', '/r')[0] for _ in range(2)] == [204, 204]
        assert len(sim.violations()) == 3
        sim.command('clear')
        sim.fault('error')
        assert [call('GET', f'/zones?name={ZONE}')[0] for _ in range(2)] == [500, 200]
        for fields in (('records',), ('add', NAME, 'v'), ('remove', NAME, 'v')):
            with pytest.raises(SimError, match='recorded exchanges have no records'):
                sim.command(*fields)
        with pytest.raises(SimError, match='unsupported'):
            sim.fault('stale')


@pytest.mark.parametrize('document', ['{', '[]', {'exchanges': [1]}, {'exchanges': [{'request': {}, 'reply': {'status': 1}}]},
                                      {'exchanges': [exchange({'status': 1, 'typo': 1}, method='GET', path='/')]}])
def test_replay_of_something_else(tmp_path, document):
    process = replay(tmp_path, document)
    done = subprocess.run(process.argv, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and 'recorded.json' in done.stderr and 'Traceback' not in done.stderr


# ---- acme-dns ---------------------------------------------------------------------------------------------------


@pytest.fixture
def acme_dns():
    with SimProcess('acme-dns', 'auth.example.com') as process:
        yield process


def account_headers(account):
    return {'X-Api-User': account['username'], 'X-Api-Key': account['password']}


def test_acme_dns(acme_dns):
    storage = json.loads(acme_dns.secrets['credentials-file'].read_text())
    account = next(iter(storage.values()))
    assert [a['fulldomain'] for a in storage.values()] == acme_dns.names and acme_dns.limits == {'values': 2}
    call = Client(acme_dns, 'api-url', account_headers(account))
    name = account['fulldomain']

    def update(value, **headers):
        return call('POST', '/update', {'subdomain': account['subdomain'], 'txt': value}, headers)

    assert call('GET', '/health')[0] == 200
    for values, there in (('a', 'a'), ('b', 'ab'), ('c', 'bc'), ('c', 'c')):
        status, _, body = update(values * 43)
        assert (status, json.loads(body)) == (200, {'txt': values * 43})
        assert acme_dns.records() == {(name, v * 43) for v in there}
    acme_dns.add(name, 'z' * 43)
    acme_dns.remove(name, 'c' * 43)
    assert acme_dns.records() == {(name, 'z' * 43)} and acme_dns.violations() == []
    for value in ('a' * 42, 'a' * 44, 'a' * 42 + '=', 7):
        status, _, body = update(value)
        assert (status, json.loads(body)) == (400, {'error': 'bad_txt'})
    assert len(acme_dns.violations()) == 4
    status, _, body = update('a' * 43, **{'X-Api-Key': 'x' * 40})
    assert (status, json.loads(body)) == (401, {'error': 'forbidden'}) and len(acme_dns.violations()) == 1
    status, _, body = call('POST', '/update', {'subdomain': 'other', 'txt': 'a' * 43})
    assert (status, json.loads(body)) == (401, {'error': 'forbidden'})
    acme_dns.command('clear')
    assert acme_dns.records() == set() and update('a' * 43)[0] == 200


def test_acme_dns_register(acme_dns):
    call = Client(acme_dns, 'api-url')
    status, _, body = call('POST', '/register', b'')
    account = json.loads(body)
    assert status == 201 and set(account) == {'username', 'password', 'fulldomain', 'subdomain', 'allowfrom'}
    assert account['fulldomain'] == account['subdomain'] + '.auth.example.com' and len(account['password']) == 40
    body = {'subdomain': account['subdomain'], 'txt': 'a' * 43}
    assert call('POST', '/update', body, account_headers(account))[0] == 200
    account = json.loads(call('POST', '/register', {'allowfrom': ['192.0.2.0/24']})[2])
    body = {'subdomain': account['subdomain'], 'txt': 'a' * 43}
    assert call('POST', '/update', body, account_headers(account))[0] == 401
    assert call('POST', '/register', {'allowfrom': ['nonsense']})[0] == 400


# ---- httpreq ----------------------------------------------------------------------------------------------------

JSON_TYPES = {'Content-Type': 'application/json', 'Accept': 'application/json'}


def login_of(sim):
    login = f'{sim.options["username"]}:{sim.secrets["password"].read_text()}'
    return {**JSON_TYPES, 'Authorization': 'Basic ' + base64.b64encode(login.encode()).decode()}


def test_httpreq():
    with SimProcess('httpreq', ZONE) as sim:
        call = Client(sim, 'endpoint', login_of(sim))
        body = {'fqdn': NAME + '.', 'value': VALUE}
        assert [call('POST', '/present', body)[0] for _ in range(2)] == [201, 201]
        assert sim.records() == {(NAME, VALUE)}
        assert [call('POST', '/cleanup', body)[0] for _ in range(2)] == [204, 204]
        key_auth = 'token.' + 'k' * 43
        value = base64.urlsafe_b64encode(hashlib.sha256(key_auth.encode()).digest()).decode().rstrip('=')
        raw = {'domain': ZONE, 'token': 'token', 'keyAuth': key_auth}
        assert call('POST', '/present', raw)[0] == 201 and sim.records() == {(NAME, value)}
        assert call('POST', '/present', {'fqdn': 'other.test.', 'value': VALUE})[0] == 404
        assert sim.violations() == []
        for wrong in ({'fqdn': NAME, 'value': VALUE}, {'value': VALUE}, {**raw, 'keyAuth': 'other.' + 'k' * 43},
                      {**raw, 'domain': '*.' + ZONE}, {'fqdn': NAME + '.', 'value': 7}):
            assert call('POST', '/present', wrong)[0] == 400 and len(sim.violations()) == 1
        assert call('POST', '/present', body, {'Authorization': 'Basic eDp5'})[0] == 401
        assert call('POST', '/present', body, {'Accept': '*/*'})[0] == 201
        assert len(sim.violations()) == 2


def test_httpreq_raw_without_login():
    with SimProcess('httpreq', ZONE, arguments=['--raw', '--no-auth']) as sim:
        assert sim.options['mode'] == 'RAW' and not sim.secrets
        call = Client(sim, 'endpoint', JSON_TYPES)
        assert call('POST', '/present', {'fqdn': NAME + '.', 'value': VALUE})[0] == 400
        raw = {'domain': ZONE, 'token': 't', 'keyAuth': 't.' + 'k' * 43}
        assert call('POST', '/present', raw, {'Authorization': 'Basic eDp5'})[0] == 401
        assert call('POST', '/present', raw)[0] == 201 and len(sim.violations()) == 2
