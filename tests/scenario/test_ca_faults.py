# SPDX-License-Identifier: Apache-2.0
"""A CA that is broken, slow or hostile in one way at a time: tests/lib/fakeca.py, one row of the table for each way.

Every row says the exit code, words of the message and the number of orders that may have been placed.  Whatever the
fault is: no crash, bounded time and memory, no control byte in the output, no file outside the state tree, no
connection to where the CA points, no broken rule of RFC 8555 on our side, and no record of ours left in DNS.

The selected rows run side by side before the first test looks at its result, the slow ones first.
"""

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import time
import unicodedata

import pytest

from conftest import SANITIZER, TOP, Zoneseal, descendants, kill, validate, wait_until

MEMORY_MB = 64
# Runs a command and writes its peak to a file. A program's peak begins with that of whoever
# started it, and pytest is large by the time it comes here.
MEASURE = '''
import os, sys
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
status, usage = os.wait4(pid, 0)[1:]
with open(sys.argv[1], 'w') as peak:
    peak.write(str(usage.ru_maxrss))
code = os.waitstatus_to_exitcode(status)
if code < 0:
    os.kill(os.getpid(), -code)
sys.exit(code)
'''
ESC = '\x1b[31m'


@dataclasses.dataclass
class Case:
    """One row; see expect() for what the members mean."""

    name: str
    code: int
    faults: list
    words: list = dataclasses.field(default_factory=list)
    orders: int = 1
    names: list = None
    options: dict = dataclasses.field(default_factory=dict)
    ca: dict = dataclasses.field(default_factory=dict)
    certificate: dict = dataclasses.field(default_factory=dict)
    port: str = 'main'
    json: bool = False
    runs: int = 1
    first_code: int = None
    seconds: float = 20
    check: object = None
    absent: list = dataclasses.field(default_factory=list)

    @property
    def identifiers(self):
        return self.names or [f'{self.name}.example.test']


def f(fault, op='*', **arguments):
    return {'fault': fault, 'op': op, **arguments}


# ---- further checks of a row: functions of its Outcome ----

def gap(op, seconds):
    """The second request of an operation came so long after the first."""
    def check(outcome):
        times = [entry['t'] for entry in outcome.log if entry['op'] == op]
        assert len(times) > 1 and times[1] - times[0] >= seconds, times
    return check


def at_most(op, n):
    """No more requests of an operation than that."""
    def check(outcome):
        assert sum(entry['op'] == op for entry in outcome.log) <= n, outcome.log
    return check


def exactly(op, n):
    def check(outcome):
        assert sum(entry['op'] == op for entry in outcome.log) == n, outcome.log
    return check


def chain_ends_at(name):
    def check(outcome):
        result = subprocess.run(['openssl', 'crl2pkcs7', '-nocrl', '-certfile', outcome.current / 'fullchain.pem'],
                                capture_output=True, check=True)
        text = subprocess.run(['openssl', 'pkcs7', '-print_certs', '-noout'], input=result.stdout, capture_output=True,
                              check=True).stdout.decode()
        assert text.split('issuer=')[-1].strip().endswith(name), text
    return check


# ---- the table ----

def nonces():
    yield Case('nonce-bad-once', 0, [f('bad_nonce', 'newOrder', times=1)])
    yield Case('nonce-bad-everywhere', 0, [f('bad_nonce', op, times=3) for op in
                                           ('newAccount', 'newOrder', 'authz', 'challenge', 'order', 'finalize', 'cert')])
    yield Case('nonce-bad-five-times', 0, [f('bad_nonce', 'finalize', times=5)])
    yield Case('nonce-bad-twelve-times', 0, [f('bad_nonce', 'newOrder', times=12)])
    yield Case('nonce-bad-forever', 6, [f('bad_nonce', 'newOrder')], ['nonce'], orders=0, check=at_most('newOrder', 30))
    yield Case('nonce-bad-account', 6, [f('bad_nonce', 'newAccount')], ['nonce'], orders=0, check=at_most('newAccount', 30))
    yield Case('nonce-bad-without-new', 0, [f('no_nonce', 'newOrder', times=1), f('bad_nonce', 'newOrder', times=1)])
    yield Case('nonce-not-in-replies', 0, [f('no_nonce', ['newAccount', 'newOrder', 'authz', 'challenge', 'order', 'finalize'])])
    yield Case('nonce-missing', 6, [f('no_nonce')], ['nonce'], orders=0, check=at_most('newNonce', 60), seconds=40)
    yield Case('nonce-bad-letters', 0, [f('header', ['newAccount', 'newOrder', 'authz', 'order'], name='Replay-Nonce', value='a b"c')])
    yield Case('nonce-bad-letters-forever', 6, [f('header', name='Replay-Nonce', value='a+b/c==')], ['nonce'], orders=0,
               check=at_most('newNonce', 60), seconds=40)
    yield Case('nonce-too-long', 0, [f('header', ['newAccount', 'newOrder'], name='Replay-Nonce', value='a' * 3000)])
    yield Case('nonce-empty', 0, [f('header', ['newAccount', 'newOrder'], name='Replay-Nonce', value='')])
    yield Case('nonce-503-once', 0, [f('status', 'newNonce', code=503, times=1)])
    yield Case('nonce-503-retry-after', 0, [f('status', 'newNonce', code=503, retry=2, times=1)], check=gap('newNonce', 1.9))
    yield Case('nonce-429-once', 0, [f('status', 'newNonce', code=429, times=1)])
    yield Case('nonce-429-forever', 7, [f('status', 'newNonce', code=429)], ['429'], orders=0, seconds=40)
    yield Case('nonce-429-an-hour', 7, [f('status', 'newNonce', code=429, retry=3600)], ['not before'], orders=0,
               check=at_most('newNonce', 2))
    yield Case('nonce-reset-once', 0, [f('reset_before', 'newNonce', times=1)])
    yield Case('nonce-404', 6, [f('status', 'newNonce', code=404)], ['404'], orders=0, seconds=40)


def directories():
    d = 'directory'

    def bent(name, words, *faults, code=6, **more):
        return Case(f'dir-{name}', code, list(faults), ['directory', *words], orders=0, **more)
    yield Case('dir-500-once', 0, [f('status', d, code=500, times=1)])
    yield Case('dir-503-retry-after', 0, [f('status', d, code=503, retry=2, times=1)], check=gap(d, 1.9))
    yield Case('dir-503-an-hour', 8, [f('status', d, code=503, retry=3600)], ['503', 'not before'], orders=0, check=at_most(d, 2),
               seconds=8)
    yield bent('500', ['500'], f('status', d, code=500), code=8)
    yield bent('404', ['404'], f('status', d, code=404))
    yield bent('403', ['403'], f('status', d, code=403))
    yield bent('429', ['429'], f('status', d, code=429, retry=3600), code=7)
    for n in (301, 302, 303, 307, 308):
        yield bent(f'redirect-{n}', ['redirect'], f('redirect', d, code=n))
    yield bent('redirect-to-itself', ['redirect'], f('redirect', d, target='{base}/dir'), check=at_most(d, 1))
    yield bent('html', ['JSON'], f('body', d, text='<html><body>Welcome</body></html>'))
    yield bent('empty', [], f('body', d, text=''))
    yield bent('array', [], f('body', d, text='[1, 2]'))
    yield bent('null', [], f('body', d, text='null'))
    yield bent('cut', ['JSON'], f('cut', d))
    yield bent('garbage-behind', ['JSON'], f('splice', d, find='{', put='{} {'))
    yield bent('duplicate', ['newOrder'], f('splice', d, find='{', put='{"newOrder": "https://evil.example/", '))
    yield bent('duplicate-escaped', [], f('splice', d, find='{', put='{"new\\u004frder": "https://evil.example/", '))
    yield bent('deep', [], f('nest', d))
    yield bent('nul', ['JSON'], f('splice', d, find='"meta"', put='"\0meta"'))
    yield bent('escaped-nul', [], f('put', d, path='newOrder', value='https://localhost/\0evil'))
    yield bent('utf8', [], f('splice', d, find='"meta"', put='"\xff\xfe": 1, "meta"'))
    yield bent('number', ['newOrder'], f('put', d, path='newOrder', value=7))
    yield bent('huge-number', [], f('splice', d, find='{', put='{"x": 1e99999, "newOrder": 1, '))
    yield bent('no-new-order', ['newOrder'], f('delete', d, path='newOrder'))
    yield bent('no-new-nonce', ['newNonce'], f('delete', d, path='newNonce'))
    yield bent('meta-is-text', ['meta'], f('put', d, path='meta', value='x'))
    yield bent('big', ['larger'], f('big', d))
    yield bent('endless', ['larger'], f('endless', d))
    yield bent('zipped', [], f('zipped', d))
    yield bent('long-line', ['header'], f('header', d, value='x' * 60_000))
    yield bent('longer-line', ['header'], f('header', d, value='x' * 200_000))
    yield bent('many-lines', ['header'], f('header', d, value='x' * 80, times_in_reply=300))
    yield bent('interim-storm', ['header'], f('interim', d, n=2000))
    yield Case('dir-interim-few', 0, [f('interim', n=3)])
    yield Case('dir-300-headers', 0, [f('header', name='X-F', value='y', times_in_reply=300)])
    yield Case('dir-unknown-members', 0, [f('put', d, path='Zq3r-random', value='https://community.example/'),
                                          f('put', d, path='meta.new', value={'a': [1, 2, {'b': None}]})])
    yield bent('drip', ['time'], f('drip', d, part='body'), code=8, certificate={'timeout': '10s'}, seconds=16)
    yield bent('drip-header', ['time'], f('drip', d, part='header'), code=8, certificate={'timeout': '10s'}, seconds=16)
    yield bent('hang', ['time'], f('hang', d), code=8, certificate={'timeout': '10s'}, seconds=16)
    yield bent('garbage', [], f('raw', d, text='SSH-2.0-OpenSSH_9.2\r\n'), code=8)
    yield bent('short', [], f('short', d), code=8)
    yield Case('dir-short-once', 0, [f('short', d, times=1)])
    for member in ('newNonce', 'newAccount', 'newOrder'):
        yield bent(f'foreign-{member.lower()}', [member, 'another host'], f('put', d, path=member, value='{foreign}/x'))
        yield bent(f'http-{member.lower()}', [member, 'https'], f('put', d, path=member, value='http://localhost/x'))
    for name, url in URLS.items():
        yield bent(f'url-{name}', ['newOrder'], f('put', d, path='newOrder', value=url))
    for name, ports in (('tls-old', 'old'), ('tls-none', 'plain')):
        yield Case(f'dir-{name}', 8, [], ['TLS'], orders=0, port=ports)
    yield Case('dir-tls-elsewhere', 8, [], ['localhost', 'certificate'], orders=0, port='elsewhere', seconds=8)
    yield Case('dir-tls-silent', 8, [], ['time'], orders=0, port='silent', certificate={'timeout': '10s'}, seconds=16)


URLS = {
    'userinfo': 'https://localhost@evil.example/x', 'password': 'https://a:b@localhost/x', 'long': 'https://localhost/' + 'a' * 3000,
    'newline': 'https://localhost/x\r\nX-Evil: 1', 'blank': 'https://localhost/a b', 'escape': f'https://localhost/{ESC}',
    'relative': '/order', 'no-scheme': 'localhost/order', 'file': 'file:///etc/passwd', 'backslash': 'https://localhost\\@evil.example/',
    'fragment': '{base}/order#x', 'port-0': 'https://localhost:0/', 'port-big': 'https://localhost:99999/', 'metadata':
    'https://169.254.169.254/latest/meta-data', 'unicode': 'https://loc\u0430lhost/x', 'empty': '', 'upper-scheme': 'HTTP://localhost/',
}


def accounts():
    a = 'newAccount'
    gone = {'kind': 'accountDoesNotExist', 'detail': 'Account not found'}
    yield Case('acct-200', 0, [f('code', a, to=200)])
    yield Case('acct-no-location', 6, [f('drop_header', a)], ['Location'], orders=0)
    yield Case('acct-foreign-location', 6, [f('header', a, name='Location', value='{foreign}/u/1')], ['Location', 'another host'], orders=0)
    yield Case('acct-http-location', 6, [f('header', a, name='Location', value='http://localhost/u/1')], ['Location', 'https'], orders=0)
    yield Case('acct-deactivated-body', 6, [f('put', a, path='status', value='deactivated')], ['deactivated'], orders=0)
    yield Case('acct-status-odd', 6, [f('put', a, path='status', value=f'evil{ESC}')], ['status'], orders=0)
    yield Case('acct-html', 6, [f('body', a, text='<html>')], ['account'], orders=0)
    yield Case('acct-redirect', 6, [f('redirect', a, code=307)], ['redirect'], orders=0)
    yield Case('acct-500-once', 0, [f('status', a, code=500, times=1)])
    yield Case('acct-reset-before', 0, [f('reset_before', a, times=1)])
    yield Case('acct-reset-after', 0, [f('reset_after', a, times=1)])
    yield Case('acct-503-date', 0, [f('status', a, code=503, retry='date+3', times=1)], check=gap(a, 1.9))
    yield Case('acct-429-an-hour', 7, [f('problem', a, kind='rateLimited', status=429, retry=3600, detail='too many accounts')],
               ['too many accounts', 'not before'], orders=0, check=exactly(a, 1))
    for kind, words in (('badPublicKey', ['key']), ('badSignatureAlgorithm', ['key']), ('invalidContact', ['contact']),
                        ('unsupportedContact', ['contact']), ('userActionRequired', []), ('externalAccountRequired', ['external'])):
        yield Case(f'acct-{kind.lower()}', 6, [f('problem', a, kind=kind, status=403, detail='because')], ['because', *words], orders=0,
                   check=exactly(a, 1))
    yield Case('acct-terms-changed', 6, [f('problem', 'newOrder', kind='userActionRequired', status=403, detail='terms changed',
                                           link='<https://ca.example/terms-v2>;rel="terms-of-service"',
                                           instance='https://ca.example/agree')], ['terms changed', 'https://ca.example'])
    for status in (400, 401, 403, 404):
        yield Case(f'acct-lost-{status}', 0, [], ['does not know the account'], runs=2, orders=2,
                   options={'forget_accounts_after': 1, 'lost_status': status}, check=exactly(a, 2))
    yield Case('acct-lost-for-ever', 6, [f('problem', 'newOrder', status=400, **gone)], ['Account not found'], orders=0, check=at_most(a, 2))
    # lost in mid-order: the order is begun anew, once
    yield Case('acct-lost-at-authz', 6, [f('problem', 'authz', status=400, **gone)], ['lost the account', 'Account not found'], orders=2)
    yield Case('acct-lost-at-authz-once', 0, [f('problem', 'authz', status=400, times=1, **gone)], ['lost the account'], orders=2)
    for status in (401, 403):
        yield Case(f'acct-deactivated-{status}', 6, [f('problem', 'newOrder', kind='unauthorized', status=status, detail='account is deactivated')],
                   ['deactivated'])
    yield Case('acct-eab', 0, [], options={'eab_required': True, 'eab_keys': {'kid-1': 'A' * 43}}, ca={'eab-kid': 'kid-1', 'eab-key': 'A' * 43})
    yield Case('acct-eab-none', 6, [], ['external account binding'], orders=0, options={'eab_required': True}, check=at_most(a, 0))
    yield Case('acct-eab-wrong', 6, [], ['MAC'], orders=0, options={'eab_required': True, 'eab_keys': {'kid-1': 'A' * 43}},
               ca={'eab-kid': 'kid-1', 'eab-key': 'B' * 42 + 'A'})
    yield Case('acct-eab-unknown', 6, [], ['key identifier'], orders=0, options={'eab_required': True},
               ca={'eab-kid': 'kid-2', 'eab-key': 'A' * 43})


def new_orders():
    o = 'newOrder'
    limited = {'kind': 'rateLimited', 'status': 429}
    yield Case('order-500-once', 0, [f('status', o, code=500, times=1)], orders=2)
    yield Case('order-500-forever', 8, [f('status', o, code=500)], ['500'], orders=2)
    yield Case('order-503-seconds', 0, [f('status', o, code=503, retry=2, times=1)], orders=2, check=gap(o, 1.9))
    yield Case('order-503-date', 0, [f('status', o, code=503, retry='date+3', times=1)], orders=2, check=gap(o, 1.9))
    yield Case('order-503-an-hour', 8, [f('status', o, code=503, retry=3600)], ['503', 'not before'])
    yield Case('order-503-nonsense', 0, [f('status', o, code=503, retry='soon', times=1)], orders=2)
    yield Case('order-429-short', 0, [f('problem', o, **limited, retry=2, times=1)], orders=2, check=gap(o, 1.9))
    yield Case('order-429-an-hour', 7, [f('problem', o, **limited, retry=3600, detail='too many certificates')],
               ['too many certificates', 'not before'])
    yield Case('order-429-a-year', 7, [f('problem', o, **limited, retry=99999999999999999999)], [])
    yield Case('order-429-bare', 7, [f('problem', o, **limited, detail='too many failed authorizations')], ['too many failed'])
    yield Case('order-429-text', 7, [f('problem', o, **limited, detail='too many, retry after 2099-01-02 03:04:05 UTC: see docs')], ['2099'])
    yield Case('order-paused', 6, [f('problem', o, **limited, detail='paused; see https://ca.example/unpause?jwt=x')],
               ['paused', 'https://ca.example/unpause'])
    yield Case('order-rejected', 6, [f('problem', o, kind='rejectedIdentifier', detail='policy forbids', subproblems=[
        {'type': 'urn:ietf:params:acme:error:rejectedIdentifier', 'detail': 'blocked one', 'identifier': {'type': 'dns', 'value': 'p.rej.example.test'}},
        {'type': 'urn:ietf:params:acme:error:caa', 'detail': 'blocked two', 'identifier': {'type': 'dns', 'value': 'q.rej.example.test'}}])],
        ['policy forbids', 'p.rej.example.test', 'blocked one', 'q.rej.example.test', 'blocked two'],
        names=['p.rej.example.test', 'q.rej.example.test'])
    for kind in ('caa', 'malformed', 'unauthorized', 'unsupportedIdentifier', 'neverHeardOf'):
        yield Case(f'order-{kind.lower()}', 6, [f('problem', o, kind=kind, status=403, detail='the reason is X7')], ['the reason is X7', kind])
    yield Case('order-reset-before', 0, [f('reset_before', o, times=1)], orders=2)
    yield Case('order-reset-after', 0, [f('reset_after', o, times=1)], orders=2)
    yield Case('order-reset-forever', 8, [f('reset_after', o)], [], orders=2, seconds=45)
    yield Case('order-shut-before', 0, [f('close_before', o, times=1)], orders=2)
    yield Case('order-short', 0, [f('short', o, times=1)], orders=2)
    yield Case('order-hang', 8, [f('hang', o)], ['time'], certificate={'timeout': '10s'}, seconds=16)
    yield Case('order-drip-header', 8, [f('drip', o, part='header')], ['time'], certificate={'timeout': '10s'}, seconds=16)
    yield Case('order-late', 0, [f('late', o, delay=1.5)])
    yield Case('order-redirect', 6, [f('redirect', o, code=307)], ['redirect'])
    yield Case('order-html', 6, [f('body', o, text='<html>')], ['order'])
    yield Case('order-no-location', 6, [f('drop_header', o)], ['Location'])
    for name, url in (('foreign', '{foreign}/o/1'), ('http', 'http://localhost/o/1'), ('relative', '/o/1'), ('userinfo', 'https://u@localhost/o'),
                      ('long', '{base}/' + 'o' * 3000), ('dots', 'https://localhost:1/../../evil')):
        yield Case(f'order-location-{name}', 6, [f('header', o, name='Location', value=url)], ['Location'])
    for name, path, value, words in (
            ('foreign-finalize', 'finalize', '{foreign}/f', ['finalize', 'another host']),
            ('http-finalize', 'finalize', 'http://localhost/f', ['finalize', 'https']),
            ('foreign-authz', 'authorizations.0', '{foreign}/a', ['authorizations', 'another host']),
            ('http-authz', 'authorizations.0', 'http://localhost/a', ['authorizations', 'https']),
            ('authz-number', 'authorizations.0', 5, ['authorizations']), ('authz-text', 'authorizations', 'x', ['authorizations']),
            ('authz-none', 'authorizations', [], ['authorization']), ('finalize-null', 'finalize', None, ['finalize']),
            ('status-null', 'status', None, ['status']), ('status-odd', 'status', f'{ESC}odd', ['status']), ('status-case', 'status', 'Pending', ['status']),
            ('status-valid', 'status', 'valid', []), ('status-processing', 'status', 'processing', ['processing']),
            ('expires-odd', 'expires', 'tomorrow', ['expires']), ('identifiers-text', 'identifiers', 'x', ['identifiers']),
            ('other-name', 'identifiers.0.value', 'evil.example.test', ['names']), ('odd-name', 'identifiers.0.value', '../evil', ['identifiers']),
            ('ip-name', 'identifiers.0.type', 'ip', ['identifiers']), ('expired', 'expires', '2001-02-03T04:05:06Z', ['expire'])):
        yield Case(f'order-{name}', 6, [f('put', o, path=path, value=value)], words)
    yield Case('order-expires-overflow', 6, [f('put', o, path='expires', value='99999999999-01-01T00:00:00Z')], ['expires'])
    yield Case('order-4000-authz', 6, [f('many', o, n=4000)], ['4000', 'authorizations'], check=at_most('authz', 0))
    yield Case('order-10000-authz', 6, [f('many', o)], ['larger'], check=at_most('authz', 0))
    yield Case('order-101-authz', 6, [f('many', o, n=101)], ['101', 'authorizations'], check=at_most('authz', 0))
    yield Case('order-same-authz-twice', 0, [f('splice', o, find='"authorizations": [', put='"authorizations": [ ')])
    yield Case('order-more-names', 6, [f('splice', o, find='"identifiers": [', put='"identifiers": [{"type": "dns", "value": "evil.example.test"}, ')], ['names'])
    yield Case('order-duplicate-status', 6, [f('splice', o, find='{', put='{"status": "ready", ')], ['status'])
    yield Case('order-invalid-at-once', 6, [f('order_status', o, value='invalid'), f('put', o, path='error', value={
        'type': 'urn:ietf:params:acme:error:caa', 'detail': 'CAA forbids'})], ['CAA forbids'])
    yield Case('order-ready-at-once', 0, [], options={'order_ready': True}, check=at_most('challenge', 0))
    yield Case('order-authz-valid', 0, [f('order_status', o, value='pending')], options={'authz_valid': True}, check=at_most('challenge', 0))
    yield Case('order-profile-unknown', 3, [], ['profile', 'shortlived'], orders=0, certificate={'profile': 'nope'}, options={'profiles': {'shortlived': 'x'}})
    yield Case('order-profile', 0, [], certificate={'profile': 'shortlived'}, options={'profiles': {'shortlived': 'x'}})


TOKENS = {
    'dots': '../../../../../../tmp/evil-token-aaaaaaaa', 'slash': 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/evil', 'shell': '$(touch evil)`touch evil`;touch evil #',
    'newline': 'aaaaaaaaaaaaaaaaaaaaaaaaaaa\nevil', 'percent': '%s%s%s%n%n%n%x%x%x%x%x%x%x%x%x%x', 'nul': 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa\0evil',
    'short': 'aaaa', 'long': 'a' * 300, 'very-long': 'a' * 100_000, 'empty': '', 'padding': 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa===', 'unicode':
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\u202eevil', 'plus': 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa+', 'number': 1234567890123456, 'null': None, 'list': ['a' * 30],
}


def authorizations():
    a, first = 'authz', {'times': 1}
    for name, token in TOKENS.items():
        yield Case(f'token-{name}', 6, [f('put', a, path='challenges.1.token', value=token)], ['token'])
    yield Case('token-missing', 6, [f('delete', a, path='challenges.1.token')], ['token'])
    for name, path, value, words in (
            ('other-name', 'identifier.value', 'evil.example.test', ['evil.example.test']), ('parent-name', 'identifier.value', 'example.test', ['example.test']),
            ('odd-name', 'identifier.value', '../../evil', ['identifier']), ('star-name', 'identifier.value', '*.example.test', ['identifier']),
            ('ip', 'identifier.type', 'ip', ['identifier']), ('status-odd', 'status', 'maybe', ['status']), ('status-number', 'status', 1, ['status']),
            ('wildcard-text', 'wildcard', 'yes', ['wildcard']), ('challenges-text', 'challenges', 'x', ['challenges']), ('no-challenge', 'challenges', [], ['dns-01']),
            ('only-http', 'challenges.1.type', 'tls-alpn-01', ['dns-01', 'http-01', 'tls-alpn-01']), ('two-dns', 'challenges.0.type', 'dns-01', ['dns-01']),
            ('odd-type', 'challenges.1.type', f'{ESC}dns-01', ['dns-01']), ('foreign-challenge', 'challenges.1.url', '{foreign}/c', ['another host']),
            ('http-challenge', 'challenges.1.url', 'http://localhost/c', ['https']), ('challenge-status', 'challenges.1.status', 'odd', ['status']),
            ('expired', 'status', 'expired', ['expired']), ('revoked', 'status', 'revoked', ['revoked']), ('deactivated', 'status', 'deactivated', ['deactivated'])):
        yield Case(f'authz-{name}', 6, [f('put', a, path=path, value=value)], words)
    yield Case('authz-invalid', 6, [f('put', a, path='status', value='invalid'), f('put', a, path='challenges.1.status', value='invalid'),
                                    f('put', a, path='challenges.1.error', value={'type': 'urn:ietf:params:acme:error:dns', 'detail': 'SERVFAIL at Z9'})], ['SERVFAIL at Z9'])
    yield Case('authz-40-challenges', 6, [f('splice', a, find='"challenges": [', put='"challenges": [' + '{"type": "x-1"}, ' * 40)], ['challenges'])
    yield Case('authz-404', 6, [f('problem', a, status=404, detail='not here')], ['not here'])
    yield Case('authz-429', 7, [f('problem', a, kind='rateLimited', status=429, retry=3600)], ['not before'])
    yield Case('authz-html', 6, [f('body', a, text='<html>')], ['authorization'])
    yield Case('authz-deep', 6, [f('nest', a)], ['authorization'])
    yield Case('authz-big', 6, [f('big', a)], ['larger'])
    yield Case('authz-cut', 6, [f('cut', a)], ['JSON'])
    yield Case('authz-redirect', 6, [f('redirect', a, code=301)], ['redirect'])
    yield Case('authz-500-once', 0, [f('status', a, code=500, **first)])
    yield Case('authz-503-seconds', 0, [f('status', a, code=503, retry=2, **first)], check=gap(a, 1.9))
    yield Case('authz-reset-before', 0, [f('reset_before', a, **first)])
    yield Case('authz-reset-after', 0, [f('reset_after', a, **first)])
    yield Case('authz-reset-one-of-five', 0, [f('reset_after', a, skip=2, times=3)], names=[f'n{i}.five.example.test' for i in range(5)])
    yield Case('authz-hang', 8, [f('hang', a)], ['time'], certificate={'timeout': '10s'}, seconds=16)


def challenges():
    c = 'challenge'
    yield Case('chall-500-once', 0, [f('status', c, code=500, times=1)])
    yield Case('chall-reset-before', 0, [f('reset_before', c, times=1)])
    yield Case('chall-reset-after', 0, [f('reset_after', c, times=1)])
    yield Case('chall-already-valid', 0, [f('code', c, to=400), f('body', c, text='{"type": "urn:ietf:params:acme:error:malformed", "detail": "no longer pending"}')])
    yield Case('chall-refused', 6, [f('problem', c, kind='unauthorized', status=403, detail='not you')], ['not you'])
    yield Case('chall-429', 7, [f('problem', c, kind='rateLimited', status=429, retry=3600)], ['not before'])
    yield Case('chall-html', 6, [f('body', c, text='<html>')], ['challenge'])
    yield Case('chall-redirect', 6, [f('redirect', c, code=308)], ['redirect'])
    yield Case('chall-is-processing', 0, [f('put', c, path='status', value='processing')])
    yield Case('chall-hang', 8, [f('hang', c)], ['time'], certificate={'timeout': '10s'}, seconds=16)
    yield Case('chall-wrong-value', 0, [], options={'validate': True}, names=['*.cv.example.test', 'cv.example.test'])
    yield Case('chall-other-token', 6, [f('put', 'authz', path='challenges.1.token', value='b' * 43, times=1)], ['no good TXT value'], options={'validate': True})


def polls():
    o = 'order'
    yield Case('poll-500-once', 0, [f('status', o, code=500, times=1)])
    yield Case('poll-503-seconds', 0, [f('status', o, code=503, retry=2, times=1)], check=gap(o, 1.9))
    yield Case('poll-reset-before', 0, [f('reset_before', o, times=1)])
    yield Case('poll-reset-after', 0, [f('reset_after', o, times=2)])
    yield Case('poll-pending-a-while', 0, [f('order_status', o, value='pending', times=5)])
    yield Case('poll-retry-after', 0, [f('order_status', o, value='pending', times=1), f('header', o, name='Retry-After', value='2', times=1)], check=gap(o, 1.9))
    yield Case('poll-pending-for-ever', 8, [f('order_status', o, value='pending')], ['validate'], certificate={'timeout': '10s'}, seconds=16, check=at_most(o, 30))
    yield Case('poll-retry-after-an-hour', 8, [f('order_status', o, value='pending'), f('header', o, name='Retry-After', value='3000')], [],
               certificate={'timeout': '10s'}, seconds=16, check=at_most(o, 1))
    yield Case('poll-processing-early', 6, [f('order_status', o, value='processing')], ['processing'])
    yield Case('poll-flapping', 0, [f('order_status', o, value='pending', times=1), f('problem', 'finalize', kind='orderNotReady', status=403, times=1),
                                    f('order_status', o, value='pending', skip=2, times=2)])
    yield Case('poll-flapping-late', 0, [f('order_status', 'finalize', value='processing', times=1), f('order_status', o, value='processing', skip=1, times=2),
                                         f('order_status', o, value='ready', skip=3, times=2), f('order_status', o, value='processing', skip=5, times=2)])
    yield Case('poll-processing-a-while', 0, [f('order_status', 'finalize', value='processing'), f('order_status', o, value='processing', skip=1, times=4)])
    yield Case('poll-processing-for-ever', 8, [f('order_status', 'finalize', value='processing'), f('order_status', o, value='processing', skip=1)], ['issue'],
               certificate={'timeout': '10s'}, seconds=16)
    yield Case('poll-404', 6, [f('problem', o, status=404, detail='gone away')], ['gone away'])
    yield Case('poll-429', 7, [f('problem', o, kind='rateLimited', status=429, retry=3600)], ['not before'])
    yield Case('poll-html', 6, [f('body', o, text='<html>')], ['order'])
    yield Case('poll-drip', 8, [f('drip', o, part='body')], ['time'], certificate={'timeout': '10s'}, seconds=16)
    sub = [{'type': 'urn:ietf:params:acme:error:dns', 'detail': f'look-up failed {n}', 'identifier': {'type': 'dns', 'value': f'{n}.inv.example.test'}} for n in 'xy']
    yield Case('poll-invalid-subproblems', 6, [f('order_status', o, value='invalid'), f('put', o, path='error', value={
        'type': 'urn:ietf:params:acme:error:compound', 'detail': 'several', 'subproblems': sub})],
        ['several', 'x.inv.example.test', 'look-up failed x', 'y.inv.example.test', 'look-up failed y'], names=['x.inv.example.test', 'y.inv.example.test'])
    yield Case('poll-invalid-bare', 6, [f('order_status', o, value='invalid')], ['invalid'])
    yield Case('poll-authz-fail', 6, [f('order_status', o, value='invalid'), f('put', 'authz', path='status', value='invalid', skip=1),
                                      f('put', 'authz', path='challenges.1.error', skip=1, value={'type': 'urn:ietf:params:acme:error:unauthorized', 'detail': 'wrong TXT Q4'})],
               ['wrong TXT Q4', 'poll-authz-fail.example.test'])
    yield Case('poll-invalid-authz-hang', 6, [f('order_status', o, value='invalid'), f('hang', 'authz', skip=1)], ['invalid'], seconds=25)


def finalizes():
    z = 'finalize'
    yield Case('final-500-once', 0, [f('status', z, code=500, times=1)])
    yield Case('final-500-after', 0, [f('code', z, to=500, times=1), f('body', z, text='oops', times=1)])
    yield Case('final-503-seconds', 0, [f('status', z, code=503, retry=2, times=1)], check=gap(z, 1.9))
    yield Case('final-429-seconds', 0, [f('problem', z, kind='rateLimited', status=429, retry=2, times=1)], check=gap(z, 1.9))
    yield Case('final-429-bare', 7, [f('problem', z, kind='rateLimited', status=429, detail='slow down')], ['slow down'])
    yield Case('final-reset-before', 0, [f('reset_before', z, times=1)], check=exactly(z, 2))
    yield Case('final-reset-after', 0, [f('reset_after', z, times=1)], check=exactly(z, 1))
    yield Case('final-not-ready-once', 0, [f('problem', z, kind='orderNotReady', status=403, times=1)])
    yield Case('final-not-ready-for-ever', 6, [f('problem', z, kind='orderNotReady', status=403)], ['ready'], check=at_most(z, 4))
    yield Case('final-bad-csr', 6, [f('problem', z, kind='badCSR', detail='key too weak')], ['key too weak', 'badCSR'])
    yield Case('final-caa', 6, [f('problem', z, kind='caa', status=403, detail='CAA changed')], ['CAA changed'])
    yield Case('final-html', 6, [f('body', z, text='<html>')], ['order'])
    yield Case('final-no-certificate', 6, [f('delete', z, path='certificate')], ['certificate'])
    yield Case('final-foreign-certificate', 6, [f('put', z, path='certificate', value='{foreign}/cert')], ['certificate', 'another host'])
    yield Case('final-http-certificate', 6, [f('put', z, path='certificate', value='http://localhost/cert')], ['certificate', 'https'])
    yield Case('final-invalid', 6, [f('order_status', z, value='invalid'), f('put', z, path='error', value={
        'type': 'urn:ietf:params:acme:error:serverInternal', 'detail': 'HSM is on fire'})], ['HSM is on fire'])
    yield Case('final-redirect', 6, [f('redirect', z, code=307)], ['redirect'])
    yield Case('final-hang', 8, [f('hang', z)], ['time'], certificate={'timeout': '10s'}, seconds=16)


CHAINS = {
    'good': (0, []), 'with_root': (0, []), 'crlf': (0, []), 'other_key': (6, ['key']), 'other_curve': (6, ['key']),
    'more_names': (6, ['evil.example.test']), 'fewer_names': (6, ['lacks']), 'other_names': (6, ['lacks']), 'address_too': (6, ['subjectAltName']),
    'no_names': (6, ['subjectAltName']), 'nul_in_name': (6, ['subjectAltName']), 'expired': (6, ['ended']), 'not_yet': (6, ['not valid before']),
    'wrong_chain': (6, ['chain']), 'forged_issuer': (6, ['chain']), 'reversed_chain': (6, []), 'issuer_only': (6, []), 'leaf_twice': (6, ['chain']),
    'fifty': (6, ['longer than 10']), 'garbage': (6, []), 'noise': (6, []), 'cut': (6, []), 'private_key_inside': (6, []), 'other_block': (6, ['CERTIFICATE']),
    'huge_chain': (6, ['64 KiB']), 'nul_inside': (6, ['NUL']),
}


def certificates():
    c = 'cert'
    for kind, (code, words) in CHAINS.items():
        yield Case(f'chain-{kind.replace("_", "-")}', code, [f('chain', c, kind=kind)], words)
    yield Case('cert-500-once', 0, [f('status', c, code=500, times=1)])
    yield Case('cert-404-once', 0, [f('status', c, code=404, times=1)])
    yield Case('cert-503-seconds', 0, [f('status', c, code=503, retry=2, times=1)], check=gap(c, 1.9))
    yield Case('cert-reset-before', 0, [f('reset_before', c, times=1)])
    yield Case('cert-reset-after', 0, [f('reset_after', c, times=1)])
    yield Case('cert-short', 0, [f('short', c, times=1)])
    yield Case('cert-empty', 6, [f('body', c, text='')], ['empty'])
    yield Case('cert-html', 6, [f('body', c, text='<html>')], ['PEM'])
    yield Case('cert-zipped', 6, [f('zipped', c)], [])
    yield Case('cert-big', 6, [f('big', c)], ['larger'])
    yield Case('cert-endless', 6, [f('endless', c)], ['larger'])
    yield Case('cert-redirect', 6, [f('redirect', c, code=303)], ['redirect'])
    yield Case('cert-refused', 6, [f('problem', c, kind='unauthorized', status=403, detail='not for you')], ['not for you'])
    yield Case('cert-refused-then-resumed', 0, [f('problem', c, kind='unauthorized', status=403, times=1)], runs=2, first_code=6, orders=1)
    yield Case('cert-wrong-then-new', 0, [f('chain', c, kind='other_key', times=1)], runs=2, first_code=6, orders=2)
    preferred = {'preferred_chain': 'Fake Root B'}
    yield Case('alt-default', 0, [], options={'alternates': True}, check=chain_ends_at('Fake Root A'))
    yield Case('alt-preferred', 0, [], options={'alternates': True}, certificate=preferred, check=chain_ends_at('Fake Root B'))
    yield Case('alt-unknown', 0, [], ['no chain'], options={'alternates': True}, certificate={'preferred_chain': 'Nobody'}, check=chain_ends_at('Fake Root A'))
    yield Case('alt-foreign', 0, [f('header', c, name='Link', value='<{foreign}/alt>;rel="alternate"')], ['another host'], certificate=preferred,
               check=chain_ends_at('Fake Root A'))
    yield Case('alt-500', 0, [f('status', 'alternate', code=403)], ['alternate'], options={'alternates': True}, certificate=preferred, check=chain_ends_at('Fake Root A'))
    yield Case('alt-garbage', 0, [f('body', 'alternate', text='junk')], ['alternate'], options={'alternates': True}, certificate=preferred,
               check=chain_ends_at('Fake Root A'))
    yield Case('alt-other-key', 6, [f('chain', 'alternate', kind='other_key'), f('chain', c, kind='other_key')], ['key'], options={'alternates': True})
    yield Case('alt-odd-links', 0, [f('header', c, name='Link', value='<<>>;;;rel=="alternate, <', times_in_reply=40)], [], certificate=preferred)


TEXTS = {
    'ansi': f'red {ESC}TEXT\x1b]0;title\x07', 'newline': 'one\nerror: two\r\nthree', 'bidi': 'abc\u202egpj.exe\u2066\u2069\u200f', 'c1': 'x\x9b31mTEXT\x85',
    'del': 'x\x7f\x08\x08\x00y', 'long': 'TEXT' * 1024, 'percent': '%s%n%x%d TEXT', 'unicode': 'TEXT \u00e4\u4e16\U0001f512', 'separators': 'a\u2028b\u2029c\ufeff',
}


def problems():
    o = 'newOrder'
    for name, text in TEXTS.items():
        words = ['TEXT'] if 'TEXT' in text else []
        for as_json in (False, True):
            yield Case(f'text-{name}{"-json" if as_json else ""}', 6, [f('problem', o, kind='caa', status=403, detail=text, title=text, instance=text, subproblems=[
                {'type': text, 'detail': text, 'identifier': {'type': 'dns', 'value': text}}])], words, json=as_json)
    yield Case('problem-type-odd', 6, [f('problem', o, kind=f'{ESC}evil\n', status=403, detail='said so')], ['said so'])
    yield Case('problem-type-long', 6, [f('problem', o, kind='x' * 5000, status=403, detail='said so')], ['said so'])
    yield Case('problem-types-wrong', 6, [f('problem', o, status=403, detail={'a': 1}, subproblems='x', title=5)], ['403'])
    yield Case('problem-100-sub', 6, [f('problem', o, kind='compound', status=403, detail='lots', subproblems=[
        {'type': 'urn:ietf:params:acme:error:dns', 'detail': f'd{i}', 'identifier': {'type': 'dns', 'value': f'n{i}.test'}} for i in range(100)])], ['lots', 'n0.test'])
    yield Case('problem-array', 6, [f('status', o, code=400, text='[1]')], ['400'])
    yield Case('problem-lies', 6, [f('problem', o, kind='malformed', status=200, detail='status 200')], ['order'])
    yield Case('problem-big', 6, [f('status', o, code=403, text='x' * 200_000)], ['403'])
    yield Case('terms-odd', 6, [f('put', 'directory', path='meta.termsOfService', value=f'https://ca.example/{ESC}')], ['terms'], orders=0, ca={'agree-tos': 'no'})
    for status in (100, 204, 206, 304, 418, 451, 599, 999):
        yield Case(f'status-{status}', 8 if status in (100, 599) else 6, [f('status', 'authz', code=status)] if status != 599 else [f('status', o, code=599)],
                   [str(status)] if status > 200 else [], orders=2 if status == 599 else 1, certificate={'timeout': '10s'} if status == 100 else {})


def transports():
    yield Case('http-close-each', 0, [f('close')])
    yield Case('http-10', 0, [f('http10')])
    yield Case('http-chunked', 0, [f('chunked')])
    yield Case('http-slow-but-steady', 0, [f('drip', 'newOrder', delay=0.002)])
    yield Case('http-close-twelve-names', 0, [f('close')], names=[f'n{i}.twelve.example.test' for i in range(12)])


GROUPS = (nonces, directories, accounts, new_orders, authorizations, challenges, polls, finalizes, certificates, problems, transports)
CASES = {case.name: case for group in GROUPS for case in group()}
assert len(CASES) == sum(1 for group in GROUPS for _ in group()), 'names of rows must be unique'


# ---- running them ----

@dataclasses.dataclass
class Outcome:
    """What a case brought."""

    codes: list
    text: str
    raw: bytes
    seconds: float
    megabytes: float
    log: list
    directory: pathlib.Path
    left: set = dataclasses.field(default_factory=set)

    @property
    def current(self):
        return self.directory / 'state/certificates/t/current'


class FakeCas:
    """The server process in the lab, and the way to run a case with it."""

    def __init__(self, lab, directory):
        self.lab, self.directory = lab, directory
        (directory / 'cases').mkdir()
        self.process = lab.popen(['python3', TOP / 'tests/lib/fakeca.py', directory])
        wait_until((directory / 'ports.json').exists, what='the fake CA')
        self.ports = json.loads((directory / 'ports.json').read_text())

    def end(self):
        """The process that we started is only the door to the one in the lab."""
        for pid in descendants(self.process.pid):
            kill(pid)
        self.process.wait()

    def write_case(self, case):
        path = self.directory / 'cases' / f'{case.name}.json'
        path.write_text(json.dumps({'faults': case.faults, **case.options}))

    def prepare(self, case):
        directory = self.directory / 'runs' / case.name
        for name in ('home', 'tmp', 'cwd'):
            (directory / name).mkdir(parents=True)
        zs = Zoneseal(self.lab, directory)
        scheme = f'https://localhost:{self.ports[case.port]}/{case.name}/dir'
        zs.ca = {'directory': scheme, 'ca-bundle': self.directory / 'ca.pem', **case.ca}
        if 'eab-key' in zs.ca:
            key = self.directory / f'{case.name}.eab'
            key.touch(mode=0o600)
            key.write_text(zs.ca.pop('eab-key'))
            zs.ca['eab-hmac-key-file'] = key
        zs.certificate('t', *case.identifiers, **case.certificate)
        return zs

    def run(self, case):
        """Runs a case to its end; an exception is kept for its test."""
        try:
            return self.run_now(case)
        except BaseException as error:
            return error

    def run_now(self, case):
        self.write_case(case)
        zs = self.prepare(case)
        codes, begin, peak, raw = [], time.monotonic(), 0, b''
        for i in range(case.runs):
            arguments = ['issue', *(['--json'] if case.json else []), *(['--force'] if i else [])]
            code, megabytes, raw = self.spawn(zs, arguments, case)
            codes.append(code)
            peak = max(peak, megabytes)
        log = self.directory / 'log' / f'{case.name}.jsonl'
        entries = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return Outcome(codes, readable(raw, case), raw, time.monotonic() - begin, peak, entries, zs.directory)

    def spawn(self, zs, arguments, case, before=()):
        """(exit code or -signal, peak megabytes, what was printed)"""
        directory = zs.directory
        peak = self.directory / f'{case.name}.peak'
        command = ['/usr/bin/python3', '-ISc', MEASURE, peak, *before, 'env', f'HOME={directory}/home', f'TMPDIR={directory}/tmp', *map(str, zs.argv(*arguments))]
        output = self.directory / f'{case.name}.out'
        with open(output, 'wb') as out, open(f'{output}.err', 'wb') as err:
            process = self.lab.popen(command, cwd=directory / 'cwd', stdout=out, stderr=err)
            status = wait_for(process, 90 + case.seconds)
        raw = output.read_bytes() + pathlib.Path(f'{output}.err').read_bytes()
        return os.waitstatus_to_exitcode(status), int(peak.read_text()) / 1024, raw


def wait_for(process, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pid, status = os.waitpid(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return status
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f'still running after {seconds} s')


def readable(raw, case):
    """The message as text; from JSON the strings are read back."""
    text = raw.decode(errors='replace')
    if not case.json:
        return text
    document, _ = json.JSONDecoder().raw_decode(text)
    return json.dumps(document, ensure_ascii=False)


@pytest.fixture(scope='module')
def cas(make_lab, base_directory):
    """The fake CAs in a lab."""
    directory = base_directory / 'fakeca'
    directory.mkdir()
    cas = FakeCas(make_lab('--nonce-reject', '0'), directory)
    yield cas
    cas.end()
    assert not (directory / 'log' / 'foreign.jsonl').exists(), 'somebody followed a URL to a foreign place'


@pytest.fixture(scope='module')
def outcomes(request, cas):
    """{name: Outcome} of the selected rows."""
    selected = {item.callspec.params['name'] for item in request.session.items
                if item.path == request.path and 'outcomes' in item.fixturenames}
    cases = sorted((CASES[name] for name in selected), key=is_quick)
    with concurrent.futures.ThreadPoolExecutor(24) as slow, concurrent.futures.ThreadPoolExecutor(6) as quick:
        futures = {case.name: (quick if is_quick(case) else slow).submit(cas.run, case) for case in cases}
        results = {name: future.result() for name, future in futures.items()}
    left = cas.lab.challenges()
    for name, outcome in results.items():
        wanted = {f'_acme-challenge.{n.removeprefix("*.")}' for n in CASES[name].identifiers}
        if isinstance(outcome, Outcome):
            outcome.left = {record for record in left if record[0] in wanted}
    return results


def is_quick(case):
    return 'timeout' not in case.certificate and case.seconds == 20 and not case.name.startswith('dir-')


# ---- what must hold ----

def odd_characters(raw):
    """Characters that no output may hold, wherever they came from."""
    text = raw.decode(errors='surrogateescape')
    return sorted({repr(c) for c in text if c != '\n' and unicodedata.category(c) in ('Cc', 'Cf', 'Cs', 'Zl', 'Zp')})


def placed_orders(log):
    return sum(e['op'] == 'newOrder' and e['type'] not in ('badNonce', 'accountDoesNotExist') for e in log)


def check_files(outcome):
    found = {entry.name for entry in outcome.directory.iterdir()}
    assert found <= {'home', 'tmp', 'cwd', 'state', 'zoneseal.conf'}, found
    for name in ('home', 'tmp', 'cwd'):
        assert not list((outcome.directory / name).iterdir()), f'files were written to {name}'
    for path in (outcome.directory / 'state').rglob('*'):
        assert re.fullmatch(r'[A-Za-z0-9._-]{1,120}', path.name) and 'evil' not in path.name, path


def check_codes(case, outcome):
    said = f'{case.name}: exit {outcome.codes}\n{outcome.text}'
    assert 'Sanitizer' not in outcome.text and 'runtime error:' not in outcome.text, said
    assert all(0 <= code != 1 for code in outcome.codes), said
    assert outcome.codes[-1] == case.code, said
    if case.runs > 1:
        assert outcome.codes[0] == (case.first_code or 0), said
    for word in case.words:
        assert word.lower() in outcome.text.lower(), f'the message lacks "{word}"; {said}'
    if case.json:
        validate(json.JSONDecoder().raw_decode(outcome.raw.decode(errors='replace'))[0], 'issue')
    if case.code and not case.json:
        assert re.search(r'^\s*next: \S', outcome.text, re.M), f'no hint; {said}'


@pytest.mark.parametrize('name', CASES)
def test_fault(name, outcomes):
    case, outcome = CASES[name], outcomes[name]
    if isinstance(outcome, BaseException):
        raise outcome
    check_codes(case, outcome)
    assert outcome.current.exists() == (case.code == 0), 'a certificate is stored exactly on success'
    assert not odd_characters(outcome.raw), f'{odd_characters(outcome.raw)} in\n{outcome.text}'
    assert not [e['violation'] for e in outcome.log if 'violation' in e], 'we broke a rule of ACME'
    assert placed_orders(outcome.log) == case.orders, outcome.log
    assert not outcome.left, 'records of ours were left in DNS'
    check_files(outcome)
    assert outcome.seconds < case.seconds * (3 if SANITIZER else 1), f'{outcome.seconds:.1f} s'
    assert SANITIZER or outcome.megabytes < MEMORY_MB, f'{outcome.megabytes} MB'
    if case.check:
        case.check(outcome)


# ---- what the system saw ----

CALLS = 'open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,connect,execve'
TRACED = ('token-dots', 'token-shell', 'token-newline', 'dir-redirect-302', 'alt-foreign', 'text-percent', 'chain-private-key-inside',
          'order-location-dots', 'http-chunked')


def traced_lines(path):
    """Calls that did not fail, each on one line."""
    lines, pending = [], {}
    for line in path.read_text(errors='replace').splitlines():
        pid, _, rest = line.partition(' ')
        rest = rest.strip()
        if rest.endswith('<unfinished ...>'):
            pending[pid] = rest.removesuffix('<unfinished ...>')
            continue
        resumed = re.match(r'<\.\.\. \w+ resumed>(.*)', rest)
        lines.append(pending.pop(pid, '') + resumed[1] if resumed else rest)
    return [line for line in lines if not re.search(r'= -1 (?!EINPROGRESS)', line)]


def written_paths(lines):
    """Every path that was created, renamed, removed or opened for writing."""
    for line in lines:
        call = line.partition('(')[0]
        if call in ('connect', 'execve') or (call in ('open', 'openat') and not re.search('O_WRONLY|O_RDWR|O_CREAT', line)):
            continue
        if call.endswith('at') or call == 'renameat2':
            found = re.findall(r'(?:AT_FDCWD|\d+)(?:<([^>]*)>)?, "([^"]*)"', line)
        else:
            found = [('', path) for path in re.findall(r'"([^"]*)"', line)]
        yield from (os.path.normpath(os.path.join(directory, path)) for directory, path in found)


@pytest.mark.skipif(SANITIZER, reason='the leak check of a sanitizer does not work below strace')
@pytest.mark.parametrize('traced', TRACED)
def test_nothing_outside_is_written_run_or_connected(traced, cas):
    case = dataclasses.replace(CASES[traced], name=f'traced-{traced}')
    cas.write_case(case)
    zs = cas.prepare(case)
    output = cas.directory / f'{case.name}.trace'
    before = ['strace', '-f', '-y', '-s', '4096', '-o', output, '-e', f'trace={CALLS}']
    code, _, raw = cas.spawn(zs, ['issue'], case, before)
    assert code == case.code, raw.decode()
    lines = traced_lines(output)
    outside = {path for path in written_paths(lines) if not f'{path}/'.startswith(f'{zs.state}/')} - {'/dev/null'}
    assert not outside, outside
    programs = set(re.findall(r'execve\("([^"]*)"', '\n'.join(lines)))
    assert {pathlib.Path(p).name for p in programs} <= {'env', 'zoneseal', *(f'zoneseal-{r}' for r in ('engine', 'vault', 'probe', 'host'))}, programs
    ports = {int(port) for port in re.findall(r'connect\(.*?sin6?_port=htons\((\d+)\)', '\n'.join(lines))}
    assert ports - {0} <= {53, cas.ports['main']} and not re.search(r'connect\(.*AF_UNIX', '\n'.join(lines)), ports
    assert cas.ports['main'] in ports, 'the trace saw nothing'
    assert any(path.endswith('.pem') for path in written_paths(lines)) or case.code, 'the trace saw no certificate'
