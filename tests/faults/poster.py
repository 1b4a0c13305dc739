"""Posts numbered events from a process of its own, and remembers what was answered.

A number is posted once: what gets no answer, or another than 202, was not accepted. Events of one object come from one
loop, one after the other, so that they have an order.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Iterable, Sequence
from multiprocessing.connection import Connection
from typing import NamedTuple, TypeAlias

from campanile import NAMESPACE, OBJECTS
from processes import CONTEXT

HEAD = b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Posted(NamedTuple):
    """What became of one post; the times are of the monotonic clock in ns, status 0 is no answer."""

    number: int
    due: int
    answered: int
    status: int


class Load(NamedTuple):
    """Events from number `first` on, for `providers` in turn, at `rate` events/s (0: as fast as the loops can)."""

    port: int
    providers: int = 1
    rate: float = 0.0
    loops: int = 8
    first: int = 0
    total: int | None = None
    pad: int = 120


class Poster:
    """Posts a load until it is stopped."""

    def __init__(self, load: Load) -> None:
        self._pipe, theirs = CONTEXT.Pipe()
        self._process = CONTEXT.Process(target=_run, args=(theirs, load), daemon=True)
        self._process.start()
        theirs.close()

    def stop(self) -> list[Posted]:
        """Ends it and returns what was posted."""
        self._pipe.send(None)
        return self.finish()

    def finish(self) -> list[Posted]:
        """Waits until `total` is posted and returns what was."""
        rows: list[Posted] = self._pipe.recv()
        self._process.join()
        return rows


def accepted(rows: Iterable[Posted]) -> set[int]:
    """Numbers of the events that were answered 202."""
    return {row.number for row in rows if row.status == 202}


def body(number: int, providers: int = 1, pad: int = 120) -> bytes:
    """The event of this number: about one of the objects of provider `number % providers`."""
    name = f"app-{number % providers}-{number // providers % OBJECTS}"
    return json.dumps(
        {
            "involvedObject": {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
                "kind": "Kustomization",
                "name": name,
                "namespace": NAMESPACE,
                "uid": "7d0cdc51-ddcf-4743-b223-83ca5c699632",
            },
            "metadata": {"kustomize.toolkit.fluxcd.io/revision": f"main@sha1:{number:040x}"},
            "severity": "info",
            "reason": "ReconciliationSucceeded",
            "message": f"Reconciled seq={number:09} {'x' * pad}",
            "reportingController": "kustomize-controller",
            "reportingInstance": "kustomize-controller-0",
            "timestamp": "2026-11-22T07:26:19Z",
        }
    ).encode()


def _run(pipe: Connection, load: Load) -> None:
    asyncio.run(_post_all(pipe, load))


async def _post_all(pipe: Connection, load: Load) -> None:
    stopped, begin = asyncio.Event(), time.monotonic_ns()
    asyncio.get_running_loop().add_reader(pipe.fileno(), stopped.set)
    # An object's numbers differ by a multiple of this, so they fall to one loop if `loops` divides it.
    assert OBJECTS * load.providers % load.loops == 0
    numbers = [range(loop, load.total or 1 << 40, load.loops) for loop in range(load.loops)]
    loops = await asyncio.gather(*(_loop(stopped, load, each, begin) for each in numbers))
    pipe.send([row for rows in loops for row in rows])


async def _loop(stopped: asyncio.Event, load: Load, numbers: Sequence[int], begin: int) -> list[Posted]:
    rows = []
    streams: Streams | None = None
    for number in numbers:
        due = begin + int(number / load.rate * 1e9) if load.rate else time.monotonic_ns()
        pause = (due - time.monotonic_ns()) / 1e9
        if pause > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), pause)
        if stopped.is_set():
            break
        content = body(load.first + number, load.providers, load.pad)
        status, streams = await _post(load.port, streams, content)
        rows.append(Posted(load.first + number, due, time.monotonic_ns(), status))
        if status != 202:
            await asyncio.sleep(0.005)
    if streams:
        streams[1].close()
    return rows


async def _post(port: int, streams: Streams | None, content: bytes) -> tuple[int, Streams | None]:
    """One request over a kept connection. Returns the status, 0 if there was no answer, and the connection."""
    try:
        if streams is None:
            streams = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = streams
        writer.write(HEAD % len(content) + content)
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        status = int(answer.split(b" ", 2)[1])
        if b"connection: close" in answer.lower():
            writer.close()
            streams = None
        return status, streams
    except (OSError, asyncio.IncompleteReadError, TimeoutError):
        if streams:
            streams[1].close()
        return 0, None
