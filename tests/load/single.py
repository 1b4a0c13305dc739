"""Single figures: each a name, a value in words, and the goal beside it."""

import argparse
import contextlib
import http.server
import os
import pathlib
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Self, TypeAlias

import manifests
from instance import Instance, fetch, folder, free_port, generate, wait

# Name, value in words, goal.
Figure: TypeAlias = tuple[str, str, str]


def disk() -> Figure:
    """What one commit costs this disk: 1 KiB appended and synced alone, and 100 in a group."""
    with tempfile.NamedTemporaryFile(prefix="campanile-load-") as file:
        rates = [appends(file.fileno(), size, 1.0) for size in (1, 100)]
    words = " / ".join(f"{rate:,.0f}/s" for rate in rates)
    return "disk: append + fdatasync of 1 KiB, single / in groups of 100", words, "–"


def appends(file: int, size: int, seconds: float) -> float:
    """The rate, per second, of appends of 1 KiB to the open file, synced in groups of `size`."""
    block, done, end = os.urandom(1024), 0, time.monotonic() + seconds
    while time.monotonic() < end:
        for _ in range(size):
            os.write(file, block)
        os.fdatasync(file)
        done += size
    return done / seconds


def binary(args: argparse.Namespace) -> Figure:
    """Size of the program."""
    return "binary", f"{pathlib.Path(args.campanile).stat().st_size / 2**20:.1f} MiB", "≤ 30 MiB stripped"


def start(args: argparse.Namespace) -> Figure:
    """From the start of the process to the first delivery, the event posted as soon as it is taken."""
    with Sink() as sink, folder() as name:
        where = pathlib.Path(name)
        manifests.one_matches(where / "manifests", sink.port, 10_000)
        begin = time.monotonic()
        instance = Instance(args.campanile, where)
        wait(lambda: fetch(instance.events, manifests.event(1)) is not None, 30, "no event is taken", 0.005)
        wait(lambda: sink.requests, 30, "nothing is delivered", 0.005)
        took = sink.requests[0][0] - begin
        instance.stop()
    return "start to first delivery, 10,000 Alerts", f"{took:.2f} s", "≤ 1 s"


@contextlib.contextmanager
def thousand(args: argparse.Namespace) -> Iterator[tuple[Instance, str]]:
    """An instance whose 1,000 Providers all take every event, and the ports of their destinations."""
    sinks = [free_port() for _ in range(4)]
    with folder() as name:
        where = pathlib.Path(name)
        manifests.all_match(where / "manifests", sinks, 1000)
        with Instance(args.campanile, where) as instance:
            instance.await_alerts(1000)
            yield instance, ",".join(map(str, sinks))


def fan_out(args: argparse.Namespace) -> Figure:
    """One event to 1,000 Providers, then 120 more over the connections that are open then."""
    with thousand(args) as (instance, ports):
        row = generate(args.loadgen, instance.events, ports, 121, "--rate=5", "--concurrency=4", "--fanout=1000")
    took = row["e2e_ms"]
    # The cold event is less than a hundredth of all deliveries, so the 99th percentile is one of the slowest warm ones.
    words = f"{took['p99']:.0f} / {took['max']:.0f} ms, {row['missing']} missing"
    return "one event → 1,000 Providers, all delivered, warm (p99) / cold (max)", words, "≤ 50 / 150 ms"


def crowd(args: argparse.Namespace, events: int) -> Figure:
    """Events to 1,000 Providers from eight senders at once, as fast as they are taken."""
    with thousand(args) as (instance, ports):
        before = instance.cpu()
        row = generate(args.loadgen, instance.events, ports, events, "--concurrency=8", "--fanout=1000")
        took, evicted = instance.cpu() - before, instance.evicted()
    words = (
        f"{row['delivered_per_s']:,.0f}/s, {evicted:,} connections closed for others, "
        f"{took * 100 / events:.1f} s of processor time, {row['missing']} missing"
    )
    goal = "≥ 18,000/s, as with 100 Providers, none closed once all are warm"
    return f"{events} events → 1,000 Providers, eight senders; processor time for 100,000 deliveries", words, goal


def black_hole(args: argparse.Namespace, seconds: int) -> Figure:
    """Two Providers, one of them behind a port that takes connections and never answers."""
    good, hole = free_port(), free_port()
    with folder() as name:
        where = pathlib.Path(name)
        manifests.all_match(where / "manifests", [good, hole], 2)
        with Instance(args.campanile, where) as instance:
            before, total = instance.memory("VmRSS"), 200 * seconds
            more = ["--rate=200", f"--sink-mode={hole}=blackhole", f"--expect={total}"]
            with Sockets(hole) as sockets:
                row = generate(args.loadgen, instance.events, f"{good},{hole}", total, *more)
            grown = instance.memory("VmHWM") - before
    of_good = row["ports"][str(good)]
    healthy = f"{of_good['distinct']} of {total}, p99 {of_good['e2e_ms']['p99']} ms"
    words = f"+{grown:.0f} MiB, {sockets.most} sockets; the healthy one: {healthy}"
    return (
        f"one of two Providers black-holed, 200 events/s, {seconds} s: RSS and sockets to it",
        words,
        "+20 MiB, 32 sockets",
    )


def git_calls(args: argparse.Namespace) -> Figure:
    """100 events of one commit and state, one after the other."""
    with Sink() as sink, folder() as name:
        where = pathlib.Path(name)
        manifests.commit_status(where / "manifests", sink.port)
        with Instance(args.campanile, where) as instance:
            instance.await_alerts(1)
            taken = sum(fetch(instance.events, manifests.event(number)) is not None for number in range(100))
            instance.await_empty()
    words = f"{len(sink.requests)} for {taken} events"
    return "calls to GitHub for 100 events of one commit and state", words, "2"


class Sink:
    """A small destination that notes each request with its time; as a Git host it shows no statuses and takes all."""

    def __init__(self) -> None:
        # (time, method, path) of each request.
        self.requests: list[tuple[float, str, str]] = []
        requests = self.requests

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                requests.append((time.monotonic(), self.command, self.path))
                self.rfile.read(int(self.headers.get("content-length") or 0))
                body = b"[]" if self.command == "GET" else b"{}"
                self.send_response(200 if self.command == "GET" else 201)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *_: object) -> None:
                """Prints nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Sockets:
    """Looks four times a second how many connections lead to a port of this machine."""

    def __init__(self, port: int) -> None:
        self.most = 0
        self._port, self._over = port, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        established, suffix = "01", f":{self._port:04X}"
        while not self._over.wait(0.25):
            lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
            now = sum(line[2].endswith(suffix) and line[3] == established for line in lines)
            self.most = max(self.most, now)
