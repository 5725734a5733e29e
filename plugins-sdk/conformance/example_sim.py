#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A simulation of a small JSON API, to copy from: the one that the template provider talks to.

    GET    /v1/zones?name=ZONE&page=N               {"zones": [{"id", "name"}], "next": N or null}
    GET    /v1/zones/ZONE/records?name=NAME&page=N  {"records": [{"id", "name", "type", "content", "ttl"}], "next": ...}
    POST   /v1/zones/ZONE/records                   {"name", "type", "content", "ttl"}  ->  201 with the record
    DELETE /v1/zones/ZONE/records/ID                204; 404 where it is gone

ZONE is an id or a name.  Every request has "Authorization: Bearer TOKEN".
"""

import os
import sys

sys.path.append(os.environ.get('ZONESEAL_CONFORMANCE', os.path.dirname(os.path.realpath(__file__))))
sys.dont_write_bytecode = True

from zoneseal_sim import Reply, Simulation

PAGE = 20


class Example(Simulation):
    unsupported = set()     # every fault, `pages` too: see listed()

    def start(self):
        self.token = self.secret('api-token')
        self.option('api-url', self.url + '/v1')

    def handle(self, request):
        if request.headers.get('Authorization') != 'Bearer ' + self.token:
            self.violation('a request without the right token')
            return self.refuse('auth')
        match request.method, request.path.split('/')[1:]:
            case 'GET', ['v1', 'zones']:
                wanted = request.query.get('name')
                return self.listed(request, 'zones', [{'id': z.id, 'name': z.name} for z in self.zones.values()
                                                      if wanted in (None, z.name)])
            case 'GET', ['v1', 'zones', zone, 'records']:
                records = self.zone(zone).records(request.query.get('name'))
                return self.listed(request, 'records', [shown(r) for r in records])
            case 'POST', ['v1', 'zones', zone, 'records']:
                return self.create(self.zone(zone), request.json())
            case 'DELETE', ['v1', 'zones', zone, 'records', ident]:
                zone = self.zone(zone)
                record = zone.find(ident)
                return Reply(204) if record and zone.delete(record) else Reply(404, {'error': 'no such record'})

    def zone(self, wanted):
        for zone in self.zones.values():
            if wanted in (zone.id, zone.name):
                return zone
        raise Reply(404, {'error': 'no such zone'})

    def create(self, zone, body):
        name, content = body.get('name'), body.get('content')
        if not isinstance(name, str) or not isinstance(content, str) or body.get('type') != 'TXT' or not zone.covers(name):
            return Reply(422, {'error': 'name (in the zone), type (TXT) and content are needed'})
        if content.encode() in zone.values(name):
            return Reply(409, {'error': 'record exists'})
        return Reply(201, shown(zone.add(name, content, body.get('ttl', 60))))

    def listed(self, request, what, items):
        pages = self.pages(items, PAGE)
        page = int(request.query.get('page', '1'))
        if not 1 <= page <= len(pages):
            return Reply(400, {'error': 'no such page'})
        return Reply(200, {what: pages[page - 1], 'next': page + 1 if page < len(pages) else None})


def shown(record):
    return {'id': record.id, 'name': record.name, 'type': record.type, 'content': record.value.decode(), 'ttl': record.ttl}


if __name__ == '__main__':
    Example.main()
