"""A disk without space: events are refused, not lost; memory stays flat; everything goes on when space returns."""

import collections
import contextlib
import itertools
import os
import pathlib
import subprocess
import time
from collections.abc import Iterator

from campanile import Campanile, Figures, hold, post, wait
from context import Context
from destination import Destination, Manner
from poster import Load, Poster, accepted, body

DISK_MIB = 256
# MiB of other files on it: the outbox keeps to half of a volume by itself, and one Provider to an eighth of that, so it
# is others that leave it without space.
OTHERS_MIB = 232
# Bytes of padding, so that the disk is soon full.
PAD = 3000
# What memory may grow by while everything is refused, and by outcomes that wait for the disk.
MOST_GROWTH_MIB = 8
# Most seconds from the return of space to the first accepted event.
MOST_RECOVERY = 30
LOCK_WAIT = 2


def disk(context: Context) -> Figures:
    """Fills a small disk with events for a destination that is down, then to the last byte, and gives space back."""
    with _small_disk(context.folder / "disk") as mounted:
        (mounted / "others").write_bytes(bytes(OTHERS_MIB << 20))
        destination = Destination([Manner(), Manner("refuse")])
        sound, broken = (f"http://127.0.0.1:{port}/" for port in destination.ports)
        campanile = Campanile(context.campanile, context.folder / "full", [("hook", broken)], state=mounted / "state")
        try:
            campanile.start()
            return _fill_and_free(context, campanile, destination, mounted, sound)
        finally:
            campanile.close()
            destination.close()


def _fill_and_free(
    context: Context, campanile: Campanile, destination: Destination, mounted: pathlib.Path, sound: str
) -> Figures:
    poster = Poster(Load(campanile.ports[0], pad=PAD))
    # Each probe is an event of its own: one that was accepted is answered as a duplicate later, full or not.
    probes = itertools.count(1 << 40)

    def probe() -> tuple[int, dict[str, str]]:
        return post(campanile.ports[0], body(next(probes), pad=PAD))

    wait(lambda: probe()[0] == 503, 60, "events are still accepted on a full disk")
    full = campanile.memory()
    time.sleep(2 if context.short else 20)
    refusing = campanile.memory()
    status, headers = probe()
    hold(
        (status, headers.get("retry-after")) == (503, "5"),
        f"a refusal is {status} with Retry-After {headers.get('retry-after')}",
    )
    rows = poster.stop()
    answers = collections.Counter(row.status for row in rows)
    hold(answers.keys() == {202, 503}, f"answers other than 202 and 503: {answers}")
    left = _free(mounted)
    ballast = _fill(mounted)
    hold(_free(mounted) == 0 and probe()[0] == 503, "an event was accepted without space")
    # It starts without a byte to write, too.
    campanile.kill()
    campanile.start()
    # Nothing can be written now, no outcome either; deliveries go on when the Provider is mended.
    campanile.configure([("hook", sound)])
    taken = accepted(rows)
    wait(lambda: destination.count() >= len(taken), 120, "deliveries do not go out while the disk is full")
    outcomes = campanile.memory()
    failed = campanile.state()["outbox"]["failedWrites"]
    ballast.unlink()
    begin = time.monotonic()
    wait(lambda: probe()[0] == 202, MOST_RECOVERY, "no event is accepted after space has returned")
    recovery = time.monotonic() - begin
    campanile.await_empty()
    # The last outcome is written a moment after it has happened.
    time.sleep(0.5)
    campanile.kill()
    campanile.start()
    campanile.await_empty()
    times = collections.Counter(row.number for row in destination.arrivals())
    missing = (taken | {next(probes) - 1}) - times.keys()
    repeated = sum(times.values()) - len(times)
    hold(not missing, f"{len(missing)} accepted events are missing")
    hold(
        repeated == 0, f"{repeated} deliveries were repeated after a kill, although there was space for their outcomes"
    )
    hold(refusing - full <= MOST_GROWTH_MIB, f"memory grew by {refusing - full:.1f} MiB while events were refused")
    hold(
        outcomes - full <= MOST_GROWTH_MIB,
        f"memory grew by {outcomes - full:.1f} MiB with outcomes that wait for the disk",
    )
    refused = len(rows) - len(taken)
    return [
        ("disk, MiB", DISK_MIB),
        ("accepted", len(taken)),
        ("refused with 503 and Retry-After: 5", refused),
        ("missing", 0),
        ("repeated", 0),
        ("free when events are refused, MiB", round(left, 1)),
        ("RSS when the first event is refused, MiB", round(full, 1)),
        ("RSS after all refusals, MiB", round(refusing, 1)),
        ("RSS with all outcomes waiting for a disk without a byte, MiB", round(outcomes, 1)),
        ("failed groups of writes", failed),
        ("seconds from the return of space to the next 202", round(recovery, 2)),
        *_locked(context),
    ]


@contextlib.contextmanager
def _small_disk(place: pathlib.Path) -> Iterator[pathlib.Path]:
    """A file system of that size; it takes root to mount it."""
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", place], capture_output=True, text=True, check=False
    )
    hold(done.returncode == 0, f"a tmpfs cannot be mounted, run the suite as root: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def _free(mounted: pathlib.Path) -> float:
    """MiB that are left."""
    disk = os.statvfs(mounted)
    return disk.f_bavail * disk.f_frsize / (1 << 20)


def _fill(mounted: pathlib.Path) -> pathlib.Path:
    """Takes every byte that is left."""
    path = mounted / "ballast"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
    return path


def _locked(context: Context) -> Figures:
    """A second process on the same state folder waits as it is told, and ends with an error that says why."""
    campanile = Campanile(context.campanile, context.folder / "locked", [])
    second = Campanile(context.campanile, context.folder / "second", [], state=campanile.state_dir)
    try:
        campanile.start()
        begin = time.monotonic()
        code = second.spawn(f"--state-lock-timeout={LOCK_WAIT}s").wait(LOCK_WAIT + 10)
        took = time.monotonic() - begin
        hold(code == 1, f"a second process ended with {code}")
        hold("another process holds it" in second.log(), f"a second process says {second.last_words()}")
        hold(took >= LOCK_WAIT, f"a second process waited {took:.1f} s")
        hold(campanile.is_ready(), "a second process disturbed the first")
    finally:
        campanile.close()
        second.close()
    return [(f"seconds until a second process told to wait {LOCK_WAIT} ends with exit code 1", round(took, 1))]
