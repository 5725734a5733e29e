# SPDX-License-Identifier: Apache-2.0
"""What goes wrong is said so that a stranger can act, with the right exit code, before an order is spent."""

import subprocess

import pytest

from conftest import BUILD, TOP, Result, wait_until


@pytest.mark.parametrize('key, words', [('bad.key', ['BADSIG', 'secret']), ('unknown.key', ['BADKEY']),
                                        ('weak.key', ['REFUSED'])])
@pytest.mark.parametrize('name', ['a.example.test', 'a.corp.example.test'])
def test_wrong_key_is_noticed_before_an_order(zs, key, words, name):
    zs.key = key
    zs.certificate('corp', name)
    mark = zs.lab.mark()
    result = zs.run('issue', '--json').expect(4)
    error = result.json['certificates'][0]['error']
    assert error['exit_code'] == 4 and error['hint']
    if not (key == 'weak.key' and 'corp' in name):	# Knot says BADKEY there too
        assert all(word.lower() in (error['text'] + error['hint']).lower() for word in words), error
    assert not mark.count('/order-plz')


def test_unreachable_ca(zs):
    zs.ca['directory'] = 'https://localhost:14999/dir'
    zs.certificate('corp', 'a.example.test')
    result = zs.run('issue').expect(8)
    assert 'localhost:14999' in result.err


def test_ca_that_is_not_trusted(zs):
    zs.ca['ca-bundle'] = '/etc/ssl/certs/ca-certificates.crt'
    zs.certificate('corp', 'a.example.test')
    result = zs.run('issue').expect(8)
    assert 'ca-bundle' in result.err


@pytest.mark.parametrize('name, code', [('a.nosuchzone.test', 5), ('a.nosuch', 5), ('a.lame.example.test', 8)])
def test_unknown_zone(zs, name, code):
    zs.certificate('corp', name)
    mark = zs.lab.mark()
    result = zs.run('issue', '--json').expect(code)
    error = result.json['certificates'][0]['error']
    assert error['text'] and error['hint']
    assert not mark.count('/order-plz')


def test_alias_loop_prints_the_chain(zs):
    zs.certificate('corp', 'loop.example.test')
    result = zs.run('issue').expect(5)
    assert 'loop' in result.err


def test_terms_not_agreed(zs):
    zs.ca['agree-tos'] = 'no'
    zs.certificate('corp', 'a.example.test')
    result = zs.run('issue').expect(6)
    assert 'agree' in result.err.lower()


def test_one_of_two_certificates_fails(zs):
    zs.certificate('good', 'a.example.test')
    zs.certificate('bad', 'a.nosuchzone.test')
    document = zs.run('issue', '--json').expect(11).json
    assert {c['name']: c['state'] for c in document['certificates']} == {'good': 'issued', 'bad': 'failed'}


def test_secondary_that_does_not_answer_fails_with_the_matrix(zs):
    zs.zones['example.test'] = {'propagation-timeout': '3s'}
    zs.certificate('corp', 'a.example.test')
    zs.lab.run('pause', 'secondary')
    try:
        result = zs.run('issue').expect(5)
    finally:
        zs.lab.run('resume', 'secondary')
    assert '127.53.0.12' in result.err and '127.53.0.11' in result.err


def bad_plugin(name):
    path = BUILD / f'tests/providers/.libs/{name}.so'
    if not path.exists():
        subprocess.run(['make', '-s', f'tests/providers/{name}.la'], cwd=BUILD, check=True, capture_output=True)
    return path


@pytest.mark.parametrize('plugin, words', [
    ('bad_major', ['ABI', 'found', 'wanted']),
    ('bad_crash_apply', ['signal']),
    ('bad_crash_load', ['signal']),
])
def test_bad_plugin_is_named(zs, plugin, words):
    zs.providers['evil'] = {'plugin': bad_plugin(plugin)}
    zs.certificate('corp', 'a.example.test', provider='evil')
    result = zs.run('issue').expect(4, crashes=True)
    assert 'evil' in result.err or plugin in result.err
    assert any(word.lower() in result.err.lower() for word in words), result.err


def test_plugin_that_runs_programs_wants_a_word_of_the_user(zs):
    """Refused, it costs no order; allowed, its program runs at each change and must end well."""
    zs.zones['example.test'] = {'propagation': 'sleep=1s'}
    zs.providers['runs'] = {'plugin': bad_plugin('execs')}
    zs.certificate('corp', 'a.example.test', provider='runs')
    mark = zs.lab.mark()
    error = zs.run('issue', '--json').expect(3).json['certificates'][0]['error']
    assert 'wants to run programs' in error['text'] and 'allow-programs = yes in [provider runs]' in error['hint'], error
    assert not mark.count('/order-plz')
    zs.run('check', '--live', '-o', 'allow-programs=yes', '--provider', 'runs').expect(0)
    zs.providers['runs']['allow-programs'] = 'yes'
    zs.run('check', '--live').expect(0)


def test_policy_that_the_plugin_does_not_have_costs_no_order(zs):
    zs.zones['example.test'] = {'propagation': 'provider'}
    zs.certificate('corp', 'a.example.test')
    mark = zs.lab.mark()
    error = zs.run('issue', '--json').expect(3).json['certificates'][0]['error']
    assert 'rfc2136' in error['text'] and 'propagation = all' in error['hint'], error
    assert not mark.count('/order-plz')


def test_busy_certificate(zs):
    zs.certificate('corp', 'a.example.test')
    zs.lab.run('pause', 'secondary')
    try:
        first = zs.start('issue')
        wait_until(lambda: any('_acme-challenge.a.example.test' == n for n, _ in zs.lab.challenges()), what='the record')
        result = zs.run('issue').expect(12)
        assert 'corp' in result.err
    finally:
        zs.lab.run('resume', 'secondary')
    out, err = first.communicate(timeout=60)
    Result(first, out, err).expect(0)


@pytest.mark.parametrize('text, words', [
    ('[certificate x]\nnames = a.example.test\nfoo = 1\n', [':3', 'foo']),
    ('[certificate x]\nnmaes = a.example.test\n', ['names']),
    ('[cretificate x]\nnames = a.example.test\n', ['cretificate']),
    ('[certificate x]\nnames = -bad-.example.test\n', ['-bad-']),
    ('[certificate x]\nnames = a.example.test\nca = nowhere\n', ['nowhere']),
    ('[ca x]\ndirectory = http://ca.example.test/dir\n', ['https']),
    ('not an ini file', [':1']),
])
def test_bad_configuration_names_file_and_line(zs, text, words):
    zs.write()
    zs.config.write_text(text)
    process = zs.lab.popen([BUILD / 'zoneseal', 'check', '--config', zs.config], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=60)
    result = Result(process, out, err).expect(3)
    assert all(word in result.err for word in words), result.err
    assert 'zoneseal.conf' in result.err


def test_secret_file_that_others_can_read_is_refused(zs):
    key = zs.directory / 'open.key'
    key.write_text((TOP.joinpath(zs.lab.vars['LAB_KEYS']) / 'lab-sha256.key').read_text())
    key.chmod(0o644)
    zs.providers['open'] = {'plugin': 'rfc2136', 'nameserver': zs.lab.vars['LAB_PRIMARY'], 'tsig-key-file': key}
    zs.certificate('corp', 'a.example.test', provider='open')
    result = zs.run('issue').expect(9)
    assert 'open.key' in result.err


@pytest.mark.parametrize('arguments', [['--no-such-option'], ['issue', '--no-such'], ['nonsense'],
                                       ['issue', '--eab-hmac-key', 'x']])
def test_usage_errors(arguments):
    result = subprocess.run([BUILD / 'zoneseal', *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert result.returncode == 2 and result.stderr
