# SPDX-License-Identifier: Apache-2.0
"""Provider plugins against an API server that is broken, slow or hostile in one way at a time (tests/lib/hostile*.py).

tests/providers/drive loads the plugin, makes every call that it has through the server, one after another with one
instance (add, live, zones, check, remove), and prints what the plugin says.  Whatever the server does: no crash and no
report of a sanitizer, an end of each call in time, bounded memory, an error class with a text in which nothing can hurt a
terminal or a log, the credential in no output, and no connection to where the server points, where the environment's proxy
is or with what ~/.netrc has.

The selected rows run side by side before the first test looks at its result.
"""

import base64
import concurrent.futures
import dataclasses
import json
import os
import re
import subprocess
import sys
import unicodedata
import urllib.parse

import pytest

from conftest import BUILD, SANITIZER, TOP, Zoneseal

sys.path.insert(0, str(TOP / 'tests/lib'))

import hostile
from hostile_tricks import TRICKS
from simprocess import program_of

ZONE = 'example.com'
VALUE = 'V' * 43
DRIVE = BUILD / 'tests/providers/drive'
# Once: pytest writes to os.environ while the runs read it.
ENVIRONMENT = dict(os.environ)
DEADLINE_MS = 2500
OVERTIME_MS = 2000
# Of the calls after the first, where a failure is expected or allowed.
LATER_MS = 700
# An id of a change as Route 53 gives it: for the calls after an add that had none.
A_TICKET = 'C2682N5HXP0BZ4'
MEMORY_KIB = 64 * 1024
PARALLEL = 24
HANG_SECONDS = 120
CLASSES = 'auth|denied|not_found|conflict|rate_limited|transient|config|bug'
SAID = re.compile(rf'(?:call|0) (ok|{CLASSES}) (.*)')
ZONE_LINE = re.compile(r'zone [a-z0-9._-]{1,253}')
TICKET = re.compile(r'ticket of \d+ octets')


@dataclasses.dataclass
class Provider:
    name: str
    reads: bool             # it looks into the body of a good answer
    calls: tuple            # in the order of tests/providers/drive
    removes: bool = True    # a removal is a request

    @property
    def plugin(self):
        return BUILD / f'providers/{self.name}/.libs/{self.name}.so'


PROVIDERS = {p.name: p for p in (
    Provider('cloudflare', True, ('add', 'zones', 'check', 'remove')),
    Provider('route53', True, ('add', 'live', 'zones', 'check', 'remove')),
    Provider('powerdns', True, ('add', 'zones', 'check', 'remove')),
    Provider('acme-dns', False, ('add', 'check', 'remove'), removes=False),
    Provider('httpreq', False, ('add', 'check', 'remove')))}
# No trick shall meet the quota of the service instead.
FURTHER = {'cloudflare': ('--quota', '1000000')}


@dataclasses.dataclass
class Run:
    """What came of one run of tests/providers/drive."""

    code: int
    out: str
    err: str

    @property
    def all(self):
        return self.out + self.err

    def number(self, pattern):
        found = re.search(pattern, self.err)
        assert found, f'nothing like {pattern} in:\n{self.err}'
        return int(found[1])

    def calls(self):
        """For each call its lines; None where the output is not made of calls."""
        found, name = {}, None
        for line in self.out.split('\n')[:-1]:
            if name is None and line.startswith('do ') and line[3:] not in found:
                name = line[3:]
                found[name] = []
            elif name is not None and line == f'did {name}':
                name = None
            elif name is not None:
                found[name].append(line)
            else:
                return None
        return found if name is None and self.out.endswith('\n') else None


class Hostility:
    """The server for one provider, and the runs against it."""

    def __init__(self, provider, directory, lab=None, zone=ZONE, further=()):
        self.provider, self.directory = provider, directory
        inside = [TOP / 'scripts/lab', 'exec', '--'] if lab else []
        self.process = subprocess.Popen([*inside, sys.executable, TOP / 'tests/lib/hostile.py', program_of(provider.name),
                                         directory, '--zone', zone, *(f'--argument={a}' for a in further)],
                                        env=lab.env if lab else None, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.told = json.loads(self.process.stdout.readline())
        self.home = directory / 'home'
        self.home.mkdir()
        (self.home / '.netrc').write_text('default login {} password {}\n'.format(*hostile.NETRC_LOGIN))
        (self.home / '.netrc').chmod(0o600)

    def environment(self):
        proxy = f'http://127.0.0.1:{self.told["foreign"]["http"]}'
        return {**ENVIRONMENT, 'HOME': str(self.home), 'NETRC': str(self.home / '.netrc'),
                **{name: proxy for name in ('http_proxy', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY')}}

    def options(self, trick):
        url, told = self.told['tricks'][trick]['url'], self.told
        options = {name: value.replace(told['url'], url) for name, value in told['options'].items()}
        return options | {'ca-file': told['ca-file'], 'http-timeout': '1s'}

    def argv(self, trick, is_all=False):
        told = self.told
        options = self.options(trick) | {name: f'@{path}' for name, path in told['secrets'].items()}
        name = told['names'][0] if told['names'] else f'_acme-challenge.{trick.replace(".", "-")}.{ZONE}'
        return [str(DRIVE), str(self.provider.plugin), *(a for n, v in options.items() for a in ('-o', f'{n}={v}')),
                '-t', str(DEADLINE_MS), *(self.all_calls(trick, name) if is_all else (ZONE, 'add', name, VALUE))]

    @staticmethod
    def all_calls(trick, name):
        later = DEADLINE_MS if TRICKS[trick].outcome == 'must' else LATER_MS
        # An instance that was told to come again later does not ask again.
        how = 'apart' if trick.startswith('retry-after') else 'all'
        return '-T', str(later), how, ZONE, name, VALUE, A_TICKET

    def run(self, trick, is_all=False):
        process = subprocess.Popen(self.argv(trick, is_all), env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=HANG_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += b'\nkilled: it hung'
        return Run(process.returncode, out.decode('utf-8', 'surrogateescape'), err.decode('utf-8', 'surrogateescape'))

    def report(self):
        self.process.stdin.write('report\n')
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def canaries(self):
        """Every form in which a secret could get out."""
        words = []
        for path in self.told['secrets'].values():
            text = open(path, encoding='utf-8').read().strip()
            words += [a['password'] for a in json.loads(text).values()] if text.startswith('{') else [text]
        return [form for word in words for form in forms(word, self.told['options'].get('username'))]

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0


def forms(word, username):
    """A secret raw, in hexadecimal, with %XX, in base64 at each of the three places of its octets, and as a login."""
    octets = word.encode()
    found = [word, octets.hex(), octets.hex().upper(), urllib.parse.quote(word, safe='')]
    for before in range(3):
        middle = base64.b64encode(b'\0' * before + octets).decode()
        found.append(middle[(before * 8 + 5) // 6:(before + len(octets)) * 8 // 6])
    if username:
        found.append(base64.b64encode(f'{username}:{word}'.encode()).decode())
    return found + [f.replace('+', '-').replace('/', '_') for f in found[4:]]


def unprintable(text):
    """Characters of a line that a terminal or a reader could be misled by."""
    return [f'U+{ord(c):04X}' for c in text if unicodedata.category(c) in ('Cc', 'Cf', 'Cs', 'Zl', 'Zp')]


def is_selected(item):
    return item.module.__name__ == __name__ and hasattr(item, 'callspec') and 'trick' in item.callspec.params


@pytest.fixture(scope='module')
def hostilities(tmp_path_factory):
    """One for each provider that is built."""
    found = {}
    for provider in PROVIDERS.values():
        if provider.plugin.exists() and program_of(provider.name).exists():
            found[provider.name] = Hostility(provider, tmp_path_factory.mktemp(provider.name),
                                              further=FURTHER.get(provider.name, ()))
    yield found
    for hostility in found.values():
        hostility.end()


@pytest.fixture(scope='module')
def runs(request, hostilities):
    """Future results of all selected rows."""
    if not DRIVE.exists():
        pytest.skip(f'{DRIVE} is not built (make build-tests)')
    rows = [tuple(item.callspec.params[k] for k in ('provider', 'trick')) for item in request.session.items if is_selected(item)]
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        yield {(p, t): pool.submit(hostilities[p].run, t, True) for p, t in dict.fromkeys(rows) if p in hostilities}


def result_of(runs, provider, trick):
    if (provider, trick) not in runs:
        pytest.skip(f'{provider} is not built')
    return runs[provider, trick].result()


def expected(provider, trick):
    outcome = TRICKS[trick].outcome
    return {'must': {0}, 'may': {0, 1}, 'fail': {1}, 'unread': {1} if PROVIDERS[provider].reads else {0, 1}}[outcome]


def ends(provider, trick, call):
    """How a call may end: whether it failed, as 0 and 1."""
    if call == 'remove' and not PROVIDERS[provider].removes:
        return {0}
    if call == 'check' and not PROVIDERS[provider].reads and trick != 'honest':
        # A service without a request that changes nothing is asked whether anybody is there, no more.
        return {0, 1}
    return expected(provider, trick)


def finds_none(trick, calls):
    """A list in which the zone is not, for the add before as for zones: that is an answer."""
    return TRICKS[trick].outcome == 'unread' and calls['zones'] == [] and calls['add'][0].startswith('call not_found ')


def faults_of_call(provider, trick, call, calls, run):
    """What is wrong with one call."""
    lines = calls[call]
    said = [SAID.fullmatch(line) for line in lines if not TICKET.fullmatch(line) and not ZONE_LINE.fullmatch(line)]
    if not all(said):
        return [f'{call}: a line that is none of a result']
    failed = any(m[1] != 'ok' for m in said)
    has_item = call in ('add', 'check', 'remove')
    took = re.findall(rf'^{call}: (\d+) ms, (\d+) contacts$', run.err, re.M)
    found = []
    if int(failed) not in ends(provider, trick, call) and not (call == 'zones' and finds_none(trick, calls)):
        found.append(f'{call}: {"failure" if failed else "success"}')
    if len(said) != has_item + any(m[0].startswith('call') for m in said):
        found.append(f'{call}: {len(said)} results')
    if failed and not any(m[2].strip() for m in said):
        found.append(f'{call}: a failure without a word')
    if len(took) != 1:
        found.append(f'{call}: it does not say how long it took')
    elif int(took[0][0]) > DEADLINE_MS + OVERTIME_MS:
        found.append(f'{call}: it took {took[0][0]} ms')
    elif TRICKS[trick].tls != 'unanswered' and not int(took[0][1]) and (call != 'remove' or PROVIDERS[provider].removes):
        found.append(f'{call}: it did not meet the trick')
    return found


def faults(provider, trick, run, canaries):
    """What is wrong with a run, in words."""
    if re.search('AddressSanitizer|LeakSanitizer|runtime error:', run.err):
        return ['a report of a sanitizer']
    calls = run.calls()
    if run.code not in (0, 1) or calls is None or tuple(calls) != PROVIDERS[provider].calls:
        return [f'exit status {run.code}, calls {calls and tuple(calls)}']
    found = [fault for call in calls for fault in faults_of_call(provider, trick, call, calls, run)]
    peaks = [int(peak) for peak in re.findall(r'^peak (\d+) KiB$', run.err, re.M)]
    if not SANITIZER and (not peaks or max(peaks) > MEMORY_KIB):
        found.append('too much memory')
    for line in run.all.split('\n'):
        if unprintable(line) or len(line) >= 1200:
            found.append(f'{line!r} has {unprintable(line)} and {len(line)} characters')
    return found + ['a secret got out' for c in canaries if c in run.all][:1]


@pytest.mark.parametrize('trick', TRICKS)
@pytest.mark.parametrize('provider', PROVIDERS)
def test_trick(hostilities, runs, provider, trick):
    run = result_of(runs, provider, trick)
    found = faults(provider, trick, run, hostilities[provider].canaries())
    assert not found, '\n'.join([*found, '--- stdout', repr(run.out[:4000]), '--- stderr', repr(run.err[:6000])])


@pytest.mark.parametrize('provider', PROVIDERS)
def test_nobody_went_astray(hostilities, runs, provider):
    """After all runs: every trick was met, and nobody came to the foreign host."""
    if provider not in hostilities:
        pytest.skip(f'{provider} is not built')
    mine = [trick for p, trick in runs if p == provider]
    for trick in mine:
        runs[provider, trick].result()
    report = hostilities[provider].report()
    assert report['foreign'] == [] and report['violations'] == []
    told = hostilities[provider].told['tricks']
    assert [t for t in mine if told[t]['is_met'] and not report['connections'][t]] == []


# ---- the whole program ----

# An account of acme-dns has one name, and _acme-challenge.cn.example.test is an alias of that.
ALIAS, ALIAS_ZONE, ALIAS_LABEL = 'cn.example.test', 'acme.example.test', 'cn'
IN_THE_HOST = ['honest', 'redirect-302', 'header-100000', 'chunks-for-ever', 'drip-body', 'tls-self-signed', 'message-escapes-401',
               'message-escapes-500', 'message-looks-like-ours', 'message-echo-403', 'json-nested-arrays', 'body-html']


class Checks:
    """`zoneseal check --live` against one trick: the plugin confined, its words shown by zoneseal."""

    def __init__(self, lab, directory):
        self.lab, self.directory, self.servers = lab, directory, {}
        for provider in PROVIDERS.values():
            if provider.plugin.exists() and program_of(provider.name).exists():
                own = directory / provider.name
                own.mkdir(mode=0o755)
                where = (ALIAS_ZONE, ('--subdomain', ALIAS_LABEL)) if provider.name == 'acme-dns' else ('example.test', ())
                self.servers[provider.name] = Hostility(provider, own, lab, *where)

    def run(self, name, trick):
        server = self.servers[name]
        directory = server.directory / trick
        directory.mkdir(mode=0o755)
        zs = Zoneseal(self.lab, directory)
        secrets = {f'{n.removesuffix("-file")}-file': path for n, path in server.told['secrets'].items()}
        zs.providers['hostile'] = {'plugin': server.provider.plugin, 'timeout': '3s', **server.options(trick), **secrets}
        zs.certificate('c', ALIAS if name == 'acme-dns' else f'{trick}.example.test', provider='hostile')
        return zs.run('check', '--live', '-vvv')

    def end(self):
        for server in self.servers.values():
            server.end()


@pytest.fixture(scope='module')
def checks(request, lab, base_directory):
    directory = base_directory / 'hostile'
    directory.mkdir(mode=0o755)
    checks = Checks(lab, directory)
    rows = [(item.callspec.params['provider'], item.callspec.params['row']) for item in request.session.items
            if item.module.__name__ == __name__ and hasattr(item, 'callspec') and 'row' in item.callspec.params]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        yield checks, {(p, t): pool.submit(checks.run, p, t) for p, t in dict.fromkeys(rows) if p in checks.servers}
    checks.end()


@pytest.mark.parametrize('row', IN_THE_HOST)
@pytest.mark.parametrize('provider', PROVIDERS)
def test_in_the_host(checks, provider, row):
    checks, runs = checks
    result = result_of(runs, provider, row)
    assert not re.search('AddressSanitizer|LeakSanitizer|runtime error:|crashed|signal', result.err), result.err
    # A service without a request that changes nothing is asked whether anybody is there, no more.
    ends = expected(provider, row) if PROVIDERS[provider].reads or row == 'honest' else {0, 1}
    codes = {code for end in ends for code in ((3, 4, 7) if end else (0,))}
    assert result.code in codes, f'exit status {result.code}\n{result.out}\n{result.err}'
    for line in (result.out + result.err).split('\n'):
        assert not unprintable(line), f'{line!r} has {unprintable(line)}'
    server = checks.servers[provider]
    assert [c for c in server.canaries() if c in result.out + result.err] == [], f'a secret got out\n{result.err}'
    report = server.report()
    assert report['foreign'] == [] and report['violations'] == []


def test_what_goes_astray_is_seen(tmp_path):
    """The foreign host and the look at headers do see what they are there for."""
    hostility = Hostility(PROVIDERS['httpreq'], tmp_path)
    try:
        told = hostility.told
        subprocess.run([sys.executable, '-c', ASTRAY, str(told['foreign']['http']), str(told['foreign']['https']),
                        told['tricks']['honest']['url'], told['ca-file']], check=True, timeout=60)
        report = hostility.report()
        assert sorted(entry['kind'] for entry in report['foreign']) == ['http', 'https', 'https']
        assert sorted(entry['data'].split()[0] for entry in report['foreign']) == ['DELETE', 'GET', 'GET']
        assert any('Cookie: a=b' in v for v in report['violations']) and report['requests']['honest'] == 1
    finally:
        hostility.end()


ASTRAY = """
import ssl, sys, urllib.error, urllib.request
http, https, url, roots = sys.argv[1:]
context = ssl.create_default_context(cafile=roots)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
opener.open(f'http://127.0.0.1:{http}/').read()
opener.open(f'https://127.0.0.1:{https}/').read()
opener.open(urllib.request.Request(f'https://127.0.0.1:{https}/', method='DELETE')).read()
try:
    opener.open(urllib.request.Request(url + '/', headers={'Cookie': 'a=b'}))
except urllib.error.HTTPError:
    pass
"""


SECRET = 'a-secret-of-the-test'
# What a run says in which every call met a failure, and what each spoiling of it must be called.
SAYS = 'do {0}\ncall transient no answer\n0 transient \ndid {0}\n', '{0}: 20 ms, 3 contacts\n'
SPOILT = {
    'success': lambda out, err, call: (out.replace(f'do {call}\ncall transient no answer\n0 transient ', f'do {call}\n0 ok '), err),
    'without a word': lambda out, err, call: (out.replace(f'do {call}\ncall transient no answer', f'do {call}\ncall transient '), err),
    'results': lambda out, err, call: (out.replace(f'did {call}', f'0 transient again\ndid {call}'), err),
    'none of a result': lambda out, err, call: (out.replace(f'did {call}', f'Injected: yes\ndid {call}'), err),
    'calls': lambda out, err, call: (out.replace(f'did {call}\n', ''), err),
    'exit status': lambda out, err, call: (out[:out.index(f'did {call}')], err),
    'it took': lambda out, err, call: (out, err.replace(f'{call}: 20 ms', f'{call}: {DEADLINE_MS + OVERTIME_MS + 1} ms')),
    'how long': lambda out, err, call: (out, err.replace(f'{call}: 20 ms, 3 contacts\n', '')),
    'did not meet': lambda out, err, call: (out, err.replace(f'{call}: 20 ms, 3 contacts', f'{call}: 20 ms, 0 contacts')),
    'a secret': lambda out, err, call: (out.replace(f'do {call}\ncall transient no', f'do {call}\ncall transient {SECRET} no'), err),
    'U+001B': lambda out, err, call: (out, err.replace(f'{call}: ', f'log 3: \x1b[31m\n{call}: ')),
    'sanitizer': lambda out, err, call: (out, err.replace(f'{call}: ', f'drive.c:1:1: runtime error: x\n{call}: ')),
    'memory': lambda out, err, call: (out, err.replace('peak 9000', f'peak {MEMORY_KIB + 1}')),
}


@pytest.mark.parametrize('call', PROVIDERS['httpreq'].calls)
@pytest.mark.parametrize('name', SPOILT)
def test_what_a_call_does_wrong_is_seen(name, call):
    """The judge of the rows finds each fault in each call, and none where there is none."""
    out, err = (''.join(say.format(c) for c in PROVIDERS['httpreq'].calls) for say in SAYS)
    err += 'peak 9000 KiB\n'
    assert faults('httpreq', 'nothing', Run(1, out, err), [SECRET]) == []
    if (name, call) == ('success', 'check') or (name == 'memory' and SANITIZER):
        return
    found = faults('httpreq', 'nothing', Run(1, *SPOILT[name](out, err, call)), [SECRET])
    assert any(name in fault for fault in found) and (out, err) != SPOILT[name](out, err, call), found


def test_a_secret_in_a_removal_is_seen(hostilities):
    """A real run in which the plugin's last word, that of the removal, is a secret."""
    if 'httpreq' not in hostilities or not DRIVE.exists():
        pytest.skip('httpreq or tests/providers/drive is not built')
    hostility = hostilities['httpreq']
    run, canaries = hostility.run('message-echo-403', True), hostility.canaries()
    assert run.calls()['remove'] and faults('httpreq', 'message-echo-403', run, canaries) == []
    word = run.calls()['remove'][0].split()[-1]
    assert 'a secret got out' in faults('httpreq', 'message-echo-403', run, [*canaries, word])
    assert 'remove: success' in faults('httpreq', 'message-echo-403', hostility.run('honest', True), canaries)


def test_forms():
    found = forms('secret+word', 'user')
    for text in ('secret+word', 'x' + base64.b64encode(b'Basic user:secret+word;').decode(), b'secret+word'.hex(),
                 base64.b64encode(b'user:secret+word').decode(), 'secret%2Bword', base64.b64encode(b'abcsecret+word').decode()):
        assert any(form in text for form in found), text
    assert not any(form in 'another word' for form in found) and all(len(form) > 10 for form in found)
    assert unprintable('plain \xfc') == [] and len(unprintable('\x1b\u202e\n\x9b\ud800')) == 5
