#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A simulation of programs that the provider exec runs, in each of its modes: --mode json, lego, lego-raw, certbot.

The provider runs PROGRAM, which is written into the directory of this simulation.  It hands all that it was given to
this process over a loopback connection and prints what comes back, so the decisions are made here: handle() is the
program.  What happens to the answer on its way happens to the output of the program: it is cut, it is garbage or far too
long, it never comes.  A broken connection kills the program before its effect or behind it.
"""

import base64
import hashlib
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path += [os.environ.get('ZONESEAL_CONFORMANCE', HERE), os.path.join(HERE, '../../plugins-sdk/conformance')]
sys.dont_write_bytecode = True

from zoneseal_sim import Malformed, Reply, Simulation, plain_name, random_secret

MODES = ('json', 'lego', 'lego-raw', 'certbot')
CHALLENGE = '_acme-challenge.'

# With HTTP/1.0 an answer ends where the connection does.  Text that is printed in a failure holds the secret, for the
# provider has to keep it out of what it says.
PROGRAM = '''#!/usr/bin/python3 -ISB
import json
import os
import signal
import socket
import sys

text = sys.stdin.read()
given = json.loads(text) if text else {}
token = given.pop('secret', None) or os.environ.pop('SIM_TOKEN', '')
host, port = os.environ['SIM_ADDRESS'].rsplit(':', 1)
body = json.dumps({'program': os.path.basename(sys.argv[0]), 'argv': sys.argv[1:], 'env': dict(os.environ), 'request': given,
                   'cwd': os.getcwd()}).encode()
try:
    with socket.create_connection((host, int(port))) as connection, connection.makefile('rb') as answer:
        connection.sendall(b'POST /run HTTP/1.0\\r\\nAuthorization: Bearer %b\\r\\nContent-Type: application/json\\r\\n'
                           b'Content-Length: %d\\r\\n\\r\\n%b' % (token.encode(), len(body), body))
        status = int(answer.readline().split()[1])
        while answer.readline().strip():
            pass
        output = answer.read()
except (OSError, IndexError):
    os.kill(os.getpid(), signal.SIGKILL)
if not given:
    # the older modes: what to print, and the exit status
    try:
        said = json.loads(output)
        output, status = said['stdout'].encode(), 200 if said['exit'] == 0 else 500
    except ValueError:
        output, status = b'', 500
if status != 200:
    print('it was tried with the token', token, file=sys.stderr)
sys.stdout.buffer.write(output)
sys.stdout.flush()
sys.exit(0 if status == 200 else 1)
'''


class Exec(Simulation):
    # Nothing is read from the program but what it says of its own change: there are no lists, and nothing old.
    unsupported = {'pages', 'stale'}

    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument('--mode', choices=MODES, default='json', help='what the program understands')

    def start(self):
        self.mode = self.arguments.mode
        self.option('mode', self.mode)
        self.option('program', self.program('program'))
        # nobody but the environment tells the program where to ask
        self.option('environment', f'SIM_ADDRESS={self.url.split("//")[1]}')
        if self.mode == 'json':
            self.token = self.secret('secret')
            return
        # An exit status says neither "wait", nor "refused", nor "no such zone"; and a program that failed is not run again
        # within the call, because one of these modes need not bear that.
        self.unsupported = self.unsupported | {'rate', 'rate-long', 'auth', 'denied', 'error', 'gateway', 'lost-before',
                                               'lost-after'}
        self.limit('reasons', 0)
        self.token = random_secret()
        self.secret('environment-secret', f'# for the hooks\nSIM_TOKEN={self.token}\n')
        if self.mode != 'lego':
            self.limit('derived', 1)
        if self.mode == 'certbot':
            self.option('cleanup-program', self.program('cleanup'))

    def listen(self):
        # The program has no TLS of its own, and the provider no option for roots.
        self.arguments.plain = True
        super().listen()

    def program(self, name):
        path = self.directory / name
        path.write_text(PROGRAM)
        path.chmod(0o755)
        return path

    # -- one run of the program

    def faulty(self, kind, request):
        if self.mode != 'json':
            return self.done(exit=1)
        words = {'auth': 'auth', 'denied': 'denied', 'rate': 'rate_limited', 'error': 'transient'}
        # the secret that the program was given, which the provider knows and hides
        given = (request or self.request).headers.get('Authorization', '')
        answer = {'status': 'error', 'class': words[kind], 'text': f'{kind}: this was tried with {given}'}
        if kind == 'rate':
            answer['retry_after'] = 3600 if request and request.fault == 'rate-long' else 1
        # with an exit status of 0, and with another one
        return Reply(500 if kind == 'error' else 200, answer)

    def done(self, exit=0, stdout=''):
        return Reply(200, {'exit': exit, 'stdout': stdout})

    def handle(self, request):
        if (request.method, request.path) != ('POST', '/run'):
            return None
        if request.headers.get('Authorization') != 'Bearer ' + self.token:
            self.violation('the program was run without the right secret')
            return self.refuse('auth')
        given = request.json()
        self.look_at(given)
        if self.mode == 'json':
            return Reply(200, self.run_json(given['request']))
        return self.run_hook(given)

    def look_at(self, given):
        """The same in all modes: what does the program find when it starts?"""
        env = given['env']
        wanted = {'PATH': '/usr/local/bin:/usr/bin:/bin', 'LANG': 'C', 'HOME': '/'}
        if {name: env.get(name) for name in wanted} != wanted or given['cwd'] != '/':
            raise Malformed(f'the program does not start in the environment that exec.md says: {env}, in {given["cwd"]}')
        # LC_CTYPE is what Python sets for itself
        more = set(env) - {*wanted, 'SIM_ADDRESS', 'LC_CTYPE'}
        if self.mode == 'certbot':
            more = {name for name in more if not name.startswith('CERTBOT_')}
        if more:
            raise Malformed(f'the environment of the program holds {" ".join(more)}')
        if any(self.token in text for text in (*given['argv'], *env.values())):
            raise Malformed('the secret is in the arguments or in another variable')

    # -- mode json

    def run_json(self, request):
        if request.get('version') != 1 or not isinstance(request.get('deadline_ms'), int):
            raise Malformed('the document has not version 1 and deadline_ms')
        match request['action']:
            case 'check':
                return {'results': [{'index': z['index'], **self.judge(z['zone'])} for z in request['zones']]}
            case 'live':
                return {'live': request.get('ticket', '').startswith('change-')}
            case 'apply':
                results = [{'index': c['index'], **self.change(request['zone'], c)} for c in request['changes']]
                # in no order of their own
                return {'results': results[::-1], 'ticket': f'change-{self.count}'}
        raise Malformed(f'no such action: {request["action"]}')

    def judge(self, zone):
        if zone in self.zones:
            return {'status': 'ok'}
        return {'status': 'error', 'class': 'not_found', 'text': f'no zone {zone}'}

    def change(self, zone, change):
        if change['op'] not in ('add', 'remove') or plain_name(change['name']) != change['name']:
            raise Malformed('op is neither add nor remove, or the name is not in lower case without a final dot')
        there = self.zone_of(change['name'])
        if not there or there.name != zone:
            return {**self.judge(''), 'zone': there.name} if there else self.judge(zone)
        if change['op'] == 'remove':
            there.remove(change['name'], change['value'])
        else:
            there.add(change['name'], change['value'], change.get('ttl', 60))
        return {'status': 'ok'}

    # -- the older modes

    def run_hook(self, given):
        read = {'lego': self.read_lego, 'lego-raw': self.read_raw, 'certbot': self.read_certbot}[self.mode]
        verb, name, value = read(given['argv'], given['env'], given['program'])
        zone = self.zone_of(name)
        if not zone:
            return self.done(exit=1)
        if verb == 'cleanup':
            zone.remove(name, value)
            return self.done()
        zone.add(name, value)
        return self.done(stdout=f'record of {value}\n')

    def read_lego(self, argv, env, program):
        if len(argv) != 3 or argv[0] not in ('present', 'cleanup') or not argv[1].endswith('.') or argv[1] != argv[1].lower():
            raise Malformed(f'the arguments are not present or cleanup, a name with a final dot, and a value: {argv}')
        return argv[0], plain_name(argv[1]), argv[2]

    def read_raw(self, argv, env, program):
        if len(argv) != 5 or argv[0] not in ('present', 'cleanup') or argv[1] != '--' or argv[2].startswith(('*', CHALLENGE)):
            raise Malformed(f'the arguments are not present or cleanup, --, domain, token and key authorization: {argv}')
        if not argv[3] or not re.fullmatch(re.escape(argv[3]) + r'\.[A-Za-z0-9_-]{43}', argv[4]):
            raise Malformed('the key authorization is not the token, a dot and a thumbprint')
        digest = hashlib.sha256(argv[4].encode()).digest()
        return argv[0], CHALLENGE + argv[2], base64.urlsafe_b64encode(digest).rstrip(b'=').decode()

    def read_certbot(self, argv, env, program):
        domain, value = env.get('CERTBOT_DOMAIN', ''), env.get('CERTBOT_VALIDATION', '')
        if argv or not domain or not value or env.get('CERTBOT_IDENTIFIER') != domain:
            raise Malformed('a hook has arguments, or neither domain nor value')
        others = env.get('CERTBOT_ALL_DOMAINS', '').split(',')
        if domain not in others or not env.get('CERTBOT_REMAINING_CHALLENGES', '').isdigit():
            raise Malformed('CERTBOT_ALL_DOMAINS or CERTBOT_REMAINING_CHALLENGES is not what it should be')
        verb = 'cleanup' if program == 'cleanup' else 'present'
        # what the other hook printed is known in the process that ran it only
        output = env.get('CERTBOT_AUTH_OUTPUT')
        if output not in (('', f'record of {value}') if verb == 'cleanup' else (None,)):
            raise Malformed(f'CERTBOT_AUTH_OUTPUT is {output!r}')
        return verb, CHALLENGE + domain, value


if __name__ == '__main__':
    Exec.main()
