"""Kill -9 at random moments under load: what was answered 202 is delivered, and little of it twice."""

import collections
import itertools
import random
import time
from collections.abc import Iterable
from typing import Any

from campanile import OBJECTS, Campanile, Figures, hold
from context import Context
from destination import Arrival, Destination, Manner
from poster import Load, Posted, Poster, accepted

# Most exchanges of one provider under way at once.
IN_FLIGHT = 16
# The destination answers after so long.
ANSWER_AFTER = 0.025
# An acknowledgement is on disk 5 ms and one group of writes after its answer: how long a group takes is the disk's
# affair, and on a busy one it is long. What was answered longer ago (ms) must not be repeated.
MOST_LATE = 1000


def kills(context: Context) -> Figures:
    """Kills the process `context.kills` times and restarts it on the same state folder; the load never pauses."""
    chance = random.Random(context.seed)
    destination = Destination([Manner(delay=ANSWER_AFTER)])
    campanile = Campanile(context.campanile, context.folder / "kills", [])
    try:
        poster = Poster(Load(campanile.ports[0], rate=context.rate))
        moments = []
        for life in range(context.kills):
            campanile.configure([("hook", f"http://127.0.0.1:{destination.ports[0]}/{life}")])
            moments.append(_one_life(campanile, chance))
        campanile.configure([("hook", f"http://127.0.0.1:{destination.ports[0]}/{context.kills}")])
        campanile.start()
        rows = poster.stop()
        campanile.await_empty()
        arrivals, letters = destination.arrivals(), campanile.dead()
        hold("damaged" not in campanile.log(), "a kill was taken for damage")
    finally:
        campanile.close()
        destination.close()
    return _judge(rows, arrivals, moments, letters)


def _one_life(campanile: Campanile, chance: random.Random) -> int:
    """Starts a process and kills it at a random moment of its start or of its work. Returns the moment."""
    if chance.random() < 0.2:
        campanile.spawn()
        time.sleep(chance.uniform(0, 0.15))
    else:
        campanile.start()
        time.sleep(chance.uniform(0, 0.6))
    campanile.process.kill()
    moment = time.monotonic_ns()
    campanile.process.wait()
    return moment


def _judge(rows: list[Posted], arrivals: list[Arrival], moments: list[int], letters: list[Any]) -> Figures:
    """The figures; `moments` are those at which each life ended."""
    taken = accepted(rows)
    times: collections.defaultdict[int, list[tuple[int, int]]] = collections.defaultdict(list)
    for row in arrivals:
        times[row.number].append((row.life, row.answered))
    missing = taken - times.keys()
    under_way: collections.Counter[int] = collections.Counter()
    answered_before: collections.defaultdict[int, list[float]] = collections.defaultdict(list)
    for number, seen in times.items():
        for (life, answered), (again, _) in itertools.pairwise(seen):
            hold(life < again, f"event {number} was sent twice by one process")
            if answered and answered < moments[life]:
                answered_before[life].append((moments[life] - answered) / 1e6)
            else:
                under_way[life] += 1
    most = max(under_way.values(), default=0)
    late = max((max(each) for each in answered_before.values()), default=0.0)
    hold(not missing, f"{len(missing)} accepted events are missing, such as {sorted(missing)[:5]}")
    hold(not letters, f"{len(letters)} dead letters")
    hold(most <= IN_FLIGHT, f"one kill repeated {most} deliveries that were under way, more than {IN_FLIGHT}")
    hold(late <= MOST_LATE, f"a delivery was repeated that had been acknowledged {late:.0f} ms before the kill")
    _in_order(arrivals)
    acknowledged = [len(each) for each in answered_before.values()]
    return [
        ("kills", len(moments)),
        ("accepted", len(taken)),
        ("delivered", len(times.keys() & taken)),
        ("missing", 0),
        ("delivered though unanswered", len(times.keys() - taken)),
        ("repeated in total", sum(under_way.values()) + sum(acknowledged)),
        ("repeated by one kill: under way, most (allowed 16)", most),
        ("repeated by one kill: acknowledged but not yet on disk, most", max(acknowledged, default=0)),
        ("acknowledged before the kill and repeated, ms at most", round(late, 1)),
    ]


def _in_order(arrivals: Iterable[Arrival]) -> None:
    """Of an object, each life delivers in the order of acceptance, and what is new comes after all that came before."""
    seen: set[int] = set()
    newest: dict[int, int] = {}
    last: dict[tuple[int, int], int] = {}
    for row in arrivals:
        number, life, name = row.number, row.life, row.number % OBJECTS
        hold(
            last.get((life, name), -1) < number,
            f"event {number} arrived after {last.get((life, name))} of the same object",
        )
        hold(
            number in seen or newest.get(name, -1) < number,
            f"event {number} came for the first time after {newest.get(name)} of the same object",
        )
        seen.add(number)
        last[life, name] = number
        newest[name] = max(newest.get(name, -1), number)
