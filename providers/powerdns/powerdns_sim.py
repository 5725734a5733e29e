#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A simulation of the PowerDNS authoritative server's HTTP API, as far as zones and TXT records go.

    GET   /api/v1/servers, /api/v1/servers/localhost
    GET   /api/v1/servers/localhost/zones?zone=NAME.
    GET   /api/v1/servers/localhost/zones/ID?rrsets=false, ?rrset_name=NAME.
    PATCH /api/v1/servers/localhost/zones/ID    REPLACE and DELETE; from 5.0.2 on EXTEND and PRUNE

--server-version 4.7.3 has whole record sets only, as such a server does; then nobody can notice a change that comes
between reading and writing or that is not shown yet, and the faults `conflict` and `stale` are unsupported.
"""

import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [os.environ.get('ZONESEAL_CONFORMANCE', str(HERE)), str(HERE), str(HERE / '../../plugins-sdk/conformance')]
sys.dont_write_bytecode = True

from zoneseal_sim import Reply, Simulation, plain_name, presentation

SERVER = '/api/v1/servers/localhost'
SINGLE = {'EXTEND', 'PRUNE'}


class Refusal(Exception):
    """A change that is not carried out: 422 with this text."""


class PowerDNS(Simulation):
    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument('--server-version', default='5.0.2', metavar='VERSION')
        parser.add_argument('--kind', default='Native', help='of the zones: Native, Master, Slave')
        parser.add_argument('--cname', action='append', default=[], metavar='NAME', help='NAME is a CNAME in its zone')
        parser.add_argument('--refuse', action='append', default=[], metavar='NAME', help='no change of NAME is taken')
        parser.add_argument('--no-extend', action='store_true', help='a server that is older than its version says')

    def start(self):
        self.key = self.secret('api-key')
        self.option('api-url', self.url)
        self.serial = 2026010101
        version = tuple(map(int, self.arguments.server_version.split('.')))
        self.single = not self.arguments.no_extend and (version >= (5, 0, 2) or (4, 9, 12) <= version < (4, 10))
        self.unsupported = {'pages', 'denied'} | (set() if self.single else {'conflict', 'stale'})

    def faulty(self, kind, request):
        if kind == 'auth':
            return Reply(401, 'Unauthorized', {'WWW-Authenticate': 'X-API-Key realm="PowerDNS"'})
        status, text = {'rate': (429, 'Too Many Requests'), 'error': (500, 'Internal Server Error')}[kind]
        return Reply(status, text)

    def handle(self, request):
        if request.headers.get('X-API-Key') != self.key:
            self.violation('a request without the right key')
            return self.refuse('auth')
        if request.path == '/api/v1/servers':
            return Reply(200, [self.server_shown()])
        if request.path == SERVER:
            return Reply(200, self.server_shown())
        if request.path == SERVER + '/zones' and request.method == 'GET':
            wanted = request.query.get('zone')
            return Reply(200, [self.zone_shown(z) for z in self.zones.values() if wanted in (None, z.name + '.')])
        match = re.fullmatch(SERVER + '/zones/([^/]+)', request.path)
        if not match or request.method not in ('GET', 'PATCH'):
            return None
        zone = self.zones.get(plain_name(match[1]))
        if not zone:
            return Reply(404, 'Not Found')
        return self.get(zone, request) if request.method == 'GET' else self.patch(zone, request)

    # -- reading

    def server_shown(self):
        return {'type': 'Server', 'id': 'localhost', 'daemon_type': 'authoritative', 'url': SERVER,
                'version': self.arguments.server_version, 'zones_url': SERVER + '/zones{/zone}'}

    def zone_shown(self, zone):
        return {'id': zone.name + '.', 'name': zone.name + '.', 'kind': self.arguments.kind, 'serial': self.serial,
                'edited_serial': self.serial, 'url': f'{SERVER}/zones/{zone.name}.'}

    def get(self, zone, request):
        shown = self.zone_shown(zone) | {'soa_edit_api': 'DEFAULT'}
        if request.query.get('rrsets') == 'false':
            return Reply(200, shown)
        only = request.query.get('rrset_name')
        sets = [{'name': zone.name + '.', 'type': 'NS', 'ttl': 3600, 'comments': [],
                 'records': [{'content': 'ns.example.net.', 'disabled': False}]}]
        sets += [{'name': plain_name(name) + '.', 'type': 'CNAME', 'ttl': 60, 'comments': [],
                  'records': [{'content': 'elsewhere.example.net.', 'disabled': False}]}
                 for name in self.arguments.cname if zone.covers(name)]
        for name in zone.names():
            records = zone.records(name, 'TXT')
            sets.append({'name': name + '.', 'type': 'TXT', 'ttl': records[0].ttl, 'comments': [],
                         'records': [record_shown(r) for r in records]})
        if only is not None:
            sets = [s for s in sets if s['name'] == only]
        return Reply(200, shown | {'rrsets': sets})

    # -- changing

    def patch(self, zone, request):
        rrsets = request.json().get('rrsets')
        if not isinstance(rrsets, list):
            return Reply(422, {'error': "Key 'rrsets' not present or not an array"})
        try:
            changes = [self.change(zone, rrset) for rrset in rrsets]
            seen = [(c[0], c[1]) for c in changes]
            if len(set(seen)) != len(seen):
                raise Refusal('Duplicate RRset')
        except Refusal as e:
            return Reply(422, {'error': str(e)})
        # Checked as a whole, then carried out as a whole.
        for name, _, how, arguments in changes:
            how(zone, name, *arguments)
        self.serial += 1
        return Reply(204)

    def change(self, zone, rrset):
        """(name, changetype, function, its arguments) of one element."""
        name, kind = str(rrset.get('name')), str(rrset.get('changetype')).upper()
        title = f'RRset {name} IN {rrset.get("type")}'
        if not name.endswith('.') or name != name.lower() or rrset.get('type') != 'TXT':
            raise Refusal(f'{title}: only lower-case absolute names and TXT are simulated')
        if not zone.covers(name):
            raise Refusal(f'{title}: Name is out of zone')
        if plain_name(name) in self.arguments.refuse:
            raise Refusal(f'{title}: Contains unsupported characters')
        if kind not in {'REPLACE', 'DELETE'} | (SINGLE if self.single else set()):
            raise Refusal('Changetype not understood')
        if kind == 'DELETE':
            return name, kind, erase, ()
        records = [self.record(title, r) for r in rrset.get('records') or []]
        if kind in SINGLE and len(records) != 1:
            raise Refusal(f'{title}: exactly one record is needed')
        if kind == 'PRUNE':
            return name, kind, prune, records[0]
        if not isinstance(rrset.get('ttl'), int):
            raise Refusal("Key 'ttl' not present or not an integer")
        if plain_name(name) in map(plain_name, self.arguments.cname):
            raise Refusal(f'{title}: Conflicts with pre-existing RRset')
        if kind == 'EXTEND':
            return name, kind, extend, (rrset['ttl'], *records[0])
        if len({v for v, _ in records}) != len(records):
            raise Refusal(f'Duplicate record in RRset {name} IN TXT')
        return name, kind, replace, (rrset['ttl'], records)

    @staticmethod
    def record(title, record):
        """(value, disabled)"""
        content = record.get('content')
        strings = re.findall(r'"((?:[^"\\]|\\.)*)"', content) if isinstance(content, str) else []
        if not strings or ' '.join(f'"{s}"' for s in strings) != content:
            raise Refusal(f"Record {title}/TXT '{content}': Not in expected format")
        octets = b''
        for number, other, plain in re.findall(r'\\(\d{3})|\\(.)|([^\\])', ''.join(strings), re.S):
            octets += bytes([int(number)]) if number else (other or plain).encode()
        return octets, bool(record.get('disabled', False))


def record_shown(record):
    return {'content': presentation(record.value), 'disabled': record.data.get('disabled', False)}


def erase(zone, name):
    zone.replace(name, [])


def prune(zone, name, value, _disabled):
    zone.remove(name, value)


def extend(zone, name, ttl, value, disabled):
    zone.add(name, value, ttl, disabled=disabled)


def replace(zone, name, ttl, records):
    zone.replace(name, [v for v, _ in records], ttl)
    for value, disabled in records:
        record = next(r for r in zone.records(name, 'TXT') if r.value == value)
        zone.change(record, data={'disabled': disabled})


if __name__ == '__main__':
    PowerDNS.main()
