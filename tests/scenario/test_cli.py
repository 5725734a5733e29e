# SPDX-License-Identifier: Apache-2.0
"""The command line of a first user: what cannot be used is named, with the cure; looking changes nothing."""

import os
import shutil
import signal
import subprocess

import pytest

from conftest import BUILD, Result, front_of, kill, wait_until

PLUGINS = BUILD / 'tests/providers/.libs'


def zoneseal(*arguments, timeout=60):
    process = subprocess.run([BUILD / 'zoneseal', *map(str, arguments)], capture_output=True, text=True,
                             stdin=subprocess.DEVNULL, timeout=timeout)
    return Result(process, process.stdout, process.stderr)


def make_unusable(directory, kind):
    state = directory / 'state'
    if kind == 'file':
        state.write_text('x')
    elif kind == 'open':
        state.mkdir()
        state.chmod(0o777)
    elif kind == 'foreign':
        if os.geteuid():
            pytest.skip('only root gives files away')
        state.mkdir(0o700)
        os.chown(state, 12345, 12345)
    else:
        (directory / 'x').write_text('x')
        state = directory / 'x' / 'state'
    return state


@pytest.mark.parametrize('kind', ['file', 'open', 'foreign', 'unreachable'])
@pytest.mark.parametrize('command', [['status'], ['gc'], ['gc', '--dry-run']])
def test_state_directory_that_cannot_be_used(directory, kind, command):
    state = make_unusable(directory, kind)
    result = zoneseal(*command, '--state-dir', state).expect(9)
    assert str(state) in result.err and '--state-dir' in result.err and 'report' not in result.err
    error = zoneseal(*command, '--json', '--state-dir', state).expect(9).json['error']
    assert error['code'] in ('storage', 'permission') and str(state) in error['text'] and error['where'] == str(state)


@pytest.mark.parametrize('script', ['exit 1', 'sleep 0.05; exit 0', 'kill -9 $$'])
def test_vault_that_ends_without_an_answer_is_no_success(directory, script):
    """Whenever its end is noticed: an empty list is only what the vault said."""
    tree = directory / 'tree'
    (tree / 'core/vault').mkdir(parents=True)
    for path in (tree, tree / 'core', tree / 'core/vault'):
        path.chmod(0o755)
    shutil.copy(BUILD / 'zoneseal', tree / 'zoneseal')
    vault = tree / 'core/vault/zoneseal-vault'
    vault.write_text(f'#!/bin/sh\n{script}\n')
    vault.chmod(0o755)
    for _ in range(10):
        result = subprocess.run([tree / 'zoneseal', 'status', '--state-dir', directory / 'state'], capture_output=True, text=True,
                                stdin=subprocess.DEVNULL, timeout=60)
        assert result.returncode == 1 and 'vault' in result.stderr and not result.stdout, result


def test_issue_into_a_file(zs):
    zs.certificate('corp', 'a.example.test')
    zs.state.write_text('x')
    error = zs.run('issue', '--json').expect(9).json['certificates'][0]['error']
    assert error['code'] == 'storage' and error['where'] == str(zs.state), error


@pytest.mark.parametrize('command', [['status'], ['check'], ['check', '--live'], ['gc', '--dry-run'], ['issue', '--dry-run']])
def test_looking_makes_nothing(zs, command):
    zs.state = zs.directory / 'not' / 'there'
    zs.certificate('corp', 'a.example.test')
    zs.run(*command).expect(0)
    assert not (zs.directory / 'not').exists()


@pytest.mark.parametrize('bundle', ['/etc/passwd', '/tmp', '/nowhere/roots.pem', 'damaged'])
def test_bundle_of_roots_that_is_none(zs, bundle):
    if bundle == 'damaged':
        path = zs.directory / 'damaged.pem'
        path.write_text('-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n')
        bundle = str(path)
    zs.ca['ca-bundle'] = bundle
    zs.certificate('one', 'a.example.test').certificate('two', 'b.example.test')
    for certificate in zs.run('issue', '--json').expect(3).json['certificates']:
        error = certificate['error']
        assert error['code'] == 'config' and error['where'] == bundle, error


@pytest.mark.parametrize('plugin', ['bad_crash_load', 'bad_hang_load'])
def test_plugin_that_does_not_load(plugin):
    path = PLUGINS / f'{plugin}.so'
    if not path.exists():
        pytest.skip('the plugins of the tests are not built')
    result = zoneseal('provider', 'info', path).expect(4, crashes=True)
    assert plugin in result.err and 'provider info' not in result.err and 'please report' not in result.err


@pytest.mark.parametrize('path', ['/nowhere/plugin.so', './nowhere.so'])
def test_plugin_that_is_not_there(path):
    result = zoneseal('provider', 'info', path).expect(3)
    assert path.removeprefix('.') in result.err and 'provider list' in result.err


def test_request_that_is_a_directory(zs):
    zs.certificates['own'] = {'csr': '/tmp'}
    error = zs.run('issue', '--json').expect(3).json['certificates'][0]['error']
    assert error['code'] == 'config' and error['where'] == '/tmp', error


def test_check_live_json_is_a_document_of_check(zs):
    zs.certificate('corp', 'a.example.test')
    document = zs.run('check', '--live', '--json').expect(0).json
    assert document['command'] == 'check' and document['schema'] == 1 and document['error'] is None
    assert {'certificates', 'cleaned', 'requests', 'connections', 'signal', 'exit_code'} <= document.keys()
    assert document['certificates'][0]['state'] == 'dry-run'


def test_check_names_what_is_missing(zs):
    zs.ca['ca-bundle'] = '/nowhere/roots.pem'
    zs.certificate('corp', 'a.example.test', key_group='no-such-group')
    zs.certificates['own'] = {'csr': '/nowhere/own.csr'}
    result = zs.run('check').expect(3)
    assert all(word in result.err for word in ['/nowhere/roots.pem', 'no-such-group', '/nowhere/own.csr']), result.err
    assert len(zs.run('check', '--json').expect(3).json['problems']) == 3


def test_check_without_certificates_says_so(zs):
    assert '[certificate NAME]' in zs.run('check').expect(0).err


def test_terms_hint(zs):
    zs.ca['agree-tos'] = 'no'
    zs.certificate('corp', 'a.example.test')
    result = zs.run('issue').expect(6)
    assert '--agree-tos' in result.err and 'agree-tos = yes in [ca lab]' in result.err


def test_url_that_is_no_directory(zs):
    zs.ca['directory'] = zs.lab.vars['LAB_CA_URL'] + '/nowhere'
    zs.certificate('corp', 'a.example.test')
    result = zs.run('issue').expect(6)
    assert 'check the URL' in result.err


@pytest.mark.parametrize('server', ['127.53.0.99', 'nowhere.example.test'])
def test_name_server_that_is_none(zs, server):
    zs.providers['wrong'] = {'plugin': 'rfc2136', 'nameserver': server, 'tsig-key-file': f'{zs.lab.vars["LAB_KEYS"]}/{zs.key}'}
    zs.certificate('corp', 'a.example.test', provider='wrong')
    result = zs.run('issue').expect(4)
    assert 'option nameserver' in result.err


def test_secret_that_is_a_link(zs):
    link = zs.directory / 'link.key'
    link.symlink_to(f'{zs.lab.vars["LAB_KEYS"]}/{zs.key}')
    zs.providers['link'] = {'plugin': 'rfc2136', 'nameserver': zs.lab.vars['LAB_PRIMARY'], 'tsig-key-file': link}
    zs.certificate('corp', 'a.example.test', provider='link')
    assert 'symbolic link; name the file itself' in zs.run('issue').expect(3).err


def test_signal_and_dry_clean_up_in_words(zs):
    zs.certificate('corp', 'a.example.test')
    zs.lab.run('pause', 'secondary')
    try:
        for signo in (signal.SIGINT, signal.SIGKILL):
            process = zs.start('issue')
            front = front_of(process)
            wait_until(lambda: any(name == '_acme-challenge.a.example.test' for name, _ in zs.lab.challenges()), what='the record')
            kill(front, signo)
            _, err = process.communicate(timeout=60)
            assert signo != signal.SIGINT or 'ended by SIGINT' in err, err
    finally:
        zs.lab.run('resume', 'secondary')
    result = zs.run('gc', '--dry-run').expect(0)
    assert 'would be removed: _acme-challenge.a.example.test' in result.out and 'nothing was changed' in result.err
    assert 'removed the record' in zs.run('gc').expect(0).err
