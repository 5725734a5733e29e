# SPDX-License-Identifier: Apache-2.0
"""Proves the test lab itself: scripts/lab does what docs/lab.md says.

Every test runs in a lab of its own directory, started by the current user
and, when that is root, once more by an ordinary user.
"""

import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time

import pytest

SCRIPT = os.path.abspath(os.path.join(os.path.dirname(__file__),
                                      '../../scripts/lab'))
ORDINARY_USER = 'nobody'
ALGORITHMS = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']
NAMESPACES = ['--net', '--mount', '--pid', '--fork']

ZONES_AT = {
    'PRIMARY': ['example.test', 'acme.example.test'],
    'SECONDARY': ['example.test', 'acme.example.test'],
    'KNOT': ['corp.example.test'],
    'POWERDNS': ['pdns.example.test'],
    'ROOT': ['.'],
    'TEST': ['test'],
}


class Lab:
    """Runs scripts/lab for one directory, as one user."""

    def __init__(self, directory, prefix=()):
        self.directory = directory
        self.prefix = list(prefix)
        self.env = {name: value for name, value in os.environ.items()
                    if not name.startswith('LAB_')}
        self.env |= {'ZONESEAL_LAB': directory, 'HOME': directory}

    def run(self, *arguments, check=True):
        result = subprocess.run(self.prefix + [SCRIPT, *arguments],
                                env=self.env, text=True, check=False,
                                capture_output=True, timeout=60, cwd='/')
        if check:
            assert result.returncode == 0, result.stderr
        return result

    def exec(self, *command, check=True):
        return self.run('exec', '--', *command, check=check)

    def shell(self, script, check=True):
        return self.exec('sh', '-c', script, check=check).stdout

    def variables(self):
        lines = self.run('env').stdout.splitlines()
        return dict(line.split('=', 1) for line in lines)

    def status(self):
        return json.loads(self.run('status', '--json').stdout)

    def txt(self, server, name):
        address = self.variables()['LAB_' + server.upper()]
        answer = self.exec('dig', '+norec', '+short', '+time=1', '+tries=1',
                           f'@{address}', name, 'TXT', check=False).stdout
        return answer.replace('"', '').split()

    def wait_for_txt(self, server, name, value, seconds):
        begin = time.monotonic()
        while value not in self.txt(server, name):
            assert time.monotonic() < begin + seconds, \
                f'{server} has no {name} TXT {value} after {seconds} s'
        return time.monotonic() - begin


def as_ordinary_user():
    """The command prefix, or a reason why there is none."""
    if os.getuid():
        return None, 'the current user is an ordinary one already'
    try:
        user = pwd.getpwnam(ORDINARY_USER)
    except KeyError:
        return None, f'there is no user {ORDINARY_USER}'
    prefix = ['setpriv', f'--reuid={user.pw_uid}', f'--regid={user.pw_gid}',
              '--clear-groups']
    if subprocess.run(prefix + ['test', '-x', SCRIPT], check=False).returncode:
        return None, f'{ORDINARY_USER} cannot reach {SCRIPT}'
    trial = subprocess.run(
        prefix + ['unshare', '--map-root-user', *NAMESPACES, 'true'],
        check=False, capture_output=True, text=True)
    if trial.returncode:
        return None, f'no user namespaces: {trial.stderr.strip()}'
    return prefix, None


def make_lab(who):
    prefix, user_id = [], os.getuid()
    if who == 'ordinary user':
        prefix, reason = as_ordinary_user()
        if reason:
            pytest.skip(reason)
        user_id = pwd.getpwnam(ORDINARY_USER).pw_uid
    elif os.getuid() == 0 and subprocess.run(
            ['unshare', *NAMESPACES, 'true'], check=False,
            capture_output=True).returncode:
        pytest.skip('root may not make namespaces here')
    directory = tempfile.mkdtemp(prefix='zoneseal-test-lab-', dir='/tmp')
    os.chmod(directory, 0o755)
    os.chown(directory, user_id, -1)
    return Lab(directory, prefix)


def remove(lab):
    lab.run('down', check=False)
    shutil.rmtree(lab.directory, ignore_errors=True)


@pytest.fixture(scope='module', params=['current user', 'ordinary user'])
def lab(request):
    lab = make_lab(request.param)
    try:
        lab.run('up')
        yield lab
    finally:
        remove(lab)


@pytest.fixture
def fresh_lab():
    lab = make_lab('current user')
    try:
        yield lab
    finally:
        remove(lab)


# --------------------------------------------------------- the DNS world

def test_each_zone_answers_authoritatively_on_both_families(lab):
    values = lab.variables()
    for server, zones in ZONES_AT.items():
        for address in (values[f'LAB_{server}'], values[f'LAB_{server}6']):
            for zone in zones:
                answer = lab.exec('dig', '+norec', f'@{address}', zone,
                                  'SOA').stdout
                flags = answer.split('flags:')[1].split(';')[0].split()
                assert 'NOERROR' in answer and 'aa' in flags, answer
                assert 'ANSWER: 1' in answer, answer


def test_name_servers_have_glue_of_both_families(lab):
    values = lab.variables()
    text = lab.shell(f'dig +norec @{values["LAB_TEST"]} example.test NS')
    for server in ('PRIMARY', 'SECONDARY'):
        assert values[f'LAB_{server}'] in text
        assert values[f'LAB_{server}6'] in text


def test_resolver_resolves_through_the_root(lab):
    assert lab.shell('dig +short www.example.test A').split() == ['192.0.2.2']
    assert lab.shell('dig +short www.corp.example.test A').split() == [
        '192.0.2.22']
    assert lab.shell('dig +short www.pdns.example.test A').split() == [
        '192.0.2.32']
    assert '192.0.2.2' in lab.shell('getent ahosts www.example.test')


def test_resolver_follows_delegated_challenges(lab):
    lab.run('txt', 'add', 'cn.acme.example.test', 'delegated')
    name = '_acme-challenge.cn.example.test'
    lab.wait_for_txt('secondary', 'cn.acme.example.test', 'delegated', 5)
    assert 'delegated' in lab.shell(f'dig +short {name} TXT')
    lab.run('txt', 'del', 'cn.acme.example.test', 'delegated')


def test_static_aliases_are_there(lab):
    values = lab.variables()

    def target(name):
        return lab.shell(f'dig +norec +short @{values["LAB_PRIMARY"]} '
                         f'{name}.example.test CNAME').strip()

    assert target('_acme-challenge.foo.wild') == 'wild.acme.example.test.'
    assert target('_acme-challenge.ck') == 'ck.corp.example.test.'
    assert target('_acme-challenge.loop') == 'loop.example.test.'
    assert target('loop') == '_acme-challenge.loop.example.test.'
    assert target('_acme-challenge.chain') == 'chain1.example.test.'


# --------------------------------------------------------------- updates

def test_secondary_follows_an_update_quickly(lab):
    lab.run('txt', 'add', 'quick.example.test', 'now')
    assert lab.wait_for_txt('secondary', 'quick.example.test', 'now', 5) < 1


def test_lag_delays_the_secondary(lab):
    lab.run('lag', '1.5')
    try:
        begin = time.monotonic()
        lab.run('txt', 'add', 'late.example.test', 'later')
        assert 'later' in lab.txt('primary', 'late.example.test')
        lab.wait_for_txt('secondary', 'late.example.test', 'later', 5)
        assert 1.5 <= time.monotonic() - begin < 3.5
    finally:
        lab.run('lag', '0')


def test_shortening_the_lag_releases_what_waits(lab):
    lab.run('lag', '1000')
    lab.run('txt', 'add', 'held.example.test', 'held')
    time.sleep(0.3)
    assert lab.txt('secondary', 'held.example.test') == []
    lab.run('lag', '0')
    lab.wait_for_txt('secondary', 'held.example.test', 'held', 2)


@pytest.mark.parametrize('zone', ['example.test', 'acme.example.test',
                                  'corp.example.test', 'pdns.example.test'])
@pytest.mark.parametrize('algorithm', ALGORITHMS)
def test_each_algorithm_can_update(lab, algorithm, zone):
    key = f'{lab.directory}/keys/lab-{algorithm}.key'
    name = f'{algorithm}.{zone}'
    lab.run('txt', 'add', name, algorithm, '--key', key)
    assert f'{name}. 60 TXT "{algorithm}"' in lab.run('zone', zone).stdout
    lab.run('txt', 'del', name, algorithm, '--key', key)
    assert f'{name}.' not in lab.run('zone', zone).stdout


@pytest.mark.parametrize('zone', ['example.test', 'corp.example.test'])
@pytest.mark.parametrize('key,reason', [
    ('weak', {'example.test': 'REFUSED', 'corp.example.test': 'BADKEY'}),
    ('bad', {'example.test': 'BADSIG', 'corp.example.test': 'BADSIG'}),
    ('unknown', {'example.test': 'BADKEY', 'corp.example.test': 'BADKEY'}),
])
def test_keys_without_rights_are_refused(lab, key, reason, zone):
    result = lab.run('txt', 'add', f'refused.{zone}', 'x', '--key',
                     f'{lab.directory}/keys/{key}.key', check=False)
    assert result.returncode == 1
    assert reason[zone] in result.stderr
    assert 'refused.' not in lab.run('zone', zone).stdout


@pytest.mark.parametrize('server,name', [('PRIMARY', 'a.example.test'),
                                         ('KNOT', 'a.corp.example.test')])
def test_only_txt_may_be_updated(lab, server, name):
    address = lab.variables()['LAB_' + server]
    result = lab.exec('sh', '-c', f'printf "server {address}\\nupdate add '
                      f'{name} 60 A 192.0.2.99\\nsend\\n" '
                      '| nsupdate -k "$LAB_KEY"', check=False)
    assert result.returncode != 0
    assert '192.0.2.99' not in lab.run(
        'zone', name.partition('.')[2], '--all').stdout


def pdns(lab, method, path, body='', key=None):
    """Status and JSON (or text) of one request to the API of PowerDNS."""
    path = path.replace('ZONES', '/api/v1/servers/localhost/zones')
    key = key or '$(cat "$LAB_PDNS_KEY_FILE")'
    text = lab.shell(f'curl -sS -g -X {method} -H "X-API-Key: {key}" -w "\\n%{{http_code}}" '
                     f"-d '{body}' \"$LAB_PDNS_URL{path}\"")
    text, _, status = text.rpartition('\n')
    try:
        return int(status), json.loads(text)
    except ValueError:
        return int(status), text


def test_api_of_powerdns_changes_what_its_dns_answers(lab):
    name = 'api.pdns.example.test'
    change = {'name': f'{name}.', 'type': 'TXT', 'ttl': 60, 'changetype': 'REPLACE',
              'records': [{'content': '"by-api"', 'disabled': False}]}
    status, _ = pdns(lab, 'PATCH', 'ZONES/pdns.example.test.', json.dumps({'rrsets': [change]}))
    assert status == 204
    assert lab.txt('powerdns', name) == ['by-api']
    assert 'by-api' in lab.shell(f'dig +short {name} TXT')
    assert f'{name}. 60 TXT "by-api"' in lab.run('zone', 'pdns.example.test').stdout
    status, zones = pdns(lab, 'GET', 'ZONES')
    assert status == 200 and [z['name'] for z in zones] == ['pdns.example.test.']
    assert pdns(lab, 'GET', 'ZONES', key='wrong')[0] == 401


def test_a_name_in_no_zone_of_ours_leads_to_the_free_place(lab):
    """auth.example.test is delegated to an address that no server of the lab has."""
    address = lab.variables()['LAB_AUTH']
    assert address in lab.shell('dig +norec @"$LAB_PRIMARY" x.auth.example.test TXT')
    assert address in lab.shell('ip -o addr show dev lo')


def test_values_are_quoted(lab):
    value = r'a "quoted" \ value'
    lab.run('txt', 'add', 'quoted.example.test', value)
    assert r'"a \"quoted\" \\ value"' in lab.run('zone', 'example.test').stdout


# ------------------------------------------------------------------- CA

def test_directory_answers_with_the_bundle(lab):
    text = lab.shell('curl -sS --cacert "$LAB_CA_BUNDLE" "$LAB_CA_URL"')
    assert json.loads(text)['newNonce'].startswith('https://localhost:14000/')


def test_issuing_root_is_saved(lab):
    text = lab.shell('openssl x509 -noout -subject <"$LAB_CA_ROOTS"')
    assert 'Pebble Root CA' in text


# ------------------------------------------------------------ isolation

def test_host_network_and_files_are_untouched(lab):
    assert lab.status()['running']
    with open('/etc/resolv.conf') as file:
        assert '127.53.0.53' not in file.read()
    addresses = subprocess.run(['ip', 'addr', 'show', 'dev', 'lo'], text=True,
                               check=True, capture_output=True).stdout
    assert '127.53.0.' not in addresses and 'fd53::' not in addresses
    with open('/proc/self/mounts') as file:
        assert lab.directory not in file.read()


def test_secrets_are_private_and_the_bundle_is_public(lab):
    keys = f'{lab.directory}/keys'
    assert os.stat(keys).st_mode & 0o777 == 0o700
    for name in os.listdir(keys):
        assert os.stat(f'{keys}/{name}').st_mode & 0o777 == 0o600, name
    for name in ('root.key', 'server.key'):
        assert os.stat(f'{lab.directory}/ca/{name}').st_mode & 0o077 == 0
    for path in ('', '/ca'):
        assert os.stat(lab.directory + path).st_mode & 0o777 == 0o755
    assert os.stat(f'{lab.directory}/ca/bundle.pem').st_mode & 0o444 == 0o444
    assert os.stat(f'{lab.directory}/etc/private').st_mode & 0o077 == 0


def test_exec_keeps_directory_status_and_user(lab):
    assert lab.exec('sh', '-c', 'exit 7', check=False).returncode == 7
    assert lab.exec('pwd').stdout.strip() == '/'
    assert lab.exec('id', '-u').stdout.strip() == '0'
    if not lab.prefix and os.getuid() == 0:
        assert lab.exec('setpriv', '--reuid=65534', '--regid=65534',
                        '--clear-groups', 'cat',
                        f'{lab.directory}/ca/bundle.pem').stdout


def test_verbs_work_from_inside_too(lab):
    assert json.loads(lab.exec(SCRIPT, 'status', '--json').stdout)['running']
    lab.exec(SCRIPT, 'txt', 'add', 'inside.example.test', 'yes')
    assert '"yes"' in lab.exec(SCRIPT, 'zone', 'example.test').stdout


# --------------------------------------------------------------- faults

@pytest.mark.parametrize('server', ['root', 'test', 'primary', 'secondary',
                                    'knot', 'powerdns', 'resolver', 'pebble'])
def test_a_server_can_be_stopped_and_started(lab, server):
    lab.run('stop', server)
    assert lab.status()['servers'][server]['state'] == 'stopped'
    lab.run('start', server)
    assert lab.status()['servers'][server]['state'] == 'running'


@pytest.mark.parametrize('server,zone', [('primary', 'example.test'),
                                         ('knot', 'corp.example.test'),
                                         ('powerdns', 'pdns.example.test')])
def test_updates_survive_a_restart(lab, server, zone):
    lab.run('txt', 'add', f'kept.{zone}', 'kept')
    lab.run('stop', server)
    lab.run('start', server)
    assert 'kept' in lab.txt(server, f'kept.{zone}')
    lab.run('txt', 'add', f'after.{zone}', 'after')
    assert 'after' in lab.txt(server, f'after.{zone}')


def test_secondary_follows_a_restarted_primary(lab):
    lab.run('stop', 'primary')
    lab.run('start', 'primary')
    lab.run('txt', 'add', 'again.example.test', 'again')
    lab.wait_for_txt('secondary', 'again.example.test', 'again', 5)


def test_a_restarted_secondary_has_what_it_missed(lab):
    lab.run('stop', 'secondary')
    lab.run('txt', 'add', 'missed.example.test', 'missed')
    lab.run('start', 'secondary')
    lab.wait_for_txt('secondary', 'missed.example.test', 'missed', 5)


@pytest.mark.parametrize('server,zone', [('knot', 'corp.example.test'),
                                         ('powerdns', 'pdns.example.test')])
def test_a_paused_server_is_silent_until_resumed(lab, server, zone):
    lab.run('pause', server)
    assert lab.status()['servers'][server]['state'] == 'paused'
    address = lab.variables()['LAB_' + server.upper()]
    question = ['dig', '+norec', '+time=1', '+tries=1', f'@{address}',
                zone, 'SOA']
    assert lab.exec(*question, check=False).returncode == 9
    lab.run('resume', server)
    assert 'NOERROR' in lab.exec(*question).stdout


def test_a_server_that_dies_is_reported(lab):
    inner = lab.status()['servers']['knot']['inner_pid']
    lab.exec('kill', '-SEGV', str(inner))
    deadline = time.monotonic() + 5
    while (state := lab.status()['servers']['knot']['state']) == 'running':
        assert time.monotonic() < deadline
    assert 'SIGSEGV' in state
    lab.run('start', 'knot')


def test_queries_and_updates_are_logged(lab):
    lab.run('txt', 'add', 'logged.example.test', 'logged')
    lab.txt('primary', 'logged.example.test')
    log = lab.variables()['LAB_LOG']
    with open(f'{log}/primary.updates') as file:
        assert 'logged.example.test' in file.read()
    with open(f'{log}/primary.queries') as file:
        assert 'logged.example.test IN TXT' in file.read()


# ------------------------------------------------------ up, down, errors

def test_second_up_is_harmless_and_names_other_options(lab):
    assert 'up already' in lab.run('up').stdout
    result = lab.run('up', '--eab', check=False)
    assert result.returncode == 1 and 'eab' in result.stderr


def test_unknown_server_is_named_with_the_known_ones(lab):
    result = lab.run('stop', 'nonsense', check=False)
    assert result.returncode == 1
    assert 'nonsense' in result.stderr and 'secondary' in result.stderr


def test_eab_and_chains_can_be_asked_for(fresh_lab):
    fresh_lab.run('up', '--eab', '--alternate-roots', '2', '--ipv4-only')
    values = fresh_lab.variables()
    assert 'LAB_PRIMARY6' not in values
    with open(values['LAB_EAB_KEY']) as file:
        assert len(file.read().strip()) == 43
    with open(values['LAB_CA_ROOTS']) as file:
        assert file.read().count('BEGIN CERTIFICATE') == 3
    text = fresh_lab.shell('curl -sS --cacert "$LAB_CA_BUNDLE" "$LAB_CA_URL"')
    assert json.loads(text)['meta']['externalAccountRequired']


@pytest.mark.parametrize('arguments, pebble', [
    (['up'], '/nix'), (['up', '--help'], None), (['up', '--nonsense'], None),
    (['status'], None), (['down'], None)])
def test_what_does_not_start_leaves_a_directory_that_can_be_used(
        fresh_lab, arguments, pebble):
    if pebble:
        fresh_lab.env['PEBBLE'] = pebble
    result = fresh_lab.run(*arguments, check=False)
    assert pebble is None or (result.returncode == 1
                              and pebble in result.stderr)
    assert os.listdir(fresh_lab.directory) == []
    fresh_lab.env.pop('PEBBLE', None)
    fresh_lab.run('up', '--only', 'dns')


def processes_of(lab):
    shown = subprocess.run(['ps', '-eo', 'args'], text=True, check=True,
                           capture_output=True).stdout
    return [line for line in shown.splitlines() if lab.directory in line]


def test_down_leaves_nothing_and_up_is_fresh(fresh_lab):
    fresh_lab.run('up', '--only', 'dns')
    fresh_lab.run('txt', 'add', 'old.example.test', 'old')
    fresh_lab.run('down')
    assert processes_of(fresh_lab) == []
    assert fresh_lab.run('status', check=False).returncode == 3
    assert os.listdir(f'{fresh_lab.directory}/run') == []
    fresh_lab.run('up', '--only', 'dns')
    assert 'old' not in fresh_lab.run('zone', 'example.test').stdout
    fresh_lab.run('down', '--purge')
    assert not os.path.exists(fresh_lab.directory)


def test_a_killed_lab_is_recognised_as_gone(fresh_lab):
    fresh_lab.run('up', '--only', 'dns')
    os.kill(fresh_lab.status()['pid'], 9)
    deadline = time.monotonic() + 5
    while processes_of(fresh_lab):
        assert time.monotonic() < deadline
    assert fresh_lab.run('status', check=False).returncode == 3
    fresh_lab.run('up', '--only', 'dns')
    assert fresh_lab.status()['running']


def test_a_reused_pid_is_not_killed(fresh_lab):
    fresh_lab.run('up', '--only', 'dns')
    fresh_lab.run('down')
    bystander = subprocess.Popen(['sleep', '60'])
    try:
        with open(f'{fresh_lab.directory}/state.json', 'w') as file:
            json.dump({'pid': bystander.pid, 'start_time': 1,
                       'user_namespace': False,
                       'options': {'no_namespace': False}}, file)
        fresh_lab.run('down')
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_two_labs_run_side_by_side(lab, fresh_lab):
    fresh_lab.run('up', '--only', 'dns')
    fresh_lab.run('txt', 'add', 'second.example.test', 'second')
    assert 'second' not in lab.run('zone', 'example.test').stdout


def test_foreign_directory_is_refused(fresh_lab):
    with open(f'{fresh_lab.directory}/precious', 'w'):
        pass
    result = fresh_lab.run('up', check=False)
    assert result.returncode == 1 and 'other files' in result.stderr
    assert os.listdir(fresh_lab.directory) == ['precious']


def test_help_leaves_nothing_behind(fresh_lab):
    fresh_lab.run('up', '--help')
    assert not os.path.exists(fresh_lab.directory) or not os.listdir(fresh_lab.directory)


def test_directory_with_a_cache_only_is_taken(fresh_lab):
    os.makedirs(f'{fresh_lab.directory}/cache', exist_ok=True)
    fresh_lab.run('up', '--only', 'dns')


def test_wrong_pebble_is_named(fresh_lab):
    fresh_lab.env['PEBBLE'] = '/nonexistent/pebble'
    result = fresh_lab.run('up', check=False)
    assert result.returncode == 1 and '/nonexistent/pebble' in result.stderr


@pytest.mark.skipif(os.getuid() != 0, reason='adds addresses to lo: root only')
def test_without_namespaces_addresses_come_and_go(fresh_lab):
    """In a network of its own, so that the machine's stays as it is."""
    fresh_lab.prefix = []
    script = '''
        set -e
        ip link set lo up
        before=$(ip -o addr show dev lo)
        "$1" up --no-namespace
        ip -o addr show dev lo | grep -q 127.53.0.11/32
        "$1" txt add here.example.test here
        "$1" zone example.test --server secondary >/dev/null
        "$1" exec dig +norec +short @fd53::21 corp.example.test SOA | grep .
        "$1" exec curl -sS --cacert "$ZONESEAL_LAB/ca/bundle.pem" \
            https://localhost:14000/dir | grep newNonce
        if ZONESEAL_LAB=$ZONESEAL_LAB.2 "$1" up --no-namespace; then exit 9; fi
        rm -rf "$ZONESEAL_LAB.2"
        "$1" down
        test "$before" = "$(ip -o addr show dev lo)"
        # a killed one takes its servers along; the next down cleans up
        "$1" up --no-namespace
        pid=$("$1" status --json | sed -n 's/^  "pid": \\([0-9]*\\),/\\1/p')
        kill -9 "$pid"
        sleep 0.2
        "$1" down
        test "$before" = "$(ip -o addr show dev lo)"
    '''
    result = subprocess.run(['unshare', '--net', 'sh', '-c', script, 'sh',
                             SCRIPT], env=fresh_lab.env, text=True,
                            check=False, capture_output=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr
    assert processes_of(fresh_lab) == []
