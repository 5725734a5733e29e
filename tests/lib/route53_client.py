#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Another client of Route 53: adds and removes values at one name by compare and swap, round after round.

    route53_client.py URL ROOTS ZONE-ID NAME ROUNDS LETTER [--boto3]

The environment has AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.  A value is LETTER and the number of its round; those of
every KEEP-th round stay.  Prints "conflicts N" at the end.  With --boto3 the requests are botocore's, else our own.
"""

import datetime
import http.client
import os
import pathlib
import random
import ssl
import sys
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import escape

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent.parent / part)
                for part in ('providers/route53', 'plugins-sdk/conformance')]

from route53_sim import NAMESPACE, PREFIX, REGION, SERVICE, canonical_request, read_name, signature

KEEP = 50
Conflict = type('Conflict', (Exception,), {})


class Own:
    """Requests signed here, over one connection."""

    def __init__(self, url, roots, access, secret):
        self.host = urllib.parse.urlsplit(url).netloc
        self.access, self.secret = access, secret
        self.connection = http.client.HTTPSConnection(self.host, context=ssl.create_default_context(cafile=roots))

    def request(self, method, target, body=b''):
        date = datetime.datetime.now(datetime.timezone.utc).strftime('%Y%m%dT%H%M%SZ')
        headers = {'host': self.host, 'x-amz-date': date, **({'content-type': 'text/xml'} if body else {})}
        signed, scope = sorted(headers), f'{date[:8]}/{REGION}/{SERVICE}/aws4_request'
        made = signature(self.secret, date, scope, canonical_request(method, target, headers, signed, body))
        headers['authorization'] = (f'AWS4-HMAC-SHA256 Credential={self.access}/{scope}, SignedHeaders={";".join(signed)}, '
                                    f'Signature={made}')
        self.connection.request(method, target, body or None, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status == 400 and 'InvalidChangeBatch' in text:
            raise Conflict
        if answer.status != 200:
            raise SystemExit(f'{method} {target}: {answer.status} {text}')
        return ElementTree.fromstring(text)

    def read(self, zone, name):
        """(ttl, values), or None where there is no set."""
        query = urllib.parse.urlencode({'maxitems': 1, 'name': name, 'type': 'TXT'})
        root = self.request('GET', f'{PREFIX}/hostedzone/{zone}/rrset?{query}')
        for entry in root.iter(f'{{{NAMESPACE}}}ResourceRecordSet'):
            text = {node.tag.rpartition('}')[2]: node.text for node in entry}
            if (read_name(text['Name']), text['Type']) == (name, 'TXT'):
                return int(text['TTL']), [v.text for v in entry.iter(f'{{{NAMESPACE}}}Value')]
        return None

    def change(self, zone, name, changes):
        parts = ''
        for action, ttl, values in changes:
            records = ''.join(f'<ResourceRecord><Value>{escape(v)}</Value></ResourceRecord>' for v in values)
            parts += (f'<Change><Action>{action}</Action><ResourceRecordSet><Name>{name}.</Name><Type>TXT</Type><TTL>{ttl}</TTL>'
                      f'<ResourceRecords>{records}</ResourceRecords></ResourceRecordSet></Change>')
        body = (f'<ChangeResourceRecordSetsRequest xmlns="{NAMESPACE}"><ChangeBatch><Changes>{parts}</Changes></ChangeBatch>'
                '</ChangeResourceRecordSetsRequest>')
        self.request('POST', f'{PREFIX}/hostedzone/{zone}/rrset/', body.encode())


class Boto3:
    """The client library of AWS."""

    def __init__(self, url, roots, access, secret):
        import boto3
        import botocore.config
        self.client = boto3.client('route53', endpoint_url=url, verify=roots, region_name=REGION, aws_access_key_id=access,
                                   aws_secret_access_key=secret, config=botocore.config.Config(retries={'max_attempts': 1}))

    def read(self, zone, name):
        sets = self.client.list_resource_record_sets(HostedZoneId=zone, StartRecordName=name, StartRecordType='TXT', MaxItems='1')
        for entry in sets['ResourceRecordSets']:
            if (read_name(entry['Name']), entry['Type']) == (name, 'TXT'):
                return entry['TTL'], [r['Value'] for r in entry['ResourceRecords']]
        return None

    def change(self, zone, name, changes):
        import botocore.exceptions
        listed = [{'Action': action, 'ResourceRecordSet': {
            'Name': name + '.', 'Type': 'TXT', 'TTL': ttl, 'ResourceRecords': [{'Value': v} for v in values]}}
            for action, ttl, values in changes]
        try:
            self.client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={'Changes': listed})
        except botocore.exceptions.ClientError as e:
            # Of the form without a code botocore makes an error without one.
            if e.response['Error']['Code'] not in ('InvalidChangeBatch', ''):
                raise
            raise Conflict from e


def swap(client, zone, name, wanted):
    """Makes wanted(values) the values at the name; the number of lost races."""
    conflicts = 0
    while True:
        there = client.read(zone, name)
        ttl, old = there or (60, [])
        new = wanted(old)
        changes = ([('DELETE', ttl, old)] if old else []) + ([('CREATE', ttl, new)] if new else [])
        try:
            client.change(zone, name, changes)
            return conflicts
        except Conflict:
            conflicts += 1
            time.sleep(random.random() * 0.01)


def main():
    url, roots, zone, name, rounds, letter, *rest = sys.argv[1:]
    kind = Boto3 if '--boto3' in rest else Own
    client = kind(url, roots, os.environ['AWS_ACCESS_KEY_ID'], os.environ['AWS_SECRET_ACCESS_KEY'])
    conflicts = 0
    for i in range(int(rounds)):
        value = f'"{letter}{i:042}"'
        conflicts += swap(client, zone, name, lambda old: old + [value])
        if i % KEEP:
            conflicts += swap(client, zone, name, lambda old: [v for v in old if v != value])
    print(f'conflicts {conflicts}')


if __name__ == '__main__':
    main()
