# SPDX-License-Identifier: Apache-2.0
"""The faults of the fake CA: each one is a small function that bends one reply.

A fault is a dictionary: {'fault': NAME, 'op': OPERATION, 'times': N, 'skip': N, ...}; the rest are arguments of
the function.  `op` may be a list or '*'.  It acts on N requests (default: on all) after the first `skip` ones.
Faults of stage BEFORE answer instead of the CA, so that the request has no effect; those of stage AFTER bend what
the CA answered, so that it has.
"""

import email.utils
import gzip
import json
import time

URN = 'urn:ietf:params:acme:error:'
BEFORE, AFTER = {}, {}


def before(function):
    BEFORE[function.__name__] = function
    return function


def after(function):
    AFTER[function.__name__] = function
    return function


class Reply:
    """What goes out: a JSON object or a body, headers, and how it is sent."""

    def __init__(self, status, obj=None, body=b'', kind='application/json'):
        self.status, self.obj, self._body = status, obj, body
        self.headers = [('Content-Type', kind)]
        self.mode = 'plain'
        self.interim = b''
        self.delay = 0.0
        self.close = False
        self.claimed_length = None

    @property
    def body(self):
        return self._body if self.obj is None else json.dumps(self.obj).encode()

    @body.setter
    def body(self, data):
        self.obj, self._body = None, data

    def drop(self, name):
        self.headers = [(n, v) for n, v in self.headers if n.lower() != name.lower()]

    def put(self, name, value):
        self.drop(name)
        self.headers.append((name, value))


def problem_reply(kind, status, detail, **members):
    obj = {'type': URN + kind, 'detail': detail, 'status': status, **members}
    return Reply(status, obj, kind='application/problem+json')


def retry_after(reply, value):
    """Seconds as given, or 'date+N': an HTTP date N seconds ahead."""
    if value is None:
        return reply
    if str(value).startswith('date+'):
        value = email.utils.formatdate(time.time() + int(value[5:]), usegmt=True)
    reply.put('Retry-After', str(value))
    return reply


# ---- instead of the CA ----

@before
def problem(_case, _request, kind='malformed', status=400, detail='no', retry=None, link=None, **members):
    reply = retry_after(problem_reply(kind, status, detail, **members), retry)
    if link:
        reply.headers.append(('Link', link))
    return reply


@before
def status(_case, _request, code=500, retry=None, text='<html><body>Sorry</body></html>'):
    return retry_after(Reply(code, body=text.encode('latin-1'), kind='text/html'), retry)


@before
def bad_nonce(_case, _request):
    return problem_reply('badNonce', 400, 'JWS has an invalid anti-replay nonce')


@before
def redirect(case, _request, code=302, target='{foreign}/elsewhere'):
    reply = Reply(code, body=b'moved', kind='text/plain')
    reply.put('Location', case.fill(target))
    return reply


@before
def reset_before(_case, _request):
    reply = Reply(500)
    reply.mode = 'reset'
    return reply


@before
def hang(_case, _request):
    reply = Reply(500)
    reply.mode = 'hang'
    return reply


@before
def close_before(_case, _request):
    reply = Reply(500)
    reply.mode = 'shut'
    return reply


# ---- how a reply is sent ----

@after
def reset_after(_case, _request, reply):
    reply.mode = 'reset'


@after
def drip(_case, _request, reply, part='body', delay=0.2):
    reply.mode, reply.delay = f'drip-{part}', delay


@after
def late(_case, _request, reply, delay=1.0):
    reply.mode, reply.delay = 'late', delay


@after
def endless(_case, _request, reply):
    reply.mode = 'endless'


@after
def chunked(_case, _request, reply):
    reply.mode = 'chunked'


@after
def http10(_case, _request, reply):
    reply.mode = 'http10'


@after
def close(_case, _request, reply):
    reply.close = True


@after
def short(_case, _request, reply):
    """Fewer octets than Content-Length says."""
    reply.claimed_length, reply.close = len(reply.body) + 50, True


@after
def raw(_case, _request, reply, text='garbage\r\n\r\n'):
    reply.mode, reply.body = 'raw', text.encode('latin-1')


@after
def interim(_case, _request, reply, n=1):
    reply.interim = n * b'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n'


@after
def big(_case, _request, reply, size=10_000_000):
    reply.body = reply.body + b' ' * size


@after
def zipped(_case, _request, reply):
    reply.body = gzip.compress(reply.body)
    reply.put('Content-Encoding', 'gzip')


# ---- headers ----

@after
def no_nonce(_case, _request, reply):
    reply.drop('Replay-Nonce')


@after
def header(case, _request, reply, name='X-Filler', value='x', times_in_reply=1):
    reply.drop(name)
    reply.headers += times_in_reply * [(name, case.fill(value))]


@after
def drop_header(_case, _request, reply, name='Location'):
    reply.drop(name)


@after
def code(_case, _request, reply, to=200):
    reply.status = to


# ---- bodies ----

@after
def body(_case, _request, reply, text=''):
    reply.body = text.encode('latin-1')


@after
def splice(_case, _request, reply, find='', put=''):
    """Replaces octets in the finished body (latin-1 here, so that any octet can be written)."""
    data = reply.body
    assert find.encode() in data, (find, data)
    reply.body = data.replace(find.encode(), put.encode('latin-1'), 1)


@after
def cut(_case, _request, reply, n=20):
    reply.body = reply.body[:-n]


@after
def nest(_case, _request, reply, depth=100_000):
    reply.body = reply.body[:-1] + b', "deep": ' + b'[' * depth + b']' * depth + b'}'


@after
def put(case, _request, reply, path='', value=None, repeat=1):
    """Sets a member; the path has dots, '*' means every entry."""
    value = case.fill(value)
    assign(reply.obj, path.split('.'), value * repeat if repeat != 1 else value)


@after
def delete(_case, _request, reply, path=''):
    *way, last = path.split('.')
    for holder in holders(reply.obj, way):
        del holder[last]


@after
def many(_case, _request, reply, path='authorizations', n=10_000):
    first = reply.obj[path][0]
    reply.obj[path] = [f'{first}-{i}' for i in range(n)]


@after
def order_status(_case, _request, reply, value='pending'):
    """The order looks as if it stood elsewhere, with the members that fit."""
    reply.obj['status'] = value
    if value != 'valid':
        reply.obj.pop('certificate', None)


@after
def chain(case, request, reply, kind='good'):
    reply.body = case.make_chain(kind, request.ident)


def holders(obj, way):
    """Every object or list that a path leads to."""
    found = [obj]
    for step in way:
        found = [item for one in found for item in children(one, step)]
    return found


def children(obj, step):
    if step == '*':
        return list(obj)
    return [obj[int(step)] if isinstance(obj, list) else obj[step]]


def assign(obj, way, value):
    *before_last, last = way
    for holder in holders(obj, before_last):
        for key in (range(len(holder)) if last == '*' else [int(last) if isinstance(holder, list) else last]):
            holder[key] = value


# ---- which fault acts now ----

class Fault:
    """One entry of a case's list, with its counter."""

    def __init__(self, spec):
        spec = dict(spec)
        self.name = spec.pop('fault')
        ops = spec.pop('op', '*')
        self.ops = ops if isinstance(ops, list) else [ops]
        self.times, self.skip = spec.pop('times', -1), spec.pop('skip', 0)
        self.arguments = spec
        assert self.name in BEFORE or self.name in AFTER, f'no such fault: {self.name}'

    def acts(self, op):
        """True if it bends this request; counts."""
        if '*' not in self.ops and op not in self.ops:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if not self.times:
            return False
        self.times -= 1
        return True
