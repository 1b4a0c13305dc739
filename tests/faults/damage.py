"""A damaged state folder: the program starts all the same, delivers what can be read, and says what cannot."""

import collections
import itertools
import pathlib
import random
import shutil
import time
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from campanile import Campanile, Figures, Violation, hold, post, wait
from context import Context
from destination import Destination, Manner
from poster import Load, Poster, accepted, body

EVENTS = 300
# Events that are posted after the damage, to see that the program works.
FRESH = range(1_000_000, 1_000_003)
# Most times the program may end by itself before it has mended its state.
MOST_ENDS = 2
# What one spoiled byte may cost: the rows of the pages it makes unreadable.
MOST_LOST_BY_A_BYTE = 40
FILES = ["outbox.db", "outbox.db-wal"]
PAGE = 4096

# What was spoiled, in words and as (file, offset).
Spoiled: TypeAlias = tuple[str, list[tuple[str, int]]]


class Result(NamedTuple):
    """What one damaged folder cost."""

    lost: int
    repeated: int
    letters: int
    said: bool
    ends: int


def damage(context: Context) -> Figures:
    """Spoils copies of two state folders, one left by kill -9 and one by SIGTERM, in hundreds of ways."""
    chance = random.Random(context.seed)
    prepared = [_prepare(context, "killed"), _prepare(context, "stopped")]
    destination = Destination([Manner()])
    table: dict[str, list[Result]] = {}
    try:
        for case in range(context.damages):
            kind = list(KINDS)[case % len(KINDS)]
            source = chance.choice([folder for folder in prepared if (folder / WANTED.get(kind, FILES[0])).exists()])
            table.setdefault(kind, []).append(_case(context, chance, destination, case, kind, source))
    finally:
        destination.close()
    return [row for kind, results in table.items() for row in _summary(kind, results)]


def _prepare(context: Context, how: str) -> pathlib.Path:
    """A state folder with `EVENTS` deliveries that nothing has tried yet."""
    destination = Destination([Manner("silent")])
    campanile = Campanile(
        context.campanile, context.folder / how, [("hook", f"http://127.0.0.1:{destination.ports[0]}/")]
    )
    try:
        campanile.start()
        rows = Poster(Load(campanile.ports[0], total=EVENTS)).finish()
        hold(len(accepted(rows)) == EVENTS, "not every event was accepted")
        if how == "killed":
            campanile.kill()
        else:
            campanile.terminate()
    finally:
        campanile.close()
        destination.close()
    return campanile.state_dir


def _case(
    context: Context, chance: random.Random, destination: Destination, case: int, kind: str, source: pathlib.Path
) -> Result:
    """One damaged folder."""
    folder = context.folder / f"case-{case}"
    shutil.copytree(source, folder / "state")
    lengths = {name: (folder / "state" / name).stat().st_size for name in FILES if (folder / "state" / name).exists()}
    spoiled, places = KINDS[kind](chance, folder / "state")
    what = f"case {case}, {kind}: {spoiled}"
    unknowable = (
        any(name == FILES[1] and at >= lengths[name] - LAST_WRITE for name, at in places) or kind == "the log cut off"
    )
    campanile = Campanile(context.campanile, folder, [("hook", f"http://127.0.0.1:{destination.ports[0]}/{case}")])
    seen = destination.count()
    try:
        ends = _bring_up(campanile, what)
        letters = sum(letter["failure"]["class"] == "damaged" for letter in campanile.dead())
    finally:
        campanile.close()
    log = campanile.log()
    hold("panicked" not in log, f"{what}: a panic: {campanile.last_words()}")
    times = collections.Counter(row.number for row in destination.arrivals()[seen:] if row.life == case)
    lost = EVENTS - sum(number < EVENTS for number in times)
    hold(all(number in times for number in FRESH), f"{what}: an event that was posted afterwards is missing")
    hold(all(0 <= number < EVENTS or number in FRESH for number in times), f"{what}: a message that nobody posted")
    said = letters > 0 or "damaged" in log
    hold(said or lost == 0 or unknowable, f"{what}: {lost} deliveries were lost silently")
    hold(lost <= MOST_LOST_BY_A_BYTE or kind != "a byte flipped", f"{what}: {lost} deliveries were lost")
    shutil.rmtree(folder)
    return Result(lost, sum(times.values()) - len(times), letters, said, ends)


def _bring_up(campanile: Campanile, what: str) -> int:
    """Starts it until it has taken new events and delivered all it can; returns how often it ended to mend itself."""
    for ends in range(MOST_ENDS + 1):
        campanile.spawn()
        wait(lambda: campanile.process.poll() is not None or campanile.is_ready(), 30, f"{what}: it is not ready")
        done = time.monotonic() + 30
        fresh = list(FRESH)
        while campanile.process.poll() is None:
            if fresh and post(campanile.ports[0], body(fresh[0]))[0] == 202:
                fresh.pop(0)
            elif not fresh and campanile.pending() == 0:
                return ends
            hold(time.monotonic() < done, f"{what}: it takes no events or does not deliver: {campanile.last_words()}")
        hold(campanile.process.returncode == 1, f"{what}: it ended with {campanile.process.returncode}")
    raise Violation(f"{what}: it ended {MOST_ENDS + 1} times: {campanile.last_words()}")


def _file(chance: random.Random, state: pathlib.Path) -> pathlib.Path:
    """One of the files, by its size."""
    files = [state / name for name in FILES if (state / name).exists()]
    return chance.choices(files, [path.stat().st_size for path in files])[0]


def _overwrite(path: pathlib.Path, at: int, data: bytes) -> Spoiled:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)
    return f"{len(data)} bytes of {path.name} at {at}", [(path.name, at)]


def _flip(chance: random.Random, path: pathlib.Path, at: int) -> Spoiled:
    with path.open("rb") as file:
        file.seek(at)
        old = file.read(1)[0]
    return _overwrite(path, at, bytes([old ^ chance.randrange(1, 256)]))


def _byte(chance: random.Random, state: pathlib.Path) -> Spoiled:
    path = _file(chance, state)
    return _flip(chance, path, chance.randrange(path.stat().st_size))


def _bytes(chance: random.Random, state: pathlib.Path) -> Spoiled:
    spoiled = [_byte(chance, state) for _ in range(32)]
    return ", ".join(text for text, _ in spoiled), list(itertools.chain(*(places for _, places in spoiled)))


def _head(chance: random.Random, state: pathlib.Path) -> Spoiled:
    path = _file(chance, state)
    return _flip(chance, path, chance.randrange(32 if path.name.endswith("wal") else 100))


def _page(chance: random.Random, state: pathlib.Path) -> Spoiled:
    path = _file(chance, state)
    at = chance.randrange(path.stat().st_size // PAGE) * PAGE
    return _overwrite(path, at, chance.choice([bytes(PAGE), chance.randbytes(PAGE)]))


def _cut(name: str) -> Callable[[random.Random, pathlib.Path], Spoiled]:
    def cut(chance: random.Random, state: pathlib.Path) -> Spoiled:
        path = state / name
        length = chance.randrange(path.stat().st_size)
        with path.open("r+b") as file:
            file.truncate(length)
        return f"{name} cut to {length}", [(name, length)]

    return cut


def _torn(chance: random.Random, state: pathlib.Path) -> Spoiled:
    path = state / FILES[1]
    size = path.stat().st_size
    length = chance.randrange(1, PAGE)
    return _overwrite(path, size - length, chance.choice([bytes(length), chance.randbytes(length)]))


KINDS = {
    "a byte flipped": _byte,
    "32 bytes flipped": _bytes,
    "a byte of the header flipped": _head,
    "a page overwritten": _page,
    "the database cut off": _cut(FILES[0]),
    "the log cut off": _cut(FILES[1]),
    "the last write torn": _torn,
}
# The file that a kind needs.
WANTED = {"the log cut off": FILES[1], "the last write torn": FILES[1]}
# A log that ends early, or in a write that is not whole, looks as if it had not been written further: nobody can tell.
# The last write is as long as this at the most: the pages of one group.
LAST_WRITE = 32 * PAGE


def _summary(kind: str, results: list[Result]) -> Figures:
    lost, repeated, letters, said, ends = zip(*results, strict=True)
    return [
        (
            f"{kind}: cases / with a loss / lost of {EVENTS} at most, on average",
            f"{len(results)} / {sum(each > 0 for each in lost)} / {max(lost)}, {sum(lost) / len(lost):.1f}",
        ),
        (
            f"{kind}: said / dead letters `damaged` at most / repeated at most / ended to mend itself",
            f"{sum(said)} / {max(letters)} / {max(repeated)} / {sum(ends)}",
        ),
    ]
