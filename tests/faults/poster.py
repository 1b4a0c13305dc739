"""Posts numbered events from a process of its own, and remembers what was answered.

A number is posted once: what gets no answer, or another than 202, was not accepted. Events of one object come from one
loop, one after the other, so that they have an order.
"""
import asyncio
import json
import multiprocessing
import time

from campanile import NAMESPACE, OBJECTS

# Columns of what is returned.
Posted = tuple  # (number, due ns, answered ns, status)


class Poster:
    """Posts to `port` until it is stopped: `loops` closed loops, at `rate` events/s in total (0: as fast as they can)."""

    def __init__(self, port, providers=1, rate=0.0, loops=8, first=0, total=None, pad=120):
        self._pipe, theirs = multiprocessing.Pipe()
        arguments = (theirs, port, providers, rate, loops, first, total, pad)
        self._process = multiprocessing.Process(target=_run, args=arguments, daemon=True)
        self._process.start()
        theirs.close()

    def stop(self):
        """Ends it and returns a list of (number, due ns, answered ns, status)."""
        self._pipe.send(None)
        rows = self._pipe.recv()
        self._process.join()
        return rows

    def finish(self):
        """Waits until `total` is posted and returns the rows."""
        rows = self._pipe.recv()
        self._process.join()
        return rows


def accepted(rows):
    return {row[0] for row in rows if row[3] == 202}


def body(number, providers=1, pad=120):
    """The event of this number: about one of the objects of provider `number % providers`."""
    name = f"app-{number % providers}-{number // providers % OBJECTS}"
    return json.dumps({
        "involvedObject": {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "name": name,
                           "namespace": NAMESPACE, "uid": "7d0cdc51-ddcf-4743-b223-83ca5c699632"},
        "metadata": {"kustomize.toolkit.fluxcd.io/revision": f"main@sha1:{number:040x}"},
        "severity": "info", "reason": "ReconciliationSucceeded", "message": f"Reconciled seq={number:09} {'x' * pad}",
        "reportingController": "kustomize-controller", "reportingInstance": "kustomize-controller-0",
        "timestamp": "2026-11-22T07:26:19Z"}).encode()


def _run(pipe, port, providers, rate, loops, first, total, pad):
    asyncio.run(_post_all(pipe, port, providers, rate, loops, first, total, pad))


async def _post_all(pipe, port, providers, rate, loops, first, total, pad):
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_reader(pipe.fileno(), stopped.set)
    begin, rows = time.monotonic_ns(), []
    # An object's numbers differ by a multiple of `stride`, so they fall to one loop if `loops` divides it.
    assert OBJECTS * providers % loops == 0
    each = (_loop(stopped, port, range(loop, total or 1 << 40, loops), first, rate, begin, rows, (providers, pad))
            for loop in range(loops))
    await asyncio.gather(*each)
    pipe.send(rows)


async def _loop(stopped, port, numbers, first, rate, begin, rows, shape):
    streams = None
    for number in numbers:
        due = begin + int(number / rate * 1e9) if rate else time.monotonic_ns()
        pause = (due - time.monotonic_ns()) / 1e9
        if pause > 0:
            try:
                await asyncio.wait_for(stopped.wait(), pause)
            except TimeoutError:
                pass
        if stopped.is_set():
            break
        status, streams = await _post(port, streams, body(first + number, *shape))
        rows.append((first + number, due, time.monotonic_ns(), status))
        if status != 202:
            await asyncio.sleep(0.005)
    if streams:
        streams[1].close()


async def _post(port, streams, content):
    """One request over a kept connection. Returns the status, 0 if there was no answer, and the connection."""
    try:
        if streams is None:
            streams = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = streams
        head = f"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)
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
