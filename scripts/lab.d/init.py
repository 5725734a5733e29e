#!/usr/bin/python3 -IS
# SPDX-License-Identifier: Apache-2.0
"""The lab's first process: makes the network, starts and minds the servers.

    init.py LAB REPORT-FD

Started by `scripts/lab up`, inside the namespaces if there are any.  When it
ends, everything ends.  Takes requests (one JSON line each) on LAB/control.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time

LAB = sys.argv[1]
sys.pycache_prefix = f'{LAB}/cache'
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import wire  # noqa: E402
import world  # noqa: E402

START_SECONDS = 15
STOP_SECONDS = 2
PROBE_INTERVAL = 0.01


def run(*command, text=None):
    try:
        result = subprocess.run(command, input=text, text=True, check=False,
                                stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE)
    except FileNotFoundError as error:
        raise world.LabError(f'{command[0]} is not installed '
                             f'({error.strerror}). Run scripts/setup.') from error
    if result.returncode:
        raise world.LabError(f'`{" ".join(command)}` failed: '
                             f'{result.stderr.strip()}')


# ------------------------------------------------ network and mounts

def all_addresses(options):
    found = []
    for server in world.NUMBERS:
        for address in world.addresses(server, options):
            found.append(address + ('/128' if ':' in address else '/32'))
    return found


def check_addresses_free(options):
    shown = subprocess.run(['ip', '-o', 'addr', 'show', 'dev', 'lo'],
                           check=False, stdout=subprocess.PIPE, text=True)
    taken = [a for a in all_addresses(options) if f' {a} ' in shown.stdout]
    if taken:
        raise world.LabError(
            f'{taken[0]} is on the interface lo already: without namespaces '
            'only one lab can be up. Run `scripts/lab down` with the '
            'ZONESEAL_LAB of the other one, or, if there is none, '
            f'`ip addr del {taken[0]} dev lo` for each of: '
            + ' '.join(taken))


def add_addresses(options):
    lines = [f'addr add {a} dev lo{" nodad" if ":" in a else ""}'
             for a in all_addresses(options)]
    try:
        run('ip', '-batch', '-', text='\n'.join(lines) + '\n')
    except world.LabError as error:
        hint = ('IPv6 may be switched off in this kernel; if so, use '
                '--ipv4-only.' if not options['ipv4_only'] else '')
        if options['no_namespace']:
            hint += (' Adding addresses to the interface lo needs root with '
                     'the capability CAP_NET_ADMIN.')
        raise world.LabError(f'{error}. {hint}') from error


def remove_addresses(options):
    for address in all_addresses(options):
        subprocess.run(['ip', 'addr', 'del', address, 'dev', 'lo'],
                       check=False, stderr=subprocess.DEVNULL)


def enable_ipv6():
    """Some container hosts switch IPv6 off in new networks; ours is ours."""
    for where in ('all', 'lo'):
        try:
            with open(f'/proc/sys/net/ipv6/conf/{where}/disable_ipv6',
                      'w') as file:
                file.write('0')
        except OSError:
            pass  # `ip` says what is wrong


def enter_world(options):
    run('mount', '-t', 'proc', 'proc', '/proc')
    run('mount', '-t', 'tmpfs', '-o', 'mode=755,size=256m', 'lab',
        f'{LAB}/run')
    for name in ('resolv.conf', 'hosts', 'nsswitch.conf'):
        target = os.path.realpath(f'/etc/{name}')
        if not os.path.exists(target):
            raise world.LabError(
                f'/etc/{name} (really {target}) does not exist, so the lab '
                'cannot lay its own over it. Create an empty file there.')
        run('mount', '--bind', f'{LAB}/etc/{name}', target)
    if os.path.isdir('/run/nscd'):
        run('mount', '-t', 'tmpfs', 'lab', '/run/nscd')
    run('ip', 'link', 'set', 'lo', 'up')
    if not options['ipv4_only']:
        enable_ipv6()
    add_addresses(options)


# -------------------------------------------------------- processes

class Servers:
    """Starts, watches and signals the server processes."""

    def __init__(self, options):
        self.commands = world.commands(LAB, options)
        self.pids = {}      # name -> pid of a running server
        self.ended = {}     # name -> how it ended, in words
        self.stopping = set()
        self.paused = set()
        # Dies with us; a PID namespace sees to that already.
        self.prefix = (['setpriv', '--pdeathsig', 'KILL', '--']
                       if options['no_namespace'] else [])
        self.changed = threading.Condition(threading.RLock())

    def spawn(self, name):
        argv, extra = self.commands[name]
        argv = self.prefix + argv
        log = os.open(f'{LAB}/log/{name}.log',
                      os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        actions = [(os.POSIX_SPAWN_DUP2, log, 1),
                   (os.POSIX_SPAWN_DUP2, log, 2)]
        with self.changed:
            self.ended.pop(name, None)
            try:
                self.pids[name] = os.posix_spawnp(
                    argv[0], argv, os.environ | extra,
                    file_actions=actions, setsigmask=[])
            except OSError as error:
                raise world.LabError(
                    f'{name}: cannot run {argv[0]}: {error.strerror}. If the '
                    f'file system of {LAB} forbids programs (noexec), set '
                    'ZONESEAL_LAB to a directory elsewhere.') from error
            finally:
                os.close(log)

    def reap(self):
        """Called by the main thread on SIGCHLD; also buries orphans."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            with self.changed:
                for name, known in list(self.pids.items()):
                    if known == pid:
                        self._gone(name, os.waitstatus_to_exitcode(status))
                self.changed.notify_all()

    def _gone(self, name, code):
        del self.pids[name]
        self.paused.discard(name)
        if name in self.stopping:
            self.ended[name] = 'stopped'
        elif code < 0:
            self.ended[name] = f'died: {signal.Signals(-code).name}'
        else:
            self.ended[name] = f'died: exit status {code}'

    def signal(self, name, number):
        with self.changed:
            if name not in self.pids:
                raise world.LabError(f'{name} is not running')
            os.kill(self.pids[name], number)

    def stop(self, name):
        with self.changed:
            self.signal(name, signal.SIGTERM)
            self.stopping.add(name)
        self.signal_if_running(name, signal.SIGCONT)
        with self.changed:
            if not self.changed.wait_for(lambda: name not in self.pids,
                                         STOP_SECONDS):
                os.kill(self.pids[name], signal.SIGKILL)
                self.changed.wait_for(lambda: name not in self.pids,
                                      STOP_SECONDS)
        self.stopping.discard(name)

    def signal_if_running(self, name, number):
        with self.changed:
            if name in self.pids:
                os.kill(self.pids[name], number)

    def kill_all(self):
        for name in list(self.pids):
            self.stopping.add(name)
            self.signal_if_running(name, signal.SIGKILL)
        deadline = time.monotonic() + STOP_SECONDS
        while self.pids and time.monotonic() < deadline:
            self.reap()
            time.sleep(0.001)

    def state(self, name):
        with self.changed:
            if name not in self.pids:
                return self.ended.get(name, 'stopped')
            return 'paused' if name in self.paused else 'running'


# ---------------------------------------------------------- readiness

def log_tail(name):
    try:
        with open(f'{LAB}/log/{name}.log', errors='replace') as file:
            lines = file.read().splitlines()[-8:]
    except FileNotFoundError:
        lines = []
    return ''.join(f'\n    {line}' for line in lines)


class Prober:
    """Asks servers until each answers on each of its addresses."""

    def __init__(self, servers, options, relay):
        self.servers = servers
        self.options = options
        self.relay = relay

    def _alive(self, names):
        for name in names:
            state = self.servers.state(name)
            if state != 'running':
                raise world.LabError(f'{name} {state}. Its log, {LAB}/log/'
                                     f'{name}.log, ends:{log_tail(name)}')

    def dns(self, names):
        """SOA of each zone at each address; for the resolver one through it."""
        waiting = {}
        for name in names:
            for zone in world.ZONES.get(name, ['example.test.']):
                for address in world.addresses(name, self.options):
                    waiting[len(waiting) + 1] = (name, address, zone)
        families = [socket.AF_INET]
        if not self.options['ipv4_only']:
            families.append(socket.AF_INET6)
        sockets = {f: socket.socket(f, socket.SOCK_DGRAM) for f in families}
        deadline = time.monotonic() + START_SECONDS
        round_number = 0
        try:
            while waiting:
                self._alive(names)
                self._ask(sockets, waiting)
                if round_number % 5 == 4:
                    self._remind_secondary(waiting)
                round_number += 1
                self._listen(sockets, waiting)
                if waiting and time.monotonic() > deadline:
                    self._too_late(waiting)
        finally:
            for sock in sockets.values():
                sock.close()

    @staticmethod
    def _ask(sockets, waiting):
        for ident, (name, address, zone) in waiting.items():
            family = socket.AF_INET6 if ':' in address else socket.AF_INET
            try:
                sockets[family].sendto(
                    wire.soa_question(ident, zone, name == 'resolver'),
                    (address, 53))
            except OSError:
                pass  # refused so far: asked again in the next round

    @staticmethod
    def _listen(sockets, waiting):
        until = time.monotonic() + PROBE_INTERVAL
        while waiting and (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select(list(sockets.values()), [], [], left)
            for sock in ready:
                try:
                    packet = sock.recv(4096)
                except OSError:
                    continue
                ident = int.from_bytes(packet[:2], 'big')
                if ident in waiting and wire.is_good_answer(
                        packet, ident, waiting[ident][0] == 'resolver'):
                    del waiting[ident]

    def _remind_secondary(self, waiting):
        """It may have asked the primary before that one was there."""
        for name, _, zone in waiting.values():
            if name == 'secondary':
                self.relay.remind(zone)

    @staticmethod
    def _too_late(waiting):
        name, address, zone = next(iter(waiting.values()))
        raise world.LabError(
            f'{name} gave no good answer for {zone} SOA at {address} within '
            f'{START_SECONDS} s. Its log, {LAB}/log/{name}.log, ends:'
            f'{log_tail(name)}')

    def pebble(self):
        import ssl
        context = ssl.create_default_context(cafile=f'{LAB}/ca/bundle.pem')
        deadline = time.monotonic() + START_SECONDS
        while True:
            self._alive(['pebble'])
            try:
                https_get(context, world.ACME_PORT, '/dir')
                roots = [https_get(context, world.MANAGEMENT_PORT,
                                   f'/roots/{i}')
                         for i in range(self.options['alternate_roots'] + 1)]
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise world.LabError(
                        f'pebble did not answer at {world.CA_URL} within '
                        f'{START_SECONDS} s: {error}. Its log, '
                        f'{LAB}/log/pebble.log, ends:{log_tail("pebble")}'
                    ) from error
                time.sleep(PROBE_INTERVAL)
        # Pebble makes new issuing roots at each start.
        with open(f'{LAB}/ca/issuing-roots.pem.new', 'w') as file:
            file.writelines(roots)
        os.rename(f'{LAB}/ca/issuing-roots.pem.new',
                  f'{LAB}/ca/issuing-roots.pem')

    def wait(self, names):
        zone_servers = [name for name in names if name in world.ZONES]
        self.dns(zone_servers)
        if 'resolver' in names:
            self.dns(['resolver'])
        if 'pebble' in names:
            self.pebble()


def https_get(context, port, path):
    with socket.create_connection(('127.0.0.1', port), timeout=2) as plain:
        with context.wrap_socket(plain, server_hostname='localhost') as sock:
            sock.sendall((f'GET {path} HTTP/1.0\r\nHost: localhost:{port}\r\n'
                          'User-Agent: zoneseal-lab\r\n\r\n').encode())
            reply = b''
            while piece := sock.recv(65536):
                reply += piece
    head, _, body = reply.partition(b'\r\n\r\n')
    if b' 200 ' not in head.split(b'\r\n')[0] + b' ':
        raise OSError(f'GET {path}: {head.splitlines()[:1]}')
    return body.decode()


# -------------------------------------------------------------- relay

class Relay(threading.Thread):
    """Stands between primary and secondary: takes the primary's NOTIFY,
    acknowledges it, and passes it on when the lag is over."""

    def __init__(self, lag):
        super().__init__(daemon=True)
        self.lag = lag
        self.pending = []   # (time of arrival, packet)
        self.target = (world.ipv4('secondary'), 53)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((world.ipv4('relay'), 53))

    def run(self):
        while True:
            # A change of the lag takes effect within this time.
            timeout = 0.02 if self.pending else None
            if select.select([self.sock], [], [], timeout)[0]:
                self._take()
            now = time.monotonic()
            due = [p for p in self.pending if now >= p[0] + self.lag]
            for entry in due:
                self.pending.remove(entry)
                self._send(entry[1])

    def _take(self):
        try:
            packet, sender = self.sock.recvfrom(4096)
            if wire.is_notify_request(packet):
                self.sock.sendto(wire.acknowledge(packet), sender)
                self.pending.append((time.monotonic(), packet))
        except OSError:
            pass  # the secondary is down: "refused" for an earlier packet

    def _send(self, packet):
        try:
            self.sock.sendto(packet, self.target)
        except OSError:
            pass  # the secondary is down; it transfers when it starts

    def remind(self, zone):
        self._send(wire.notify(1, zone))


# ------------------------------------------------------------ control

class Control:
    """Serves the requests of scripts/lab, one at a time."""

    def __init__(self, servers, prober, relay, options):
        self.servers = servers
        self.prober = prober
        self.relay = relay
        self.options = options
        # A relative name: the path of a socket must be short.
        os.chdir(LAB)
        try:
            os.unlink('control')
        except FileNotFoundError:
            pass
        self.sock = socket.socket(socket.AF_UNIX)
        old = os.umask(0o177)
        self.sock.bind('control')
        os.umask(old)
        self.sock.listen(16)

    def serve(self):
        while True:
            peer, _ = self.sock.accept()
            with peer:
                peer.settimeout(5)
                try:
                    self._answer(peer)
                except (OSError, ValueError):
                    pass  # the asker went away

    def _answer(self, peer):
        request = json.loads(peer.makefile().readline())
        verb = request.pop('verb')
        try:
            handler = getattr(self, 'do_' + verb, None)
            if not handler:
                raise world.LabError(f'unknown request {verb}; the lab was '
                                     'started by another version of scripts/'
                                     'lab: run `scripts/lab down` and `up`')
            reply = {'ok': True} | (handler(**request) or {})
        except world.LabError as error:
            reply = {'ok': False, 'error': str(error)}
        peer.sendall(json.dumps(reply).encode() + b'\n')

    def _known(self, name):
        if name not in self.servers.commands:
            raise world.LabError(f'there is no server {name}; there are: '
                                 + ', '.join(self.servers.commands))

    def do_status(self):
        return {
            'servers': {
                name: {'state': self.servers.state(name),
                       'inner_pid': self.servers.pids.get(name)}
                for name in self.servers.commands},
            'options': self.options | {'lag': self.relay.lag},
            'network': os.stat('/proc/self/ns/net').st_ino,
        }

    def do_lag(self, seconds):
        self.relay.lag = seconds

    def do_stop(self, name):
        self._known(name)
        self.servers.stop(name)

    def do_start(self, name):
        self._known(name)
        if self.servers.state(name) in ('running', 'paused'):
            raise world.LabError(f'{name} is running already')
        if name == 'secondary':
            # Without its copies it asks the primary at once.
            for zone in world.ZONES[name]:
                for suffix in ('', '.jnl'):
                    try:
                        os.unlink(world.zone_file(LAB, name, zone) + suffix)
                    except FileNotFoundError:
                        pass
        self.servers.spawn(name)
        self.prober.wait([name])

    def do_pause(self, name):
        self._known(name)
        self.servers.signal(name, signal.SIGSTOP)
        self.servers.paused.add(name)

    def do_resume(self, name):
        self._known(name)
        self.servers.signal(name, signal.SIGCONT)
        self.servers.paused.discard(name)

    def do_down(self):
        os.kill(os.getpid(), signal.SIGTERM)


# --------------------------------------------------------------- main

def save_state(options):
    """/proc is still the one outside, so these are the numbers there."""
    with open('/proc/self/stat') as file:
        stat = file.read()
    state = {
        'pid': int(stat.split(' ', 1)[0]),
        'start_time': int(stat.rpartition(')')[2].split()[19]),
        'user_namespace': os.environ.get('LAB_USER_NAMESPACE') == '1',
        'options': options,
    }
    with open(f'{LAB}/state.json.new', 'w') as file:
        json.dump(state, file)
    os.rename(f'{LAB}/state.json.new', f'{LAB}/state.json')


def start(servers, options):
    relay = Relay(options['lag'])
    relay.start()
    prober = Prober(servers, options, relay)
    control = Control(servers, prober, relay, options)
    for name in servers.commands:
        servers.spawn(name)
    prober.wait(list(servers.commands))
    return control


def send_report(report, result):
    report.write(json.dumps(result) + '\n')
    report.close()


def main():
    report = os.fdopen(int(sys.argv[2]), 'w')
    os.set_inheritable(report.fileno(), False)
    with open(f'{LAB}/options.json') as file:
        options = json.load(file)
    # The main thread waits for these; no handler ever interrupts a thread.
    signals = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    result = {'ok': True}

    def work():
        # One thread starts every server and lives as long as they do: the
        # death signal of setpriv is sent when the starting *thread* ends.
        control = None
        try:
            control = start(servers, options)
        except (world.LabError, OSError) as error:
            result.update(ok=False, error=str(error))
        try:
            send_report(report, result)
        except BrokenPipeError:
            pass  # `lab up` was interrupted; the lab is up nevertheless
        if control:
            control.serve()
        os.kill(os.getpid(), signal.SIGTERM)

    try:
        if options['no_namespace']:
            check_addresses_free(options)
        # From here on the addresses on lo, if any, are ours to remove.
        save_state(options)
        if options['no_namespace']:
            add_addresses(options)
        else:
            enter_world(options)
        world.write_run(LAB, options)
        servers = Servers(options)
    except (world.LabError, OSError) as error:
        send_report(report, {'ok': False, 'error': str(error)})
        return 1

    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    threading.Thread(target=work, daemon=True).start()
    while signal.sigwait(signals) in (signal.SIGCHLD, signal.SIGHUP):
        servers.reap()
    servers.kill_all()
    if options['no_namespace']:
        remove_addresses(options)
    return 0 if result['ok'] else 1


if __name__ == '__main__':
    code = main()
    sys.stdout.flush()
    # Threads are still at work; there is nothing left for them.
    os._exit(code)
