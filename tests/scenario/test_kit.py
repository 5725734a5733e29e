# SPDX-License-Identifier: Apache-2.0
"""The conformance kit: good providers pass, each check fails for a provider that is wrong in its way, and a
simulation that is wrong is no verdict about the provider."""

import base64
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import textwrap

import pytest

from conftest import BUILD, TOP, Result, front_of, kill, validate, wait_until

PLUGINS = BUILD / 'tests/providers/.libs'
KIT = PLUGINS / 'kit.so'
SIM = TOP / 'tests/lib/kit_sim.py'
ZONE = 'example.test'
RUN_SECONDS = 240

pytestmark = pytest.mark.skipif(not KIT.exists(), reason='the plugins of the tests are not built')


def check(*arguments, env=None, timeout=RUN_SECONDS):
    process = subprocess.run([BUILD / 'zoneseal', 'provider', 'check', *map(str, arguments)], capture_output=True, text=True,
                             stdin=subprocess.DEVNULL, timeout=timeout, env=env)
    return Result(process, process.stdout, process.stderr)


def offline(*arguments, sim=SIM, plugin=KIT, **options):
    return check(plugin, '--zone', ZONE, '--offline', sim, *arguments, **options)


def listed():
    return {c['name']: c for c in validate(check('--list', '--json').expect().json, 'provider-check')['list']}


def states(document):
    return {c['name']: c['state'] for c in document['checks']}


def seen(document, name):
    return next(c['seen'] for c in document['checks'] if c['name'] == name)


ALL = sorted(listed()) if KIT.exists() else []


# ---- providers that are right


def test_good_provider_passes_every_check():
    result = offline('--json').expect()
    document = validate(result.json, 'provider-check')
    assert document['mode'] == 'offline' and document['zone'] == ZONE and document['provider'] == 'kit' and not document['left']
    assert states(document) == dict.fromkeys(listed(), 'passed'), result.out
    assert (document['passed'], document['failed'], document['skipped']) == (len(ALL), 0, 0)


@pytest.mark.parametrize('name', ALL)
def test_each_check_can_be_made_alone(name):
    document = offline('--only', name, '--json').expect().json
    assert states(document) == {name: 'passed'}


def test_memory_passes_blind():
    document = validate(check('memory', '--zone', ZONE, '--blind', '--json').expect().json, 'provider-check')
    assert document['mode'] == 'blind' and document['failed'] == 0
    assert {'add', 'remove', 'batch', 'live-later', 'leaks'} <= {n for n, s in states(document).items() if s == 'passed'}
    assert all(c['reason'] for c in document['checks'] if c['state'] == 'skipped')


@pytest.mark.parametrize('zone, server', [('example.test', 'LAB_PRIMARY'), ('corp.example.test', 'LAB_KNOT')])
def test_rfc2136_passes_in_a_live_zone(lab, zone, server):
    before = lab.txt(zone)
    argv = [BUILD / 'zoneseal', 'provider', 'check', 'rfc2136', '--zone', zone, '--json', '-o', f'nameserver={lab.vars[server]}',
            '-o', f'tsig-key-file={lab.vars["LAB_KEYS"]}/lab-sha256.key']
    done = lab.exec(*argv, timeout=RUN_SECONDS)
    document = validate(Result(done, done.stdout, done.stderr).expect().json, 'provider-check')
    assert document['mode'] == 'live' and document['failed'] == 0 and document['left'] == ''
    passed = {n for n, s in states(document).items() if s == 'passed'}
    assert {'add', 'two-values', 'remove-one', 'foreign-add', 'foreign-remove', 'foreign-same', 'batch', 'two-writers', 'leaks',
            'secrets'} <= passed, states(document)
    assert lab.txt(zone) == before


# ---- providers that are wrong: what each defect of tests/providers/kit.c must be told by


DEFECTS = {
    'policy-empty': ['policy'],
    'option-class': ['option-missing'],
    'option-mute': ['option-missing'],
    'open-asks': ['open-close'],
    'close-crash': ['open-close'],
    'secret-crash': ['secret-odd'],
    'check-writes': ['check-good'],
    'check-fails': ['check-good'],
    'check-blind': ['check-wrong', 'check-auth', 'check-denied', 'check-zone'],
    'class-transient': ['check-wrong', 'check-auth', 'auth', 'denied'],
    'claims': ['add'],
    'crash': ['add'],
    'double-result': ['add'],
    'add-twice-fails': ['add-twice', 'foreign-first', 'lost-after', 'killed'],
    'remove-nothing': ['remove', 'remove-one', 'foreign-remove'],
    'remove-deaf': ['rate-long', 'auth', 'denied'],
    'remove-bug': ['rate-long', 'auth', 'denied'],
    'remove-500': ['error', 'error-long'],
    'remove-absent-fails': ['remove-twice', 'foreign-absent'],
    'remembers': ['add-again'],
    'last-only': ['two-values', 'remove-both'],
    'remove-last-only': ['remove-both'],
    'replaces': ['two-steps', 'foreign-add', 'two-writers'],
    'remove-all': ['remove-one', 'foreign-remove'],
    'mixed-wrong': ['mixed'],
    'by-value': ['names', 'foreign-same'],
    'own-only': ['later-process', 'killed'],
    'batch-cut': ['batch'],
    'dash': ['value-octets'],
    'ttl-strict': ['ttl'],
    'name-cut': ['long-name'],
    'idn': ['idn'],
    'prefix': ['plain-name'],
    'prefix-match': ['foreign-near'],
    'requote': ['foreign-octets'],
    'case': ['name-case'],
    'zone-ok': ['zone-unknown'],
    'zone-first': ['zone-child'],
    'zone-mute': ['zone-parent'],
    'no-retry': ['rate', 'error', 'gateway', 'lost-before', 'lost-after'],
    'rate-class': ['rate-long'],
    'rate-when': ['rate-long'],
    'trusts': ['garbage'],
    'no-head': ['truncated', 'oversized'],
    'partial-lies': ['partial'],
    'first-page': ['pages'],
    'put': ['stale', 'conflict', 'conflict-remove', 'two-writers'],
    'impatient': ['slow'],
    'deaf': ['deadline', 'cancel'],
    'live-never': ['live'],
    'live-own': ['live-later'],
    'live-crash': ['live-odd'],
    'leak': ['leaks'],
    'leak-fd': ['leaks'],
    'litter': ['nothing-left'],
    'log-token': ['secrets'],
    'log-token-backwards': ['secrets'],
    'log-token-piece': ['secrets'],
    'print-token': ['secrets'],
    'ticket-token': ['secrets'],
    'prints': ['silent'],
}
# Those for which a plugin of its own stands in.
PLUGIN_DEFECTS = {
    'bad_major': 'loads',
    'bad_magic': 'loads',
    'bad_small': 'loads',
    'bad_null': 'loads',
    'bad_undefined': 'loads',
    'bad_crash_load': 'loads',
    'bad_exit_load': 'loads',
    'bad_option_twice': 'loads',
    'bad_contradiction': 'descriptor',
    'bad_crash_open': 'open-close',
    'bad_crash_apply': 'add',
    'bad_exit_apply': 'add',
    'bad_close_fds': 'add',
    'bad_double_result': 'add',
    'bad_hang_apply': 'add',
    'bad_class': 'add',
    'bad_flood_output': 'silent',
}


def test_every_check_is_failed_by_some_provider():
    assert {name for names in DEFECTS.values() for name in names} | set(PLUGIN_DEFECTS.values()) == set(ALL)


@pytest.mark.parametrize('defect', DEFECTS)
def test_defect_is_found(defect):
    if defect == 'leak' and sanitized():
        pytest.skip("a sanitizer's allocator tells nothing of the heap")
    wanted = DEFECTS[defect]
    document = validate(offline('-o', f'defect={defect}', '--only', ','.join(wanted), '--json').expect(4, crashes=True).json,
                        'provider-check')
    assert states(document) == dict.fromkeys(wanted, 'failed')
    assert all(c['expected'] and c['seen'] and c['guide'] for c in document['checks']) and document['error'] is None


@pytest.mark.parametrize('plugin', PLUGIN_DEFECTS)
def test_bad_plugin_fails_the_right_check(plugin):
    wanted = PLUGIN_DEFECTS[plugin]
    result = check(PLUGINS / f'{plugin}.so', '--zone', ZONE, '--blind', '--only', wanted, '--json').expect(4, crashes=True)
    assert states(validate(result.json, 'provider-check')) == {wanted: 'failed'}


def sanitized():
    return '#define ZS_SANITIZE 1' in (BUILD / 'config.h').read_text()


def test_what_builds_on_a_failed_check_is_skipped():
    """One cause, one failure: a provider that cannot add is not told so sixty times."""
    document = offline('-o', 'defect=claims', '--json').expect(4).json
    assert [n for n, s in states(document).items() if s == 'failed'] == ['add']
    assert any('check add' in c['reason'] for c in document['checks'] if c['state'] == 'skipped')
    document = check(PLUGINS / 'bad_major.so', '--zone', ZONE, '--blind', '--json').expect(4).json
    assert document['provider'] == '' and document['abi'] == ''
    assert {n: s for n, s in states(document).items() if s != 'skipped'} == {'loads': 'failed'}


def test_failures_say_what_was_seen():
    def texts(defect, *names):
        document = offline('-o', f'defect={defect}', '--only', ','.join(names), '--json').expect(4, crashes=True).json
        return [seen(document, name) for name in names]

    assert 'of another client is gone' in texts('replaces', 'foreign-add')[0]
    assert 'is missing, though it was reported as added' in texts('claims', 'add')[0]
    assert 'is there, though it was reported as removed' in texts('remove-nothing', 'remove')[0]
    assert 'killed by signal' in texts('crash', 'add')[0]
    assert 'broke its contract' in texts('double-result', 'add')[0]
    assert 'deadline' in texts('deaf', 'deadline')[0]
    assert 'says 0' in texts('live-never', 'live')[0]
    assert 'octets of memory' in texts('leak', 'leaks')[0] if not sanitized() else True
    assert 'descriptors' in texts('leak-fd', 'leaks')[0]
    assert 'apply number 1' in texts('prints', 'silent')[0]


@pytest.mark.parametrize('defect, form', [('log-token', 'as it is'), ('log-token-backwards', 'backwards'),
                                          ('print-token', 'hexadecimal'), ('ticket-token', 'a ticket')])
def test_secret_is_found_and_not_shown(defect, form):
    result = offline('-o', f'defect={defect}', '--only', 'add,secrets', '--json', '-vv').expect(4)
    text = seen(result.json, 'secrets')
    assert 'secret' in text and form in text
    assert not re.search(r'Zs[A-Za-z0-9]{38}', result.out), 'the secret itself is in the report'


def test_masked_secret_is_told_with_its_option_and_the_text():
    document = offline('-o', 'defect=log-token', '--only', 'secrets', '--json').expect(4).json
    assert re.fullmatch(r'the secret token, as it is, in a text that zoneseal has masked; a log line .*using \[redacted\]',
                        seen(document, 'secrets'))


def test_piece_of_a_secret_is_found():
    text = seen(offline('-o', 'defect=log-token-piece', '--only', 'secrets', '--json', '-vv').expect(4).json, 'secrets')
    assert 'the secret token, by a piece of it, in a log line' in text


def test_run_that_checks_nothing_is_no_success(simulation):
    arguments = ['--only', 'live,live-later', '--zone', ZONE, '--blind']
    result = check(PLUGINS / 'few_values.so', *arguments).expect(2)
    assert '0 passed, 0 failed, 2 skipped' in result.out and 'nothing is known of the plugin' in result.err
    document = validate(check(PLUGINS / 'few_values.so', *arguments, '--json').expect(2).json, 'provider-check')
    assert 'none of the checks could be made' in document['error']['text'] and len(document['checks']) == 2
    check(PLUGINS / 'few_values.so', '--only', 'loads,live', '--zone', ZONE, '--blind').expect()


def test_text_has_a_line_for_each_check_and_a_sum():
    result = offline('-o', 'defect=claims', '--only', 'loads,add,remove').expect(4)
    lines = result.out.splitlines()
    assert lines[0].startswith('ok    loads ') and lines[1].startswith('FAIL  add ') and 'expected: ' in lines[1]
    assert lines[2].strip().startswith('seen: ') and lines[3].strip() == 'read: ABI.md, section apply'
    assert lines[4].startswith('skip  remove ') and lines[-1] == '1 passed, 1 failed, 1 skipped'
    assert not result.err


# ---- simulations


@pytest.fixture
def simulation(directory):
    """Makes a program from its text."""
    def make(text, name='sim.py', mode=0o755):
        path = directory / name
        path.write_text(textwrap.dedent(text))
        path.chmod(mode)
        return path
    return make


def derived(text):
    return (f'import sys\nsys.path.append({str(SIM.parent)!r})\nfrom kit_sim import Kit, Reply\nimport os, time\n\n\n'
            'class Mine(Kit):\n' + textwrap.indent(textwrap.dedent(text), '    ') + '\n\nMine.main()\n')


LIARS = {
    'dies': ('import sys\nsys.exit("no such service today")', 'no such service today'),
    'raises': ('raise RuntimeError("half written")', 'half written'),
    'ends after ready': ('print("ready", flush=True)', 'ended'),
    'nonsense': ('print("Hello, I am a simulation", flush=True)\nimport time\ntime.sleep(60)', 'nonsense'),
    'unknown word': ('print("colour blue", flush=True)\nimport time\ntime.sleep(60)', 'nonsense'),
    'bad encoding': ('print("option api-url http://x", flush=True)\nimport time\ntime.sleep(60)', 'nonsense'),
    'relative secret': ('print("secret token here", flush=True)\nimport time\ntime.sleep(60)', 'nonsense'),
    'limit that is none': ('print("limit lag soon", flush=True)\nimport time\ntime.sleep(60)', 'nonsense'),
    'limit that is no number': ('print("limit derived yes", flush=True)\nimport time\ntime.sleep(60)', 'nonsense'),
    'canary of two fields': ('print("canary long-enough-for-it more", flush=True)\nimport time\ntime.sleep(60)', 'nonsense'),
    'canary that is short': ('print("canary short", flush=True)\nimport time\ntime.sleep(60)', 'nonsense'),
    'CR alone': ('print("ready\\r\\r", flush=True)\nimport time\ntime.sleep(60)', 'nonsense'),
    'CR before a field': ('print("limit\\r lag 5", flush=True)\nimport time\ntime.sleep(60)', 'nonsense'),
    'name outside the zone': ('print("name a.example.org", flush=True)\nimport time\ntime.sleep(60)', 'nonsense'),
    'line without end': ('print("x" * 200000, end="", flush=True)\nimport time\ntime.sleep(60)', 'without an end'),
    'no answers': ('print("ready", flush=True)\nimport sys\nfor line in sys.stdin:\n    print("error not written yet", flush=True)',
                   'not written yet'),
    'says ok to all': ('print("ready", flush=True)\nimport sys\nfor line in sys.stdin:\n    print("ok", flush=True)',
                       'do not show the value'),
    'speaks unasked': ('import sys\nprint("ready\\nok\\nok", flush=True)\nfor line in sys.stdin:\n    print("ok", flush=True)',
                       'without having been asked'),
    'adds nothing': (derived('def do_add(self, *_):\n    return ["ok"]'), 'do not show the value'),
    'removes nothing': (derived('def do_remove(self, *_):\n    return ["ok"]'), 'still show the value'),
    'shows it twice': (derived('def observe(self):\n    return super().observe() * 2'), 'do not show the value'),
    'counts nothing': (derived('def do_requests(self):\n    return ["ok"]'), 'count'),
    'counts words': (derived('def do_requests(self):\n    return ["count many", "ok"]'), 'nonsense'),
}


@pytest.mark.parametrize('lie', LIARS)
def test_simulation_that_lies_about_itself_is_an_error(simulation, lie):
    text, words = LIARS[lie]
    result = offline('--json', sim=simulation(text)).expect(4)
    document = validate(result.json, 'provider-check')
    assert document['error']['code'] == 'provider' and words in document['error']['text'], document['error']
    assert document['error']['where'].endswith('sim.py') and document['checks'] == []
    assert 'simulation' in offline(sim=simulation(text)).expect(4).err


def test_simulation_that_dies_on_the_way_is_no_verdict(simulation):
    sim = simulation(derived('''
        seen = 0

        def do_violations(self):
            Mine.seen += 1
            if Mine.seen == 20:
                print('out of order', file=sys.stderr, flush=True)
                self.end()
                os._exit(3)
            return super().do_violations()'''))
    document = validate(offline('--json', sim=sim).expect(4).json, 'provider-check')
    assert 'ended' in document['error']['text'] and 'out of order' in document['error']['text']
    assert document['failed'] == 0 and 10 < document['passed'] < 30


def test_simulation_may_be_any_program(simulation):
    sim = simulation(f'#!/bin/sh\nexec {sys.executable} -B {SIM} "$@"\n', name='sim')
    offline('--only', 'add', sim=sim).expect()
    assert 'executable' in offline('--only', 'add', sim=simulation('#!/bin/sh\n', name='other', mode=0o644)).expect(4).err


def test_simulation_may_end_its_lines_as_others_do(simulation):
    sim = simulation(f"""#!/bin/sh
        {sys.executable} -B {SIM} "$@" | sed -u 's/$/\r/'
        """, name='sim')
    checks = ['add', 'two-values', 'foreign-octets', 'denied', 'stale', 'secrets']
    assert states(offline('--only', ','.join(checks), '--json', sim=sim).expect().json) == dict.fromkeys(checks, 'passed')


def test_its_group_ends_with_the_kit(simulation, directory):
    sim = simulation(derived(f'''
        def start(self):
            super().start()
            child = os.fork()
            if not child:
                os.close(0), os.close(1), os.close(2)
                time.sleep(600)
                os._exit(0)
            open({str(directory / 'pid')!r}, 'w').write(str(child))'''))
    offline('--only', 'add', sim=sim).expect()
    pid = int((directory / 'pid').read_text())
    wait_until(lambda: not alive(pid), what='the end of its child')


def alive(pid):
    try:
        with open(f'/proc/{pid}/stat') as f:
            return f.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False


def test_environment_of_the_simulation_has_no_secrets(simulation, directory):
    sim = simulation(derived(f'''
        def start(self):
            super().start()
            open({str(directory / 'env')!r}, 'w').write(repr(dict(os.environ)))'''))
    offline('--only', 'add', sim=sim, env={**os.environ, 'KIT_TOKEN': 'canary-of-this-test', 'MY_SECRET': 'canary-too'}).expect()
    text = (directory / 'env').read_text()
    assert 'canary' not in text and 'ZONESEAL_CONFORMANCE' in text


def test_violations_are_failures_of_the_check(simulation):
    sim = simulation(derived('''
        def handle(self, request):
            if request.path == '/add':
                self.violation('the form of 2019 is gone')
            return super().handle(request)'''))
    document = offline('--only', 'check-good,add', '--json', sim=sim).expect(4).json
    assert states(document) == {'check-good': 'passed', 'add': 'failed'} and 'form of 2019' in seen(document, 'add')


# A service that takes what it is told: the same value twice is two records.
DUPLICATES = '''
    duplicates = True

    def handle(self, request):
        if request.path != '/add':
            return super().handle(request)
        zone, name, value = request.body.decode().split(' ')
        LOOK
        self.zone(zone).add(name, value)
        return Reply(200, 'done')'''


def test_value_that_is_there_twice_is_found(simulation):
    checks = ['add', 'add-twice', 'remove', 'lost-after']
    blind = simulation(derived(DUPLICATES.replace('LOOK', '')))
    document = offline('--only', ','.join(checks), '--json', sim=blind).expect(4).json
    assert states(document) == {'add': 'passed', 'add-twice': 'failed', 'remove': 'passed', 'lost-after': 'failed'}
    assert 'is there twice' in seen(document, 'add-twice') and 'is there twice' in seen(document, 'lost-after')
    # where something looks first, all is well
    careful = simulation(derived(DUPLICATES.replace('LOOK', 'if value.encode() in self.zone(zone).values(name):\n'
                                                            '            return Reply(200, "there")')))
    assert states(offline('--only', ','.join(checks), '--json', sim=careful).expect().json) == dict.fromkeys(checks, 'passed')


def test_duplicates_are_records_of_their_own():
    sys.path.insert(0, str(TOP / 'plugins-sdk/conformance'))
    from zoneseal_sim import Simulation

    class Twice(Simulation):
        duplicates = True

    for kind, number in ((Simulation, 1), (Twice, 2)):
        zone = kind('--zone', ZONE).zones[ZONE]
        first, second = zone.add('a.' + ZONE, 'value'), zone.add('a.' + ZONE, 'value')
        assert len({first.id, second.id}) == number == len(zone.values('a.' + ZONE))
        assert zone.delete(first) and len(zone.records()) == number - 1
        assert not zone.delete(first) and zone.delete(second) == (number == 2)
    zone.add('a.' + ZONE, 'value'), zone.add('a.' + ZONE, 'value')
    assert zone.remove('a.' + ZONE, 'value') and not zone.records()


def test_lag_is_waited_for(simulation):
    text = '''
        def start(self):
            super().start()
            LAG

        def observe(self):
            return [(r.name, r.value) for zone in self.zones.values() for r in zone.all_at(300)]

        def do_clear(self):
            time.sleep(0.4)
            return super().do_clear()'''
    checks = 'add,add-twice,remove,two-values'
    sim = simulation(derived(text.replace('LAG', "self.limit('lag', 2000)")))
    offline('--only', checks, sim=sim).expect()
    sim = simulation(derived(text.replace('LAG', 'pass')))
    offline('--only', checks, sim=sim).expect(4)


def test_few_names_and_unknown_faults_are_skips_with_a_reason(simulation):
    sim = simulation(derived(f'''
        unsupported = {{'pages', 'stale'}}

        def start(self):
            super().start()
            self.name('one.{ZONE}')
            self.name('two.{ZONE}')'''))
    document = validate(offline('--json', sim=sim).expect().json, 'provider-check')
    skipped = {c['name']: c['reason'] for c in document['checks'] if c['state'] == 'skipped'}
    assert {'pages', 'stale', 'batch', 'long-name', 'names', 'partial'} <= skipped.keys()
    assert 'fault stale' in skipped['stale'] and 'names' in skipped['names']
    assert {'add', 'two-values', 'foreign-same', 'lost-after', 'killed'} <= {n for n, s in states(document).items() if s == 'passed'}


def test_limit_of_values_is_compared_with_the_description(simulation):
    sim = simulation(derived('def start(self):\n    super().start()\n    self.limit("values", 2)'))
    assert 'max_values' in seen(offline('--only', 'descriptor', '--json', sim=sim).expect(4).json, 'descriptor')


def reason(document, name):
    return next(c['reason'] for c in document['checks'] if c['name'] == name)


def test_limits_are_skips_with_a_reason_and_no_excuse(simulation):
    """What stays to be tested of such a check is tested all the same."""
    for limit, name, words, defect in (('derived=1', 'plain-name', 'limit derived', 'claims'),
                                       ('reasons=0', 'zone-unknown', 'limit reasons', None),
                                       ('zones=0', 'check-zone', 'cannot be asked', None)):
        arguments = ['--limit', limit, '--only', f'loads,{name}', '--json']
        document = validate(offline(*arguments).expect().json, 'provider-check')
        assert states(document) == {'loads': 'passed', name: 'skipped'} and words in reason(document, name), document
        if defect:
            assert states(offline(*arguments, '-o', f'defect={defect}').expect(4).json) == {'loads': 'passed', name: 'failed'}
    # this one writes into every zone
    sim = simulation(derived('def start(self):\n    self.token = ""'))
    document = offline('--only', 'zone-unknown', '--json', '--limit', 'reasons=0', sim=sim, plugin='memory').expect(4).json
    assert 'success' in seen(document, 'zone-unknown')
    # whoever runs the kit knows better than the simulation
    sim = simulation(derived('def start(self):\n    super().start()\n    self.limit("derived", 1)\n    self.limit("lag", 0)\n'
                             '    self.limit("of-a-later-kit", 7)'))
    assert states(offline('--only', 'loads,plain-name', '--json', sim=sim).expect().json)['plain-name'] == 'skipped'
    assert states(offline('--only', 'plain-name', '--json', '--limit', 'derived=0', sim=sim).expect().json) == {'plain-name': 'passed'}
    assert 'max_values' in seen(offline('--only', 'descriptor', '--json', '--limit', 'values=2').expect(4).json, 'descriptor')


def test_limits_hold_without_a_simulation():
    document = check('memory', '--zone', ZONE, '--blind', '--json', '--only', 'loads,plain-name', '--limit=derived=1').expect().json
    assert states(document)['plain-name'] == 'skipped' and 'limit derived' in reason(document, 'plain-name')


def test_simulation_gets_its_arguments(simulation):
    sim = simulation(derived("""
        @classmethod
        def add_arguments(cls, parser):
            parser.add_argument('--fixed')
            parser.add_argument('word', nargs='*')

        def start(self):
            super().start()
            assert self.arguments.word == ['a b', '*'], self.arguments
            self.name(self.arguments.fixed)"""))
    arguments = [f'--offline-argument=--fixed=one.{ZONE}', '--offline-argument', 'a b', '--offline-argument', '*']
    document = offline('--only', 'add,names', '--json', *arguments, sim=sim).expect().json
    assert states(document) == {'add': 'passed', 'names': 'skipped'}
    assert 'the simulation ended' in offline('--only', 'add', sim=sim).expect(4).err


@pytest.mark.parametrize('canary, found', [("the service answered with status", True), ("in no text of anybody's", False)])
def test_canary_of_a_simulation_is_looked_for(simulation, canary, found):
    """A secret that is no option: what the service hands out."""
    sim = simulation(derived(f'def start(self):\n    super().start()\n    assert self.canary({canary!r}) == {canary!r}'))
    document = offline('--only', 'secrets', '--json', sim=sim).expect(4 if found else 0).json
    assert states(document) == {'secrets': 'failed' if found else 'passed'}
    assert not found or ('canary' in seen(document, 'secrets') and canary not in seen(document, 'secrets'))


def test_canary_is_said_at_the_start_or_never(simulation):
    sys.path.insert(0, str(TOP / 'plugins-sdk/conformance'))
    from zoneseal_sim import Simulation

    class Late(Simulation):
        def start(self):
            self.made = self.canary()
            with pytest.raises(ValueError, match='octets'):
                self.canary('  short  ')

    with Late('--zone', ZONE, '--plain') as sim:
        assert len(sim.made) == 40 and f'canary {sim.made}' in sim.hello()
        with pytest.raises(RuntimeError, match='start'):
            sim.canary()


# ---- options


@pytest.fixture
def served():
    """The service without a kit: its URL and the path of the token."""
    process = subprocess.Popen([sys.executable, '-B', SIM, '--zone', ZONE, '--serve'], stdout=subprocess.PIPE, text=True,
                               env={**os.environ, 'ZONESEAL_CONFORMANCE': str(TOP / 'plugins-sdk/conformance')})
    found = {}
    for line in process.stdout:
        words = line.split()
        if words == ['ready']:
            break
        found[words[1]] = words[2].replace('%3A', ':').replace('%2F', '/')
    yield found
    process.terminate()
    process.wait(timeout=30)


BLIND = 'option-missing,open-close,check-good,add,later-process,secrets'


def test_options_of_the_command_line(served):
    check(KIT, '--zone', ZONE, '--blind', '--only', BLIND, '-o', f'api-url={served["api-url"]}', '-o',
          f'token-file={served["token"]}').expect()


def test_instance_of_the_configuration(served, directory):
    config = directory / 'zoneseal.conf'
    config.write_text(f'[provider mine]\nplugin = {KIT}\napi-url = {served["api-url"]}\ntoken-file = {served["token"]}\n')
    config.chmod(0o600)
    check('mine', '--config', config, '--zone', ZONE, '--blind', '--only', BLIND).expect()
    # the command line goes before the file
    document = check('mine', '--config', config, '--zone', ZONE, '--blind', '--only', 'check-good', '-o',
                     'api-url=http://127.0.0.1:1', '--json').expect(4).json
    assert states(document) == {'check-good': 'failed'}


def test_secret_of_the_environment_serves_every_process(served):
    with open(served['token'], encoding='ascii') as f:
        token = f.read()
    env = {**os.environ, 'KIT_API_URL': served['api-url'], 'KIT_TOKEN': token}
    check(KIT, '--zone', ZONE, '--blind', '--only', BLIND, env=env).expect()
    env = {**os.environ, 'KIT_API_URL': served['api-url'], 'KIT_TOKEN_FILE': served['token']}
    check(KIT, '--zone', ZONE, '--blind', '--only', BLIND, env=env).expect()
    env['KIT_TOKEN'] = 'another-one-of-this-test'
    document = check(KIT, '--zone', ZONE, '--blind', '--only', 'check-good,secrets', '--json', env=env).expect(4).json
    assert states(document) == {'check-good': 'failed', 'secrets': 'passed'}


@pytest.mark.parametrize('arguments, words', [
    ([], 'wants a plugin'),
    ([KIT], '--zone'),
    ([KIT, '--zone', 'no zone'], 'no name of a zone'),
    ([KIT, '--zone', '*.example.test'], 'wildcard'),
    ([KIT, '--zone', ZONE, '--offline', 'nowhere'], 'nowhere_sim.py'),
    ([KIT, '--zone', ZONE, '--offline', './nowhere.py'], './nowhere.py'),
    ([KIT, '--zone', ZONE, '--offline', SIM, '--blind'], 'either'),
    ([KIT, '--zone', ZONE, '--blind', '--only', 'ad'], 'no check "ad"'),
    ([KIT, '--zone', ZONE, '--blind', '--only', 'add-twise'], 'did you mean add-twice'),
    ([KIT, '--zone', ZONE, '--blind', '-o', 'nonsense'], 'KEY=VALUE'),
    ([KIT, '--zone', ZONE, '--blind', '--limit', 'derived'], 'NAME=NUMBER'),
    ([KIT, '--zone', ZONE, '--blind', '--limit', 'derived=yes'], 'NAME=NUMBER'),
    ([KIT, '--zone', ZONE, '--blind', '--limit', 'lag=3600001'], 'up to 3600000'),
    ([KIT, '--zone', ZONE, '--blind', '--limit', 'colour=1'], 'derived'),
    ([KIT, '--zone', ZONE, '--blind', '--offline-argument', 'x'], '--offline'),
])
def test_command_line_that_makes_no_sense(arguments, words):
    result = check(*arguments).expect(2)
    assert words in result.err and 'next:' in result.err
    assert validate(check(*arguments, '--json').expect(2).json, 'provider-check')['error']['code'] == 'usage'


def test_option_that_the_plugin_does_not_have(served):
    document = check(KIT, '--zone', ZONE, '--blind', '--only', 'open-close', '-o', 'colour=blue', '--json').expect(4).json
    assert 'colour' in seen(document, 'open-close')


# ---- a live zone that is left


@pytest.mark.parametrize('signo', [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_it_with_a_clean_zone(lab, signo):
    before = lab.txt('example.test')
    process = lab.popen([BUILD / 'zoneseal', 'provider', 'check', 'rfc2136', '--zone', 'example.test', '-o',
                         f'nameserver={lab.vars["LAB_PRIMARY"]}', '-o', f'tsig-key-file={lab.vars["LAB_KEYS"]}/lab-sha256.key',
                         '--only', 'leaks,batch,leaks,batch,leaks,batch,leaks,batch', '--json'],
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    front = front_of(process)
    wait_until(lambda: lab.txt('example.test') != before or process.poll() is not None, what='a record of the kit')
    kill(front, signo)
    out, _ = process.communicate(timeout=60)
    if process.returncode:
        assert json.loads(out)['error']['code'] == 'cancelled', out
    assert lab.txt('example.test') == before


# ---- documents and tables


def test_values_are_those_of_their_tokens():
    source = (TOP / 'core/front/kit_zone.c').read_text()
    thumbprint = re.search(r'#define THUMBPRINT "([\w-]{43})"', source)[1]
    pairs = re.findall(r'VALUE\("([\w-]{43})", "([\w-]{43})"\)', source)
    assert len(pairs) == 18 and len({v for _, v in pairs}) == 18
    for token, value in pairs:
        digest = hashlib.sha256(f'{token}.{thumbprint}'.encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b'=').decode() == value
    assert pairs[2][1].startswith('-') and pairs[3][1].startswith('_')


def test_readme_has_the_table_of_checks():
    text = (TOP / 'plugins-sdk/conformance/README.md').read_text()
    rows = [tuple(cell.strip() for cell in line.strip('|').split('|')) for line in text[text.index('## The checks'):].splitlines()
            if line.startswith('| `')]
    assert rows == [(f'`{c["name"]}`', c['proves'], c['needs']) for c in listed().values()]


def test_guides_of_the_checks_are_sections():
    headings = set(re.findall(r'^#+ (.*)$', (TOP / 'plugins-sdk/ABI.md').read_text(), re.M))
    assert {c['guide'] for c in listed().values()} <= headings
