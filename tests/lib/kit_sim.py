#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The service of tests/providers/kit.c: values one by one, and whole sets for plugins that go wrong with them.

    GET  /zones?name=ZONE&page=N     "next N" or "end", then a zone a line
    GET  /records?zone=ZONE&page=N   "next N" or "end", then "NAME VALUE" a line, percent-encoded
    POST /add /remove                body "ZONE NAME VALUE"
    POST /put                        body "ZONE NAME VALUE VALUE ...": these and no others
    GET  /live?id=TICKET             "0" or "1"
"""

import os
import sys
import urllib.parse

sys.path.append(os.environ['ZONESEAL_CONFORMANCE'])

from zoneseal_sim import Reply, Simulation, plain_name, quote

PAGE = 50


class Kit(Simulation):
    unsupported = set()

    def __init__(self, *argv):
        super().__init__(*argv)
        self.arguments.plain = True
        self.shown = {}         # names as another client wrote them

    def start(self):
        self.token = self.secret('token')
        self.option('api-url', self.url)

    def reset(self):
        self.shown.clear()

    def do_add(self, name, value):
        self.shown[plain_name(name.decode())] = name.decode()
        return super().do_add(name, value)

    def handle(self, request):
        if request.headers.get('Authorization') != 'Bearer ' + self.token:
            self.violation('a request without the right token')
            return self.refuse('auth')
        fields = [urllib.parse.unquote(field) for field in request.body.decode().split(' ')]
        match request.method, request.path:
            case 'GET', '/zones':
                wanted = request.query.get('name')
                return self.listed(request, [zone.name for zone in self.zones.values() if wanted in (None, zone.name)])
            case 'GET', '/records':
                zone = self.zone(request.query.get('zone'))
                return self.listed(request, [f'{quote(self.shown.get(r.name, r.name))} {quote(r.value)}' for r in zone.records()])
            case 'GET', '/live':
                return Reply(200, '1' if request.query.get('id', '').startswith('t') else '0')
            case 'POST', '/add':
                zone = self.zone(fields[0])
                if fields[2].encode() in zone.values(fields[1]):
                    return Reply(200, 'there')
                zone.add(fields[1], fields[2])
                return Reply(200, 'done')
            case 'POST', '/remove':
                return Reply(200, 'done' if self.zone(fields[0]).remove(fields[1], fields[2]) else 'absent')
            case 'POST', '/put':
                self.zone(fields[0]).replace(fields[1], fields[2:])
                return Reply(200, 'done')

    def zone(self, name):
        if name not in self.zones:
            raise Reply(404, 'no such zone')
        return self.zones[name]

    def listed(self, request, items):
        pages = self.pages(items, PAGE)
        page = int(request.query.get('page', '1'))
        head = f'next {page + 1}' if page < len(pages) else 'end'
        return Reply(200, '\n'.join([head, *pages[page - 1]]))


if __name__ == '__main__':
    Kit.main()
