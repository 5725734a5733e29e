# SPDX-License-Identifier: Apache-2.0
"""The acme-dns provider: the plugin alone against a simulation, whole issuances with the simulation's values served by the
lab's BIND, and, where it is installed, with acme-dns itself as the name server of a delegated zone."""

import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from conftest import BUILD, SANITIZER, TOP, wait_until

sys.path[:0] = [str(TOP / 'tests/lib'), str(TOP / 'plugins-sdk/conformance')]

from pluginhost import ADD, AUTH, CONFIG, OK, REMOVE, TRANSIENT, Plugin
from simprocess import SimProcess
from zoneseal_sim import Reply

SIM = TOP / 'providers/acme-dns/acme-dns_sim.py'
spec = importlib.util.spec_from_file_location('acme_dns_sim', SIM)
acme_dns_sim = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(acme_dns_sim)

ZONE = 'auth.example.test'
PLUGIN = BUILD / 'providers/acme-dns/.libs/acme-dns.so'

alone = pytest.mark.skipif(SANITIZER, reason='a plugin with sanitizers cannot be loaded into this Python')


def value(number=0):
    return f'{number:03}' + 'v' * 40


class Case:
    """A simulation in this process and the plugin in front of it."""

    def __init__(self, **options):
        self.sim = acme_dns_sim.AcmeDns('--zone', ZONE).begin()
        self.storage = json.loads(self.sim.secrets['credentials-file'].read_text())
        self.accounts = list(self.storage.values())
        self.name = self.accounts[0]['fulldomain']
        self.options = {'api_url': self.sim.url, 'ca_file': self.sim.options['ca-file'],
                        'credentials_file': json.dumps(self.storage)}
        self.plugin = Plugin(PLUGIN)
        answer = self.plugin.open(**{**self.options, **options})
        assert answer.code == OK, answer.text

    def apply(self, *changes):
        """Changes are (ADD or REMOVE, value) at the first account's name, or with a name between."""
        before = self.sim.count
        answer = self.plugin.apply(ZONE, [(c[0], self.name, c[1]) if len(c) == 2 else c for c in changes])
        return answer, self.sim.count - before

    def values(self, name=None):
        return [v.decode() for n, v in self.sim.observe() if n == (name or self.name)]

    def end(self):
        self.plugin.close()
        self.sim.end()
        assert not self.sim._violations, self.sim._violations


@pytest.fixture
def case():
    cases = []

    def make(**options):
        cases.append(Case(**options))
        return cases[-1]

    yield make
    for one in cases:
        one.end()


# ---- many accounts ------------------------------------------------------------------------------------------------------


@alone
@pytest.mark.parametrize('number', [43, 100, 256])
def test_many_small_accounts_open_and_none_of_their_passwords_is_shown(case, number):
    c = case()
    accounts = {f'd{i}.test': {'username': f'u{i}', 'password': f'Secret{i:03}', 'subdomain': f's{i}',
                               'fulldomain': f's{i}.{ZONE}'} for i in range(number)}
    with Plugin(PLUGIN) as plugin:
        answer = plugin.open(**{**c.options, 'credentials_file': json.dumps(accounts)})
        assert answer.code == OK, answer.text
        last = f's{number - 1}.{ZONE}'
        c.sim.handle_update = lambda request: Reply(401, {'error': f'no {request.headers.get("X-Api-Key")} here'})
        answer = plugin.check({ZONE: [last]})
        assert answer.code == AUTH and 'no [redacted] here' in answer.text and 'Secret' not in repr(answer)


# ---- two values and no more ---------------------------------------------------------------------------------------------


@alone
def test_two_values_are_sent_in_their_order(case):
    c = case()
    assert c.apply((ADD, value(1)), (ADD, value(2))) == (c.plugin.answer, 2)
    assert c.plugin.answer.code == OK and c.values() == [value(1), value(2)]


@alone
def test_value_that_is_there_is_not_sent_again(case):
    c = case()
    c.apply((ADD, value(1)), (ADD, value(2)))
    for number in (1, 2, 1):
        answer, requests = c.apply((ADD, value(number)))
        assert answer.code == OK and requests == 0
    assert c.values() == [value(1), value(2)]


@alone
def test_third_value_is_refused_before_it_hurts(case):
    c = case()
    answer, requests = c.apply((ADD, value(1)), (ADD, value(2)), (ADD, value(3)))
    assert [answer.of(i)[0] for i in range(3)] == [OK, OK, CONFIG] and requests == 2
    assert '2 values' in answer.of(2)[1] and c.name in answer.of(2)[1]
    answer, requests = c.apply((ADD, value(4)))
    assert answer.of(0)[0] == CONFIG and requests == 0
    assert c.values() == [value(1), value(2)]


@alone
def test_removal_sends_nothing_and_makes_room(case):
    c = case()
    c.apply((ADD, value(1)), (ADD, value(2)))
    assert c.apply((REMOVE, value(1)), (REMOVE, value(2)), (REMOVE, value(9))) == (c.plugin.answer, 0)
    assert c.plugin.answer.code == OK and c.values() == [value(1), value(2)]
    answer, requests = c.apply((ADD, value(3)), (ADD, value(4)))
    assert answer.code == OK and requests == 2 and c.values() == [value(3), value(4)]


@alone
def test_older_value_that_is_needed_is_not_pushed_out(case):
    c = case()
    c.apply((ADD, value(1)), (ADD, value(2)))
    c.apply((REMOVE, value(2)))
    answer, requests = c.apply((ADD, value(3)))
    assert answer.code == OK and requests == 2 and set(c.values()) == {value(1), value(3)}
    c.apply((REMOVE, value(1)))
    assert c.apply((ADD, value(4)))[0].code == OK and set(c.values()) == {value(3), value(4)}


@alone
def test_room_that_a_removal_makes_is_used_in_the_same_call(case):
    c = case()
    c.apply((ADD, value(1)), (ADD, value(2)))
    answer, _ = c.apply((ADD, value(3)), (REMOVE, value(1)))
    assert answer.code == OK and set(c.values()) == {value(2), value(3)}


@alone
def test_accounts_do_not_disturb_each_other(case):
    c = case()
    other = c.accounts[1]['fulldomain']
    c.apply((ADD, value(1)), (ADD, other, value(2)), (ADD, value(3)), (ADD, other, value(4)))
    assert c.plugin.answer.code == OK
    assert c.values() == [value(1), value(3)] and c.values(other) == [value(2), value(4)]


@alone
@pytest.mark.parametrize('fault', ['lost-before', 'lost-after', 'truncated', 'garbage', 'gateway', 'error', 'oversized',
                                   'rate'])
def test_answer_that_is_lost_pushes_no_needed_value_out(case, fault):
    c = case()
    c.apply((ADD, value(1)))
    c.sim.command(f'fault {fault}')
    assert c.apply((ADD, value(2)))[0].code == OK, c.plugin.answer
    assert set(c.values()) == {value(1), value(2)}
    assert c.apply((ADD, value(1)), (ADD, value(2)))[1] == 0


@alone
def test_after_a_failure_that_lasted_the_next_addition_brings_both_values_back(case):
    c = case()
    c.apply((ADD, value(1)))
    c.sim.command('fault lost-after 4')
    assert c.apply((ADD, value(2)))[0].code == TRANSIENT
    answer, _ = c.apply((ADD, value(2)))
    assert answer.code == OK and set(c.values()) == {value(1), value(2)}


@alone
@pytest.mark.parametrize('text', ['short', 'v' * 42, 'v' * 44, 'v' * 42 + '=', 'v' * 42 + '"'])
def test_values_that_the_server_does_not_take_are_not_sent(case, text):
    c = case()
    answer, requests = c.apply((ADD, text), (ADD, value(1)))
    assert [answer.of(i)[0] for i in range(2)] == [CONFIG, OK] and '43' in answer.of(0)[1] and requests == 1


# ---- names and accounts ---------------------------------------------------------------------------------------------------


@alone
def test_missing_alias_is_told_as_the_record_to_add_and_without_network(case):
    c = case()
    before = c.sim.count
    answer = c.plugin.check({'example.test': [f'_acme-challenge.d0.{ZONE}'], ZONE: [c.name]})
    assert answer.of(0)[0] == CONFIG
    assert f'_acme-challenge.d0.{ZONE}. CNAME {c.name}.' in answer.of(0)[1]
    assert answer.of(1)[0] == OK
    assert c.sim.count == before + 1
    answer, requests = c.apply((ADD, f'_acme-challenge.d0.{ZONE}', value()))
    assert answer.of(0)[0] == CONFIG and 'CNAME' in answer.of(0)[1] and requests == 0


@alone
def test_domain_without_an_account_is_told_how_to_register(case):
    c = case()
    answer = c.plugin.check({'example.test': ['_acme-challenge.new.example.test']})
    code, text = answer.of(0)
    assert code == CONFIG and f'curl -X POST {c.sim.url}/register' in text and '"new.example.test"' in text


@alone
def test_alias_to_a_foreign_account_is_told(case):
    c = case()
    code, text = c.plugin.check({ZONE: [f'0123.{ZONE}']}).of(0)
    assert code == CONFIG and f'0123.{ZONE} is no fulldomain' in text


@alone
def test_answer_of_one_registration_serves_as_it_came(case):
    c = case()
    with Plugin(PLUGIN) as plugin:
        assert plugin.open(**{**c.options, 'credentials_file': json.dumps(c.accounts[1])}).code == OK
        code, text = plugin.check({'example.test': ['_acme-challenge.any.example.test']}).of(0)
        assert code == CONFIG and f'_acme-challenge.any.example.test. CNAME {c.accounts[1]["fulldomain"]}.' in text
        assert plugin.check({ZONE: [c.accounts[1]['fulldomain']]}).of(0)[0] == OK


@alone
def test_check_tests_the_account_and_changes_nothing(case):
    c = case()
    c.apply((ADD, value(1)), (ADD, value(2)))
    before = c.sim.count
    assert c.plugin.check({ZONE: [a['fulldomain'] for a in c.accounts]}).code == OK
    assert c.sim.count == before + len(c.accounts) and c.values() == [value(1), value(2)]


@alone
@pytest.mark.parametrize('member, wrong', [('password', 'Wrong0123456789wrong'), ('username', 'nobody'), ('subdomain', 'x')])
def test_wrong_account_is_told_and_its_password_is_not_shown(case, member, wrong):
    c = case()
    c.plugin.close()
    account = {**c.accounts[0], member: wrong}
    with Plugin(PLUGIN) as plugin:
        assert plugin.open(**{**c.options, 'credentials_file': json.dumps({'a.example': account})}).code == OK
        answer = plugin.check({ZONE: [c.name]})
        assert answer.code == AUTH and 'forbidden' in answer.text and 'allowfrom' in answer.text
        assert account['password'] not in repr(answer)
        assert plugin.apply(ZONE, [(ADD, c.name, value())]).code == AUTH
        assert account['password'] not in repr(plugin.answer)
    c.sim._violations.clear()


@alone
def test_machine_outside_allowfrom_is_told_which_networks_may(case):
    c = case()
    account = c.sim.register(['192.0.2.0/24'])
    with Plugin(PLUGIN) as plugin:
        assert plugin.open(**{**c.options, 'credentials_file': json.dumps({'a.example': account})}).code == OK
        answer = plugin.check({ZONE: [account['fulldomain']]})
        assert answer.code == AUTH and '192.0.2.0/24' in answer.text


@alone
def test_other_server_is_told(case):
    c = case()
    with Plugin(PLUGIN) as plugin:
        assert plugin.open(**{**c.options, 'api_url': c.sim.url + '/elsewhere'}).code == OK
        answer = plugin.check({ZONE: [c.name]})
        assert answer.code == CONFIG and '404' in answer.text and 'api-url' in answer.text
    c.sim._violations.clear()


@alone
@pytest.mark.parametrize('content', ['', '{}', 'nonsense', '{"a.example": {"username": "u"}}'])
def test_file_that_has_no_accounts_is_refused_with_its_option(case, content):
    c = case()
    with Plugin(PLUGIN) as plugin:
        answer = plugin.open(**{**c.options, 'credentials_file': content})
        assert answer.code == CONFIG and 'credentials-file' in answer.text


def test_conformance_kit_is_content_with_the_simulation():
    result = subprocess.run([BUILD / 'zoneseal', 'provider', 'check', 'acme-dns', '--zone', ZONE, '--offline', SIM],
                            capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr
    passed = set(re.findall(r'^ok    (\S+)', result.stdout, re.M))
    assert len(passed) >= 32 and {'deadline', 'cancel', 'slow', 'leaks', 'ttl', 'value-octets'} <= passed, result.stdout


# ---- whole issuances --------------------------------------------------------------------------------------------------------

# The simulation's domain in the lab: BIND serves it, and the simulation sends it what it has.  The lab has CNAMEs to such
# names already: _acme-challenge.cn.example.test leads to cn.acme.example.test, that of chain to chain.acme.example.test.
LAB_ZONE = 'acme.example.test'
LABELS = ['cn', 'chain', 'plain']


@pytest.fixture
def sim(lab):
    labels = [a for label in LABELS for a in ('--subdomain', label)]
    with SimProcess('acme-dns', LAB_ZONE, lab=lab,
                    arguments=('--sink', f'{lab.vars["LAB_PRIMARY"]}:53', '--sink-key', lab.vars['LAB_KEY'], *labels)) as process:
        yield process
        # Values stay with such a server; those in the lab's zone go for the tests that follow.
        process.command('clear')
        wait_until(lambda: not {n for n, _ in lab.txt(LAB_ZONE)} & set(process.names), what='a zone without them')


class Delegated:
    """zoneseal whose certificates are of names with accounts."""

    def __init__(self, zs, sim, directory):
        self.zs, self.path = zs, directory / 'accounts.json'
        by_domain = json.loads(pathlib.Path(sim.secrets['credentials-file']).read_text())
        self.account = {label: by_domain[f'{label}.{LAB_ZONE}'] for label in LABELS}
        zs.providers['acmedns'] = {'plugin': 'acme-dns', **sim.options, 'credentials-file': self.path}
        zs.zones[LAB_ZONE] = {'provider': 'acmedns'}
        self.store({f'{label}.example.test': account for label, account in self.account.items()})

    def store(self, storage):
        self.path.write_text(json.dumps(storage))
        self.path.chmod(0o600)


@pytest.fixture
def delegated(zs, sim, directory):
    return Delegated(zs, sim, directory)


def issue(delegated, *names, **options):
    return delegated.zs.certificate('site', *names, **options).run('issue')


def values_of(sim, name):
    return {v for n, v in sim.records() if n == name}


def test_name_and_wildcard_are_issued_and_renewed_by_way_of_an_alias(delegated, sim):
    zs = delegated.zs
    issue(delegated, 'cn.example.test', '*.cn.example.test').expect()
    assert (zs.current('site') / 'fullchain.pem').exists()
    first = values_of(sim, 'cn.acme.example.test')
    assert len(first) == 2 and sim.violations() == []
    # The values that stayed are pushed out, one by one.  Even where it is told never to, Pebble takes one
    # authorization in a hundred as still valid; then there is one value less to write.
    for _ in range(3):
        zs.run('issue', '--force').expect()
        second = values_of(sim, 'cn.acme.example.test')
        assert len(second) == 2 and sim.violations() == []
        if not first & second:
            break
    assert not first & second


def test_several_accounts_serve_one_certificate(delegated, sim):
    issue(delegated, 'cn.example.test', 'chain.example.test').expect()
    assert {n for n, _ in sim.records()} == {'cn.acme.example.test', 'chain.acme.example.test'}


@pytest.mark.parametrize('where', ['certificate', 'defaults'])
def test_missing_alias_ends_the_run_with_the_record_to_add(delegated, sim, lab, where):
    mark, zs = lab.mark(), delegated.zs
    options = {'provider': 'acmedns'} if where == 'certificate' else {}
    if where == 'defaults':
        zs.providers['bind'] = zs.providers.pop('acmedns')      # conftest's default provider is called so
        zs.zones = {}
    result = issue(delegated, 'plain.example.test', '*.plain.example.test', **options).expect(3)
    assert '_acme-challenge.plain.example.test. CNAME plain.acme.example.test.' in result.err
    assert not mark.count('/order-plz') and sim.requests() == 0


def test_domain_without_an_account_ends_the_run_with_the_way_to_register(delegated, sim, lab):
    mark = lab.mark()
    result = issue(delegated, 'new.example.test', provider='acmedns').expect(3)
    assert '/register' in result.err and '"new.example.test"' in result.err
    assert not mark.count('/order-plz') and sim.requests() == 0


def test_wrong_password_ends_the_run_before_an_order(delegated, sim, lab):
    mark = lab.mark()
    delegated.store({'cn.example.test': {**delegated.account['cn'], 'password': 'Wrong0123456789wrong'}})
    result = issue(delegated, 'cn.example.test').expect(4)
    assert 'forbidden' in result.err and 'Wrong0123456789wrong' not in result.err
    assert not mark.count('/order-plz') and not sim.records()
    assert sim.violations()


def test_more_than_two_values_at_one_name_are_told_before_an_order(delegated, sim, lab):
    """Three names with one alias, made through the API of PowerDNS."""
    mark = lab.mark()
    names = [f'{letter}.pdns.example.test' for letter in 'abc']
    with_aliases(lab, {f'_acme-challenge.{name}.': 'cn.acme.example.test.' for name in names})
    try:
        result = issue(delegated, *names).expect(4)
        assert 'cn.acme.example.test' in result.err and '2' in result.err
        assert not mark.count('/order-plz') and not sim.records()
        issue(delegated, *names[:2]).expect()
    finally:
        without(lab, [f'_acme-challenge.{name}.' for name in names])


def test_accounts_may_be_named_by_the_variable_of_other_clients(delegated, sim, lab):
    zs = delegated.zs
    del zs.providers['acmedns']['credentials-file'], zs.providers['acmedns']['api-url']
    lab.env |= {'ACME_DNS_STORAGE_PATH': str(delegated.path), 'ACME_DNS_API_BASE': sim.options['api-url']}
    try:
        issue(delegated, 'cn.example.test').expect()
    finally:
        del lab.env['ACME_DNS_STORAGE_PATH'], lab.env['ACME_DNS_API_BASE']


def patch(lab, *rrsets):
    key = pathlib.Path(lab.vars['LAB_PDNS_KEY_FILE']).read_text().strip()
    result = lab.exec('curl', '-sS', '-f', '-X', 'PATCH', '-H', f'X-API-Key: {key}', '-d', json.dumps({'rrsets': rrsets}),
                      f'{lab.vars["LAB_PDNS_URL"]}/api/v1/servers/localhost/zones/pdns.example.test.')
    assert result.returncode == 0, result.stderr


def with_aliases(lab, aliases):
    patch(lab, *[{'name': name, 'type': 'CNAME', 'ttl': 60, 'changetype': 'REPLACE',
                  'records': [{'content': target, 'disabled': False}]} for name, target in aliases.items()])


def without(lab, names):
    patch(lab, *[{'name': name, 'type': 'CNAME', 'changetype': 'DELETE'} for name in names])


# ---- acme-dns itself ----------------------------------------------------------------------------------------------------------

CONFIG_FILE = """
[general]
listen = "{address}:53"
protocol = "both"
domain = "auth.example.test"
nsname = "ns.auth.example.test"
nsadmin = "hostmaster.example.test"
records = [ "ns.auth.example.test. A {address}", "auth.example.test. NS ns.auth.example.test." ]
debug = false
[database]
engine = "sqlite"
connection = "{directory}/acme-dns.db"
[api]
ip = "{address}"
disable_registration = false
port = "8088"
tls = "none"
corsorigins = [ "*" ]
use_header = false
[logconfig]
loglevel = "info"
logtype = "stdout"
logformat = "text"
"""


def acme_dns_program():
    """$ACME_DNS, the one on PATH, or the one that scripts/setup --optional built."""
    cache = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    for candidate in (os.environ.get('ACME_DNS'), shutil.which('acme-dns'), f'{cache}/zoneseal/bin/acme-dns'):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    return None


@pytest.fixture
def server(lab, directory):
    """acme-dns as the name server of auth.example.test, at the address of the lab that is free for it."""
    program = acme_dns_program()
    if not program:
        pytest.skip('acme-dns is not installed (scripts/setup --optional builds it where it can be had)')
    config = directory / 'config.cfg'
    log = (directory / 'acme-dns.log').open('w')
    config.write_text(CONFIG_FILE.format(address=lab.vars['LAB_AUTH'], directory=directory))
    number = directory / 'pid'      # in the lab's own numbers
    process = lab.popen(['sh', '-c', 'echo $$ >"$1"; exec "$2" -c "$3"', 'sh', number, program, config], stdout=log, stderr=log)
    url = f'http://{lab.vars["LAB_AUTH"]}:8088'
    try:
        wait_until(lambda: process.poll() is not None or lab.exec('curl', '-sf', f'{url}/health').returncode == 0, what='acme-dns')
        assert process.poll() is None, (directory / 'acme-dns.log').read_text()
        yield url
    finally:
        lab.exec('kill', number.read_text().strip())
        process.wait(30)
        log.close()


def test_real_server_serves_name_and_wildcard(server, lab, zs, directory):
    """The CNAME stands in the zone of PowerDNS, whose API can make one."""
    account = json.loads(lab.exec('curl', '-sf', '-X', 'POST', f'{server}/register').stdout)
    path = directory / 'accounts.json'
    path.write_text(json.dumps({'site.pdns.example.test': account}))
    path.chmod(0o600)
    zs.providers['acmedns'] = {'plugin': 'acme-dns', 'api-url': server, 'credentials-file': path}
    zs.certificate('site', 'site.pdns.example.test', '*.site.pdns.example.test', provider='acmedns')
    result = zs.run('issue').expect(3)
    record = f'_acme-challenge.site.pdns.example.test. CNAME {account["fulldomain"]}.'
    assert record in result.err
    name, _, target = record.split(' ')
    with_aliases(lab, {name: target})
    try:
        zs.run('issue').expect()
        zs.run('issue', '--force').expect()
        path.write_text(json.dumps({'site.pdns.example.test': {**account, 'password': 'x' * 40}}))
        assert 'forbidden' in zs.run('issue', '--force').expect(4).err
    finally:
        without(lab, [name])
