# SPDX-License-Identifier: Apache-2.0
"""Provider plugins against an API server that is broken, slow or hostile in one way at a time (tests/lib/hostile*.py).

tests/providers/drive loads the plugin, makes one change through the server and prints what the plugin says.  Whatever
the server does: no crash and no report of a sanitizer, an end in time, bounded memory, an error class with a text in
which nothing can hurt a terminal or a log, the credential in no output, and no connection to where the server points,
where the environment's proxy is or with what ~/.netrc has.

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
DEADLINE_MS = 2500
OVERTIME_MS = 2000
MEMORY_KIB = 64 * 1024
PARALLEL = 24
HANG_SECONDS = 120
CLASSES = 'auth|denied|not_found|conflict|rate_limited|transient|config|bug'
SAID = re.compile(rf'(?:call|0) (ok|{CLASSES}) (.*)')
TICKET = re.compile(r'ticket of \d+ octets')


@dataclasses.dataclass
class Provider:
    name: str
    reads: bool             # it looks into the body of a good answer

    @property
    def plugin(self):
        return BUILD / f'providers/{self.name}/.libs/{self.name}.so'


PROVIDERS = {p.name: p for p in (Provider('cloudflare', True), Provider('route53', True), Provider('powerdns', True),
                                 Provider('acme-dns', False), Provider('httpreq', False))}


@dataclasses.dataclass
class Run:
    """What came of one change."""

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
        return {**os.environ, 'HOME': str(self.home), 'NETRC': str(self.home / '.netrc'),
                **{name: proxy for name in ('http_proxy', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY')}}

    def options(self, trick):
        url, told = self.told['tricks'][trick]['url'], self.told
        options = {name: value.replace(told['url'], url) for name, value in told['options'].items()}
        return options | {'ca-file': told['ca-file'], 'http-timeout': '1s'}

    def argv(self, trick):
        told = self.told
        options = self.options(trick) | {name: f'@{path}' for name, path in told['secrets'].items()}
        name = told['names'][0] if told['names'] else f'_acme-challenge.{trick.replace(".", "-")}.{ZONE}'
        return [str(DRIVE), str(self.provider.plugin), *(a for n, v in options.items() for a in ('-o', f'{n}={v}')),
                '-t', str(DEADLINE_MS), ZONE, 'add', name, VALUE]

    def run(self, trick):
        process = subprocess.Popen(self.argv(trick), env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
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
            found[provider.name] = Hostility(provider, tmp_path_factory.mktemp(provider.name))
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
        yield {(p, t): pool.submit(hostilities[p].run, t) for p, t in dict.fromkeys(rows) if p in hostilities}


def result_of(runs, provider, trick):
    if (provider, trick) not in runs:
        pytest.skip(f'{provider} is not built')
    return runs[provider, trick].result()


def expected(provider, trick):
    outcome = TRICKS[trick].outcome
    return {'must': {0}, 'may': {0, 1}, 'fail': {1}, 'unread': {1} if PROVIDERS[provider].reads else {0, 1}}[outcome]


@pytest.mark.parametrize('trick', TRICKS)
@pytest.mark.parametrize('provider', PROVIDERS)
def test_trick(hostilities, runs, provider, trick):
    run = result_of(runs, provider, trick)
    where = f'\n--- stdout\n{run.out[:4000]!r}\n--- stderr\n{run.err[:4000]!r}'
    assert not re.search('AddressSanitizer|LeakSanitizer|runtime error:', run.err), run.err
    assert run.code in expected(provider, trick), f'exit status {run.code}{where}'
    assert run.number(r'1 changes in (\d+) ms') <= DEADLINE_MS + OVERTIME_MS, where
    assert SANITIZER or run.number(r'peak (\d+) KiB') <= MEMORY_KIB, where
    lines = [line for line in run.out.split('\n') if not TICKET.fullmatch(line)]
    assert lines.pop() == '' and all(SAID.fullmatch(line) for line in lines), where
    assert len(lines) == (1 if run.code == 0 or not lines[0].startswith('call') else 2), where
    if run.code:
        assert any(SAID.fullmatch(line)[2].strip() for line in lines), f'a failure without a word{where}'
    for line in run.all.split('\n'):
        assert not unprintable(line) and len(line) < 1200, f'{line!r} has {unprintable(line)}'
    assert [c for c in hostilities[provider].canaries() if c in run.all] == [], f'a secret got out{where}'


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
    hostility = Hostility(Provider('httpreq', False), tmp_path)
    try:
        told = hostility.told
        subprocess.run([sys.executable, '-c', ASTRAY, str(told['foreign']['http']), str(told['foreign']['https']),
                        told['tricks']['honest']['url'], told['ca-file']], check=True, timeout=60)
        report = hostility.report()
        assert sorted(entry['kind'] for entry in report['foreign']) == ['http', 'https']
        assert all('GET /' in entry['data'] for entry in report['foreign'])
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
try:
    opener.open(urllib.request.Request(url + '/', headers={'Cookie': 'a=b'}))
except urllib.error.HTTPError:
    pass
"""


def test_forms():
    found = forms('secret+word', 'user')
    for text in ('secret+word', 'x' + base64.b64encode(b'Basic user:secret+word;').decode(), b'secret+word'.hex(),
                 base64.b64encode(b'user:secret+word').decode(), 'secret%2Bword', base64.b64encode(b'abcsecret+word').decode()):
        assert any(form in text for form in found), text
    assert not any(form in 'another word' for form in found) and all(len(form) > 10 for form in found)
    assert unprintable('plain \xfc') == [] and len(unprintable('\x1b\u202e\n\x9b\ud800')) == 5
