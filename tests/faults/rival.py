"""The namespace beside the sound one: it posts its events until it is stopped, and counts what it is answered."""

import json
import threading
from collections.abc import Callable
from typing import Any

from campanile import API, Campanile, post


class Rival:
    """Posts from `loops` loops. Each waits `pause` seconds before an event, and 50 ms at least behind a refused one."""

    def __init__(self, port: int, namespace: str, message: Callable[[int], str], *, loops: int, pause: float) -> None:
        self._port, self._namespace, self._message, self._pause = port, namespace, message, pause
        self._ended = threading.Event()
        self._answers: dict[int, int] = {}
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._post, args=(each,), daemon=True) for each in range(loops)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> dict[int, int]:
        """Ends it. Returns how many answers there were of each status."""
        self._ended.set()
        for thread in self._threads:
            thread.join(20)
        return self._answers

    def _post(self, each: int) -> None:
        number, status = each, 202
        while not self._ended.wait(self._pause if status == 202 else max(self._pause, 0.05)):
            number += len(self._threads)
            event = {
                "involvedObject": {"kind": "Kustomization", "namespace": self._namespace, "name": f"o-{number % 8}"},
                "severity": "info",
                "reason": "r",
                "message": self._message(number),
                "timestamp": "2026-11-30T00:00:00Z",
                "reportingController": "c",
            }
            status, _ = post(self._port, json.dumps(event).encode())
            with self._lock:
                self._answers[status] = self._answers.get(status, 0) + 1


def manifest(namespace: str, kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """An object of the namespace."""
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def write(campanile: Campanile, namespace: str, documents: list[dict[str, Any]]) -> None:
    """Puts the objects of the namespace beside the others."""
    manifests = campanile.folder / "manifests" / f"{namespace}.yaml"
    manifests.write_text("\n---\n".join(json.dumps(document) for document in documents))
