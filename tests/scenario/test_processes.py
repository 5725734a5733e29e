# SPDX-License-Identifier: Apache-2.0
"""The five processes while a lagging secondary holds the run: uid, confinement, libraries, open files."""

import os
import pathlib
import pwd

import pytest

from conftest import SANITIZER, Result, children_of, front_of, wait_until
from test_kill import record_is_there, start_and_hold

LIBRARIES = {
    'engine': (['libcurl', 'libcrypto', 'libcjson'], ['libldns', 'libini_config']),
    'vault': (['libcrypto'], ['libcurl', 'libldns', 'libcjson', 'libssl']),
    'probe': (['libldns'], ['libcurl', 'libcjson', 'libini_config']),
    'host': ([], ['libcurl', 'libldns', 'libcjson', 'libini_config']),
    'front': ([], ['libcurl', 'libldns', 'libcjson', 'libcrypto', 'libssl']),
}


@pytest.fixture(scope='module')
def processes(lab, base_directory):
    from conftest import Zoneseal
    directory = base_directory / 'processes'
    directory.mkdir(mode=0o755)
    zs = Zoneseal(lab, directory)
    process, front = start_and_hold(zs)
    found = {role: pids[0] for role, pids in children_of(front).items()}
    found['front'] = front
    yield found
    lab.run('resume', 'secondary')
    out, err = process.communicate(timeout=60)
    Result(process, out, err).expect(0)
    assert not record_is_there(zs)


def status(pid):
    lines = pathlib.Path(f'/proc/{pid}/status').read_text().splitlines()
    return dict(line.split(':\t', 1) for line in lines if ':\t' in line)


def test_all_five_run(processes):
    assert set(processes) == {'front', 'engine', 'vault', 'probe', 'host'}


@pytest.mark.parametrize('role', ['engine', 'vault', 'probe', 'host'])
def test_children_are_confined(processes, role):
    facts = status(processes[role])
    assert facts['NoNewPrivs'] == '1'
    assert facts['Seccomp'] == '2'
    assert int(facts['CapEff'], 16) == 0


@pytest.mark.skipif(os.getuid() != 0, reason='only root changes uid')
@pytest.mark.parametrize('role', ['engine', 'probe', 'host'])
def test_network_processes_are_not_root(processes, role):
    users = {u.pw_name: u.pw_uid for u in pwd.getpwall()}
    uid = int(status(processes[role])['Uid'].split()[0])
    assert uid == users.get('zoneseal', users['nobody'])


@pytest.mark.skipif(os.getuid() != 0, reason='the maps of an undumpable process are for root')
@pytest.mark.parametrize('role', sorted(LIBRARIES))
def test_libraries(processes, role):
    maps = pathlib.Path(f'/proc/{processes[role]}/maps').read_text()
    wanted, unwanted = LIBRARIES[role]
    assert all(f'/{name}.' in maps for name in wanted), f'{role} lacks a library'
    found = [name for name in unwanted if f'/{name}.' in maps and not (role == 'host' and name == 'libcrypto')]
    assert not found, f'{role} maps {found}'


@pytest.mark.skipif(os.getuid() != 0, reason='the descriptors of an undumpable process are for root')
@pytest.mark.parametrize('role', ['front', 'engine', 'probe', 'host'])
def test_no_state_file_is_open_outside_the_vault(processes, role):
    targets = [os.readlink(fd) for fd in pathlib.Path(f'/proc/{processes[role]}/fd').iterdir()]
    assert not [t for t in targets if '/state/' in t or t.endswith('.pem') or t.endswith('.key')], targets


@pytest.mark.parametrize('role', ['engine', 'vault', 'probe', 'host'])
def test_environment_and_arguments_hold_nothing(processes, role):
    if os.getuid() == 0:
        environ = pathlib.Path(f'/proc/{processes[role]}/environ').read_bytes()
        assert not environ.strip(b'\0'), environ
    assert b'key' not in pathlib.Path(f'/proc/{processes[role]}/cmdline').read_bytes().split(b'\0', 1)[1].replace(b'lab-', b'')
