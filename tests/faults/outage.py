"""A destination that is away for a while: how soon what waited leaves when it is back."""

import time

from campanile import Campanile, Figures, Violation, hold, wait
from context import Context
from destination import Arrival, Destination, Manner
from poster import Load, Poster, accepted

# Messages that wait.
WAITING = 1_000
# Until nine tenths have left, in seconds, after an outage of less than a minute; and the part of a longer one.
MOST_S, PART, MOST_LONG_S = 5.0, 0.1, 60.0
# Starts of probes lie so far apart, in seconds.
PAUSE_S = 2.0
# Tries before the outage is noticed: 8, and those under way then.
AT_ONCE = 24


def outage(context: Context) -> Figures:
    """An outage by failures (503) and one in which nobody listens, then a restart while nobody listens."""
    figures: Figures = [("messages that wait", WAITING)]
    for words, manner, seconds in [
        ("503", Manner(status=503), 8.0),
        ("refused", Manner("refuse"), 12.0 if context.short else 60.0),
    ]:
        figures += _recovery(context, words, manner, seconds)
    return figures + _restart(context)


class _Outage:
    """A Provider whose destination is away while messages come for it."""

    def __init__(self, context: Context, name: str, manner: Manner) -> None:
        self.destination = Destination([manner])
        address = f"http://127.0.0.1:{self.destination.ports[0]}/"
        self.campanile = Campanile(context.campanile, context.folder / f"outage-{name}", [("away", address)])
        try:
            self.campanile.start()
            self.begin = time.monotonic()
            rows = Poster(Load(self.campanile.ports[0], total=WAITING)).finish()
            hold(len(accepted(rows)) == WAITING, "an event was refused")
        except Violation:
            self.close()
            raise

    def wait(self, seconds: float) -> None:
        """Waits until the outage is that long."""
        time.sleep(max(0.0, self.begin + seconds - time.monotonic()))

    def delivered(self, since: float) -> list[float]:
        """Seconds from then until each message was answered with a success, in order."""
        first: dict[int, Arrival] = {}
        for arrival in self.destination.arrivals():
            if arrival.answered > since * 1e9:
                first.setdefault(arrival.number, arrival)
        return sorted(arrival.answered / 1e9 - since for arrival in first.values())

    def come_back(self) -> list[float]:
        """Ends the outage. Returns how long each message took then."""
        back = time.monotonic()
        self.destination.behave(0, Manner())
        wait(lambda: len(self.delivered(back)) == WAITING, 90, "messages are missing")
        return self.delivered(back)

    def close(self) -> None:
        self.campanile.close()
        self.destination.close()


def _recovery(context: Context, words: str, manner: Manner, seconds: float) -> Figures:
    away = _Outage(context, words, manner)
    try:
        away.wait(seconds)
        tries = away.destination.count()
        took = away.come_back()
    finally:
        away.close()
    first, most = took[0], took[WAITING * 9 // 10 - 1]
    bound = MOST_S if seconds < 60 else max(MOST_S, min(seconds * PART, MOST_LONG_S) + 1)
    hold(most <= bound, f"nine tenths took {most:.1f} s after {seconds:.0f} s of {words}")
    hold(tries <= AT_ONCE + seconds / PAUSE_S + 1, f"{tries} tries in {seconds:.0f} s of {words}")
    name = f"{seconds:.0f} s of {words}"
    tried = [(f"{name}: tries", tries)] if manner.kind == "answer" else []
    return [*tried, (f"{name}: first message / nine tenths after the recovery, s", f"{first:.1f} / {most:.1f}")]


def _restart(context: Context) -> Figures:
    away = _Outage(context, "restart", Manner(status=503))
    try:
        away.wait(8)
        away.campanile.terminate()
        away.destination.behave(0, Manner())
        begin = time.monotonic()
        away.campanile.start()
        wait(lambda: len(away.delivered(begin)) == WAITING, 60, "messages are missing after a restart")
        took = away.delivered(begin)
    finally:
        away.close()
    first, most = took[0], took[WAITING * 9 // 10 - 1]
    hold(most <= MOST_S, f"nine tenths took {most:.1f} s after a restart")
    return [
        (
            "restart after 8 s: first message / nine tenths after the start of the process, s",
            f"{first:.1f} / {most:.1f}",
        )
    ]
