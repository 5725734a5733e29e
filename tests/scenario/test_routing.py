# SPDX-License-Identifier: Apache-2.0
"""Which instance writes which record, and how many messages that takes."""

import pathlib
import re
import subprocess
import sys

import pytest

from conftest import TOP, wait_until
from test_errors import bad_plugin

sys.path.append(str(TOP / 'tests/lib'))
from tellserver import TellServer

BIND, ACME, KNOT, PDNS = 'example.test', 'acme.example.test', 'corp.example.test', 'pdns.example.test'


@pytest.fixture
def serve(lab):
    """Starts test servers inside the lab, and ends them."""
    servers = []

    def start(*arguments):
        servers.append(TellServer(lab, *arguments).__enter__())
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


def key(zs, name='lab-sha256'):
    return str(pathlib.Path(zs.lab.vars['LAB_KEYS']) / f'{name}.key')


def tell(zs, serve, gate='open'):
    """A test server that changes the zones of both name servers."""
    v = zs.lab.vars
    return serve('tell', key(zs), gate, f'{BIND}={v["LAB_PRIMARY"]}', f'{ACME}={v["LAB_PRIMARY"]}', f'{KNOT}={v["LAB_KNOT"]}')


def through(zs, instance, server, plugin='tells'):
    zs.providers[instance] = {'plugin': bad_plugin(plugin), 'port': server.port}


def relayed(zs, serve, instance, variable, **options):
    """An instance of rfc2136 whose messages are counted on their way."""
    server = serve('relay', zs.lab.vars[variable])
    zs.providers[instance] = {'plugin': 'rfc2136', 'nameserver': f'127.0.0.1:{server.port}', 'tsig-key-file': key(zs), **options}
    return server


def names_of(server):
    return {change[1] for call in server.calls() for change in call['changes']}


def updates(server):
    return [e for e in server.seen() if e.get('event') == 'update']


# ---- the zone chooses --------------------------------------------------------------------------------------------


def test_longest_zone_wins(zs, serve):
    """No apex need be named: a subtree has an instance of its own, and one below it another."""
    servers = {name: tell(zs, serve) for name in ('bind', 'mid', 'deep')}
    for name, server in servers.items():
        through(zs, name, server)
    zs.zones['dept.example.test'] = {'provider': 'mid'}
    zs.zones['lab.dept.example.test'] = {'provider': 'deep'}
    zs.certificate('a', 'a.example.test', 'notdept.example.test', 'dept.example.test', 'x.dept.example.test',
                   'lab.dept.example.test', '*.y.lab.dept.example.test')
    zs.run('issue').expect(0)
    assert names_of(servers['bind']) == {'_acme-challenge.a.example.test', '_acme-challenge.notdept.example.test'}
    # the name that counts is that of the record
    assert names_of(servers['mid']) == {'_acme-challenge.dept.example.test', '_acme-challenge.x.dept.example.test'}
    assert names_of(servers['deep']) == {'_acme-challenge.lab.dept.example.test', '_acme-challenge.y.lab.dept.example.test'}
    assert {call['zone'] for server in servers.values() for call in server.calls()} == {BIND}


def test_zone_of_a_record_by_itself(zs, serve):
    """A [zone] may be the challenge name: the widest net and the narrowest."""
    one, rest = tell(zs, serve), tell(zs, serve)
    through(zs, 'one', one)
    through(zs, 'bind', rest)
    zs.zones['_acme-challenge.a.example.test'] = {'provider': 'one'}
    zs.certificate('a', 'a.example.test', 'b.example.test')
    zs.run('issue').expect(0)
    assert names_of(one) == {'_acme-challenge.a.example.test'}
    assert names_of(rest) == {'_acme-challenge.b.example.test'}


@pytest.mark.parametrize('name, effective, zone', [
    ('cn.example.test', 'cn.acme.example.test', ACME),
    ('ck.example.test', 'ck.corp.example.test', KNOT),
    ('chain.example.test', 'chain.acme.example.test', ACME)])
def test_alias_is_routed_by_where_it_leads(zs, serve, name, effective, zone):
    """The zone of the certificate's name has an instance that could not write the record."""
    wrong, right = tell(zs, serve), tell(zs, serve)
    through(zs, 'wrong', wrong)
    through(zs, 'right', right)
    zs.zones[BIND] = {'provider': 'wrong'}
    zs.zones[ACME] = {'provider': 'right'}
    zs.zones[KNOT] = {'provider': 'right'}
    zs.certificate('a', name, f'*.{name}')
    zs.run('issue').expect(0)
    assert not wrong.calls()
    assert names_of(right) == {effective} and {c['zone'] for c in right.calls()} == {zone}
    # what is validated is still the name of the certificate
    assert {change[3] for call in right.calls() for change in call['changes']} == {name}


def test_subtree_behind_an_alias(zs, serve):
    one, rest = tell(zs, serve), tell(zs, serve)
    through(zs, 'one', one)
    through(zs, 'bind', rest)
    zs.zones['cn.acme.example.test'] = {'provider': 'one'}
    zs.certificate('a', 'cn.example.test', 'chain.example.test')
    zs.run('issue').expect(0)
    assert names_of(one) == {'cn.acme.example.test'} and names_of(rest) == {'chain.acme.example.test'}


def test_certificate_names_its_own(zs, serve):
    servers = {name: tell(zs, serve) for name in ('bind', 'knot', 'own')}
    for name, server in servers.items():
        through(zs, name, server)
    zs.certificate('mine', 'm.example.test', 'm.corp.example.test', provider='own')
    zs.certificate('plain', 'p.example.test', 'p.corp.example.test')
    zs.run('issue').expect(0)
    assert names_of(servers['own']) == {'_acme-challenge.m.example.test', '_acme-challenge.m.corp.example.test'}
    assert names_of(servers['bind']) == {'_acme-challenge.p.example.test'}
    assert names_of(servers['knot']) == {'_acme-challenge.p.corp.example.test'}


# ---- two keys ------------------------------------------------------------------------------------------------------


def test_one_certificate_with_two_keys_each_for_its_zone(zs):
    v = zs.lab.vars
    zs.providers['bind'] = {'plugin': 'rfc2136', 'nameserver': v['LAB_PRIMARY'], 'tsig-key-file': key(zs, 'only-primary')}
    zs.providers['knot'] = {'plugin': 'rfc2136', 'nameserver': v['LAB_KNOT'], 'tsig-key-file': key(zs, 'only-knot')}
    zs.certificate('both', 'two.example.test', '*.two.example.test', 'two.corp.example.test', 'ck.example.test')
    zs.run('issue').expect(0)


@pytest.mark.parametrize('instance, name, zone', [('bind', 'only-knot', BIND), ('knot', 'only-primary', KNOT)])
def test_key_of_the_other_zone_has_no_power(zs, instance, name, zone):
    """Without this the test before would prove nothing."""
    zs.providers[instance] = {'plugin': 'rfc2136', 'nameserver': zs.lab.vars['LAB_PRIMARY' if instance == 'bind' else 'LAB_KNOT'],
                              'tsig-key-file': key(zs, name)}
    zs.certificate('both', 'two.example.test', 'two.corp.example.test')
    mark = zs.lab.mark()
    result = zs.run('issue').expect(4)
    assert f'provider {instance}, zone {zone}' in result.err, result.err
    assert not mark.count('/order-plz')


# ---- two plugins ---------------------------------------------------------------------------------------------------


def test_one_certificate_by_two_plugins(zs):
    """One server is changed by its API and the other by messages: neither plugin could write the other's zone."""
    v = zs.lab.vars
    zs.providers['pdns'] = {'plugin': 'powerdns', 'api-url': v['LAB_PDNS_URL'], 'api-key-file': v['LAB_PDNS_KEY_FILE']}
    zs.zones[PDNS] = {'provider': 'pdns'}
    zs.certificate('both', 'www.example.test', '*.www.example.test', f'www.{PDNS}', f'*.{PDNS}', 'www.corp.example.test')
    document = zs.run('issue', '--json', '-v').expect(0).json
    assert [c['state'] for c in document['certificates']] == ['issued']
    names = subprocess.run(['openssl', 'x509', '-noout', '-ext', 'subjectAltName', '-in', zs.current('both') / 'cert.pem'],
                           capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r'DNS:([^,\s]+)', names)) == {'www.example.test', '*.www.example.test', f'www.{PDNS}', f'*.{PDNS}',
                                                        'www.corp.example.test'}
    assert not [value for _, value in zs.lab.txt(PDNS) if re.fullmatch('[A-Za-z0-9_-]{43}', value)]


def test_failure_of_one_plugin_leaves_nothing_of_the_other(zs):
    """The wrong API key shows before anything is ordered or written."""
    v = zs.lab.vars
    wrong = zs.directory / 'wrong.key'
    wrong.write_text('not-the-key-0123456789\n')
    wrong.chmod(0o600)
    zs.providers['pdns'] = {'plugin': 'powerdns', 'api-url': v['LAB_PDNS_URL'], 'api-key-file': wrong}
    zs.zones[PDNS] = {'provider': 'pdns'}
    zs.certificate('both', 'www.example.test', f'www.{PDNS}')
    mark = zs.lab.mark()
    result = zs.run('issue').expect(4)
    assert 'provider pdns' in result.err and not mark.count('/order-plz'), result.err
    assert not zs.lab.challenges()


# ---- messages ------------------------------------------------------------------------------------------------------


def test_hundred_names_in_a_zone_are_one_message_to_add_and_one_to_remove(zs, serve):
    server = relayed(zs, serve, 'bind', 'LAB_PRIMARY')
    zs.certificate('big', *(f'n{i}.example.test' for i in range(100)))
    zs.run('issue').expect(0)
    test, add, remove = updates(server)
    assert test == {'event': 'update', 'zone': BIND, 'added': 0, 'removed': 100}, 'the test of the credentials'
    assert add == {'event': 'update', 'zone': BIND, 'added': 100, 'removed': 0}
    assert remove == {'event': 'update', 'zone': BIND, 'added': 0, 'removed': 100}


def test_certificates_of_a_run_share_a_message(zs, serve):
    server = relayed(zs, serve, 'bind', 'LAB_PRIMARY')
    for i in range(4):
        zs.certificate(f'c{i}', *(f'n{i}-{j}.example.test' for j in range(5)))
    zs.run('issue').expect(0)
    assert [u['added'] for u in updates(server) if u['added']] == [20]
    assert sum(u['removed'] for u in updates(server)[2:]) == 20


def test_two_instances_at_once_do_not_mix(zs, serve):
    servers = {BIND: relayed(zs, serve, 'bind', 'LAB_PRIMARY'), KNOT: relayed(zs, serve, 'knot', 'LAB_KNOT')}
    for i in range(3):
        zs.certificate(f'c{i}', *(f'n{i}-{j}.{zone}' for j in range(4) for zone in (BIND, KNOT)))
    zs.run('issue').expect(0)
    for zone, server in servers.items():
        assert {u['zone'] for u in updates(server)} == {zone}
        assert [u['added'] for u in updates(server) if u['added']] == [12]


def test_two_instances_in_one_zone_do_not_mix(zs, serve):
    servers = [tell(zs, serve), tell(zs, serve)]
    for i, server in enumerate(servers):
        through(zs, f'i{i}', server)
        zs.certificate(f'c{i}', *(f'c{i}-{j}.example.test' for j in range(3)), provider=f'i{i}')
    zs.run('issue').expect(0)
    for i, server in enumerate(servers):
        assert names_of(server) == {f'_acme-challenge.c{i}-{j}.example.test' for j in range(3)}
        assert [len(call['changes']) for call in server.calls('add')] == [3]


def test_names_over_the_limit_of_a_call_are_split(zs, serve):
    """The plugin takes 10 changes in one call."""
    server = tell(zs, serve)
    through(zs, 'bind', server, 'few_values')
    names = {f'n{i}.example.test' for i in range(23)}
    zs.certificate('big', *names)
    zs.run('issue').expect(0)
    for op in ('add', 'remove'):
        assert sorted(len(call['changes']) for call in server.calls(op)) == [3, 10, 10]
        assert {change[3] for call in server.calls(op) for change in call['changes']} == names


# ---- values at one name ----------------------------------------------------------------------------------------------


def test_service_that_keeps_two_values_and_removes_none(zs, serve):
    """A name and its wildcard are two values: enough. Removal is asked for and does nothing."""
    server = tell(zs, serve, 'full')
    through(zs, 'bind', server, 'few_values')
    zs.certificate('a', 'v.example.test', '*.v.example.test')
    try:
        zs.run('issue').expect(0)
        assert [len(call['changes']) for call in server.calls('add')] == [2]
        assert [len(call['changes']) for call in server.calls('remove')] == [2]
        left = zs.run('gc', '--json').expect(0).json
        assert left['entries'] == [], 'what cannot be removed is nobody\'s to remove'
    finally:
        for name, value in zs.lab.txt(BIND):
            if name == '_acme-challenge.v.example.test':
                zs.lab.run('txt', 'del', name, value)


def test_three_values_for_a_service_that_keeps_two_cost_no_order(zs, serve):
    """dname.example.test is an alias of acme.example.test as a whole."""
    server = tell(zs, serve)
    through(zs, 'bind', server, 'few_values')
    zs.certificate('a', 'w.dname.example.test', '*.w.dname.example.test', 'w.acme.example.test')
    mark = zs.lab.mark()
    result = zs.run('issue', '--json').expect(4)
    error = result.json['certificates'][0]['error']
    assert error['code'] == 'provider' and error['subject'] == '_acme-challenge.w.acme.example.test' and error['where'] == 'bind'
    assert 'provider bind keeps 2 values at one name, but this certificate needs 3 at _acme-challenge.w.acme.example.test' in error['text']
    assert 'fewer of these names' in error['hint']
    assert not server.calls() and not mark.count('/order-plz')


def test_values_of_all_certificates_of_a_run_count(zs, serve):
    server = tell(zs, serve)
    through(zs, 'bind', server, 'few_values')
    zs.certificate('a', 'cn.example.test', '*.cn.example.test')
    zs.certificate('b', 'cn.example.test')
    zs.certificate('c', 'other.example.test')
    document = zs.run('issue', '--json').expect(11).json
    states = {c['name']: c['state'] for c in document['certificates']}
    assert states == {'a': 'issued', 'b': 'failed', 'c': 'issued'}
    error = next(c['error'] for c in document['certificates'] if c['name'] == 'b')
    assert error['code'] == 'provider' and 'keeps 2 values at one name, but this run needs 3 at cn.acme.example.test' in error['text']
    assert 'one after the other: `zoneseal issue b`' in error['hint']
    # as the hint says
    zs.run('issue', 'b').expect(0)


# ---- what a record is for --------------------------------------------------------------------------------------------


def check_purpose(zs, call):
    import base64
    import hashlib
    for op, name, value, identifier, token, key_authorization in call['changes']:
        assert name == f'_acme-challenge.{identifier}'
        head, _, thumbprint = key_authorization.partition('.')
        assert head == token and len(thumbprint) == 43
        digest = hashlib.sha256(key_authorization.encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b'=').decode() == value


def test_plugin_hears_what_a_record_is_for(zs, serve):
    server = tell(zs, serve)
    through(zs, 'bind', server)
    zs.certificate('a', 'f.example.test', '*.f.example.test', 'g.example.test')
    result = zs.run('issue', '-vvv').expect(0)
    for call in server.calls():
        check_purpose(zs, call)
        for change in call['changes']:
            assert change[4] not in result.err and change[5] not in result.err, 'a token in the log'
    assert sorted(c[3] for c in server.calls('add')[0]['changes']) == ['f.example.test', 'f.example.test', 'g.example.test']
    assert sorted(c[2:] for c in server.calls('add')[0]['changes']) == sorted(c[2:] for c in server.calls('remove')[0]['changes'])


def test_plugin_hears_it_again_after_a_kill(zs, serve):
    """Also from the journal, by another run, which shows it to nobody else."""
    from conftest import children_of, front_of, kill
    server = tell(zs, serve, 'stick')
    through(zs, 'bind', server)
    zs.certificate('a', 'h.example.test', '*.h.example.test')
    process = zs.start('issue')
    front = front_of(process)
    server.wait(lambda events: any(e.get('event') == 'done' for e in events))
    kill(front)
    process.communicate(timeout=30)
    wait_until(lambda: not children_of(front), what='the end of all children')
    added = server.calls('add')[0]['changes']
    words = {change[4] for change in added} | {change[5] for change in added}
    status = zs.run('status', '--json').expect(0)
    cleaned = zs.run('gc', '--json', '-vvv').expect(0)
    assert [e['value'] for e in cleaned.json['entries']] and not any(w in status.out + cleaned.out + cleaned.err for w in words)
    removed = server.calls('remove')[0]
    check_purpose(zs, removed)
    assert sorted(c[1:] for c in removed['changes']) == sorted(c[1:] for c in added)
