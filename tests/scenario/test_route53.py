# SPDX-License-Identifier: Apache-2.0
"""The Route 53 provider against a simulation that checks every signature: the plugin alone, its sources of credentials,
several writers at one record set, and whole issuances with the simulation's records served by the lab's BIND."""

import base64
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import secrets
import socket
import subprocess
import sys
import time

import pytest
from conftest import BUILD, SANITIZER, TOP, wait_until
from test_hostile_api import DEADLINE_MS, DRIVE, MEMORY_KIB, OVERTIME_MS, PARALLEL, SAID, TICKET, Hostility, forms, unprintable

sys.path[:0] = [str(TOP / 'tests/lib'), str(TOP / 'providers/route53'), str(TOP / 'plugins-sdk/conformance')]

import zoneseal_sim
from hostile import NETRC_LOGIN
from hostile_tricks import TRICKS
from pluginhost import ADD, AUTH, BUG, CONFIG, CONFLICT, DENIED, NOT_FOUND, OK, RATE_LIMITED, REMOVE, TRANSIENT, Plugin
from route53_echo import NOT_TO_BE_SEEN, WRITINGS, echo, secrets_of
from route53_sim import ROLE_PATH, Hosted, Reply, Route53, error
from simprocess import SimProcess

ZONE = 'example.test'
NAME = f'_acme-challenge.{ZONE}'
PLUGIN = BUILD / 'providers/route53/.libs/route53.so'
FOREIGN = 'somebody-elses-value'

alone = pytest.mark.skipif(SANITIZER, reason='a plugin with sanitizers cannot be loaded into this Python')


def value(number=0):
    return f'{number:03}' + 'v' * 40


def name(number):
    return f'_acme-challenge.h{number}.{ZONE}'


@pytest.fixture(scope='module', autouse=True)
def one_certificate():
    """All simulations in this process have the same, which takes the time of one."""
    make, made = zoneseal_sim.make_context, []

    def make_once(directory):
        made[:] = made or [make(directory), (directory / 'ca.pem').read_bytes()]
        (directory / 'ca.pem').write_bytes(made[1])
        return made[0]

    zoneseal_sim.make_context = make_once
    yield
    zoneseal_sim.make_context = make


class Clocked(Plugin):
    """A plugin whose host's clock is ahead."""

    ahead = 0

    def on_wall_ms(self, _):
        return int((time.time() + self.ahead) * 1000)


class Case:
    """A simulation in this process and the plugin in front of it."""

    def __init__(self, *arguments, zone=ZONE, **options):
        self.sim = Route53('--zone', zone, *arguments).begin()
        given = {**self.sim.options, **{option: path.read_text() for option, path in self.sim.secrets.items()}}
        self.options = {k.replace('-', '_'): v for k, v in given.items()}
        self.plugin = Clocked(PLUGIN)
        self.opened = self.plugin.open(**{**self.options, **options})
        self.seen = []
        handle = self.sim.handle
        self.sim.handle = lambda request: self.seen.append(f'{request.method} {request.target}') or handle(request)

    @property
    def zone(self):
        return self.sim.zones[ZONE]

    def counted(self, call, *arguments):
        """The answer, and how many requests it took."""
        before = self.sim.count
        answer = call(*arguments)
        return answer, self.sim.count - before

    def add(self, *pairs):
        return self.counted(self.plugin.apply, ZONE, [(ADD, *pair) for pair in pairs])

    def remove(self, *pairs):
        return self.counted(self.plugin.apply, ZONE, [(REMOVE, *pair) for pair in pairs])

    def check(self, *names):
        return self.counted(self.plugin.check, {ZONE: names or [NAME]})

    def live(self, ticket):
        import ctypes
        live = ctypes.c_int32(-1)
        zone, text = self.plugin.str(ZONE), self.plugin.str(ticket)
        answer = self.plugin.call(self.plugin.provider.live, self.plugin.instance, ctypes.addressof(zone),
                                  ctypes.addressof(text), ctypes.addressof(live))
        return answer, live.value

    def records(self):
        return {(n, v.decode()) for n, v in self.sim.observe()}

    def violations(self):
        found, self.sim._violations = self.sim._violations, []
        return found

    def end(self):
        self.plugin.close()
        self.sim.end()
        assert not self.sim._violations, self.sim._violations


@pytest.fixture
def case():
    cases = []

    def make(*arguments, **options):
        cases.append(Case(*arguments, **options))
        assert cases[-1].opened.code == OK, cases[-1].opened.text
        return cases[-1]

    yield make
    for one in cases:
        one.end()


# ---- what changes take -----------------------------------------------------------------------------------------------


@alone
def test_value_takes_a_look_and_a_swap(case):
    c = case()
    assert c.add((NAME, value(1)))[1] == 1 + 2          # the zone once
    assert c.add((NAME, value(2)))[1] == 2
    assert c.records() == {(NAME, value(1)), (NAME, value(2))}
    assert c.remove((NAME, value(1)))[1] == 2
    assert c.remove((NAME, value(2)))[1] == 2
    assert not c.records()
    assert c.remove((NAME, value(2)))[1] == 1           # gone already: nothing to swap


@alone
def test_many_names_of_a_small_zone_take_one_look_and_one_swap(case):
    c = case()
    pairs = [(name(i), value(i)) for i in range(200)]
    c.zone.add(name(0), FOREIGN, ttl=77)
    answer, requests = c.add(*pairs)
    assert answer.code == OK and not answer.results and requests == 3
    assert c.records() == {*pairs, (name(0), FOREIGN)}
    assert {r.ttl for r in c.zone.records(name(0))} == {77} and {r.ttl for r in c.zone.records(name(1))} == {60}
    answer, requests = c.remove(*pairs)
    assert answer.code == OK and requests == 2
    assert c.records() == {(name(0), FOREIGN)}


@alone
def test_names_among_many_others_are_read_in_as_few_pages_as_they_span(case):
    c = case()
    for i in range(700):
        c.zone.add(f'm{i:03}.{ZONE}', FOREIGN)
    pairs = [(f'{first}.{ZONE}', value(i)) for i, first in enumerate(('a', 'b', 'm350x', 'z'))]
    answer, requests = c.add(*pairs)
    assert answer.code == OK and requests == 1 + 3 + 1
    assert set(pairs) <= c.records()
    answer, requests = c.remove(*pairs)
    assert answer.code == OK and len(c.records()) == 700


@alone
def test_batch_is_cut_where_the_service_has_its_limits(case):
    c = case()
    for i in range(60):
        for k in range(10):
            c.zone.add(name(i), f'{k}' + 'x' * 60)      # 60 names with 21 records or 1300 characters each
    pairs = [(name(i), value(i)) for i in range(60)]
    assert c.add(*pairs)[0].code == OK
    assert set(pairs) <= c.records()
    assert sum(line.startswith('POST') for line in c.seen) == 3
    assert c.remove(*pairs)[0].code == OK
    assert len(c.records()) == 600


@alone
def test_set_that_no_batch_takes_is_told_and_the_others_are_changed(case):
    c = case()
    for i in range(200):
        c.zone.add(name(0), f'{i}' + 'x' * 100)
    answer, _ = c.add((name(0), value(0)), (name(1), value(1)))
    assert answer.code == OK and answer.of(0)[0] == CONFIG and 'too many values' in answer.of(0)[1]
    assert answer.of(1)[0] == OK and (name(1), value(1)) in c.records()


@alone
def test_values_of_others_stay_as_they_are_written(case):
    c = case()
    odd = b'v=spf1 "quoted" \\ \x00\xff ' + b'l' * 300
    c.zone.add(NAME, odd, ttl=5)
    assert c.add((NAME, value()))[0].code == OK
    assert c.remove((NAME, value()))[0].code == OK
    assert c.zone.values(NAME) == [odd] and c.zone.records(NAME)[0].ttl == 5


# ---- races -----------------------------------------------------------------------------------------------------------


@alone
def test_only_what_conflicts_is_read_again(case):
    c = case()
    pairs = [(name(i), value(i)) for i in range(20)]
    c.add(*pairs[:1])
    c.sim.command('fault conflict 1')
    before = len(c.seen)
    assert c.add(*pairs)[0].code == OK
    assert [line.split(' ')[0] for line in c.seen[before:]] == ['GET', 'POST', 'GET', 'POST']
    assert 'maxitems=1&' in c.seen[before + 2]           # one name
    assert set(pairs) <= c.records()


@alone
def test_both_forms_of_the_refusal_are_understood(case):
    c = case()
    for i in range(4):
        c.sim.command('fault conflict 1')
        assert c.add((name(i), value(i)))[0].code == OK
    assert c.sim.refusals == 4 and len(c.records()) == 8


@alone
def test_refusal_that_names_nobody_is_narrowed_down_by_halves(case):
    c = case()
    carry_out = c.sim.carry_out

    def refuse(hosted, changes):
        state, messages = carry_out(hosted, changes)
        return state, ['This is not permitted.'] if any(change[1] == name(5) for change in changes) else messages

    c.sim.carry_out = refuse
    pairs = [(name(i), value(i)) for i in range(16)]
    answer, _ = c.add(*pairs)
    assert answer.code == OK and set(answer.results) == {5}
    assert answer.of(5)[0] == CONFIG and 'This is not permitted.' in answer.of(5)[1]
    assert c.records() == set(pairs) - {pairs[5]}


@alone
def test_prior_request_that_is_at_work_is_waited_for(case):
    c = case()
    c.sim.prior = 3
    assert c.add((NAME, value()))[0].code == OK and c.records() == {(NAME, value())}


@alone
def test_race_that_never_ends_ends_with_the_deadline(case):
    c = case()
    c.plugin.deadline_ms = 1500
    c.sim.carry_out = lambda hosted, changes: ({}, [f"Tried to delete resource record set [name='{NAME}.', type='TXT'] but it "
                                                    'was not found'])
    read, count = c.sim.list_sets, iter(range(100000))
    c.sim.list_sets = lambda *a: c.zone.replace(NAME, [str(next(count))]) or read(*a)
    answer, _ = c.add((NAME, value()))
    assert answer.code == CONFLICT and 'other clients keep changing' in answer.text


@alone
@pytest.mark.parametrize('data, text', [({'identifier': 'a'}, 'have identifiers'), ({'alias': True}, 'is an alias')])
def test_record_sets_of_another_kind_are_never_touched(case, data, text):
    c = case()
    c.zone.add(name(0), FOREIGN, **data)
    answer, _ = c.add((name(0), value(0)), (name(1), value(1)))
    assert answer.of(0)[0] == CONFIG and text in answer.of(0)[1] and answer.of(1)[0] == OK
    assert c.zone.values(name(0)) == [FOREIGN.encode()]
    answer, _ = c.check(name(1), name(0))
    assert answer.of(0)[0] == CONFIG and name(0) in answer.of(0)[1]


@alone
def test_name_that_is_an_alias_elsewhere_is_told(case):
    c = case()
    c.zone.add(name(0), b'elsewhere.test', type='CNAME')
    answer, _ = c.add((name(0), value(0)), (name(1), value(1)))
    assert answer.of(0)[0] == CONFIG and 'type CNAME' in answer.of(0)[1] and answer.of(1)[0] == OK


# ---- tickets ---------------------------------------------------------------------------------------------------------


@alone
def test_change_is_live_when_it_is_in_sync(case):
    c = case('--lag', '400')
    ticket = c.add((NAME, value()))[0].ticket
    assert re.fullmatch(rb'C[A-Z0-9]{20}', ticket) and c.live(ticket)[1] == 0
    deadline = time.monotonic() + 20
    while not c.live(ticket)[1]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert c.live(b'')[1] == 1
    answer, _ = c.live(b'CNOBODYKNOWS')
    assert answer.code == NOT_FOUND and 'NoSuchChange' in answer.text
    assert c.live(b'C/../x')[0].code != OK


@alone
def test_value_that_was_there_has_a_change_to_wait_for(case):
    c = case('--lag', '60000')
    first = c.add((NAME, value()))[0].ticket
    again, requests = c.add((NAME, value()))
    assert again.ticket and again.ticket != first and requests == 2 and c.live(again.ticket)[1] == 0
    assert c.records() == {(NAME, value())}
    c.sim.command('fault lost-after 1 0 1')                  # the answer to the swap is lost
    assert c.add((name(1), value(1)))[0].ticket
    assert not c.remove((name(2), value(2)))[0].ticket


@alone
@pytest.mark.parametrize('refusal, wanted', [
    ((400, 'Throttling', 'Rate exceeded'), RATE_LIMITED), ((500, 'InternalFailure', 'An internal error occurred.'), TRANSIENT),
    ((400, 'PriorRequestNotComplete', 'at work'), TRANSIENT), ((403, 'AccessDenied', 'no'), DENIED), (None, TRANSIENT)])
def test_value_that_was_there_is_not_called_live_without_a_change(case, refusal, wanted):
    """refusal None: the change is accepted, but its id is not said."""
    c = case('--lag', '60000')
    c.add((NAME, value()))
    honest = c.sim.change_sets
    c.sim.change_sets = lambda *a: error(*refusal) if refusal else Reply(
        200, re.sub(r'<Id>[^<]*</Id>', '', honest(*a).body.decode()), {'Content-Type': 'text/xml'})
    c.plugin.deadline_ms = 500
    answer, _ = c.add((NAME, value()), (name(1), value(1)))
    assert answer.of(0)[0] == wanted and 'value is there' in answer.of(0)[1]
    assert answer.of(1)[0] == wanted and 'value is there' not in answer.of(1)[1] and not answer.ticket
    answer, _ = c.add((NAME, value()))
    assert answer.code == wanted and 'nobody can tell whether it is published' in answer.text and not answer.ticket
    assert refusal is None or refusal[1] in answer.text
    answer, _ = c.remove((name(2), value(2)))
    assert answer.code == OK                                # nothing to wait for, so no change is missed
    c.sim.change_sets, c.plugin.deadline_ms = honest, 60000
    answer, _ = c.add((NAME, value()))
    assert answer.code == OK and answer.ticket and c.live(answer.ticket)[1] == 0


@alone
def test_value_that_was_there_is_not_called_live_where_others_keep_changing_the_set(case):
    c = case()
    c.add((NAME, value()))
    honest = c.sim.carry_out
    c.sim.carry_out = lambda hosted, changes: ({}, [f"Tried to delete resource record set [name='{NAME}.', type='TXT'] but the "
                                                    'values provided do not match the current values'])
    answer, _ = c.add((NAME, value()))
    assert answer.code == CONFLICT and 'other clients keep changing' in answer.text and not answer.ticket
    c.sim.carry_out = honest
    answer, _ = c.add((NAME, value()))
    assert answer.code == OK and answer.ticket


def add_sets(c, names, values):
    """Record sets of others, so large that few or no two of them fit into a batch."""
    for i in range(names):
        c.zone.replace(name(i), [f'{k}' for k in range(values)])


@alone
def test_changes_of_all_batches_are_waited_for(case):
    c = case('--lag', '60000')
    add_sets(c, 3, 300)
    answer, _ = c.add(*[(name(i), value(i)) for i in range(3)])
    idents = answer.ticket.decode().split(',')
    assert answer.code == OK and idents == list(c.sim.changes) and len(idents) == 3
    for late in idents:
        c.sim.changes.update({ident: time.monotonic() + (3600 if ident == late else -1) for ident in idents})
        assert c.live(answer.ticket)[1] == 0
    c.sim.changes[late] = 0
    assert c.live(answer.ticket)[1] == 1
    for wrong in (b',', answer.ticket + b',', b',' + answer.ticket, answer.ticket + b',C/../x'):
        assert c.live(wrong)[0].code == BUG


@alone
def test_ticket_has_the_last_changes_where_not_all_fit(case):
    c = case()
    add_sets(c, 14, 380)
    answer, _ = c.add(*[(name(i), value(i)) for i in range(14)])
    idents = answer.ticket.decode().split(',')
    assert answer.code == OK and len(c.sim.changes) == 14 and len(answer.ticket) <= 255
    assert idents == list(c.sim.changes)[-len(idents):] and len(idents) == 11


# ---- zones -----------------------------------------------------------------------------------------------------------


@alone
def test_zones_are_listed_and_found(case):
    c = case('--zone', f'a.{ZONE}', '--private', 'internal.test', '--private', ZONE)
    assert c.plugin.zones().zones == [ZONE, f'a.{ZONE}']
    assert c.plugin.zones(f'x.y.a.{ZONE}').zones == [f'a.{ZONE}']
    assert c.plugin.zones(f'x.y.b.{ZONE}').zones == [ZONE]
    assert c.plugin.zones('elsewhere.org').zones == []
    answer = c.plugin.apply('internal.test', [(ADD, '_acme-challenge.internal.test', value())])
    assert answer.code == NOT_FOUND and 'private-zone' in answer.text
    answer = c.plugin.apply(f'sub.{ZONE}', [(ADD, f'_acme-challenge.sub.{ZONE}', value())])
    assert answer.code == NOT_FOUND and answer.zones == [ZONE]
    c.sim.command('fault pages 100')
    assert c.plugin.zones().zones == [ZONE, f'a.{ZONE}']


@alone
def test_private_zone_is_used_where_it_is_wanted(case):
    c = case('--private', ZONE, private_zone='yes')
    assert c.add((NAME, value()))[0].code == OK
    assert not c.records() and c.sim.extra[0].zone.values(NAME) == [value().encode()]


@alone
def test_two_zones_of_one_name_are_a_question(case):
    c = case('--twin', ZONE)
    answer, _ = c.add((NAME, value()))
    assert answer.code == CONFIG and 'set zone-id' in answer.text and not c.records()
    for hosted in c.sim.all_hosted():
        assert f'{hosted.id} at {hosted.servers[0]}' in answer.text
    by_set = case('--twin', ZONE, delegation_set_id='N1TWINSET')
    assert by_set.add((NAME, value()))[0].code == OK
    assert by_set.sim.extra[0].zone.values(NAME)


@alone
def test_configured_id_needs_no_list_of_zones(case):
    ident = Hosted(type('Z', (), {'name': ZONE})()).id
    c = case('--deny', 'route53:ListHostedZonesByName', zone_id=ident)
    assert c.add((NAME, value()))[0].code == OK
    assert c.plugin.zones().zones == [ZONE]
    answer = c.plugin.apply('other.test', [(ADD, '_acme-challenge.other.test', value())])
    assert answer.code == NOT_FOUND and ZONE in answer.text
    missing = case(zone_id='ZNOSUCHZONE')
    answer, _ = missing.add((NAME, value()))
    assert answer.code == CONFIG and 'no hosted zone ZNOSUCHZONE' in answer.text


@alone
def test_zone_that_was_made_anew_is_found(case):
    c = case()
    c.add((NAME, value(1)))
    old = c.sim.hosted
    c.sim.hosted = lambda ident: (_ for _ in ()).throw(error(404, 'NoSuchHostedZone', 'none'))
    assert c.add((NAME, value(2)))[0].code == NOT_FOUND
    c.sim.hosted = old
    assert c.add((NAME, value(2)))[0].code == OK


# ---- rights ----------------------------------------------------------------------------------------------------------


@alone
def test_check_of_narrow_credentials_changes_nothing_and_has_no_remark(case):
    c = case('--allow-name', NAME)
    c.zone.add(NAME, FOREIGN)
    answer, _ = c.check()
    assert answer.code == OK and answer.of(0) == (OK, '')
    assert c.records() == {(NAME, FOREIGN)}
    assert c.add((NAME, value()))[0].code == OK


@alone
def test_check_of_wide_credentials_has_a_remark(case):
    c = case()
    answer, requests = c.check()
    assert answer.of(0)[0] == OK and 'may change other names' in answer.of(0)[1] and requests == 4
    quiet = case(check_width='no')
    answer, requests = quiet.check()
    assert answer.of(0) == (OK, '') and requests == 3


@alone
def test_name_that_may_not_be_changed_is_named(case):
    c = case('--allow-name', name(0), '--allow-name', name(1))
    answer, _ = c.check(name(0), name(1), name(2))
    assert answer.of(0)[0] == DENIED
    assert 'route53:ChangeResourceRecordSets' in answer.of(0)[1] and f'denied are: {name(2)}' in answer.of(0)[1]
    assert 'zoneseal provider policy' in answer.of(0)[1]
    answer, _ = c.add(*[(name(i), value(i)) for i in range(3)])
    assert [answer.of(i)[0] for i in range(3)] == [OK, OK, DENIED]
    assert c.records() == {(name(0), value(0)), (name(1), value(1))}


@alone
@pytest.mark.parametrize('action', ['ListHostedZonesByName', 'ListResourceRecordSets', 'ChangeResourceRecordSets'])
def test_missing_right_is_named(case, action):
    c = case('--deny', f'route53:{action}')
    answer, _ = c.check()
    assert answer.of(0)[0] == DENIED and f'route53:{action}' in answer.of(0)[1]
    answer, _ = c.add(*[(name(i), value(i)) for i in range(100)])
    assert answer.code == DENIED and f'route53:{action}' in answer.text
    assert len(c.seen) < 30                                  # not one by one


@alone
def test_right_to_see_changes_is_named_where_it_is_missed(case):
    c = case('--deny', 'route53:GetChange')
    ticket = c.add((NAME, value()))[0].ticket
    answer, _ = c.live(ticket)
    assert answer.code == DENIED and 'route53:GetChange' in answer.text


@alone
def test_printed_policy_is_what_is_needed(case):
    c = case()
    ident = Hosted(c.zone).id
    policy = json.loads(c.plugin.policy({ZONE: [NAME, name(1)]}, zone_id=ident).printed)
    change = [s for s in policy['Statement'] if s['Action'] == 'route53:ChangeResourceRecordSets']
    names = change[0]['Condition']['ForAllValues:StringEquals']['route53:ChangeResourceRecordSetsNormalizedRecordNames']
    actions = {s['Action'] for s in policy['Statement']}
    every = {f'route53:{a}' for a in ('ListHostedZonesByName', 'GetHostedZone', 'ListResourceRecordSets',
                                      'ChangeResourceRecordSets', 'GetChange')}
    allowed = [a for n in names for a in ('--allow-name', n)] + [a for action in every - actions for a in ('--deny', action)]
    narrow = case(*allowed, zone_id=ident)
    assert narrow.check(NAME, name(1))[0].of(0) == (OK, '')
    answer, _ = narrow.add((NAME, value()), (name(1), value(1)))
    assert answer.code == OK and narrow.live(answer.ticket)[0].code == OK


# ---- credentials -----------------------------------------------------------------------------------------------------


@alone
@pytest.mark.parametrize('source', ['options', 'temporary', 'profile', 'web-identity', 'imds'])
def test_credentials_come_from(case, source):
    c = case('--credentials', source)
    assert c.add((NAME, value()))[0].code == OK and c.records() == {(NAME, value())}


@alone
def test_wrong_secret_is_told_without_what_was_signed(case):
    c = case(secret_access_key='wrong' * 8)
    answer, _ = c.check()
    assert answer.code == AUTH and 'SignatureDoesNotMatch' in answer.text and 'does not belong' in answer.text
    assert 'Canonical' not in answer.text and c.violations() == ['a signature that is wrong']
    token = case('--credentials', 'temporary', session_token='another')
    assert token.check()[0].code == AUTH and token.violations()


@alone
@pytest.mark.parametrize('ahead, what', [(-3600, 'behind that'), (3600, 'ahead of that')])
def test_clock_that_is_wrong_is_told_by_how_much(case, ahead, what):
    c = case()
    c.plugin.ahead = ahead
    answer, _ = c.check()
    skew = re.search(r'clock is (\d+) s ' + what, answer.of(0)[1])
    assert answer.of(0)[0] == CONFIG and skew and 3500 < int(skew[1]) < 3700, answer.of(0)
    assert c.violations()[0].startswith('signature ')


@alone
@pytest.mark.parametrize('source', ['web-identity', 'imds'])
def test_credentials_are_fetched_again_before_they_end(case, source):
    c = case('--credentials', source, '--key-seconds', '400')
    c.add((NAME, value(1)))
    c.add((NAME, value(2)))
    assert len(c.sim.keys) == 1
    c.plugin.ahead = 120                                    # 280 s are left
    assert c.add((NAME, value(3)))[0].code == OK
    assert len(c.sim.keys) == 2
    c.add((NAME, value(4)))                                 # the new ones have no more: not asked for at each request
    assert len(c.sim.keys) == 2


@alone
def test_credentials_at_hand_are_used_while_there_are_no_new_ones(case):
    c = case('--credentials', 'web-identity', '--key-seconds', '400')
    c.add((NAME, value(1)))
    c.sim.file('token', '')
    c.plugin.ahead = 120
    answer, _ = c.add((NAME, value(2)))
    assert answer.code == OK and any('gave no new credentials' in text for _, text in answer.logged)
    c.plugin.ahead = 350
    assert c.add((NAME, value(3)))[0].code == CONFIG


@alone
def test_expired_token_is_renewed_once(case):
    c = case('--credentials', 'web-identity')
    c.add((NAME, value(1)))
    for key in c.sim.keys.values():
        key.end = time.time() - 1
    assert c.add((NAME, value(2)))[0].code == OK and len(c.sim.keys) == 2
    c.sim.arguments.key_seconds = 3600
    make = c.sim.make_key

    def make_old(seconds=None):
        key = make(seconds)
        key.is_over = lambda: True
        return key

    c.sim.make_key = make_old
    for key in c.sim.keys.values():
        key.end = time.time() - 1
    answer, _ = c.add((NAME, value(3)))
    assert answer.code == AUTH and 'ExpiredToken' in answer.text and len(c.sim.keys) == 3


@alone
def test_token_of_the_web_identity_is_read_anew(case):
    c = case('--credentials', 'web-identity')
    c.add((NAME, value(1)))
    c.sim.file('token', 'the-next-one')
    for key in c.sim.keys.values():
        key.end = time.time() - 1
    assert c.add((NAME, value(2)))[0].code == OK
    c.sim.file('token', ' \n')
    for key in c.sim.keys.values():
        key.end = time.time() - 1
    answer, _ = c.add((NAME, value(3)))
    assert answer.code == CONFIG and 'token of the web identity is empty' in answer.text


@alone
def test_profile_with_new_keys_is_read_again_when_the_old_ones_expire(case):
    c = case('--credentials', 'profile')
    c.add((NAME, value(1)))
    c.sim.key.end = time.time() - 1
    c.sim.key = c.sim.make_key()
    c.sim.write_profile()
    assert c.add((NAME, value(2)))[0].code == OK


@alone
@pytest.mark.parametrize('text, what', [
    ('[dns]\nrole_arn = arn\nsource_profile = x\n', 'roles behind a profile are not supported yet'),
    ('[dns]\ncredential_process = /bin/x\n', 'programs are not run'),
    ('[dns]\nweb_identity_token_file = /x\n', 'web-identity-token-path'),
    ('[dns]\nregion = x\n', 'has no aws_access_key_id'),
    ('[other]\naws_access_key_id = x\n', 'no profile dns'),
    ('[dns]\naws_access_key_id = AKIA\n', 'the secret access key is missing'),
    ('[dns]\nSECRETLINE\n', 'line 2: neither section nor key'),
])
def test_profile_that_does_not_do_says_why(case, text, what):
    c = case('--credentials', 'profile')
    c.sim.file('credentials', text)
    answer, requests = c.check()
    assert answer.code == CONFIG and what in answer.text and 'SECRETLINE' not in answer.text and requests == 0


@alone
@pytest.mark.parametrize('options, what', [
    ({'access_key_id': 'AKIA', 'secret_access_key': None}, 'option secret-access-key: missing'),
    ({'access_key_id': None, 'secret_access_key': 'x'}, 'option access-key-id: missing'),
    ({'access_key_id': None, 'secret_access_key': None, 'session_token': 'x'}, 'option session-token'),
    ({'access_key_id': None, 'secret_access_key': None, 'web_identity_token_path': '/x'}, 'option role-arn: missing'),
    ({'access_key_id': None, 'secret_access_key': None, 'imds': 'no'}, 'no credentials: give'),
    ({'access_key_id': None, 'secret_access_key': None, 'imds_disabled': 'true'}, 'no credentials: give'),
    ({'zone_id': 'z/../x'}, 'option zone-id'),
    ({'region': 'Not A Region'}, 'option region'),
    ({'api_url': 'http://192.0.2.1/'}, 'https://'),
])
def test_options_that_contradict_each_other_open_nothing(options, what):
    c = Case(**options)
    try:
        assert c.opened.code == CONFIG and what in c.opened.text
    finally:
        c.end()


@alone
def test_profile_without_a_file_is_told(case):
    c = case(access_key_id=None, secret_access_key=None, profile='dns')
    answer, _ = c.check()
    assert answer.code == CONFIG and 'say credentials-path' in answer.text


@alone
def test_keys_go_before_a_profile_with_a_warning(case):
    c = case(profile='elsewhere', credentials_path='/nowhere')
    assert c.add((NAME, value()))[0].code == OK
    assert any('profile is not used' in text for _, text in c.opened.logged)


@alone
def test_machine_without_metadata_service_is_told_what_to_give(case):
    c = case(access_key_id=None, secret_access_key=None, imds_url='http://127.0.0.1:9')
    answer, _ = c.check()
    assert answer.code == CONFIG and 'no instance metadata service answers' in answer.text


@alone
@pytest.mark.parametrize('url', ['http://192.0.2.1', 'http://169.254.169.254.example.org', 'http://metadata'])
def test_metadata_is_asked_for_over_http_only_on_this_machine(case, url):
    c = case(access_key_id=None, secret_access_key=None, imds_url=url)
    answer, _ = c.check()
    assert answer.code == CONFIG and 'http://' in answer.text


# ---- what the service says back --------------------------------------------------------------------------------------

LENGTH = 16     # of a part of a secret that would be too much
SOURCES = ['temporary', 'temporary-profile', 'web-identity', 'imds']


def everything(answer):
    return '\n'.join([answer.text, *(text for _, text in answer.results.values()), *(text for _, text in answer.logged)])


def parts(text):
    return {text[i:i + LENGTH] for i in range(len(text) - LENGTH + 1)}


def leaks(words, text):
    """Secrets of which a part is in the text, and how it is written there."""
    seen, found = parts(text) | parts(text.lower()), []
    for word in words:
        for how, write in [*WRITINGS.items(), ('base64 behind two', lambda w: base64.b64encode(b'xy' + w.encode()).decode())]:
            # The ends in base64 depend on what stands beside the secret.
            found += [(how, part) for part in parts(write(word)[4:-4]) & seen][:1]
    return found


def is_sts(request):
    return request.path == '/'


def is_api(request):
    return not is_sts(request)


def is_write(request):
    return is_api(request) and request.method == 'POST'


def echoing(c, write, code, status, hit):
    """The service says back what it was sent, and all secrets besides, written in this way."""
    honest = Route53.handle

    def handle(request):
        if not hit(request):
            return honest(c.sim, request)
        return error(status, code, echo(c.sim, secrets_of(c.sim), request.headers, request.body.decode() if is_sts(request) else '',
                                        write))

    c.sim.echoes = 0
    c.sim.handle = handle


CODES = [('AccessDenied', 403, DENIED), ('InvalidClientTokenId', 403, AUTH), ('InvalidChangeBatch', 400, CONFIG),
         ('Strange', 400, CONFIG)]


def try_all(c, word):
    """Every call there is, often enough for each secret to stand first; word: of the answer."""
    for i in range(4):
        for answer in (c.add((NAME, value(i)), (name(1), value(i)))[0], c.check(NAME, name(1))[0], c.live(b'CNONE')[0]):
            assert not leaks(secrets_of(c.sim), everything(answer)), everything(answer)
    assert c.sim.echoes >= 4
    assert word in everything(c.add((NAME, value(9)))[0])


@alone
@pytest.mark.parametrize('writing', WRITINGS)
@pytest.mark.parametrize('source', SOURCES)
def test_service_that_says_secrets_back_is_not_repeated(case, source, writing):
    c = case('--credentials', source)
    assert c.add((name(5), value(5)))[0].code == OK
    for code, status, _ in CODES:
        for hit in (is_api, is_write):
            echoing(c, WRITINGS[writing], code, status, hit)
            try_all(c, code)


@alone
@pytest.mark.parametrize('source', SOURCES)
def test_write_that_says_secrets_back_has_its_class_and_what_to_do(case, source):
    c = case('--credentials', source)
    for code, status, wanted in CODES:
        echoing(c, WRITINGS['raw'], code, status, is_write)
        answer, _ = c.add((NAME, value()))
        assert answer.code == wanted and code in answer.text and '[redacted]' in answer.text
        assert code != 'AccessDenied' or 'zoneseal provider policy' in answer.text


@alone
@pytest.mark.parametrize('writing', WRITINGS)
@pytest.mark.parametrize('length', [200, 3000, 9000, 16364])
def test_token_of_the_web_identity_said_back_is_not_repeated(case, length, writing):
    c = case('--credentials', 'web-identity')
    # "+" and "/" are sent escaped, so that what is repeated may be escaped twice
    c.sim.identity = ''.join(secrets.token_urlsafe(30) for _ in range(410))[:length - 20] + 'a+b/' * 5
    c.sim.file('token', f' {c.sim.identity}\n')
    for code in ('InvalidIdentityToken', 'AccessDenied'):
        echoing(c, WRITINGS[writing], code, 403, is_sts)
        for _ in range(3):
            answer, _ = c.add((NAME, value()))
            assert answer.code in (AUTH, DENIED) and not leaks(secrets_of(c.sim), everything(answer)), everything(answer)


@alone
@pytest.mark.parametrize('length', [16385, 20000, 200000])
def test_token_of_the_web_identity_that_is_too_long_is_told(case, length):
    c = case('--credentials', 'web-identity')
    c.sim.file('token', 'x' * length)
    answer, requests = c.add((NAME, value()))
    assert answer.code == CONFIG and requests == 0
    assert str(c.sim.directory / 'token') in answer.text and '16384' in answer.text and 'web-identity-token-path' in answer.text


@alone
def test_new_credentials_of_a_long_life_are_not_repeated_either(case):
    c = case('--credentials', 'web-identity')
    for i in range(60):
        assert c.add((NAME, value(i)))[0].code == OK
        for key in c.sim.keys.values():
            key.end = time.time() - 1
    assert len(c.sim.keys) == 60 and c.add((NAME, value(60)))[0].code == OK
    c.sim.keys = dict(list(c.sim.keys.items())[-2:])
    echoing(c, WRITINGS['base64'], 'AccessDenied', 403, is_api)
    try_all(c, 'AccessDenied')


@alone
@pytest.mark.parametrize('source', SOURCES)
def test_secret_for_an_error_code_or_in_a_very_long_message_is_not_repeated(case, source):
    c = case('--credentials', source)
    assert c.add((NAME, value(0)))[0].code == OK
    for word in secrets_of(c.sim):
        plain = re.sub(r'[^A-Za-z0-9.]', '', word)
        for write in (lambda w: error(403, w[:63], 'no'), lambda w: error(400, WRITINGS['base64'](w).rstrip('=')[:63], w),
                      lambda w: error(403, 'AccessDenied', 'm' * 8150 + w + 'n' * 5000),
                      lambda w: error(403, 'AccessDenied', w * 60),
                      lambda w: error(403, 'InvalidClientTokenId', ('m' * 370 + w)[:400] + f'\n{w}'),
                      lambda w: Reply(403, f'<{w[:60]}><Message>{w}</Message></{w[:60]}>', {'Content-Type': 'text/xml'}),
                      lambda w: Reply(403, w, {'Content-Type': 'text/plain', 'X-Amzn-Errortype': w})):
            c.sim.handle = lambda request: write(plain if word == plain else word)
            for answer in (c.add((NAME, value(1)))[0], c.check(NAME)[0], c.live(b'CNONE')[0]):
                assert answer.text or answer.results
                assert not leaks([word, plain], everything(answer)), everything(answer)


@alone
@pytest.mark.parametrize('where', ['role', 'keys', 'name', 'session'])
@pytest.mark.parametrize('writing', WRITINGS)
def test_metadata_service_that_says_its_session_back_is_not_repeated(case, where, writing):
    c = case('--credentials', 'imds')
    honest, said = c.sim.imds.look_up, []

    def look_up(path, headers):
        said.append(WRITINGS[writing](headers.get('X-aws-ec2-metadata-token', '')))
        if where == 'name' and path == ROLE_PATH:
            return 200, said[-1].replace('/', '_')[:128]
        return (403, said[-1]) if path != ROLE_PATH or where == 'role' else honest(path, headers)

    c.sim.imds.look_up = look_up
    if where == 'session':
        c.sim.imds.begin_session = lambda path, headers: (said.append('') or 403, WRITINGS[writing](c.sim.imds.session))
    answer, _ = c.add((NAME, value()))
    assert answer.code != OK and said and 'metadata service' in answer.text
    assert not leaks(secrets_of(c.sim), everything(answer)), everything(answer)


@alone
def test_zones_with_secrets_for_name_servers_are_not_repeated(case):
    c = case('--credentials', 'temporary', '--twin', ZONE)
    honest = c.sim.get_zone
    c.sim.get_zone = lambda ident: Reply(200, re.sub(r'<NameServer>[^<]*', f'<NameServer>{c.sim.key.secret}',
                                                     honest(ident).body.decode()), {'Content-Type': 'text/xml'})
    answer, _ = c.add((NAME, value()))
    assert answer.code == CONFIG and 'set zone-id' in answer.text and not leaks(secrets_of(c.sim), everything(answer)), answer.text


# ---- several writers -------------------------------------------------------------------------------------------------

ROUNDS, FOREIGN_ROUNDS, KEEP = 400, 200, 50


def kept(letter, rounds):
    return {f'{letter}{i:042}'.encode() for i in range(0, rounds, KEEP)}


class Watched(Route53):
    """Every change of the zone must add or remove one value, or nothing."""

    steps = 0

    def changed(self, zone, before, after):
        super().changed(zone, before, after)
        lost, new = ({(r.name, r.value) for r in a} - {(r.name, r.value) for r in b}
                     for a, b in ((before, after), (after, before)))
        self.steps += 1
        if len(lost) + len(new) > 1:
            self.violation(f'one change took away {lost} and added {new}')


def start_host(sim, letter):
    """The real host process with the plugin, in a process that makes rounds."""
    argv = [BUILD / 'tests/abi/rounds', PLUGIN, ZONE, NAME, ROUNDS, letter, '--read', sim.options['ca-file']]
    argv += [a for k, v in sim.options.items() for a in ('-o', f'{k}={v}')]
    argv += [a for k, v in sim.secrets.items() for a in ('-s', f'{k}={v}')]
    env = {**os.environ, 'top_builddir': str(BUILD)}
    return subprocess.Popen(list(map(str, argv)), env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def start_foreign(sim, *options):
    hosted = Hosted(sim.zones[ZONE]).id
    argv = ['/usr/bin/python3', TOP / 'tests/lib/route53_client.py', sim.url, sim.options['ca-file'], hosted, NAME,
            FOREIGN_ROUNDS, 'F', *options]
    env = {**os.environ, 'AWS_ACCESS_KEY_ID': sim.key.access, 'AWS_SECRET_ACCESS_KEY': sim.key.secret}
    return subprocess.Popen(list(map(str, argv)), env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize('client', ['own', 'boto3'])
def test_thousand_rounds_of_three_writers_lose_nothing(client):
    if client == 'boto3':
        pytest.importorskip('boto3')
    with Watched('--zone', ZONE) as sim:
        sim.zones[ZONE].add(NAME, FOREIGN)
        writers = [start_host(sim, 'A'), start_host(sim, 'B'), start_foreign(sim, *(['--boto3'] if client == 'boto3' else []))]
        try:
            said = [writer.communicate(timeout=110) for writer in writers]
        finally:
            for writer in writers:
                writer.kill()
        assert [writer.returncode for writer in writers] == [0, 0, 0], said
        wanted = kept('A', ROUNDS) | kept('B', ROUNDS) | kept('F', FOREIGN_ROUNDS) | {FOREIGN.encode()}
        assert sorted(sim.zones[ZONE].values(NAME)) == sorted(wanted)
        assert not sim._violations, sim._violations
        assert sim.refusals > 10, 'the writers did not meet'
        print('refused', sim.refusals, 'requests', sim.count, [out for out, _ in said])


# ---- the conformance kit ---------------------------------------------------------------------------------------------


SOURCE_CHECKS = 'open-close,check-good,check-auth,check-denied,add,remove,two-values,foreign-add,live,later-process,secrets'
# What the simulation calls unsupported, since the service has no such lists: compare and swap endures them all the same.
LAGGING = 'route53_sim.Route53.unsupported = set()\n'
KITS = {'all': ([], '', ''), 'stale': ([], 'stale', LAGGING),
        **{source: (['--credentials', source], SOURCE_CHECKS, '') for source in ('temporary', 'temporary-profile', 'profile',
                                                                                 'web-identity', 'imds')}}


def run_kit(directory, arguments, only, before):
    """The kit with the simulation, which gets these arguments."""
    program = directory / 'sim.py'
    program.write_text(f'#!/usr/bin/env python3\nimport sys\nsys.path[:0] = [{str(TOP / "providers/route53")!r}]\n'
                       f'import route53_sim\n{before}route53_sim.Route53.main(sys.argv[1:] + {arguments!r})\n')
    program.chmod(0o755)
    argv = [BUILD / 'zoneseal', 'provider', 'check', PLUGIN, '--zone', ZONE, '--offline', program, '--json']
    return subprocess.run(list(map(str, argv + (['--only', only] if only else []))), text=True, capture_output=True, timeout=280)


def selected(request, name):
    """The values of a parameter in the tests that were selected."""
    return dict.fromkeys(item.callspec.params[name] for item in request.session.items
                         if item.module.__name__ == __name__ and name in getattr(getattr(item, 'callspec', None), 'params', ()))


@pytest.fixture(scope='module', autouse=True)
def kits(request, base_directory):
    """Future results, side by side and beside the other tests: a kit waits most of its time."""
    def start(kit):
        own = base_directory / f'kit-{kit}'
        own.mkdir(mode=0o755)
        return run_kit(own, *KITS[kit])

    with concurrent.futures.ThreadPoolExecutor(len(KITS)) as pool:
        yield {kit: pool.submit(start, kit) for kit in selected(request, 'kit')}


@pytest.mark.parametrize('kit', KITS)
def test_kit_passes(kits, kit):
    done = kits[kit].result()
    assert done.returncode == 0, done.stdout + done.stderr
    checks = json.loads(done.stdout)['checks']
    states = {c['name']: c['state'] for c in checks}
    assert 'failed' not in states.values() and 'passed' in states.values()
    assert kit != 'all' or [n for n, s in states.items() if s != 'passed'] == ['stale'], states
    # where no option is a secret there is none to look for
    assert kit in ('all', 'stale') or {n for n, s in states.items() if s != 'passed'} <= {'secrets'}, states
    assert kit not in ('all', 'stale') or states['stale'] == ('passed' if kit == 'stale' else 'skipped')


# ---- STS and the metadata service as enemies -------------------------------------------------------------------------

# A choice from the tricks that the API meets in test_hostile_api.py.
ANYWHERE = '''
    honest redirect-302 redirect-307 redirect-to-http redirect-to-metadata redirect-to-file redirect-with-credentials
    redirect-for-ever chunks-good chunk-size-huge chunk-size-negative chunk-without-end chunks-for-ever
    chunk-trailer-without-end header-nul header-escapes header-set-cookie head-without-end head-and-then-nothing
    status-line-1-mib status-escapes status-304 version-0.9 nothing nothing-and-reset length-too-long length-too-short
    length-100-gib body-for-ever body-of-16-mib error-body-for-ever gzip-bomb drip-status drip-body storm-of-100
    status-101-to-h2c message-escapes-403 message-formats message-100-kib message-repeats message-looks-like-ours
    asks-401-basic asks-401-ntlm retry-after-huge body-empty body-html body-cut body-invalid-utf-8'''.split()
TRICKS_ON = {'sts': ANYWHERE + ['tls-wrong-host', 'tls-expired', 'tls-self-signed', 'tls-1.0', 'tls-plain-http', 'drip-handshake',
                                'connect-unanswered', 'xml-billion-laughs', 'xml-external-file', 'xml-nested'],
             'imds': ANYWHERE + ['json-nested-arrays-closed', 'json-nested-objects', 'json-texts-hostile', 'json-texts-long',
                                 'json-members-100000', 'json-string-1-mib', 'never-reads']}
ROWS = [(place, trick) for place, tricks in TRICKS_ON.items() for trick in tricks]
ENDS = {'must': {0}, 'may': {0, 1}, 'fail': {1}, 'unread': {1}}


class HostilePlace(Hostility):
    """tests/lib/route53_hostile.py in one place, and the plugin, which gets its credentials there."""

    def __init__(self, place, directory):
        self.place, self.directory, self.plugin, self.provider = place, directory, PLUGIN, self
        self.process = subprocess.Popen([sys.executable, TOP / 'tests/lib/route53_hostile.py', place, directory],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.told = json.loads(self.process.stdout.readline())
        self.home = directory / 'home'
        self.home.mkdir()
        (self.home / '.netrc').write_text('default login {} password {}\n'.format(*NETRC_LOGIN))
        (self.home / '.netrc').chmod(0o600)

    def options(self, trick):
        url = self.told['tricks'][trick]['url']
        where = {'sts': {'sts-url': url}, 'imds': {'imds-url': url.replace('https:', 'http:')}}[self.place]
        return {**self.told['options'], **where, 'ca-file': self.told['ca-file'], 'http-timeout': '1s'}


@pytest.fixture(scope='module')
def places(request, tmp_path_factory):
    """For each place its server and future results of the selected rows."""
    if not DRIVE.exists():
        pytest.skip(f'{DRIVE} is not built (make build-tests)')
    rows = selected(request, 'row')
    servers = {place: HostilePlace(place, tmp_path_factory.mktemp(place)) for place in dict.fromkeys(place for place, _ in rows)}
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        yield {place: (server, {trick: pool.submit(server.run, trick) for p, trick in rows if p == place})
               for place, server in servers.items()}
    for server in servers.values():
        server.end()


@pytest.mark.parametrize('row', ROWS, ids='-'.join)
def test_hostile_place_of_credentials(places, row):
    place, trick = row
    server, runs = places[place]
    run = runs[trick].result()
    where = f'\n--- stdout\n{run.out[:4000]!r}\n--- stderr\n{run.err[:4000]!r}'
    assert not re.search('AddressSanitizer|LeakSanitizer|runtime error:', run.err), run.err
    assert run.code in ENDS[TRICKS[trick].outcome if trick in TRICKS else 'fail'], f'exit status {run.code}{where}'
    assert run.number(r'1 changes in (\d+) ms') <= DEADLINE_MS + OVERTIME_MS, where
    assert SANITIZER or run.number(r'peak (\d+) KiB') <= MEMORY_KIB, where
    lines = [line for line in run.out.split('\n') if not TICKET.fullmatch(line)]
    assert lines.pop() == '' and all(SAID.fullmatch(line) for line in lines), where
    assert run.code == 0 or {'sts': 'STS', 'imds': 'instance metadata service'}[place] in run.out, where
    for line in run.all.split('\n'):
        assert not unprintable(line) and len(line) < 1200, f'{line!r} has {unprintable(line)}'
    assert [f for word in server.report()['secrets'] for f in forms(word, None) if f in run.all] == [], where


@pytest.mark.parametrize('place', TRICKS_ON)
def test_nobody_went_astray_for_credentials(places, place):
    """After all runs: every trick was met, nobody came to the foreign host, and Route 53 was asked only with what it gave."""
    if place not in places:
        pytest.skip('no row of it was selected')
    server, runs = places[place]
    concurrent.futures.wait(runs.values())
    report = server.report()
    assert report['foreign'] == [] and report['violations'] == []
    assert [t for t in runs if server.told['tricks'][t]['is_met'] and not report['connections'][t]] == []


# ---- whole issuances, the simulation in the lab ----------------------------------------------------------------------


@pytest.fixture
def served(zs):
    """served(*ARGUMENTS, delay=0, **OPTIONS): the simulation inside the lab, its records served by BIND, and a
    configuration that writes through it."""
    sims = []

    def make(*arguments, program='route53', delay=0, **options):
        sink = ('--sink', zs.lab.vars['LAB_PRIMARY'], '--delay', delay,
                '--sink-key', pathlib.Path(zs.lab.vars['LAB_KEYS']) / 'lab-sha256.key')
        sims.append(SimProcess(program, ZONE, lab=zs.lab, arguments=(*sink, *arguments)).start())
        settings = {'plugin': 'route53', **sims[-1].settings(), **options}
        zs.providers['aws'] = {k.replace('_', '-'): v for k, v in settings.items() if v is not None}
        zs.zones[ZONE] = {'provider': 'aws'}
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
    return zs.certificate('aws', ZONE, f'*.{ZONE}')


def refused(zs, code, *words):
    """A run that fails before an order; its words are all there."""
    mark = zs.lab.mark()
    result = zs.run('issue').expect(code)
    missing = [word for word in words if word not in result.err]
    assert not missing, f'{missing} are not in\n{result.err}'
    assert not mark.count('/order-plz')
    return result


@pytest.mark.parametrize('propagation', ['all', 'provider'])
@pytest.mark.parametrize('delay', [0, 1500])
def test_apex_and_wildcard_are_issued_and_only_foreign_values_stay(zs, served, certificate, delay, propagation):
    sim = served(delay=delay)
    zs.zones[ZONE]['propagation'] = propagation
    sim.add(NAME, FOREIGN)
    before = sim.requests()
    result = zs.run('issue', '--json').expect(0)
    assert result.json['certificates'][0]['state'] == 'issued'
    assert sim.records() == {(NAME, FOREIGN)}
    # the check with its four requests, a list and a batch to add, the same to remove; and the looks whether it is live
    assert sim.requests() - before == 4 + 2 + 2 if propagation == 'all' else sim.requests() - before > 4 + 2 + 2
    wait_until(lambda: zs.lab.txt(ZONE) & {(NAME, FOREIGN)} and not zs.lab.challenges(), what='the same in DNS')


@pytest.mark.parametrize('source', ['temporary', 'profile', 'web-identity', 'imds'])
def test_certificate_is_issued_with_credentials_from(zs, served, certificate, source):
    sim = served('--credentials', source)
    zs.run('issue').expect(0)
    assert not sim.records()


NOT_CONFIGURED = {'access_key_id': None, 'secret_access_key_file': None, 'session_token_file': None}


@contextlib.contextmanager
def in_environment(zs, sim):
    """The keys that the configuration does not have."""
    env = dict(zs.lab.env)
    zs.lab.env.update(AWS_ACCESS_KEY_ID=sim.options['access-key-id'],
                      AWS_SECRET_ACCESS_KEY=sim.secrets['secret-access-key'].read_text(),
                      AWS_SESSION_TOKEN=sim.secrets['session-token'].read_text(), AWS_REGION='eu-central-1')
    try:
        yield
    finally:
        zs.lab.env = env


def test_certificate_is_issued_with_credentials_from_the_environment(zs, served, certificate):
    sim = served('--credentials', 'temporary', **NOT_CONFIGURED)
    with in_environment(zs, sim):
        zs.run('issue').expect(0)
    assert not sim.records()


@pytest.mark.parametrize('source, place, writing', [
    ('temporary', 'api', 'raw'), ('temporary', 'api', 'base64'), ('environment', 'api', 'raw'), ('environment', 'api', 'percent'),
    ('temporary-profile', 'api', 'raw'), ('temporary-profile', 'api', 'base64'), ('web-identity', 'api', 'raw'),
    ('web-identity', 'sts', 'raw'), ('web-identity', 'sts', 'base64 behind others'), ('imds', 'api', 'raw'),
    ('imds', 'imds', 'raw')])
def test_nothing_that_is_printed_or_kept_has_a_secret_that_a_service_said_back(zs, served, certificate, source, place, writing):
    options = NOT_CONFIGURED if source == 'environment' else {}
    sim = served('--credentials', source.replace('environment', 'temporary'), '--echo', place, '--writing', writing,
                 program=TOP / 'tests/lib/route53_echo.py', **options)
    with in_environment(zs, sim) if options else contextlib.nullcontext():
        results = [zs.run(*command, '-vvv') for command in (['check', '--live'], ['issue', '--json'], ['check', '--live'])]
    words = json.loads((pathlib.Path(sim.options['ca-file']).parent / NOT_TO_BE_SEEN).read_text())
    assert words
    for result in results:
        assert result.code in (3, 4, 7) and ('metadata service' if place == 'imds' else 'AccessDenied') in result.out + result.err
        assert not leaks(words, result.out + result.err), result.out + result.err
    kept = [p.read_text(errors='replace') for p in zs.directory.rglob('*') if p.is_file()]
    assert kept and not leaks(words, '\n'.join(kept))


def test_wrong_secret_is_told_before_an_order(zs, served, certificate, directory):
    secret = directory / 'secret'
    secret.write_text('Wrong/0123456789012345678901234567890123\n')
    secret.chmod(0o600)
    sim = served(secret_access_key_file=secret)
    result = refused(zs, 4, 'SignatureDoesNotMatch', 'does not belong to this access key id')
    assert secret.read_text().strip() not in result.err + result.out
    assert sim.requests() == 1 and sim.violations() == ['a signature that is wrong']


@pytest.mark.parametrize('arguments, words', [
    (['--deny', 'route53:ChangeResourceRecordSets'], ['AccessDenied', 'route53:ChangeResourceRecordSets']),
    (['--deny', 'route53:ListHostedZonesByName'], ['AccessDenied', 'route53:ListHostedZonesByName']),
    (['--allow-name', f'_acme-challenge.other.{ZONE}'], ['AccessDenied', 'zoneseal provider policy']),
])
def test_missing_right_is_told_before_an_order(zs, served, certificate, arguments, words):
    sim = served(*arguments)
    refused(zs, 4, ZONE, *words)
    assert not sim.records()


def test_two_zones_of_one_name_are_told_before_an_order(zs, served, certificate):
    sim = served('--twin', ZONE)
    refused(zs, 3, '2 public hosted zones', 'set zone-id', 'awsdns')
    assert not sim.records()


def test_rate_limit_is_waited_out_and_a_long_one_told(zs, served, certificate):
    sim = served()
    sim.fault('rate-long')
    refused(zs, 7, '3600 s')
    sim.fault('rate', 2, 0, 3)
    zs.run('issue').expect(0)
    assert not sim.records()


def test_killed_run_is_cleaned_up_by_the_next(zs, served, certificate):
    sim = served()
    process = zs.start('issue')
    wait_until(sim.records, what='a record')
    process.kill()
    process.communicate()
    zs.run('issue').expect(0)
    assert not sim.records()


def test_policy_of_the_configuration_is_printed(zs, served, certificate):
    served()
    policy = json.loads(zs.run('provider', 'policy', 'aws').expect(0).out)
    names = [s['Condition']['ForAllValues:StringEquals']['route53:ChangeResourceRecordSetsNormalizedRecordNames']
             for s in policy['Statement'] if 'Condition' in s]
    assert names == [[NAME]]


# ---- moto, where it is installed ---------------------------------------------------------------------------------------

MOTO = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'zoneseal/moto/bin/moto_server'


@pytest.fixture
def moto(directory):
    """The URL of a moto server, and AWS's own client of it with a hosted zone.  It checks no signature and deletes what is
    no longer there, so it says nothing about races and rights: only that the forms of both sides are the same."""
    boto3 = pytest.importorskip('boto3')
    if not MOTO.exists():
        pytest.skip('moto is not there (scripts/setup --optional installs it)')
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    with open(directory / 'moto.log', 'w', encoding='utf-8') as log:
        server = subprocess.Popen([MOTO, '-H', '127.0.0.1', '-p', str(port)], stdout=log, stderr=log)
    try:
        url = f'http://127.0.0.1:{port}'
        wait_until(lambda: server.poll() is not None or not socket.socket().connect_ex(('127.0.0.1', port)), what='moto')
        client = boto3.client('route53', endpoint_url=url, region_name='us-east-1', aws_access_key_id='AKIATEST',
                              aws_secret_access_key='test')
        yield url, client, client.create_hosted_zone(Name=ZONE, CallerReference='1')['HostedZone']['Id']
    finally:
        server.terminate()
        server.wait(20)


def moto_values(client, zone):
    sets = client.list_resource_record_sets(HostedZoneId=zone)['ResourceRecordSets']
    return {(s['Name'].rstrip('.'), r['Value'].strip('"')) for s in sets if s['Type'] == 'TXT' for r in s['ResourceRecords']}


@alone
def test_moto_understands_our_requests_and_we_its_answers(moto):
    url, client, zone = moto
    client.create_hosted_zone(Name=ZONE, CallerReference='2', HostedZoneConfig={'PrivateZone': True})
    # It refuses a CREATE that is the same as any before, so the foreign value comes by UPSERT.
    client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={'Changes': [{'Action': 'UPSERT', 'ResourceRecordSet': {
        'Name': NAME, 'Type': 'TXT', 'TTL': 5, 'ResourceRecords': [{'Value': f'"{FOREIGN}"'}]}}]})
    with Plugin(PLUGIN) as plugin:
        assert plugin.open(api_url=url, access_key_id='AKIATEST', secret_access_key='test', request_rate=1000).code == OK
        assert plugin.zones().zones == [ZONE]
        ours = [(NAME, value(1)), (NAME, value(2)), (name(1), value(3))]
        answer = plugin.apply(ZONE, [(ADD, *pair) for pair in ours])
        assert answer.code == OK and not answer.results and answer.ticket, answer
        assert moto_values(client, zone) == {*ours, (NAME, FOREIGN)}
        answer = plugin.apply(ZONE, [(REMOVE, *pair) for pair in ours])
        assert answer.code == OK and not answer.results, answer
        assert moto_values(client, zone) == {(NAME, FOREIGN)}
        assert plugin.apply('none.test', [(ADD, '_acme-challenge.none.test', value())]).code == NOT_FOUND


@alone
def test_moto_gives_credentials_for_a_web_identity(moto, directory):
    url, client, zone = moto
    (directory / 'token').write_text('a.b.c')
    with Plugin(PLUGIN) as plugin:
        assert plugin.open(api_url=url, sts_url=url, request_rate=1000, web_identity_token_path=directory / 'token',
                           role_arn='arn:aws:iam::123456789012:role/zoneseal').code == OK
        answer = plugin.apply(ZONE, [(ADD, NAME, value())])
        assert answer.code == OK, answer.text
        assert moto_values(client, zone) == {(NAME, value())}
