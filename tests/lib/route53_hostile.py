#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server of hostile.py in the place of STS or of the instance metadata service; Route 53 beside it is honest.

    route53_hostile.py {sts,imds} DIRECTORY

Speaks as hostile.py does; DIRECTORY/ca.pem is good for the hostile and for the honest one, and "report" tells the
secrets too.  The metadata service is one without TLS.
"""

import base64
import dataclasses
import json
import pathlib
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import hostile
import hostile_tricks
from route53_echo import Route53, secrets_of

import zoneseal_sim

SOURCES = {'sts': 'web-identity', 'imds': 'imds'}
ZONE = 'example.com'


class Place(Route53):
    """Where a trick needs a good answer, also of the metadata service."""

    def handle(self, request):
        if not request.path.startswith('/latest/'):
            return super().handle(request)
        if request.method == 'PUT':
            return zoneseal_sim.Reply(*self.imds.begin_session(request.path, request.headers))
        # A session that a trick has spoiled is not the plugin's doing.
        if request.headers.get('X-aws-ec2-metadata-token') != self.imds.session:
            return zoneseal_sim.Reply(401, 'no')
        return zoneseal_sim.Reply(*self.imds.look_up(request.path, request.headers))


def repeated(request):
    """All that was sent, as it is and in other clothes."""
    words = [request.body.decode(), *request.query.values(), *request.form().values(), *(v for _, v in request.headers)]
    words = [word for word in words if word]
    return ' '.join([*words, *(w.encode().hex() for w in words), *(urllib.parse.quote(w, safe='') for w in words),
                     *(base64.b64encode(b'.' * n + w.encode()).decode() for n in range(3) for w in words)])


def repeat(peer, request):
    """Honest until there is a session of which something can be repeated."""
    if request.method == 'PUT':
        return peer.pass_on(peer.honest(request))
    status, kind, body = peer.complaint(request, repeated(request), 403)
    return peer.answer(status, body, f'Content-Type: {kind}')


hostile_tricks.each('message-repeats', 'fail', repeat)


def without_tls(tricks):
    for name, trick in tricks.items():
        if trick.tls == 'good':
            tricks[name] = dataclasses.replace(trick, tls='none')


def main():
    place, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    hostile.load_simulation = lambda _, zone, *__: (zoneseal_sim, Place('--zone', zone, '--credentials', SOURCES[place]).begin())
    if place == 'imds':
        without_tls(hostile_tricks.TRICKS)
    server = hostile.Server('', directory, ZONE)
    with open(directory / 'ca.pem', 'ab') as roots:
        roots.write(pathlib.Path(server.simulation.options['ca-file']).read_bytes())
    print(json.dumps(server.describe()), flush=True)
    for _ in sys.stdin:
        print(json.dumps(server.report() | {'secrets': secrets_of(server.simulation)}), flush=True)
    server.end()


if __name__ == '__main__':
    main()
