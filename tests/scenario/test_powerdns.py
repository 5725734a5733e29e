# SPDX-License-Identifier: Apache-2.0
"""The powerdns provider: the plugin alone against a simulation of the API, and whole issuances with the lab's PowerDNS."""

import base64
import json
import re
import subprocess
import sys
import threading

import pytest
from conftest import BUILD, SANITIZER, TOP

sys.path[:0] = [str(TOP / 'tests/lib'), str(TOP / 'providers/powerdns'), str(TOP / 'plugins-sdk/conformance')]

from pluginhost import ADD, AUTH, CONFIG, CONFLICT, NOT_FOUND, OK, REMOVE, TRANSIENT, Plugin
from powerdns_sim import PowerDNS
from zoneseal_sim import Reply

ZONE = 'example.test'
NAME = f'_acme-challenge.{ZONE}'
PLUGIN = BUILD / 'providers/powerdns/.libs/powerdns.so'
FOREIGN = 'somebody-elses-value'
OLD, NEW = '4.7.3', '5.0.2'

alone = pytest.mark.skipif(SANITIZER, reason='a plugin with sanitizers cannot be loaded into this Python')
both = pytest.mark.parametrize('version', [OLD, NEW])


def value(number=0):
    return f'{number:03}' + 'v' * 40


def name(number):
    return f'_acme-challenge.h{number}.{ZONE}'


class Case:
    """A simulation in this process and the plugin in front of it."""

    def __init__(self, *arguments, version=NEW, simulation=PowerDNS, **options):
        self.sim = simulation('--zone', ZONE, '--server-version', version, *arguments).begin()
        secrets = {option: path.read_text() for option, path in self.sim.secrets.items()}
        self.options = {k.replace('-', '_'): v for k, v in {**self.sim.options, **secrets}.items()}
        self.plugin = Plugin(PLUGIN)
        answer = self.plugin.open(**{**self.options, **options})
        assert answer.code == OK, answer.text

    def counted(self, call, *arguments):
        before = self.sim.count
        answer = call(*arguments)
        return answer, self.sim.count - before

    def add(self, *pairs):
        return self.counted(self.plugin.apply, ZONE, [(ADD, *pair) for pair in pairs])

    def remove(self, *pairs):
        return self.counted(self.plugin.apply, ZONE, [(REMOVE, *pair) for pair in pairs])

    def records(self):
        return {(n, v.decode()) for n, v in self.sim.observe()}

    def end(self):
        self.plugin.close()
        self.sim.end()
        assert not self.sim._violations, self.sim._violations


@pytest.fixture
def case():
    cases = []

    def make(*arguments, **options):
        cases.append(Case(*arguments, **options))
        return cases[-1]

    yield make
    for one in cases:
        one.end()


# ---- what the server says -----------------------------------------------------------------------------------------------


def forms(secret):
    """As it is, in hexadecimal, and in base64 at each of the three places that it can have in something longer."""
    raw = secret.encode()
    yield from (secret, raw.hex(), raw.hex().upper(), base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode())
    for before in (b'k:', b'u:'[:1]):
        yield base64.b64encode(before + raw).decode()


def told(answer):
    """All that a call says."""
    return '\n'.join([answer.text, answer.printed, *(text for _, text in answer.results.values()),
                      *(text for _, text in answer.logged)])


def shows_part(text, form):
    """Whether eight characters of it in a row are there."""
    return any(form[i:i + 8] in text for i in range(len(form) - 8))


@alone
@both
@pytest.mark.parametrize('which', range(7))
@pytest.mark.parametrize('before', [0, 275])
def test_key_that_the_server_echoes_in_a_refusal_is_not_shown(case, version, which, before):
    c = case(version=version)
    form = list(forms(c.sim.key))[which]
    c.sim.patch = lambda zone, request: Reply(422, {'error': f'{"z" * before} bad key {form} end'})
    answer, _ = c.add((NAME, value()))
    code, text = answer.of(0)
    assert code == CONFIG and NAME in text and 'PowerDNS refuses the TXT record' in text
    assert not shows_part(told(answer), form), told(answer)
    if not before:
        assert 'bad key' in text and '[redacted]' in text and text.endswith('end')


@alone
def test_key_that_the_server_echoes_in_another_failure_is_not_shown(case):
    c = case()
    for before in range(200, 300, 5):
        c.sim.patch = lambda zone, request, n=before: Reply(404, {'error': f'{"z" * n}{c.sim.key}'})
        answer, _ = c.add((NAME, value()))
        assert answer.code == NOT_FOUND and not shows_part(told(answer), c.sim.key), told(answer)


@alone
@both
def test_key_in_the_target_of_an_alias_is_not_shown(case, version):
    c = case('--cname', NAME, version=version)
    serve = c.sim.get

    def echo(zone, request):
        reply = serve(zone, request)
        return Reply(reply.status, reply.body.decode().replace('elsewhere.', f'{c.sim.key}.'))

    c.sim.get = echo
    for answer in (c.add((NAME, value()))[0], c.plugin.check({ZONE: [NAME]})):
        code, text = answer.of(0)
        assert code == CONFIG and 'alias' in text and '[redacted].example.net' in text
        assert not shows_part(told(answer), c.sim.key)


# ---- what a change takes ----------------------------------------------------------------------------------------------


@alone
def test_single_records_take_a_look_a_change_and_a_look(case):
    c = case(version=NEW)
    assert c.add((NAME, value(1))) == (c.plugin.answer, 2 + 3)      # server and zone once
    assert c.add((NAME, value(2)))[1] == 3
    assert c.add((NAME, value(2)))[1] == 1                          # there already
    assert c.remove((NAME, value(1)))[1] == 3
    assert c.remove((NAME, value(1)))[1] == 1
    assert c.records() == {(NAME, value(2))}


@alone
def test_whole_sets_take_one_look_more(case):
    c = case(version=OLD)
    assert c.add((NAME, value(1))) == (c.plugin.answer, 2 + 4)
    assert c.add((NAME, value(2)))[1] == 4
    assert c.add((NAME, value(2)))[1] == 1
    assert c.remove((NAME, value(1)))[1] == 4
    assert c.records() == {(NAME, value(2))}


@alone
@both
def test_many_names_go_in_one_change(case, version):
    c = case(version=version)
    changes = []
    c.sim.patch = lambda zone, request: changes.append(request) or PowerDNS.patch(c.sim, zone, request)
    pairs = [(name(i), value(i)) for i in range(100)]
    assert c.add(*pairs)[0].code == OK and len(changes) == 1
    assert c.records() == set(pairs)
    assert c.remove(*pairs)[0].code == OK and len(changes) == 2
    assert not c.records()


@alone
@both
def test_other_values_their_ttl_and_other_types_stay(case, version):
    c = case(version=version, ttl='77')
    zone = c.sim.zones[ZONE]
    zone.add(NAME, FOREIGN, ttl=300)
    zone.add(NAME, b'\x00\xff"\\ two', ttl=300)
    before = zone.values(NAME)
    assert c.add((NAME, value(1)), (NAME, value(2)), (name(1), value(3)))[0].code == OK
    assert zone.values(NAME)[:2] == before and len(zone.values(NAME)) == 4
    assert {r.ttl for r in zone.records(NAME)} == {300} and {r.ttl for r in zone.records(name(1))} == {77}
    assert c.remove((NAME, value(1)), (NAME, value(2)), (name(1), value(3)))[0].code == OK
    assert zone.values(NAME) == before and zone.values(name(1)) == []


@alone
def test_disabled_records_stay_and_one_of_ours_is_put_in_force(case):
    c = case(version=OLD)
    zone = c.sim.zones[ZONE]
    zone.add(NAME, 'asleep', disabled=True)
    zone.add(NAME, value(1), disabled=True)
    assert c.add((NAME, value(1)))[0].code == OK
    assert {(r.value, r.data.get('disabled')) for r in zone.records(NAME)} == {(b'asleep', True), (value(1).encode(), False)}
    assert c.remove((NAME, value(1)))[0].code == OK
    assert [(r.value, r.data['disabled']) for r in zone.records(NAME)] == [(b'asleep', True)]


@alone
def test_server_that_is_older_than_it_says_gets_whole_sets(case):
    c = case('--no-extend', version=NEW)
    c.sim.zones[ZONE].add(NAME, FOREIGN)
    assert c.add((NAME, value()))[0].code == OK
    assert c.records() == {(NAME, FOREIGN), (NAME, value())}
    assert any('in spite of its version' in text for _, text in c.plugin.answer.logged)
    assert c.remove((NAME, value()))[0].code == OK
    assert c.records() == {(NAME, FOREIGN)}


@alone
@both
@pytest.mark.parametrize('fault', ['lost-before', 'lost-after', 'truncated', 'garbage', 'gateway', 'error',
                                   'rate'])
def test_an_answer_that_is_lost_costs_no_value(case, version, fault):
    c = case(version=version)
    c.sim.zones[ZONE].add(NAME, FOREIGN)
    for skip in (0, 1, 2, 3, 4):
        c.sim.command(f'fault {fault} 1 0 {skip}')
        assert c.add((NAME, value(skip)))[0].code == OK, c.plugin.answer
        c.sim.command('fault error 1 0 2')
        assert c.remove((NAME, value(skip)))[0].code == OK, c.plugin.answer
        assert c.records() == {(NAME, FOREIGN)}


@alone
@both
@pytest.mark.parametrize('skip', range(5))
def test_an_answer_that_is_too_large_is_asked_for_once_and_costs_no_value(case, version, skip):
    """The server, the zone, the sets, the change, the sets: where one is not needed, or can be had otherwise, all is well."""
    c = case(version=version)
    c.sim.zones[ZONE].add(NAME, FOREIGN)
    c.sim.command(f'fault oversized 1 0 {skip}')
    answer, requests = c.add((NAME, value()))
    assert answer.code == OK or (answer.code == TRANSIENT and 'too large' in answer.text and requests == skip + 1), answer
    assert c.add((NAME, value()))[0].code == OK
    assert c.records() == {(NAME, FOREIGN), (NAME, value())}


@alone
@both
def test_failure_that_lasts_ends_the_call(case, version):
    c = case(version=version)
    c.add((NAME, value(1)))
    c.sim.matches = lambda kind, request: request.method == 'PATCH'
    c.sim.command('fault error 100')
    answer, _ = c.add((NAME, value(2)))
    assert answer.code == TRANSIENT and '500' in answer.text and 'log' in answer.text
    assert c.records() == {(NAME, value(1))}


@alone
def test_zone_that_does_not_fit_into_an_answer_is_read_name_by_name(case):
    c = case(version=OLD)
    zone = c.sim.zones[ZONE]
    zone.replace(f'big.{ZONE}', [i.to_bytes(4, 'big') + b'\xff' * 251 for i in range(4000)])
    zone.add(NAME, FOREIGN)
    assert c.add((NAME, value()))[0].code == OK, c.plugin.answer
    assert set(zone.values(NAME)) == {FOREIGN.encode(), value().encode()}
    assert any('does not fit' in text for _, text in c.plugin.answer.logged)
    assert c.remove((NAME, value()))[0].code == OK
    assert zone.values(NAME) == [FOREIGN.encode()] and len(zone.values(f'big.{ZONE}')) == 4000


# ---- somebody else writes, too ------------------------------------------------------------------------------------------


class Meddled(PowerDNS):
    """Somebody else is called before and after each PATCH, and after each look."""

    def __init__(self, *argv):
        super().__init__(*argv)
        self.before_patch, self.after_patch, self.after_get = [], [], []

    def patch(self, zone, request):
        self.meddle(self.before_patch)
        reply = super().patch(zone, request)
        self.meddle(self.after_patch)
        return reply

    def get(self, zone, request):
        reply = super().get(zone, request)
        self.meddle(self.after_get)
        return reply

    @staticmethod
    def meddle(list):
        if list:
            list.pop(0)()


@alone
def test_value_that_comes_in_between_survives_where_single_records_are_written(case):
    c = case(version=NEW)
    for call in (c.add, c.remove):
        c.sim.command('fault conflict 1')
        assert call((NAME, value()))[0].code == OK
    assert len(c.records()) == 2 and all(v.startswith('conflict-') for _, v in c.records())


@alone
@both
def test_value_that_an_older_copy_overwrites_is_written_again(case, version):
    c = case(version=version, simulation=Meddled)
    zone = c.sim.zones[ZONE]
    zone.add(NAME, FOREIGN)
    stale = zone.values(NAME) + [b'theirs']
    c.sim.after_patch.append(lambda: zone.replace(NAME, stale))
    assert c.add((NAME, value()))[0].code == OK
    assert set(zone.values(NAME)) == {*stale, value().encode()}


@alone
def test_older_copy_that_is_written_after_the_first_look_is_noticed(case):
    c = case(version=OLD, simulation=Meddled)
    zone = c.sim.zones[ZONE]
    c.sim.after_get += [lambda: None, lambda: zone.replace(NAME, [b'theirs'])]      # the look before, the look after
    assert c.add((NAME, value()))[0].code == OK
    assert set(zone.values(NAME)) == {b'theirs', value().encode()}


@alone
def test_change_between_look_and_write_is_warned_of(case):
    c = case(version=OLD, simulation=Meddled)
    zone = c.sim.zones[ZONE]

    def meddle():
        zone.add(NAME, 'theirs')
        c.sim.serial += 1

    c.sim.before_patch.append(meddle)
    assert c.add((NAME, value()))[0].code == OK
    assert zone.values(NAME) == [value().encode()]      # what no client of whole sets can see
    warnings = [text for level, text in c.plugin.answer.logged if level == 1]
    assert len(warnings) == 1 and ZONE in warnings[0] and '5.0.2' in warnings[0]
    assert c.add((NAME, value(1)))[0].code == OK
    assert not [text for level, text in c.plugin.answer.logged if level <= 1]


@alone
def test_name_that_is_overwritten_all_the_time_ends_with_the_deadline(case):
    c = case(version=OLD, simulation=Meddled)
    zone = c.sim.zones[ZONE]
    c.plugin.deadline_ms = 1500
    c.sim.after_patch += [lambda: zone.replace(NAME, [b'theirs'])] * 100000
    answer, _ = c.add((NAME, value()))
    assert answer.code == CONFLICT and NAME in answer.text
    assert zone.values(NAME) == [b'theirs']


# ---- names and zones ------------------------------------------------------------------------------------------------------


@alone
@both
def test_alias_at_one_name_does_not_stop_the_others(case, version):
    c = case('--cname', name(3), version=version)
    answer, _ = c.add(*[(name(i), value(i)) for i in range(6)])
    assert answer.code == OK
    code, text = answer.of(3)
    assert code == CONFIG and name(3) in text and 'elsewhere.example.net' in text
    assert c.records() == {(name(i), value(i)) for i in range(6) if i != 3}
    assert c.remove(*[(name(i), value(i)) for i in range(6)])[0].code == OK and not c.plugin.answer.results


@alone
@both
def test_name_that_the_server_refuses_does_not_stop_the_others(case, version):
    c = case('--refuse', name(3), version=version)
    answer, _ = c.add(*[(name(i), value(i)) for i in range(6)], (name(3), value(100)))
    assert answer.code == OK
    for index in (3, 6):
        code, text = answer.of(index)
        assert code == CONFIG and name(3) in text and 'unsupported characters' in text
    assert c.records() == {(name(i), value(i)) for i in range(6) if i != 3}


@alone
def test_zone_above_is_named_instead(case):
    c = case()
    answer = c.plugin.apply(f'sub.{ZONE}', [(ADD, f'_acme-challenge.sub.{ZONE}', value())])
    assert (answer.code, answer.zones) == (NOT_FOUND, [ZONE])
    assert f'no zone sub.{ZONE}' in answer.text
    answer = c.plugin.apply('other.example', [(ADD, '_acme-challenge.other.example', value())])
    assert answer.code == NOT_FOUND and not answer.zones and 'other.example' in answer.text


@alone
@pytest.mark.parametrize('kind', ['Slave', 'Consumer', 'Secondary'])
def test_copy_of_a_zone_is_refused(case, kind):
    c = case('--kind', kind)
    assert c.add((NAME, value()))[0].code == CONFIG and kind in c.plugin.answer.text and 'primary' in c.plugin.answer.text
    code, text = c.plugin.check({ZONE: [NAME]}).of(0)
    assert code == CONFIG and kind in text
    assert not c.records()


@alone
def test_zone_that_was_made_anew_is_found_again(case):
    c = case(version=OLD)
    c.add((NAME, value(1)))
    c.sim.command(f'zone remove {ZONE}')
    assert c.add((NAME, value(2)))[0].code == NOT_FOUND
    c.sim.command(f'zone add {ZONE}')
    assert c.add((NAME, value(2)))[0].code == OK
    assert c.records() == {(NAME, value(2))}


@alone
def test_zones_are_listed_and_found(case):
    c = case('--zone', f'deep.sub.{ZONE}')
    assert sorted(c.plugin.zones().zones) == sorted([ZONE, f'deep.sub.{ZONE}'])
    assert c.plugin.zones(f'a.b.deep.sub.{ZONE}').zones == [f'deep.sub.{ZONE}']
    assert c.plugin.zones(f'sub.{ZONE}').zones == [ZONE]
    assert c.plugin.zones('other.example').zones == [] and c.plugin.answer.code == OK


# ---- options and check ------------------------------------------------------------------------------------------------------


@alone
def test_check_changes_nothing_and_judges_each_zone(case):
    c = case('--zone', 'b.example', '--cname', '_acme-challenge.b.example')
    changes = []
    c.sim.patch = lambda zone, request: changes.append(request)
    answer = c.plugin.check({ZONE: [NAME, name(1)], 'b.example': ['_acme-challenge.b.example'], 'c.example': [],
                             f'sub.{ZONE}': []})
    assert [answer.of(i)[0] for i in range(4)] == [OK, CONFIG, NOT_FOUND, NOT_FOUND]
    assert 'CNAME' in answer.of(1)[1] and answer.zones == [ZONE] and not changes


@alone
def test_check_remarks_on_a_serial_that_stays(case):
    c = case('--kind', 'Master')
    shown = c.sim.zone_shown
    assert c.plugin.check({ZONE: [NAME]}).of(0) == (OK, '')
    c.sim.get = lambda zone, request: PowerDNS.get(c.sim, zone, request) if 'rrsets' not in request.query else \
        sim_reply(shown(zone) | {'soa_edit_api': ''})
    code, text = c.plugin.check({ZONE: [NAME]}).of(0)
    assert code == OK and 'SOA-EDIT-API' in text


def sim_reply(body):
    from zoneseal_sim import Reply
    return Reply(200, body)


@alone
def test_wrong_key_is_told_as_such_and_never_shown(case):
    key = 'Wrong0123456789'
    c = case(api_key=key)
    answer = c.plugin.check({ZONE: [NAME]})
    assert answer.code == AUTH and 'api-key' in answer.text
    assert c.add((NAME, value()))[0].code == AUTH
    assert key not in repr(c.plugin.answer)
    c.sim._violations.clear()


@alone
def test_url_is_taken_with_and_without_its_path(case):
    c = case()
    c.plugin.close()
    for url in (c.sim.url + '/', c.sim.url + '/api/v1', c.sim.url + '/api/v1/'):
        with Plugin(PLUGIN) as plugin:
            assert plugin.open(**{**c.options, 'api_url': url}).code == OK
            assert plugin.check({ZONE: [NAME]}).code == OK
    with Plugin(PLUGIN) as plugin:
        assert plugin.open(**{**c.options, 'api_url': c.sim.url + '/elsewhere'}).code == OK
        answer = plugin.check({ZONE: [NAME]})
        assert answer.code == CONFIG and '404' in answer.text and 'api=yes' in answer.text
    c.sim._violations.clear()


@alone
def test_server_id_is_used_where_it_is_given(case):
    c = case(server_id='localhost')
    assert c.plugin.check({ZONE: [NAME]}).code == OK
    c = case(server_id='other')
    answer = c.plugin.check({ZONE: [NAME]})
    assert answer.code == CONFIG and '404' in answer.text
    c.sim._violations.clear()


@alone
@pytest.mark.parametrize('option, given, words', [
    ('api_key', 'two words', 'api-key'), ('api_key', 'line\nend', 'api-key'), ('server_id', '..', 'server-id'),
    ('api_url', 'http://example.org', 'allow-http'),
])
def test_options_that_make_no_sense_are_named(case, option, given, words):
    c = case()
    with Plugin(PLUGIN) as plugin:
        answer = plugin.open(**{**c.options, option: given})
        assert answer.code == CONFIG and words in answer.text and given not in answer.text.replace('http://example.org', '')


# ---- the kit ------------------------------------------------------------------------------------------------------------------


def has_kit():
    return 'check' in subprocess.run([BUILD / 'zoneseal', 'provider', '--help'], capture_output=True, text=True).stdout


kit = pytest.mark.skipif(not (BUILD / 'zoneseal').exists() or not has_kit(), reason='this build has no conformance kit')


# What an API with one key that may do anything, and whole sets in an answer, does not have.
SKIPPED = {'policy', 'check-denied', 'denied', 'partial', 'pages', 'live', 'live-later', 'live-odd'}
# And what an old server, which only knows whole sets, is not measured by.
OLD_SKIPPED = {'stale', 'conflict', 'conflict-remove'}


@kit
@both
def test_conformance_kit_is_content_with_the_simulation(version, directory):
    sim = directory / 'sim'
    sim.write_text(f'#!/bin/sh\nexec {TOP}/providers/powerdns/powerdns_sim.py --server-version {version} "$@"\n')
    sim.chmod(0o755)
    result = subprocess.run([BUILD / 'zoneseal', 'provider', 'check', 'powerdns', '--zone', 'example.test', '--offline', sim],
                            capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr
    wanted = SKIPPED | (OLD_SKIPPED if version == OLD else set())
    assert set(re.findall(r'^skip  (\S+)', result.stdout, re.M)) == wanted, result.stdout


@kit
def test_conformance_kit_is_content_with_the_real_server(lab):
    result = lab.exec(BUILD / 'zoneseal', 'provider', 'check', 'powerdns', '--zone', LAB_ZONE,
                      '-o', f'api-url={lab.vars["LAB_PDNS_URL"]}', '-o', f'api-key-file={lab.vars["LAB_PDNS_KEY_FILE"]}',
                      timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr


# ---- a real server --------------------------------------------------------------------------------------------------------------

LAB_ZONE = 'pdns.example.test'
LAB_NAME = f'_acme-challenge.{LAB_ZONE}'

# Runs inside the lab.  Reads the key from a file; standard input has requests as JSON, one in a line.
CLIENT = r'''
import json, sys, urllib.error, urllib.request
key = open(sys.argv[2]).read().strip()
for line in sys.stdin:
    method, path, body = json.loads(line)
    request = urllib.request.Request(sys.argv[1] + '/api/v1/servers/localhost' + path, method=method,
                                     data=json.dumps(body).encode() if body else None, headers={'X-API-Key': key})
    try:
        with urllib.request.urlopen(request) as answer:
            print(json.dumps([answer.status, json.loads(answer.read() or b'null')]), flush=True)
    except urllib.error.HTTPError as e:
        print(json.dumps([e.code, e.read().decode()]), flush=True)
'''


class Api:
    """Somebody else with the server's key."""

    def __init__(self, lab):
        self.process = subprocess.Popen([TOP / 'scripts/lab', 'exec', '--', sys.executable, '-c', CLIENT,
                                         lab.vars['LAB_PDNS_URL'], lab.vars['LAB_PDNS_KEY_FILE']], env=lab.env, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, method, path, body=None):
        print(json.dumps([method, path, body]), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def sets(self, name, zone=LAB_ZONE):
        """The TXT sets at a name, disabled records and comments included."""
        status, answer = self.ask('GET', f'/zones/{zone}.')
        assert status == 200, answer
        return [s for s in answer['rrsets'] if s['name'] == name + '.' and s['type'] == 'TXT']

    def patch(self, *rrsets, zone=LAB_ZONE):
        return self.ask('PATCH', f'/zones/{zone}.', {'rrsets': list(rrsets)})

    def write(self, name, records, ttl=60, **more):
        records = [{'content': f'"{v}"', 'disabled': d} for v, d in records]
        how = {'changetype': 'REPLACE', 'ttl': ttl, 'records': records} if records else {'changetype': 'DELETE'}
        return self.patch({'name': name + '.', 'type': 'TXT', **how, **more})

    def end(self):
        self.process.stdin.close()
        self.process.wait(30)


@pytest.fixture
def api(lab):
    client = Api(lab)
    yield client
    client.end()


def plain(sets):
    """What is in the sets, without what a server adds."""
    return [(s['ttl'], sorted((r['content'], r['disabled']) for r in s['records']), [c['content'] for c in s['comments']])
            for s in sets]


def ours(lab):
    return {(n, v) for n, v in lab.txt(LAB_ZONE) if re.fullmatch(r'[A-Za-z0-9_-]{43}', v)}


@pytest.fixture
def pdns(lab, zs):
    """zoneseal with the lab's PowerDNS; nothing of ours may be left in its zone."""
    zs.providers['pdns'] = {'plugin': 'powerdns', 'api-url': lab.vars['LAB_PDNS_URL'],
                            'api-key-file': lab.vars['LAB_PDNS_KEY_FILE']}
    zs.zones[LAB_ZONE] = {'provider': 'pdns'}
    yield zs
    assert not ours(lab)


def test_apex_and_wildcard_are_issued_and_nothing_is_left(pdns, lab):
    pdns.certificate('site', LAB_ZONE, f'*.{LAB_ZONE}', f'www.{LAB_ZONE}').run('issue').expect()
    assert (pdns.current('site') / 'fullchain.pem').exists()
    assert lab.txt(LAB_ZONE) == set()


def test_what_others_have_at_the_name_survives(pdns, lab, api):
    assert api.write(LAB_NAME, [('left-by-another', False), ('asleep', True), ('two" "strings', False)], ttl=321,
                     comments=[{'content': 'a comment', 'account': 'somebody'}])[0] == 204
    before = plain(api.sets(LAB_NAME))
    assert len(before[0][1]) == 3 and before[0][2] == ['a comment']
    pdns.certificate('site', LAB_ZONE, f'*.{LAB_ZONE}').run('issue').expect()
    assert plain(api.sets(LAB_NAME)) == before
    api.write(LAB_NAME, [])


def test_wrong_key_ends_the_run_before_an_order(pdns, lab, directory):
    key = directory / 'wrong.key'
    key.write_text('not-the-key-0123456789\n')
    key.chmod(0o600)
    pdns.providers['pdns']['api-key-file'] = key
    mark = lab.mark()
    result = pdns.certificate('site', LAB_ZONE).run('issue').expect(4)
    assert 'api-key' in result.err and 'not-the-key' not in result.err + result.out
    assert not mark.count('/order-plz')


def test_zone_that_the_server_does_not_have_is_told_before_an_order(pdns, lab):
    pdns.zones['example.test'] = {'provider': 'pdns'}
    mark = lab.mark()
    result = pdns.certificate('site', 'www.example.test').run('issue').expect(4)
    assert 'PowerDNS has no zone example.test' in result.err
    assert not mark.count('/order-plz')


def test_copy_of_a_zone_is_refused_before_an_order(pdns, lab, api):
    """The server itself would take the change, until the next transfer."""
    assert api.ask('PUT', f'/zones/{LAB_ZONE}.', {'kind': 'Slave', 'masters': ['127.53.0.99']})[0] == 204
    try:
        assert api.write(LAB_NAME, [('taken', False)])[0] == 204 and api.write(LAB_NAME, [])[0] == 204
        mark = lab.mark()
        result = pdns.certificate('site', LAB_ZONE).run('issue').expect(3)
        assert 'kind Slave' in result.err and 'primary' in result.err
        assert not mark.count('/order-plz')
    finally:
        assert api.ask('PUT', f'/zones/{LAB_ZONE}.', {'kind': 'Native', 'masters': []})[0] == 204


ROUNDS = 5


def test_two_runs_at_once_lose_nothing_of_each_other(pdns, lab, api):
    """One state directory, one name in one zone: the zone lock lets them take turns."""
    # Three with two values each: Pebble asks without EDNS, so more of them would not fit into its answer.
    names = [f'c{n}' for n in range(3)]
    for one in names:
        pdns.certificate(one, LAB_ZONE, f'*.{LAB_ZONE}')
    argv = pdns.argv('issue', '--force')     # the configuration is written once, before anybody reads it
    api.write(LAB_NAME, [(FOREIGN, False)])
    try:
        for _ in range(ROUNDS):
            runs = [lab.popen([*argv, one], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for one in names]
            for one, run in zip(names, runs):
                _, err = run.communicate(timeout=120)
                assert run.returncode == 0, err
                # Nobody came between a look and a write: that is what the lock is for.
                assert 'somebody else' not in err, err
            assert lab.txt(LAB_ZONE) == {(LAB_NAME, FOREIGN)}
    finally:
        api.write(LAB_NAME, [])


class Other:
    """Another client of whole sets: reads, writes, reads back.  One value comes, the one before goes."""

    def __init__(self, api):
        self.api, self.written, self.repeated, self.lost = api, 0, 0, 0

    def records(self):
        sets = self.api.sets(LAB_NAME)
        return [(r['content'].strip('"'), r['disabled']) for r in sets[0]['records']] if sets else []

    def change(self, add, remove):
        for i in range(50):
            records = self.records()
            if (add, False) in records and (remove, False) not in records:
                self.repeated += i > 1
                return
            self.api.write(LAB_NAME, [r for r in records if r[0] not in (add, remove)] + [(add, False)])
        raise AssertionError(f'{add} does not stay')

    def step(self):
        before = f'theirs-{self.written}'
        # What it had seen in its place may be gone only by our hand.
        self.lost += self.written > 0 and (before, False) not in self.records()
        self.written += 1
        self.change(f'theirs-{self.written}', before)


def test_issuance_succeeds_beside_somebody_else_at_the_same_name(pdns, lab, api):
    """Whole sets on both sides, without a lock between: ours must not suffer; what they lose is counted."""
    pdns.certificate('site', LAB_ZONE, f'*.{LAB_ZONE}')
    other, done, faults = Other(api), threading.Event(), []

    def write():
        try:
            while not done.is_set():
                other.step()
        except Exception as e:
            faults.append(e)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(ROUNDS):
            pdns.run('issue', '--force').expect()
    finally:
        done.set()
        thread.join(60)
    assert not faults, faults
    left = {v for _, v in lab.txt(LAB_ZONE)}
    api.write(LAB_NAME, [])
    print(f'{other.written} values of somebody else beside {ROUNDS} issuances: {other.repeated} of them were written more than '
          f'once to stay, {other.lost} were lost after they had been seen in place, {len(left) - 1} came back')
    assert other.written and f'theirs-{other.written}' in left and all(v.startswith('theirs-') for v in left)
