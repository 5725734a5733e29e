#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A simulation of Amazon Route 53, with STS and the instance metadata service.

Every signature is checked with code of its own, the date and what is signed too.  A change batch is carried out whole or
not at all, DELETE must say exactly what is there and CREATE what is not.  --credentials says where the plugin gets its
keys from.
"""

import base64
import collections
import datetime
import functools
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import secrets
import string
import sys
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import escape

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [os.environ.get('ZONESEAL_CONFORMANCE', str(HERE)), str(HERE), str(HERE / '../../plugins-sdk/conformance')]

from zoneseal_sim import Reply, Simulation

NAMESPACE = 'https://route53.amazonaws.com/doc/2013-04-01/'
STS_NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'
PREFIX = '/2013-04-01'
REGION, SERVICE = 'us-east-1', 'route53'
WINDOW_SECONDS = 300
MAX_ZONES, MAX_SETS, MAX_ELEMENTS, MAX_CHARACTERS, MAX_VALUES = 100, 300, 1000, 32000, 400
USER = 'arn:aws:iam::123456789012:user/zoneseal'
ROLE = 'arn:aws:iam::123456789012:role/zoneseal'
ROLE_NAME, ROLE_PATH = 'zoneseal-role', '/latest/meta-data/iam/security-credentials/'
# Elements of a record set, in the order that they must have.
SET_ORDER = ['Name', 'Type', 'SetIdentifier', 'Weight', 'Region', 'GeoLocation', 'Failover', 'MultiValueAnswer', 'TTL',
             'ResourceRecords', 'AliasTarget', 'HealthCheckId']


# ---- signatures -------------------------------------------------------------------------------------------------


def encode(text):
    return urllib.parse.quote(text, safe='-_.~')


def canonical_query(query):
    pairs = [part.partition('=')[::2] for part in query.split('&')] if query else []
    pairs = [(encode(urllib.parse.unquote(k)), encode(urllib.parse.unquote(v))) for k, v in pairs]
    return '&'.join(f'{k}={v}' for k, v in sorted(pairs))


def canonical_path(path):
    return '/'.join(encode(urllib.parse.unquote(part)) for part in path.split('/')) or '/'


def canonical_request(method, target, headers, signed, body):
    """headers: name in lower case -> value."""
    path, _, query = target.partition('?')
    lines = [f'{name}:{" ".join(headers[name].split())}\n' for name in signed]
    return '\n'.join([method, canonical_path(path), canonical_query(query), ''.join(lines), ';'.join(signed),
                      hashlib.sha256(body).hexdigest()])


def signature(secret, date, scope, request):
    key = b'AWS4' + secret.encode()
    for part in scope.split('/'):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = f'AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}'
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


# ---- names and values ---------------------------------------------------------------------------------------------


def shown_name(name):
    return ''.join(c if c in string.ascii_lowercase + string.digits + '-_.' else f'\\{ord(c):03o}' for c in name) + '.'


def read_name(text):
    return re.sub(r'\\([0-7]{3})', lambda m: chr(int(m[1], 8)), text).lower().removesuffix('.')


def order(name):
    return '.'.join(reversed(name.split('.'))) + '.'


@functools.lru_cache(10000)
def shown_value(value):
    parts = [value[i:i + 255] for i in range(0, len(value), 255)] or [b'']
    return ' '.join('"' + ''.join('\\' + chr(o) if chr(o) in '"\\' else chr(o) if 32 <= o < 127 else f'\\{o:03o}'
                                  for o in part) + '"' for part in parts)


def read_value(text):
    """The octets of a value, or None where its form is wrong."""
    if len(text) > 4000 or not re.fullmatch(r'"(?:[^"\\]|\\.)*"(?: +"(?:[^"\\]|\\.)*")*', text, re.S):
        return None
    parts = [re.sub(r'\\([0-7]{3}|.)', lambda m: chr(int(m[1], 8)) if len(m[1]) == 3 else m[1], part, flags=re.S)
             for part in re.findall(r'"((?:[^"\\]|\\.)*)"', text, re.S)]
    return None if any(len(part) > 255 for part in parts) else ''.join(parts).encode('latin-1')


class RecordSet:
    """What one line of a list is: all records of a name, type and identifier."""

    def __init__(self, records):
        first = records[0]
        self.name, self.type, self.ttl = first.name, first.type, first.ttl
        self.identifier, self.alias = first.data.get('identifier'), first.data.get('alias')
        self.values = [r.value if r.type != 'TXT' else shown_value(r.value) for r in records]
        self.values = [v.decode() if isinstance(v, bytes) else v for v in self.values]

    @property
    def place(self):
        return order(self.name), self.type, self.identifier or ''

    def xml(self):
        text = f'<Name>{escape(shown_name(self.name))}</Name><Type>{self.type}</Type>'
        if self.identifier:
            text += f'<SetIdentifier>{escape(self.identifier)}</SetIdentifier><Weight>1</Weight>'
        if self.alias:
            text += ('<AliasTarget><HostedZoneId>Z00000000ALIAS</HostedZoneId><DNSName>elsewhere.example.</DNSName>'
                     '<EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>')
        else:
            values = ''.join(f'<ResourceRecord><Value>{escape(v)}</Value></ResourceRecord>' for v in self.values)
            text += f'<TTL>{self.ttl}</TTL><ResourceRecords>{values}</ResourceRecords>'
        return f'<ResourceRecordSet>{text}</ResourceRecordSet>'


# ---- documents ----------------------------------------------------------------------------------------------------


def document(root, text, namespace=NAMESPACE, status=200):
    return Reply(status, f'<?xml version="1.0"?>\n<{root} xmlns="{namespace}">{text}</{root}>', {'Content-Type': 'text/xml'})


def error(status, code, message, kind='Sender'):
    return document('ErrorResponse', f'<Error><Type>{kind}</Type><Code>{code}</Code><Message>{escape(message)}</Message>'
                    f'</Error><RequestId>{secrets.token_hex(16)}</RequestId>', status=status)


def words(count, letters):
    return ''.join(secrets.choice(letters) for _ in range(count))


def plain(tag):
    return tag.removeprefix('{' + NAMESPACE + '}')


class Key:
    """An access key.  A temporary one has a token and an end."""

    def __init__(self, seconds=None):
        self.access = ('ASIA' if seconds else 'AKIA') + words(16, string.ascii_uppercase + string.digits)
        self.secret = words(40, string.ascii_letters + string.digits + '+/')
        self.token = base64.b64encode(secrets.token_bytes(300)).decode() if seconds else None
        self.end = time.time() + seconds if seconds else None

    @property
    def expiration(self):
        return datetime.datetime.fromtimestamp(self.end, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')

    def is_over(self):
        return self.end is not None and time.time() >= self.end


class Hosted:
    """A hosted zone: its records are those of a zone of the framework."""

    def __init__(self, zone, ident=None, is_private=False, delegation_set=None):
        self.zone, self.name, self.is_private, self.delegation_set = zone, zone.name, is_private, delegation_set
        self.id = ident or 'Z' + hashlib.sha256(f'{zone.name} {is_private}'.encode()).hexdigest()[:16].upper()
        self.servers = [f'ns-{int(self.id[1:4], 36) % 1000}.awsdns-{i:02}.test' for i in range(4)]

    @property
    def place(self):
        return order(self.name), self.id

    def xml(self):
        return (f'<HostedZone><Id>/hostedzone/{self.id}</Id><Name>{escape(shown_name(self.name))}</Name>'
                f'<CallerReference>{self.id}</CallerReference><Config><PrivateZone>{str(self.is_private).lower()}'
                '</PrivateZone></Config><ResourceRecordSetCount>2</ResourceRecordSetCount></HostedZone>')

    def sets(self, name=None):
        """The record sets of that name, or all, in their order; SOA and NS of the apex are always there."""
        groups = collections.defaultdict(list)
        for r in self.zone.records(name):
            groups[r.name, r.type, r.data.get('identifier')].append(r)
        apex = [type('Apex', (), {'name': self.name, 'type': kind, 'ttl': 900, 'data': {}, 'value': value.encode()})()
                for kind, value in (('NS', 'ns-1.awsdns-01.test.'), ('SOA', 'ns-1.awsdns-01.test. h.test. 1 1 1 1 1'))]
        return sorted([RecordSet(group) for group in groups.values()] + [RecordSet([r]) for r in apex],
                      key=lambda s: s.place)

    def find(self, name, kind):
        return [s for s in self.sets(name) if (s.name, s.type) == (name, kind)]


# ---- the service --------------------------------------------------------------------------------------------------


class Route53(Simulation):
    # The documentation of ListResourceRecordSets says that a list is of the latest state, with changes that are PENDING.
    # What lags behind is the name servers, and that is what GetChange and --lag show.
    unsupported = {'stale'}

    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument('--credentials', default='options',
                            choices=['options', 'temporary', 'profile', 'temporary-profile', 'web-identity', 'imds'])
        parser.add_argument('--key-seconds', type=int, default=3600, help='how long temporary keys live')
        parser.add_argument('--lag', type=int, metavar='MS', help='until a change is INSYNC (200, with --sink its delay and 500)')
        parser.add_argument('--allow-name', action='append', metavar='NAME', help='the only names that may be changed')
        parser.add_argument('--deny', action='append', default=[], metavar='ACTION', help='route53:... that is not allowed')
        parser.add_argument('--private', action='append', default=[], metavar='ZONE', help='a private zone besides')
        parser.add_argument('--twin', action='append', default=[], metavar='ZONE', help='another public zone of that name')

    # -- what the plugin is told

    def start(self):
        arguments = self.arguments
        self.keys, self.changes, self.refusals, self.prior, self.imds = {}, {}, 0, 0, None
        self.lag = arguments.lag if arguments.lag is not None else arguments.delay + 500 if arguments.sink else 200
        self.extra = [Hosted(self.other_zone(name), is_private=True) for name in arguments.private]
        self.extra += [Hosted(self.other_zone(name), 'ZTWIN' + hashlib.sha256(name.encode()).hexdigest()[:12].upper(), False,
                              'N1TWINSET') for name in arguments.twin]
        self.option('api-url', self.url)
        self.option('request-rate', 1000)
        getattr(self, 'give_' + arguments.credentials.replace('-', '_'))()

    def other_zone(self, name):
        zone = type(self.add_zone(name))(name, self)
        if name not in self.arguments.zone:
            self.zones.pop(name)
        return zone

    def make_key(self, seconds=None):
        key = Key(seconds)
        self.keys[key.access] = key
        return key

    def give_options(self):
        self.key = self.make_key()
        self.option('access-key-id', self.key.access)
        self.secret('secret-access-key', self.key.secret)

    def give_temporary(self):
        self.key = self.make_key(self.arguments.key_seconds)
        self.option('access-key-id', self.key.access)
        self.secret('secret-access-key', self.key.secret)
        self.secret('session-token', self.key.token)

    def file(self, name, text):
        """A file that the host process, which is another user, may read."""
        path = self.directory / name
        path.write_text(text, encoding='utf-8')
        path.chmod(0o644)
        return path

    def give_profile(self, seconds=None):
        self.key = self.make_key(seconds)
        self.write_profile()
        self.option('credentials-path', self.directory / 'credentials')
        self.option('profile', 'dns')

    def give_temporary_profile(self):
        self.give_profile(self.arguments.key_seconds)

    def write_profile(self):
        token = f'aws_session_token = {self.key.token}\n' if self.key.token else ''
        self.file('credentials', '[default]\naws_access_key_id = AKIADOESNOTEXIST\naws_secret_access_key = none\n\n# ours\n'
                  f'[dns]\naws_access_key_id={self.key.access}\naws_secret_access_key = {self.key.secret}\n{token}')

    def give_web_identity(self):
        self.identity = words(200, string.ascii_letters)
        self.option('web-identity-token-path', self.file('token', self.identity + '\n'))
        self.option('role-arn', ROLE)
        self.option('sts-url', self.url)

    def give_imds(self):
        self.imds = Imds(self)
        self.option('imds-url', self.imds.url)

    def end(self):
        if getattr(self, 'imds', None):
            self.imds.shutdown()
            self.imds.server_close()
        super().end()

    def reset(self):
        self.prior = 0

    # -- refusals

    def faulty(self, kind, request):
        if kind == 'auth':
            return error(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.')
        if kind == 'denied':
            return self.denied('route53:ListHostedZonesByName', '*')
        if kind == 'rate':
            return error(400, 'Throttling', 'Rate exceeded')
        return error(500, 'InternalFailure', 'An internal error occurred.', 'Receiver')

    def denied(self, action, resource):
        return error(403, 'AccessDenied', f'User: {USER} is not authorized to perform: {action} on resource: {resource} '
                     f'because no identity-based policy allows the {action} action')

    def allow(self, action, resource='*'):
        if action in self.arguments.deny:
            raise self.denied(action, resource)

    def invalid_batch(self, messages):
        """Both forms that the service has, in turn."""
        self.refusals += 1
        if self.refusals % 2:
            text = ''.join(f'<Message>{escape(m)}</Message>' for m in messages)
            return document('InvalidChangeBatch', f'<Messages>{text}</Messages><RequestId>{secrets.token_hex(16)}</RequestId>',
                            status=400)
        return error(400, 'InvalidChangeBatch', '[' + ', '.join(messages) + ']')

    # -- signatures

    def forbid(self, code, message, violation):
        self.violation(violation)
        raise error(403, code, message)

    def check_form(self, request):
        """The fields of the Authorization header."""
        match = re.fullmatch(r'AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8}/[\w-]+/\w+/aws4_request), SignedHeaders=([a-z0-9;-]+), '
                             r'Signature=([0-9a-f]{64})', request.headers.get('Authorization', ''))
        if not match:
            self.forbid('MissingAuthenticationToken', 'Missing Authentication Token', f'{request.path}: not signed')
        return match.groups()

    def check_date(self, request, scope):
        date = request.headers.get('X-Amz-Date', '')
        if not re.fullmatch(r'\d{8}T\d{6}Z', date):
            self.forbid('IncompleteSignature', 'no X-Amz-Date', 'a date that is none')
        if scope != f'{date[:8]}/{REGION}/{SERVICE}/aws4_request':
            self.forbid('SignatureDoesNotMatch', 'Credential should be scoped to a valid region.', f'signed for {scope}')
        then = datetime.datetime.strptime(date, '%Y%m%dT%H%M%SZ').replace(tzinfo=datetime.timezone.utc)
        ahead = then.timestamp() - time.time()
        if abs(ahead) > WINDOW_SECONDS:
            what = 'Signature not yet current' if ahead > 0 else 'Signature expired'
            self.forbid('SignatureDoesNotMatch', f'{what}: {date} is too far from the time here', f'{what.lower()}: {date}')
        return date

    def check_signed(self, request, signed):
        headers = {k.lower(): v for k, v in request.headers.items()}
        wanted = {'host', 'x-amz-date'} | {name for name in headers if name.startswith('x-amz-')}
        wanted |= {'content-type'} & set(headers)
        if not wanted <= set(signed) or signed != sorted(signed) or not set(signed) <= set(headers):
            self.forbid('SignatureDoesNotMatch', f'must be signed: {wanted}', f'signed are only {signed}, and not all of {wanted}')
        return headers

    def check_signature(self, request):
        access, scope, signed, given = self.check_form(request)
        signed = signed.split(';')
        key = self.keys.get(access)
        if not key:
            self.forbid('InvalidClientTokenId', 'The security token included in the request is invalid.', f'unknown key {access}')
        if (request.headers.get('X-Amz-Security-Token') or None) != key.token:
            self.forbid('InvalidClientTokenId', 'The security token included in the request is invalid.', 'another session token')
        date = self.check_date(request, scope)
        headers = self.check_signed(request, signed)
        wanted = canonical_request(request.method, request.target, headers, signed, request.body)
        if not hmac.compare_digest(given, signature(key.secret, date, scope, wanted)):
            self.forbid('SignatureDoesNotMatch', 'The request signature we calculated does not match the signature you '
                        'provided. Check your AWS Secret Access Key and signing method.\n\nThe Canonical String for this '
                        f'request should have been\n\'{wanted}\'', 'a signature that is wrong')
        if key.is_over():
            raise error(403, 'ExpiredToken', 'The security token included in the request is expired')

    # -- routing

    def handle(self, request):
        if request.path == '/' and request.method == 'POST':
            return self.assume_role(request)
        self.check_signature(request)
        match request.method, request.path.removeprefix(PREFIX).split('/')[1:]:
            case 'GET', ['hostedzonesbyname']:
                return self.list_zones(request)
            case 'GET', ['hostedzone', ident]:
                return self.get_zone(ident)
            case 'GET', ['hostedzone', ident, 'rrset']:
                return self.list_sets(self.hosted(ident), request)
            case 'POST', ['hostedzone', ident, 'rrset', '']:
                return self.change_sets(self.hosted(ident), request)
            case 'GET', ['change', ident]:
                return self.get_change(ident)

    # -- zones

    def all_hosted(self):
        return sorted([Hosted(zone) for zone in self.zones.values()] + self.extra, key=lambda h: h.place)

    def hosted(self, ident):
        for hosted in self.all_hosted():
            if hosted.id == ident:
                return hosted
        raise error(404, 'NoSuchHostedZone', f'No hosted zone found with ID: {ident}')

    def list_zones(self, request):
        self.allow('route53:ListHostedZonesByName')
        most = self.most(request, MAX_ZONES)
        start, ident = request.query.get('dnsname', ''), request.query.get('hostedzoneid', '')
        token = re.fullmatch(r'PAGE(\d+)X(.*)', ident)
        if token:
            start = bytes.fromhex(token[2]).decode()
        name = read_name(start)
        items = [h for h in self.all_hosted() if not name or h.place >= (order(name), '' if token else ident)]
        pages, at = self.pages(items, most), int(token[1]) if token else 0
        text = ''.join(h.xml() for h in pages[at])
        more = at + 1 < len(pages)
        following = next((p[0] for p in pages[at + 1:] if p), None)
        tail = f'<IsTruncated>{str(more).lower()}</IsTruncated>'
        if more and request.fault == 'pages':
            tail += (f'<NextDNSName>{escape(shown_name(following.name if following else name))}</NextDNSName>'
                     f'<NextHostedZoneId>PAGE{at + 1}X{start.encode().hex()}</NextHostedZoneId>')
        elif more:
            tail += f'<NextDNSName>{escape(shown_name(following.name))}</NextDNSName><NextHostedZoneId>{following.id}</NextHostedZoneId>'
        return document('ListHostedZonesByNameResponse', f'<HostedZones>{text}</HostedZones>{tail}<MaxItems>{most}</MaxItems>')

    def get_zone(self, ident):
        self.allow('route53:GetHostedZone', f'arn:aws:route53:::hostedzone/{ident}')
        hosted = self.hosted(ident)
        servers = ''.join(f'<NameServer>{s}</NameServer>' for s in hosted.servers)
        chosen = f'<Id>/delegationset/{hosted.delegation_set}</Id>' if hosted.delegation_set else ''
        return document('GetHostedZoneResponse', f'{hosted.xml()}<DelegationSet>{chosen}<NameServers>{servers}</NameServers>'
                        '</DelegationSet>')

    def most(self, request, limit):
        text = request.query.get('maxitems', str(limit))
        if not re.fullmatch(r'[1-9]\d*', text):
            raise error(400, 'InvalidInput', f'maxitems: {text}')
        return min(int(text), limit)

    # -- record sets

    def list_sets(self, hosted, request):
        self.allow('route53:ListResourceRecordSets', f'arn:aws:route53:::hostedzone/{hosted.id}')
        most = self.most(request, MAX_SETS)
        name, kind, ident = (request.query.get(k, '') for k in ('name', 'type', 'identifier'))
        token = re.fullmatch(r'page-(\d+)-(\w*)-(.*)', ident)
        if token:
            name, kind = bytes.fromhex(token[3]).decode(), token[2]
        if kind and not name:
            raise error(400, 'InvalidInput', 'type without name')
        start = (order(read_name(name)) if name else '', kind, '' if token else ident)
        items = [s for s in hosted.sets() if s.place >= start]
        pages, at = self.pages(items, most), int(token[1]) if token else 0
        text = ''.join(s.xml() for s in pages[at])
        more = at + 1 < len(pages)
        tail = f'<IsTruncated>{str(more).lower()}</IsTruncated><MaxItems>{most}</MaxItems>'
        if more:
            following = next(p[0] for p in pages[at + 1:] if p)
            ident = f'page-{at + 1}-{kind}-{name.encode().hex()}' if request.fault == 'pages' else following.identifier
            tail += (f'<NextRecordName>{escape(shown_name(following.name))}</NextRecordName><NextRecordType>{following.type}'
                     '</NextRecordType>' + (f'<NextRecordIdentifier>{escape(ident)}</NextRecordIdentifier>' if ident else ''))
        return document('ListResourceRecordSetsResponse', f'<ResourceRecordSets>{text}</ResourceRecordSets>{tail}')

    # -- changes

    def change_sets(self, hosted, request):
        changes = [self.read_change(node) for node in self.read_batch(request)]
        self.allow('route53:ChangeResourceRecordSets', f'arn:aws:route53:::hostedzone/{hosted.id}')
        for action, name, *_ in changes:
            if self.arguments.allow_name is not None and (name not in self.arguments.allow_name or action == 'UPSERT'):
                raise self.denied('route53:ChangeResourceRecordSets', f'arn:aws:route53:::hostedzone/{hosted.id}')
        if self.prior:
            self.prior -= 1
            raise error(400, 'PriorRequestNotComplete', 'The request was rejected because Route 53 was still processing a '
                        'prior request.')
        self.check_caps(changes)
        for _, name, *_ in changes:
            self.before_change(hosted.zone, name)
        state, messages = self.carry_out(hosted, changes)
        if messages:
            return self.invalid_batch(messages)
        for name, (ttl, values) in state.items():
            hosted.zone.replace(name, [read_value(v) for v in values], ttl)
        return self.changed_answer()

    def read_batch(self, request):
        """The Change elements of a document whose elements are in order."""
        try:
            root = ElementTree.fromstring(request.body)
        except ElementTree.ParseError as e:
            self.violation(f'a change batch that is no XML: {e}')
            raise error(400, 'MalformedXML', str(e)) from e
        batch = root.find(f'{{{NAMESPACE}}}ChangeBatch')
        changes = batch.find(f'{{{NAMESPACE}}}Changes') if batch is not None else None
        if plain(root.tag) != 'ChangeResourceRecordSetsRequest' or len(root) != 1 or not changes or len(batch) > 2 or \
                batch[-1] is not changes:
            self.violation('a change batch of another form')
            raise error(400, 'MalformedXML', 'not a ChangeResourceRecordSetsRequest')
        if request.headers.get('Content-Type', 'text/xml') not in ('text/xml', 'application/xml'):
            self.violation(f'a change batch as {request.headers.get("Content-Type")}')
        return list(changes)

    def read_change(self, node):
        """(action, name, ttl, values)"""
        action, entry = (list(node) + [None, None])[:2]
        tags = [plain(child.tag) for child in entry] if entry is not None else []
        if [plain(child.tag) for child in node] != ['Action', 'ResourceRecordSet'] or \
                tags != sorted(tags, key=SET_ORDER.index) or tags != ['Name', 'Type', 'TTL', 'ResourceRecords']:
            self.violation(f'a change with the elements {tags}')
            raise error(400, 'MalformedXML', f'Unexpected list element: {tags}')
        name, kind, ttl, records = entry
        values = [record[0].text or '' for record in records]
        if kind.text != 'TXT' or action.text not in ('CREATE', 'DELETE', 'UPSERT') or \
                not re.fullmatch(r'\d{1,10}', ttl.text or '') or int(ttl.text) > 0x7fffffff or not values:
            self.violation(f'a change {action.text} {kind.text} {ttl.text} with {len(values)} values')
            raise error(400, 'InvalidInput', 'Invalid request')
        return action.text, read_name(name.text), int(ttl.text), values

    def check_caps(self, changes):
        weight = {'UPSERT': 2}
        elements = sum(len(values) * weight.get(action, 1) for action, _, _, values in changes)
        characters = sum(sum(map(len, values)) * weight.get(action, 1) for action, _, _, values in changes)
        if elements > MAX_ELEMENTS or characters > MAX_CHARACTERS:
            self.violation(f'a batch of {elements} elements and {characters} characters')
            raise self.invalid_batch([f'Number of records limit of {MAX_ELEMENTS} exceeded.'])

    def carry_out(self, hosted, changes):
        """The record sets afterwards, name -> (ttl, values), and why not."""
        state, messages = {}, []
        for action, name, ttl, values in changes:
            message = self.refusal_of_name(hosted, name) or self.refusal_of_values(name, values)
            sets = hosted.find(name, 'TXT')
            if name not in state:
                state[name] = (sets[0].ttl, sets[0].values) if sets and not sets[0].alias else (0, [])
            message = message or self.refusal_of_action(action, name, ttl, values, state[name])
            if message:
                messages.append(message)
            else:
                state[name] = (0, []) if action == 'DELETE' else (ttl, values)
        return state, messages

    def refusal_of_name(self, hosted, name):
        if not hosted.zone.covers(name):
            return f'RRSet with DNS name {shown_name(name)} is not permitted in zone {shown_name(hosted.name)}'
        if hosted.find(name, 'CNAME'):
            return (f'RRSet of type TXT with DNS name {shown_name(name)} is not permitted because a conflicting RRSet of type '
                    f'CNAME with the same DNS name already exists in zone {shown_name(hosted.name)}')
        if any(s.identifier or s.alias for s in hosted.find(name, 'TXT')):
            return f'RRSet with DNS name {shown_name(name)}, type TXT conflicts with one of another routing policy'
        return None

    def refusal_of_values(self, name, values):
        if any(read_value(v) is None for v in values):
            self.violation(f'a value that is no text in quotes at {name}')
            return 'Invalid Resource Record: \'FATAL problem: InvalidCharacterString (Value should be enclosed in quotation marks)\''
        if len(set(values)) != len(values):
            self.violation(f'a value twice at {name}')
            return f'Duplicate Resource Record: \'{values[0]}\''
        if len(values) > MAX_VALUES:
            return f'Number of records limit of {MAX_VALUES} exceeded at {shown_name(name)}'
        return None

    def refusal_of_action(self, action, name, ttl, values, there):
        what = f'resource record set [name=\'{shown_name(name)}\', type=\'TXT\']'
        if action == 'CREATE' and there[1]:
            return f'Tried to create {what} but it already exists'
        if action == 'DELETE' and not there[1]:
            return f'Tried to delete {what} but it was not found'
        if action == 'DELETE' and (there[0], sorted(there[1])) != (ttl, sorted(values)):
            return f'Tried to delete {what} but the values provided do not match the current values'
        if action == 'UPSERT' and set(there[1]) - set(values):
            self.violation(f'UPSERT at {name} replaced values')
        return None

    def changed_answer(self):
        ident = 'C' + words(20, string.ascii_uppercase + string.digits)
        self.changes[ident] = time.monotonic() + self.lag / 1000
        return document('ChangeResourceRecordSetsResponse', self.change_info(ident))

    def change_info(self, ident):
        status = 'INSYNC' if time.monotonic() >= self.changes[ident] else 'PENDING'
        return (f'<ChangeInfo><Id>/change/{ident}</Id><Status>{status}</Status><SubmittedAt>2026-01-01T00:00:00.000Z'
                '</SubmittedAt></ChangeInfo>')

    def get_change(self, ident):
        self.allow('route53:GetChange', f'arn:aws:route53:::change/{ident}')
        if ident not in self.changes:
            return error(404, 'NoSuchChange', f'Could not find resource with ID: {ident}')
        return document('GetChangeResponse', self.change_info(ident))

    # -- STS

    def assume_role(self, request):
        form = request.form()
        if request.headers.get('Authorization'):
            self.violation('AssumeRoleWithWebIdentity was signed')
        if form.get('Action') != 'AssumeRoleWithWebIdentity' or form.get('Version') != '2011-06-15' or \
                form.get('RoleArn') != ROLE or not form.get('RoleSessionName'):
            self.violation(f'STS was asked for {form.get("Action")}')
            return error(400, 'ValidationError', 'Request is not valid')
        token = self.directory / 'token'
        if form.get('WebIdentityToken') != token.read_text(encoding='utf-8').strip():
            self.violation('another web identity token than in the file')
            return error(400, 'InvalidIdentityToken', 'The ID Token provided is not a valid JWT.')
        key = self.make_key(self.arguments.key_seconds)
        text = (f'<Credentials><AccessKeyId>{key.access}</AccessKeyId><SecretAccessKey>{escape(key.secret)}</SecretAccessKey>'
                f'<SessionToken>{key.token}</SessionToken><Expiration>{key.expiration}</Expiration></Credentials>')
        return document('AssumeRoleWithWebIdentityResponse',
                        f'<AssumeRoleWithWebIdentityResult>{text}</AssumeRoleWithWebIdentityResult>', STS_NAMESPACE)


# ---- instance metadata --------------------------------------------------------------------------------------------


class Imds(http.server.ThreadingHTTPServer):
    """Version 2 only: a session first, then the role's keys."""

    daemon_threads = True

    def __init__(self, simulation):
        self.simulation, self.session, self.fetches = simulation, words(56, string.ascii_letters), 0
        super().__init__(('127.0.0.1', 0), ImdsHandler)
        self.url = f'http://127.0.0.1:{self.server_address[1]}'
        threading.Thread(target=self.serve_forever, kwargs={'poll_interval': 0.05}, daemon=True).start()

    def begin_session(self, path, headers):
        """(status, text)"""
        seconds = headers.get('X-aws-ec2-metadata-token-ttl-seconds', '')
        if path != '/latest/api/token' or not re.fullmatch(r'\d+', seconds) or not 0 < int(seconds) <= 21600:
            return 400, 'no'
        return 200, self.session

    def look_up(self, path, headers):
        """(status, text)"""
        if headers.get('X-aws-ec2-metadata-token') != self.session:
            self.simulation.violation('instance metadata was asked for without a session')
            return 401, 'no'
        if path == ROLE_PATH:
            return 200, ROLE_NAME
        return (200, json.dumps(self.keys(), indent=2)) if path == ROLE_PATH + ROLE_NAME else (404, 'no')

    def keys(self):
        with self.simulation.lock:
            self.fetches += 1
            key = self.simulation.make_key(self.simulation.arguments.key_seconds)
        return {'Code': 'Success', 'LastUpdated': '2026-01-01T00:00:00Z', 'Type': 'AWS-HMAC', 'AccessKeyId': key.access,
                'SecretAccessKey': key.secret, 'Token': key.token, 'Expiration': key.expiration}


class ImdsHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def send(self, status, text):
        data = text.encode()
        self.send_response(status)
        self.send_header('Content-Type', 'text/plain')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_PUT(self):
        self.rfile.read(int(self.headers.get('Content-Length', 0)))
        self.send(*self.server.begin_session(self.path, self.headers))

    def do_GET(self):
        self.send(*self.server.look_up(self.path, self.headers))


if __name__ == '__main__':
    Route53.main()
