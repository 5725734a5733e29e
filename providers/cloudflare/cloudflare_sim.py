#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A simulation of Cloudflare's API v4, as far as zones and DNS records go.

    GET    /zones?name=&status=&account.id=&page=&per_page=
    GET    /zones/ID
    GET    /zones/ID/dns_records?type=&name.exact=&content.exact=&match=&page=&per_page=
    POST   /zones/ID/dns_records
    DELETE /zones/ID/dns_records/RECORD
    POST   /zones/ID/dns_records/batch      deletes, patches, puts, posts; all or nothing

Each TXT value is a record of its own.  Content is taken with quotes or without them, and shown as it was written
(--form has others).  Tokens have rights: Zone / Zone / Read, Zone / DNS / Read, Zone / DNS / Edit.
"""

import argparse
import hashlib
import os
import pathlib
import re
import secrets
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path += [os.environ.get('ZONESEAL_CONFORMANCE', str(HERE)), str(HERE), str(HERE / '../../plugins-sdk/conformance')]

from zoneseal_sim import Reply, Simulation, Zone, plain_name, presentation

BASE = '/client/v4'
BATCH = 200
WINDOW = 300
ZONES_PER_PAGE = (20, 50)           # default and most
RECORDS_PER_PAGE = (100, 5000000)
ZONE_QUERY = {'name', 'status', 'account.id', 'page', 'per_page', 'match', 'order', 'direction'}
RECORD_QUERY = {'type', 'name', 'name.exact', 'name.startswith', 'content', 'content.exact', 'match', 'page', 'per_page',
                'order', 'direction'}
ERRORS = {
    1001: (404, 'Invalid zone identifier'),
    1004: (400, 'DNS Validation Error'),
    6003: (400, 'Invalid request headers'),
    6111: (400, 'Invalid format for Authorization header'),
    7000: (404, 'No route for that URI'),
    7003: (404, 'Could not route to {path}, perhaps your object identifier is invalid?'),
    9020: (400, 'Invalid TTL'),
    9021: (400, 'Invalid TTL. Must be between 60 and 86,400 seconds, or 1 for Automatic.'),
    9109: (403, 'Invalid access token'),
    10000: (403, 'Authentication error'),
    81044: (404, 'Record does not exist.'),
    81045: (400, 'Record quota exceeded.'),
    81054: (400, 'A CNAME record with that host already exists.'),
    81056: (400, 'NS records with that host already exist.'),
    81057: (400, 'The record already exists.'),
    81058: (400, 'An identical record already exists.'),
}


class Refusal(Exception):
    """An error of the service, before it is an answer: in a batch it undoes the rest."""

    def __init__(self, code, *chain, message=None):
        super().__init__(code)
        self.code, self.chain, self.message = code, chain, message

    def reply(self, path=''):
        status, text = ERRORS[self.code]
        error = {'code': self.code, 'message': (self.message or text).format(path=path)}
        if self.chain:
            error['error_chain'] = [{'code': c, 'message': ERRORS[c][1]} for c in self.chain]
        return failure(status, error)


def failure(status, *errors):
    return Reply(status, {'success': False, 'errors': list(errors), 'messages': [], 'result': None})


def success(result, **more):
    return Reply(200, {'success': True, 'errors': [], 'messages': [], 'result': result, **more})


def unquoted(content):
    """What the content stands for, and whether it was quoted."""
    if not content.startswith('"'):
        return content.strip().encode(), False
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', content)
    if re.sub(r'"(?:[^"\\]|\\.)*"', '', content).strip():
        raise Refusal(1004)
    octets = b''
    for string in strings:
        for number, other, plain in re.findall(r'\\(\d{3})|\\(.)|([^\\])', string, re.S):
            octets += bytes([int(number)]) if number else (other or plain).encode()
    return octets, True


class Listed:
    """A zone of an account: the framework's Zone with what the service says of it."""

    def __init__(self, zone, account, status='active', kind='full'):
        self.zone, self.account, self.status, self.kind = zone, account, status, kind

    def shown(self):
        return {'id': self.zone.id, 'name': self.zone.name, 'status': self.status, 'paused': False, 'type': self.kind,
                'development_mode': 0, 'name_servers': ['ada.ns.cloudflare.com', 'bob.ns.cloudflare.com'],
                'account': {'id': self.account, 'name': f'account {self.account[:4]}'},
                'created_on': '2026-01-02T03:04:05.000000Z', 'modified_on': '2026-01-02T03:04:05.000000Z'}


class Cloudflare(Simulation):
    unsupported = set()

    @classmethod
    def add_arguments(cls, parser):
        parser.formatter_class = argparse.ArgumentDefaultsHelpFormatter
        parser.add_argument('--twin', action='append', default=[], metavar='ZONE', help='another account has that zone, too')
        parser.add_argument('--pending', action='append', default=[], metavar='ZONE', help='a zone that is not active')
        parser.add_argument('--partial', action='store_true', help='the zones are CNAME setups')
        parser.add_argument('--more-zones', type=int, default=0, metavar='N', help='the token reaches N zones more')
        parser.add_argument('--cname', action='append', default=[], metavar='NAME', help='NAME is a CNAME in the service')
        parser.add_argument('--zone-token', action='store_true', help='a second token reads zones; the first may not')
        parser.add_argument('--no-edit', action='store_true', help='the token may not change records')
        parser.add_argument('--no-read', action='store_true', help='the token may not look at records either')
        parser.add_argument('--no-zone-read', action='store_true', help='the token may not look at zones')
        parser.add_argument('--say', action='append', default=[], choices=['account-id', 'zone-id'], help='say this option')
        parser.add_argument('--form', choices=['kept', 'quoted', 'plain', 'mixed'], default='kept', help='how TXT content is shown')
        parser.add_argument('--page', type=int, default=0, metavar='N', help='no page has more items')
        parser.add_argument('--quota', type=int, default=1200, metavar='N', help='requests in five minutes')
        parser.add_argument('--records-max', type=int, default=0, metavar='N', help='records that a zone may have; 0 = any number')

    def start(self):
        self.account, self.other_account = secrets.token_hex(16), secrets.token_hex(16)
        self.extra = [Listed(self.new_zone(name), self.other_account) for name in self.arguments.twin]
        self.extra += [Listed(self.new_zone(name), self.account, 'pending') for name in self.arguments.pending]
        self.extra += [Listed(self.new_zone(f'more{i}.example'), self.account) for i in range(self.arguments.more_zones)]
        a = self.arguments
        rights = {'zone read', 'dns read', 'dns edit'}
        rights -= {'dns edit'} if a.no_edit or a.no_read else set()
        rights -= {'dns read'} if a.no_read else set()
        rights -= {'zone read'} if a.no_zone_read or a.zone_token else set()
        self.tokens = {self.secret('api-token'): rights}
        if a.zone_token:
            self.tokens[self.secret('zone-token')] = {'zone read'}
        self.option('api-url', self.url + BASE)
        if 'account-id' in a.say:
            self.option('account-id', self.account)
        if 'zone-id' in a.say:
            self.option('zone-id', next(iter(self.zones.values())).id)
        self.reset()

    def reset(self):
        self.window, self.used, self.blocked_until = time.monotonic(), 0, 0
        for name in self.arguments.cname:
            self.zone_of(name).add(name, 'elsewhere.example', type='CNAME')

    def new_zone(self, name):
        zone = Zone(plain_name(name), self)
        zone.id = secrets.token_hex(16)
        return zone

    def add_zone(self, name):
        """A zone that went and came has another id."""
        name = plain_name(name)
        with self.lock:
            if name not in self.zones:
                self.zones[name] = self.new_zone(name)
            return self.zones[name]

    # -- requests

    def handle(self, request):
        try:
            reply = self.limited() or self.serve(request)
        except Refusal as refusal:
            reply = refusal.reply(request.path)
        except Reply as raised:
            reply = raised
        left = max(0, self.arguments.quota - self.used)
        reply.headers |= {'cf-ray': secrets.token_hex(8) + '-SIM',
                          'Ratelimit': f'"default";r={left};t={max(1, int(self.window + WINDOW - time.monotonic()))}',
                          'Ratelimit-Policy': f'"default";q={self.arguments.quota};w={WINDOW}'}
        return reply

    def limited(self):
        """1200 requests in five minutes; who sends more is blocked for five."""
        now = time.monotonic()
        if now >= self.window + WINDOW:
            self.window, self.used = now, 0
        self.used += 1
        if self.used > self.arguments.quota:
            if now < self.blocked_until:
                self.violation('a request while all are blocked (429)')
            else:
                self.blocked_until = now + WINDOW
            reply = self.faulty('rate', None)
            reply.headers['Retry-After'] = str(int(self.blocked_until - now) + 1)
            return reply
        return None

    def faulty(self, kind, request):
        if kind == 'rate':
            return failure(429, {'code': 971, 'message': 'Please wait and consider throttling your request speed'})
        if kind == 'error':
            return failure(500, {'code': 1000, 'message': 'Internal error'})
        if kind == 'auth':
            return Refusal(9109).reply()
        if request and 'dns_records' not in request.path:
            return Refusal(9109, message='Unauthorized to access requested resource').reply()
        return Refusal(10000).reply()

    def serve(self, request):
        if not request.path.startswith(BASE + '/'):
            return None
        self.check_headers(request)
        match request.method, request.path.removeprefix(BASE).split('/')[1:]:
            case 'GET', ['zones']:
                return self.list_zones(request)
            case 'GET', ['zones', ident]:
                self.allow(request, 'zone read')
                return success(self.listed(ident).shown())
            case 'GET', ['zones', ident, 'dns_records']:
                self.allow(request, 'dns read')
                return self.list_records(request, self.listed(ident).zone)
            case 'POST', ['zones', ident, 'dns_records']:
                self.allow(request, 'dns edit')
                return self.create(self.listed(ident).zone, request.json())
            case 'DELETE', ['zones', ident, 'dns_records', record]:
                self.allow(request, 'dns edit')
                return self.delete(self.listed(ident).zone, record)
            case 'POST', ['zones', ident, 'dns_records', 'batch']:
                self.allow(request, 'dns edit')
                return self.batch(self.listed(ident).zone, request.json())
        self.violation(f'no such request: {request.method} {request.path}')
        raise Refusal(7000)

    def check_headers(self, request):
        for name in ('X-Auth-Key', 'X-Auth-Email'):
            if request.headers.get(name):
                self.violation(f'{name} was sent')
        if any(token in request.target for token in self.tokens):
            self.violation('a token in a URL')
        value = request.headers.get('Authorization', '')
        if not re.fullmatch(r'Bearer [!-~]{30,200}', value):
            self.violation('a request without a well-formed token')
            raise Refusal(6003, 6111)
        if value.removeprefix('Bearer ') not in self.tokens:
            raise Refusal(9109)

    def allow(self, request, right):
        rights = self.tokens[request.headers.get('Authorization').removeprefix('Bearer ')]
        if right not in rights and not (right == 'dns read' and 'dns edit' in rights):
            raise self.faulty('denied', request)

    # -- zones

    def all_zones(self):
        kind = 'partial' if self.arguments.partial else 'full'
        return [Listed(zone, self.account, kind=kind) for zone in self.zones.values()] + self.extra

    def listed(self, ident):
        if not re.fullmatch(r'[0-9a-f]{32}', ident):
            raise Refusal(7003)
        for listed in self.all_zones():
            if listed.zone.id == ident:
                return listed
        raise Refusal(1001)

    def list_zones(self, request):
        self.allow(request, 'zone read')
        q = self.query(request, ZONE_QUERY)
        found = [z for z in self.all_zones() if q.get('name') in (None, z.zone.name) and q.get('status') in (None, z.status)
                 and q.get('account.id') in (None, z.account)]
        return self.paged(request, found, Listed.shown, *ZONES_PER_PAGE)

    def query(self, request, known):
        for name in set(request.query) - known:
            self.violation(f'{request.path}: no such parameter: {name}')
        if len(request.pairs) != len(request.query):
            self.violation(f'{request.path}: a parameter is repeated')
        return request.query

    def paged(self, request, items, show, default, most):
        size = int(request.query.get('per_page', default))
        if not 5 <= size <= most:
            raise Refusal(1004)
        size = min(size, self.arguments.page or size)
        pages = self.pages(items, size)
        page = int(request.query.get('page', 1))
        here = pages[page - 1] if 0 < page <= len(pages) else []
        info = {'page': page, 'per_page': size, 'count': len(here), 'total_count': len(items),
                'total_pages': len(pages) if items else 0}
        return success([show(item) for item in here], result_info=info)

    # -- records

    def list_records(self, request, zone):
        q = self.query(request, RECORD_QUERY)
        tests = {
            'name': lambda r, v: r.name == plain_name(v),
            'name.exact': lambda r, v: r.name == plain_name(v),
            'name.startswith': lambda r, v: r.name.startswith(v.lower()),
            'content': lambda r, v: r.value == unquoted(v)[0],
            'content.exact': lambda r, v: r.value == unquoted(v)[0],
        }
        asked = [(tests[k], v) for k, v in q.items() if k in tests]
        combine = any if q.get('match') == 'any' else all
        found = [r for r in zone.records() if q.get('type') in (None, r.type) and
                 (not asked or combine(test(r, v) for test, v in asked))]
        return self.paged(request, found, self.shown, *RECORDS_PER_PAGE)

    def content(self, record):
        if record.type != 'TXT':
            return record.value.decode()
        form = self.arguments.form
        if form == 'mixed':
            form = ('quoted', 'plain')[hashlib.sha256(record.id.encode()).digest()[0] & 1]
        quoted = record.data.get('quoted', False) if form == 'kept' else form == 'quoted'
        plain = record.value.decode('ascii', 'replace')
        return presentation(record.value) if quoted or not plain.isprintable() or '"' in plain else plain

    def shown(self, record):
        return {'id': record.id, 'name': record.name, 'type': record.type, 'content': self.content(record),
                'proxiable': record.type == 'CNAME', 'proxied': False, 'ttl': record.ttl, 'settings': {}, 'meta': {},
                'comment': record.data.get('comment'), 'tags': [],
                'created_on': '2026-01-02T03:04:05.000000Z', 'modified_on': '2026-01-02T03:04:05.000000Z'}

    def wanted(self, zone, body):
        """(name, value, ttl, data) of a record to create, checked."""
        name, content, ttl = (body.get(k) for k in ('name', 'content', 'ttl'))
        if body.get('type') != 'TXT' or not isinstance(name, str) or not isinstance(content, str) or not content:
            self.violation(f'a record that is none: {body}')
            raise Refusal(1004)
        if not isinstance(ttl, int) or not (ttl == 1 or 60 <= ttl <= 86400):
            raise Refusal(1004, 9021)
        name = plain_name(name)
        if not zone.covers(name):
            name += '.' + zone.name         # the service takes it for a relative name
        value, quoted = unquoted(content)
        return name, value, ttl, {'quoted': quoted, 'comment': body.get('comment')}

    def check_create(self, records, name, value):
        """records: what the zone will have before."""
        here = [r for r in records if r.name == name]
        for type, code in (('CNAME', 81054), ('NS', 81056)):
            if any(r.type == type for r in here):
                raise Refusal(code)
        if any(r.type == 'TXT' and r.value == value for r in here):
            raise Refusal(81058)
        if self.arguments.records_max and len(records) >= self.arguments.records_max:
            raise Refusal(81045)

    def create(self, zone, body):
        name, value, ttl, data = self.wanted(zone, body)
        self.check_create(zone.all_at(), name, value)
        return success(self.shown(zone.add(name, value, 300 if ttl == 1 else ttl, **data)))

    def delete(self, zone, ident):
        record = next((r for r in zone.all_at() if r.id == ident), None)
        if not record or not zone.delete(record):
            raise Refusal(81044)
        return success({'id': ident})

    def batch(self, zone, body):
        """Deletes, patches, puts, posts, in this order; first on paper."""
        steps = {kind: body.get(kind) or [] for kind in ('deletes', 'patches', 'puts', 'posts')}
        if set(body) - set(steps) or not 0 < sum(map(len, steps.values())) <= BATCH:
            self.violation(f'a batch of {", ".join(f"{len(v)} {k}" for k, v in steps.items())}')
            raise Refusal(1004)
        if steps['patches'] or steps['puts']:
            self.violation('a batch that changes records: other values may be replaced')
            raise Refusal(1004)
        gone = [self.must_find(zone, item.get('id')) for item in steps['deletes']]
        records = [r for r in zone.all_at() if r not in gone]
        new = []
        for item in steps['posts']:
            name, value, ttl, data = self.wanted(zone, item)
            self.check_create(records, name, value)
            new.append((name, value, 300 if ttl == 1 else ttl, data))
            records.append(Record(name, value))
        for record in gone:
            zone.delete(record)
        made = [zone.add(name, value, ttl, **data) for name, value, ttl, data in new]
        return success({'deletes': [self.shown(r) for r in gone], 'patches': [], 'puts': [],
                        'posts': [self.shown(r) for r in made]})

    def must_find(self, zone, ident):
        for record in zone.all_at():
            if record.id == ident:
                return record
        raise Refusal(81044)


class Record:
    """A record that a batch is going to make."""

    type = 'TXT'

    def __init__(self, name, value):
        self.name, self.value = name, value


if __name__ == '__main__':
    Cloudflare.main()
