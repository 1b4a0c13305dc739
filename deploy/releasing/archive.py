"""Tar archives that depend on their contents alone: sorted, owned by nobody, of one time."""

from __future__ import annotations

import gzip
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """A file of an archive, or a folder where `data` is None."""

    path: str
    data: bytes | None
    mode: int = 0o644


def tar(entries: list[Entry], epoch: int) -> bytes:
    """The entries as a tar archive, sorted by path, all from the second `epoch` since 1970."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in sorted(entries, key=lambda entry: entry.path):
            info = tarfile.TarInfo(entry.path)
            info.mtime, info.mode = epoch, entry.mode
            if entry.data is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                info.size = len(entry.data)
                archive.addfile(info, io.BytesIO(entry.data))
    return stream.getvalue()


def packed(data: bytes) -> bytes:
    """The bytes by gzip, which notes neither name nor time."""
    stream = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=stream, mode="wb", compresslevel=6, mtime=0) as file:
        file.write(data)
    return stream.getvalue()


def below(folder: Path, prefix: str) -> list[Entry]:
    """Every file below a folder, links followed, as entries below `prefix`."""
    entries = []
    for path in sorted(folder.iterdir()):
        name = f"{prefix}/{path.name}"
        if path.is_dir():
            entries += below(path, name)
        else:
            mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            entries.append(Entry(name, path.read_bytes(), mode))
    return entries
