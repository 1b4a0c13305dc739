"""The sound namespace beside one that does its worst: it posts at a steady rate, and its latency is measured."""

import time
from typing import NamedTuple

from campanile import Campanile, hold, wait
from destination import Destination
from poster import Load, Posted, Poster, accepted

# Events a second.
RATE = 50.0
# Seconds at the beginning of a measurement that are left out.
WARM_UP = 2


class Seen(NamedTuple):
    """Latency from post to arrival, in ms."""

    p50: float
    p99: float


def measure(campanile: Campanile, destination: Destination, seconds: int, first: int) -> Seen:
    """Posts for a while, from number `first` on, and waits until all has arrived at the destination's first place."""
    poster = Poster(Load(campanile.ports[0], 1, RATE, first=first))
    time.sleep(WARM_UP + seconds)
    rows = poster.stop()
    hold(not any(row.status == 503 for row in rows), "the sound namespace got a 503")
    hold(len(accepted(rows)) == len(rows), "an event of the sound namespace was refused")
    numbers = accepted(rows)

    def arrived() -> set[int]:
        return {row.number for row in destination.arrivals() if row.place == 0}

    wait(lambda: arrived() >= numbers, 20, "the sound namespace misses events")
    return Seen(*_latency(rows, destination))


def _latency(rows: list[Posted], destination: Destination) -> tuple[float, float]:
    due = {row.number: row.due for row in rows}
    begin = min(due.values()) + WARM_UP * 1_000_000_000
    arrivals = (row for row in destination.arrivals() if row.place == 0 and due.get(row.number, 0) >= begin)
    times = sorted((row.arrived - due[row.number]) / 1e6 for row in arrivals)
    return times[len(times) // 2], times[len(times) * 99 // 100]
