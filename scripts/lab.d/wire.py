# SPDX-License-Identifier: Apache-2.0
"""The little DNS the lab speaks itself: SOA questions and NOTIFY."""

import struct

OPCODE_NOTIFY = 4
TYPE_SOA = 6
FLAG_RESPONSE = 0x8000
FLAG_AUTHORITATIVE = 0x0400
FLAG_RECURSION_DESIRED = 0x0100


def _name(name):
    labels = [label.encode() for label in name.split('.') if label]
    return b''.join(bytes([len(x)]) + x for x in labels) + b'\0'


def _message(ident, flags, zone):
    return (struct.pack('!6H', ident, flags, 1, 0, 0, 0) + _name(zone)
            + struct.pack('!2H', TYPE_SOA, 1))


def soa_question(ident, zone, recursive):
    return _message(ident, FLAG_RECURSION_DESIRED if recursive else 0, zone)


def notify(ident, zone):
    return _message(ident, OPCODE_NOTIFY << 11 | FLAG_AUTHORITATIVE, zone)


def is_notify_request(packet):
    if len(packet) < 12:
        return False
    flags = struct.unpack_from('!H', packet, 2)[0]
    return not flags & FLAG_RESPONSE and flags >> 11 & 15 == OPCODE_NOTIFY


def acknowledge(packet):
    """The response to a NOTIFY: its header and question, marked so."""
    ident, flags = struct.unpack_from('!2H', packet)
    end = 12
    while end < len(packet) and packet[end]:
        end += packet[end] + 1
    return (struct.pack('!6H', ident, flags | FLAG_RESPONSE, 1, 0, 0, 0)
            + packet[12:end + 5])


def is_good_answer(packet, ident, recursive):
    """No error, an answer, and authoritative where that is asked for."""
    if len(packet) < 12:
        return False
    got, flags, _, answers = struct.unpack_from('!4H', packet)
    authoritative = recursive or flags & FLAG_AUTHORITATIVE
    return bool(got == ident and flags & FLAG_RESPONSE and authoritative
                and not flags & 15 and answers)
