# SPDX-License-Identifier: Apache-2.0
"""GUIDE.md as a stranger reads it: zoneseal is installed, its shell blocks are run one after the other, and every C
block is a part of the plugin that comes out, or compiles alone.  And what `zoneseal provider new` makes."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import BUILD, TOP

GUIDE = TOP / 'plugins-sdk/GUIDE.md'
INCLUDE = TOP / 'plugins-sdk/include'
COMPILERS = [c for c in ('gcc', 'clang') if shutil.which(c)]
STRICT = ['-pedantic', '-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Werror', '-fPIC', f'-I{INCLUDE}', '-c', '-o', '/dev/null']
# a copy of the tree without documents, as `scripts/check` makes one
pytestmark = pytest.mark.skipif(not GUIDE.exists(), reason='no guide here')


def blocks(language):
    return re.findall(rf'^```{language}\n(.*?)^```$', GUIDE.read_text(), re.M | re.S) if GUIDE.exists() else []


def new(*arguments, cwd, umask=None):
    return subprocess.run([BUILD / 'zoneseal', 'provider', 'new', *map(str, arguments)], cwd=cwd, text=True, capture_output=True,
                          timeout=60, stdin=subprocess.DEVNULL, umask=-1 if umask is None else umask)


def compile_alone(compiler, path, *options):
    result = subprocess.run([compiler, *(options or ['-std=c99']), *STRICT, '-xc', str(path)], text=True, capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr


# ---- the guide ------------------------------------------------------------------------------------------------------

def make_variable(name):
    text = (BUILD / 'Makefile').read_text()
    value = re.search(rf'^{name} = (.*)$', text, re.M)[1]
    return re.sub(r'\$[({](\w+)[)}]', lambda m: make_variable(m[1]), value)


class Installed:
    """A root directory with an installation, and how to run a shell that finds it where it says it is."""

    def __init__(self, stage):
        self.stage, self.prefix = stage, make_variable('prefix')
        result = subprocess.run(['make', '-s', '-C', BUILD, 'install', f'DESTDIR={stage}', 'V=0'], text=True, capture_output=True,
                                timeout=240)
        assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]

    def shell(self, script, cwd):
        # with namespaces of its own it may lie over the real directory, and nobody else sees it
        unshare = ['unshare', '--mount'] + ([] if os.geteuid() == 0 else ['--map-root-user'])
        cover = f'mount --bind {self.stage}{self.prefix} {self.prefix} && cd {cwd} && umask 022 && exec sh -e {script}'
        env = {'PATH': f'{self.prefix}/bin:{os.environ["PATH"]}', 'HOME': '/nonexistent', 'LANG': 'C.UTF-8',
               'PKG_CONFIG_PATH': f'{self.prefix}/lib/pkgconfig'}
        return subprocess.run([*unshare, 'sh', '-c', cover], env=env, text=True, capture_output=True, timeout=240, stdin=subprocess.DEVNULL)


@pytest.fixture(scope='module')
def installed(base_directory):
    prefix = pathlib.Path(make_variable('prefix'))
    if prefix == pathlib.Path('/usr') or not prefix.is_dir():
        pytest.skip(f'nothing can be laid over the prefix {prefix}')
    if subprocess.run(['unshare', '--mount', *([] if os.geteuid() == 0 else ['--map-root-user']), 'true'], capture_output=True).returncode:
        pytest.skip('no mount namespaces here')
    return Installed(base_directory / 'stage')


def test_shell_blocks_of_the_guide_lead_to_a_plugin_that_passes(installed, directory):
    script = directory / 'guide.sh'
    script.write_text('\n'.join(f'echo; echo "== block {i}"\n{text}' for i, text in enumerate(blocks('sh'))))
    result = installed.shell(script, directory)
    assert result.returncode == 0, result.stdout + result.stderr
    parts = re.split(r'^== block \d+\n', result.stdout, flags=re.M)[1:]
    assert len(parts) == len(blocks('sh')) == 6
    begin, judge, mended, debug, by_hand, users = parts
    assert re.search(r'^\d{2} passed, 0 failed', begin, re.M), begin
    # the simulation has changed and the plugin has not
    assert re.search('^FAIL +add', judge, re.M), judge
    assert re.findall(r', (\d+) failed', mended) == ['0', '0'], mended
    assert 'environment: PIGEON_API_TOKEN' in debug
    assert json.loads(by_hand) == {'records': [], 'next': None}
    assert 'pigeon: TXT records of the pigeon service' in users and str(installed.prefix) in users
    # nothing that ran here knew the build tree
    assert str(BUILD) not in result.stdout + result.stderr


@pytest.mark.parametrize('number', range(len(blocks('c'))))
def test_c_block_of_the_guide_is_in_the_plugin_or_compiles(directory, number):
    text = blocks('c')[number]
    assert new('pigeon', cwd=directory).returncode == 0
    if text not in (directory / 'pigeon/pigeon.c').read_text():
        assert '#include <zoneseal/sdk.h>' in text, f'this part of the plugin has changed:\n{text}'
        path = directory / 'block.c'
        path.write_text(text)
        for compiler in COMPILERS:
            compile_alone(compiler, path)


def test_guide_shows_both_kinds_of_blocks():
    alone = [b for b in blocks('c') if '#include' in b]
    assert len(alone) == 3 and len(blocks('c')) - len(alone) >= 5


def test_make_without_the_library_says_what_to_do(directory):
    assert new('pigeon', cwd=directory).returncode == 0
    env = {'PATH': os.environ['PATH'], 'LANG': 'C.UTF-8', 'PKG_CONFIG_LIBDIR': '/nonexistent'}
    for tool in ('pkg-config', '/nonexistent/pkg-config'):
        result = subprocess.run(['make', '-C', 'pigeon', '--no-print-directory', f'PKG_CONFIG={tool}'], cwd=directory, env=env, text=True,
                                capture_output=True, timeout=60)
        assert result.returncode == 2 and not result.stdout and len(result.stderr.splitlines()) == 1, result.stderr
        assert 'does not find zoneseal-sdk' in result.stderr and 'PKG_CONFIG_PATH=PREFIX/lib/pkgconfig' in result.stderr
    assert subprocess.run(['make', '-s', '-C', 'pigeon', 'clean'], cwd=directory, env=env, timeout=60).returncode == 0


# ---- provider new ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('name', ['a', 'my-dns', 'x-1-y', 'z' * 32])
def test_new_makes_a_plugin_of_that_name(directory, name):
    result = new(name, cwd=directory, umask=0o077)
    assert result.returncode == 0 and 'make check' in result.stderr, result.stderr
    made = directory / name
    assert sorted(p.name for p in made.iterdir()) == sorted(['Makefile', f'{name}.c', f'{name}.md', f'{name}_sim.py'])
    assert result.stdout.split() == [f'{name}/{f}' for f in (f'{name}.c', f'{name}.md', 'Makefile', f'{name}_sim.py')]
    source = (made / f'{name}.c').read_text()
    identifier = name.replace('-', '_')
    assert f'ZSP_STR("{name}")' in source and f'{identifier}_open' in source and f'"{identifier.upper()}_API_TOKEN"' in source
    for path in made.iterdir():
        assert path.suffix == '.py' or 'template' not in path.read_text().lower(), path
        assert path.stat().st_mode & 0o777 == (0o755 if path.suffix == '.py' else 0o644)
    for compiler in COMPILERS:
        compile_alone(compiler, made / f'{name}.c')
        compile_alone(compiler, made / f'{name}.c', '-std=c11')


def test_new_overwrites_nothing(directory):
    other = directory / 'there'
    other.mkdir()
    (other / 'pigeon.md').write_text('mine')
    result = new('pigeon', other, cwd=directory)
    assert result.returncode == 9 and 'is there already, and nothing is overwritten' in result.stderr and 'DIR' in result.stderr
    assert [p.name for p in other.iterdir()] == ['pigeon.md'] and (other / 'pigeon.md').read_text() == 'mine'
    # a link to nowhere is something too
    (other / 'pigeon.md').unlink()
    (other / 'Makefile').symlink_to('/nonexistent/zoneseal')
    assert new('pigeon', other, cwd=directory).returncode == 9
    assert [p.name for p in other.iterdir()] == ['Makefile']
    (other / 'Makefile').unlink()
    result = new('pigeon', other, '--json', cwd=directory)
    document = json.loads(result.stdout)
    assert result.returncode == document['exit_code'] == 0 and document['directory'] == str(other) and document['name'] == 'pigeon'
    assert sorted(document['files']) == sorted(p.name for p in other.iterdir())
    assert new('pigeon', other, cwd=directory).returncode == 9


@pytest.mark.parametrize('name', ['', 'A', '1a', '-a', 'a_b', 'a.b', 'a/b', '../a', 'z' * 33, 'ä'])
def test_new_refuses_names(directory, name):
    result = new('--', name, cwd=directory)
    assert result.returncode == 2 and 'cannot be the name of a provider' in result.stderr, result.stderr
    assert not list(directory.iterdir())


def test_new_says_what_it_cannot_write(directory):
    result = new('pigeon', directory / 'no/such/place', cwd=directory)
    assert result.returncode == 9 and 'cannot make the directory' in result.stderr and 'No such file' in result.stderr
    (directory / 'file').write_text('')
    result = new('pigeon', directory / 'file', cwd=directory)
    assert result.returncode == 9 and not (directory / 'file').read_text()
