# SPDX-License-Identifier: Apache-2.0
"""Scenario tests: the built zoneseal against the real servers of scripts/lab.

ZS_BUILD names the build directory (default: build/gcc).  One lab serves the
whole session; a test that needs another kind of lab asks for `make_lab`.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get('ZS_BUILD', TOP / 'build/gcc')).resolve()
SANITIZER = '#define ZS_SANITIZE 1' in (BUILD / 'config.h').read_text() if (BUILD / 'config.h').exists() else False

# Generous: a sanitizer build on a busy machine is slow.  Nothing here measures speed.
RUN_SECONDS = 120


class Lab:
    """scripts/lab with a directory of its own."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith('LAB_')}
        self.env['ZONESEAL_LAB'] = str(directory)

    def run(self, *arguments, check=True):
        result = subprocess.run([TOP / 'scripts/lab', *arguments], env=self.env, text=True, capture_output=True, timeout=90)
        if check and result.returncode:
            raise AssertionError(f'scripts/lab {" ".join(arguments)}: {result.stderr}')
        return result

    def up(self, *options):
        self.run('up', *options)
        self.vars = dict(line.split('=', 1) for line in self.run('env').stdout.replace("'", '').splitlines())
        return self

    def down(self):
        self.run('down', check=False)

    def popen(self, argv, **kwargs):
        return subprocess.Popen([TOP / 'scripts/lab', 'exec', '--', *map(str, argv)], env=self.env, text=True,
                                stdin=subprocess.DEVNULL, **kwargs)

    def exec(self, *argv, timeout=60):
        return subprocess.run([TOP / 'scripts/lab', 'exec', '--', *map(str, argv)], env=self.env, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)

    def txt(self, zone):
        """The TXT records of a zone as (name, value), left by whom ever."""
        records = set()
        for line in self.run('zone', zone).stdout.splitlines():
            match = re.match(r'(\S+?)\.?\s+\d+\s+(?:IN\s+)?TXT\s+"(.*)"$', line)
            if match:
                records.add((match[1], match[2]))
        return records

    def challenges(self):
        """Values that look like ours in every zone that a challenge may live in."""
        return {(name, value) for zone in ('example.test', 'acme.example.test', 'corp.example.test')
                for name, value in self.txt(zone) if re.fullmatch(r'[A-Za-z0-9_-]{43}', value)}

    def log(self, name):
        path = self.directory / 'log' / name
        return path.read_text(errors='replace') if path.exists() else ''

    def mark(self):
        return LogMark(self)


class LogMark:
    """What Pebble was asked since the mark."""

    def __init__(self, lab):
        self.lab = lab
        self.at = len(lab.log('pebble.log'))

    def requests(self):
        text = self.lab.log('pebble.log')[self.at:]
        return re.findall(r'(GET|HEAD|POST) (/\S*) -> calling handler', text)

    def count(self, prefix):
        return sum(path.startswith(prefix) for _, path in self.requests())


class Result:
    def __init__(self, process, stdout, stderr):
        self.code, self.out, self.err = process.returncode, stdout, stderr

    @property
    def json(self):
        return json.loads(self.out)

    def expect(self, code=0, crashes=False):
        """Checks the exit code; crashes: a plugin shall crash, so a sanitizer may say so."""
        assert self.code == code, f'exit {self.code}, wanted {code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}'
        assert crashes or not re.search('AddressSanitizer|LeakSanitizer|runtime error:', self.err), self.err
        return self


class Zoneseal:
    """One configuration and state directory."""

    def __init__(self, lab, directory):
        self.lab = lab
        self.directory = pathlib.Path(directory)
        self.state = self.directory / 'state'
        self.config = self.directory / 'zoneseal.conf'
        self.key = 'lab-sha256.key'
        self.providers = {}
        self.zones = {}
        self.certificates = {}
        self.ca = {}

    def write(self):
        v = self.lab.vars
        sections = {'defaults': {'state-dir': self.state, 'ca': 'lab', 'provider': 'bind'}}
        sections['ca lab'] = {'directory': v['LAB_CA_URL'], 'ca-bundle': v['LAB_CA_BUNDLE'], 'email': 'ops@example.test',
                              'agree-tos': 'yes', **self.ca}
        key = pathlib.Path(v['LAB_KEYS']) / self.key
        sections['provider bind'] = {'plugin': 'rfc2136', 'nameserver': v['LAB_PRIMARY'], 'tsig-key-file': key}
        sections['provider knot'] = {'plugin': 'rfc2136', 'nameserver': v['LAB_KNOT'], 'tsig-key-file': key}
        sections['zone corp.example.test'] = {'provider': 'knot'}
        for name, options in self.providers.items():
            sections[f'provider {name}'] = options
        for name, options in self.zones.items():
            sections[f'zone {name}'] = options
        for name, options in self.certificates.items():
            sections[f'certificate {name}'] = options
        text = ''
        for name, options in sections.items():
            text += f'[{name}]\n' + ''.join(f'{k} = {v}\n' for k, v in options.items()) + '\n'
        self.config.write_text(text)
        self.config.chmod(0o600)

    def certificate(self, name, *names, **options):
        self.certificates[name] = {'names': ', '.join(names), **{k.replace('_', '-'): v for k, v in options.items()}}
        return self

    def argv(self, command, *arguments):
        self.write()
        return [BUILD / 'zoneseal', command, '--config', self.config, *arguments]

    def start(self, command, *arguments):
        return self.lab.popen(self.argv(command, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, command, *arguments, timeout=RUN_SECONDS):
        process = self.start(command, *arguments)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f'{command} ran longer than {timeout} s\n{out}\n{err}')
        return Result(process, out, err)

    def current(self, name):
        return self.state / 'certificates' / name / 'current'


@pytest.fixture(scope='session')
def base_directory():
    """Short, and open to the unprivileged processes of ours (pytest's own is 0700)."""
    path = pathlib.Path(tempfile.mkdtemp(prefix='zs-scenario-'))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope='session')
def make_lab(base_directory):
    labs = []

    def make(*options):
        lab = Lab(base_directory / f'lab{len(labs)}')
        labs.append(lab)
        return lab.up(*options)

    yield make
    for lab in labs:
        lab.down()


@pytest.fixture(scope='session')
def lab(make_lab):
    return make_lab('--nonce-reject', '5')


@pytest.fixture
def directory(base_directory, request):
    name = re.sub(r'\W+', '-', request.node.name)[:40]
    path = pathlib.Path(tempfile.mkdtemp(prefix=name + '-', dir=base_directory))
    path.chmod(0o755)
    return path


@pytest.fixture
def zs(lab, directory):
    """zoneseal with a fresh state; afterwards no record of ours may be left in any zone."""
    before = lab.challenges()
    yield Zoneseal(lab, directory)
    assert lab.challenges() <= before, 'records of ours were left in DNS'


def children_of(pid):
    """Processes of ours below pid: {role: [pid]} by executable name."""
    found = {}
    for entry in pathlib.Path('/proc').iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / 'stat').read_text()
            parent = int(stat[stat.rindex(')') + 2:].split()[1])
            state = stat[stat.rindex(')') + 2:].split()[0]
            name = (entry / 'cmdline').read_bytes().split(b'\0')[0].decode()
        except (OSError, ValueError):
            continue
        if parent == pid and state != 'Z' and 'zoneseal-' in name:
            found.setdefault(name.rsplit('zoneseal-', 1)[1], []).append(int(entry.name))
    return found


class Ended(Exception):
    """The run was over before anybody could look."""


def front_of(process):
    """The pid of zoneseal itself below `scripts/lab exec`, seen from outside the lab."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for pid in descendants(process.pid):
            try:
                exe = pathlib.Path(f'/proc/{pid}/cmdline').read_bytes().split(b'\0')[0].decode()
            except OSError:
                continue
            if exe == str(BUILD / 'zoneseal'):
                return pid
        if process.poll() is not None:
            raise Ended
        time.sleep(0.01)
    raise AssertionError('zoneseal did not start')


def descendants(pid):
    tree = {}
    for entry in pathlib.Path('/proc').iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / 'stat').read_text()
                tree.setdefault(int(stat[stat.rindex(')') + 2:].split()[1]), []).append(int(entry.name))
            except (OSError, ValueError):
                pass
    found, todo = [pid], [pid]
    while todo:
        for child in tree.get(todo.pop(), []):
            found.append(child)
            todo.append(child)
    return found


def wait_until(condition, seconds=30, what='condition'):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError(f'waited {seconds} s in vain for {what}')


def kill(pid, signo=signal.SIGKILL):
    try:
        os.kill(pid, signo)
    except ProcessLookupError:
        pass


def closed(node):
    """The schema with every object closed: what our own program prints has no unknown members."""
    if isinstance(node, list):
        return [closed(n) for n in node]
    if not isinstance(node, dict):
        return node
    node = {k: closed(v) for k, v in node.items()}
    if node.get('type') == 'object' and 'properties' in node:
        node['additionalProperties'] = False
    return node


def validate(document, name):
    """Fails where a document of ours is not what docs/schema/NAME.json says."""
    jsonschema = pytest.importorskip('jsonschema')
    schema = json.loads((TOP / f'docs/schema/{name}.json').read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(closed(schema), format_checker=jsonschema.FormatChecker()).validate(document)
    return document
