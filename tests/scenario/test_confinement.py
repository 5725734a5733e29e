# SPDX-License-Identifier: Apache-2.0
"""A kernel that confines less, and what a plugin gets to read.  No lab: nothing here reaches the network."""

import ctypes
import os
import platform
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
