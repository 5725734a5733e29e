#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A simulation of an acme-dns server: POST /register, POST /update, GET /health.

The zone given is the server's own domain.  Each account has one name in it, SUBDOMAIN.ZONE, with room for two values:
an update takes the place of the older one, even where the newer has the same value already.
"""

import ipaddress
import json
import os
import re
import secrets
import sys
import uuid

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path += [os.environ.get('ZONESEAL_CONFORMANCE', HERE), os.path.join(HERE, '../../plugins-sdk/conformance')]
sys.dont_write_bytecode = True

from zoneseal_sim import CommandError, Reply, Simulation

DOMAINS = 4     # that the storage file has an account for
ROOM = 2        # values of one name
PEER = ipaddress.ip_address('127.0.0.1')


class AcmeDns(Simulation):
    # A right that is missing looks like a wrong key; there are no reads, and a foreign value pushes out one of ours.
    unsupported = {'denied', 'pages', 'stale', 'conflict'}

    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument('--subdomain', action='append', default=[], metavar='LABEL',
                            help='one more account, whose name is LABEL.ZONE')

    def start(self):
        if not self.zones:
            raise SystemExit('acme-dns_sim.py: --zone is needed: the domain of the server')
        self.domain = next(iter(self.zones))
        self.accounts = {}
        storage = {f'd{n}.{self.domain}': self.register([]) for n in range(DOMAINS)}
        storage |= {f'{label}.{self.domain}': self.register([], label) for label in self.arguments.subdomain}
        self.first = dict(self.accounts)
        self.option('api-url', self.url)
        self.secret('credentials-file', json.dumps(storage, indent=2) + '\n')
        self.limit('values', ROOM)
        for account in storage.values():
            self.name(account['fulldomain'])
        self.reset()

    def reset(self):
        self.accounts = dict(self.first)
        self.rows = {}

    def faulty(self, kind, request):
        if kind == 'auth':
            return Reply(401, {'error': 'forbidden'})
        if kind == 'error':
            return Reply(500, {'error': 'db_error'})
        return super().faulty(kind, request)

    def handle(self, request):
        match request.method, request.path:
            case 'GET', '/health':
                return Reply(200)
            case 'POST', '/register':
                return self.handle_register(request)
            case 'POST', '/update':
                return self.handle_update(request)

    # -- accounts

    def register(self, allowfrom, subdomain=None):
        subdomain = subdomain or str(uuid.uuid4())
        account = {'username': str(uuid.uuid4()), 'password': secrets.token_urlsafe(30), 'subdomain': subdomain,
                   'fulldomain': f'{subdomain}.{self.domain}', 'allowfrom': allowfrom}
        self.accounts[account['username']] = account
        return account

    def handle_register(self, request):
        body = request.json() if request.body else {}
        allowfrom = body.get('allowfrom', [])
        try:
            for network in allowfrom:
                ipaddress.ip_network(network)
        except (TypeError, ValueError):
            return Reply(400, {'error': 'invalid_allowfrom_cidr'})
        return Reply(201, self.register(allowfrom))

    def account_of(self, request):
        account = self.accounts.get(request.headers.get('X-Api-User'))
        if not account or account['password'] != request.headers.get('X-Api-Key'):
            self.violation('an update without a good X-Api-User and X-Api-Key')
            return None
        networks = [ipaddress.ip_network(network) for network in account['allowfrom']]
        return account if not networks or any(PEER in network for network in networks) else None

    # -- values

    def handle_update(self, request):
        account = self.account_of(request)
        body = request.json()
        if not account or body.get('subdomain') != account['subdomain']:
            return self.refuse('auth')
        value = body.get('txt')
        if not isinstance(value, str) or not re.fullmatch('[A-Za-z0-9_-]{43}', value):
            # Without a value it is a test of the account, and changes nothing.
            if value != '':
                self.violation('an update whose txt is not 43 characters of base64url')
            return Reply(400, {'error': 'bad_txt'})
        self.write(account['fulldomain'], value.encode())
        return Reply(200, {'txt': value})

    def write(self, name, value):
        self.show(name, self.rows.get(name, []) + [value])

    def show(self, name, rows):
        self.rows[name] = rows[-ROOM:]
        self.zones[self.domain].replace(name, self.rows[name])

    # -- foreign clients

    def known(self, name):
        name = name.decode().lower()
        if all(name != account['fulldomain'] for account in self.accounts.values()):
            raise CommandError(f'{name} belongs to no account')
        return name

    def do_add(self, name, value):
        self.write(self.known(name), value)
        return ['ok']

    def do_remove(self, name, value):
        name = self.known(name)
        self.show(name, [row for row in self.rows.get(name, []) if row != value])
        return ['ok']


if __name__ == '__main__':
    AcmeDns.main()
