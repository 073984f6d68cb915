"""FlatBuffers put together by hand: a table is a dictionary of its fields, lists and texts follow it."""

import struct
from collections.abc import Mapping
from typing import Any, TypeAlias

Field: TypeAlias = Any
"""(code, number); a text; bytes; (code, list of numbers) as a tuple of code and list; a list of tables; a table."""


def flatbuffer(table: Mapping[int, Field], identifier: bytes) -> bytes:
    """The file of a root table."""
    out = bytearray(4) + identifier
    struct.pack_into("<I", out, 0, _write(out, table))
    return bytes(out)


def _write(out: bytearray, table: Mapping[int, Field]) -> int:
    """Append a table and what hangs on it; where it begins."""
    fields = max(table, default=-1) + 1
    offsets, inline, waiting = [0] * fields, bytearray(4), []
    for field, value in table.items():
        offsets[field] = len(inline)
        if isinstance(value, tuple) and not isinstance(value[1], list):
            inline += struct.pack("<" + value[0], value[1])
        else:
            waiting.append((len(inline), value))
            inline += bytes(4)
    start = len(out)
    out += struct.pack(f"<HH{fields}H", 4 + 2 * fields, len(inline), *offsets)
    begin = len(out)
    struct.pack_into("<i", inline, 0, begin - start)
    out += inline
    for place, value in waiting:
        struct.pack_into("<I", out, begin + place, len(out) - begin - place)
        if isinstance(value, Mapping):
            at = len(out) - begin - place
            there = _write(out, value)
            struct.pack_into("<I", out, begin + place, there - begin - place)
            assert there >= at
        elif isinstance(value, str | bytes):
            raw = value.encode() if isinstance(value, str) else value
            out += struct.pack("<I", len(raw)) + raw + b"\0"
        elif isinstance(value, tuple):
            out += struct.pack(f"<I{len(value[1])}{value[0]}", len(value[1]), *value[1])
        else:
            first = len(out) + 4
            out += struct.pack("<I", len(value)) + bytes(4 * len(value))
            for i, one in enumerate(value):
                struct.pack_into("<I", out, first + 4 * i, _write(out, one) - first - 4 * i)
    return begin
