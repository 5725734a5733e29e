#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An API server that is broken, slow or hostile in one way for each port: hostile_tricks.py has the ways.

    hostile.py SIM DIRECTORY --zone ZONE [--argument=ARGUMENT-OF-SIM]...

SIM is the simulation of a provider (NAME_sim.py): where a trick needs a good answer, to spoil it, it is the
simulation's.  The first line of output is JSON: for each trick its URL and what may come of it, the options and secrets
that the plugin needs, and the ports of a foreign host where nobody may ever come.  For each line of input ("report")
another line of JSON says how many connections each trick had, what came to the foreign host, and what the simulation
noted as a violation.  At the end of input everything ends.
"""

import argparse
import base64
import datetime
import importlib.util
import ipaddress
import json
import pathlib
import re
import selectors
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

import fakeca_pki as pki

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
LOCAL = ['localhost', x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]
# No trick goes on longer than this, whatever the client bears.
PATIENCE = 20
DRIP = 0.1
# What a client would send that reads the user's .netrc.
NETRC_LOGIN = ('netrc-user', 'netrc-password')
NETRC = base64.b64encode(':'.join(NETRC_LOGIN).encode()).decode()


# ---- certificates -----------------------------------------------------------------------------------------------


def client_only(ca, key):
    """A leaf that may not be a server's."""
    builder = (x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(ca.name).public_key(key.public_key())
               .serial_number(x509.random_serial_number()).not_valid_before(pki.now() - pki.DAY)
               .not_valid_after(pki.now() + datetime.timedelta(days=9))
               .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True)
               .add_extension(x509.SubjectAlternativeName(
                   [x509.DNSName(n) if isinstance(n, str) else n for n in LOCAL]), critical=False))
    return builder.sign(ca.key, hashes.SHA256())


LEAVES = {
    'good': lambda ca, key: ca.sign(key.public_key(), LOCAL),
    'wrong-host': lambda ca, key: ca.sign(key.public_key(), ['api.example.net']),
    'expired': lambda ca, key: ca.sign(key.public_key(), LOCAL, begin=-91),
    'not-yet': lambda ca, key: ca.sign(key.public_key(), LOCAL, begin=30),
    'no-names': lambda ca, key: ca.sign(key.public_key(), LOCAL, san=False),
    'self-signed': lambda ca, key: pki.Signer('localhost', key=key).sign(key.public_key(), LOCAL),
    'other-ca': lambda ca, key: pki.Signer('Another CA').sign(key.public_key(), LOCAL),
    'client-only': client_only,
}


def make_contexts(directory):
    """TLS of each kind; directory/ca.pem is what a client shall trust."""
    ca, key, contexts = pki.Signer('Hostile CA'), pki.new_key(), {}
    (directory / 'ca.pem').write_bytes(pki.pem(ca.certificate))
    for name, make in LEAVES.items():
        path = directory / f'{name}.pem'
        path.write_bytes(pki.pem(make(ca, key)) + pki.key_pem(key))
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[name].load_cert_chain(path)
    contexts['asks-for-certificate'] = context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / 'good.pem')
    context.load_verify_locations(directory / 'ca.pem')
    context.verify_mode = ssl.CERT_REQUIRED
    for name, version in (('tls-1.0', 'TLSv1'), ('tls-1.1', 'TLSv1_1')):
        contexts[name] = context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory / 'good.pem')
        context.set_ciphers('ALL:@SECLEVEL=0')
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    return contexts


# ---- one connection ---------------------------------------------------------------------------------------------


class Gone(Exception):
    """The client went away, or the trick's time is over."""


class Peer:
    """What a trick has in hand: the connection, the request, and good answers to spoil."""

    def __init__(self, server, name, sock):
        self.server, self.name, self.sock = server, name, sock
        self.until = time.monotonic() + PATIENCE
        self.buffer = b''

    # -- octets

    def send(self, *octets):
        for part in octets:
            try:
                self.sock.sendall(part)
            except OSError as e:
                raise Gone from e
            self.tick()

    def drip(self, octets):
        for i in range(len(octets)):
            self.send(octets[i:i + 1])
            time.sleep(DRIP)

    def flood(self, octets):
        """The same again and again."""
        while True:
            self.send(octets)

    def tick(self):
        if time.monotonic() > self.until or self.server.ending.is_set():
            raise Gone

    def wait(self):
        """Says nothing until the client goes."""
        while True:
            self.tick()
            self.sock.settimeout(0.2)
            try:
                if not self.sock.recv(65536):
                    raise Gone
            except TimeoutError:
                pass
            except OSError as e:
                raise Gone from e

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))

    # -- requests

    def read(self):
        try:
            more = self.sock.recv(65536)
        except OSError as e:
            raise Gone from e
        if not more:
            raise Gone
        self.buffer += more

    def request(self):
        """The next request, read to its end."""
        while b'\r\n\r\n' not in self.buffer:
            self.read()
        head, self.buffer = self.buffer.split(b'\r\n\r\n', 1)
        line, *lines = head.decode('latin-1').split('\r\n')
        method, target, _ = line.split(' ')
        headers = Headers(tuple(l.split(': ', 1)) for l in lines)
        self.server.note(self.name, headers)
        if headers.get('Expect', '').lower() == '100-continue':
            self.send(b'HTTP/1.1 100 Continue\r\n\r\n')
        n = int(headers.get('Content-Length', '0'))
        while len(self.buffer) < n:
            self.read()
        body, self.buffer = self.buffer[:n], self.buffer[n:]
        split = urllib.parse.urlsplit(target)
        pairs = urllib.parse.parse_qsl(split.query, keep_blank_values=True)
        return self.server.framework.Request(method, target, urllib.parse.unquote(split.path), dict(pairs), pairs, headers,
                                             body)

    def honest(self, request):
        """The service's own Reply."""
        return self.server.simulation.answer(request)

    def complaint(self, request, text, status=400):
        """An error of the service's own form in which every text is this one (str; or bytes, put in unescaped)."""
        reply = self.server.simulation.faulty('error', request)
        return status, reply.headers.get('Content-Type', 'text/plain'), with_texts(reply.body, text)

    # -- answers

    def head(self, status=200, *lines):
        """The head of an answer, without the empty line at its end."""
        return f'HTTP/1.1 {status} Whatever\r\n'.encode() + b''.join(as_octets(l) + b'\r\n' for l in lines)

    def answer(self, status, body=b'', *lines):
        """A whole answer with the right length; the connection stays."""
        self.send(self.head(status, *lines, f'Content-Length: {len(body)}') + b'\r\n' + body)

    def pass_on(self, reply, *lines):
        """A Reply as it is, with more lines in its head."""
        own = [f'{name}: {value}' for name, value in reply.headers.items() if value is not None]
        if reply.status == 204:
            self.send(self.head(204, *own, *lines) + b'\r\n')
        else:
            self.answer(reply.status, reply.body, *own, *lines)


class Headers(list):
    """Header lines as (name, value), read by name in any case."""

    def get(self, name, default=None):
        return next((value for n, value in self if n.lower() == name.lower()), default)

    def items(self):
        return list(self)


def as_octets(text):
    return text if isinstance(text, bytes) else text.encode()


def with_texts(body, text):
    """The body with another text in place of each of its texts: JSON, XML or plain."""
    try:
        # What is not text that JSON can hold goes in as it is.
        mark = 'mark-of-a-text'
        document = json.dumps(replaced(json.loads(body), mark)).encode()
        return document.replace(mark.encode(), text if isinstance(text, bytes) else json.dumps(text)[1:-1].encode())
    except ValueError:
        pass
    if body.lstrip().startswith(b'<'):
        return re.sub(rb'>[^<>]*[^<>\s][^<>]*<', lambda _: b'>' + as_octets(text).replace(b'<', b'&lt;') + b'<', body)
    return as_octets(text)


def replaced(node, text):
    if isinstance(node, dict):
        return {k: replaced(v, text) for k, v in node.items()}
    if isinstance(node, list):
        return [replaced(v, text) for v in node]
    return text if isinstance(node, str) else node


# ---- the server -------------------------------------------------------------------------------------------------


def load_simulation(path, zone, *further):
    """The simulation of a file, listening (where nobody will come)."""
    sys.path += [str(TOP / 'plugins-sdk/conformance'), str(pathlib.Path(path).parent)]
    import zoneseal_sim
    spec = importlib.util.spec_from_file_location('simulation_under_hostility', path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found = [c for c in vars(module).values() if isinstance(c, type) and issubclass(c, zoneseal_sim.Simulation)
             and c.__module__ == spec.name]
    return zoneseal_sim, found[-1]('--zone', zone, *further).begin()


class Server:
    def __init__(self, sim, directory, zone, *further):
        from hostile_tricks import TRICKS
        self.directory, self.tricks = pathlib.Path(directory), TRICKS
        self.framework, self.simulation = load_simulation(sim, zone, *further)
        self.contexts = make_contexts(self.directory)
        self.ending, self.lock, self.selector = threading.Event(), threading.Lock(), selectors.DefaultSelector()
        self.connections, self.requests = dict.fromkeys(TRICKS, 0), dict.fromkeys(TRICKS, 0)
        self.seen, self.strange, self.stuck = [], [], []
        self.ports = {name: self.listen(name, trick) for name, trick in TRICKS.items()}
        self.foreign = {kind: self.listen_foreign(kind) for kind in ('https', 'http')}
        threading.Thread(target=self.accept, daemon=True).start()

    # -- listening

    def listen(self, name, trick):
        if trick.tls == 'unanswered':
            return self.listen_in_vain()
        listener = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.selector.register(listener, selectors.EVENT_READ, lambda sock: self.serve(name, trick, sock))
        return listener.getsockname()[1]

    def listen_in_vain(self):
        """A port whose queue is full: SYNs are dropped."""
        listener = socket.create_server(('127.0.0.1', 0), backlog=0)
        self.stuck.append(listener)
        for _ in range(3):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
            self.stuck.append(sock)
        return listener.getsockname()[1]

    def listen_foreign(self, kind):
        listener = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.selector.register(listener, selectors.EVENT_READ, lambda sock: self.serve_foreign(kind, sock))
        return listener.getsockname()[1]

    def accept(self):
        while not self.ending.is_set():
            for key, _ in self.selector.select(0.2):
                sock, _ = key.fileobj.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=key.data, args=(sock,), daemon=True).start()

    # -- serving

    def serve(self, name, trick, sock):
        with self.lock:
            self.connections[name] += 1
        try:
            sock.settimeout(PATIENCE)
            if trick.tls != 'none':
                sock = self.contexts[trick.tls].wrap_socket(sock, server_side=True)
            trick.play(Peer(self, name, sock))
        except (Gone, OSError, ValueError):
            pass
        finally:
            sock.close()

    def note(self, name, headers):
        """Looks at what a request should never have."""
        with self.lock:
            self.requests[name] += 1
            for header, value in headers:
                if header.lower() in ('cookie', 'proxy-authorization', 'upgrade') or NETRC in value or \
                        re.match('NTLM|Negotiate|Digest', value):
                    self.strange.append(f'{name}: {header}: {value}')

    def serve_foreign(self, kind, sock):
        entry = {'kind': kind, 'data': ''}
        with self.lock:
            self.seen.append(entry)
        try:
            sock.settimeout(5)
            if kind == 'https':
                sock = self.contexts['good'].wrap_socket(sock, server_side=True)
            entry['data'] = sock.recv(65536).decode('latin-1')
            sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
        except OSError:
            pass
        finally:
            sock.close()

    # -- what others are told

    def describe(self):
        options = {name: value for name, value in self.simulation.options.items() if name != 'ca-file'}
        return {'ca-file': str(self.directory / 'ca.pem'), 'options': options, 'url': self.simulation.url,
                'secrets': {name: str(path) for name, path in self.simulation.secrets.items()},
                'names': self.simulation.extra_names, 'foreign': self.foreign,
                'tricks': {name: {'url': f'https://127.0.0.1:{self.ports[name]}', 'outcome': trick.outcome,
                                  'is_met': trick.tls != 'unanswered'} for name, trick in self.tricks.items()}}

    def report(self):
        noted = [line.split(' ', 1)[1] for line in self.simulation.command('violations') if line != 'ok']
        with self.lock:
            self.strange += noted
            return {'connections': self.connections, 'requests': self.requests, 'foreign': self.seen,
                    'violations': self.strange}

    def end(self):
        self.ending.set()
        self.simulation.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('sim')
    parser.add_argument('directory')
    parser.add_argument('--zone', default='example.com')
    parser.add_argument('--argument', action='append', default=[])
    arguments = parser.parse_args()
    server = Server(arguments.sim, arguments.directory, arguments.zone, *arguments.argument)
    print(json.dumps(server.describe()), flush=True)
    for _ in sys.stdin:
        print(json.dumps(server.report()), flush=True)
    server.end()


if __name__ == '__main__':
    # The tricks import this file by its name.
    sys.modules['hostile'] = sys.modules['__main__']
    main()
