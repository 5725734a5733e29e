# SPDX-License-Identifier: Apache-2.0
"""The helper library of the SDK from outside: a plugin that is built with it as a stranger builds one, in the real host."""

import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import BUILD, TOP

SOURCE = r'''
#include <zoneseal/sdk.h>

static int32_t open_it(const struct zsp_host *host, const struct zsp_list *values, void **ret)
{
	(void)values;
	*ret = NULL;
	return zsp_failf(host, ZSP_CONFIG, 0, "library %u", (unsigned)zsp_sdk_version());
}

static int32_t apply_it(void *instance, const struct zsp_str *zone, const struct zsp_list *changes)
{
	(void)instance, (void)zone, (void)changes;
	return ZSP_BUG;
}

static void close_it(void *instance)
{
	(void)instance;
}

static const struct zsp_provider stranger = {
	.head = ZSP_PROVIDER(0), .name = ZSP_STR("stranger"), .summary = ZSP_STR("Built elsewhere"),
	.open = open_it, .apply = apply_it, .close = close_it,
};

ZSP_EXPORT const struct zsp_provider *zoneseal_provider(uint32_t host_abi)
{
	return host_abi == ZSP_ABI ? &stranger : NULL;
}
'''
LIBRARY = BUILD / 'plugins-sdk/.libs'


def variable(name):
    """What configure chose."""
    line = next(l for l in (BUILD / 'Makefile').read_text().splitlines() if l.startswith(name + ' = '))
    return line.split(' = ', 1)[1].split()


@pytest.fixture
def stranger(tmp_path):
    """A plugin without a run path: the linker does not know where the library is."""
    compiler = variable('CC')
    if not shutil.which(compiler[0]):
        pytest.skip(f'{compiler[0]} is not here')
    sanitize = [f for f in variable('ZS_CFLAGS') if f.startswith('-fsanitize')]
    source, plugin = tmp_path / 'stranger.c', tmp_path / 'stranger.so'
    source.write_text(SOURCE)
    subprocess.run([*compiler, '-std=c99', '-shared', '-fPIC', '-fvisibility=hidden', *sanitize,
                    f'-I{TOP}/plugins-sdk/include', '-o', plugin, source, f'-L{LIBRARY}', '-lzoneseal-sdk'], check=True)
    return plugin


def info(program, plugin):
    return subprocess.run([program, 'provider', 'info', plugin], capture_output=True, text=True, timeout=60)


def copy_build(to):
    """The programs and the library as a build tree has them, in a directory of their own."""
    for file in [BUILD / 'zoneseal', *BUILD.glob('core/*/zoneseal-*'), *LIBRARY.glob('libzoneseal-sdk.so.0*')]:
        if file.suffix == '.o' or not os.access(file, os.X_OK):
            continue
        target = to / file.relative_to(BUILD)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target, follow_symlinks=False)
    return to / 'zoneseal'


def test_a_plugin_without_run_path_loads(stranger):
    assert '(RUNPATH)' not in subprocess.run(['readelf', '-d', stranger], capture_output=True, text=True).stdout
    result = info(BUILD / 'zoneseal', stranger)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith('stranger: Built elsewhere\n')


def test_a_library_where_the_confined_user_cannot_walk_loads(stranger, tmp_path):
    private = tmp_path / 'private'
    program = copy_build(private)
    private.chmod(0o700)
    result = info(program, stranger)
    assert result.returncode == 0, result.stderr
    assert 'Built elsewhere' in result.stdout


def test_a_library_that_others_can_change_is_not_loaded(stranger, tmp_path):
    program = copy_build(tmp_path / 'loose')
    library = pathlib.Path(os.path.realpath(tmp_path / 'loose/plugins-sdk/.libs/libzoneseal-sdk.so.0'))
    library.chmod(0o777)
    result = info(program, stranger)
    assert result.returncode != 0
    assert 'libzoneseal-sdk.so.0' in result.stderr
    assert 'can be written by others' in result.stderr and str(library) in result.stderr


def test_without_the_library_the_plugin_does_not_load(stranger, tmp_path):
    program = copy_build(tmp_path / 'none')
    shutil.rmtree(tmp_path / 'none/plugins-sdk')
    installed = pathlib.Path(*variable('prefix'), 'lib/libzoneseal-sdk.so.0')
    if installed.exists():
        pytest.skip(f'{installed} is installed')
    result = info(program, stranger)
    assert result.returncode != 0
    assert 'does not load: libzoneseal-sdk.so.0' in result.stderr
