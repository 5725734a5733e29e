# SPDX-License-Identifier: Apache-2.0
"""`zoneseal provider policy` and what `provider info` says of limits and rights."""

import os
import re
import subprocess
import sys

import pytest

from conftest import BUILD, Result
from test_errors import bad_plugin


def run(*arguments, **options):
    process = subprocess.run([BUILD / 'zoneseal', *arguments], text=True, capture_output=True, timeout=60, **options)
    return Result(process, process.stdout, process.stderr)


@pytest.fixture
def config(directory):
    def write(text):
        path = directory / 'zoneseal.conf'
        path.write_text(f'[defaults]\nstate-dir = {directory}/state\n{text}')
        path.chmod(0o600)
        return path
    return write


# ---- without DNS -------------------------------------------------------------------------------------------------


def test_rfc2136_for_given_names(config):
    path = config('[provider bind]\nplugin = rfc2136\nnameserver = 192.0.2.1\ntsig-key = Zoneseal.\n'
                  'tsig-secret-file = /nonexistent/secret\n')
    result = run('provider', 'policy', 'bind', '--zone', 'Example.test', '-d', 'www.example.test,*.example.test', '-d', 'example.test',
                 '--config', path).expect(0)
    assert result.out == '''\
# BIND, named.conf: into the statement of the zone example.test
update-policy {
	grant zoneseal name _acme-challenge.www.example.test. TXT;
	grant zoneseal name _acme-challenge.example.test. TXT;
};

# Knot, knot.conf: and "acl: zoneseal-1" in the zone example.test
# acl:
#   - id: zoneseal-1
#     key: zoneseal
#     action: update
#     update-type: [TXT]
#     update-owner: name
#     update-owner-match: equal
#     update-owner-name: [_acme-challenge.www, _acme-challenge]
'''
    assert not result.err


def test_json(config):
    path = config('')
    document = run('provider', 'policy', 'rfc2136', '--zone', 'example.test', '-d', 'example.test', '-o', 'tsig-key=k', '--json',
                   '--config', path).expect(0).json
    assert document['schema'] == 1 and document['exit_code'] == 0 and document['provider'] == 'rfc2136'
    assert document['zones'] == [{'zone': 'example.test', 'names': ['_acme-challenge.example.test']}]
    assert document['policy'].startswith('# BIND') and 'grant k name _acme-challenge.example.test. TXT;' in document['policy']


def test_options_that_are_not_known_have_a_placeholder(config):
    out = run('provider', 'policy', 'rfc2136', '--zone', 'a.test', '-d', 'a.test', '--config', config('')).expect(0).out
    assert 'grant KEYNAME name _acme-challenge.a.test. TXT;' in out


def test_plugin_by_its_path_and_what_is_wrong_with_options(config):
    path, plugin = config(''), bad_plugin('policy')
    at = ('--zone', 'a.test', '-d', 'a.test', '--config', path)
    assert 'account\tACCOUNT, key KEY\n' in run('provider', 'policy', plugin, *at).expect(0).out
    # a secret is named, but nobody looks at it
    given = ('-o', 'account=7', '-o', 'key-file=/nonexistent')
    assert 'account\t7, key KEY\n' in run('provider', 'policy', plugin, *given, *at).expect(0).out
    for option, words in (('account=many', 'option account is not a whole number'), ('acount=7', 'has no option "acount"'),
                          ('key=7', 'key is a secret')):
        result = run('provider', 'policy', plugin, '-o', option, *at).expect(3)
        assert words in result.err, result.err
        assert not result.out


@pytest.mark.parametrize('mode, words', [('control', 'control character'), ('long', 'ZSP_MAX_POLICY'), ('nothing', 'printed nothing')])
def test_bad_policy_is_not_shown(config, mode, words):
    result = run('provider', 'policy', bad_plugin('policy'), '-o', f'mode={mode}', '--zone', 'a.test', '-d', 'a.test', '--config',
                 config('')).expect(4)
    assert words in result.err and not result.out


def test_plugin_without_a_policy(config):
    result = run('provider', 'policy', 'memory', '--zone', 'a.test', '-d', 'a.test', '--config', config('')).expect(3)
    assert 'the plugin memory has no policy' in result.err and 'provider info memory' in result.err


@pytest.mark.parametrize('arguments, code, words', [
    (('rfc2136', '--zone', 'a.test'), 2, '--zone says where the names of -d are'),
    (('rfc2136', '--zone', 'a.test', '-d', 'b.test'), 2, '_acme-challenge.b.test is not in zone a.test'),
    (('rfc2136', '--zone', '*.test', '-d', 'b.test'), 2, 'is no name of a zone'),
    (('rfc2136', '--zone', 'a b', '-d', 'b.test'), 2, 'is no name of a zone'),
    (('rfc2136', '-d', 'a..b'), 2, 'DNS names such as'),
    (('rfc2136', '--zone', 'a.test', '-d', 'a.test', '-o', 'x'), 2, '-o wants KEY=VALUE'),
    (('nowhere', '--zone', 'a.test', '-d', 'a.test'), 3, 'there is no provider "nowhere"'),
    (('../x.so', '--zone', 'a.test', '-d', 'a.test'), 3, 'there is no plugin'),
    (('rfc2136',), 3, 'no name of a configured certificate is written through rfc2136'),
    (('rfc2136', '--blind'), 2, 'provider policy does not take --blind'),
    ((), 2, 'policy NAME')])
def test_wrong_use(config, arguments, code, words):
    result = run('provider', 'policy', *arguments, '--config', config('')).expect(code)
    assert words in result.err, result.err


@pytest.mark.parametrize('verb', [('list',), ('info', 'rfc2136'), ('new', 'x')])
@pytest.mark.parametrize('option', [('-d', 'a.test'), ('--zone', 'a.test'), ('-o', 'ttl=1')])
def test_options_of_another_verb(config, verb, option):
    result = run('provider', *verb, *option, '--config', config('')).expect(2)
    assert f'provider {verb[0]} does not take --' in result.err


def test_plugin_of_several_instances(config):
    two = ''.join(f'[provider {n}]\nplugin = rfc2136\nnameserver = 192.0.2.1\ntsig-key = {n}\n' for n in ('one', 'two'))
    at = ('--zone', 'a.test', '-d', 'a.test')
    result = run('provider', 'policy', 'rfc2136', *at, '--config', config(two)).expect(2)
    assert '[provider one], [provider two]' in result.err and '`zoneseal provider policy one`' in result.err
    assert 'grant two name' in run('provider', 'policy', 'two', *at, '--config', config(two)).expect(0).out
    one = two[:two.index('[provider two]')]
    assert 'grant one name' in run('provider', 'policy', 'rfc2136', *at, '--config', config(one)).expect(0).out


# What `provider info` calls a kind of option.
KINDS = {'text', 'secret', 'file', 'integer', 'duration', 'boolean', 'address', 'addresses', 'name', 'url', 'directory'}


@pytest.mark.parametrize('name, wanted', [
    ('rfc2136', {'nameserver': 'addresses', 'tsig-key': 'name', 'tsig-secret': 'secret', 'ttl': 'integer'}),
    ('cloudflare', {'api-token': 'secret', 'zone-token': 'secret', 'zone-id': 'text', 'api-url': 'url'}),
    ('route53', {'access-key-id': 'text', 'secret-access-key': 'secret', 'config-path': 'file', 'imds': 'boolean'}),
    ('powerdns', {'api-url': 'url', 'api-key': 'secret', 'allow-http': 'boolean'}),
    ('acme-dns', {'api-url': 'url', 'credentials-file': 'secret'}),
    ('exec', {'program': 'file', 'mode': 'text', 'work-dir': 'directory', 'program-timeout': 'duration'}),
    ('httpreq', {'endpoint': 'url', 'username': 'text', 'password': 'secret'})])
def test_info_of_each_provider_says_options_and_permissions(name, wanted):
    provider = run('provider', 'info', name, '--json').expect(0).json['providers'][0]
    assert provider['name'] == name and provider['error'] is None and provider['abi'] == '1.0'
    assert len(provider['summary']) > 10 and len(provider['permissions']) > 30
    options = {o['name']: o for o in provider['options']}
    assert len(options) == len(provider['options'])
    assert {n: o['kind'] for n, o in options.items() if n in wanted} == wanted
    for option in options.values():
        assert re.fullmatch('[a-z][a-z0-9-]*', option['name']) and option['kind'] in KINDS, option
        assert len(option['help']) > 10 and option['help'].endswith('.'), option
    text = run('provider', 'info', name).expect(0).out
    assert text.startswith(f'{name}: {provider["summary"]}\n') and f'permissions: {provider["permissions"]}\n' in text
    for option in options.values():
        shown = option['name'] + '-file' * (option['kind'] == 'secret' and not option['name'].endswith('-file'))
        assert re.search(rf'^  {shown}  \(', text, re.M) and option['help'] in text, option['name']


def built_providers():
    return {p.parent.parent.name: p for p in (BUILD / 'providers').glob('*/.libs/*.so')}


@pytest.mark.skipif(os.environ.get('ZS_SANITIZE') == '1', reason='the sanitizers have to be loaded before the plugin')
def test_hosts_of_later_minor_versions_get_a_descriptor():
    """A plugin that compares whole versions would end with the next minor one (ABI.md, Versions)."""
    program = ('import ctypes, sys; entry = ctypes.CDLL(sys.argv[1]).zoneseal_provider; entry.restype = ctypes.c_void_p; '
               'sys.exit(not entry(ctypes.c_uint32(1 << 16 | 9)))')
    for name, path in built_providers().items():
        assert subprocess.run([sys.executable, '-c', program, path], timeout=60).returncode == 0, name


def test_info_is_tested_for_all_providers_that_come_with_zoneseal():
    built = set(built_providers()) - {'memory'}
    marks = test_info_of_each_provider_says_options_and_permissions.pytestmark
    assert built == {name for name, _ in marks[0].args[1]}


def test_info_says_limits_and_permissions():
    text = run('provider', 'info', bad_plugin('policy')).expect(0).out
    for line in ('changes in one call: 1\n', 'values at one name: 3\n', 'permissions: May do this and that.\n', 'flags: no-remove\n',
                 '`zoneseal provider policy policy`'):
        assert line in text, text
    provider = run('provider', 'info', bad_plugin('policy'), '--json').expect(0).json['providers'][0]
    assert provider['max_values'] == 3 and provider['max_changes'] == 1 and provider['has_policy'] is True
    assert provider['permissions'] == 'May do this and that.' and provider['flags'] == ['no-remove']
    provider = run('provider', 'info', bad_plugin('zone_lock'), '--json').expect(0).json['providers'][0]
    assert provider['max_values'] is None and provider['has_policy'] is False and provider['permissions'] == ''
    assert provider['flags'] == ['batch', 'needs-zone-lock']


# ---- as a run finds the names --------------------------------------------------------------------------------------


def zones_of(document):
    return {z['zone']: set(z['names']) for z in document['zones']}


def test_names_of_the_configuration(zs):
    zs.providers['bind'] = {'plugin': 'rfc2136', 'nameserver': zs.lab.vars['LAB_PRIMARY'], 'tsig-key-file': '/nonexistent'}
    zs.certificate('a', 'p.example.test', '*.p.example.test', 'p.corp.example.test')
    zs.certificate('b', 'cn.example.test', 'ck.example.test')
    zs.certificate('c', 'q.example.test', provider='knot')
    bind = zs.run('provider', 'policy', 'bind', '--json').expect(0).json
    assert bind['provider'] == 'bind'
    assert zones_of(bind) == {'example.test': {'_acme-challenge.p.example.test'}, 'acme.example.test': {'cn.acme.example.test'}}
    knot = zs.run('provider', 'policy', 'knot', '--json').expect(0).json
    assert zones_of(knot) == {'corp.example.test': {'_acme-challenge.p.corp.example.test', 'ck.corp.example.test'},
                              'example.test': {'_acme-challenge.q.example.test'}}
    assert not zs.state.exists()


def test_names_of_a_request(zs):
    csr = zs.directory / 'r.csr'
    subprocess.run(['openssl', 'req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=r.example.test',
                    '-addext', 'subjectAltName=DNS:r.example.test,DNS:cn.example.test', '-out', csr], check=True, capture_output=True)
    csr.chmod(0o644)
    zs.certificates['r'] = {'csr': csr}
    document = zs.run('provider', 'policy', 'bind', '--json').expect(0).json
    assert zones_of(document) == {'example.test': {'_acme-challenge.r.example.test'}, 'acme.example.test': {'cn.acme.example.test'}}
    csr.write_text('nothing')
    assert 'certificate r' in zs.run('provider', 'policy', 'bind').expect(3).err


def test_names_of_the_command_line_are_walked_too(zs):
    document = zs.run('provider', 'policy', 'bind', '-d', 'cn.example.test,*.x.example.test', '--json').expect(0).json
    assert zones_of(document) == {'acme.example.test': {'cn.acme.example.test'}, 'example.test': {'_acme-challenge.x.example.test'}}


def test_name_without_a_zone(zs):
    result = zs.run('provider', 'policy', 'bind', '-d', 'loop.example.test').expect(5)
    assert 'loop' in result.err


def test_nothing_is_written_through_it(zs):
    zs.certificate('a', 'p.example.test')
    result = zs.run('provider', 'policy', 'knot').expect(3)
    assert 'no name of a configured certificate is written through knot' in result.err and 'provider = knot' in result.err


def test_servers_take_what_is_printed(zs):
    """named-checkconf and knotc read it, each in the frame that the text names."""
    zs.certificate('a', 'p.example.test', 'cn.example.test')
    text = zs.run('provider', 'policy', 'bind').expect(0).out
    blocks = re.findall(r'zone (\S+)\n(update-policy \{.*?\n\};\n)', text, re.S)
    assert {zone for zone, _ in blocks} == {'example.test', 'acme.example.test'}
    named = zs.directory / 'named.conf'
    named.write_text('key "KEYNAME" { algorithm hmac-sha256; secret "c2VjcmV0c2VjcmV0c2VjcmV0"; };\n' +
                     ''.join(f'zone "{zone}" {{ type primary; file "{zone}"; {block} }};\n' for zone, block in blocks))
    done = zs.lab.exec('named-checkconf', named)
    assert done.returncode == 0, done.stdout + done.stderr
    acl = '\n'.join(line[2:] for line in text.splitlines() if re.match(r'#  |# acl:', line)).replace('acl:\n', '')
    knot = zs.directory / 'knot.conf'
    knot.write_text('key:\n  - id: KEYNAME\n    algorithm: hmac-sha256\n    secret: c2VjcmV0c2VjcmV0c2VjcmV0\nacl:\n' + acl + '\n'
                    'zone:\n  - domain: example.test\n    acl: zoneseal-1\n')
    done = zs.lab.exec('knotc', '-c', knot, 'conf-check')
    assert done.returncode == 0, done.stdout + done.stderr + knot.read_text()
