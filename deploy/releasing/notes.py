"""The notes of a release: its section of the changelog."""

from __future__ import annotations

from pathlib import Path


def section(changelog: Path, version: str) -> str:
    """The text below `## [VERSION]`, or below `## [Unreleased]` where the version has none yet."""
    texts = sections(changelog.read_text(encoding="utf-8"))
    text = texts.get(version) or texts.get("Unreleased")
    if not text or not text.strip():
        raise SystemExit(
            f"deploy/release: {changelog.name} has no section [{version}] and nothing under [Unreleased]: write it"
        )
    return f"# Campanile {version}\n\n{text.strip()}\n"


def sections(text: str) -> dict[str, str]:
    """The sections of a changelog by their versions."""
    found = {}
    for part in text.split("\n## [")[1:]:
        version, _, rest = part.partition("]")
        found[version] = rest.partition("\n")[2]
    return found
