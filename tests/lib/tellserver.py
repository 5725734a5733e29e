#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the test plugins of tests/providers/tells.h talk to, and a relay that counts dynamic updates.

As a program, inside the lab: `tellserver.py tell KEY GATE SERVER...` takes the calls of plugins, makes their
changes with nsupdate at the server of the zone (ZONE=ADDRESS), and tells each step on standard output.
`tellserver.py relay ADDRESS` passes DNS over TCP on and tells of every UPDATE.  The first line is the port.

GATE says when a call that has done its work is answered:
    open    at once
    clash   when another call in the same zone has come, or a moment later
    collide when two calls in one zone have met, once
    meet    when calls in two zones have met
    stick   the first one never (its record is there then), the others at once
    full    at once; a remove does nothing, as with a service that cannot
"""

import json
import queue
import socket
import subprocess
import sys
import threading
import time

CLASH_SECONDS = 1.5
MEET_SECONDS = 20


def say(**event):
    sys.stdout.write(json.dumps(event) + '\n')
    sys.stdout.flush()


class Tell:
    def __init__(self, key, gate, servers):
        self.key, self.gate = key, gate
        self.servers = dict(s.split('=', 1) for s in servers)
        self.changed = threading.Condition()
        self.flying = []            # (number, zone) of the calls that run
        self.number = 0
        self.met = self.collided = False

    def begin(self, zone, changes):
        with self.changed:
            self.number += 1
            number = self.number
            self.flying.append((number, zone))
            say(event='begin', number=number, zone=zone, changes=changes, together=[z for _, z in self.flying])
            zones = [z for _, z in self.flying]
            self.met = self.met or len(set(zones)) > 1
            self.collided = self.collided or len(set(zones)) < len(zones)
            self.changed.notify_all()
        return number

    def end(self, number, zone):
        with self.changed:
            self.flying.remove((number, zone))
            say(event='end', number=number, zone=zone)
            self.changed.notify_all()

    def update(self, zone, changes):
        script = f'server {self.servers[zone].replace(":", " ")}\nzone {zone}\n'
        for op, name, value, *_ in changes:
            if op == 'add':
                script += f'update add {name} 60 TXT "{value}"\n'
            elif self.gate != 'full':
                script += f'update delete {name} TXT "{value}"\n'
        done = subprocess.run(['nsupdate', '-k', self.key], input=script + 'send\n', text=True, capture_output=True)
        return 'ok' if done.returncode == 0 else done.stderr.replace('\n', ' ')[:200]

    def wait(self, number, zone, connection):
        with self.changed:
            if self.gate == 'clash':
                self.changed.wait_for(lambda: sum(z == zone for _, z in self.flying) > 1, CLASH_SECONDS)
            elif self.gate == 'collide':
                self.changed.wait_for(lambda: self.collided, MEET_SECONDS)
            elif self.gate == 'meet':
                self.changed.wait_for(lambda: self.met, MEET_SECONDS)
        if self.gate == 'stick' and number == 1:
            connection.recv(1)      # until the host is gone

    def serve(self, connection):
        with connection, connection.makefile('rw', encoding='ascii', newline='\n') as stream:
            _, zone, n = stream.readline().split()
            changes = [stream.readline().split() for _ in range(int(n))]
            number = self.begin(zone, changes)
            answer = self.update(zone, changes)
            say(event='done', number=number, answer=answer)
            self.wait(number, zone, connection)
            self.end(number, zone)
            try:
                stream.write(answer + '\n')
                stream.flush()
            except OSError:
                pass


# ---- the relay ----------------------------------------------------------------------------------------------------


def skip_name(message, at):
    while message[at]:
        if message[at] >= 0xc0:
            return at + 2
        at += 1 + message[at]
    return at + 1


def read_name(message, at):
    labels = []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    return '.'.join(labels)


def describe(message):
    """{zone, added, removed} of an UPDATE (RFC 2136 2), None of anything else."""
    if message[2] >> 3 & 15 != 5:
        return None
    prerequisites, updates = (int.from_bytes(message[i:i + 2], 'big') for i in (6, 8))
    at, counts = skip_name(message, 12) + 4, {1: 0, 254: 0}
    for i in range(prerequisites + updates):
        at = skip_name(message, at)
        rrclass, length = int.from_bytes(message[at + 2:at + 4], 'big'), int.from_bytes(message[at + 8:at + 10], 'big')
        if i >= prerequisites:
            counts[rrclass] += 1
        at += 10 + length
    return {'zone': read_name(message, 12), 'added': counts[1], 'removed': counts[254]}


def receive(connection, n):
    data = b''
    while len(data) < n:
        more = connection.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def pump(source, target, watch):
    try:
        while True:
            head = receive(source, 2)
            message = receive(source, int.from_bytes(head, 'big'))
            update = describe(message) if watch else None
            if update:
                say(event='update', **update)
            target.sendall(head + message)
    except (EOFError, OSError):
        pass
    finally:
        for connection in (source, target):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def relay(connection, server):
    host, _, port = server.rpartition(':') if ':' in server else (server, '', 53)
    upstream = socket.create_connection((host, int(port)))
    threading.Thread(target=pump, args=(upstream, connection, False), daemon=True).start()
    pump(connection, upstream, True)


def main(kind, *arguments):
    listener = socket.create_server(('127.0.0.1', 0))
    listener.listen(64)
    say(port=listener.getsockname()[1])
    tell = Tell(arguments[0], arguments[1], arguments[2:]) if kind == 'tell' else None
    while True:
        connection, _ = listener.accept()
        target = (tell.serve, (connection,)) if tell else (relay, (connection, arguments[0]))
        threading.Thread(target=target[0], args=target[1], daemon=True).start()


# ---- for the tests ------------------------------------------------------------------------------------------------


class TellServer:
    """The program inside a lab: `with TellServer(lab, 'tell', key, 'open', 'example.test=127.53.0.11') as server`."""

    def __init__(self, lab, *arguments):
        self.process = lab.popen([sys.executable, __file__, *arguments], stdout=subprocess.PIPE)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.events = []
        self.port = self.lines.get(timeout=30)['port']

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def seen(self):
        """All events so far."""
        while not self.lines.empty():
            self.events.append(self.lines.get())
        return self.events

    def wait(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition(self.seen()):
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f'waited in vain: {self.events}')
            try:
                self.events.append(self.lines.get(timeout=left))
            except queue.Empty:
                pass

    def calls(self, op=None):
        """The begin events, in their order: all, or those with that operation."""
        return [e for e in self.seen() if e.get('event') == 'begin' and (not op or e['changes'][0][0] == op)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)


if __name__ == '__main__':
    main(*sys.argv[1:])
