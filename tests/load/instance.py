"""A Campanile process, and what the system says of it."""

import contextlib
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from typing import Any, Self, TypeAlias

# What the load generator says of a run, and what is measured beside it.
Row: TypeAlias = dict[str, Any]
TICKS = os.sysconf("SC_CLK_TCK")
# Below those that Linux gives to outgoing connections.
QUIET_PORTS = range(20_000, 32_768)


class Instance:
    """Started at once; ready after `with`."""

    def __init__(self, command: str, folder: pathlib.Path, in_cluster: bool = False) -> None:
        ports = [free_port() for _ in range(4)]
        self.events = f"http://127.0.0.1:{ports[0]}/"
        self.webhooks = f"http://127.0.0.1:{ports[3]}"
        self.folder = folder
        self._health = f"http://127.0.0.1:{ports[1]}/readyz"
        self._state = f"http://127.0.0.1:{ports[2]}/v1/state"
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [
                command,
                # In a cluster it is that of KUBECONFIG.
                *([] if in_cluster else ["run", f"--manifests={folder / 'manifests'}"]),
                f"--state-dir={folder / 'state'}",
                f"--events-addr=127.0.0.1:{ports[0]}",
                f"--health-addr=127.0.0.1:{ports[1]}",
                f"--admin-addr=127.0.0.1:{ports[2]}",
                f"--receiverAddr=127.0.0.1:{ports[3]}",
                "--metrics-addr=0",
            ],
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> Self:
        wait(lambda: fetch(self._health) is not None, 60, "it is not ready")
        wait(lambda: self.reads("router", "alerts") is not None, 60, "its router does not answer")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the process as Kubernetes does, and kills it if that takes long."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._log.close()

    def reads(self, *path: str) -> Any:
        """What the operations API says under these keys; None if nothing."""
        value: Any = json.loads(fetch(self._state) or b"{}")
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def await_alerts(self, count: int) -> None:
        """Waits until the router knows so many Alerts, and what start-up cost is spent."""
        wait(lambda: self.reads("router", "alerts") == count, 60, "not all Alerts are loaded")

    def await_empty(self) -> None:
        """Waits until every delivery is done."""
        wait(lambda: self.reads("outbox", "total", "pending") == 0, 60, "the outbox does not empty")

    def evicted(self) -> int:
        """Idle connections to destinations that were closed because others needed their place."""
        return int(self.reads("sockets", "closed") or 0)

    def memory(self, field: str) -> float:
        """MiB of resident memory, now (VmRSS) or at its peak (VmHWM)."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(field))
        return int(line.split()[1]) / 1024

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        fields = pathlib.Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def state_mib(self) -> float:
        """MiB of the state folder."""
        return sum(file.stat().st_size for file in (self.folder / "state").iterdir()) / 2**20


def folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for one run."""
    return tempfile.TemporaryDirectory(prefix="campanile-load-")


def generate(loadgen: str, events: str, sink: int | str, total: int, *more: str) -> Row:
    """Runs the load generator; `sink` is its port, or several with commas between them, `more` further options."""
    command = [loadgen, f"--events={events}", f"--sink-ports={sink}", f"--total={total}", "--limit=300", *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    if done.returncode:
        sys.exit(f"the load generator failed:\n{done.stderr}")
    return {"posted": total, **json.loads(done.stdout)}


def is_whole(row: Row) -> bool:
    """True if every event of a run was accepted and arrived once."""
    return not row["missing"] and not row["duplicates"] and bool(row["accepted"] == row["posted"])


def fetch(url: str, body: bytes | None = None) -> bytes | None:
    """The answer's body, or None where there is none of a good status."""
    try:
        request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            content: bytes = answer.read()
            return content
    except OSError:
        return None


def wait(condition: Callable[[], Any], seconds: float, complaint: str, pause: float = 0.05) -> None:
    """Waits until the condition holds; ends the run if it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"{complaint} after {seconds} s")
        time.sleep(pause)


def free_port() -> int:
    """A port that is free now, and that no outgoing connection is given before it is used."""
    with socket.socket() as each:
        for port in secrets.SystemRandom().sample(QUIET_PORTS, 100):
            with contextlib.suppress(OSError):
                each.bind(("127.0.0.1", port))
                return port
    sys.exit("no port between 20000 and 32768 is free")
