# SPDX-License-Identifier: Apache-2.0
"""A kill at any moment leaves nothing that the next run does not clean, and no second order where the first can be finished."""

import signal
import time

import pytest

from conftest import BUILD, Ended, Result, children_of, descendants, front_of, kill, wait_until

NAME = '_acme-challenge.k.example.test'


def record_is_there(zs):
    return any(name == NAME for name, _ in zs.lab.challenges())


def start_and_hold(zs):
    """A run that waits for a silent secondary, its record published."""
    zs.certificate('k', 'k.example.test', '*.k.example.test')
    zs.lab.run('pause', 'secondary')
    process = zs.start('issue')
    front = front_of(process)
    wait_until(lambda: record_is_there(zs), what='the record')
    return process, front


@pytest.fixture
def held(zs):
    process, front = start_and_hold(zs)
    yield zs, process, front
    zs.lab.run('resume', 'secondary')
    for pid in descendants(process.pid):
        kill(pid)
    process.communicate()


@pytest.mark.parametrize('role', ['front', 'engine', 'vault'])
def test_kill_after_publishing_then_a_normal_run(held, role):
    zs, process, front = held
    zs.lab.run('txt', 'add', NAME, 'foreign-value')
    kill(front if role == 'front' else children_of(front)[role][0])
    process.communicate(timeout=30)
    zs.lab.run('resume', 'secondary')
    wait_until(lambda: not children_of(front), what='the end of all children')
    assert record_is_there(zs)
    zs.run('issue').expect(0)
    assert not record_is_there(zs)
    assert (NAME, 'foreign-value') in zs.lab.txt('example.test')
    zs.lab.run('txt', 'del', NAME, 'foreign-value')


@pytest.mark.parametrize('role', ['probe', 'host'])
def test_kill_of_a_replaceable_process_costs_nothing(held, role):
    zs, process, front = held
    kill(children_of(front)[role][0])
    wait_until(lambda: children_of(front).get(role), what=f'a new {role}')
    zs.lab.run('resume', 'secondary')
    out, err = process.communicate(timeout=60)
    Result(process, out, err).expect(0)


@pytest.mark.parametrize('role', ['probe', 'host'])
def test_replaced_process_reaches_an_engine_that_was_slow(held, role):
    """The new link may come before the engine has seen the end of the old one."""
    zs, process, front = held
    engine = children_of(front)['engine'][0]
    old = children_of(front)[role]
    kill(engine, signal.SIGSTOP)
    kill(old[0])
    wait_until(lambda: children_of(front).get(role, old) != old, what=f'a new {role}')
    time.sleep(0.2)
    kill(engine, signal.SIGCONT)
    zs.lab.run('resume', 'secondary')
    out, err = process.communicate(timeout=60)
    Result(process, out, err).expect(0)


def test_ca_that_forgets_everything_in_mid_order_gets_a_new_account_and_order(held):
    zs, process, front = held
    zs.lab.run('stop', 'pebble')
    zs.lab.run('start', 'pebble')
    zs.lab.run('resume', 'secondary')
    out, err = process.communicate(timeout=60)
    result = Result(process, out, err).expect(0)
    assert 'lost the account' in result.err
    assert not record_is_there(zs)


def test_hanging_vault_does_not_hold_the_run_for_ever(held):
    zs, process, front = held
    kill(children_of(front)['vault'][0], signal.SIGSTOP)
    zs.lab.run('resume', 'secondary')
    out, err = process.communicate(timeout=90)
    Result(process, out, err).expect(1)
    zs.run('issue').expect(0)


def walk_that_hangs(zs):
    """A run whose walk gets no answer, for both servers of the zone are silent."""
    zs.certificate('k', 'k.example.test')
    for server in ('primary', 'secondary'):
        zs.lab.run('pause', server)
    process = zs.start('issue', '--json')
    front = front_of(process)
    wait_until(lambda: children_of(front).get('probe'), what='the probe')
    time.sleep(0.7)
    return process, front


def kill_probe(front):
    old = children_of(front)['probe']
    for pid in old:
        kill(pid)
    return old


@pytest.fixture
def hanging(zs):
    process, front = walk_that_hangs(zs)
    yield zs, process, front
    for server in ('primary', 'secondary'):
        zs.lab.run('resume', server)
    for pid in descendants(process.pid):
        kill(pid)
    process.communicate()


@pytest.mark.parametrize('times', [1, 3])
def test_kill_of_the_probe_during_the_walk_costs_nothing(hanging, times):
    zs, process, front = hanging
    for _ in range(times):
        old = kill_probe(front)
        wait_until(lambda: set(children_of(front).get('probe', old)) - set(old), what='a new probe')
        time.sleep(0.3)
    for server in ('primary', 'secondary'):
        zs.lab.run('resume', server)
    out, err = process.communicate(timeout=60)
    Result(process, out, err).expect(0)


def test_kill_of_the_probe_again_and_again_is_an_error_of_dns(hanging):
    zs, process, front = hanging
    for i in range(4):
        old = kill_probe(front)
        if i < 3:
            wait_until(lambda: set(children_of(front).get('probe', old)) - set(old), what='a new probe')
            time.sleep(0.3)
    out, err = process.communicate(timeout=30)
    result = Result(process, out, err).expect(5)
    error = result.json['certificates'][0]['error']
    assert error['code'] == 'dns' and 'ended 4 times' in error['text']


def test_gc_removes_what_a_killed_run_left(held):
    zs, process, front = held
    kill(front)
    process.communicate(timeout=30)
    zs.lab.run('resume', 'secondary')
    wait_until(lambda: not children_of(front), what='the end of all children')
    document = zs.run('gc', '--json').expect(0).json
    assert len(document['entries']) == 2 and all(e['removed'] for e in document['entries'])
    assert not record_is_there(zs)


def test_gc_says_what_it_cannot_remove(held):
    zs, process, front = held
    kill(front)
    process.communicate(timeout=30)
    zs.lab.run('resume', 'secondary')
    wait_until(lambda: not children_of(front), what='the end of all children')
    zs.key = 'bad.key'
    result = zs.run('gc').expect(11)
    assert NAME in result.err + result.out
    zs.key = 'lab-sha256.key'
    zs.run('gc').expect(0)


@pytest.mark.parametrize('signo, code', [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_removes_the_record_and_ends(held, signo, code):
    zs, process, front = held
    begin = time.monotonic()
    kill(front, signo)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - begin < 10
    Result(process, out, err).expect(code)
    assert not record_is_there(zs)


def test_kill_after_finalize_is_resumed_without_a_second_order(zs):
    zs.certificate('k', 'k.example.test')
    zs.write()
    process = zs.start('issue')
    front = front_of(process)
    mark = zs.lab.mark()
    pending = zs.state / 'certificates/k/pending'
    wait_until(lambda: any(pending.glob('*')) and mark.count('/finalize-order'), what='finalize')
    for pid in [front, *sum(children_of(front).values(), [])]:
        kill(pid)
    process.communicate(timeout=30)
    if (zs.state / 'certificates/k/current').exists():
        pytest.skip('the run was faster than the kill')
    mark = zs.lab.mark()
    document = zs.run('issue', '--json').expect(0).json
    assert not mark.count('/order-plz')
    assert document['certificates'][0]['resumed'] is True


def test_many_moments(zs):
    """SIGKILL of everything after a growing time; then one normal run."""
    zs.certificate('k', 'k.example.test', '*.k.example.test')
    for step in range(12):
        process = zs.start('issue', '--force')
        try:
            front = front_of(process)
        except Ended:
            process.communicate()
            continue
        time.sleep(0.015 * step)
        for pid in [front, *sum(children_of(front).values(), [])]:
            kill(pid)
        process.communicate(timeout=30)
    zs.run('issue', '--force').expect(0)
    assert not record_is_there(zs)
