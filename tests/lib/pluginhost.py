# SPDX-License-Identifier: Apache-2.0
"""A plugin, loaded into this process: what it answers call by call, without the core.

For tests of what a provider does that count requests or need states of a service which the
conformance kit does not make.  The real host confines a plugin and checks what it says; this
one only listens.  Of a build with sanitizers nothing can be loaded into an ordinary Python.
"""

import ctypes
import dataclasses
import time

U16, U32, I32, I64, SIZE, POINTER = (ctypes.c_uint16, ctypes.c_uint32, ctypes.c_int32, ctypes.c_int64, ctypes.c_size_t,
                                     ctypes.c_void_p)
OK, AUTH, DENIED, NOT_FOUND, CONFLICT, RATE_LIMITED, TRANSIENT, CONFIG, BUG = range(9)
ADD, REMOVE = 1, 2
SECRET, INTEGER, DURATION, BOOLEAN = 2, 4, 5, 6
MAGIC, ABI = 0x3150535a, (1, 0)
UNITS = {'ms': 1, 's': 1000, 'm': 60000, 'h': 3600000}


class Struct(ctypes.Structure):
    pass


class Head(Struct):
    _fields_ = [('magic', U32), ('abi_major', U16), ('abi_minor', U16), ('struct_size', U32), ('flags', U32)]


class Str(Struct):
    _fields_ = [('p', POINTER), ('n', SIZE)]

    def text(self):
        return ctypes.string_at(self.p, self.n).decode() if self.n else ''


class List(Struct):
    _fields_ = [('items', POINTER), ('n', U32), ('item_size', U32)]

    def each(self, type):
        return [type.from_address(self.items + i * self.item_size) for i in range(self.n)]


class Option(Struct):
    _fields_ = [('name', Str), ('kind', U32), ('required', U32), ('fallback', Str), ('env', Str), ('help', Str), ('min', I64),
                ('max', I64)]


class Value(Struct):
    _fields_ = [('name', Str), ('text', Str), ('number', I64), ('is_given', U32), ('reserved', U32)]


class Change(Struct):
    _fields_ = [('op', U32), ('ttl', U32), ('name', Str), ('value', Str), ('identifier', Str), ('token', Str),
                ('key_authorization', Str)]


class Zone(Struct):
    _fields_ = [('zone', Str), ('names', List)]


HOST = POINTER
CALLBACKS = {
    'log': ctypes.CFUNCTYPE(None, HOST, I32, POINTER, SIZE),
    'fail': ctypes.CFUNCTYPE(I32, HOST, I32, I64, POINTER, SIZE),
    'result': ctypes.CFUNCTYPE(I32, HOST, U32, I32, POINTER, SIZE),
    'zone': ctypes.CFUNCTYPE(I32, HOST, POINTER, SIZE),
    'ticket': ctypes.CFUNCTYPE(I32, HOST, POINTER, SIZE),
    'deadline_left_ms': ctypes.CFUNCTYPE(I64, HOST),
    'cancelled': ctypes.CFUNCTYPE(I32, HOST),
    'wall_ms': ctypes.CFUNCTYPE(I64, HOST),
    'print': ctypes.CFUNCTYPE(I32, HOST, POINTER, SIZE),
}


class Host(Struct):
    _fields_ = [('head', Head), ('context', POINTER)] + [(name, type) for name, type in CALLBACKS.items()]


class Provider(Struct):
    _fields_ = [('head', Head), ('name', Str), ('summary', Str), ('url', Str), ('options', List), ('max_changes', U32),
                ('max_values', U32), ('permissions', Str),
                ('open', ctypes.CFUNCTYPE(I32, HOST, POINTER, POINTER)),
                ('apply', ctypes.CFUNCTYPE(I32, POINTER, POINTER, POINTER)),
                ('zones', ctypes.CFUNCTYPE(I32, POINTER, POINTER)),
                ('live', ctypes.CFUNCTYPE(I32, POINTER, POINTER, POINTER, POINTER)),
                ('check', ctypes.CFUNCTYPE(I32, POINTER, POINTER)),
                ('close', ctypes.CFUNCTYPE(None, POINTER)),
                ('policy', ctypes.CFUNCTYPE(I32, HOST, POINTER, POINTER))]


@dataclasses.dataclass
class Answer:
    """What came of a call."""

    code: int
    text: str = ''              # of the last fail()
    retry_after_ms: int = 0
    results: dict = dataclasses.field(default_factory=dict)     # index -> (class, text)
    zones: list = dataclasses.field(default_factory=list)
    ticket: bytes = b''
    printed: str = ''
    logged: list = dataclasses.field(default_factory=list)      # (level, text)

    def of(self, index):
        """(class, text) of one item, as a host reads it."""
        return self.results.get(index, (self.code, self.text))


class Plugin:
    """Plugin(FILE).open(option='...').  Calls: apply, zones, check, policy, close."""

    def __init__(self, file, deadline_ms=60000):
        self.library = ctypes.CDLL(str(file))
        entry = self.library.zoneseal_provider
        entry.restype, entry.argtypes = ctypes.POINTER(Provider), [U32]
        self.provider = entry(ABI[0] << 16 | ABI[1]).contents
        self.options = self.provider.options.each(Option)
        self.deadline_ms, self.instance, self.kept, self.cancel = deadline_ms, POINTER(), [], False
        self.callbacks = {name: type(getattr(self, 'on_' + name)) for name, type in CALLBACKS.items()}
        self.host = Host(Head(MAGIC, *ABI, ctypes.sizeof(Host), 0), None, *self.callbacks.values())

    # -- the host table

    def on_log(self, _, level, text, n):
        self.answer.logged.append((level, ctypes.string_at(text, n).decode('utf-8', 'replace')))

    def on_fail(self, _, code, retry_after_ms, text, n):
        self.answer.text = ctypes.string_at(text, n).decode('utf-8', 'replace')
        self.answer.retry_after_ms = retry_after_ms
        return code

    def on_result(self, _, index, code, text, n):
        assert index not in self.answer.results, f'two results for {index}'
        self.answer.results[index] = (code, ctypes.string_at(text, n).decode('utf-8', 'replace') if n else '')
        return OK

    def on_zone(self, _, name, n):
        self.answer.zones.append(ctypes.string_at(name, n).decode())
        return OK

    def on_ticket(self, _, ticket, n):
        self.answer.ticket = ctypes.string_at(ticket, n)
        return OK

    def on_deadline_left_ms(self, _):
        return max(0, int((self.deadline - time.monotonic()) * 1000))

    def on_cancelled(self, _):
        return int(self.cancel or time.monotonic() >= self.deadline)

    def on_wall_ms(self, _):
        return int(time.time() * 1000)

    def on_print(self, _, text, n):
        self.answer.printed += ctypes.string_at(text, n).decode()
        return OK

    # -- data

    def str(self, text):
        data = ctypes.create_string_buffer(text if isinstance(text, bytes) else text.encode())
        self.kept.append(data)
        return Str(ctypes.addressof(data), len(data) - 1)

    def list(self, type, items):
        array = (type * max(1, len(items)))(*items)
        self.kept.append(array)
        return List(ctypes.addressof(array), len(items), ctypes.sizeof(type))

    def number(self, option, text):
        if option.kind == BOOLEAN:
            return int(text in ('yes', 'true', 'on', '1'))
        if option.kind == DURATION:
            unit = text.lstrip('0123456789') or 's'
            return int(text.removesuffix(unit)) * UNITS[unit]
        return int(text) if option.kind == INTEGER else 0

    def value(self, option, given, all_optional):
        name, fallback = option.name.text(), option.fallback.text()
        text = given.pop(name, None)
        if text is None and not fallback:
            assert all_optional or not option.required, f'option {name} is required'
            return Value(option.name)
        used = fallback if text is None else str(text)
        return Value(option.name, self.str(used), self.number(option, used), text is not None, 0)

    def values(self, options, all_optional=False):
        given = {name.replace('_', '-'): text for name, text in options.items() if text is not None}
        values = [self.value(option, given, all_optional) for option in self.options]
        assert not given, f'no such options: {given}'
        return self.list(Value, values)

    def zone_list(self, zones):
        return self.list(Zone, [Zone(self.str(zone), self.list(Str, [self.str(name) for name in names]))
                                for zone, names in zones.items()])

    # -- calls

    def call(self, function, *arguments):
        self.answer = Answer(BUG)
        self.deadline = time.monotonic() + self.deadline_ms / 1000
        self.answer.code = function(*arguments)
        self.kept.clear()
        return self.answer

    def open(self, **options):
        values = self.values(options)
        return self.call(self.provider.open, ctypes.addressof(self.host), ctypes.addressof(values),
                         ctypes.addressof(self.instance))

    def change(self, op, name, value, ttl):
        return Change(op, ttl, self.str(name), self.str(value), Str(), Str(), Str())

    def apply(self, zone, changes, ttl=0):
        """changes: (ADD or REMOVE, name, value)."""
        zone, listed = self.str(zone), self.list(Change, [self.change(*change, ttl) for change in changes])
        return self.call(self.provider.apply, self.instance, ctypes.addressof(zone), ctypes.addressof(listed))

    def zones(self, find=''):
        find = self.str(find)
        return self.call(self.provider.zones, self.instance, ctypes.addressof(find))

    def check(self, zones):
        """zones: {zone: [names]}."""
        listed = self.zone_list(zones)
        return self.call(self.provider.check, self.instance, ctypes.addressof(listed))

    def policy(self, zones, **options):
        values, listed = self.values(options, True), self.zone_list(zones)
        return self.call(self.provider.policy, ctypes.addressof(self.host), ctypes.addressof(values), ctypes.addressof(listed))

    def close(self):
        if self.instance:
            self.call(self.provider.close, self.instance)
            self.instance = POINTER()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
