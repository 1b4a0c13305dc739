"""The programs: built here, where that can be done, or handed over."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CARGO_HOME = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))


@dataclass(frozen=True)
class Target:
    """A platform that a release has a program for."""

    triple: str
    name: str
    architecture: str
    linker: str | None


TARGETS = (
    Target("x86_64-unknown-linux-gnu", "linux-x86_64", "amd64", None),
    Target("aarch64-unknown-linux-musl", "linux-arm64", "arm64", "aarch64-linux-musl-gcc"),
)


def obstacle(target: Target) -> str | None:
    """Why a target cannot be built here; None if it can."""
    answer = subprocess.run(["rustup", "target", "list", "--installed"], capture_output=True, text=True, check=False)
    if answer.returncode == 0 and target.triple not in answer.stdout.split():
        return f"Rust's library for it is missing: rustup target add {target.triple}"
    if target.linker and shutil.which(target.linker) is None:
        return f"there is no {target.linker}, which compiles and links its C parts: install a cross compiler for musl"
    return None


def program(repository: Path, target: Target, folder: Path, epoch: int) -> Path:
    """Builds the program of a target into `folder`. No path of this machine gets into it."""
    flags = [f"--remap-path-prefix={repository}=/campanile", f"--remap-path-prefix={CARGO_HOME}=/cargo"]
    if target.linker:
        flags.append(f"-Clinker={target.linker}")
    environment = os.environ | {
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags),
        "SOURCE_DATE_EPOCH": str(epoch),
        "CARGO_INCREMENTAL": "0",
        # Paths in C, for assertions of the bundled libraries.
        "CFLAGS": f"-ffile-prefix-map={repository}=/campanile -ffile-prefix-map={CARGO_HOME}=/cargo",
    }
    if target.linker:
        environment[f"CC_{target.triple.replace('-', '_')}"] = target.linker
    command = ["cargo", "build", "--locked", "--profile", "dist", "--bin", "campanile", "--target", target.triple]
    command += ["--target-dir", str(folder)]
    if subprocess.run(command, cwd=repository, env=environment, check=False).returncode:
        raise SystemExit(f"deploy/release: failed to build {target.triple}")
    return folder / target.triple / "dist" / "campanile"
