"""A hundred Providers of which seventy are broken in seven ways: the sound ones do not notice."""
import collections
import threading
import time

from campanile import Campanile, hold, wait
from destination import Destination, Manner
from poster import Poster, accepted

PROVIDERS, SOUND = 100, 30
# What each ten of the others are like: their manner, the scheme of their address, the name of their Providers.
BROKEN = [
    ("deaf", "http", "black-holed"), ("refuse", "http", "refusing"), ("500", "http", "failing"), ("trickle", "http", "trickling"),
    ("endless", "http", "endless"), ("silent", "https", "handshake"), ("answer", "http", "panicking"),
]
# Events a second for each of the two processes; each event is for one Provider.
RATE = 100.0
# Seconds of a window; latency is compared by the p99 in the middle of all windows, so that a moment in which the machine
# does something else decides nothing. The first seconds, in which connections are dialled, are left out.
WINDOW, WARM_UP = 2, 4
# What the p99 of the sound ones may be, against a process with a hundred sound ones at the same time: a fifth more, and
# what a busy machine's scheduler adds to either (ms). The short cut has too few events for a steady p99: it finds a process
# that stands still, not one that is a little slower.
MOST_SLOWER, NOISE_MS = 1.2, 2.0
MOST_SLOWER_SHORT, NOISE_SHORT_MS = 2.0, 50.0
# Sockets to one Provider, and of the whole process: as many as leases for each Provider, and the listeners.
MOST_SOCKETS, MOST_SOCKETS_IN_TOTAL = 32, PROVIDERS * 16 + 64
MOST_MEMORY_MIB = 150


def isolation(context):
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
    alone, together = without["p99"], beside["p99"]
    slower, noise = (MOST_SLOWER_SHORT, NOISE_SHORT_MS) if context.short else (MOST_SLOWER, NOISE_MS)
    hold(together <= slower * alone + noise, f"p99 of the sound ones is {together:.1f} ms, {alone:.1f} ms without the broken ones")
    hold(beside["to one"] <= MOST_SOCKETS, f"{beside['to one']} sockets to one destination")
    hold(beside["sockets"] <= MOST_SOCKETS_IN_TOTAL, f"{beside['sockets']} sockets in total")
    hold(beside["memory"] <= MOST_MEMORY_MIB, f"{beside['memory']:.0f} MiB of memory")
    panics = beside["panics"] if context.failpoints else "not run: it needs --failpoints"
    hold(panics != 0, "no exchange panicked: is the build one with failpoints?")
    pair = lambda name, digits: f"{without[name]:.{digits}f} / {beside[name]:.{digits}f}"  # noqa: E731
    return [("providers, sound / broken", f"{SOUND} / {PROVIDERS - SOUND}"), ("events/s to each process", int(RATE)),
            ("windows", f"{context.windows} of {WINDOW} s"),
            ("p50 of the sound ones without / beside the broken ones, ms", pair("p50", 2)), ("p99 without / beside, ms", pair("p99", 2)),
            ("RSS peak without / beside, MiB", pair("memory", 0)), ("sockets of the process without / beside, most", pair("sockets", 0)),
            ("sockets to one destination, most", beside["to one"]), ("exchanges that panicked", panics)]


class _Side:
    """One process, its destinations and its load."""

    def __init__(self, context, broken):
        manners = [Manner() for _ in range(SOUND)]
        for kind, _, _ in BROKEN * 10:
            manners.append(Manner() if not broken else Manner(status=500) if kind == "500" else Manner(kind))
        self._destination = Destination(manners)
        providers = []
        for place, port in enumerate(self._destination.ports):
            kind = BROKEN[(place - SOUND) % len(BROKEN)] if broken and place >= SOUND else ("answer", "http", "sound")
            providers.append((f"{kind[2]}-{place}", f"{kind[1]}://127.0.0.1:{port}/"))
        environment = {"CAMPANILE_FAILPOINTS": "exchange=panicking-*", "RUST_BACKTRACE": "0"}
        self._campanile = Campanile(context.failpoints or context.campanile, context.folder / f"isolation-{broken}", providers, environment)
        self._campanile.start()

    def start(self):
        self._poster = Poster(self._campanile.ports[0], PROVIDERS, RATE, loops=8)
        self._watch = _Sockets(self._campanile)

    def stop(self):
        """Figures. Fails if a sound Provider misses an event or gets one twice."""
        rows = self._poster.stop()
        sound = {row for row in accepted(rows) if row % PROVIDERS < SOUND}
        hold(len(accepted(rows)) == len(rows), "an event was refused")
        arrived = lambda: {row[0] for row in self._destination.arrivals() if row[1] < SOUND}  # noqa: E731
        wait(lambda: arrived() >= sound, 20, "sound Providers miss events")
        return {"memory": self._campanile.memory("VmHWM"), "sockets": self._watch.stop(), "to one": max(self._destination.peaks()),
                "panics": self._campanile.state()["delivery"]["panics"], **_latency(rows, self._destination.arrivals())}

    def close(self):
        self._campanile.close()
        self._destination.close()


def _latency(rows, arrivals):
    """From the instant when an event was due to its arrival, in ms: the p50 and p99 in the middle of all windows."""
    due = {row[0]: row[1] for row in rows}
    begin = min(due.values()) + WARM_UP * 1_000_000_000
    seen, windows = collections.Counter(), collections.defaultdict(list)
    for number, place, arrived, *_ in arrivals:
        if place < SOUND:
            seen[number] += 1
        if place < SOUND and due[number] >= begin:
            windows[(due[number] - begin) // (WINDOW * 1_000_000_000)].append((arrived - due[number]) / 1e6)
    hold(max(seen.values()) == 1, "a sound Provider got an event twice")
    sides = [sorted(window) for window in windows.values() if len(window) >= RATE * WINDOW * SOUND / PROVIDERS / 2]
    return {"p50": _middle([side[len(side) // 2] for side in sides]), "p99": _middle([side[len(side) * 99 // 100] for side in sides])}


def _middle(values):
    return sorted(values)[(len(values) - 1) // 2]


class _Sockets:
    """Looks at a process' sockets a few times a second."""

    def __init__(self, campanile):
        self._most, self._ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(campanile,), daemon=True)
        self._thread.start()

    def _watch(self, campanile):
        while not self._ended.wait(0.25):
            self._most = max(self._most, campanile.sockets())

    def stop(self):
        self._ended.set()
        self._thread.join()
        return self._most
