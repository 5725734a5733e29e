# SPDX-License-Identifier: Apache-2.0
"""A simulation of a DNS service as a process, spoken to as the conformance kit does.

    with SimProcess('cloudflare', 'example.test') as sim:
        sim.options, sim.secrets, sim.limits, sim.names     what it said at its start
        sim.records()                                       {(name, value)}
        sim.add(name, value), sim.fault('rate', 2), sim.violations(), sim.command('clear')
        sim.settings()                                      {option: value} for a [provider] section

With lab=LAB it runs inside that lab, where a sink may be one of its name servers.
"""

import os
import pathlib
import queue
import subprocess
import sys
import threading
import urllib.parse

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
ANSWER_SECONDS = 60


class SimError(AssertionError):
    """It answered a command with an error, or not at all."""


def program_of(name):
    """The file of a simulation that comes with zoneseal, or the path itself."""
    for path in (TOP / f'providers/{name}/{name}_sim.py', TOP / f'plugins-sdk/conformance/{name}_sim.py'):
        if path.exists():
            return path
    return pathlib.Path(name)


def quote(value):
    return urllib.parse.quote(value if isinstance(value, (str, bytes)) else str(value), safe='')


def unquote(text):
    return urllib.parse.unquote(text, errors='surrogateescape')


class SimProcess:
    def __init__(self, program, *zones, lab=None, arguments=()):
        self.program, self.lab = program_of(program), lab
        self.argv = [sys.executable, str(self.program), *(a for zone in zones for a in ('--zone', zone)), *map(str, arguments)]
        self.options, self.secrets, self.limits, self.names, self.canaries = {}, {}, {}, [], []
        self.lines = queue.Queue()

    # -- life

    def start(self):
        env = {**(self.lab.env if self.lab else os.environ), 'PYTHONDONTWRITEBYTECODE': '1'}
        argv = [str(TOP / 'scripts/lab'), 'exec', '--', *self.argv] if self.lab else self.argv
        self.process = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding='utf-8')
        threading.Thread(target=self._read, daemon=True).start()
        while (line := self._line()) != 'ready':
            self._hello(*line.split(' '))
        return self

    def stop(self):
        """Ends it and returns its exit status."""
        self.process.stdin.close()
        try:
            return self.process.wait(ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise SimError(f'{self.program} did not end') from None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip('\n'))
        self.lines.put(None)

    def _line(self):
        try:
            line = self.lines.get(timeout=ANSWER_SECONDS)
        except queue.Empty:
            raise SimError(f'{self.program} is silent') from None
        if line is None:
            raise SimError(f'{self.program} ended, status {self.process.wait(ANSWER_SECONDS)}')
        return line

    def _hello(self, verb, name, value=''):
        if verb == 'option':
            self.options[name] = unquote(value)
        elif verb == 'secret':
            self.secrets[name] = pathlib.Path(unquote(value))
        elif verb == 'limit':
            self.limits[name] = int(value)
        elif verb == 'canary':
            self.canaries.append(unquote(name))
        elif verb == 'name':
            self.names.append(unquote(name))
        else:
            raise SimError(f'{self.program} said {verb} {name}')

    # -- commands

    def command(self, *fields):
        """One command; the fields are quoted here.  Returns the lines before the last one."""
        self.process.stdin.write(' '.join(map(quote, fields)) + '\n')
        self.process.stdin.flush()
        lines = []
        while (line := self._line()) != 'ok':
            if line == 'unsupported' or line.startswith('error '):
                raise SimError(f'{" ".join(map(str, fields))}: {line}')
            lines.append(line)
        return lines

    def records(self):
        return {tuple(map(unquote, line.split(' ')[1:])) for line in self.command('records')}

    def add(self, name, value):
        self.command('add', name, value)

    def remove(self, name, value):
        self.command('remove', name, value)

    def fault(self, kind, times=1, argument=0, skip=0):
        self.command('fault', kind, times, argument, skip)

    def requests(self):
        return int(self.command('requests')[0].split(' ')[1])

    def violations(self):
        return [line.split(' ', 1)[1] for line in self.command('violations')]

    # -- for the program under test

    def settings(self):
        """Options for a [provider] section: secrets as files."""
        return {**self.options, **{f'{name.removesuffix("-file")}-file': str(path) for name, path in self.secrets.items()}}

    def o_arguments(self):
        """The same as -o arguments."""
        return [a for name, value in self.settings().items() for a in ('-o', f'{name}={value}')]

    def drive_arguments(self):
        """The same for tests/providers/drive, where "@PATH" is the content of a file."""
        pairs = {**self.options, **{name: f'@{path}' for name, path in self.secrets.items()}}
        return [a for name, value in pairs.items() for a in ('-o', f'{name}={value}')]
