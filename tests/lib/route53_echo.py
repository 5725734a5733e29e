#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Route 53, STS and the instance metadata service, of which one says back what it was sent, in an error.

    route53_echo.py --zone ZONE --credentials SOURCE --echo {api,sts,imds} --writing WRITING

Besides what was sent it says every other secret, each in turn as the first: the end of a long text is cut off.
The file NOT_TO_BE_SEEN beside the simulation's ca.pem has them all.
"""

import base64
import json
import pathlib
import sys
import urllib.parse

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent.parent / part)
                for part in ('providers/route53', 'plugins-sdk/conformance')]

from route53_sim import Route53, error

WRITINGS = {'raw': lambda word: word, 'base64': lambda word: base64.b64encode(word.encode()).decode(),
            'base64 behind others': lambda word: base64.b64encode(b'x' + word.encode()).decode(),
            'hex': lambda word: word.encode().hex(), 'percent': lambda word: urllib.parse.quote(word, safe='')}
NOT_TO_BE_SEEN = 'not-to-be-seen.json'
SENT = ('authorization', 'x-amz-security-token', 'x-aws-ec2-metadata-token')


def secrets_of(sim, last=0):
    """All that nobody may see; last: with the secrets of so many keys only."""
    words = [word for key in list(sim.keys.values())[-last:] for word in (key.secret, key.token)]
    return [w for w in [*words, getattr(sim, 'identity', None), sim.imds and sim.imds.session] if w]


def echo(sim, secrets, headers, body, write):
    """What was sent and these secrets; sim.echoes counts."""
    words = [*secrets, *(v for k, v in headers.items() if k.lower() in SENT), *([body] if body else [])]
    sim.echoes = getattr(sim, 'echoes', 0) + 1
    first = sim.echoes % len(words)
    return ' '.join(map(write, words[first:] + words[:first]))


class Echo(Route53):
    @classmethod
    def add_arguments(cls, parser):
        super().add_arguments(parser)
        parser.add_argument('--echo', choices=['api', 'sts', 'imds'])
        parser.add_argument('--writing', choices=WRITINGS, default='raw')

    def start(self):
        super().start()
        self.note_secrets()
        if self.arguments.echo == 'imds':
            self.imds.look_up = lambda path, headers: (403, self.echo(headers))

    def note_secrets(self):
        (self.directory / NOT_TO_BE_SEEN).write_text(json.dumps(secrets_of(self)), encoding='utf-8')

    def make_key(self, seconds=None):
        key = super().make_key(seconds)
        self.note_secrets()
        return key

    def handle(self, request):
        if self.arguments.echo != ('sts' if request.path == '/' else 'api'):
            return super().handle(request)
        body = request.body.decode() if request.path == '/' else ''
        return error(403, 'AccessDenied', self.echo(request.headers, body))

    def echo(self, headers, body=''):
        # Of the keys before the last nobody knows who has not got them himself.
        return echo(self, secrets_of(self, 1), headers, body, WRITINGS[self.arguments.writing])


if __name__ == '__main__':
    Echo.main()
