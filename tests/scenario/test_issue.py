# SPDX-License-Identifier: Apache-2.0
"""Certificates are issued, stored and nothing is left behind."""

import os
import stat
import subprocess

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

WILD = ('a.example.test', '*.a.example.test')


def leaf(path):
    return x509.load_pem_x509_certificate((path / 'cert.pem').read_bytes())


def names_of(certificate):
    san = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    return set(san.value.get_values_for_type(x509.DNSName))


def test_issue_wildcard_and_apex_through_bind(zs):
    zs.certificate('corp', *WILD)
    result = zs.run('issue', '--json').expect(0)
    document = result.json
    assert document['schema'] == 1 and document['exit_code'] == 0
    certificate = document['certificates'][0]
    assert certificate['state'] == 'issued' and certificate['generation'] == 1
    current = zs.current('corp')
    assert names_of(leaf(current)) == set(WILD)
    assert str(current) == certificate['path']


def test_issue_wildcard_and_apex_through_knot(zs):
    zs.certificate('corp', 'corp.example.test', '*.corp.example.test')
    zs.run('issue').expect(0)
    assert names_of(leaf(zs.current('corp'))) == {'corp.example.test', '*.corp.example.test'}


def test_issue_one_certificate_over_two_providers(zs):
    zs.certificate('both', 'x.corp.example.test', 'x.example.test')
    zs.run('issue').expect(0)


def test_files_have_private_modes_and_fit_together(zs):
    zs.certificate('corp', *WILD)
    zs.run('issue').expect(0)
    current = zs.current('corp')
    for name in ('cert', 'chain', 'fullchain', 'privkey', 'combined'):
        mode = stat.S_IMODE((current / f'{name}.pem').stat().st_mode)
        assert mode == 0o600, f'{name}.pem has mode {mode:o}'
    assert stat.S_IMODE(zs.state.stat().st_mode) == 0o700
    public = [subprocess.run(['openssl', *command, '-in', current / name, '-noout' if command[0] == 'x509' else '-pubout',
                              *(['-pubkey'] if command[0] == 'x509' else [])], capture_output=True, check=True).stdout
              for command, name in ((['x509'], 'cert.pem'), (['pkey'], 'privkey.pem'))]
    assert public[0] == public[1]
    combined = (current / 'combined.pem').read_text()
    assert (current / 'privkey.pem').read_text() in combined and (current / 'fullchain.pem').read_text() in combined


def test_chain_verifies_against_the_roots_of_the_ca(zs):
    zs.certificate('corp', *WILD)
    zs.run('issue').expect(0)
    current = zs.current('corp')
    subprocess.run(['openssl', 'verify', '-CAfile', zs.lab.vars['LAB_CA_ROOTS'], '-untrusted', current / 'chain.pem',
                    current / 'cert.pem'], check=True, capture_output=True)


@pytest.mark.parametrize('name, zone', [
    ('cn.example.test', 'acme.example.test'),
    ('chain.example.test', 'acme.example.test'),
    ('ck.example.test', 'corp.example.test'),
])
def test_challenge_alias_into_another_zone_is_followed(zs, name, zone):
    zs.certificate('alias', name)
    zs.run('issue').expect(0)


def test_wildcard_alias_that_covers_the_name_is_not_followed(zs):
    zs.certificate('wild', 'x.wild.example.test')
    zs.run('issue').expect(0)


def test_foreign_value_at_the_same_name_survives(zs):
    zs.lab.run('txt', 'add', '_acme-challenge.a.example.test', 'somebody-elses-value')
    zs.certificate('corp', *WILD)
    zs.run('issue').expect(0)
    assert ('_acme-challenge.a.example.test', 'somebody-elses-value') in zs.lab.txt('example.test')
    zs.lab.run('txt', 'del', '_acme-challenge.a.example.test', 'somebody-elses-value')


def test_second_run_has_nothing_to_do_and_force_issues_again(zs):
    zs.certificate('corp', *WILD)
    zs.run('issue').expect(0)
    mark = zs.lab.mark()
    second = zs.run('issue', '--json').expect(0).json
    assert second['certificates'][0]['state'] == 'skipped'
    assert not mark.count('/order-plz')
    third = zs.run('issue', '--force', '--json').expect(0).json
    assert third['certificates'][0]['generation'] == 2


@pytest.mark.parametrize('damage', [lambda current: (current / 'privkey.pem').unlink(),
                                    lambda current: (current / 'cert.pem').write_text('garbage'),
                                    lambda current: (current / 'meta').write_text('')])
def test_damage_makes_the_certificate_due(zs, damage):
    zs.certificate('corp', *WILD)
    zs.run('issue').expect(0)
    damage(zs.current('corp'))
    assert '`zoneseal issue corp`' in zs.run('status').expect(0).out
    result = zs.run('issue', '--json').expect(0)
    certificate = result.json['certificates'][0]
    assert certificate['state'] == 'issued' and certificate['reason'].startswith('damaged: ')
    assert 'damaged: ' in result.err
    assert zs.run('status', '--json').expect(0).json['certificates'][0]['state'] == 'good'
    again = zs.run('issue', '--json').expect(0).json['certificates'][0]
    assert again['state'] == 'skipped' and again['reason'] is None


def test_as_many_names_as_no_message_holds(zs):
    """50 certificates of 100 names; and the vault has more of them than one list takes."""
    for i in range(50):
        zs.certificate(f'c{i:03}', *(f'host-{j}.c{i:03}.example.test' for j in range(100)))
    document = zs.run('issue', '--dry-run', '--json').expect(0).json
    assert [c['state'] for c in document['certificates']] == 50 * ['dry-run']


def test_more_names_make_the_certificate_due(zs):
    zs.certificate('corp', 'a.example.test')
    zs.run('issue').expect(0)
    zs.certificate('corp', 'a.example.test', 'b.example.test')
    assert zs.run('issue', '--json').expect(0).json['certificates'][0]['state'] == 'issued'
    assert names_of(leaf(zs.current('corp'))) == {'a.example.test', 'b.example.test'}


def test_many_certificates_in_one_run(zs):
    for i in range(12):
        zs.certificate(f'c{i}', f'c{i}.example.test', f'*.c{i}.example.test')
    try:
        result = zs.run('issue', '--json', timeout=40)
    except AssertionError:
        # Pebble 2.4.0 may lock itself up for good (docs/lab.md): then once more with a new one
        zs.lab.run('stop', 'pebble')
        zs.lab.run('start', 'pebble')
        result = zs.run('issue', '--json')
    document = result.expect(0).json
    assert [c['state'] for c in document['certificates']] == ['issued'] * 12
    assert document['connections'] == 1


def test_hundred_names_need_two_update_messages(zs):
    names = [f'n{i}.example.test' for i in range(100)]
    zs.certificate('big', *names)
    before = zs.lab.log('primary.updates').count('adding an RR')
    zs.run('issue').expect(0)
    assert names_of(leaf(zs.current('big'))) == set(names)
    assert zs.lab.log('primary.updates').count('adding an RR') - before == 100


def test_dry_run_orders_and_stores_nothing(zs):
    zs.certificate('corp', *WILD)
    mark = zs.lab.mark()
    document = zs.run('issue', '--dry-run', '--json').expect(0).json
    assert document['certificates'][0]['state'] == 'dry-run'
    assert not mark.count('/order-plz') and not mark.count('/sign-me-up')
    assert not list(zs.state.glob('accounts/*')) and not list(zs.state.glob('certificates/*'))


@pytest.mark.parametrize('key_type', ['ec384', 'rsa2048'])
def test_key_types(zs, key_type):
    zs.certificate('corp', 'a.example.test', key_type=key_type)
    zs.run('issue').expect(0)
    key = leaf(zs.current('corp')).public_key()
    assert key.key_size == int(key_type[-4:] if key_type.startswith('rsa') else key_type[2:])


def test_reuse_key_keeps_the_key(zs):
    zs.certificate('corp', 'a.example.test', reuse_key='yes')
    zs.run('issue').expect(0)
    first = (zs.current('corp') / 'privkey.pem').read_text()
    zs.run('issue', '--force').expect(0)
    assert (zs.current('corp') / 'privkey.pem').read_text() == first
    zs.certificate('corp', 'a.example.test')
    zs.run('issue', '--force').expect(0)
    assert (zs.current('corp') / 'privkey.pem').read_text() != first


def test_own_csr(zs):
    key, csr = zs.directory / 'own.key', zs.directory / 'own.csr'
    subprocess.run(['openssl', 'req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key,
                    '-out', csr, '-subj', '/', '-addext', 'subjectAltName=DNS:own.example.test,DNS:*.own.example.test'],
                   check=True, capture_output=True)
    zs.certificates['own'] = {'csr': csr}
    zs.run('issue').expect(0)
    assert names_of(leaf(zs.current('own'))) == {'own.example.test', '*.own.example.test'}
    assert not (zs.current('own') / 'privkey.pem').exists()


@pytest.mark.skipif(os.getuid() != 0, reason='only root may give files to any group')
def test_key_group_may_read_that_certificate_and_no_other(zs):
    zs.certificate('shared', 'a.example.test', key_group='daemon')
    zs.certificate('private', 'b.example.test')
    zs.run('issue').expect(0)
    key = (zs.state / 'certificates/shared/current/privkey.pem').stat()
    assert stat.S_IMODE(key.st_mode) == 0o640 and key.st_gid == 1
    assert stat.S_IMODE((zs.state / 'certificates').stat().st_mode) == 0o711
    assert stat.S_IMODE((zs.state / 'certificates/private').stat().st_mode) == 0o700
    assert stat.S_IMODE((zs.state / 'accounts').stat().st_mode) == 0o700


def test_without_a_configuration_file(zs):
    v = zs.lab.vars
    from conftest import BUILD, Result
    process = zs.lab.popen(
        [BUILD / 'zoneseal', 'issue', '-d', '*.cli.example.test', '-d', 'cli.example.test', '--provider', 'rfc2136',
         '-o', f'nameserver={v["LAB_PRIMARY"]}', '-o', f'tsig-key-file={v["LAB_KEYS"]}/lab-sha256.key',
         '--server', v['LAB_CA_URL'], '--ca-bundle', v['LAB_CA_BUNDLE'], '-m', 'ops@example.test', '--agree-tos',
         '--state-dir', zs.state], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=120)
    Result(process, out, err).expect(0)
    assert names_of(leaf(zs.current('cli.example.test'))) == {'*.cli.example.test', 'cli.example.test'}


@pytest.mark.parametrize('policy', ['all', 'names'])
def test_policies_that_wait_for_every_server(zs, policy):
    zs.zones['example.test'] = {'propagation': policy}
    zs.certificate('corp', 'a.example.test')
    zs.run('issue').expect(0)


@pytest.mark.parametrize('policy', ['any', 'quorum=50%', 'sleep=100ms'])
def test_policies_that_go_on_without_a_server(zs, policy):
    zs.zones['example.test'] = {'propagation': policy, 'propagation-timeout': '20s'}
    zs.certificate('corp', 'a.example.test')
    zs.lab.run('pause', 'secondary')
    try:
        result = zs.run('issue')
    finally:
        zs.lab.run('resume', 'secondary')
    # the CA may ask the silent server and refuse: its own risk with such a policy
    assert result.code in (0, 6) and 'announce' in result.err, result.err


def test_servers_of_a_zone_without_a_resolver(zs):
    v = zs.lab.vars
    zs.zones['example.test'] = {'servers': f'{v["LAB_PRIMARY"]}, {v["LAB_SECONDARY"]}'}
    zs.certificate('corp', 'a.example.test')
    zs.run('issue').expect(0)


@pytest.mark.parametrize('algorithm', ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'])
def test_tsig_algorithms_through_both_servers(zs, algorithm):
    zs.key = f'lab-{algorithm}.key'
    zs.certificate('both', 'x.corp.example.test', 'x.example.test')
    zs.run('issue').expect(0)
