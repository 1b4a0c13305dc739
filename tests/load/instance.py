"""A Campanile process in standalone mode, and what the system says of it."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")


class Instance:
    """Started at once; ready after `with`."""

    def __init__(self, command, folder):
        ports = [free_port() for _ in range(4)]
        self.events = f"http://127.0.0.1:{ports[0]}/"
        self.folder = folder
        self._health = f"http://127.0.0.1:{ports[1]}/readyz"
        self._state = f"http://127.0.0.1:{ports[2]}/v1/state"
        self._log = open(folder / "log", "wb")
        self._process = subprocess.Popen(
            [command, "run", f"--manifests={folder / 'manifests'}", f"--state-dir={folder / 'state'}",
             f"--events-addr=127.0.0.1:{ports[0]}", f"--health-addr=127.0.0.1:{ports[1]}",
             f"--admin-addr=127.0.0.1:{ports[2]}", "--metrics-addr=0"],
            stdout=self._log, stderr=subprocess.STDOUT)

    def __enter__(self):
        wait(lambda: fetch(self._health) is not None, 60, "it is not ready")
        wait(lambda: self._reads("router", "alerts") is not None, 60, "its router does not answer")
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._log.close()

    def _reads(self, *path):
        value = json.loads(fetch(self._state) or b"{}")
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def await_alerts(self, count):
        """Waits until the router knows so many Alerts, and what start-up cost is spent."""
        wait(lambda: self._reads("router", "alerts") == count, 60, "not all Alerts are loaded")

    def await_empty(self):
        wait(lambda: self._reads("outbox", "total", "pending") == 0, 60, "the outbox does not empty")

    def memory(self, field):
        """MiB of resident memory, now (VmRSS) or at its peak (VmHWM)."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(field))
        return int(line.split()[1]) / 1024

    def cpu(self):
        """Seconds of processor time so far."""
        fields = pathlib.Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def state_mib(self):
        """MiB of the state folder."""
        return sum(file.stat().st_size for file in (self.folder / "state").iterdir()) / 2**20


def folder():
    return tempfile.TemporaryDirectory(prefix="campanile-load-")


def generate(args, events, sink, total, rate=0, concurrency=32, more=()):
    """Runs the load generator; `sink` is its port, or several with commas between them."""
    command = [args.loadgen, "--events", events, "--sink-ports", str(sink), "--total", str(total),
               "--rate", str(rate), "--concurrency", str(concurrency), "--limit", "300", *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=400)
    if done.returncode:
        sys.exit(f"the load generator failed:\n{done.stderr}")
    return {"posted": total, **json.loads(done.stdout)}


def fetch(url, body=None):
    """The answer's body, or None where there is none of a good status."""
    try:
        request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read()
    except OSError:
        return None


def wait(condition, seconds, complaint, pause=0.05):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"{complaint} after {seconds} s")
        time.sleep(pause)


def free_port():
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return each.getsockname()[1]
