"""A Campanile process in standalone mode, which a fault may strike, and the manifests it reads."""

import contextlib
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from email.message import Message
from typing import Any, TypeAlias

# What a scenario shows: figures and their values.
Figures: TypeAlias = list[tuple[str, int | float | str]]
# Ports for events, health and the operations API.
Ports: TypeAlias = tuple[int, int, int]
NAMESPACE = "flux-system"
API = "notification.toolkit.fluxcd.io/v1beta3"
# Objects that the events of one provider are about: more than are under way at once, so that order limits nothing.
OBJECTS = 40


class Violation(Exception):
    """A promise that does not hold."""


def hold(condition: object, complaint: str) -> None:
    """Fails the scenario if the condition, a promise, does not hold."""
    if not condition:
        raise Violation(complaint)


class Campanile:
    """One state folder and the processes that use it one after the other, always on the same ports."""

    def __init__(
        self,
        command: str,
        folder: pathlib.Path,
        providers: Sequence[tuple[str, str]],
        environment: Mapping[str, str] | None = None,
        state: pathlib.Path | None = None,
    ) -> None:
        """`providers` is a list of (name, address); events of provider n are about the objects `app-n-*`."""
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state_dir = state or folder / "state"
        self._command = command
        self._environment = {**os.environ, **(environment or {})}
        self.ports = free_ports()
        self._manifests = self.folder / "manifests"
        self.configure(providers)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = self.folder / "log"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process that was started last."""
        if self._process is None:
            raise Violation("no process was started")
        return self._process

    def configure(self, providers: Sequence[tuple[str, str]]) -> None:
        """Writes the manifests anew, in one step."""
        self._manifests.mkdir(exist_ok=True)
        documents = []
        for number, (name, address) in enumerate(providers):
            documents.append(manifest("Provider", name, {"type": "generic", "address": address}))
            sources = [{"kind": "Kustomization", "name": f"app-{number}-{each}"} for each in range(OBJECTS)]
            documents.append(manifest("Alert", name, {"providerRef": {"name": name}, "eventSources": sources}))
        staged = self.folder / "all.yaml"
        staged.write_text("\n---\n".join(json.dumps(document) for document in documents))
        staged.rename(self._manifests / "all.yaml")

    def spawn(self, *flags: str) -> subprocess.Popen[bytes]:
        """Starts the process without waiting for it."""
        self._process = self.launch(self.ports, *flags)
        return self._process

    def launch(self, ports: Ports, *flags: str) -> subprocess.Popen[bytes]:
        """Starts a process beside the own one."""
        events, health, admin = ports
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [
                    self._command,
                    "run",
                    f"--manifests={self._manifests}",
                    f"--state-dir={self.state_dir}",
                    f"--events-addr=127.0.0.1:{events}",
                    f"--health-addr=127.0.0.1:{health}",
                    f"--admin-addr=127.0.0.1:{admin}",
                    "--metrics-addr=0",
                    "--receiverAddr=127.0.0.1:0",
                    *flags,
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
            )

    def start(self, *flags: str, seconds: float = 60) -> None:
        """Starts the process and waits until it is ready."""
        self.spawn(*flags)
        self.await_ready(seconds)

    def await_ready(self, seconds: float = 60) -> None:
        def ready() -> bool:
            code = self.process.poll()
            hold(code is None, f"it ended with {code} instead of getting ready: {self.last_words()}")
            return self.is_ready()

        wait(ready, seconds, "it is not ready")

    def is_ready(self) -> bool:
        return fetch(f"http://127.0.0.1:{self.ports[1]}/readyz") is not None

    def kill(self) -> None:
        """The end of a process that cannot prepare for it."""
        self.process.kill()
        self.process.wait()

    def terminate(self, seconds: float = 12) -> float:
        """The end that Kubernetes asks for. Returns how long it took."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Violation(f"it still runs {seconds} s after SIGTERM") from None
        hold(code == 0, f"SIGTERM ended it with {code}: {self.last_words()}")
        return time.monotonic() - begin

    def close(self) -> None:
        """Leaves no process behind."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def state(self) -> Any:
        """What every actor says of itself."""
        state = self._ask("state")
        hold(state is not None, "the operations API does not answer")
        return state

    def _ask(self, path: str) -> Any:
        text = fetch(f"http://127.0.0.1:{self.ports[2]}/v1/{path}")
        return None if text is None else json.loads(text)

    def pending(self) -> int | None:
        """Deliveries that are not done; none if nobody answers."""
        state = self._ask("state")
        return None if state is None else state["outbox"]["total"]["pending"] + state["outbox"]["unplanned"]

    def await_empty(self, seconds: float = 120) -> None:
        """Waits until every delivery is done."""
        wait(lambda: self.pending() == 0, seconds, "the outbox does not empty")

    def dead(self) -> list[Any]:
        """The dead letters."""
        answer = self._ask("deliveries?dead=true")
        hold(answer is not None, "the operations API does not answer")
        return list(answer["items"])

    def memory(self, field: str = "VmRSS") -> float:
        """MiB of resident memory, now (VmRSS) or at its peak (VmHWM)."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(field))
        return int(line.split()[1]) / 1024

    def sockets(self) -> int:
        """Open sockets of the process, listeners included."""
        count = 0
        for entry in pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                count += str(entry.readlink()).startswith("socket:")
        return count

    def state_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.state_dir.iterdir() if path.is_file())

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def last_words(self) -> str:
        return " / ".join(self.log().splitlines()[-3:])


def manifest(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}


def post(port: int, body: bytes, seconds: float = 10) -> tuple[int, dict[str, str]]:
    """Posts one event; its status and headers with lower-case names. A connection that fails is status 0."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", body, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.status, _lower(answer.headers)
    except urllib.error.HTTPError as refusal:
        return refusal.code, _lower(refusal.headers)
    except OSError:
        return 0, {}


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def fetch(url: str) -> bytes | None:
    """The answer's body, or None where there is none of a good status."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            content: bytes = answer.read()
            return content
    except OSError:
        return None


def wait(condition: Callable[[], object], seconds: float, complaint: str) -> None:
    """Waits until the condition holds; a violation if it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Violation(f"{complaint} after {seconds} s")
        time.sleep(0.02)


def free_ports() -> Ports:
    """Ports for one process."""
    return free_port(), free_port(), free_port()


def free_port() -> int:
    """A port below those that the system gives to connections, so that nobody takes it between two processes."""
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with socket.socket() as each:
            try:
                each.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass
