"""Decodes an OTLP trace export request into plain values, without a protobuf library."""

import struct
from collections.abc import Iterator
from typing import Any

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

# Message -> field number -> (name, kind); a kind of another message's name is decoded in turn.
MESSAGES = {
    "Request": {1: ("resourceSpans", "ResourceSpans")},
    "ResourceSpans": {1: ("resource", "Resource"), 2: ("scopeSpans", "ScopeSpans"), 3: ("schemaUrl", "text")},
    "Resource": {1: ("attributes", "KeyValue")},
    "ScopeSpans": {1: ("scope", "Scope"), 2: ("spans", "Span"), 3: ("schemaUrl", "text")},
    "Scope": {1: ("name", "text"), 2: ("version", "text"), 3: ("attributes", "KeyValue")},
    "Span": {
        1: ("traceId", "hex"),
        2: ("spanId", "hex"),
        3: ("traceState", "text"),
        4: ("parentSpanId", "hex"),
        5: ("name", "text"),
        6: ("kind", "number"),
        7: ("start", "number"),
        8: ("end", "number"),
        9: ("attributes", "KeyValue"),
        11: ("events", "hex"),
        15: ("status", "Status"),
        16: ("flags", "number"),
    },
    "Status": {2: ("message", "text"), 3: ("code", "number")},
    "KeyValue": {1: ("key", "text"), 2: ("value", "AnyValue")},
    "AnyValue": {1: ("string", "text"), 2: ("bool", "number"), 3: ("int", "number")},
}


def decode(data: bytes, message: str = "Request") -> dict[str, Any]:
    """{field name: value, or list of values for messages that repeat}."""
    found: dict[str, Any] = {}
    for number, value in _fields(data):
        name, kind = MESSAGES[message].get(number, (f"field{number}", "hex"))
        if kind in MESSAGES:
            found.setdefault(name, []).append(decode(value, kind))
        elif kind == "text":
            found[name] = value.decode("utf-8", "replace")
        else:
            found[name] = value.hex() if isinstance(value, bytes) else value
    return found


def attributes(pairs: list[dict[str, Any]] | None) -> dict[str, Any]:
    """A list of decoded KeyValues as a mapping."""
    return {pair["key"]: next(iter(pair["value"][0].values()), "") for pair in pairs or []}


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    value: Any
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = _varint(data, at)
        elif kind == BYTES:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            size, code = (8, "<Q") if kind == FIXED64 else (4, "<I")
            value, at = struct.unpack(code, data[at : at + size])[0], at + size
        yield tag >> 3, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
