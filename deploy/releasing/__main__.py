"""deploy/release: one command that makes a release."""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import tempfile
from pathlib import Path

from releasing import build, chart, image, licences, manifests, notes, packages, sbom
from releasing.archive import Entry, below, packed, tar

REPOSITORY = Path(__file__).resolve().parents[2]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="deploy/release", description="Makes a release from a clean tree.")
    parser.add_argument("version", help="such as 0.1.0; Cargo.toml must have the same")
    parser.add_argument(
        "--image", metavar="REF", help="the image that the manifests name (default: names.json and the version)"
    )
    parser.add_argument("--into", metavar="DIR", help="the folder of what is made (default: target/release-VERSION)")
    parser.add_argument(
        "--program",
        metavar="TARGET=FILE",
        action="append",
        default=[],
        help="pack this program for a target, and build none",
    )
    return parser.parse_args()


def git(*words: str) -> str:
    """What git says of the repository."""
    answer = subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(f"deploy/release: failed to ask git: {answer.stderr.strip()}")
    return answer.stdout.strip()


def check(version: str, is_built: bool) -> int:
    """Refuses what would make another release than the commit says; returns the time of the commit."""
    if not re.fullmatch(r"\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?", version):
        raise SystemExit(f"deploy/release: {version} is no version such as 0.1.0")
    if is_built and git("status", "--porcelain"):
        raise SystemExit("deploy/release: the tree is not clean: commit or stash what was changed")
    if f'\nversion = "{version}"\n' not in (REPOSITORY / "Cargo.toml").read_text():
        raise SystemExit(
            f"deploy/release: Cargo.toml has another version than {version}: set workspace.package.version"
        )
    return int(git("log", "-1", "--format=%ct"))


def programs(given: dict[str, Path], epoch: int) -> dict[build.Target, Path]:
    """The program of each target that can be had. What cannot is named, with the reason."""
    found = {}
    for target in build.TARGETS:
        if given:
            if target.triple in given:
                found[target] = given[target.triple]
            continue
        why = build.obstacle(target)
        if why is None:
            found[target] = build.program(REPOSITORY, target, REPOSITORY / "target/releasing", epoch)
        elif target == build.TARGETS[0]:
            raise SystemExit(f"deploy/release: {target.triple} cannot be built: {why}")
        else:
            print(f"left out: {target.triple}: {why}")
    return found


def documents(program: Path) -> list[Entry]:
    """Completions and man pages, which the program of this machine writes by itself."""
    with tempfile.TemporaryDirectory() as folder:
        answer = subprocess.run([program.resolve(), "documents", folder], capture_output=True, text=True, check=False)
        if answer.returncode:
            raise SystemExit(f"deploy/release: failed to write man pages: {answer.stderr.strip()}")
        return below(Path(folder), "")


def made(options: argparse.Namespace, epoch: int) -> dict[str, bytes]:
    """Name and contents of every file of the release but the checksums."""
    version: str = options.version
    names = json.loads((REPOSITORY / "deploy/releasing/names.json").read_text())
    reference: str = options.image or f"{names['registry']}/{names['organisation']}/{names['image']}:{version}"
    given = dict(one.partition("=")[::2] for one in options.program)
    found = programs({triple: Path(file) for triple, file in given.items()}, epoch)
    files: dict[str, bytes] = {}
    pages: list[Entry] = []
    for target, program in found.items():
        linked = packages.read(REPOSITORY, target.triple)
        # The first is that of this machine, and can write them.
        pages = pages or documents(program)
        top = f"campanile-{version}-{target.name}"
        texts = licences.collected(linked, REPOSITORY / "LICENSE")
        entries = [
            Entry(f"{top}/campanile", program.read_bytes(), 0o755),
            Entry(f"{top}/LICENSE", (REPOSITORY / "LICENSE").read_bytes()),
            Entry(f"{top}/LICENCES-OF-DEPENDENCIES.txt", texts.encode()),
            Entry(f"{top}/README.md", (REPOSITORY / "README.md").read_bytes()),
            *(Entry(f"{top}{page.path}", page.data, page.mode) for page in pages),
        ]
        files[f"{top}.tar.gz"] = packed(tar(entries, epoch))
        files[f"{top}.cdx.json"] = sbom.document(linked, version, epoch).encode()
        files[f"{top}-image.tar"] = image.layout(program, target.architecture, reference, epoch)
    files[f"campanile-chart-{version}.tgz"] = chart.package(REPOSITORY, version, reference, epoch)
    for name, text in manifests.built(REPOSITORY, reference).items():
        files[name] = text.encode()
    files["NOTES.md"] = notes.section(REPOSITORY / "CHANGELOG.md", version).encode()
    return files


def main() -> None:
    """Makes the release, or says why not."""
    options = arguments()
    epoch = check(options.version, is_built=not options.program)
    folder = Path(options.into or REPOSITORY / f"target/release-{options.version}")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise SystemExit(
            f"deploy/release: {folder} is not empty: remove what is in it, or name another folder with --into"
        )
    files = made(options, epoch)
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())]
    files["SHA256SUMS"] = "".join(sums).encode()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    print(f"made {len(files)} files in {folder}; sign SHA256SUMS next (docs/releases.md)")


if __name__ == "__main__":
    main()
