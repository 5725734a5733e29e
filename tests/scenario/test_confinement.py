# SPDX-License-Identifier: Apache-2.0
"""A kernel that confines less, and what a plugin gets to read.  No lab: nothing here reaches the network."""

import ctypes
import os
import platform
import shutil
import struct
import subprocess

import pytest

from conftest import BUILD, Result
from test_errors import bad_plugin

LANDLOCK_CREATE_RULESET = 444
SECCOMP = {'x86_64': 317, 'aarch64': 277}.get(platform.machine())


def refuse(number):
    """What a process does to itself so that it and its children lack a system call (ENOSYS)."""
    code = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7fff0000)]

    def apply():
        program = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *line) for line in code))
        head = struct.pack('HL', len(code), ctypes.addressof(program))
        libc = ctypes.CDLL(None)
        libc.prctl(38, 1, 0, 0, 0)
        if libc.prctl(22, 2, head, 0, 0):
            os._exit(99)
    return apply


def run(*arguments, **options):
    process = subprocess.run([BUILD / 'zoneseal', *arguments], text=True, capture_output=True, timeout=60, **options)
    return Result(process, process.stdout, process.stderr)


@pytest.fixture
def config(directory):
    def write(text, *plugins):
        path = directory / 'zoneseal.conf'
        providers = ''.join(f'[provider p{i}]\nplugin = {plugin}\n' for i, plugin in enumerate(plugins))
        path.write_text(f'[defaults]\nstate-dir = {directory}/state\n{providers}{text}')
        path.chmod(0o600)
        return path
    return write


@pytest.mark.skipif(not SECCOMP, reason='number of seccomp(2) not known for this machine')
@pytest.mark.parametrize('number, words', [(LANDLOCK_CREATE_RULESET, 'without Landlock'), (SECCOMP, 'without the system-call filter')])
def test_kernel_with_less_is_said_once(config, number, words):
    path = config('', *[bad_plugin('reads_files')] * 3)
    result = run('check', '--config', path, preexec_fn=refuse(number)).expect(0)
    assert result.err.count(words) == 1, result.err
    assert result.err.count('Kernels with less') == 1, result.err


def test_kernel_with_all_is_not_warned_of(config):
    result = run('check', '--config', config('', bad_plugin('reads_files'))).expect(0)
    if os.path.exists('/sys/kernel/security/landlock') or 'Landlock' not in result.err:
        assert 'Kernels with less' not in result.err


@pytest.mark.parametrize('source', ['configuration', 'environment'])
def test_plugin_reads_the_files_of_all_its_options(config, directory, source):
    names = [f'{i}{j}' for i in range(8) for j in range(8)]
    for name in names:
        (directory / name).write_text('x')
        (directory / name).chmod(0o644)
    text = ''.join(f'file{n} = {directory}/{n}\n' for n in names) if source == 'configuration' else ''
    env = {f'ZONESEAL_TEST_FILE{n}': str(directory / n) for n in names} if source == 'environment' else {}
    run('check', '--config', config(text, bad_plugin('reads_files')), env={**os.environ, **env}).expect(0)


def test_plugin_that_needs_a_zone_lock_is_taken(config):
    run('check', '--config', config('port = 1\n', bad_plugin('zone_lock'))).expect(0)


# ---- plugins that run programs: only where the user agrees -----------------------------------------------------------

def provider_named(name):
    return BUILD / f'providers/{name}/.libs/{name}.so'


@pytest.mark.parametrize('text', ['', 'allow-programs = no\n'])
def test_plugin_that_runs_programs_is_refused_without_a_word_of_the_user(config, text):
    path = config(text, bad_plugin('execs'))
    result = run('check', '--config', path).expect(3)
    words = [f'{path}:3', 'the plugin execs wants to run programs', '[provider p0]', 'execs.so', 'allow-programs = yes in [provider p0]']
    assert all(word in result.err for word in words), result.err


def test_plugin_that_runs_programs_is_opened_with_it(config):
    run('check', '--config', config('allow-programs = yes\n', bad_plugin('execs'))).expect(0)


def test_word_for_programs_is_harmless_where_none_are_run(config):
    result = run('check', '--config', config('allow-programs = yes\n', bad_plugin('reads_files'))).expect(0)
    assert 'reads-files loads, its options are good' in result.err and 'allow-programs' not in result.err, result.err


def test_refused_plugin_gets_no_secret(config, directory):
    """The refusal comes before secrets are read: this one cannot be, and nothing is said of it."""
    text = f'program = /bin/true\nwork-dir = {directory}\nsecret-file = {directory}/missing\n'
    refused = run('check', '--config', config(text, provider_named('exec'))).expect(3)
    assert 'allow-programs' in refused.err and 'missing' not in refused.err, refused.err
    allowed = run('check', '--config', config(text + 'allow-programs = yes\n', provider_named('exec')))
    assert allowed.code and 'allow-programs' not in allowed.err and 'missing' in allowed.err, allowed.err


def test_exec_of_zoneseal_needs_no_word_but_one_of_plugin_dir_does(config, directory):
    text = 'program = /bin/true\n'
    run('check', '--config', config(text, 'exec')).expect(0)
    plugins = directory / 'plugins'
    plugins.mkdir()
    shutil.copy(provider_named('exec'), plugins / 'exec.so')
    for path in (plugins, plugins / 'exec.so'):
        path.chmod(0o755)
    path = config(text, 'exec')
    path.write_text(path.read_text().replace('[defaults]\n', f'[defaults]\nplugin-dir = {plugins}\n'))
    result = run('check', '--config', path).expect(3)
    assert 'wants to run programs' in result.err and f'{plugins}/exec.so' in result.err, result.err


def test_info_says_what_a_plugin_that_runs_programs_needs():
    assert 'only with allow-programs = yes' in run('provider', 'info', bad_plugin('execs')).expect(0).out
    assert 'those that its options name' in run('provider', 'info', 'exec').expect(0).out
    assert 'programs' not in run('provider', 'info', bad_plugin('reads_files')).expect(0).out


def test_kit_runs_programs_without_a_word():
    """Its apply fails unless its program has run."""
    run('provider', 'check', bad_plugin('execs'), '--zone', 'example.test', '--blind', '--only', 'add').expect(0)
