"""The manifests as one file for each way of installing, with the image written in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SHIPPED = "campanile.invalid/set-me:0"
FOLDERS = {
    "install": "deploy/base",
    "ephemeral": "deploy/ephemeral",
    "namespaced": "deploy/namespaced",
    "crds": "deploy/crds",
}


def built(repository: Path, reference: str) -> dict[str, str]:
    """File name and text of each."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise SystemExit("deploy/release: kubectl is missing: install it, or see 'tests/cluster/up --kubectl'")
    texts = {}
    for name, folder in FOLDERS.items():
        answer = subprocess.run(
            [kubectl, "kustomize", repository / folder], capture_output=True, text=True, check=False
        )
        if answer.returncode:
            raise SystemExit(f"deploy/release: failed to build {folder}: {answer.stderr.strip()}")
        texts[f"{name}.yaml"] = answer.stdout.replace(SHIPPED, reference)
    return texts
