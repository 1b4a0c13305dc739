"""A namespace whose patterns and messages are as dear as they get: a sound one beside it does not notice."""

import time
from typing import Any

from campanile import NAMESPACE, Campanile, Figures, hold
from context import Context
from destination import Destination, Manner
from rival import Rival, manifest, write
from sound import RATE, Seen, measure

# Events a second of the other namespace.
EVIL_RATE = 20.0
# Seconds of each measurement, and of the short cut.
SECONDS, SECONDS_SHORT = 60, 10
# What the p99 of the sound namespace may be beside the other one, in ms and against quiet, in the long run. The short
# cut shares its machine with everything else: it finds a namespace that stands still.
MOST_MS, MOST_SLOWER, MOST_MS_SHORT = 10.0, 3.0, 500.0
# Characters of the messages of the other namespace.
LONG = 39_000
EVIL = "evil"
# Loops that post its events.
LOOPS = 4


def neighbour(context: Context) -> Figures:
    """Measures the sound namespace alone, then with the other one from a start on."""
    # A process each: what the other namespace has sent to its own destination is no matter of the sound one's clock.
    # Its destination does not stand where the program runs: it gets what processor time nobody else wants.
    destination, others = Destination([Manner()]), Destination([Manner()], nice=19)
    sound, evil = (f"http://127.0.0.1:{each.ports[0]}/" for each in (destination, others))
    campanile = Campanile(context.campanile, context.folder / "neighbour", [("sound", sound)])
    seconds = SECONDS_SHORT if context.short else SECONDS
    try:
        begin = time.monotonic()
        campanile.start()
        ready_quiet = time.monotonic() - begin
        quiet = measure(campanile, destination, seconds, 0)
        campanile.terminate()
        _add_evil(campanile, evil)
        begin = time.monotonic()
        campanile.start()
        ready = time.monotonic() - begin
        beside, answers = _beside_evil(campanile, destination, seconds)
        router = campanile.state()["router"]
        memory = campanile.memory("VmHWM")
    finally:
        campanile.close()
        destination.close()
        others.close()
    most = MOST_MS_SHORT if context.short else min(MOST_MS, MOST_SLOWER * quiet.p99)
    hold(
        beside.p99 <= most,
        f"p99 of the sound namespace is {beside.p99:.1f} ms, {quiet.p99:.1f} ms without the other one",
    )
    return [
        ("events/s, sound / other", f"{RATE:.0f} / {EVIL_RATE:.0f}"),
        ("seconds", seconds),
        ("ready after, without / with the other one, s", f"{ready_quiet:.2f} / {ready:.2f}"),
        ("p50 of the sound one without / beside, ms", f"{quiet.p50:.2f} / {beside.p50:.2f}"),
        ("p99 without / beside, ms", f"{quiet.p99:.2f} / {beside.p99:.2f}"),
        ("RSS peak, MiB", f"{memory:.0f}"),
        ("answers to the other one", ", ".join(f"{code}: {count}" for code, count in sorted(answers.items()))),
        ("its events left to the threads for dear patterns", router["matchedElsewhere"]),
        ("its notifications skipped for want of budget", router["drops"].get("over-budget", 0)),
    ]


def _beside_evil(campanile: Campanile, destination: Destination, seconds: int) -> tuple[Seen, dict[int, int]]:
    """What the sound namespace sees while the other one posts, and what that was answered."""
    other = Rival(campanile.ports[0], EVIL, _long_message, loops=LOOPS, pause=LOOPS / EVIL_RATE)
    try:
        return measure(campanile, destination, seconds, 1_000_000), other.stop()
    finally:
        other.stop()


def _add_evil(campanile: Campanile, address: str) -> None:
    """Dear Alerts that are taken, some of which name the sound namespace's objects, and dear ones that are refused."""
    documents = [manifest(EVIL, "Provider", "evil", {"type": "generic", "address": address})]
    own = [{"kind": "Kustomization", "name": "*"}]
    theirs = [{"kind": "Kustomization", "name": "*", "namespace": NAMESPACE}]
    for number in range(70):
        patterns = [f"{number}x[^z]{{0,30}}z|[^z]{{50}}y"]
        sources = theirs if number % 10 == 0 else own
        documents.append(_alert(f"dear-{number}", sources, patterns))
    documents.extend(_alert(f"refused-{number}", own, [f"a{{0,999}}a{{999}}z{number}"]) for number in range(70))
    for number in range(250):
        patterns = [f"x\\pL{{0,200}}\\pN{{0,100}}y{number}-{each}" for each in range(8)]
        documents.append(_alert(f"large-{number}", own, patterns))
    write(campanile, EVIL, documents)


def _long_message(number: int) -> str:
    return f"{number} {'a' * LONG}"[:LONG]


def _alert(name: str, sources: list[dict[str, str]], patterns: list[str]) -> dict[str, Any]:
    spec = {"providerRef": {"name": "evil"}, "eventSources": sources, "exclusionList": patterns}
    return manifest(EVIL, "Alert", name, spec)
