# SPDX-License-Identifier: Apache-2.0
"""A plugin whose service cannot keep two changes apart gets one at a time in each zone, whatever runs."""

import signal
import subprocess

import pytest

from conftest import Result, children_of, descendants, front_of, kill, wait_until
from test_routing import BIND, KNOT, serve, tell, through  # noqa: F401 (a fixture)


def finish(process, code=0):
    out, err = process.communicate(timeout=120)
    return Result(process, out, err or '').expect(code)


def go_on(process):
    """Also what runs it inside the lab has stopped with it."""
    for pid in [process.pid, *descendants(process.pid)]:
        kill(pid, signal.SIGCONT)


def overlaps(server):
    return [e for e in server.calls() if len(e['together']) > len(set(e['together']))]


@pytest.mark.parametrize('plugin, gate, together', [('zone_lock', 'clash', False), ('tells', 'collide', True)])
def test_two_runs_in_one_zone(zs, serve, plugin, gate, together):
    """Each call stays open until another one comes, or a moment has passed: without the lock they do meet."""
    server = tell(zs, serve, gate)
    through(zs, 'bind', server, plugin)
    zs.certificate('a', 'a.example.test').certificate('b', 'b.example.test')
    runs = [zs.start('issue', name) for name in ('a', 'b')]
    for process in runs:
        finish(process)
    assert len(server.calls()) == 4
    assert bool(overlaps(server)) == together, server.events
    assert not list((zs.state / 'locks').rglob('*.test')) if not together else not (zs.state / 'locks').exists()


def test_two_batches_of_one_run(zs, serve):
    """23 changes are three calls, and the removals follow: never two of them at once."""
    server = tell(zs, serve, 'clash')
    through(zs, 'one', server, 'zone_lock')
    through(zs, 'bind', server, 'zone_lock')
    zs.certificate('a', 'a.example.test', provider='one').certificate('b', 'b.example.test', provider='one')
    finish(zs.start('issue'))
    assert not overlaps(server)


def test_two_zones_do_not_wait_for_each_other(zs, serve):
    """A call is answered when one in the other zone has come: with one lock for both the runs would wait in vain."""
    server = tell(zs, serve, 'meet')
    for name in ('bind', 'knot'):
        through(zs, name, server, 'zone_lock')
    zs.certificate('a', 'a.example.test').certificate('b', 'b.corp.example.test')
    runs = [zs.start('issue', name) for name in ('a', 'b')]
    for process in runs:
        finish(process)
    assert any(set(e['together']) == {BIND, KNOT} for e in server.calls()), server.events


@pytest.mark.parametrize('role', ['front', 'engine', 'vault', 'host'])
def test_lock_of_one_that_died_is_free(zs, serve, role):
    """It dies while its plugin works; the next run does not wait for it, and removes what it left."""
    server = tell(zs, serve, 'stick')
    through(zs, 'bind', server, 'zone_lock')
    zs.certificate('a', 'a.example.test').certificate('b', 'b.example.test')
    process = zs.start('issue', 'a')
    front = front_of(process)
    server.wait(lambda events: any(e.get('event') == 'done' for e in events))
    kill(front if role == 'front' else children_of(front)[role][0])
    out, err = process.communicate(timeout=60)
    wait_until(lambda: not children_of(front), what='the end of all children')
    finish(zs.start('issue', 'b'))
    assert not any(name == '_acme-challenge.a.example.test' for name, _ in zs.lab.challenges()), err


def test_lock_of_a_dead_engine_stays_with_the_host_that_works(zs, serve, tmp_path):
    """A change that is under way keeps its lock until its process has ended: front, stopped here, cannot end it yet."""
    server = tell(zs, serve, 'stick')
    through(zs, 'bind', server, 'zone_lock')
    zs.certificate('a', 'a.example.test').certificate('b', 'b.example.test')
    first = zs.start('issue', 'a')
    front = front_of(first)
    server.wait(lambda events: any(e.get('event') == 'done' for e in events))
    kill(front, signal.SIGSTOP)
    try:
        kill(children_of(front)['engine'][0])
        wait_until(lambda: 'engine' not in children_of(front), what='the end of the engine')
        with open(tmp_path / 'said', 'w+', encoding='utf-8') as said:
            second = zs.lab.popen(zs.argv('issue', 'b', '-v'), stdout=subprocess.PIPE, stderr=said)
            # it waits, or it does not and its call meets the one that sticks
            wait_until(lambda: 'zone example.test: waits' in (tmp_path / 'said').read_text() or len(server.calls()) > 1,
                       what='the second run to want the lock')
            assert len(server.calls()) == 1, server.events
            assert 'host' in children_of(front)
            go_on(first)
            finish(second)
    finally:
        go_on(first)
    first.communicate(timeout=60)
    zs.run('gc').expect(0)
    assert not overlaps(server)
    assert not list((zs.state / 'locks').rglob('*.test'))


def test_run_that_waits_for_the_lock_can_be_ended(zs, serve):
    server = tell(zs, serve, 'stick')
    through(zs, 'bind', server, 'zone_lock')
    zs.certificate('a', 'a.example.test').certificate('b', 'b.example.test')
    first = zs.start('issue', 'a')
    server.wait(lambda events: any(e.get('event') == 'done' for e in events))
    second = zs.start('issue', 'b', '-v')
    front = front_of(second)
    wait_until(lambda: any('b.example.test' in p.read_text() for p in (zs.state / 'journal').glob('*.journal')), what='its journal')
    kill(front, 15)
    out, err = second.communicate(timeout=60)
    assert second.returncode == 128 + 15, err
    # it had written nothing yet, so nothing of it is left behind, and nobody waits for the other one
    assert 'work unfinished' not in err, err
    entries = zs.run('gc', '--dry-run', '--json').expect(0).json['entries']
    assert {e['certificate'] for e in entries} == {'a'} and all(e['live'] for e in entries)
    assert len(server.calls()) == 1
    kill(front_of(first))
    first.communicate(timeout=60)
    zs.run('gc').expect(0)
