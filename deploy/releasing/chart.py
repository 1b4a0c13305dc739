"""The Helm chart as a package, with version and image written in."""

from __future__ import annotations

import re
from pathlib import Path

from releasing.archive import Entry, below, packed, tar


def package(repository: Path, version: str, reference: str, epoch: int) -> bytes:
    """What `helm package` makes, without a time of its own. Links into other folders are followed."""
    ignored = ignore(repository / "deploy/chart/.helmignore")
    entries = [
        entry for entry in below(repository / "deploy/chart", "campanile") if Path(entry.path).name not in ignored
    ]
    return packed(tar([written(entry, version, reference) for entry in entries], epoch))


def ignore(file: Path) -> set[str]:
    """Names that Helm leaves out."""
    return {line for line in file.read_text().splitlines() if line and not line.startswith("#")}


def written(entry: Entry, version: str, reference: str) -> Entry:
    """A file with version and image in the places where they stand."""
    text = (entry.data or b"").decode()
    name, _, tag = reference.rpartition(":")
    if entry.path == "campanile/Chart.yaml":
        text = re.sub(r"(?m)^((?:appVersion|version):) .*$", rf"\1 {version}", text)
    elif entry.path == "campanile/values.yaml":
        text = replaced(text, "repository: campanile.invalid/set-me", f"repository: {name}")
        text = replaced(text, 'tag: "0"', f'tag: "{tag}"')
    else:
        return entry
    return Entry(entry.path, text.encode(), entry.mode)


def replaced(text: str, old: str, new: str) -> str:
    """`text` with the one place of `old` replaced."""
    if text.count(old) != 1:
        raise SystemExit(f"deploy/release: {old!r} stands {text.count(old)} times in values.yaml, not once")
    return text.replace(old, new)
