"""A namespace with many Providers whose destination is gone floods the outbox: a sound one beside it goes on."""

import json
import threading
import time
from typing import Any

from campanile import API, Campanile, Figures, free_port, hold, post, wait
from context import Context
from destination import Destination, Manner
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
        other = _Flood(campanile.ports[0])
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
        documents.append(_of_flood("Provider", name, {"type": "generic", "address": address}))
        documents.append(_of_flood("Alert", name, {"providerRef": {"name": name}, "eventSources": sources}))
    manifests = campanile.folder / "manifests" / "flood.yaml"
    manifests.write_text("\n---\n".join(json.dumps(document) for document in documents))


def _of_flood(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name, "namespace": FLOOD}, "spec": spec}


class _Flood:
    """Posts as fast as two loops can until it is stopped, and counts what it is answered."""

    def __init__(self, port: int) -> None:
        self._port, self._ended = port, threading.Event()
        self._answers: dict[int, int] = {}
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._post, args=(each,), daemon=True) for each in range(2)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> dict[int, int]:
        self._ended.set()
        for thread in self._threads:
            thread.join(20)
        return self._answers

    def _post(self, each: int) -> None:
        number = each
        while not self._ended.is_set():
            number += len(self._threads)
            event = {
                "involvedObject": {"kind": "Kustomization", "namespace": FLOOD, "name": f"o-{number % 8}"},
                "severity": "info",
                "reason": "r",
                "message": f"flood {number}",
                "timestamp": "2026-11-30T00:00:00Z",
                "reportingController": "c",
            }
            status, _ = post(self._port, json.dumps(event).encode())
            with self._lock:
                self._answers[status] = self._answers.get(status, 0) + 1
            if status != 202:
                time.sleep(0.05)
