"""Long runs: a million events while one destination is down all the time, and ten minutes beside a black hole.

The load generator (tests/loadgen) is source and sound destination here: it takes little of the machine.
"""

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

from campanile import OBJECTS, Campanile, Figures, Violation, free_port, hold, manifest, wait
from context import Context
from destination import Destination, Manner

# RSS at any time of a million events, MiB: the queue of the destination that is down, and the keys of the duplicate
# window, of which a million take 60 MiB.
MOST_MEMORY_MIB = 200
# The state folder once all that can be delivered is, and what is kept for the other is dead, MiB.
MOST_STATE_MIB = 64
# RSS beside a black hole against a sound destination in its place, MiB; sockets to the black hole.
MOST_GROWTH_MIB, MOST_SOCKETS = 20, 32


def down(context: Context) -> Figures:
    """A million events for two destinations, one of which refuses every connection until the end."""
    destination = Destination([Manner("refuse")])
    sink = free_port()
    campanile = Campanile(context.campanile, context.folder / "down", [])
    _both(campanile, [f"http://127.0.0.1:{sink}/", f"http://127.0.0.1:{destination.ports[0]}/"])
    try:
        campanile.start()
        watch = _Peak(campanile)
        row = _generate(context, campanile, sink, context.events, look=watch.look)
        state = campanile.state()["outbox"]
        waiting = state["providers"]["flux-system/other"]
        after, full = campanile.memory(), campanile.state_bytes() / (1 << 20)
        # The other one is deleted: its queue becomes dead letters, of which only so many are kept.
        _both(campanile, [f"http://127.0.0.1:{sink}/"])
        campanile.await_empty()
        wait(lambda: campanile.state_bytes() < MOST_STATE_MIB << 20, 120, "the state folder does not get smaller")
        empty = campanile.state_bytes() / (1 << 20)
    finally:
        campanile.close()
        destination.close()
    wrong = f"{row['missing']} events missing, {row['duplicates']} doubled"
    hold(row["missing"] == row["duplicates"] == 0, f"{wrong} at the sound destination")
    hold(watch.most <= MOST_MEMORY_MIB, f"{watch.most:.0f} MiB of memory")
    return [
        ("events, each for a sound destination and one that is down", context.events),
        ("accepted", row["accepted"]),
        ("delivered to the sound one", row["delivered"]),
        ("missing", row["missing"]),
        ("doubled", row["duplicates"]),
        ("waiting for the other at the end", waiting["pending"] + waiting["parked"]),
        ("dead letters of the other (overflow)", waiting["dead"]),
        ("RSS, most / at the end, MiB", f"{watch.most:.0f} / {after:.0f}"),
        ("state folder at the end, MiB", round(full)),
        ("state folder without the other, MiB", round(empty, 1)),
    ]


def hole(context: Context) -> Figures:
    """Two destinations at 200 events/s, then the same with one of them a black hole."""
    results = [_hole(context, kind) for kind in ("answer", "silent")]
    (sound, _), (beside, sockets) = results
    hold(beside - sound <= MOST_GROWTH_MIB, f"memory grew by {beside - sound:.1f} MiB beside a black hole")
    hold(sockets <= MOST_SOCKETS, f"{sockets} sockets to the black hole")
    return [
        ("events/s, each for both destinations", 200),
        ("seconds", context.hole_seconds),
        ("RSS peak with two sound ones, MiB", round(sound, 1)),
        ("RSS peak with a black hole, MiB", round(beside, 1)),
        ("allowed growth, MiB", MOST_GROWTH_MIB),
        ("sockets to it, most", sockets),
    ]


def _hole(context: Context, kind: str) -> tuple[float, int]:
    """Peak of memory in MiB, and the most sockets to the other destination."""
    destination = Destination([Manner(kind)])
    sink = free_port()
    campanile = Campanile(context.campanile, context.folder / f"hole-{kind}", [])
    _both(campanile, [f"http://127.0.0.1:{sink}/", f"http://127.0.0.1:{destination.ports[0]}/"])
    try:
        campanile.start()
        row = _generate(context, campanile, sink, 200 * context.hole_seconds, rate=200)
        hold(row["missing"] == row["duplicates"] == 0, "events are missing or doubled at the sound destination")
        return campanile.memory("VmHWM"), destination.peaks()[0]
    finally:
        campanile.close()
        destination.close()


def _both(campanile: Campanile, addresses: list[str]) -> None:
    """Every event goes to every address."""
    names = ["hook", "other"][: len(addresses)]
    campanile.configure(list(zip(names, addresses, strict=True)))
    sources = [{"kind": "Kustomization", "name": "*"}]
    every = [
        manifest("Alert", f"every-{name}", {"providerRef": {"name": name}, "eventSources": sources}) for name in names
    ]
    staged = campanile.folder / "every.yaml"
    staged.write_text("\n---\n".join(json.dumps(document) for document in every))
    staged.rename(campanile.folder / "manifests" / "every.yaml")


def _generate(
    context: Context,
    campanile: Campanile,
    sink: int,
    total: int,
    *,
    rate: int = 0,
    look: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Runs the load generator, looks at the process meanwhile, and returns what the generator says."""
    if context.loadgen is None:
        raise Violation("it needs the load generator, name it with --loadgen")
    command = [
        context.loadgen,
        "--events",
        f"http://127.0.0.1:{campanile.ports[0]}/",
        "--sink-ports",
        str(sink),
        "--total",
        str(total),
        "--rate",
        str(rate),
        "--objects",
        str(25 * OBJECTS),
        "--limit",
        "3000",
        "--idle",
        "20",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    while process.poll() is None:
        time.sleep(0.5)
        look()
    output, _ = process.communicate()
    hold(process.returncode == 0, "the load generator failed")
    row: dict[str, Any] = json.loads(output)
    return row


class _Peak:
    """The most memory that a process had, MiB."""

    def __init__(self, campanile: Campanile) -> None:
        self._campanile, self.most = campanile, 0.0

    def look(self) -> None:
        self.most = max(self.most, self._campanile.memory("VmHWM"))
