"""A namespace with many Providers whose destination is gone floods the outbox: a sound one beside it goes on."""

from campanile import Campanile, Figures, free_port, hold, wait
from context import Context
from destination import Destination, Manner
from rival import Rival, manifest, write
from sound import RATE, measure

# Providers of the namespace that floods: what one event makes in a namespace at most.
PROVIDERS = 2_000
FLOOD = "flood"
# What the p99 of the sound namespace may be beside the flood, in ms.
MOST_MS = 10.0


def flood(context: Context) -> Figures:
    """Measures the sound namespace alone, then beside the flood until the outbox has long been full."""
    destination = Destination([Manner()])
    sound = f"http://127.0.0.1:{destination.ports[0]}/"
    campanile = Campanile(context.campanile, context.folder / "flood", [("sound", sound)])
    try:
        campanile.start()
        quiet = measure(campanile, destination, 10, 0)
        _add_flood(campanile)
        wait(lambda: campanile.state()["router"]["alerts"] == PROVIDERS + 1, 60, "not all Alerts are loaded")
        other = Rival(campanile.ports[0], FLOOD, "flood {}".format, loops=2, pause=0)
        try:
            beside = measure(campanile, destination, context.flood_seconds, 1_000_000)
        finally:
            answers = other.stop()
        outbox = campanile.state()["outbox"]
        memory = campanile.memory("VmHWM")
    finally:
        campanile.close()
        destination.close()
    hold(
        beside.p99 <= MOST_MS,
        f"p99 of the sound namespace is {beside.p99:.1f} ms, {quiet.p99:.1f} ms without the flood",
    )
    return [
        ("events/s of the sound namespace", f"{RATE:.0f}"),
        ("seconds", context.flood_seconds),
        ("p50 without / beside, ms", f"{quiet.p50:.2f} / {beside.p50:.2f}"),
        ("p99 without / beside, ms", f"{quiet.p99:.2f} / {beside.p99:.2f}"),
        ("RSS peak, MiB", f"{memory:.0f}"),
        ("answers to the flood", ", ".join(f"{code}: {count}" for code, count in sorted(answers.items()))),
        ("waiting at the end", f"{outbox['total']['pending']:,}"),
        ("became dead by overflow", f"{outbox['overflowed']:,}"),
    ]


def _add_flood(campanile: Campanile) -> None:
    address = f"http://127.0.0.1:{free_port()}/"
    sources = [{"kind": "Kustomization", "name": "*"}]
    documents = []
    for number in range(PROVIDERS):
        name = f"gone-{number}"
        documents.append(manifest(FLOOD, "Provider", name, {"type": "generic", "address": address}))
        documents.append(manifest(FLOOD, "Alert", name, {"providerRef": {"name": name}, "eventSources": sources}))
    write(campanile, FLOOD, documents)
