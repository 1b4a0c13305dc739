"""Receivers of the load runs, and webhooks to them as Git hosts sign them."""

import hashlib
import hmac
import json
import pathlib
import subprocess
import sys
from typing import Any, TypeAlias

from instance import Row
from manifests import Manifest

# A webhook as the load generator posts it.
Hook: TypeAlias = dict[str, Any]

TOKEN = "a-token-of-32-characters-exactly"
BODY = json.dumps(
    {
        "ref": "refs/heads/main",
        "after": "a" * 40,
        "repository": {"full_name": "acme/fleet", "clone_url": "https://git.example.com/acme/fleet.git"},
        "commits": [
            {
                "id": f"{number:040x}",
                "message": "Roll out the next version of the application " * 4,
                "timestamp": "2026-11-22T07:26:19Z",
                "author": {"name": "Ada", "email": "ada@example.com"},
                "modified": [f"apps/production/app-{file}/kustomization.yaml" for file in range(5)],
            }
            for number in range(8)
        ],
    }
)


def receiver(name: str, namespace: str, kind: str, resources: list[str]) -> Manifest:
    """A Receiver of type `kind` that asks these GitRepositories to reconcile."""
    spec = {
        "type": kind,
        "secretRef": {"name": "token"},
        "resources": [{"kind": "GitRepository", "name": each} for each in resources],
    }
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "notification.toolkit.fluxcd.io/v1", "kind": "Receiver", "metadata": metadata, "spec": spec}


def secret(namespace: str) -> Manifest:
    """The Secret of all Receivers of a namespace."""
    metadata = {"name": "token", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"token": TOKEN}}


def path(name: str, namespace: str) -> str:
    """Where a Receiver is called (contract, receivers 3)."""
    return "/hook/" + hashlib.sha256(f"{TOKEN}{name}{namespace}".encode()).hexdigest()


def headers(kind: str, token: str) -> dict[str, str]:
    """What a host that knows `token` sends beside the body."""
    signature = "sha256=" + hmac.new(token.encode(), BODY.encode(), hashlib.sha256).hexdigest()
    own = {
        "github": {"X-GitHub-Event": "push", "X-Hub-Signature-256": signature},
        "generic-hmac": {"X-Signature": signature},
        "gitlab": {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": token},
    }
    return {"Content-Type": "application/json", **own[kind]}


def hook(url: str, kind: str, label: str, token: str = TOKEN) -> Hook:
    """A webhook to `url`, whose answers are counted under `label`."""
    return {"url": url, "headers": headers(kind, token), "body": BODY, "label": label}


def command(loadgen: str, folder: pathlib.Path, hooks: list[Hook], total: int, *more: str) -> list[str]:
    """How the load generator is called to post `total` webhooks, these in turns."""
    file = folder / f"hooks-{len(list(folder.glob('hooks-*')))}.json"
    file.write_text(json.dumps(hooks))
    return [loadgen, f"--hooks={file}", f"--total={total}", *more]


def post(loadgen: str, folder: pathlib.Path, hooks: list[Hook], total: int, *more: str) -> Row:
    """Posts webhooks and returns the figures."""
    call = command(loadgen, folder, hooks, total, *more)
    done = subprocess.run(call, capture_output=True, text=True, timeout=400, check=False)
    if done.returncode:
        sys.exit(f"the load generator failed:\n{done.stderr}")
    row: Row = json.loads(done.stdout)
    return row
