"""The licence texts of everything that is in the program, as one file."""

from __future__ import annotations

from pathlib import Path

from releasing.packages import Package

RULE = "=" * 100 + "\n"

MIT = Path(__file__).with_name("MIT.txt")


def collected(packages: list[Package], own: Path) -> str:
    """Name, licence and texts of each package. `own` is the licence of this repository, the Apache License 2.0.

    A package that ships no text has that of its licence, with its authors. Others without a text end the release.
    """
    parts = ["What is in this program, and under which licences.\n"]
    for package in packages:
        if package.source is None:
            continue
        head = f"{RULE}{package.name} {package.version}: {package.licence}\n{RULE}\n"
        parts.append(head + "\n".join(text_of(package, own)))
    return "\n".join(parts)


def text_of(package: Package, own: Path) -> list[str]:
    """The texts of one package."""
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in package.texts()]
    if texts:
        return texts
    authors = f"Copyright {', '.join(package.authors) or f'the authors of {package.name}'}\n\n"
    if "Apache-2.0" in package.licence:
        return [authors + own.read_text(encoding="utf-8")]
    if package.licence == "MIT":
        return [authors + MIT.read_text()]
    raise SystemExit(
        f"deploy/release: {package.name} {package.version} has no text of its licence {package.licence}: "
        "add it to deploy/releasing/licences.py"
    )
