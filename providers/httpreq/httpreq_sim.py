#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A simulation of a server that httpreq clients talk to: POST /present and POST /cleanup.

Both forms of a body are good: {"fqdn", "value"}, and RAW {"domain", "token", "keyAuth"} from which name and value are
computed here.  The answer to what was done is 201 or 204 without a body, for any 2xx is success.
"""

import base64
import hashlib
import os
import re
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path += [os.environ.get('ZONESEAL_CONFORMANCE', HERE), os.path.join(HERE, '../../plugins-sdk/conformance')]
sys.dont_write_bytecode = True

from zoneseal_sim import Reply, Simulation

USER = 'zoneseal'
FORMS = ({'fqdn', 'value'}, {'domain', 'token', 'keyAuth'})


class HttpReq(Simulation):
    unsupported = {'pages', 'stale'}    # nothing is read

    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument('--no-auth', action='store_true', help='ask for no user and password')
        parser.add_argument('--raw', action='store_true', help='say mode = RAW and take no other form')

    def start(self):
        self.option('endpoint', self.url + '/acme')
        self.limit('zones', 0)
        if self.arguments.raw:
            self.option('mode', 'RAW')
            self.limit('derived', 1)
        self.wanted = None
        if not self.arguments.no_auth:
            self.option('username', USER)
            login = f'{USER}:{self.secret("password")}'
            self.wanted = 'Basic ' + base64.b64encode(login.encode()).decode()

    def handle(self, request):
        is_look = request.method == 'GET' and request.path == '/acme/present'   # is the service there?
        if not is_look and (request.method != 'POST' or request.path not in ('/acme/present', '/acme/cleanup')):
            return None
        if request.headers.get('Authorization') != self.wanted:
            self.violation('a request without the right user and password' if self.wanted else
                           'a request with a credential where none belongs')
            return self.refuse('auth')
        if is_look:
            return Reply(405, 'only POST\n', {'Allow': 'POST'})
        for header in ('Content-Type', 'Accept'):
            if request.headers.get(header, '').split(';')[0] != 'application/json':
                self.violation(f'{request.path}: {header} is not application/json')
        return self.carry_out(request.path, *self.parse(request.json()))

    def carry_out(self, path, name, value):
        zone = self.zone_of(name)
        if not zone:
            return Reply(404, f'no zone for {name}\n')
        if path == '/acme/cleanup':
            zone.remove(name, value)
            return Reply(204)
        zone.add(name, value)
        return Reply(201)

    def parse(self, body):
        """Name and value that a body is about."""
        if set(body) not in FORMS or not all(isinstance(v, str) for v in body.values()):
            raise self.bad('the body has neither fqdn and value nor domain, token and keyAuth, all of them strings')
        if 'fqdn' not in body:
            return self.parse_raw(body['domain'], body['token'], body['keyAuth'])
        if self.arguments.raw:
            raise self.bad('only the RAW form is taken here')
        if not body['fqdn'].endswith('.') or body['fqdn'] != body['fqdn'].lower():
            raise self.bad('fqdn is not in lower case with a final dot')
        return body['fqdn'], body['value']

    def parse_raw(self, domain, token, key_auth):
        if domain.endswith('.') or domain.startswith('*') or not domain:
            raise self.bad('domain is not a name without "*." and final dot')
        if not token or not re.fullmatch(re.escape(token) + r'\.[A-Za-z0-9_-]{43}', key_auth):
            raise self.bad('keyAuth is not the token, a dot and a thumbprint')
        digest = hashlib.sha256(key_auth.encode()).digest()
        return f'_acme-challenge.{domain}', base64.urlsafe_b64encode(digest).rstrip(b'=')

    def bad(self, text):
        self.violation(text)
        return Reply(400, text + '\n')


if __name__ == '__main__':
    HttpReq.main()
