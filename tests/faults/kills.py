"""Kill -9 at random moments under load: what was answered 202 is delivered, and little of it twice."""
import collections
import random
import time

from campanile import OBJECTS, Campanile, hold
from destination import Destination, Manner
from poster import Poster, accepted

# Most exchanges of one provider under way at once.
IN_FLIGHT = 16
# The destination answers after so long. The acknowledgement of an answer is on disk at most 5 ms and one write later,
# so at a kill at most one more generation of leases than those under way is not durably acknowledged.
ANSWER_AFTER = 0.025
MOST_REPEATED = 2 * IN_FLIGHT


def kills(context):
    """Kills the process `context.kills` times and restarts it on the same state folder; the load never pauses."""
    chance = random.Random(context.seed)
    destination = Destination([Manner(delay=ANSWER_AFTER)])
    campanile = Campanile(context.campanile, context.folder / "kills", [])
    try:
        poster = Poster(campanile.ports[0], rate=context.rate)
        moments = []
        for life in range(context.kills):
            campanile.configure([("hook", f"http://127.0.0.1:{destination.ports[0]}/{life}")])
            moments.append(_one_life(campanile, chance))
        campanile.configure([("hook", f"http://127.0.0.1:{destination.ports[0]}/{context.kills}")])
        campanile.start()
        rows = poster.stop()
        campanile.await_empty()
        arrivals, letters = destination.arrivals(), campanile.dead()
    finally:
        campanile.close()
        destination.close()
    return _judge(rows, arrivals, moments, letters)


def _one_life(campanile, chance):
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


def _judge(rows, arrivals, moments, letters):
    taken, times = accepted(rows), collections.defaultdict(list)
    for number, _, _, answered, life in arrivals:
        times[number].append((life, answered))
    missing = taken - times.keys()
    repeated, ages = collections.Counter(), [0]
    for number, seen in times.items():
        for (life, answered), (again, _) in zip(seen, seen[1:]):
            hold(life < again, f"event {number} was sent twice by one process")
            repeated[life] += 1
            if answered:
                ages.append((moments[life] - answered) / 1e6)
    most = max(repeated.values(), default=0)
    hold(not missing, f"{len(missing)} accepted events are missing, such as {sorted(missing)[:5]}")
    hold(not letters, f"{len(letters)} dead letters")
    hold(most <= MOST_REPEATED, f"one kill repeated {most} deliveries, more than {MOST_REPEATED}")
    _in_order(arrivals)
    return [("kills", len(moments)), ("accepted", len(taken)), ("delivered", len(times.keys() & taken)), ("missing", 0),
            ("delivered though unanswered", len(times.keys() - taken)), ("repeated in total", sum(repeated.values())),
            ("repeated by one kill, most", most), ("allowed", MOST_REPEATED),
            ("answered before the kill and repeated, ms at most", round(max(ages), 1))]


def _in_order(arrivals):
    """Of an object, a repetition is of the newest that arrived, never a step back."""
    newest = {}
    for number, *_ in arrivals:
        name = number % OBJECTS
        hold(newest.get(name, -1) <= number, f"event {number} arrived after {newest.get(name)} of the same object")
        newest[name] = number
