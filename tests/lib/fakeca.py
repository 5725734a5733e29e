#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A scripted ACME server: RFC 8555 in full for the good case, and a table of faults (fakeca_faults.py).

    fakeca.py DIRECTORY

One process serves any number of cases, each a CA of its own at https://localhost:PORT/CASE/dir.  A case is the
file DIRECTORY/cases/CASE.json, read at the first request:

    {"faults": [{"fault": "status", "op": "newOrder", "times": 1, "code": 503}], "validate": true, ...}

DIRECTORY then also holds ca.pem (trust this), ports.json (written when everything listens) and log/CASE.jsonl,
one line for each request.  Every JWS is verified by code of its own (fakeca_jws.py); a rule broken by the client is
in the log as "violation".  The further ports: `plain` (HTTP without TLS), `old` (TLS 1.1 only), `elsewhere` (a
certificate for another host), `silent` (accepts and says nothing), `foreign` (nobody may ever come: each connection is
a line in log/foreign.jsonl).
"""

import json
import pathlib
import re
import secrets
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import warnings

from cryptography import x509

import fakeca_jws as jws
import fakeca_pki as pki
from fakeca_faults import AFTER, BEFORE, Fault, Reply, problem_reply
from fakeca_jws import Refused, require

ROUTES = [('directory', r'dir'), ('newNonce', r'nonce'), ('newAccount', r'account'), ('newOrder', r'order'),
          ('account', r'u/(\w+)'), ('order', r'o/(\w+)'), ('authz', r'a/(\w+)'), ('challenge', r'c/(\w+)'),
          ('finalize', r'f/(\w+)'), ('cert', r'cert/(\w+)'), ('alternate', r'alt/(\w+)')]
SIGNED = {'newAccount', 'newOrder', 'account', 'order', 'authz', 'challenge', 'finalize', 'cert', 'alternate'}
DEFAULTS = {'validate': False, 'eab_keys': {}, 'eab_required': False, 'terms': True, 'order_ready': False,
            'authz_valid': False, 'forget_accounts_after': 0, 'lost_status': 400, 'alternates': False, 'caa': [], 'profiles': None}


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self.op, self.ident, self.url = None, None, None
        self.jws, self.payload = None, None

    def header(self, name):
        return self.headers.get(name.lower())


class Case:
    """One CA with its accounts, orders, faults and log."""

    def __init__(self, name, spec, world):
        self.name, self.world = name, world
        self.options = {**DEFAULTS, **{k: v for k, v in spec.items() if k != 'faults'}}
        self.faults = [Fault(f) for f in spec.get('faults', [])]
        self.base = f'https://localhost:{world.port}/{name}'
        self.accounts, self.nonces, self.orders, self.authz, self.valid = {}, set(), {}, {}, set()
        self.count = 0
        self.lock = threading.Lock()
        self.log = open(world.directory / 'log' / f'{name}.jsonl', 'a', buffering=1)

    def fill(self, value):
        """Puts the case's own addresses into a value of a fault."""
        if isinstance(value, str):
            return value.replace('{base}', self.base).replace('{foreign}', self.world.foreign)
        return value

    def new_id(self):
        self.count += 1
        return f'{self.count}{secrets.token_hex(3)}'

    # ---- one request ----

    def answer(self, request):
        with self.lock:
            entry = {'t': time.time(), 'method': request.method, 'op': request.op, 'path': request.path}
            reply = self.answer_checked(request, entry)
            self.add_nonce(request, reply)
            for fault in self.faults:
                if fault.name in AFTER and fault.acts(request.op):
                    AFTER[fault.name](self, request, reply, **fault.arguments)
            self.note_shown(request, reply)
            entry['status'] = reply.status
            entry['mode'] = reply.mode
            entry['type'] = (reply.obj or {}).get('type', '').rpartition(':')[2] if isinstance(reply.obj, dict) else ''
            self.log.write(json.dumps(entry) + '\n')
            return reply

    def answer_checked(self, request, entry):
        try:
            self.check(request)
            for fault in self.faults:
                if fault.name in BEFORE and fault.acts(request.op):
                    return BEFORE[fault.name](self, request, **fault.arguments)
            return getattr(self, f'do_{request.op}')(request)
        except Refused as refused:
            if refused.rude:
                entry['violation'] = f'{request.op}: {refused.detail}'
            return problem_reply(refused.kind, refused.status, refused.detail)

    def note_shown(self, request, reply):
        """What the client believes about its order: a fault may have shown another status than the true one."""
        if request.op in ('order', 'finalize') and request.ident in self.orders and isinstance(reply.obj, dict):
            self.orders[request.ident]['shown'] = reply.obj.get('status')

    def add_nonce(self, request, reply):
        if request.method == 'GET' and request.op != 'newNonce':
            return
        nonce = secrets.token_urlsafe(12)
        self.nonces.add(nonce)
        reply.put('Replay-Nonce', nonce)

    # ---- rules for every request ----

    def check(self, request):
        require(request.op, 'no such resource', status=404)
        require('/' in (request.header('user-agent') or ''), 'no User-Agent')
        for name in ('cookie', 'authorization', 'replay-nonce', 'expect', 'accept-encoding', 'referer'):
            require(request.header(name) is None, f'header {name} was sent')
        if request.op not in SIGNED:
            require(request.method in ('GET', 'HEAD') and not request.body, 'GET or HEAD without a body')
            return
        require(request.method == 'POST', 'not a POST', status=405)
        require(request.header('content-type') == 'application/jose+json', 'Content-Type', status=415)
        self.check_jws(request)

    def check_jws(self, request):
        header, request.payload, signed, signature = jws.open_envelope(request.body)
        request.jws = header
        by_key = request.op == 'newAccount'
        require(set(header) == {'alg', 'nonce', 'url', 'jwk' if by_key else 'kid'}, 'members of the protected header')
        require(header['url'] == request.url, 'url of the JWS is not that of the request', 'unauthorized', 403)
        jwk = header['jwk'] if by_key else self.key_of(header['kid'], request.op)
        jws.check_signature(jwk, header['alg'], signed, signature)
        require(header['nonce'] in self.nonces, 'the nonce is unknown or was used before', 'badNonce')
        self.nonces.discard(header['nonce'])

    def key_of(self, kid, op):
        """The account's key; after so many orders newOrder finds all accounts forgotten, once."""
        limit = self.options['forget_accounts_after']
        if op == 'newOrder' and limit and len(self.orders) >= limit:
            self.accounts.clear()
            self.options['forget_accounts_after'] = 0
        require(kid in self.accounts, 'there is no such account', 'accountDoesNotExist', self.options['lost_status'], rude=False)
        return self.accounts[kid]['jwk']

    def expect_read(self, request):
        require(request.payload == b'', 'a read must be POST-as-GET with an empty payload')

    # ---- directory, nonce, account ----

    def do_directory(self, _request):
        names = {'newNonce': 'nonce', 'newAccount': 'account', 'newOrder': 'order', 'revokeCert': 'revoke', 'keyChange': 'rollover'}
        meta = {'externalAccountRequired': self.options['eab_required'], 'caaIdentities': self.options['caa']}
        if self.options['terms']:
            meta['termsOfService'] = f'{self.base}/terms'
        if self.options['profiles']:
            meta['profiles'] = self.options['profiles']
        return Reply(200, {**{k: f'{self.base}/{v}' for k, v in names.items()}, 'meta': meta})

    def do_newNonce(self, request):
        return Reply(200 if request.method == 'HEAD' else 204)

    def do_newAccount(self, request):
        payload = jws.read_json(request.payload, 'the payload')
        require(isinstance(payload, dict), 'the payload is not an object')
        require(set(payload) <= {'contact', 'termsOfServiceAgreed', 'onlyReturnExisting', 'externalAccountBinding'},
                'members of newAccount')
        jwk = request.jws['jwk']
        url = f'{self.base}/u/{jws.thumbprint(jwk).replace("-", "_")}'
        if url in self.accounts:
            return self.account_reply(url, 200)
        require(not payload.get('onlyReturnExisting'), 'there is no such account', 'accountDoesNotExist', rude=False)
        self.check_new_account(payload, request)
        self.accounts[url] = {'jwk': jwk, 'contact': payload.get('contact', [])}
        return self.account_reply(url, 201)

    def check_new_account(self, payload, request):
        require(not self.options['terms'] or payload.get('termsOfServiceAgreed') is True, 'agree to the terms',
                'agreementRequired', 403, rude=False)
        for contact in payload.get('contact', []):
            require(re.fullmatch(r'mailto:[^?,@\s]+@[^?,@\s]+', contact), 'contact', 'invalidContact')
        if 'externalAccountBinding' in payload:
            jws.check_binding(payload['externalAccountBinding'], request.jws, self.options['eab_keys'])
        else:
            require(not self.options['eab_required'], 'bind an external account', 'externalAccountRequired', 403, rude=False)

    def account_reply(self, url, status):
        reply = Reply(status, {'status': 'valid', 'contact': self.accounts[url]['contact'], 'orders': f'{url}/orders'})
        reply.put('Location', url)
        return reply

    # ---- orders ----

    def do_newOrder(self, request):
        payload = jws.read_json(request.payload, 'the payload')
        require(set(payload) <= {'identifiers', 'profile', 'replaces'}, 'members of newOrder')
        names = [i['value'] for i in payload['identifiers'] if i['type'] == 'dns']
        require(len(names) == len(payload['identifiers']) == len(set(names)) and names, 'identifiers')
        for name in names:
            require(re.fullmatch(r'(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+', name), f'identifier {name}')
        ident = self.new_id()
        self.orders[ident] = {'names': names, 'authz': [self.new_authz(name, request.jws['kid']) for name in names],
                              'kid': request.jws['kid'], 'csr': None, 'profile': payload.get('profile')}
        return self.order_reply(ident, 201)

    def new_authz(self, name, kid):
        ident = self.new_id()
        base = name.removeprefix('*.')
        done = self.options['authz_valid'] or self.options['order_ready']
        self.authz[ident] = {'base': base, 'wild': base != name, 'token': secrets.token_urlsafe(24), 'kid': kid,
                             'status': 'valid' if done else 'pending', 'error': None}
        return ident

    def order_status(self, order):
        states = [self.authz[a]['status'] for a in order['authz']]
        if 'invalid' in states:
            return 'invalid'
        if order['csr']:
            return 'valid'
        return 'ready' if set(states) == {'valid'} else 'pending'

    def order_reply(self, ident, status=200):
        order = self.orders[ident]
        obj = {'status': self.order_status(order), 'expires': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 3600)),
               'identifiers': [{'type': 'dns', 'value': n} for n in order['names']],
               'authorizations': [f'{self.base}/a/{a}' for a in order['authz']], 'finalize': f'{self.base}/f/{ident}'}
        if order['csr']:
            obj['certificate'] = f'{self.base}/cert/{ident}'
        if order['profile'] and self.options['profiles']:
            obj['profile'] = order['profile']
        reply = Reply(status, obj)
        reply.put('Location', f'{self.base}/o/{ident}')
        return reply

    def owned(self, table, request):
        item = table.get(request.ident)
        require(item, 'no such resource', status=404)
        require(item['kid'] == request.jws['kid'], 'of another account', 'unauthorized', 403)
        return item

    def do_order(self, request):
        self.expect_read(request)
        self.owned(self.orders, request)
        return self.order_reply(request.ident)

    # ---- authorizations and challenges ----

    def challenge(self, ident):
        authz = self.authz[ident]
        obj = {'type': 'dns-01', 'url': f'{self.base}/c/{ident}', 'status': authz['status'], 'token': authz['token']}
        return {**obj, 'error': authz['error']} if authz['error'] else obj

    def do_authz(self, request):
        authz = self.owned(self.authz, request)
        if request.payload:
            require(jws.read_json(request.payload, 'the payload') == {'status': 'deactivated'}, 'payload of an authorization')
            authz['status'] = 'deactivated'
        obj = {'status': authz['status'], 'identifier': {'type': 'dns', 'value': authz['base']}, 'challenges': [
            {**self.challenge(request.ident), 'type': 'http-01', 'url': f'{self.base}/c/h{request.ident}'}, self.challenge(request.ident)]}
        if authz['wild']:
            obj['wildcard'] = True
        return Reply(200, obj)

    def do_challenge(self, request):
        authz = self.owned(self.authz, request)
        require(request.payload == b'{}', 'the payload of a challenge must be {}')
        require(authz['status'] in ('pending', 'valid'), 'the authorization is over')
        if authz['status'] == 'pending':
            self.validate(authz)
        reply = Reply(200, self.challenge(request.ident))
        reply.put('Link', f'<{self.base}/a/{request.ident}>;rel="up"')
        return reply

    def validate(self, authz):
        wanted = jws.to_b64(jws.hashlib.sha256(f'{authz["token"]}.{jws.thumbprint(self.accounts[authz["kid"]]["jwk"])}'.encode()).digest())
        name = f'_acme-challenge.{authz["base"]}'
        if not self.options['validate'] or wanted in txt_values(name):
            authz['status'] = 'valid'
            return
        authz['status'] = 'invalid'
        authz['error'] = {'type': 'urn:ietf:params:acme:error:unauthorized', 'status': 403, 'detail': f'no good TXT value at {name}'}

    # ---- certificates ----

    def do_finalize(self, request):
        order = self.owned(self.orders, request)
        state = self.order_status(order)
        require(state == 'ready', f'the order is {state}', 'orderNotReady', 403, rude=order.get('shown', 'ready') != 'ready')
        payload = jws.read_json(request.payload, 'the payload')
        require(set(payload) == {'csr'}, 'members of finalize')
        order['csr'] = self.read_csr(payload['csr'], order)
        return self.order_reply(request.ident)

    def read_csr(self, text, order):
        csr = x509.load_der_x509_csr(jws.b64(text))
        require(csr.is_signature_valid, 'signature of the CSR', 'badCSR')
        san = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        require(sorted(san.get_values_for_type(x509.DNSName)) == sorted(order['names']), 'names of the CSR', 'badCSR')
        jwk_key, _ = jws.load_key(self.accounts[order['kid']]['jwk'])
        require(csr.public_key().public_numbers() != jwk_key.public_numbers(), 'the account\'s key', 'badCSR')
        return csr

    def make_chain(self, kind, ident):
        order = self.orders[ident]
        return self.world.authority.chain(kind, order['csr'], order['names'])

    def certificate_reply(self, request, kind):
        self.expect_read(request)
        order = self.owned(self.orders, request)
        require(order['csr'], 'no such resource', status=404)
        require(request.header('accept') == 'application/pem-certificate-chain', 'Accept')
        return Reply(200, body=self.make_chain(kind, request.ident), kind='application/pem-certificate-chain')

    def do_cert(self, request):
        reply = self.certificate_reply(request, 'good')
        if self.options['alternates']:
            reply.headers.append(('Link', f'<{self.base}/alt/{request.ident}>;rel="alternate"'))
        return reply

    def do_alternate(self, request):
        return self.certificate_reply(request, 'alternate')


def txt_values(name):
    """The TXT values at the lab's primary."""
    result = subprocess.run(['dig', '+short', '+tries=2', '+time=2', '@127.53.0.11', name, 'TXT'], capture_output=True, text=True)
    return {line.strip('"') for line in result.stdout.splitlines()}


# ---- HTTP ----

class Connection:
    """One client: reads requests, sends replies as bent as they want to be."""

    def __init__(self, sock):
        self.sock, self.data = sock, b''

    def fill(self):
        more = self.sock.recv(65536)
        self.data += more
        return bool(more)

    def read_request(self):
        while b'\r\n\r\n' not in self.data:
            if not self.fill():
                return None
        head, _, self.data = self.data.partition(b'\r\n\r\n')
        first, *lines = head.decode('latin-1').split('\r\n')
        method, path, _ = first.split(' ')
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(':') for line in lines)}
        length = int(headers.get('content-length', 0))
        while len(self.data) < length:
            if not self.fill():
                return None
        body, self.data = self.data[:length], self.data[length:]
        return Request(method, path, headers, body)

    def head(self, reply, *extra):
        lines = [f'HTTP/1.{0 if reply.mode == "http10" else 1} {reply.status} Whatever', *extra]
        lines += [f'{name}: {value}' for name, value in reply.headers]
        return ('\r\n'.join(lines) + '\r\n\r\n').encode('latin-1')

    def send(self, request, reply):
        """True when the connection goes on."""
        return getattr(self, 'send_' + reply.mode.replace('-', '_'))(request, reply)

    def plain_head(self, reply):
        length = len(reply.body) if reply.claimed_length is None else reply.claimed_length
        extra = [f'Content-Length: {length}'] + (['Connection: close'] if reply.close else [])
        return reply.interim + self.head(reply, *extra)

    def send_plain(self, request, reply):
        self.sock.sendall(self.plain_head(reply) + (b'' if request.method == 'HEAD' else reply.body))
        return not reply.close

    def send_late(self, request, reply):
        time.sleep(reply.delay)
        return self.send_plain(request, reply)

    def send_raw(self, _request, reply):
        self.sock.sendall(reply.body)
        return False

    def send_http10(self, request, reply):
        self.sock.sendall(self.head(reply) + (b'' if request.method == 'HEAD' else reply.body))
        return False

    def send_chunked(self, request, reply):
        if request.method == 'HEAD':
            return self.send_plain(request, reply)
        parts = [reply.body[i:i + 100] for i in range(0, len(reply.body), 100)]
        body = b''.join(b'%x\r\n%s\r\n' % (len(p), p) for p in parts) + b'0\r\n\r\n'
        self.sock.sendall(self.head(reply, 'Transfer-Encoding: chunked') + body)
        return True

    def send_endless(self, _request, reply):
        self.sock.sendall(self.head(reply, 'Transfer-Encoding: chunked'))
        while True:
            self.sock.sendall(b'400\r\n' + b' ' * 1024 + b'\r\n')

    def drip(self, data, delay):
        for i in range(len(data)):
            self.sock.sendall(data[i:i + 1])
            time.sleep(delay)

    def send_drip_header(self, request, reply):
        self.drip(self.plain_head(reply), reply.delay)
        self.sock.sendall(reply.body)
        return True

    def send_drip_body(self, request, reply):
        self.sock.sendall(self.plain_head(reply))
        self.drip(reply.body, reply.delay)
        return True

    def send_hang(self, _request, _reply):
        while self.fill():
            pass
        return False

    def send_shut(self, _request, _reply):
        return False

    def send_reset(self, _request, _reply):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        return False


class World:
    """All cases and listeners."""

    def __init__(self, directory):
        self.directory = directory
        self.authority = pki.Authority()
        self.cases, self.lock = {}, threading.Lock()
        for name in ('cases', 'log'):
            (directory / name).mkdir(exist_ok=True)
        pki.write_https(directory)
        self.sockets = {name: listener() for name in ('main', 'plain', 'old', 'elsewhere', 'silent', 'foreign')}
        self.ports = {name: sock.getsockname()[1] for name, sock in self.sockets.items()}
        self.port = self.ports['main']
        self.foreign = f'https://localhost:{self.ports["foreign"]}'

    def context(self, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / f'{"elsewhere" if name == "elsewhere" else "localhost"}.pem')
        if name == 'old':
            context.set_ciphers('ALL:@SECLEVEL=0')
            with warnings.catch_warnings():
                warnings.simplefilter('ignore', DeprecationWarning)
                context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        return None if name in ('plain', 'silent') else context

    def case(self, name):
        with self.lock:
            if name not in self.cases:
                path = self.directory / 'cases' / f'{name}.json'
                self.cases[name] = Case(name, json.loads(path.read_text()), self)
            return self.cases[name]

    def answer(self, request):
        _, name, rest = (request.path + '//').split('/', 2)
        request.url = f'https://{request.header("host")}{request.path}'
        for op, pattern in ROUTES:
            match = re.fullmatch(pattern, rest.rstrip('/').partition('?')[0])
            if match:
                request.op, request.ident = op, (match.groups() or (None,))[0]
        return self.case(name).answer(request)

    def note_connection(self, name):
        with open(self.directory / 'log' / f'{name}.jsonl', 'a') as file:
            file.write(json.dumps({'t': time.time()}) + '\n')

    def serve(self, name, context, sock):
        self.note_connection(name)
        try:
            sock.settimeout(120)
            if context:
                sock = context.wrap_socket(sock, server_side=True)
            connection = Connection(sock)
            if name == 'silent':
                connection.send_hang(None, None)
            while request := connection.read_request():
                if not connection.send(request, self.answer(request)):
                    break
        except (OSError, ValueError):
            pass
        finally:
            sock.close()

    def listen(self, name):
        context = self.context(name)
        while True:
            sock, _ = self.sockets[name].accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(name, context, sock), daemon=True).start()

    def run(self):
        threads = [threading.Thread(target=self.listen, args=(name,), daemon=True) for name in self.sockets]
        for thread in threads:
            thread.start()
        temporary = self.directory / 'ports.tmp'
        temporary.write_text(json.dumps(self.ports))
        temporary.rename(self.directory / 'ports.json')
        threads[0].join()


def listener():
    return socket.create_server(('127.0.0.1', 0), backlog=256)


if __name__ == '__main__':
    World(pathlib.Path(sys.argv[1])).run()
