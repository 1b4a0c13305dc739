"""A hundred Providers of which seventy are broken in seven ways: the sound ones do not notice."""

import collections
import threading
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from campanile import Campanile, Figures, hold, wait
from context import Context
from destination import Arrival, Destination, Manner
from poster import Load, Posted, Poster, accepted

PROVIDERS, SOUND = 100, 30
# What each ten of the others are like: their manner, the scheme of their address, the name of their Providers.
BROKEN = [
    ("deaf", "http", "black-holed"),
    ("refuse", "http", "refusing"),
    ("500", "http", "failing"),
    ("trickle", "http", "trickling"),
    ("endless", "http", "endless"),
    ("silent", "https", "handshake"),
    ("answer", "http", "panicking"),
]
# Events a second for each of the two processes; each event is for one Provider.
RATE = 100.0
# Seconds of a window; latency is compared by the p99 in the middle of all windows, so that a moment in which the
# machine does something else decides nothing. The first seconds, in which connections are dialled, are left out.
WINDOW, WARM_UP = 2, 4
# What the p99 of the sound ones may be, against a process with a hundred sound ones at the same time: a fifth more, and
# what a busy machine's scheduler adds to either (ms). The short cut has too few events for a steady p99: it finds a
# process that stands still, not one that is a little slower.
MOST_SLOWER, NOISE_MS = 1.2, 2.0
MOST_SLOWER_SHORT, NOISE_SHORT_MS = 2.0, 50.0
# Sockets to one Provider, and of the whole process: as many as leases for each Provider, and the listeners.
MOST_SOCKETS, MOST_SOCKETS_IN_TOTAL = 32, PROVIDERS * 16 + 64
MOST_MEMORY_MIB = 150


class Shown(NamedTuple):
    """What one of the two processes shows: latency in ms, memory in MiB, counts."""

    p50: float
    p99: float
    memory: float
    sockets: int
    to_one: int
    panics: int


def isolation(context: Context) -> Figures:
    """Runs two processes side by side, one with the broken ones, so that both see the same machine at the same time."""
    sides = [_Side(context, broken) for broken in (False, True)]
    try:
        for side in sides:
            side.start()
        time.sleep(WARM_UP + context.windows * WINDOW)
        without, beside = (side.stop() for side in sides)
    finally:
        for side in sides:
            side.close()
    slower, noise = (MOST_SLOWER_SHORT, NOISE_SHORT_MS) if context.short else (MOST_SLOWER, NOISE_MS)
    hold(
        beside.p99 <= slower * without.p99 + noise,
        f"p99 of the sound ones is {beside.p99:.1f} ms, {without.p99:.1f} ms without the broken ones",
    )
    hold(beside.to_one <= MOST_SOCKETS, f"{beside.to_one} sockets to one destination")
    hold(beside.sockets <= MOST_SOCKETS_IN_TOTAL, f"{beside.sockets} sockets in total")
    hold(beside.memory <= MOST_MEMORY_MIB, f"{beside.memory:.0f} MiB of memory")
    panics = beside.panics if context.failpoints else "not run: it needs --failpoints"
    hold(panics != 0, "no exchange panicked: is the build one with failpoints?")
    return [
        ("providers, sound / broken", f"{SOUND} / {PROVIDERS - SOUND}"),
        ("events/s to each process", int(RATE)),
        ("windows", f"{context.windows} of {WINDOW} s"),
        ("p50 of the sound ones without / beside the broken ones, ms", f"{without.p50:.2f} / {beside.p50:.2f}"),
        ("p99 without / beside, ms", f"{without.p99:.2f} / {beside.p99:.2f}"),
        ("RSS peak without / beside, MiB", f"{without.memory:.0f} / {beside.memory:.0f}"),
        ("sockets of the process without / beside, most", f"{without.sockets} / {beside.sockets}"),
        ("sockets to one destination, most", beside.to_one),
        ("exchanges that panicked", panics),
    ]


class _Side:
    """One process, its destinations and its load."""

    def __init__(self, context: Context, broken: bool) -> None:
        manners = [Manner() for _ in range(SOUND)]
        for kind, _, _ in BROKEN * 10:
            manners.append(Manner() if not broken else Manner(status=500) if kind == "500" else Manner(kind))
        self._destination = Destination(manners)
        providers = []
        for place, port in enumerate(self._destination.ports):
            _, scheme, name = (
                BROKEN[(place - SOUND) % len(BROKEN)] if broken and place >= SOUND else ("answer", "http", "sound")
            )
            providers.append((f"{name}-{place}", f"{scheme}://127.0.0.1:{port}/"))
        environment = {"CAMPANILE_FAILPOINTS": "exchange=panicking-*", "RUST_BACKTRACE": "0"}
        self._campanile = Campanile(
            context.failpoints or context.campanile, context.folder / f"isolation-{broken}", providers, environment
        )
        self._campanile.start()

    def start(self) -> None:
        self._poster = Poster(Load(self._campanile.ports[0], PROVIDERS, RATE))
        self._watch = _Sockets(self._campanile)

    def stop(self) -> Shown:
        """What was seen. Fails if a sound Provider misses an event or gets one twice."""
        rows = self._poster.stop()
        sound = {row for row in accepted(rows) if row % PROVIDERS < SOUND}
        hold(len(accepted(rows)) == len(rows), "an event was refused")
        wait(lambda: self._arrived() >= sound, 20, "sound Providers miss events")
        p50, p99 = _latency(rows, self._destination.arrivals())
        return Shown(
            p50,
            p99,
            self._campanile.memory("VmHWM"),
            self._watch.stop(),
            max(self._destination.peaks()),
            self._campanile.state()["delivery"]["panics"],
        )

    def _arrived(self) -> set[int]:
        return {row.number for row in self._destination.arrivals() if row.place < SOUND}

    def close(self) -> None:
        self._campanile.close()
        self._destination.close()


def _latency(rows: Iterable[Posted], arrivals: Iterable[Arrival]) -> tuple[float, float]:
    """From the instant when an event was due to its arrival, in ms: the p50 and p99 in the middle of all windows."""
    due = {row.number: row.due for row in rows}
    begin = min(due.values()) + WARM_UP * 1_000_000_000
    seen: collections.Counter[int] = collections.Counter()
    windows: collections.defaultdict[int, list[float]] = collections.defaultdict(list)
    for number, place, arrived, *_ in arrivals:
        if place < SOUND:
            seen[number] += 1
        if place < SOUND and due[number] >= begin:
            windows[(due[number] - begin) // (WINDOW * 1_000_000_000)].append((arrived - due[number]) / 1e6)
    hold(max(seen.values()) == 1, "a sound Provider got an event twice")
    sides = [sorted(window) for window in windows.values() if len(window) >= RATE * WINDOW * SOUND / PROVIDERS / 2]
    return _middle([side[len(side) // 2] for side in sides]), _middle([side[len(side) * 99 // 100] for side in sides])


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[(len(values) - 1) // 2]


class _Sockets:
    """Looks at a process' sockets a few times a second."""

    def __init__(self, campanile: Campanile) -> None:
        self._most, self._ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(campanile,), daemon=True)
        self._thread.start()

    def _watch(self, campanile: Campanile) -> None:
        while not self._ended.wait(0.25):
            self._most = max(self._most, campanile.sockets())

    def stop(self) -> int:
        """The most sockets so far."""
        self._ended.set()
        self._thread.join()
        return self._most
