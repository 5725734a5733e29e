# SPDX-License-Identifier: Apache-2.0
"""The JSON documents are what docs/schema says; test_ca_faults.py compares the errors of CAs, too."""

import pytest

from conftest import front_of, kill, validate, wait_until


def states(document):
    return [c['state'] for c in document['certificates']]


def test_issued_then_skipped_then_status(zs):
    zs.certificate('corp', 'a.example.test', '*.a.example.test')
    validate(zs.run('status', '--json').expect(0).json, 'status')
    document = validate(zs.run('issue', '--json').expect(0).json, 'issue')
    assert states(document) == ['issued'] and document['certificates'][0]['routes']
    assert states(validate(zs.run('issue', '--json').expect(0).json, 'issue')) == ['skipped']
    assert states(validate(zs.run('status', '--json').expect(0).json, 'status')) == ['good']


def test_status_with_processes(zs):
    zs.certificate('corp', 'a.example.test')
    document = validate(zs.run('status', '--processes', '--json').expect(0).json, 'status')
    assert {p['role'] for p in document['processes']} >= {'front', 'engine', 'vault', 'probe', 'host'}


def test_dry_run(zs):
    zs.certificate('corp', 'a.example.test')
    assert states(validate(zs.run('issue', '--dry-run', '--json').expect(0).json, 'issue')) == ['dry-run']


def test_check_live(zs):
    zs.certificate('corp', 'a.example.test')
    document = validate(zs.run('check', '--live', '--json').expect(0).json, 'issue')
    assert document['command'] == 'check' and states(document) == ['dry-run']


def test_failed(zs):
    zs.certificate('corp', 'a.nosuchzone.test')
    document = validate(zs.run('issue', '--json').expect(5).json, 'issue')
    assert states(document) == ['failed'] and document['certificates'][0]['error']['exit_code'] == 5


def test_partly_failed(zs):
    zs.certificate('good', 'a.example.test')
    zs.certificate('bad', 'a.nosuchzone.test')
    document = validate(zs.run('issue', '--json').expect(11).json, 'issue')
    assert sorted(states(document)) == ['failed', 'issued'] and document['exit_code'] == 11


def test_terms_not_agreed(zs):
    zs.ca['agree-tos'] = 'no'
    zs.certificate('corp', 'a.example.test')
    document = validate(zs.run('issue', '--json').expect(6).json, 'issue')
    assert document['certificates'][0]['error']['code'] == 'ca-account'


def test_record_of_a_dead_run(zs):
    zs.certificate('corp', 'a.example.test')
    zs.lab.run('pause', 'secondary')
    try:
        process = zs.start('issue')
        front = front_of(process)
        wait_until(zs.lab.challenges, what='the record')
        kill(front)
        process.communicate(timeout=30)
    finally:
        zs.lab.run('resume', 'secondary')
    document = validate(zs.run('status', '--json').json, 'status')
    assert [e['live'] for e in document['journal']] == [False]
    document = validate(zs.run('issue', '--json').expect(0).json, 'issue')
    assert [e['removed'] for e in document['cleaned']] == [True]


@pytest.mark.parametrize('command', ['issue', 'status'])
def test_error_of_the_command_as_a_whole(zs, command):
    zs.certificate('corp', 'a.example.test', nonsense='1')
    document = validate(zs.run(command, '--json').expect(3).json, command)
    assert document['error']['code'] == 'config' and document['exit_code'] == 3


@pytest.mark.parametrize('command', ['issue', 'status'])
def test_usage_error(zs, command):
    zs.certificate('corp', 'a.example.test')
    document = validate(zs.run(command, '--json', '--no-such-option').expect(2).json, command)
    assert document['error']['code'] == 'usage'
