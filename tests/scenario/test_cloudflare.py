# SPDX-License-Identifier: Apache-2.0
"""The Cloudflare provider against a simulation of the API: the plugin alone, the conformance kit, and whole issuances
with the simulation's records served by the lab's BIND."""

import json
import pathlib
import re
import subprocess
import sys

import pytest
from conftest import BUILD, SANITIZER, TOP, wait_until

sys.path[:0] = [str(TOP / 'tests/lib'), str(TOP / 'providers/cloudflare'), str(TOP / 'plugins-sdk/conformance')]

from cloudflare_sim import Cloudflare
from pluginhost import ADD, AUTH, CONFIG, DENIED, NOT_FOUND, OK, RATE_LIMITED, REMOVE, TRANSIENT, Plugin
from replay_sim import Replay
from simprocess import SimProcess
from zoneseal_sim import Reply

ZONE = 'example.test'
NAME = f'_acme-challenge.{ZONE}'
PLUGIN = BUILD / 'providers/cloudflare/.libs/cloudflare.so'
FOREIGN = 'somebody-elses-value'

alone = pytest.mark.skipif(SANITIZER, reason='a plugin with sanitizers cannot be loaded into this Python')


def value(number=0):
    return f'{number:03}' + 'v' * 40


def name(number):
    return f'_acme-challenge.h{number}.{ZONE}'


class Case:
    """A simulation in this process and the plugin in front of it."""

    def __init__(self, *arguments, **options):
        self.sim = Cloudflare('--zone', ZONE, *arguments).begin()
        secrets = {option: path.read_text() for option, path in self.sim.secrets.items()}
        self.options = {k.replace('-', '_'): v for k, v in {**self.sim.options, **secrets}.items()}
        self.open(**options)

    def open(self, **options):
        """A plugin that knows nothing of what was before."""
        self.plugin = Plugin(PLUGIN)
        answer = self.plugin.open(**{**self.options, **options})
        assert answer.code == OK, answer.text

    def counted(self, call, *arguments):
        """The answer, and how many requests it took."""
        before = self.sim.count
        answer = call(*arguments)
        return answer, self.sim.count - before

    def add(self, *pairs):
        return self.counted(self.plugin.apply, ZONE, [(ADD, *pair) for pair in pairs])

    def remove(self, *pairs):
        return self.counted(self.plugin.apply, ZONE, [(REMOVE, *pair) for pair in pairs])

    def check(self, **zones):
        return self.counted(self.plugin.check, zones or {ZONE: [NAME]})

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


# ---- requests that changes take -------------------------------------------------------------------------------------


@alone
def test_one_value_takes_a_look_up_once_and_one_request(case):
    c = case()
    assert c.add((NAME, value(1))) == (c.plugin.answer, 2)
    assert c.add((NAME, value(2)))[1] == 1
    assert c.records() == {(NAME, value(1)), (NAME, value(2))}
    assert c.remove((NAME, value(1)))[1] == 2
    assert c.records() == {(NAME, value(2))}


@alone
def test_two_hundred_values_take_one_request_and_go_with_as_few(case):
    c = case()
    pairs = [(name(i), value(i)) for i in range(200)]
    c.sim.zones[ZONE].add(name(0), FOREIGN)
    answer, requests = c.add(*pairs)
    assert answer.code == OK and requests == 2
    assert c.records() == {*pairs, (name(0), FOREIGN)}
    answer, requests = c.remove(*pairs)
    assert answer.code == OK and requests == 3 + 1     # 201 records on three pages, one batch
    assert c.records() == {(name(0), FOREIGN)}


@alone
def test_few_names_in_a_large_zone_are_asked_for_one_by_one(case):
    c = case('--page', '5')
    for i in range(60):
        c.sim.zones[ZONE].add(f'other{i}.{ZONE}', FOREIGN)
    pairs = [(name(i), value(i)) for i in range(6)]
    c.add(*pairs)
    answer, requests = c.remove(*pairs)
    assert answer.code == OK and requests == 1 + 6 + 1  # a page of fourteen, then the names, then the batch
    assert len(c.records()) == 60


@alone
@pytest.mark.parametrize('form', ['quoted', 'plain', 'mixed'])
def test_content_is_known_in_either_form_and_other_values_stay(case, form):
    c = case('--form', form)
    pairs = [(NAME, value(i)) for i in range(6)]
    for text in (FOREIGN, value(900), value(0)[:-1], value(0).upper()):
        c.sim.zones[ZONE].add(NAME, text)
    foreign = c.records()
    c.add(*pairs)
    assert c.records() == foreign | set(pairs)
    c.remove(*pairs)
    assert c.records() == foreign


@alone
def test_a_removal_reads_every_page_also_empty_and_repeated_ones(case):
    c = case()
    pairs = [(NAME, value(i)) for i in range(5)]
    c.add(*pairs)
    c.sim.command('fault pages 40')
    assert c.remove(*pairs)[0].code == OK
    assert not c.records()


@alone
def test_record_that_slips_between_two_pages_is_found_all_the_same(case):
    c = case('--page', '5')
    zone = c.sim.zones[ZONE]
    zone.add(f'other.{ZONE}', FOREIGN)
    pairs = [(name(i), value(i)) for i in range(20)]
    c.add(*pairs)
    c.plugin.close()
    c.open()
    serve = c.sim.list_records

    def slip(request, *arguments):
        reply = serve(request, *arguments)
        zone.remove(f'other.{ZONE}', FOREIGN)       # what was first on the next page is now last on this one
        return reply

    c.sim.list_records = slip
    assert c.remove(*pairs)[0].code == OK
    assert not c.records()


@alone
def test_zone_that_is_listed_twice_is_one_zone(case):
    c = case()
    c.sim.command('fault pages 10')
    assert c.add((NAME, value()))[0].code == OK
    assert c.plugin.zones().zones == [ZONE]


@alone
def test_value_goes_although_the_list_does_not_show_it_yet(case):
    c = case()
    c.add((NAME, value()))
    c.sim.command('fault stale 1 3600000')
    assert c.remove((NAME, value()))[0].code == OK
    assert not c.records()


@alone
@pytest.mark.parametrize('number, at', [(2, 0), (3, 1), (8, 7), (30, 0)])
def test_one_record_that_is_gone_does_not_forget_those_that_a_late_list_hides(case, number, at):
    c = case()
    pairs = [(name(i), value(i)) for i in range(number)]
    c.add(*pairs)
    c.sim.zones[ZONE].remove(*pairs[at])                # by somebody else
    c.sim.command('fault stale 1000 3600000')
    answer, _ = c.remove(*pairs)
    assert answer.code == OK and {answer.of(i)[0] for i in range(number)} == {OK}
    assert not c.records()


# ---- repeated and partial changes ------------------------------------------------------------------------------------


@alone
def test_changes_may_be_repeated(case):
    c = case()
    pairs = [(name(i), value(i)) for i in range(20)]
    assert c.add(*pairs)[0].code == OK
    answer, requests = c.add(*pairs)
    assert answer.code == OK and requests == 2          # the batch, the zone's records: nothing is left
    assert c.records() == set(pairs)
    answer, requests = c.add(*pairs, (name(20), value(20)))
    assert answer.code == OK and requests == 3
    assert c.remove(*pairs, (name(20), value(20)))[0].code == OK
    answer, requests = c.remove(*pairs)
    assert answer.code == OK and requests == 1
    assert not c.records()


@alone
@pytest.mark.parametrize('fault', ['lost-before', 'lost-after', 'truncated', 'garbage', 'gateway', 'error'])
@pytest.mark.parametrize('number', [1, 30])
def test_an_answer_that_is_lost_costs_neither_a_value_nor_a_twin(case, fault, number):
    c = case()
    pairs = [(name(i), value(i)) for i in range(number)]
    c.add((NAME, value(500)))
    c.sim.command(f'fault {fault}')
    assert c.add(*pairs)[0].code == OK
    assert c.records() == {*pairs, (NAME, value(500))}
    c.sim.command(f'fault {fault} 1 0 1')               # the list goes well, the removal does not
    assert c.remove(*pairs)[0].code == OK
    assert c.records() == {(NAME, value(500))}


@alone
@pytest.mark.parametrize('number', [1, 30])
def test_an_answer_that_is_too_large_is_not_asked_for_again_and_the_next_call_does_it(case, number):
    c = case()
    pairs = [(name(i), value(i)) for i in range(number)]
    c.add((NAME, value(500)))
    c.sim.command('fault oversized')
    answer, requests = c.add(*pairs)
    assert answer.code == TRANSIENT and 'too large' in answer.text and requests == 1
    assert c.add(*pairs)[0].code == OK
    assert c.records() == {*pairs, (NAME, value(500))}
    c.sim.command('fault oversized 1 0 1')              # the list goes well, the removal does not
    assert c.remove(*pairs)[0].code == TRANSIENT
    assert c.remove(*pairs)[0].code == OK
    assert c.records() == {(NAME, value(500))}


@alone
def test_alias_at_one_name_does_not_stop_the_others(case):
    c = case('--cname', name(7))
    answer, requests = c.add(*[(name(i), value(i)) for i in range(40)])
    assert answer.code == OK
    assert [i for i in range(40) if answer.of(i)[0] != OK] == [7]
    code, text = answer.of(7)
    assert code == CONFIG and name(7) in text and '81054' in text and 'CNAME' in text and 'cf-ray' in text
    assert requests <= 20
    assert c.records() == {(name(i), value(i)) for i in range(40) if i != 7}


@alone
def test_aliases_everywhere_end_the_call_soon(case):
    c = case(*[a for i in range(100) for a in ('--cname', name(i))])
    answer, requests = c.add(*[(name(i), value(i)) for i in range(100)])
    assert answer.code == CONFIG and '81054' in answer.text
    assert all(answer.of(i)[0] == CONFIG for i in range(100))
    assert requests <= 20


@alone
def test_full_zone_is_said_and_nothing_is_half_done(case):
    c = case('--records-max', '10')
    answer, _ = c.add(*[(name(i), value(i)) for i in range(20)])
    assert answer.code == CONFIG and '81045' in answer.text and 'plan' in answer.text
    assert not c.records()


@alone
def test_value_that_somebody_else_adds_meanwhile_survives(case):
    c = case()
    c.sim.command('fault conflict 1')
    c.add((NAME, value()))
    c.sim.command('fault conflict 1')
    assert c.remove((NAME, value()))[0].code == OK
    assert len(c.records()) == 2 and value() not in {v for _, v in c.records()}


# ---- zones ---------------------------------------------------------------------------------------------------------------


@alone
def test_parent_zone_is_named_instead(case):
    c = case()
    answer = c.plugin.apply(f'sub.{ZONE}', [(ADD, f'_acme-challenge.sub.{ZONE}', value())])
    assert (answer.code, answer.zones) == (NOT_FOUND, [ZONE])
    assert f'no zone sub.{ZONE}' in answer.text


@alone
def test_zone_of_nobody_and_pending_zone_are_told_apart(case):
    c = case('--pending', 'wait.example')
    answer = c.plugin.apply('other.example', [(ADD, '_acme-challenge.other.example', value())])
    assert answer.code == NOT_FOUND and not answer.zones and 'does the token include it' in answer.text
    answer = c.plugin.apply('wait.example', [(ADD, '_acme-challenge.wait.example', value())])
    assert answer.code == NOT_FOUND and 'pending' in answer.text


@alone
def test_zone_of_two_accounts_needs_a_choice(case):
    c = case('--twin', ZONE)
    answer = c.plugin.apply(ZONE, [(ADD, NAME, value())])
    assert answer.code == CONFIG and 'account-id' in answer.text and 'zone-id' in answer.text
    assert c.sim.account in answer.text and c.sim.other_account in answer.text
    for option in ('account-id', 'zone-id'):
        chosen = case('--twin', ZONE, '--say', option)
        assert chosen.add((NAME, value()))[0].code == OK
        assert chosen.records() == {(NAME, value())}


@alone
def test_zone_that_was_made_anew_is_looked_up_again(case):
    c = case()
    c.add((NAME, value(1)))
    c.sim.command(f'zone remove {ZONE}')
    c.sim.command(f'zone add {ZONE}')
    assert c.add((NAME, value(2)))[0].code == OK
    assert c.records() == {(NAME, value(2))}


@alone
def test_zones_are_listed_and_found(case):
    c = case('--zone', f'deep.sub.{ZONE}', '--more-zones', '70', '--pending', 'wait.example', '--twin', ZONE)
    answer = c.plugin.zones()
    assert sorted(answer.zones) == sorted([ZONE, f'deep.sub.{ZONE}'] + [f'more{i}.example' for i in range(70)])
    assert c.plugin.zones(f'a.b.deep.sub.{ZONE}').zones == [f'deep.sub.{ZONE}']
    assert c.plugin.zones(f'sub.{ZONE}').zones == [ZONE]
    assert c.plugin.zones('wait.example').zones == [] and c.plugin.answer.code == OK


@alone
def test_zone_id_needs_no_look_up_and_no_right_to_it(case):
    c = case('--say', 'zone-id', '--no-zone-read')
    answer, requests = c.add((NAME, value(1)), (NAME, value(2)), (NAME, value(3)))
    assert answer.code == OK and requests == 2          # one alone, then the rest
    assert c.add((NAME, value(4)), (NAME, value(5)))[1] == 1
    assert c.check()[0].code == OK and not c.plugin.answer.results


@alone
@pytest.mark.parametrize('read', [(), ('--no-zone-read',)])
def test_zone_id_of_another_zone_leaves_nothing_there(case, read):
    c = case('--zone', 'b.example', '--say', 'zone-id', *read)
    answer = c.plugin.apply('b.example', [(ADD, f'_acme-challenge.h{i}.b.example', value(i)) for i in range(5)])
    assert answer.code == CONFIG and 'zone-id' in answer.text
    assert not c.records()
    if not read:
        code, text = c.plugin.check({'b.example': []}).of(0)
        assert code == CONFIG and f'of the zone {ZONE}' in text


@alone
def test_zone_id_that_nobody_knows_is_named(case):
    c = case(zone_id='0' * 32)
    assert c.check()[0].of(0)[0] == NOT_FOUND and 'zone-id' in c.plugin.answer.of(0)[1]
    answer, _ = c.add((NAME, value()))
    assert answer.code == NOT_FOUND and 'zone-id' in answer.text


# ---- rates ---------------------------------------------------------------------------------------------------------------


@alone
def test_after_a_refusal_for_the_rate_nothing_is_sent(case):
    c = case()
    c.add((NAME, value(1)))
    c.sim.command('fault rate-long')
    answer, requests = c.add((NAME, value(2)))
    assert answer.code == RATE_LIMITED and requests == 1 and 3500000 < answer.retry_after_ms <= 3600000
    answer, requests = c.add((NAME, value(3)))
    assert answer.code == RATE_LIMITED and requests == 0 and 3500000 < answer.retry_after_ms <= 3600000
    assert 'quota' in answer.text


@alone
def test_short_refusal_for_the_rate_is_waited_out(case):
    c = case()
    c.sim.command('fault rate 2')
    assert c.add((NAME, value()))[0].code == OK


@alone
def test_the_last_request_of_the_quota_is_not_exceeded(case):
    c = case('--quota', '2')
    c.plugin.deadline_ms = 4000
    assert c.add((NAME, value(1)))[0].code == OK        # the look-up and the record: the quota is used up
    answer, requests = c.add((NAME, value(2)))
    assert answer.code == RATE_LIMITED and requests == 0 and answer.retry_after_ms > 0


# ---- tokens and rights -------------------------------------------------------------------------------------------------


@alone
def test_zones_are_read_with_the_token_for_that(case):
    c = case('--zone-token')
    assert c.check()[0].code == OK and not c.plugin.answer.results
    assert c.add((NAME, value()))[0].code == OK
    assert c.plugin.zones().zones == [ZONE]


@alone
def test_check_changes_nothing_and_has_no_remark_on_a_narrow_token(case):
    c = case()
    c.sim.zones[ZONE].add(NAME, FOREIGN)
    answer, requests = c.check()
    assert answer.code == OK and not answer.results and requests == 4
    assert c.records() == {(NAME, FOREIGN)}


@alone
def test_check_remarks_on_a_token_that_reaches_more(case):
    c = case('--more-zones', '3')
    code, text = c.check()[0].of(0)
    assert code == OK and '4 zones' in text


@alone
def test_check_remarks_on_a_setup_that_the_world_does_not_ask(case):
    code, text = case('--partial').check()[0].of(0)
    assert code == OK and 'CNAME' in text


@alone
@pytest.mark.parametrize('argument, need', [('--no-edit', 'Zone / DNS / Edit'), ('--no-read', 'Zone / DNS / Read'),
                                            ('--no-zone-read', 'Zone / Zone / Read')])
def test_check_names_the_right_that_is_missing(case, argument, need):
    c = case(argument)
    code, text = c.check()[0].of(0)
    assert code == DENIED and need in text and 'cf-ray' in text and ('10000' in text or '9109' in text)
    code, text = c.add((NAME, value()))[0].of(0)
    assert code == DENIED


@alone
@pytest.mark.parametrize('body, words', [('<html>blocked</html>', "not in the API's form"),
                                         ({'success': False, 'errors': [{'code': 1038, 'message': 'not for .tk'}]}, 'top-level')])
def test_refusal_that_is_not_about_the_token_does_not_blame_it(case, body, words):
    c = case()
    c.sim.handle = lambda request: Reply(403, body)
    code, text = c.check()[0].of(0)
    assert code == DENIED and words in text and 'lacks' not in text


@alone
def test_check_sees_an_alias_before_anything_is_ordered(case):
    c = case('--cname', NAME)
    code, text = c.check()[0].of(0)
    assert code == CONFIG and 'CNAME' in text and NAME in text


@alone
def test_check_judges_each_zone_by_itself(case):
    c = case('--zone', 'b.example', '--pending', 'wait.example')
    answer = c.plugin.check({ZONE: [NAME], 'wait.example': [], 'b.example': []})
    assert [answer.of(i)[0] for i in range(3)] == [OK, NOT_FOUND, OK]


@alone
def test_check_of_many_names_asks_for_one_of_each_zone(case):
    c = case()
    assert c.check(**{ZONE: [name(i) for i in range(20)]})[1] == 3 + 20
    assert c.check(**{ZONE: [name(i) for i in range(21)]})[1] == 2 + 1


@alone
def test_wrong_token_is_told_as_such_and_never_shown(case):
    token = 'Wrong0123456789012345678901234567890123'
    c = case(api_token=token)
    answer, requests = c.check()
    assert answer.code == AUTH and '9109' in answer.text and requests == 1
    assert c.add((NAME, value()))[0].code == AUTH
    assert token not in repr(c.plugin.answer)


@alone
@pytest.mark.parametrize('option, given, words', [
    ('api_token', 'cfk_0123456789012345678901234567890123456789', 'Global API Key'),
    ('api_token', '0123456789abcdef0123456789abcdef01234', 'Global API Key'),
    ('zone_token', 'cfk_0123456789012345678901234567890123456789', 'Global API Key'),
    ('api_token', 'token with blanks', 'blank'),
    ('api_token', 'token\nand more', 'line end'),
    ('zone_id', '../../user', 'letters and digits'),
    ('zone_id', 'a' * 33, 'letters and digits'),
    ('account_id', 'a b', 'letters and digits'),
    ('ttl', '59', '60 to 86400'),
    ('api_url', 'http://api.cloudflare.example/client/v4', 'http'),
])
def test_option_that_makes_no_sense_is_named(option, given, words):
    with Plugin(PLUGIN) as plugin:
        answer = plugin.open(**{'api_token': 'Zs' + 'a' * 38, option: given})
    assert answer.code == CONFIG and words in answer.text
    assert 'token' not in option or given not in answer.text


@alone
@pytest.mark.parametrize('ttl, wanted, made', [(None, 0, 60), (None, 120, 120), (None, 30, 60), ('1', 0, 300), ('3600', 120, 3600)])
def test_ttl_of_the_option_comes_before_that_of_the_run(case, ttl, wanted, made):
    c = case(ttl=ttl)
    c.plugin.apply(ZONE, [(ADD, NAME, value())], ttl=wanted)
    assert [r.ttl for r in c.sim.zones[ZONE].all_at()] == [made]


@alone
def test_policy_is_a_body_that_the_service_reads():
    plugin = Plugin(PLUGIN)
    printed = plugin.policy({ZONE: [NAME], 'b.example': []}).printed
    body = json.loads(printed[printed.index('{'):])
    assert set(body['policies'][0]['resources']) == {'com.cloudflare.api.account.zone.ID_OF_EXAMPLE.TEST',
                                                     'com.cloudflare.api.account.zone.ID_OF_B.EXAMPLE'}
    assert {g['name'] for g in body['policies'][0]['permission_groups']} == {'Zone Read', 'DNS Write'}
    assert 'Zone / DNS / Edit' in printed
    assert 'Zone / Zone / Read' in printed
    assert 'With option zone-token, Zone / Zone / Read (Zone Read) belongs into that token' in printed


@alone
def test_policy_with_zone_id_has_no_right_to_read_zones():
    printed = Plugin(PLUGIN).policy({ZONE: [NAME]}, zone_id='a1').printed
    [policy] = json.loads(printed[printed.index('{'):])['policies']
    assert list(policy['resources']) == ['com.cloudflare.api.account.zone.a1']
    assert [g['name'] for g in policy['permission_groups']] == ['DNS Write']
    assert 'Zone / DNS / Edit' in printed and 'Zone / Zone / Read' not in printed and 'zone-token' not in printed


@alone
def test_recorded_exchanges_are_followed_to_the_letter():
    with Replay(str(TOP / 'providers/cloudflare/exchanges.json'), '--zone', ZONE) as sim, Plugin(PLUGIN) as plugin:
        options = {**sim.options, **{option: path.read_text() for option, path in sim.secrets.items()}}
        assert plugin.open(**{k.replace('-', '_'): v for k, v in options.items()}).code == OK
        values = [post['content'].strip('"') for post in sim.exchanges[1]['request']['body']['posts']]
        pairs = [(NAME, v) for v in values]
        for changes in ([(ADD, *pair) for pair in pairs], [(ADD, *pairs[0])], [(REMOVE, *pair) for pair in pairs],
                        [(REMOVE, *pairs[0])]):
            answer = plugin.apply(ZONE, changes)
            assert answer.code == OK and {code for code, _ in answer.results.values()} == {OK}, answer
        assert not sim.unused and not sim._violations


# ---- the kit ------------------------------------------------------------------------------------------------------------


def test_provider_passes_the_conformance_kit_offline():
    result = subprocess.run([BUILD / 'zoneseal', 'provider', 'check', 'cloudflare', '--zone', ZONE, '--offline', 'cloudflare'],
                            text=True, capture_output=True, timeout=220, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result.stdout + result.stderr
    skipped = set(re.findall(r'^skip  (\S+)', result.stdout, re.M))
    assert skipped == {'live', 'live-later', 'live-odd'}, result.stdout


# ---- whole issuances, the simulation in the lab ----------------------------------------------------------------------------


@pytest.fixture
def served(zs):
    """served(*ARGUMENTS, zones=..., delay=0, **OPTIONS): the simulation inside the lab, its records served by BIND, and a
    configuration that writes through it."""
    sims = []

    def make(*arguments, zones=(ZONE,), delay=0, **options):
        sink = ('--sink', zs.lab.vars['LAB_PRIMARY'], '--delay', delay,
                '--sink-key', pathlib.Path(zs.lab.vars['LAB_KEYS']) / 'lab-sha256.key')
        sims.append(SimProcess('cloudflare', *zones, lab=zs.lab, arguments=(*sink, *arguments)).start())
        settings = {'plugin': 'cloudflare', **sims[-1].settings(), **options}
        zs.providers['cf'] = {k.replace('_', '-'): v for k, v in settings.items() if v is not None}
        for zone in zones:
            zs.zones[zone] = {'provider': 'cf'}
        return sims[-1]

    yield make
    for sim in sims:
        for record in sim.records():
            sim.remove(*record)
        wait_until(lambda: not zs.lab.challenges(), what='the end of our records in DNS')
        assert not sim.violations()
        sim.stop()


@pytest.fixture
def certificate(zs):
    return zs.certificate('cf', ZONE, f'*.{ZONE}')


def refused(zs, code, *words):
    """A run that fails before an order; its words are all there."""
    mark = zs.lab.mark()
    result = zs.run('issue').expect(code)
    missing = [word for word in words if word not in result.err]
    assert not missing, f'{missing} are not in\n{result.err}'
    assert not mark.count('/order-plz')
    return result


@pytest.mark.parametrize('delay', [0, 1500])
def test_apex_and_wildcard_are_issued_and_only_foreign_values_stay(zs, served, certificate, delay):
    sim = served(delay=delay)
    sim.add(NAME, FOREIGN)
    before = sim.requests()
    result = zs.run('issue', '--json').expect(0)
    assert result.json['certificates'][0]['state'] == 'issued'
    assert sim.records() == {(NAME, FOREIGN)}
    # the check with its four requests, one batch to add, a list and a batch to remove
    assert sim.requests() - before == 4 + 1 + 2
    wait_until(lambda: zs.lab.txt(ZONE) & {(NAME, FOREIGN)} and not zs.lab.challenges(), what='the same in DNS')


def test_two_zones_are_written_with_one_token(zs, served):
    sim = served(zones=(ZONE, 'acme.example.test'))
    zs.certificate('two', 'cn.example.test', 'x.example.test', '*.x.example.test')
    zs.run('issue').expect(0)
    assert not sim.records()


@pytest.mark.parametrize('variable', ['CF_DNS_API_TOKEN', 'CF_DNS_API_TOKEN_FILE'])
def test_token_comes_from_the_environment(zs, served, certificate, variable):
    sim = served(api_token_file=None)
    path = sim.secrets['api-token']
    env = dict(zs.lab.env)
    zs.lab.env[variable] = str(path) if variable.endswith('_FILE') else path.read_text()
    try:
        zs.run('issue').expect(0)
    finally:
        zs.lab.env = env
    assert not sim.records()


def test_wrong_token_is_told_before_an_order(zs, served, certificate, directory):
    token = directory / 'token'
    token.write_text('Wrong0123456789012345678901234567890123\n')
    token.chmod(0o600)
    sim = served(api_token_file=token)
    result = refused(zs, 4, 'Invalid access token', '9109', 'cf-ray', 'API Tokens')
    assert token.read_text().strip() not in result.err + result.out
    assert sim.requests() == 1


def test_global_key_is_told_before_a_request(zs, served, certificate, directory):
    token = directory / 'token'
    token.write_text('cfk_0123456789012345678901234567890123456789')
    token.chmod(0o600)
    sim = served(api_token_file=token)
    refused(zs, 3, 'Global API Key', 'api-token')
    assert sim.requests() == 0


def test_token_without_the_right_to_edit_is_told_before_an_order(zs, served, certificate):
    sim = served('--no-edit')
    refused(zs, 4, 'Zone / DNS / Edit', '10000', ZONE)
    assert not sim.records()


def test_rate_limit_is_told_with_its_time(zs, served, certificate):
    sim = served()
    sim.fault('rate-long')
    refused(zs, 7, '3600 s')
    assert sim.requests() == 1


def test_short_rate_limit_is_waited_out(zs, served, certificate):
    sim = served()
    sim.fault('rate', 2, 0, 3)
    zs.run('issue').expect(0)
    assert not sim.records()


def test_zone_of_two_accounts_is_told_and_chosen(zs, served, certificate):
    served('--twin', ZONE)
    refused(zs, 3, 'account-id', 'zone-id', '2 active zones')
    sim = served('--twin', ZONE, '--say', 'account-id')
    zs.run('issue').expect(0)
    assert not sim.records()


def test_zone_that_is_not_in_the_account_is_told(zs, served, certificate):
    sim = served(zones=('b.example',))
    zs.zones[ZONE] = {'provider': 'cf'}
    refused(zs, 4, f'no active zone {ZONE}', 'Zone / Zone / Read')
    assert not sim.records()


def test_alias_that_dns_does_not_show_is_told_before_an_order(zs, served, certificate):
    served('--cname', NAME)
    refused(zs, 3, 'CNAME', NAME)


def test_killed_run_is_cleaned_up_by_the_next(zs, served, certificate):
    sim = served()
    process = zs.start('issue')
    wait_until(sim.records, what='a record')
    process.kill()
    process.communicate()
    zs.run('issue').expect(0)
    assert not sim.records()
