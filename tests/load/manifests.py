"""Manifests of the load runs."""

import base64
import json
import pathlib
from typing import Any, TypeAlias

Manifest: TypeAlias = dict[str, Any]

NAMESPACE = "flux-system"
API = "notification.toolkit.fluxcd.io/v1beta3"


def one_matches(folder: pathlib.Path, sink: int, alerts: int) -> None:
    """One Alert that matches; the others name other objects, one in ten with a pattern."""
    documents = [provider("sink", f"http://127.0.0.1:{sink}/hook"), alert("every", "sink")]
    for number in range(1, alerts):
        extra: Manifest = {"inclusionList": [f"error {number}.*timeout"]} if number % 10 == 0 else {}
        documents.append(provider(f"p-{number}", f"http://127.0.0.1:{sink}/{number}"))
        documents.append(alert(f"a-{number}", f"p-{number}", f"other-{number}", extra))
    write(folder, documents)


def all_match(folder: pathlib.Path, ports: list[int], alerts: int) -> None:
    """Each Alert matches and has a Provider of its own; the Providers take turns on the ports."""
    documents = []
    for number in range(alerts):
        documents.append(provider(f"p-{number}", f"http://127.0.0.1:{ports[number % len(ports)]}/{number}"))
        documents.append(alert(f"a-{number}", f"p-{number}"))
    write(folder, documents)


def commit_status(folder: pathlib.Path, port: int) -> None:
    """One Alert with a GitHub Provider."""
    token = {"token": base64.b64encode(b"0123456789abcdef").decode()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "git", "namespace": NAMESPACE}, "data": token}
    git = provider("git", f"http://127.0.0.1:{port}/org/repo", "github", {"secretRef": {"name": "git"}})
    write(folder, [secret, git, alert("every", "git")])


def provider(name: str, address: str, kind: str = "generic", extra: Manifest | None = None) -> Manifest:
    return manifest("Provider", name, {"type": kind, "address": address, **(extra or {})})


def alert(name: str, to: str, source: str = "*", extra: Manifest | None = None) -> Manifest:
    sources = [{"kind": "Kustomization", "name": source}]
    return manifest("Alert", name, {"providerRef": {"name": to}, "eventSources": sources, **(extra or {})})


def manifest(kind: str, name: str, spec: Manifest) -> Manifest:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}


def write(folder: pathlib.Path, documents: list[Manifest]) -> None:
    folder.mkdir()
    (folder / "all.yaml").write_text("\n---\n".join(json.dumps(document) for document in documents))


def event(number: int, revision: str = "main@sha1:" + "a" * 40) -> bytes:
    """An event like those of the load generator; of one state and, unless told otherwise, of one commit."""
    return json.dumps(
        {
            "involvedObject": {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
                "kind": "Kustomization",
                "name": "app",
                "namespace": NAMESPACE,
                "uid": "7d0cdc51-ddcf-4743-b223-83ca5c699632",
            },
            "metadata": {
                "kustomize.toolkit.fluxcd.io/revision": revision,
                "kustomize.toolkit.fluxcd.io/commit_status": "update",
            },
            "severity": "info",
            "reason": "ReconciliationSucceeded",
            "message": f"Reconciliation finished, number {number}",
            "reportingController": "kustomize-controller",
            "reportingInstance": "kustomize-controller-0",
            "timestamp": "2026-11-22T07:26:19Z",
        }
    ).encode()
