#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that fails on purpose: after so many octets from the server everything is reset for a while.

    resetproxy.py --target HOST:PORT --after OCTETS --outage SECONDS --port-file PATH

It passes octets on, unread.  Once OCTETS have come from the server, all connections together, it resets them
(RST) and for SECONDS every new one as soon as it is there; from then on it is a good proxy.  While PATH.down exists
it behaves as in the outage, so that a test can choose the moment.
"""

import argparse
import os
import pathlib
import selectors
import socket
import struct
import time


class Proxy:
    """One listener, pairs of sockets, and the outage."""

    def __init__(self, arguments):
        host, port = arguments.target.rsplit(':', 1)
        self.target = (host, int(port))
        self.left, self.outage = arguments.after, arguments.outage
        self.until = 0.0
        self.switch = pathlib.Path(f'{arguments.port_file}.down')
        self.selector = selectors.DefaultSelector()
        self.pairs = {}
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.selector.register(self.listener, selectors.EVENT_READ)
        temporary = pathlib.Path(f'{arguments.port_file}.tmp')
        temporary.write_text(str(self.listener.getsockname()[1]))
        temporary.rename(arguments.port_file)

    def is_down(self):
        return time.monotonic() < self.until or self.switch.exists()

    def accept(self):
        client, _ = self.listener.accept()
        if self.is_down():
            reset(client)
            return
        server = socket.create_connection(self.target)
        for sock, other, is_server in ((client, server, False), (server, client, True)):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pairs[sock] = (other, is_server)
            self.selector.register(sock, selectors.EVENT_READ)

    def drop(self, sock, how):
        other, _ = self.pairs.pop(sock)
        self.pairs.pop(other)
        for one in (sock, other):
            self.selector.unregister(one)
            how(one)

    def reset_all(self):
        while self.pairs:
            self.drop(next(iter(self.pairs)), reset)

    def count(self, octets):
        """True when this was the last straw."""
        if self.left is None or self.left < 0:
            return False
        self.left -= octets
        if self.left >= 0:
            return False
        self.until = time.monotonic() + self.outage
        return True

    def pass_on(self, sock):
        other, is_server = self.pairs[sock]
        try:
            data = sock.recv(65536)
            if data and not (is_server and self.count(len(data))):
                other.sendall(data)
                return
        except OSError:
            data = b''
        if data:
            self.reset_all()
        else:
            self.drop(sock, socket.socket.close)

    def run(self):
        while True:
            for key, _ in self.selector.select(0.05):
                if key.fileobj is self.listener:
                    self.accept()
                elif key.fileobj in self.pairs:
                    self.pass_on(key.fileobj)
            if self.switch.exists():
                self.reset_all()


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    sock.close()


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--target', required=True)
    parser.add_argument('--after', type=int, default=None)
    parser.add_argument('--outage', type=float, default=3.0)
    parser.add_argument('--port-file', required=True, type=os.fspath)
    return parser.parse_args()


if __name__ == '__main__':
    Proxy(parse()).run()
