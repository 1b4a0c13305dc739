"""Destinations of notifications, good and bad, in a process of their own that remembers every arrival.

| manner | what the destination does |
|---|---|
| `answer` | answers with a status, after a delay |
| `silent` | takes the connection and never says a word: a black hole behind a load balancer, a TLS handshake that hangs |
| `deaf` | does not even take the connection: a black hole in the network |
| `refuse` | nobody listens |
| `trickle` | answers one byte a second |
| `endless` | answers with a body that never ends |
"""
import asyncio
import dataclasses
import multiprocessing
import re
import socket
import time

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


class Destination:
    """`len(manners)` ports, each with its manner."""

    def __init__(self, manners):
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=_run, args=(theirs, manners), daemon=True)
        self._process.start()
        theirs.close()
        self.ports = self._pipe.recv()

    def behave(self, place, manner):
        """Changes what an open port does."""
        self._ask(("behave", place, manner))

    def arrivals(self):
        """A list of (number, place of the port, arrived ns, answered ns or 0, life), in the order of arrival."""
        return self._ask(("arrivals",))

    def count(self):
        return self._ask(("count",))

    def peaks(self):
        """The most connections that were open at once, by place."""
        return self._ask(("peaks",))

    def close(self):
        self._process.terminate()
        self._process.join()

    def _ask(self, question):
        self._pipe.send(question)
        return self._pipe.recv()


class Book:
    """What happened at all ports."""

    def __init__(self, manners):
        self.manners = list(manners)
        self.rows = []
        self.open = [0] * len(manners)
        self.peak = [0] * len(manners)


class Hook(asyncio.Protocol):
    """One connection."""

    def __init__(self, book, place):
        self._book, self._place = book, place
        self._buffer = b""
        self._transport = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._task = None

    def connection_made(self, transport):
        self._transport = transport
        book, place = self._book, self._place
        book.open[place] += 1
        book.peak[place] = max(book.peak[place], book.open[place])
        transport.set_write_buffer_limits(high=65536)

    def connection_lost(self, _):
        self._book.open[self._place] -= 1
        self._flowing.set()
        if self._task:
            self._task.cancel()

    def pause_writing(self):
        self._flowing.clear()

    def resume_writing(self):
        self._flowing.set()

    def data_received(self, data):
        if self._book.manners[self._place].kind == "silent":
            return
        self._buffer += data
        while (request := self._next_request()) is not None:
            self._arrived(request)

    def _next_request(self):
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = re.search(rb"content-length: *(\d+)", self._buffer[:end].lower())
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) < whole:
            return None
        request, self._buffer = self._buffer[:whole], self._buffer[whole:]
        return request

    def _arrived(self, request):
        number, life = NUMBER.search(request), LIFE.match(request)
        row = [int(number[1]) if number else -1, self._place, time.monotonic_ns(), 0, int(life[1]) if life else 0]
        self._book.rows.append(row)
        manner = self._book.manners[self._place]
        if manner.kind == "answer":
            asyncio.get_running_loop().call_later(manner.delay, self._answer, row, manner) if manner.delay else self._answer(row, manner)
        elif self._task is None:
            self._task = asyncio.ensure_future(self._trickle() if manner.kind == "trickle" else self._endless())

    def _answer(self, row, manner):
        if not self._transport.is_closing():
            # Before it is written: who reads it may go on at once, and this process may be made to wait.
            row[3] = time.monotonic_ns()
            self._transport.write(f"HTTP/1.1 {manner.status} Answer\r\ncontent-length: 2\r\n\r\n{{}}".encode())

    async def _trickle(self):
        for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b"x" * 100_000:
            self._transport.write(bytes([byte]))
            await asyncio.sleep(1)

    async def _endless(self):
        self._transport.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while not self._transport.is_closing():
            self._transport.write(CHUNK)
            await self._flowing.wait()
            await asyncio.sleep(0)


def _run(pipe, manners):
    asyncio.run(_serve(pipe, manners))


async def _serve(pipe, manners):
    loop, book, ports, kept = asyncio.get_running_loop(), Book(manners), [], []
    for place, manner in enumerate(manners):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        ports.append(listener.getsockname()[1])
        kept.append(listener)
        if manner.kind == "deaf":
            kept.extend(_fill(listener))
        elif manner.kind != "refuse":
            kept.append(await loop.create_server(lambda place=place: Hook(book, place), sock=listener, backlog=1024))
    pipe.send(ports)
    ended = asyncio.Event()
    loop.add_reader(pipe.fileno(), _command, pipe, book, ended)
    await ended.wait()


def _fill(listener):
    """Fills the queue of a listener that accepts nothing, so that the kernel drops whatever else comes."""
    listener.listen(0)
    for _ in range(4):
        each = socket.socket()
        each.setblocking(False)
        each.connect_ex(listener.getsockname())
        yield each


def _command(pipe, book, ended):
    try:
        verb, *rest = pipe.recv()
    except EOFError:
        return ended.set()
    answer = None
    match verb:
        case "behave":
            book.manners[rest[0]] = rest[1]
        case "arrivals":
            answer = [tuple(row) for row in book.rows]
        case "count":
            answer = len(book.rows)
        case "peaks":
            answer = book.peak
    pipe.send(answer)
