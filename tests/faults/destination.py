"""Destinations of notifications, good and bad, in a process of their own that remembers every arrival.

| manner | what the destination does |
|---|---|
| `answer` | answers with a status, after a delay |
| `silent` | takes the connection and never says a word: a black hole behind a load balancer, a TLS handshake |
| `deaf` | does not even take the connection: a black hole in the network |
| `refuse` | nobody listens |
| `trickle` | answers one byte a second |
| `endless` | answers with a body that never ends |
"""

import asyncio
import dataclasses
import functools
import os
import re
import socket
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from processes import CONTEXT

NUMBER = re.compile(rb"seq=(\d+)")
# A path that is a number says which life of the program sent the request.
LIFE = re.compile(rb"POST /(\d+)")
CHUNK = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"


@dataclasses.dataclass
class Manner:
    """How a port behaves."""

    kind: str = "answer"
    status: int = 200
    delay: float = 0.0


class Arrival(NamedTuple):
    """A request that came; the times are of the monotonic clock in ns, 0 if it was not answered."""

    number: int
    place: int
    arrived: int
    answered: int
    life: int


class Destination:
    """`len(manners)` ports, each with its manner."""

    def __init__(self, manners: Sequence[Manner], nice: int = 0) -> None:
        """With a `nice` above 0 it leaves the processor to others, as one on another machine does."""
        self._pipe, theirs = CONTEXT.Pipe()
        self._process = CONTEXT.Process(target=_run, args=(theirs, manners, nice), daemon=True)
        self._process.start()
        theirs.close()
        self.ports: list[int] = self._pipe.recv()

    def behave(self, place: int, manner: Manner) -> None:
        """Changes what a port does. One that was refused listens from now on."""
        self._ask(("behave", place, manner))

    def arrivals(self) -> list[Arrival]:
        """All requests in the order of arrival."""
        return list(self._ask(("arrivals",)))

    def count(self) -> int:
        """How many requests came."""
        return int(self._ask(("count",)))

    def peaks(self) -> list[int]:
        """The most connections that were open at once, by place."""
        return list(self._ask(("peaks",)))

    def close(self) -> None:
        self._process.terminate()
        self._process.join()

    def _ask(self, question: tuple[Any, ...]) -> Any:
        self._pipe.send(question)
        return self._pipe.recv()


class Book:
    """What happened at all ports."""

    def __init__(self, manners: Sequence[Manner]) -> None:
        self.manners = list(manners)
        self.rows: list[Arrival] = []
        # Listeners of places that refuse.
        self.refusing: dict[int, socket.socket] = {}
        self.servers: set[asyncio.Future[asyncio.Server]] = set()
        self.open = [0] * len(manners)
        self.peak = [0] * len(manners)


class Hook(asyncio.Protocol):
    """One connection."""

    def __init__(self, book: Book, place: int) -> None:
        self._book, self._place = book, place
        self._buffer = b""
        self._transport = asyncio.Transport()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._task: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        book, place = self._book, self._place
        book.open[place] += 1
        book.peak[place] = max(book.peak[place], book.open[place])
        transport.set_write_buffer_limits(high=65536)

    def connection_lost(self, _: Exception | None) -> None:
        self._book.open[self._place] -= 1
        self._flowing.set()
        if self._task:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._flowing.clear()

    def resume_writing(self) -> None:
        self._flowing.set()

    def data_received(self, data: bytes) -> None:
        if self._book.manners[self._place].kind == "silent":
            return
        self._buffer += data
        while (request := self._next_request()) is not None:
            self._arrived(request)

    def _next_request(self) -> bytes | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = re.search(rb"content-length: *(\d+)", self._buffer[:end].lower())
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) < whole:
            return None
        request, self._buffer = self._buffer[:whole], self._buffer[whole:]
        return request

    def _arrived(self, request: bytes) -> None:
        number, life = NUMBER.search(request), LIFE.match(request)
        row = len(self._book.rows)
        self._book.rows.append(
            Arrival(int(number[1]) if number else -1, self._place, time.monotonic_ns(), 0, int(life[1]) if life else 0)
        )
        manner = self._book.manners[self._place]
        if manner.kind == "answer" and manner.delay:
            asyncio.get_running_loop().call_later(manner.delay, self._answer, row, manner)
        elif manner.kind == "answer":
            self._answer(row, manner)
        elif self._task is None:
            self._task = asyncio.ensure_future(self._trickle() if manner.kind == "trickle" else self._endless())

    def _answer(self, row: int, manner: Manner) -> None:
        if not self._transport.is_closing():
            # Before it is written: who reads it may go on at once, and this process may be made to wait.
            self._book.rows[row] = self._book.rows[row]._replace(answered=time.monotonic_ns())
            self._transport.write(f"HTTP/1.1 {manner.status} Answer\r\ncontent-length: 2\r\n\r\n{{}}".encode())

    async def _trickle(self) -> None:
        for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b"x" * 100_000:
            self._transport.write(bytes([byte]))
            await asyncio.sleep(1)

    async def _endless(self) -> None:
        self._transport.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while not self._transport.is_closing():
            self._transport.write(CHUNK)
            await self._flowing.wait()
            await asyncio.sleep(0)


def _run(pipe: Connection, manners: Sequence[Manner], nice: int) -> None:
    os.nice(nice)
    asyncio.run(_serve(pipe, manners))


async def _serve(pipe: Connection, manners: Sequence[Manner]) -> None:
    loop, book = asyncio.get_running_loop(), Book(manners)
    ports: list[int] = []
    kept: list[socket.socket | asyncio.Server] = []
    for place, manner in enumerate(manners):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        ports.append(listener.getsockname()[1])
        kept.append(listener)
        if manner.kind == "deaf":
            kept.extend(_fill(listener))
        elif manner.kind == "refuse":
            book.refusing[place] = listener
        else:
            kept.append(await loop.create_server(functools.partial(Hook, book, place), sock=listener, backlog=1024))
    pipe.send(ports)
    ended = asyncio.Event()
    loop.add_reader(pipe.fileno(), _command, pipe, book, ended)
    await ended.wait()


def _fill(listener: socket.socket) -> Iterator[socket.socket]:
    """Fills the queue of a listener that accepts nothing, so that the kernel drops whatever else comes."""
    listener.listen(0)
    for _ in range(4):
        each = socket.socket()
        each.setblocking(False)
        each.connect_ex(listener.getsockname())
        yield each


def _command(pipe: Connection, book: Book, ended: asyncio.Event) -> None:
    try:
        verb, *rest = pipe.recv()
    except EOFError:
        ended.set()
        return
    answer: Any = None
    match verb:
        case "behave":
            place, book.manners[rest[0]] = rest
            if listener := book.refusing.pop(place, None):
                hook = functools.partial(Hook, book, place)
                server = asyncio.get_running_loop().create_server(hook, sock=listener, backlog=1024)
                book.servers.add(asyncio.ensure_future(server))
        case "arrivals":
            answer = book.rows
        case "count":
            answer = len(book.rows)
        case "peaks":
            answer = book.peak
    pipe.send(answer)
