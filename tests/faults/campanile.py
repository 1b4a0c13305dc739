"""A Campanile process in standalone mode, which a fault may strike, and the manifests it reads."""
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

NAMESPACE = "flux-system"
API = "notification.toolkit.fluxcd.io/v1beta3"
# Objects that the events of one provider are about: more than are under way at once, so that order limits nothing.
OBJECTS = 40


class Violation(Exception):
    """A promise that does not hold."""


def hold(condition, complaint):
    """A promise."""
    if not condition:
        raise Violation(complaint)


class Campanile:
    """One state folder and the processes that use it one after the other, always on the same ports."""

    def __init__(self, command, folder, providers, environment=None, state=None):
        """`providers` is a list of (name, address); events of provider n are about the objects `app-n-*`."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state_dir = pathlib.Path(state) if state else self.folder / "state"
        self._command = command
        self._environment = {**os.environ, **(environment or {})}
        self.ports = [free_port() for _ in range(3)]
        self._manifests = self.folder / "manifests"
        self.configure(providers)
        self.process = None
        self._log = self.folder / "log"

    def configure(self, providers):
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

    def spawn(self, *flags, ports=None):
        """Starts a process without waiting for it."""
        events, health, admin = ports or self.ports
        with open(self._log, "ab") as log:
            self.process = subprocess.Popen(
                [self._command, "run", f"--manifests={self._manifests}", f"--state-dir={self.state_dir}",
                 f"--events-addr=127.0.0.1:{events}", f"--health-addr=127.0.0.1:{health}",
                 f"--admin-addr=127.0.0.1:{admin}", "--metrics-addr=0", "--receiverAddr=127.0.0.1:0", *flags],
                stdout=log, stderr=subprocess.STDOUT, env=self._environment)
        return self.process

    def start(self, *flags, seconds=60):
        """Starts a process and waits until it is ready."""
        self.spawn(*flags)
        self.await_ready(seconds)

    def await_ready(self, seconds=60):
        def ready():
            hold(self.process.poll() is None, f"it ended with {self.process.poll()} instead of getting ready: {self.last_words()}")
            return self.is_ready()
        wait(ready, seconds, "it is not ready")

    def is_ready(self):
        return fetch(f"http://127.0.0.1:{self.ports[1]}/readyz") is not None

    def kill(self):
        """The end of a process that can not prepare for it."""
        self.process.kill()
        self.process.wait()

    def terminate(self, seconds=12):
        """The end that Kubernetes asks for. Returns how long it took."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Violation(f"it still runs {seconds} s after SIGTERM") from None
        hold(code == 0, f"SIGTERM ended it with {code}: {self.last_words()}")
        return time.monotonic() - begin

    def close(self):
        """Leaves no process behind."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def state(self):
        """What every actor says of itself; none if nobody answers."""
        text = fetch(f"http://127.0.0.1:{self.ports[2]}/v1/state")
        return None if text is None else json.loads(text)

    def pending(self):
        state = self.state()
        return None if state is None else state["outbox"]["total"]["pending"] + state["outbox"]["unplanned"]

    def await_empty(self, seconds=120):
        wait(lambda: self.pending() == 0, seconds, "the outbox does not empty")

    def dead(self):
        text = fetch(f"http://127.0.0.1:{self.ports[2]}/v1/deliveries?dead=true")
        return json.loads(text)["items"]

    def memory(self, field="VmRSS"):
        """MiB of resident memory, now (VmRSS) or at its peak (VmHWM)."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(field))
        return int(line.split()[1]) / 1024

    def sockets(self):
        """Open sockets of the process, listeners included."""
        count = 0
        for entry in pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                count += os.readlink(entry).startswith("socket:")
            except OSError:
                pass
        return count

    def state_bytes(self):
        return sum(path.stat().st_size for path in self.state_dir.iterdir() if path.is_file())

    def log(self):
        return self._log.read_text(errors="replace")

    def last_words(self):
        return " / ".join(self.log().splitlines()[-3:])


def manifest(kind, name, spec):
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}


def post(port, body, seconds=10):
    """Posts one event; its status and headers. A connection that fails is status 0."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", body, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers
    except OSError:
        return 0, {}


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read()
    except OSError:
        return None


def wait(condition, seconds, complaint):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Violation(f"{complaint} after {seconds} s")
        time.sleep(0.02)


def free_port():
    """A port below those that the system gives to connections, so that nobody takes it between two processes."""
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with socket.socket() as each:
            try:
                each.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass
