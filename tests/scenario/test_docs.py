# SPDX-License-Identifier: Apache-2.0
"""What the documents show can be done: examples of configurations pass `zoneseal check`, and
command lines are understood."""

import os
import re
import shlex
import subprocess

import pytest

from conftest import BUILD, TOP

PAGES = sorted(p for p in [TOP / 'README.md', TOP / 'SECURITY.md', TOP / 'CONTRIBUTING.md', *TOP.glob('docs/*.md'),
                           *TOP.glob('providers/*/*.md'), TOP / 'plugins-sdk/ABI.md', TOP / 'plugins-sdk/GUIDE.md'] if p.exists())
MAN = TOP / 'docs/zoneseal.conf.5'

# `scripts/check` also runs scenarios in a copy of the tree that has no documents.
pytestmark = pytest.mark.skipif(not MAN.exists(), reason='no documents here')


def fenced(page, language):
    """(line, text) of each block."""
    text = page.read_text()
    for match in re.finditer(rf'^```{language}\n(.*?)^```$', text, re.M | re.S):
        yield text.count('\n', 0, match.start()) + 1, match[1]


def configurations():
    for page in PAGES:
        for line, text in fenced(page, 'ini'):
            yield pytest.param(text, id=f'{page.name}:{line}')
    if MAN.exists():
        for i, text in enumerate(re.findall(r'^\.Bd -literal.*?\n(.*?)^\.Ed$', MAN.read_text(), re.M | re.S)):
            if text.startswith('['):
                yield pytest.param(text, id=f'{MAN.name}:{i}')


def commands():
    """Command lines of shell blocks, and those between backquotes in running text."""
    for page in PAGES:
        for line, text in fenced(page, 'sh'):
            for command in text.replace('\\\n', ' ').splitlines():
                if re.match(r'\s*(sudo )?(\./)?zoneseal\s', command):
                    yield pytest.param(command, id=f'{page.name}:{line}:{command[:30]}')
        for command in sorted(set(re.findall(r'`(zoneseal [^`\n]+)`', page.read_text()))):
            yield pytest.param(command, id=f'{page.name}:{command[:30]}')


def run(*argv, cwd='/'):
    return subprocess.run([BUILD / 'zoneseal', *argv], text=True, capture_output=True, timeout=60, cwd=cwd,
                          stdin=subprocess.DEVNULL)


def test_there_are_examples_in_both_places():
    names = [p.id for p in configurations()]
    assert any(n.startswith('README.md') for n in names) and any(n.startswith('config.md') for n in names)
    assert any(n.startswith('zoneseal.conf.5') for n in names)


@pytest.mark.parametrize('text', configurations())
def test_example_of_a_configuration_passes_check(directory, text):
    def secret(match):
        path = directory / f'secret-{match.start()}'
        path.write_text('key "acme" {\n\talgorithm hmac-sha256;\n\tsecret "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";\n};\n')
        path.chmod(0o600)
        return match[1] + str(path)

    text = re.sub(r'^(\S+-file\s*=\s*)\S+', secret, text, flags=re.M)
    # the group need not exist on this machine
    text = re.sub(r'^(key-group\s*=\s*)\S+', rf'\g<1>{os.getgid()}', text, flags=re.M)
    config = directory / 'zoneseal.conf'
    config.write_text(text)
    config.chmod(0o600)
    result = run('check', '--config', config, '--state-dir', directory / 'state')
    assert result.returncode == 0, result.stdout + result.stderr + text


def arguments_of(command):
    words = shlex.split(command, comments=True)
    return words[words.index(next(w for w in words if w in ('zoneseal', './zoneseal'))) + 1:]


@pytest.mark.parametrize('command', commands())
def test_command_line_is_understood(command):
    result = run(*arguments_of(command), '--help')
    assert result.returncode == 0 and 'usage' in result.stdout.lower(), result.stdout + result.stderr


@pytest.mark.parametrize('command', ['zoneseal issue --no-such-option', 'zoneseal nonsense'])
def test_help_hides_no_mistake(command):
    assert run(*arguments_of(command), '--help').returncode == 2


def test_links_lead_to_what_is_installed():
    """Documents are installed as they lie in the tree, so each link has to name another one of them."""
    lists = '\n'.join(p.read_text().replace('\\\n', ' ') for p in [TOP / 'docs/local.mk', TOP / 'plugins-sdk/local.mk',
                                                                  *TOP.glob('plugins-sdk/*/local.mk'), TOP / 'providers/local.mk',
                                                                  *TOP.glob('providers/*/local.mk')])
    installed = {word for line in re.findall(r'^nobase_dist_doc_DATA \+=(.*)$', lists, re.M) for word in line.split()}
    missing = []
    for name in sorted(n for n in installed if n.endswith('.md')):
        page = TOP / name
        for target in re.findall(r'\]\(([^)#:]+)(?:#[^)]*)?\)', page.read_text()):
            path = os.path.relpath((page.parent / target).resolve(), TOP)
            # the header is in the include directory
            if path not in installed and not path.endswith('.h'):
                missing.append(f'{name}: {target}')
    assert not missing, missing
