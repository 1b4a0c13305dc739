#!/usr/bin/env python3
"""Verified webhooks in a cluster: 2,000 a second over 100 Receivers with 3 resources each, against a real API server.

The API server of KUBECONFIG, the program and the load generator share the machine. Prints what webhooks were answered
and how soon, the patches that they became, when each resource was annotated after its last webhook, and beside it what
the API server takes of the same patches when nobody else asks it for anything. Fails if a webhook is refused, or a
resource is annotated more than two seconds after its last webhook.
"""

import argparse
import base64
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import ssl
import subprocess
import sys
import time
import urllib.parse
from datetime import datetime
from typing import Any, TypeAlias

import hooks
from instance import Instance, Row, folder, wait
from manifests import Manifest

RECEIVERS, RESOURCES, NAMESPACES, RATE = 100, 3, 10, 2_000
LATEST, P99 = 2.0, 50.0
REPOSITORIES = "/apis/source.toolkit.fluxcd.io/v1/gitrepositories"
REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
CRDS = pathlib.Path(__file__).parents[2] / "deploy" / "crds"

# Name, value in words, goal.
Line: TypeAlias = tuple[str, str, str]


class Api:
    """The API server of KUBECONFIG, over one connection."""

    def __init__(self) -> None:
        config = json.loads(kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        server = urllib.parse.urlsplit(cluster["server"])
        tls = ssl.create_default_context(cadata=authority)
        self._connection = http.client.HTTPSConnection(server.hostname or "", server.port, context=tls)
        self._token = {"Authorization": f"Bearer {user['token']}"}

    def ask(self, method: str, place: str, body: str | None = None, **more: str) -> bytes:
        """The body of a good answer; anything else ends the run."""
        self._connection.request(method, place, body, {**self._token, **more})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {place}: {answer.status} {content[:300]!r}")
        return content

    def annotate(self, place: str, value: str) -> None:
        """The patch of a webhook, as the program makes it."""
        body = json.dumps({"metadata": {"annotations": {REQUESTED_AT: value}}})
        accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
        self.ask("PATCH", place, body, **{"Content-Type": "application/merge-patch+json", "Accept": accept})

    def patches(self) -> int:
        """Patches of GitRepositories that it took since its start."""
        page = self.ask("GET", "/metrics").decode()
        rows = [row for row in page.splitlines() if row.startswith("apiserver_request_total{")]
        ours = [row for row in rows if 'resource="gitrepositories"' in row and 'verb="PATCH"' in row]
        return sum(int(float(row.rpartition(" ")[2])) for row in ours if re.search('code="2', row))

    def requested(self) -> dict[str, float]:
        """When each GitRepository was asked to reconcile, in seconds since 1970; 0 if never."""
        accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
        found: dict[str, float] = {}
        for item in json.loads(self.ask("GET", REPOSITORIES, Accept=accept))["items"]:
            metadata = item["metadata"]
            at = metadata.get("annotations", {}).get(REQUESTED_AT)
            # Python reads microseconds at most.
            when = datetime.fromisoformat(re.sub(r"(\.\d{6})\d*Z$", r"\1+00:00", at)).timestamp() if at else 0
            found[f"{metadata['namespace']}/{metadata['name']}"] = when
        return found


def kubectl(*arguments: str, feed: str | None = None) -> str:
    return subprocess.run(["kubectl", *arguments], input=feed, capture_output=True, text=True, check=True).stdout


class Stage:
    """Namespaces with Receivers, and the GitRepositories that they name."""

    def __init__(self) -> None:
        mark = f"load-{os.getpid()}"
        self.namespaces = [f"{mark}-{number}" for number in range(NAMESPACES)]
        self.receivers = [(f"hook-{n}", self.namespaces[n % NAMESPACES], kind_of(n)) for n in range(RECEIVERS)]

    def resources(self, receiver: str) -> list[str]:
        return [f"{receiver}-{number}" for number in range(RESOURCES)]

    def objects(self) -> list[Manifest]:
        made: list[Manifest] = []
        for name in self.namespaces:
            made += [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, hooks.secret(name)]
        for name, namespace, kind in self.receivers:
            resources = self.resources(name)
            made += [repository(each, namespace) for each in resources]
            made.append(hooks.receiver(name, namespace, kind, resources))
        return made

    def hooks(self, base: str) -> list[hooks.Hook]:
        return [hooks.hook(base + hooks.path(name, where), kind, kind) for name, where, kind in self.receivers]

    def late(self, last: dict[str, float], base: str, requested: dict[str, float]) -> list[str]:
        """Resources whose last webhook was not annotated yet."""
        found = []
        for name, namespace, _ in self.receivers:
            sent = last[base + hooks.path(name, namespace)]
            # The clock of both is this machine's; the generator reads it before it sends.
            found += [each for each in self.resources(name) if requested[f"{namespace}/{each}"] < sent]
        return found


def kind_of(number: int) -> str:
    return ("github", "generic-hmac")[number % 2]


def repository(name: str, namespace: str) -> Manifest:
    metadata = {"name": name, "namespace": namespace}
    spec = {"interval": "10m", "url": "https://git.example.com/acme/fleet.git", "ref": {"branch": "main"}}
    return {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": metadata, "spec": spec}


def define() -> None:
    """The kinds: ours, and a small one of Flux's."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    names = {"kind": "GitRepository", "plural": "gitrepositories", "singular": "gitrepository"}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gitrepositories.source.toolkit.fluxcd.io"},
        "spec": {
            "group": "source.toolkit.fluxcd.io",
            "scope": "Namespaced",
            "names": {**names, "listKind": "GitRepositoryList"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    kubectl("apply", "--server-side", "--force-conflicts", "-k", str(CRDS))
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", feed=json.dumps(definition))
    kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")


def apply(objects: list[Manifest]) -> None:
    everything = {"apiVersion": "v1", "kind": "List", "items": objects}
    kubectl("apply", "--server-side", "-f", "-", feed=json.dumps(everything))


def run(args: argparse.Namespace, api: Api, where: pathlib.Path) -> tuple[list[Line], list[str]]:
    """One run. Returns its figures, and what is wrong."""
    stage = Stage()
    define()
    apply(stage.objects())
    with Instance(args.campanile, where, in_cluster=True) as instance:
        wait(lambda: instance.reads("webhooks", "paths") == RECEIVERS, 60, "not all Receivers are ready")
        base = instance.webhooks
        all_hooks = stage.hooks(base)
        hooks.post(args.loadgen, where, all_hooks, RECEIVERS, "--rate=50")
        before, cpu, patches = time.monotonic(), instance.cpu(), api.patches()
        total = RATE * (10 if args.short else 30)
        row = hooks.post(args.loadgen, where, all_hooks, total, f"--rate={RATE}", "--concurrency=512")
        over = time.time()
        took, lag = time.monotonic() - before, 0.0
        while late := stage.late(row["last"], base, api.requested()):
            lag = time.time() - over
            if lag > 30:
                break
        cpu, patches = instance.cpu() - cpu, api.patches() - patches
        waiting = instance.reads("postponer", "waiting")
    lines, bad = told(row, total)
    lines += [
        ("patches while they came, and after", f"{patches / took:,.0f}/s, {patches} in all", "–"),
        ("from the last webhook to the last annotation", f"{max(lag, 0.0):.2f} s", f"≤ {LATEST:.0f} s"),
        ("processor time of the program", f"{cpu / total * 1e6:.0f} µs for a webhook", "–"),
    ]
    if late or lag > LATEST:
        bad.append(f"{len(late)} resources were annotated late or never ({lag:.1f} s, {waiting} wait)")
    return lines, bad


def told(row: Row, total: int) -> tuple[list[Line], list[str]]:
    """What webhooks were answered, and how soon."""
    lines: list[Line] = [("webhooks", f"{row['per_s']:,.0f}/s, {total} in all", f"{RATE:,}/s")]
    bad = []
    for label, found in row["labels"].items():
        statuses = ", ".join(f"{count} × {status}" for status, count in sorted(found["statuses"].items()))
        took = found["took_ms"]
        words = f"{took['p50']} / {took['p99']} / {took['max']} ms; {statuses}"
        lines.append((f"`{label}`: p50 / p99 / most, answers", words, f"p99 ≤ {P99:.0f} ms"))
        if set(found["statuses"]) - {"200", "202"}:
            bad.append(f"{label}: {statuses}")
    return lines, bad


def alone(args: argparse.Namespace, places: list[str]) -> Line:
    """What the API server takes of the same patches from clients that do nothing else, each over one connection."""
    clients, end = 8, time.monotonic() + (3 if args.short else 10)

    def patch(client: int) -> int:
        api, done = Api(), 0
        while time.monotonic() < end:
            api.annotate(places[(client + done * clients) % len(places)], f"{time.time():.9f}")
            done += 1
        return done

    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        done = sum(pool.map(patch, range(clients)))
    rate = done / (time.monotonic() - begin)
    return f"the API server alone, {clients} connections", f"{rate:,.0f} patches/s", "–"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loadgen", required=True)
    parser.add_argument("--campanile", required=True)
    parser.add_argument("--short", action="store_true", help="10 s instead of 30")
    args: Any = parser.parse_args()
    api = Api()
    with folder() as name:
        lines, bad = run(args, api, pathlib.Path(name))
    group = REPOSITORIES.removesuffix("/gitrepositories")
    places = [f"{group}/namespaces/{key.replace('/', '/gitrepositories/')}" for key in api.requested()]
    lines.append(alone(args, places))
    print("| figure | value | goal |\n|---|---|---|")
    for line in lines:
        print("| " + " | ".join(line) + " |")
    for text in bad:
        print(f"webhooks: {text}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
