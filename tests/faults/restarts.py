"""SIGTERM under load: a rolling restart loses nothing, repeats nothing and is quick; a second signal ends at once."""

import collections
import random
import signal
import subprocess
import time

from campanile import Campanile, Figures, Violation, free_ports, hold
from context import Context
from destination import Destination, Manner
from poster import Load, Poster, accepted

# Seconds that a termination may take, and what is left of it after a second signal.
GRACE, AT_ONCE = 10.0, 1.0


def restarts(context: Context) -> Figures:
    """Restarts the process again and again while events come in and slow deliveries are under way."""
    chance = random.Random(context.seed)
    destination = Destination([Manner(delay=0.2)])
    campanile = Campanile(
        context.campanile, context.folder / "restarts", [("hook", f"http://127.0.0.1:{destination.ports[0]}/")]
    )
    try:
        poster = Poster(Load(campanile.ports[0], rate=60))
        took = []
        for _ in range(context.restarts):
            campanile.start()
            time.sleep(chance.uniform(0.2, 1.0))
            took.append(_overlapping(campanile))
        campanile.start()
        rows = poster.stop()
        campanile.await_empty()
        arrivals = destination.arrivals()
    finally:
        campanile.close()
        destination.close()
    taken, times = accepted(rows), collections.Counter(row.number for row in arrivals)
    missing, repeated = taken - times.keys(), sum(times.values()) - len(times)
    hold(not missing, f"{len(missing)} accepted events are missing, such as {sorted(missing)[:5]}")
    hold(repeated == 0, f"{repeated} deliveries were repeated although their destination had acknowledged them")
    hold(max(took) <= GRACE, f"a termination took {max(took):.1f} s")
    return [
        ("restarts", len(took)),
        ("accepted", len(taken)),
        ("missing", 0),
        ("repeated", 0),
        ("seconds from SIGTERM to the end, most", round(max(took), 2)),
        ("allowed", GRACE),
        *_second_signal(context),
    ]


def _overlapping(campanile: Campanile) -> float:
    """As in a rolling update: the next process waits for the state folder before the old one is told to end."""
    next_one = campanile.launch(free_ports())
    took = campanile.terminate()
    next_one.terminate()
    try:
        code = next_one.wait(15)
    except subprocess.TimeoutExpired:
        next_one.kill()
        raise Violation("a process that waited for the state folder does not end after SIGTERM") from None
    hold(
        code in (0, -signal.SIGTERM),
        f"a process that waited for the state folder ended with {code}: {campanile.last_words()}",
    )
    return took


def _second_signal(context: Context) -> Figures:
    """Deliveries that hang hold the first signal up; the second does not wait for them, and nothing is lost."""
    destination = Destination([Manner("silent")])
    address = f"http://127.0.0.1:{destination.ports[0]}/"
    campanile = Campanile(context.campanile, context.folder / "signals", [("hook", address)])
    try:
        campanile.start()
        rows = Poster(Load(campanile.ports[0], total=100)).finish()
        campanile.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        hold(campanile.process.poll() is None, "it did not wait for what is under way")
        begin = time.monotonic()
        campanile.process.send_signal(signal.SIGTERM)
        try:
            code = campanile.process.wait(5)
        except subprocess.TimeoutExpired:
            raise Violation("it still runs 5 s after a second signal") from None
        took = time.monotonic() - begin
        hold(took <= AT_ONCE, f"it took {took:.1f} s to end after a second signal")
        hold(code != 0, "a forced end has exit code 0")
        destination.behave(0, Manner())
        campanile.start()
        campanile.await_empty()
        times = collections.Counter(row.number for row in destination.arrivals())
    finally:
        campanile.close()
        destination.close()
    hold(
        accepted(rows) <= times.keys() and len(accepted(rows)) == 100,
        "an accepted event is missing after a second signal",
    )
    return [("seconds from a second signal to the end", round(took, 2))]
