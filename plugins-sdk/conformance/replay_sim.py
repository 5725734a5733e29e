#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers a plugin with recorded exchanges: replay_sim.py FILE --zone ZONE.  README.md has the form of FILE."""

import json
import os
import pathlib
import sys

sys.path.append(os.environ.get('ZONESEAL_CONFORMANCE', os.path.dirname(os.path.realpath(__file__))))
sys.dont_write_bytecode = True

from zoneseal_sim import CommandError, Reply, Simulation

MEMBERS = {'request': ({'method', 'path'}, {'query', 'headers', 'body'}), 'reply': ({'status'}, {'headers', 'body'})}


def fail(path, text):
    raise SystemExit(f'replay_sim.py: {path}: {text}')


class Replay(Simulation):
    unsupported = {'pages', 'stale', 'conflict'}

    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument('file', metavar='FILE', help='recorded exchanges, JSON')

    def start(self):
        path = self.arguments.file
        try:
            recorded = json.loads(pathlib.Path(path).read_text(encoding='utf-8'))
        except (OSError, ValueError) as e:
            fail(path, f'cannot be read as JSON: {e}')
        zone = self.arguments.zone[0] if self.arguments.zone else ''
        recorded = replaced(recorded, {'{url}': self.url, '{zone}': zone})
        self.exchanges = recorded.get('exchanges') if isinstance(recorded, dict) else None
        if not isinstance(self.exchanges, list):
            fail(path, 'no list "exchanges"')
        for number, exchange in enumerate(self.exchanges):
            check(path, number, exchange)
        for name, value in recorded.get('options', {}).items():
            self.option(name, value)
        for name, value in recorded.get('secrets', {}).items():
            self.secret(name, value)
        self.reset()

    def reset(self):
        self.unused = list(self.exchanges)

    def observe(self):
        raise CommandError('recorded exchanges have no records')

    def do_add(self, name, value):
        raise CommandError('recorded exchanges have no records')

    do_remove = do_add

    def handle(self, request):
        for exchange in self.unused:
            if matches(exchange['request'], request):
                if not exchange.get('repeat'):
                    self.unused.remove(exchange)
                reply = exchange['reply']
                return Reply(reply['status'], reply.get('body'), reply.get('headers'))
        return None


def check(path, number, exchange):
    """Ends the program where an exchange is not of its form."""
    where = f'exchange {number + 1}'
    if not isinstance(exchange, dict) or not set(MEMBERS) <= set(exchange) <= set(MEMBERS) | {'repeat'}:
        fail(path, f'{where} is not {{"request": ..., "reply": ...}}, with "repeat" if need be')
    for name, (needed, allowed) in MEMBERS.items():
        if not isinstance(exchange[name], dict) or not needed <= set(exchange[name]) <= needed | allowed:
            fail(path, f'{where}: "{name}" needs {sorted(needed)} and may have {sorted(allowed)}')


def replaced(node, words):
    """The same JSON with words replaced in all its strings."""
    if isinstance(node, dict):
        return {replaced(k, words): replaced(v, words) for k, v in node.items()}
    if isinstance(node, list):
        return [replaced(v, words) for v in node]
    if isinstance(node, str):
        for word, text in words.items():
            node = node.replace(word, text)
    return node


def matches(wanted, request):
    if (wanted['method'], wanted['path']) != (request.method, request.path):
        return False
    if any(request.query.get(k) != v for k, v in wanted.get('query', {}).items()):
        return False
    if any(request.headers.get(k) != v for k, v in wanted.get('headers', {}).items()):
        return False
    body = wanted.get('body')
    if body is None or isinstance(body, str):
        return body in (None, request.body.decode('utf-8', 'replace'))
    try:
        return is_part(body, json.loads(request.body))
    except ValueError:
        return False


def is_part(wanted, found):
    """Whether all that is wanted was found; objects may hold more."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(k in found and is_part(v, found[k]) for k, v in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(wanted) == len(found) and all(map(is_part, wanted, found))
    return type(wanted) is type(found) and wanted == found


if __name__ == '__main__':
    Replay.main()
