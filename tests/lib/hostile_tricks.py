# SPDX-License-Identifier: Apache-2.0
"""The ways in which the server of hostile.py is broken, slow or hostile.

TRICKS maps a name to a Trick.  Its outcome says what may come of a change that a plugin makes through such a server:

    must    success: what is odd here is none of the client's business
    may     success or failure; only what holds for every run is checked
    unread  failure where the provider reads what the service answers, else as `may`
    fail    failure
"""

import base64
import dataclasses
import gzip
import json
import socket
import ssl
import time
import urllib.parse
import zlib

from hostile import DRIP, Gone, with_texts

ESC = '\x1b[31mred\x1b]0;title\x07\x9b2J'
BIDI = '\u202e\u2066\u200f\u061c\u200b\ufeff\u2028\u2029'
MIB = 1 << 20
FLOOD = 20000       # lines in one piece of a flood
JSON_TYPE = 'Content-Type: application/json'


@dataclasses.dataclass
class Trick:
    play: object        # function of a Peer
    outcome: str
    tls: str            # a context of hostile.py; none: the bare connection; unanswered: not even that


TRICKS = {}


def add(name, outcome, play, tls='good'):
    assert name not in TRICKS, name
    TRICKS[name] = Trick(play, outcome, tls)


def trick(outcome='fail', tls='good'):
    """The function's name is the trick's; it is played once in a connection."""
    def wrap(function):
        add(function.__name__.strip('_').replace('_', '-'), outcome, function, tls)
        return function
    return wrap


def each(name, outcome, function, tls='good'):
    """function(peer, request), for each request of a connection."""
    def play(peer):
        while True:
            function(peer, peer.request())
    add(name, outcome, play, tls)


# ---- nothing wrong: what shows that the rest is the tricks' doing ----

each('honest', 'must', lambda peer, request: peer.pass_on(peer.honest(request)))


# ---- redirects ----

def redirect(status, location):
    def play(peer, request):
        ports = peer.server.foreign
        where = location.format(https=f'https://localhost:{ports["https"]}', http=f'http://localhost:{ports["http"]}',
                                http_port=ports['http'], https_port=ports['https'], path=request.target)
        peer.answer(status, b'', b'Location: ' + where.encode('latin-1'))
    return play


for number in (300, 301, 302, 303, 305, 307, 308):
    each(f'redirect-{number}', 'fail', redirect(number, '{https}{path}'))
for label, place in {
    'to-http': '{http}{path}', 'to-metadata': 'http://169.254.169.254/latest/meta-data/iam/security-credentials/',
    'to-file': 'file:///etc/passwd', 'with-credentials': 'https://user:password@localhost:{https_port}/',
    'without-scheme': '//localhost:{https_port}{path}', 'to-itself': '{path}', 'to-nothing': '', 'to-escape': '{https}/' + '\x1b[31m',
    'to-header': '{https}/ \tX: y', 'to-gopher': 'gopher://localhost:{http_port}/_x', 'to-long': '{https}/' + 'a' * 60000,
}.items():
    each(f'redirect-{label}', 'fail', redirect(302, place))


@trick()
def redirect_for_ever(peer):
    for i in range(1000):
        peer.request()
        peer.answer(302, b'', f'Location: /{i}')


# ---- chunks ----

def chunked(outcome, name, *pieces, then='close'):
    def play(peer):
        reply = peer.honest(peer.request())
        body = reply.body or b'{}'
        peer.send(peer.head(200, JSON_TYPE, 'Transfer-Encoding: chunked') + b'\r\n')
        for piece in pieces:
            peer.send(piece(body) if callable(piece) else piece)
        if then == 'wait':
            peer.wait()
    add(name, outcome, play)


def chunk(body):
    return b'%x\r\n%b\r\n' % (len(body), body)


END = b'0\r\n\r\n'
each('chunks-good', 'must', lambda peer, request: send_chunked(peer, peer.honest(request)))
chunked('fail', 'chunk-size-negative', b'-1\r\nabc\r\n', END)
chunked('fail', 'chunk-size-huge', b'ffffffffffffffff\r\n', b'a' * 100)
chunked('fail', 'chunk-size-larger-than-64-bits', b'1' + b'0' * 40 + b'\r\n', b'a' * 100)
chunked('fail', 'chunk-size-no-number', b'zz\r\nabc\r\n', END)
chunked('fail', 'chunk-size-missing', b'\r\nabc\r\n', END)
chunked('may', 'chunk-size-many-zeros', lambda body: b'0' * 10000 + chunk(body), END)
chunked('fail', 'chunk-without-end', chunk)
chunked('fail', 'chunk-without-end-stays-open', chunk, then='wait')
chunked('may', 'chunk-extension-flood', lambda body: b'%x;' % len(body) + b'a=b;' * (MIB // 4) + b'\r\n' + body + b'\r\n', END)
chunked('may', 'chunk-trailer-flood', chunk, b'0\r\n', *[b'X-Trailer: x\r\n' * FLOOD] * 5, b'\r\n')
chunked('fail', 'chunk-trailer-without-end', chunk, b'0\r\nX-Trailer: ' + b'x' * MIB, then='wait')
chunked('fail', 'chunk-lies-about-length', lambda body: b'%x\r\n%b\r\n' % (len(body) - 1, body), END)
chunked('may', 'chunk-with-more-behind', chunk, END, b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')


def send_chunked(peer, reply):
    own = [f'{name}: {value}' for name, value in reply.headers.items() if value is not None]
    if reply.status == 204:
        return peer.pass_on(reply)
    pieces = [chunk(reply.body[i:i + 1]) for i in range(len(reply.body))]
    peer.send(peer.head(reply.status, *own, 'Transfer-Encoding: chunked') + b'\r\n', b''.join(pieces), END)


@trick()
def chunks_for_ever(peer):
    peer.request()
    peer.send(peer.head(200, JSON_TYPE, 'Transfer-Encoding: chunked') + b'\r\n')
    peer.flood(chunk(b'[' * 65536))


@trick()
def chunks_of_one_octet_for_ever(peer):
    peer.request()
    peer.send(peer.head(200, JSON_TYPE, 'Transfer-Encoding: chunked') + b'\r\n')
    peer.flood(chunk(b' ') * FLOOD)


# ---- heads ----

def with_lines(outcome, name, *lines, status=None):
    """A good answer with more lines in its head."""
    def play(peer, request):
        reply = peer.honest(request)
        if status:
            reply.status = status
        peer.pass_on(reply, *lines)
    each(name, outcome, play)


with_lines('may', 'header-100000', *[f'X-{i}: y' for i in range(100000)])
with_lines('may', 'header-1-mib', 'X-Long: ' + 'x' * MIB)
with_lines('may', 'header-long-name', 'X' * MIB + ': y')
with_lines('may', 'header-nul', b'X-Nul: a\0b', b'X-\0: c')
with_lines('may', 'header-escapes', ('X-Escape: ' + ESC).encode('utf-8'), ('X-Bidi: ' + BIDI).encode())
with_lines('may', 'header-latin-1', bytes([*b'X-High: ', *range(0x80, 0x100)]))
with_lines('may', 'header-folded', b'X-Folded: a\r\n b\r\n\tc')
with_lines('may', 'header-bare-cr', b'X-Bare: a\rX-Other: b')
with_lines('may', 'header-without-colon', b'no colon here')
with_lines('may', 'header-space-before-colon', b'Content-Type : text/html')
with_lines('may', 'header-empty-name', b': value')
with_lines('must', 'header-alt-svc', 'Alt-Svc: h3=":443"; ma=86400, h2="localhost:1"; persist=1')
with_lines('must', 'header-set-cookie', 'Set-Cookie: session=1; Path=/', 'Set-Cookie: other=2; Domain=localhost; Secure')
with_lines('must', 'header-hsts', 'Strict-Transport-Security: max-age=0', 'Public-Key-Pins: pin-sha256=""')
with_lines('must', 'header-refresh', 'Refresh: 0; url=http://localhost/', 'Link: <http://localhost/>; rel=next')
with_lines('must', 'header-upgrade', 'Upgrade: h2c, websocket', 'Connection: upgrade')
with_lines('must', 'header-location-with-success', 'Location: http://localhost/', 'Content-Location: file:///etc/passwd')
with_lines('may', 'type-html', 'Content-Type: text/html')
with_lines('may', 'type-nonsense', 'Content-Type: ' + '/' * 1000)
with_lines('may', 'type-charset-utf-16', 'Content-Type: application/json; charset=utf-16')
with_lines('may', 'status-206', 'Content-Range: bytes 0-1/1000', status=206)
with_lines('must', 'keep-alive-lies', 'Keep-Alive: timeout=99999999999, max=-1')


@trick()
def head_without_end(peer):
    peer.request()
    peer.send(peer.head(200, JSON_TYPE))
    peer.flood(b''.join(b'X-%d: y\r\n' % i for i in range(FLOOD)))


@trick()
def header_without_end(peer):
    peer.request()
    peer.send(peer.head(200, JSON_TYPE) + b'X-Long: ')
    peer.flood(b'x' * 65536)


@trick()
def head_and_then_nothing(peer):
    peer.request()
    peer.send(peer.head(200, JSON_TYPE, 'Content-Length: 10') + b'\r\n')
    peer.wait()


def raw(outcome, name, octets, then='close'):
    """These octets are the answer."""
    def play(peer):
        request = peer.request()
        peer.send(octets(peer, request) if callable(octets) else octets)
        if then == 'wait':
            peer.wait()
        elif then == 'reset':
            peer.reset()
    add(name, outcome, play)


raw('fail', 'status-line-1-mib', b'HTTP/1.1 200 ' + b'x' * MIB, then='wait')
raw('fail', 'status-000', b'HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n')
raw('fail', 'status-99999', b'HTTP/1.1 99999 Much\r\nContent-Length: 0\r\n\r\n')
raw('fail', 'status-negative', b'HTTP/1.1 -200 OK\r\nContent-Length: 0\r\n\r\n')
raw('fail', 'status-words', b'HTTP/1.1 two-hundred OK\r\nContent-Length: 0\r\n\r\n')
raw('fail', 'status-escapes', ('HTTP/1.1 403 ' + ESC + BIDI + '\0\r\nContent-Length: 0\r\n\r\n').encode())
raw('fail', 'status-999', b'HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n')
raw('fail', 'status-304', b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n')
raw('fail', 'status-511', b'HTTP/1.1 511 Login\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>')
raw('fail', 'version-9.9', b'HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}')
raw('fail', 'version-0.9', b'{"success": true, "result": []}\n')
raw('fail', 'version-0.9-long', b'<html>' + b'a' * MIB)
raw('fail', 'version-2-preface', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\4\0\0\0\0\0' + b'\0' * 18)
raw('fail', 'version-2-frames', b'\0\0\x12\4\0\0\0\0\0' + b'\0\3\0\0\0\x64' * 3, then='wait')
raw('fail', 'greeting-of-ssh', b'SSH-2.0-OpenSSH_9.2\r\n', then='wait')
raw('unread', 'greeting-of-icy', b'ICY 200 OK\r\nContent-Length: 2\r\n\r\n{}')
raw('fail', 'nothing', b'')
raw('fail', 'nothing-and-reset', b'', then='reset')
raw('fail', 'line-ends-only', b'\r\n' * MIB)
raw('unread', 'line-feeds', b'HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 2\n\n{}')
raw('fail', 'zeros', b'\0' * MIB, then='wait')


# ---- lengths ----

def length_lie(outcome, name, *lines, then='close', body=None):
    def play(peer):
        reply = peer.honest(peer.request())
        octets = (reply.body or b'{}') if body is None else body
        own = [line.format(n=len(octets), more=len(octets) + 10, less=max(0, len(octets) - 5)) for line in lines]
        peer.send(peer.head(200, JSON_TYPE, *own) + b'\r\n' + octets)
        if then == 'wait':
            peer.wait()
    add(name, outcome, play)


length_lie('fail', 'length-too-long', 'Content-Length: {more}')
length_lie('fail', 'length-too-long-stays-open', 'Content-Length: {more}', then='wait')
length_lie('unread', 'length-too-short', 'Content-Length: {less}')
length_lie('unread', 'length-too-short-stays-open', 'Content-Length: {less}', then='wait')
length_lie('may', 'length-negative', 'Content-Length: -1')
length_lie('may', 'length-no-number', 'Content-Length: many')
length_lie('may', 'length-empty', 'Content-Length:')
length_lie('may', 'length-hexadecimal', 'Content-Length: 0x10')
length_lie('may', 'length-twice', 'Content-Length: {n}', 'Content-Length: {less}')
length_lie('may', 'length-list', 'Content-Length: {n}, {less}')
length_lie('fail', 'length-2-to-63', 'Content-Length: 9223372036854775807')
length_lie('may', 'length-larger-than-64-bits', 'Content-Length: 99999999999999999999999')
length_lie('fail', 'length-100-gib', 'Content-Length: 107374182400', then='wait')
length_lie('fail', 'length-with-chunks', 'Content-Length: {n}', 'Transfer-Encoding: chunked')
length_lie('fail', 'length-zero-with-chunks', 'Content-Length: 0', 'Transfer-Encoding: chunked', then='wait')
length_lie('may', 'length-missing', 'Connection: close')
length_lie('unread', 'length-with-204', 'Content-Length: 0', body=b'')


@trick()
def body_for_ever(peer):
    peer.request()
    peer.send(peer.head(200, JSON_TYPE, 'Connection: close') + b'\r\n')
    peer.flood(b'{"a":' * 16384)


@trick()
def body_of_blanks_for_ever(peer):
    peer.request()
    peer.send(peer.head(200, JSON_TYPE, 'Connection: close') + b'\r\n')
    peer.flood(b' ' * 65536)


@trick('fail')
def error_body_for_ever(peer):
    peer.request()
    peer.send(peer.head(400, JSON_TYPE, 'Connection: close') + b'\r\n')
    peer.flood(b'error ' * 10000)


@trick('unread')
def body_of_16_mib(peer):
    reply = peer.honest(peer.request())
    peer.answer(200, reply.body + b' ' * (16 * MIB), JSON_TYPE)


# ---- compression that nobody asked for ----

BOMB = gzip.compress(b'\0' * (64 * MIB), 9)


def encoded(outcome, name, encode, *lines):
    def play(peer, request):
        reply = peer.honest(request)
        peer.answer(200, encode(reply.body), JSON_TYPE, *lines)
    each(name, outcome, play)


encoded('unread', 'gzip-good', gzip.compress, 'Content-Encoding: gzip')
encoded('unread', 'gzip-bomb', lambda _: BOMB, 'Content-Encoding: gzip')
encoded('unread', 'gzip-bomb-twice', lambda _: gzip.compress(BOMB), 'Content-Encoding: gzip, gzip')
encoded('unread', 'gzip-that-is-none', lambda _: b'no gzip', 'Content-Encoding: gzip')
encoded('unread', 'deflate', zlib.compress, 'Content-Encoding: deflate')
encoded('unread', 'brotli', lambda _: b'\xff' * 100, 'Content-Encoding: br')
encoded('may', 'encoding-of-another-world', lambda body: body, 'Content-Encoding: x-martian, ' * 1000 + 'identity')


@trick('unread')
def transfer_encoding_gzip(peer):
    peer.request()
    peer.send(peer.head(200, JSON_TYPE, 'Transfer-Encoding: gzip, chunked') + b'\r\n', chunk(BOMB), END)


# ---- drops ----

def dripped(name, outcome, head, slow):
    def play(peer):
        peer.request()
        peer.send(head)
        peer.drip(slow)
        peer.wait()
    add(name, outcome, play)


dripped('drip-status', 'fail', b'', b'HTTP/1.1 200 OK\r\n' + b'X: y\r\n' * 100)
dripped('drip-header', 'fail', b'HTTP/1.1 200 OK\r\n', b'X-Header: ' + b'y' * 1000)
dripped('drip-body', 'fail', b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n', b' ' * 1000)
dripped('drip-chunk-size', 'fail', b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', b'0' * 1000)
dripped('drip-100', 'fail', b'', b'HTTP/1.1 100 Continue\r\n\r\n' * 100)
dripped('drip-error', 'fail', b'HTTP/1.1 500 Bad\r\nContent-Length: 1000\r\n\r\n', b' ' * 1000)


# ---- 1xx ----

@trick()
def storm_of_100(peer):
    peer.request()
    peer.flood(b'HTTP/1.1 100 Continue\r\n\r\n' * FLOOD)


@trick()
def storm_of_103(peer):
    peer.request()
    peer.flood(b'HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\nX-Filler: ' + b'y' * 1000 + b'\r\n\r\n')


each('early-hints', 'must', lambda peer, request: (
    peer.send(b'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n'), peer.pass_on(peer.honest(request))))
raw('fail', 'status-101', b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x02{}',
    then='wait')
raw('fail', 'status-101-to-h2c', b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n' + b'\0' * 1000)
raw('fail', 'status-199', b'HTTP/1.1 199 Hm\r\n\r\n', then='wait')


# ---- TLS ----

for kind in ('wrong-host', 'expired', 'not-yet', 'no-names', 'self-signed', 'other-ca', 'client-only', 'tls-1.0', 'tls-1.1',
             'asks-for-certificate'):
    each(f'tls-{kind}'.replace('tls-tls', 'tls'), 'fail', lambda peer, request: peer.pass_on(peer.honest(request)), kind)


def bare(name, octets, then='wait'):
    """What is said on the connection instead of TLS."""
    def play(peer):
        if then == 'reset':
            peer.reset()
        else:
            peer.send(octets)
        if then == 'wait':
            peer.wait()
    add(name, 'fail', play, 'none')


bare('tls-silence', b'')
bare('tls-end-at-once', b'', then='close')
bare('tls-reset-at-once', b'', then='reset')
bare('tls-plain-http', b'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n', then='close')
bare('tls-noise', bytes(range(256)) * 4096)
bare('tls-alert', b'\x15\x03\x03\0\2\2\x28', then='close')
bare('tls-warnings', b'\x15\x03\x03\0\2\1\0' * 10000)
bare('tls-record-without-end', b'\x16\x03\x03\x40\0\2\0\x3f\xfc' + b'\0' * 1000)
bare('tls-empty-records', b'\x16\x03\x03\0\0' * 10000)
add('connect-unanswered', 'fail', None, 'unanswered')


class Handshake:
    """TLS by hand, so that its octets can be dealt out."""

    def __init__(self, peer):
        self.peer, self.input, self.output = peer, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = peer.server.contexts['good'].wrap_bio(self.input, self.output, server_side=True)

    def run(self, send):
        while True:
            try:
                self.tls.do_handshake()
                return send(self.output.read())
            except ssl.SSLWantReadError:
                send(self.output.read())
                self.peer.read()
                self.input.write(self.peer.buffer)
                self.peer.buffer = b''


@trick(tls='none')
def drip_handshake(peer):
    Handshake(peer).run(peer.drip)
    peer.wait()


@trick(tls='none')
def tls_ends_in_handshake(peer):
    def half(octets):
        peer.send(octets[:len(octets) // 2])
        if octets:
            raise Gone
    Handshake(peer).run(half)


@trick('unread')
def tls_ends_in_body(peer):
    """No length, half a body, and the end without close_notify: only TLS can tell that something is missing."""
    reply = peer.honest(peer.request())
    peer.send(peer.head(200, JSON_TYPE, 'Connection: close') + b'\r\n' + reply.body[:len(reply.body) // 2])
    socket.socket(fileno=peer.sock.detach()).close()


@trick()
def tls_reset_in_body(peer):
    peer.request()
    peer.send(peer.head(200, JSON_TYPE, 'Content-Length: 1000') + b'\r\n{"a":')
    peer.reset()
    socket.socket(fileno=peer.sock.detach()).close()


@trick()
def tls_noise_in_body(peer):
    peer.request()
    peer.send(peer.head(200, JSON_TYPE, 'Content-Length: 1000') + b'\r\n{"a":')
    with socket.socket(fileno=peer.sock.detach()) as sock:
        sock.sendall(bytes(range(256)) * 4)
        time.sleep(DRIP)


# ---- words that were meant for a terminal, a log or a shell ----

def complaining(name, text, *lines, status=400):
    def play(peer, request):
        code, kind, body = peer.complaint(request, text(request) if callable(text) else text, status)
        peer.answer(code, body, f'Content-Type: {kind}', *lines)
    each(name, 'fail', play)


for number in (400, 401, 403, 404, 409, 422, 500):
    complaining(f'message-escapes-{number}', ESC + BIDI + '\r\nX-Injected: yes\r\n\r\ninjected line\n', status=number)
complaining('message-nul', 'before\0after')
complaining('message-formats', '%s%n%x%99999d{0}{}$(id)`id`;id|id&&id\\x41')
complaining('message-100-kib', 'long ' * 20000)
complaining('message-empty', '')
complaining('message-blanks', ' \t ' * 5000)
complaining('message-invalid-utf-8', b'bad \xff\xfe\xc3\x28\xed\xa0\x80\xf8\x88\x80\x80\x80 end')
complaining('message-lone-surrogates', b'\\ud800 \\udfff \\u0000')
complaining('message-controls-raw', bytes(range(1, 32)) + b'\x7f' + '\x85\x9b'.encode())
complaining('message-combining', 'a' + '\u0301' * 3000)
complaining('message-html', '<script>alert(1)</script>&amp;&#x1b;[31m')
complaining('message-looks-like-ours', '0 ok done\ncall ok\nzoneseal: error: everything is fine')


def echo(request):
    """What the client sent comes back in the message: every header that may hold a credential."""
    return ' '.join(value for name, value in request.headers if name.lower() in (
        'authorization', 'x-api-key', 'x-api-user', 'x-auth-key', 'x-amz-security-token'))


def echo_words(request):
    """The same word by word, in other clothes."""
    words = echo(request).split()
    return ' '.join([*words, *(w.encode().hex() for w in words), *(urllib.parse.quote(w, safe='') for w in words),
                     *(base64.b64encode(b'.' * n + w.encode()).decode() for n in range(3) for w in words)])


for number in (400, 401, 403, 500):
    complaining(f'message-echo-{number}', echo, status=number)
complaining('message-echo-words', echo_words)
each('status-echo', 'fail', lambda peer, request: peer.send(
    f'HTTP/1.1 400 {echo(request)}\r\nX-Echo: {echo(request)}\r\nContent-Length: 0\r\n\r\n'.encode()))


# ---- who are you? ----

for number, header, offer in ((401, 'WWW-Authenticate', 'NTLM'), (401, 'WWW-Authenticate', 'Negotiate'),
                              (401, 'WWW-Authenticate', 'Basic realm="' + 'r' * 1000 + '"'),
                              (401, 'WWW-Authenticate', 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5'),
                              (407, 'Proxy-Authenticate', 'Basic realm="proxy"'), (407, 'Proxy-Authenticate', 'NTLM')):
    complaining(f'asks-{number}-{offer.split()[0].lower()}', 'who are you?', f'{header}: {offer}', status=number)


# ---- come again ----

for label, after in (('huge', '99999999999999999999'), ('negative', '-5'), ('words', 'soon'), ('empty', ''), ('float', '1e9'),
                     ('date-far', 'Fri, 31 Dec 9999 23:59:59 GMT'), ('date-past', 'Thu, 01 Jan 1970 00:00:00 GMT'),
                     ('date-bad', 'Fri, 99 Foo 99999 99:99:99 GMT'), ('escapes', '\x1b[31m')):
    complaining(f'retry-after-{label}', 'come again', f'Retry-After: {after}', status=429)
complaining('retry-after-zero', 'come again', 'Retry-After: 0', status=503)


# ---- bodies ----

def spoiled(name, spoil, outcome='unread', status=None):
    """A good answer whose body is spoiled."""
    def play(peer, request):
        reply = peer.honest(request)
        body = spoil(reply.body or b'{}')
        kind = reply.headers.get('Content-Type', 'application/json')
        peer.answer(status or (200 if reply.status == 204 else reply.status), body, f'Content-Type: {kind}')
    each(name, outcome, play)


def first_member_twice(body):
    """JSON objects have each member twice, the second time null."""
    try:
        pairs = json.loads(body, object_pairs_hook=lambda pairs: [('', pairs)])
    except ValueError:
        return body + body
    return write_pairs(pairs).encode()


def write_pairs(node):
    if isinstance(node, list) and len(node) == 1 and isinstance(node[0], tuple):
        pairs = node[0][1]
        return '{' + ', '.join(f'{json.dumps(k)}: {write_pairs(v)}' for k, v in pairs + [(k, None) for k, _ in pairs]) + '}'
    if isinstance(node, list):
        return '[' + ', '.join(map(write_pairs, node)) + ']'
    return json.dumps(node)


def numbers(digits):
    """Numbers in the place of numbers and strings."""
    def spoil(body):
        mark = 'mark-of-a-number'
        try:
            document = json.dumps(marked(json.loads(body), mark))
        except ValueError:
            return digits.encode()
        return document.replace(f'"{mark}"', digits).encode()
    return spoil


def marked(node, mark):
    if isinstance(node, dict):
        return {k: marked(v, mark) for k, v in node.items()}
    if isinstance(node, list):
        return [marked(v, mark) for v in node]
    return node if isinstance(node, bool) or node is None else mark


def doctype(declarations, text):
    """The XML document with a document type, and an entity in each of its texts."""
    def spoil(body):
        if b'<' not in body:
            body = b'<?xml version="1.0"?>\n<ErrorResponse><Error><Code>x</Code></Error></ErrorResponse>'
        start = body.index(b'?>') + 2 if b'?>' in body else 0
        root = body[start:].split(b'<', 1)[1].split(b'>', 1)[0].split()[0].strip(b'/')
        rest = body[start:].replace(b'</', text + b'</')
        return b'<?xml version="1.0"?>\n<!DOCTYPE ' + root + b' [' + declarations + b']>' + rest
    return spoil


LAUGHS = b'<!ENTITY l0 "lol">' + b''.join(b'<!ENTITY l%d "%b">' % (i, b'&l%d;' % (i - 1) * 10) for i in range(1, 10))
spoiled('body-empty', lambda _: b'')
spoiled('body-204', lambda _: b'', status=204)
spoiled('body-html', lambda _: b'<!DOCTYPE html><html><head><title>Log in</title></head><body>Log in first</body></html>')
spoiled('body-null', lambda _: b'null')
spoiled('body-array', lambda _: b'[]')
spoiled('body-object', lambda _: b'{}')
spoiled('body-string', lambda _: b'"yes"')
spoiled('body-number', lambda _: b'1')
spoiled('body-cut', lambda body: body[:len(body) // 2])
spoiled('body-with-bom', lambda body: b'\xef\xbb\xbf' + body, 'may')
spoiled('body-utf-16', lambda body: body.decode().encode('utf-16'), 'may')
spoiled('body-with-nul', lambda body: body.replace(b':', b':\0').replace(b'>', b'>\0', 1))
spoiled('body-with-rubbish-behind', lambda body: body + b'}]{"success": true}', 'may')
spoiled('body-invalid-utf-8', lambda body: body.replace(b'a', b'\xff\xc0\x80').replace(b'e', b'\xed\xa0\x80'))
spoiled('body-1-mib-of-blanks', lambda body: b' ' * MIB + body, 'may')
spoiled('json-nested-arrays', lambda _: b'[' * 100000)
spoiled('json-nested-arrays-closed', lambda _: b'[' * 100000 + b']' * 100000)
spoiled('json-nested-objects', lambda _: b'{"a":' * 100000 + b'1' + b'}' * 100000)
spoiled('json-nested-result', lambda _: b'{"success":true,"errors":[],"result":' + b'[{"id":' * 500 + b'1' + b'}]' * 500 + b'}')
spoiled('json-twice', first_member_twice, 'may')
spoiled('json-members-100000', lambda body: body.replace(b'{', b'{' + b''.join(b'"m%d":0,' % i for i in range(100000)), 1), 'may')
spoiled('json-items-100000', lambda _: b'{"success":true,"errors":[],"result":[' + b'{},' * 99999 + b'{}]}')
spoiled('json-string-1-mib', lambda _: b'{"success":true,"errors":[],"result":"' + b'a' * MIB + b'"}')
spoiled('json-number-large', numbers('1e999'))
spoiled('json-number-many-digits', numbers('9' * 1000))
spoiled('json-number-negative', numbers('-1'))
spoiled('json-number-nan', numbers('NaN'))
spoiled('json-comments', lambda body: b'/* c */ ' + body + b' // c')
spoiled('json-single-quotes', lambda body: body.replace(b'"', b"'"), 'may')
spoiled('json-texts-hostile', lambda body: texts_of(body, ESC + BIDI + '../../../etc/passwd\r\nX: y'))
spoiled('json-texts-long', lambda body: texts_of(body, 'a' * 60000))
spoiled('json-texts-empty', lambda body: texts_of(body, ''))
spoiled('json-texts-nul', lambda body: texts_of(body, 'a\0b'))
spoiled('json-texts-query', lambda body: texts_of(body, 'x/../?a=b&c#d'))
spoiled('xml-billion-laughs', doctype(LAUGHS, b'&l9;'))
spoiled('xml-quadratic', doctype(b'<!ENTITY a "' + b'a' * 100000 + b'">', b'&a;' * 1000))
spoiled('xml-external-file', doctype(b'<!ENTITY x SYSTEM "file:///etc/passwd">', b'&x;'))
spoiled('xml-external-dtd', lambda body: b'<!DOCTYPE a SYSTEM "http://localhost/x.dtd">' + body.split(b'?>')[-1])
spoiled('xml-parameter-entity', doctype(b'<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;', b''))
spoiled('xml-doctype-only', doctype(b'', b''))
spoiled('xml-nested', lambda _: b'<a>' * 100000)
spoiled('xml-attributes', lambda _: b'<a ' + b''.join(b'a%d="x" ' % i for i in range(20000)) + b'/>')
spoiled('xml-attribute-long', lambda _: b'<a b="' + b'x' * (MIB - 100) + b'"/>')
spoiled('xml-cdata', lambda body: body.replace(b'</', b'<![CDATA[' + ESC.encode() + b']]></'), 'may')
spoiled('xml-instructions', lambda body: b'<?xml-stylesheet href="http://localhost/"?>' * 1000 + body, 'may')
spoiled('xml-encoding', lambda body: b'<?xml version="1.0" encoding="UTF-7"?>' + body.split(b'?>')[-1], 'may')
spoiled('xml-namespaces', lambda body: body.replace(b' xmlns=', b' xmlns:x='), 'may')


def texts_of(body, text):
    return with_texts(body, text)


# ---- more than one answer ----

@trick('may')
def answers_twice(peer):
    """A second answer, for a request that nobody sent yet."""
    reply = peer.honest(peer.request())
    peer.pass_on(reply)
    peer.answer(200, b'{"success": true, "result": []}', JSON_TYPE)
    peer.wait()


@trick('unread')
def answers_before_the_request(peer):
    """A server that does not listen."""
    peer.answer(200, b'{}', JSON_TYPE)
    peer.wait()


@trick()
def never_reads(peer):
    while True:
        peer.tick()
        time.sleep(DRIP)
