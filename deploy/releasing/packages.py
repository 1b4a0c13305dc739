"""The packages that are in the program, from cargo's own resolution."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = "campanile"
TEXTS = re.compile(r"(licen[cs]e|copying|notice|copyright|unlicense)", re.IGNORECASE)


@dataclass(frozen=True)
class Package:
    """A package in the program. `source` is None for those of this repository."""

    name: str
    version: str
    licence: str
    source: str | None
    folder: Path
    authors: tuple[str, ...]
    depends_on: tuple[str, ...]

    @property
    def url(self) -> str:
        """Its name as a package URL (purl)."""
        return f"pkg:cargo/{self.name}@{self.version}"

    def texts(self) -> list[Path]:
        """The files of its licence."""
        return sorted(file for file in self.folder.iterdir() if file.is_file() and TEXTS.match(file.name))


def read(repository: Path, target: str) -> list[Package]:
    """All packages that the program of a target is linked from, sorted; without those that only build or test it."""
    command = ["cargo", "metadata", "--format-version=1", "--locked", "--filter-platform", target]
    answer = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(f"deploy/release: failed to read the dependencies: {answer.stderr.strip()}")
    metadata = json.loads(answer.stdout)
    known = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    linked = {
        identifier: [one["pkg"] for one in node["deps"] if any(kind["kind"] is None for kind in one["dep_kinds"])]
        for identifier, node in nodes.items()
    }
    waiting = [identifier for identifier, package in known.items() if package["name"] == ROOT]
    found: dict[str, Package] = {}
    while waiting:
        identifier = waiting.pop()
        if identifier in found:
            continue
        package = known[identifier]
        urls = sorted(f"pkg:cargo/{known[one]['name']}@{known[one]['version']}" for one in linked[identifier])
        found[identifier] = Package(
            name=package["name"],
            version=package["version"],
            licence=package["license"] or "",
            source=package["source"],
            folder=Path(package["manifest_path"]).parent,
            authors=tuple(package["authors"]),
            depends_on=tuple(urls),
        )
        waiting += linked[identifier]
    return sorted(found.values(), key=lambda package: (package.name, package.version))
