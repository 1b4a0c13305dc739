"""Just enough AMQP 1.0 to receive what a client publishes: the types, the frames, and a server.

Values are None, bool, int, float, str, bytes, list, dict; a described value is a pair (code, value).
"""

import io
import struct
import uuid
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

# Descriptors of performatives, SASL frames and message sections.
OPEN, BEGIN, ATTACH, FLOW, TRANSFER, DISPOSITION, DETACH, END, CLOSE = range(0x10, 0x19)
SASL_MECHANISMS, SASL_INIT, SASL_OUTCOME = 0x40, 0x41, 0x44
PROPERTIES, APPLICATION_PROPERTIES, DATA = 0x73, 0x74, 0x75
ACCEPTED, TARGET, SOURCE = 0x24, 0x29, 0x28
SENDER, RECEIVER = False, True
SASL_HEADER, AMQP_HEADER = b"AMQP\x03\x01\x00\x00", b"AMQP\x00\x01\x00\x00"
BATCH_FORMAT = 0x80013700

# Type code -> size in bytes, and how they become a value.
FIXED: dict[int, tuple[int, Callable[[bytes], Any]]] = {
    0x40: (0, lambda _: None),
    0x41: (0, lambda _: True),
    0x42: (0, lambda _: False),
    0x43: (0, lambda _: 0),
    0x44: (0, lambda _: 0),
    0x45: (0, lambda _: []),
    0x56: (1, lambda b: b == b"\x01"),
    **{
        code: (size, lambda b: int.from_bytes(b, "big"))
        for code, size in {0x50: 1, 0x52: 1, 0x53: 1, 0x60: 2, 0x70: 4, 0x80: 8}.items()
    },
    **{
        code: (size, lambda b: int.from_bytes(b, "big", signed=True))
        for code, size in {0x51: 1, 0x54: 1, 0x55: 1, 0x61: 2, 0x71: 4, 0x81: 8, 0x83: 8}.items()
    },
    0x72: (4, lambda b: struct.unpack(">f", b)[0]),
    0x82: (8, lambda b: struct.unpack(">d", b)[0]),
    0x98: (16, lambda b: str(uuid.UUID(bytes=b))),
}


class Sized(int):
    """An integer with the type code and format it is sent with."""

    code, form = 0x71, ">i"


class UByte(Sized):
    code, form = 0x50, ">B"


class UShort(Sized):
    code, form = 0x60, ">H"


class UInt(Sized):
    code, form = 0x70, ">I"


class ULong(Sized):
    code, form = 0x80, ">Q"


class Symbol(str):
    """A string to be sent as a symbol."""


def decode(data: bytes, at: int = 0) -> tuple[Any, int]:
    """The value at `at`, and where the next one starts."""
    code = data[at]
    at += 1
    if code == 0x00:
        descriptor, at = decode(data, at)
        value, at = decode(data, at)
        return (descriptor, value), at
    if code in FIXED:
        size, convert = FIXED[code]
        return convert(data[at : at + size]), at + size
    width = 1 if code & 0xF0 in (0xA0, 0xC0, 0xE0) else 4
    size = int.from_bytes(data[at : at + width], "big")
    content, end = data[at + width : at + width + size], at + width + size
    if code & 0x0F == 0 and code & 0xF0 in (0xA0, 0xB0):
        return content, end
    if code & 0xF0 in (0xA0, 0xB0):
        return content.decode("utf-8", "replace"), end
    if code & 0xF0 in (0xE0, 0xF0):
        return content, end  # arrays stay encoded: nothing here looks into them
    values, place = [], width
    while place < len(content):
        value, place = decode(content, place)
        values.append(value)
    return (values if code & 0x0F == 0 else dict(zip(values[::2], values[1::2], strict=True))), end


def encode(value: Any) -> bytes:
    """The wire form of a value."""
    if value is None:
        return b"\x40"
    if isinstance(value, bool):
        return b"\x41" if value else b"\x42"
    if isinstance(value, int):
        value = value if isinstance(value, Sized) else Sized(value)
        return bytes([value.code]) + struct.pack(value.form, value)
    if isinstance(value, (str, bytes)):
        raw = value.encode() if isinstance(value, str) else value
        code = b"\xb3" if isinstance(value, Symbol) else b"\xb1" if isinstance(value, str) else b"\xb0"
        return code + struct.pack(">I", len(raw)) + raw
    if isinstance(value, tuple):
        return bytes([0x00, 0x53, value[0]]) + encode(value[1])
    flat = value if isinstance(value, list) else [part for pair in value.items() for part in pair]
    raw = b"".join(map(encode, flat))
    return (b"\xd0" if isinstance(value, list) else b"\xd1") + struct.pack(">II", len(raw) + 4, len(flat)) + raw


def sections(payload: bytes) -> dict[int, list[Any]]:
    """{descriptor: [values]} of a message."""
    found: dict[int, list[Any]] = {}
    at = 0
    while at < len(payload):
        (descriptor, value), at = decode(payload, at)
        found.setdefault(descriptor, []).append(value)
    return found


class Transfer(NamedTuple):
    """A message of which more may come."""

    delivery: int
    message_format: int | None
    payload: bytes


class Connection:
    """One client connection: accepts every login and link, and hands on what is published.

    `publish(target, body)` is called with the name of the link's target and the bytes of each message.
    """

    def __init__(
        self, stream_in: io.BufferedIOBase, stream_out: io.BufferedIOBase, publish: Callable[[str, bytes], None]
    ) -> None:
        self._in = stream_in
        self._out = stream_out
        self._publish = publish
        self._names: dict[tuple[int, int], str] = {}  # (channel, handle) -> target of a client's sending link
        self._replies: dict[int, int] = {}  # channel -> handle of the client's link that receives from $cbs
        self._partial: dict[tuple[int, int], Transfer] = {}  # (channel, handle) -> unfinished transfer
        self._sent = 0

    def serve(self) -> None:
        """Serves until the client closes the connection."""
        if self._in.read(8) == SASL_HEADER:
            self._out.write(SASL_HEADER)
            self._send(0, (SASL_MECHANISMS, [Symbol("ANONYMOUS")]), sasl=True)
            self._read()
            self._send(0, (SASL_OUTCOME, [UByte(0)]), sasl=True)
            self._in.read(8)
        self._out.write(AMQP_HEADER)
        self._out.flush()
        while True:
            channel, performative, payload = self._read()
            if performative is None:
                continue
            code, fields = performative
            handler = self._handlers.get(code)
            if handler:
                handler(self, channel, fields + [None] * 14, payload)
            if code == CLOSE:
                return

    def _read(self) -> tuple[int, tuple[int, list[Any]] | None, bytes]:
        head = self._in.read(8)
        if len(head) < 8:
            raise ConnectionError("closed")
        size, offset, _, channel = struct.unpack(">IBBH", head)
        body = self._in.read(size - 8)[offset * 4 - 8 :]
        if not body:
            return channel, None, b""
        performative, end = decode(body)
        return channel, performative, body[end:]

    def _send(
        self, channel: int, performative: tuple[int, list[Any]], payload: bytes = b"", sasl: bool = False
    ) -> None:
        body = encode(performative) + payload
        self._out.write(struct.pack(">IBBH", len(body) + 8, 2, int(sasl), channel) + body)
        self._out.flush()

    def _on_open(self, channel: int, fields: list[Any], payload: bytes) -> None:
        self._send(0, (OPEN, ["blackbox", None, UInt(1 << 20), UShort(255)]))

    def _on_begin(self, channel: int, fields: list[Any], payload: bytes) -> None:
        window = UInt(5000)
        self._send(channel, (BEGIN, [UShort(channel), UInt(0), window, window, UInt(255)]))

    def _on_attach(self, channel: int, fields: list[Any], payload: bytes) -> None:
        name, handle, role, source, target = fields[0], fields[1], fields[2], fields[5], fields[6]
        self._send(
            channel,
            (
                ATTACH,
                [
                    name,
                    UInt(handle),
                    not role,
                    UByte(fields[3] or 0),
                    UByte(fields[4] or 0),
                    (SOURCE, [source[1][0] if source[1] else None]),
                    (TARGET, [target[1][0] if target[1] else None]),
                    None,
                    None,
                    UInt(0),
                    ULong(1 << 20),
                ],
            ),
        )
        if role == SENDER:
            self._names[channel, handle] = target[1][0]
            self._send(channel, (FLOW, [UInt(0), UInt(5000), UInt(0), UInt(5000), UInt(handle), UInt(0), UInt(1000)]))
        else:
            self._replies[channel] = handle

    def _on_transfer(self, channel: int, fields: list[Any], payload: bytes) -> None:
        handle, delivery, more = fields[0], fields[1], fields[5]
        begun = self._partial.pop((channel, handle), Transfer(delivery, fields[3], b""))
        whole = begun.payload + payload
        if more:
            self._partial[channel, handle] = begun._replace(payload=whole)
            return
        if not fields[4]:
            number = UInt(begun.delivery)
            self._send(channel, (DISPOSITION, [RECEIVER, number, number, True, (ACCEPTED, [])]))
        target = self._names[channel, handle]
        if target == "$cbs":
            self._answer_login(channel, sections(whole))
            return
        inner = sections(whole)[DATA] if begun.message_format == BATCH_FORMAT else [whole]
        for message in inner:
            self._publish(target, b"".join(sections(message).get(DATA, [])))

    def _answer_login(self, channel: int, message: dict[int, list[Any]]) -> None:
        """Every token that is put is accepted."""
        identity = (message.get(PROPERTIES, [[None]])[0] + [None])[0]
        answer = encode((PROPERTIES, [None, None, None, None, None, identity]))
        answer += encode((APPLICATION_PROPERTIES, {"status-code": 202, "status-description": "Accepted"}))
        answer += encode((0x77, None))
        self._sent += 1
        fields = [UInt(self._replies[channel]), UInt(self._sent), str(self._sent).encode(), UInt(0), True]
        self._send(channel, (TRANSFER, fields), answer)

    def _on_detach(self, channel: int, fields: list[Any], payload: bytes) -> None:
        self._send(channel, (DETACH, [UInt(fields[0]), True]))

    def _on_end(self, channel: int, fields: list[Any], payload: bytes) -> None:
        self._send(channel, (END, []))

    def _on_close(self, channel: int, fields: list[Any], payload: bytes) -> None:
        self._send(0, (CLOSE, []))

    _handlers: ClassVar = {
        OPEN: _on_open,
        BEGIN: _on_begin,
        ATTACH: _on_attach,
        TRANSFER: _on_transfer,
        DETACH: _on_detach,
        END: _on_end,
        CLOSE: _on_close,
    }
