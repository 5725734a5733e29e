# SPDX-License-Identifier: Apache-2.0
"""The bridges: exec, which has programs of the user make the changes, and httpreq, which asks a service."""

import json
import os
import pathlib
import pwd
import re
import shutil
import sys

import pytest
from conftest import BUILD, SANITIZER, TOP, Result, descendants, front_of, kill, wait_until

sys.path.insert(0, str(TOP / 'tests/lib'))

from simprocess import SimProcess

ZONE = 'example.test'
MODES = ['json', 'lego', 'lego-raw', 'certbot']


class Hook:
    """A directory with a program, its key and a place to write to, as an administrator would have it."""

    def __init__(self, lab, directory, mode, kind=None):
        self.mode, self.etc, self.work = mode, directory / 'hooks', directory / 'work'
        self.etc.mkdir()
        self.work.mkdir()
        # as root, programs run as another user
        if os.geteuid() == 0:
            user = next((u for u in pwd.getpwall() if u.pw_name == 'zoneseal'), None) or pwd.getpwnam('nobody')
            os.chown(self.work, user.pw_uid, user.pw_gid)
        self.program = self.copy('exec_json' if mode == 'json' else 'exec_hook', 'program')
        self.key = self.etc / 'key'
        self.key.write_text((pathlib.Path(lab.vars['LAB_KEYS']) / 'lab-sha256.key').read_text())
        self.key.chmod(0o644)
        self.options = {'plugin': 'exec', 'program': self.program, 'mode': mode, 'read-path': self.etc, 'work-dir': self.work}
        self.environment = {'HOOK_SERVER': lab.vars['LAB_PRIMARY'], 'HOOK_KEY': self.key, 'HOOK_KIND': kind or mode}
        if mode == 'certbot':
            # one file for both would do, but hooks come in two files
            self.options['program'] = self.wrapper('auth', 'certbot-auth')
            self.options['cleanup-program'] = self.wrapper('cleanup', 'certbot-cleanup')

    def copy(self, name, to):
        path = self.etc / to
        shutil.copy(TOP / 'tests/lib' / name, path)
        path.chmod(0o755)
        return path

    def script(self, name, text):
        path = self.etc / name
        path.write_text('#!/bin/sh\n' + text)
        path.chmod(0o755)
        return path

    def wrapper(self, name, kind):
        return self.script(name, f'HOOK_KIND={kind} exec "{self.program}"\n')

    def section(self, **options):
        environment = ', '.join(f'{k}={str(v).replace(",", chr(92) + ",")}' for k, v in self.environment.items())
        return {**self.options, 'environment': environment, **{k.replace('_', '-'): v for k, v in options.items()}}

    def secret(self, name, text):
        path = self.etc.parent / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def calls(self):
        path = self.work / 'calls'
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def hook(lab, directory):
    return lambda mode, **options: Hook(lab, directory, mode, **options)


def certificate(zs, section, *names, **options):
    zs.providers['bridge'] = section
    return zs.certificate('bridge', *names, provider='bridge', **options)


def check_chain(zs):
    assert (zs.current('bridge') / 'fullchain.pem').read_text().count('BEGIN CERTIFICATE') >= 1


def gone(path):
    pid = wait_until(lambda: path.exists() and path.read_text().strip(), what=f'a pid in {path}')
    return lambda: not pathlib.Path(f'/proc/{pid}').exists() or 'Z' in pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')')[1][:3]


# ---- exec: whole issuances ------------------------------------------------------------------------------------------

@pytest.mark.parametrize('mode', MODES)
def test_issues_name_and_wildcard_through_a_program(zs, hook, mode):
    h = hook(mode)
    base = f'bridge-{mode}.{ZONE}'
    certificate(zs, h.section(), base, f'*.{base}').run('issue').expect(0)
    check_chain(zs)
    calls = h.calls()
    if mode == 'json':
        requests = [json.loads(line) for line in calls]
        assert [r['action'] for r in requests][0] == 'check'
        changes = [c for r in requests if r['action'] == 'apply' for c in r['changes']]
        assert sorted(c['op'] for c in changes) == ['add', 'add', 'remove', 'remove']
        assert {c['name'] for c in changes} == {f'_acme-challenge.{base}'} and len({c['value'] for c in changes}) == 2
        assert {c['identifier'] for c in changes} == {base}
        assert all(c['key_authorization'].startswith(c['token'] + '.') for c in changes)
        # both values of a batch in one run
        assert any(len(r['changes']) == 2 for r in requests if r['action'] == 'apply')
    else:
        assert len(calls) == 4, calls


def test_issues_at_the_end_of_a_cname(zs, hook):
    """Programs that make the name by themselves get the one for which this leads there."""
    h = hook('certbot')
    result = certificate(zs, h.section(), f'cn.{ZONE}').run('issue')
    # the target, cn.acme.example.test, has no label for such a hook to put in front
    assert result.code != 0 and 'cannot write where the CNAME points' in result.err, result.err
    h.options.update(mode='lego', program=h.program)
    del h.options['cleanup-program']
    h.environment['HOOK_KIND'] = 'lego'
    certificate(zs, h.section(), f'cn.{ZONE}').run('issue').expect(0)
    assert any('[cn.acme.example.test.]' in line for line in h.calls()), h.calls()


def test_arguments_come_as_they_are(zs, hook):
    """No shell has seen them."""
    h = hook('lego')
    arguments = ['--server=a b', "it's", '"x"', '$(touch /tmp/no)', '`id`', 'a,b', ' c ', '*', '-', '\\']
    words = [a.replace('\\', '\\\\').replace(',', '\\,').replace(' c ', '\\ c\\ ') for a in arguments]
    certificate(zs, h.section(arguments=', '.join(words)), f'bridge-argv.{ZONE}').run('issue').expect(0)
    wanted = '[lego]' + ''.join(f'[{a}]' for a in arguments)
    calls = h.calls()
    assert len(calls) == 2 and all(line.startswith(wanted + '[') for line in calls), calls
    assert re.fullmatch(rf'\[present\]\[_acme-challenge\.bridge-argv\.example\.test\.\]\[[\w-]{{43}}\]', calls[0][len(wanted):])
    assert calls[1][len(wanted):].startswith('[cleanup]')


@pytest.mark.parametrize('mode', ['lego', 'lego-raw', 'certbot'])
def test_propagation_by_a_program_that_cannot_be_asked(zs, hook, mode):
    """Its success is its word."""
    h = hook(mode)
    certificate(zs, h.section(), f'bridge-word-{mode}.{ZONE}')
    zs.zones[ZONE] = {'provider': 'bridge', 'propagation': 'provider'}
    zs.run('issue').expect(0)
    check_chain(zs)
    assert len(h.calls()) == 2, h.calls()


def test_propagation_by_the_program(zs, hook):
    h = hook('json')
    certificate(zs, h.section(), f'bridge-live.{ZONE}')
    zs.zones[ZONE] = {'provider': 'bridge', 'propagation': 'provider'}
    zs.run('issue').expect(0)
    lives = [r for r in map(json.loads, h.calls()) if r['action'] == 'live']
    assert lives and all(r['ticket'] == 'ticket-1' and r['zone'] == ZONE for r in lives)


# ---- exec: what a program is and may do -----------------------------------------------------------------------------

def test_what_the_confinement_leaves(zs, hook, directory):
    h = hook('json')
    beside = directory / 'beside'
    for path in (beside, h.etc / 'config'):
        path.write_text('x')
        path.chmod(0o644)
    helper = h.script('helper', 'exit 0\n')
    elsewhere = directory / 'elsewhere'
    shutil.copy(helper, elsewhere)
    read = ['/etc/shadow', '/etc/passwd', '/etc/hosts', '/proc/self/environ', str(beside), str(h.etc / 'config'), str(zs.config)]
    write = ['/tmp/zs-bridges-written', str(h.etc / 'written'), str(h.work / 'written'), str(directory / 'written'), '/dev/null']
    run = ['/usr/bin/env', '/bin/true', str(helper), str(elsewhere)]
    h.environment['HOOK_LOOK'] = h.etc / 'look'
    h.environment['HOOK_LOOK'].write_text(json.dumps({'read': read, 'write': write, 'run': run}))
    h.environment['HOOK_LOOK'].chmod(0o644)
    certificate(zs, h.section(), f'bridge.{ZONE}').run('check', '--live').expect(0)
    report = json.loads((h.work / 'report').read_text())
    assert not os.path.exists('/tmp/zs-bridges-written')
    assert report['cwd'] == str(h.work)
    env = report['environment']
    assert env['PATH'] == '/usr/local/bin:/usr/bin:/bin' and env['HOME'] == env['TMPDIR'] == str(h.work) and env['LANG'] == 'C'
    assert set(env) - {'LC_CTYPE'} == {'PATH', 'LANG', 'HOME', 'TMPDIR', *h.environment}, env
    if os.geteuid() == 0 and 'zoneseal' not in [u.pw_name for u in pwd.getpwall()]:
        assert report['uid'] == pwd.getpwnam('nobody').pw_uid
    if not os.path.exists('/sys/kernel/security/landlock') and not landlock():
        pytest.skip('no Landlock here')
    assert report['chmod'] is False
    # a leak checker reads /proc
    allowed = {k for k, v in report.items() if v is True} - ({'read /proc/self/environ'} if SANITIZER else set())
    assert allowed == {'read /etc/passwd', 'read /etc/hosts', f'read {h.etc / "config"}', f'write {h.work / "written"}', 'write /dev/null',
                       'run /usr/bin/env', 'run /bin/true', f'run {helper}'}, report


def landlock():
    import ctypes
    return ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1) > 0


def test_secrets_are_nowhere_but_where_they_belong(zs, hook):
    """Not on a command line, not in the environment where that was not asked for, not in the log."""
    h = hook('json')
    canary, in_env = 'canary-of-the-secret-0815', 'canary-of-the-environment-4711'
    h.environment['HOOK_HOLD'] = '1'
    section = h.section(secret_file=h.secret('secret', canary + '\n'), environment_secret_file=h.secret('env', f'# mine\nTOKEN={in_env}\n'))
    process = certificate(zs, section, f'bridge.{ZONE}').start('check', '--live', '-vvv')
    wait_until(h.calls, what='the program')
    found = {'cmdline': [], 'environ': []}
    for pid in descendants(process.pid):
        for kind, places in found.items():
            try:
                text = pathlib.Path(f'/proc/{pid}/{kind}').read_bytes()
            except OSError:
                continue
            places += [secret for secret in (canary, in_env) if secret.encode() in text]
    (h.work / 'go').touch()
    out, err = process.communicate(timeout=60)
    assert found['cmdline'] == [] and canary not in found['environ'] and in_env in found['environ']
    Result(process, out, err).expect(0)
    assert canary not in out + err and in_env not in out + err
    assert json.loads(h.calls()[0])['secret'] == canary


def test_secrets_that_a_program_prints_are_hidden(zs, hook):
    h = hook('json')
    h.options['program'] = h.script('leak', 'cat >/dev/null; echo "token is $TOKEN" >&2; exit 3\n')
    section = h.section(environment_secret_file=h.secret('env', 'TOKEN=short7\n'))
    result = certificate(zs, section, f'bridge.{ZONE}').run('check', '--live', '-vv')
    assert result.code != 0 and 'exit status 3; its last words: token is [hidden]' in result.err, result.err
    assert 'short7' not in result.out + result.err


def test_program_that_hangs_is_killed_with_its_children(zs, hook):
    h = hook('json')
    h.options['program'] = h.script('hang', "trap '' TERM\necho $$ > pid\nsleep 1000 &\necho $! > child\ncat > /dev/null\nwait\nsleep 1000\n")
    result = certificate(zs, h.section(program_timeout='1s'), f'bridge.{ZONE}').run('check', '--live')
    assert result.code != 0 and 'did not end in time and was killed' in result.err, result.err
    for name in ('pid', 'child'):
        wait_until(gone(h.work / name), what=f'the end of {name}')


def test_killed_run_leaves_no_program_behind(zs, hook):
    h = hook('lego')
    h.environment['HOOK_HOLD'] = '1'
    process = certificate(zs, h.section(), f'bridge-killed.{ZONE}').start('issue')
    ends = [gone(h.work / name) for name in ('pid', 'child')]
    kill(front_of(process))
    process.wait(timeout=30)
    for end in ends:
        wait_until(end, what='the end of the program')
    # the next run clears up what the dead one may have written
    del h.environment['HOOK_HOLD']
    zs.providers['bridge'] = h.section()
    zs.run('gc').expect(0)
    assert any('[cleanup]' in line for line in h.calls())


def test_flood_is_survived(zs, hook):
    h = hook('json')
    h.environment['HOOK_FLOOD'] = '1'
    result = certificate(zs, h.section(), f'bridge.{ZONE}').run('check', '--live').expect(0)
    assert 'were thrown away' in result.err, result.err
    h.options['program'] = h.script('flood', 'yes\n')
    zs.providers['bridge'] = h.section()
    result = zs.run('check', '--live')
    assert result.code != 0 and 'wrote more than a reply may have' in result.err, result.err


# What it prints first is all that was asked for; then it goes on for ever, by itself or by one that no kill of its group reaches.
ENDLESS = [('exec yes >&2', 'did not end in time'),
           ('setsid -f yes >&2; sleep 1000', 'did not end in time'),
           ('for i in 1 2 3 4 5 6 7 8; do setsid -f yes >&2; done; sleep 0.5', 'goes on writing to its output')]


@pytest.mark.parametrize('script, words', ENDLESS)
def test_program_that_writes_for_ever_ends_with_its_time(zs, hook, script, words):
    h = hook('json')
    h.options['program'] = h.script('endless', f'cat > /dev/null\necho \'{{"status":"ok"}}\'\n{script}\n')
    certificate(zs, h.section(program_timeout='2s'), f'bridge.{ZONE}')
    # none of the writers may be at work in the moment in which the output is read for the last time: then all is well
    results = (zs.run('check', '--live') for _ in range(20))
    result = next(r for r in results if r.code)
    assert words in result.err, result.err


def test_change_that_fails_for_a_while_is_asked_for_again(zs, hook):
    """A program that died is run once more, and of what it said only what failed is asked for."""
    h = hook('json')
    base = f'bridge-again.{ZONE}'
    h.environment['HOOK_FAILS'] = 'killed,first'
    certificate(zs, h.section(), base, f'*.{base}').run('issue').expect(0)
    assert added(h) == [['0', '1'], ['0', '1'], ['0']]


def test_change_that_goes_on_failing_is_given_up(zs, hook):
    h = hook('json')
    h.environment['HOOK_FAILS'] = 'whole,whole,whole,whole'
    result = certificate(zs, h.section(), f'bridge-given-up.{ZONE}').run('issue')
    assert result.code == 4 and 'not now' in result.err, (result.code, result.err)
    assert added(h) == [['0']] * 3


def added(h):
    """The values of each call that added some, by number in order of their first appearance."""
    requests = [r for r in map(json.loads, h.calls()) if r['action'] == 'apply' and r['changes'][0]['op'] == 'add']
    calls = [[c['value'] for c in r['changes']] for r in requests]
    order = list(dict.fromkeys(v for call in calls for v in call))
    return [[str(order.index(v)) for v in call] for call in calls]


# ---- exec: what can be wrong -----------------------------------------------------------------------------------------

REFUSED = [
    ({'mode': 'shell'}, 'none of json, lego, lego-raw and certbot'),
    ({'mode': 'certbot'}, 'option cleanup-program'),
    ({'mode': 'lego', 'cleanup-program': '/bin/true'}, 'only mode certbot has one'),
    ({'program': '/no/such/program'}, 'No such file or directory'),
    ({'program': '/usr/bin'}, 'no regular file'),
    ({'program': 'hooks/program'}, 'absolute path'),
    ({'environment': 'A-B=1'}, 'NAME=VALUE'),
    ({'arguments': 'a,,b'}, 'a word is empty'),
    ({'work-dir': '/usr/bin/env'}, 'is no directory'),
    ({'work-dir': '/'}, 'may not write'),
    ({'program-timeout': '1ms'}, 'program-timeout'),
]


@pytest.mark.parametrize('options, words', REFUSED)
def test_refuses_options(zs, hook, options, words):
    h = hook('json')
    if options.get('work-dir') == '/' and os.geteuid() != 0:
        pytest.skip('an ordinary user in a user namespace')
    result = certificate(zs, {**h.section(), **options}, f'bridge.{ZONE}').run('check')
    assert result.code == 3 and words in result.err, (result.code, result.err)


def test_refuses_a_program_that_others_can_change(zs, hook):
    h = hook('json')
    h.program.chmod(0o777)
    result = certificate(zs, h.section(), f'bridge.{ZONE}').run('check')
    assert result.code == 3 and 'others can write to it' in result.err, result.err
    h.program.chmod(0o755)
    inside = h.work / 'program'
    shutil.copy(h.program, inside)
    zs.providers['bridge'] = {**h.section(), 'program': inside}
    result = zs.run('check')
    assert result.code == 3 and 'could change itself' in result.err, result.err


REPLIES = [
    ('echo "{}"', 'no result for index 0'),
    ('echo nonsense', 'it is no JSON'),
    ('true', 'cannot be used: there is none'),
    ('echo "{\\"status\\":\\"error\\",\\"class\\":\\"auth\\",\\"text\\":\\"token expired\\"}"; exit 1', 'token expired'),
    ('echo "{\\"status\\":\\"ok\\"}"; echo no >&2; exit 1', 'exit status 1; its last words: no'),
    ('no-such-command', 'a command was not found'),
    ('kill -9 $$', 'killed by signal 9'),
]


@pytest.mark.parametrize('script, words', REPLIES)
def test_failure_is_explained(zs, hook, script, words):
    h = hook('json')
    h.options['program'] = h.script('fails', f'cat > /dev/null\n{script}\n')
    result = certificate(zs, h.section(), f'bridge.{ZONE}').run('check', '--live')
    assert result.code != 0 and words in result.err, result.err


# ---- exec: the kit --------------------------------------------------------------------------------------------------

# Programs of these modes make names by themselves.
DERIVED = {'lego-raw', 'certbot'}


def judge_kit(process, least):
    assert process.returncode == 0, process.stdout + process.stderr
    passed, failed, _ = map(int, re.search(r'^(\d+) passed, (\d+) failed, (\d+) skipped', process.stdout, re.M).groups())
    assert not failed and passed >= least, process.stdout + process.stderr
    return dict(re.findall(r'^skip  (\S+) +(.*)', process.stdout, re.M))


def check_plain_name(skipped, derived):
    assert ('limit derived' in skipped.get('plain-name', '')) == derived, skipped


# The simulation below meets all four.
@pytest.mark.parametrize('mode', ['json', 'certbot'])
def test_exec_passes_the_kit_in_a_live_zone(lab, zs, hook, mode):
    h = hook(mode)
    h.environment['HOOK_FORGETS'] = '1'
    zs.write()
    options = [x for k, v in h.section().items() if k != 'plugin' for x in ('-o', f'{k}={v}')]
    limits = ['--limit', 'derived=1'] if mode in DERIVED else []
    before = lab.challenges()
    process = lab.exec(BUILD / 'zoneseal', 'provider', 'check', 'exec', '--config', zs.config, '--zone', ZONE, *options, *limits,
                       timeout=300)
    skipped = judge_kit(process, 30)
    check_plain_name(skipped, mode in DERIVED)
    assert not {'live', 'live-later', 'live-odd', 'foreign-add', 'two-writers'} & skipped.keys(), skipped
    assert lab.challenges() == before


@pytest.mark.parametrize('mode', MODES)
def test_exec_passes_the_kit_with_its_simulation(lab, mode):
    process = lab.exec(BUILD / 'zoneseal', 'provider', 'check', 'exec', '--zone', ZONE, '--offline', 'exec',
                       f'--offline-argument=--mode={mode}', timeout=300)
    skipped = judge_kit(process, 64 if mode == 'json' else 50)
    check_plain_name(skipped, mode in DERIVED)
    assert not {'live', 'deadline', 'cancel', 'killed', 'truncated', 'oversized', 'garbage', 'secrets', 'leaks'} & skipped.keys() - (
        {'leaks'} if SANITIZER else set()), skipped


# ---- httpreq --------------------------------------------------------------------------------------------------------

def served(lab, *arguments):
    key = pathlib.Path(lab.vars['LAB_KEYS']) / 'lab-sha256.key'
    return SimProcess('httpreq', ZONE, lab=lab, arguments=['--sink', f'{lab.vars["LAB_PRIMARY"]}:53', '--sink-key', key, *arguments])


@pytest.mark.parametrize('arguments', [[], ['--raw'], ['--raw', '--no-auth', '--plain']], ids=' '.join)
def test_issues_name_and_wildcard_through_a_service(lab, zs, arguments):
    base = f'bridge-http.{ZONE}'
    with served(lab, *arguments) as sim:
        certificate(zs, {'plugin': 'httpreq', **sim.settings()}, base, f'*.{base}').run('issue').expect(0)
        assert sim.violations() == [] and sim.records() == set()
    check_chain(zs)


def test_service_that_refuses_is_named(lab, zs):
    with served(lab) as sim:
        section = {'plugin': 'httpreq', **sim.settings()}
        wrong = zs.directory / 'wrong'
        wrong.write_text('not-the-password')
        wrong.chmod(0o600)
        result = certificate(zs, {**section, 'password-file': wrong}, f'bridge.{ZONE}').run('check', '--live')
        assert result.code == 4 and '401' in result.err and 'not-the-password' not in result.err, (result.code, result.err)
        zs.providers['bridge'] = {k: v for k, v in section.items() if k != 'username'}
        result = zs.run('check', '--live')
        assert result.code == 3 and 'option username: missing' in result.err, (result.code, result.err)
        zs.providers['bridge'] = {**section, 'endpoint': 'http://192.0.2.1/'}
        result = zs.run('check')
        assert result.code == 3 and 'allow-http' in result.err, (result.code, result.err)
        zs.providers['bridge'] = {**section, 'mode': 'cooked'}
        result = zs.run('check')
        assert result.code == 3 and 'neither default nor raw' in result.err, (result.code, result.err)


@pytest.mark.parametrize('arguments', [[], ['--raw']], ids=['default', 'raw'])
def test_httpreq_passes_the_kit(lab, arguments):
    process = lab.exec(BUILD / 'zoneseal', 'provider', 'check', 'httpreq', '--zone', ZONE, '--offline', 'httpreq',
                       *(f'--offline-argument={a}' for a in arguments), timeout=300)
    check_plain_name(judge_kit(process, 58), bool(arguments))
