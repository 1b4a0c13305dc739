"""How the program is given its objects and started: in a cluster, or standalone from files."""

import json
import os
import pathlib
import shlex
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from typing import TypeAlias

from kube import Cluster, Object, permissive_crd

API_GROUP = "notification.toolkit.fluxcd.io"
SOURCE_KINDS = [
    ("source.toolkit.fluxcd.io", "v1", "GitRepository"),
    ("source.toolkit.fluxcd.io", "v1", "OCIRepository"),
    ("source.toolkit.fluxcd.io", "v1", "Bucket"),
    ("image.toolkit.fluxcd.io", "v1", "ImageRepository"),
    ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization"),
]
LISTENERS = {
    "events": "--events-addr",
    "receiver": "--receiverAddr",
    "metrics": "--metrics-addr",
    "health": "--health-addr",
}
# The suite's destinations are on this machine, which is closed to Providers in a cluster.
DESTINATIONS = "--allow-destinations=127.0.0.0/8,::1/128"


# (kind, namespace) -> uid of the last object of that kind.
Uids: TypeAlias = dict[tuple[str, str | None], str]


class ControllerError(Exception):
    """The program did not start."""


class Controller:
    """A running process of the program and its listeners, each on a free loopback port."""

    def __init__(
        self, command: list[str], flags: tuple[str, ...], environment: dict[str, str], log: pathlib.Path
    ) -> None:
        self.ports = dict(zip(LISTENERS, free_ports(len(LISTENERS)), strict=True))
        listeners = [f"{flag}=127.0.0.1:{self.ports[name]}" for name, flag in LISTENERS.items()]
        self._log = log
        self._output = log.open("ab")
        try:
            self._process = subprocess.Popen(
                [*command, *listeners, "--admin-addr=127.0.0.1:0", *flags],
                stdout=self._output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
            )
        except OSError as error:
            raise ControllerError(str(error)) from error

    def url(self, listener: str) -> str:
        return f"http://127.0.0.1:{self.ports[listener]}"

    def wait_ready(self, timeout: float = 60) -> None:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise ControllerError(f"exit status {self._process.returncode}\n{self._log_tail()}")
            try:
                with urllib.request.urlopen(self.url("health") + "/readyz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise ControllerError(f"not ready after {timeout} s\n{self._log_tail()}")

    def _log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()


class States:
    """State folders, a new one for each process."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        self._count = 0

    def flag(self) -> str:
        self._count += 1
        state = self._directory / f"state-{self._count}"
        state.mkdir()
        return f"--state-dir={state}"


class ClusterDriver:
    """Objects live in the cluster of KUBECONFIG, where the program watches them."""

    def __init__(self, command: str, directory: pathlib.Path, crds: list[pathlib.Path]) -> None:
        self._command = shlex.split(command)
        self._log = directory / "controller.log"
        self._states = States(directory)
        self.cluster = Cluster()
        self._applied: list[Object] = []
        for path in crds:
            subprocess.run(
                ["kubectl", "apply", "--server-side", "--force-conflicts", "-f", path],
                check=True,
                stdout=subprocess.DEVNULL,
            )
        kinds = [permissive_crd(*kind) for kind in SOURCE_KINDS]
        self.cluster.apply(kinds)
        self.cluster.await_crds([crd["metadata"]["name"] for crd in kinds])

    def apply(self, objects: list[Object]) -> Uids:
        """Store `objects`; returns {(kind, namespace): uid} of the last object of each kind."""
        stored = self.cluster.apply(objects)
        self._applied += objects
        return {(o["kind"], o["metadata"].get("namespace")): o["metadata"]["uid"] for o in stored}

    def start(self, flags: tuple[str, ...], environment: dict[str, str]) -> Controller:
        command = [*self._command, DESTINATIONS, self._states.flag()]
        return Controller(command, flags, environment, self._log)

    def clean(self) -> None:
        """Removes what was applied, apart from namespaces."""
        notification = [o for o in self._applied if o["apiVersion"].startswith(API_GROUP)]
        others = [o for o in self._applied if o not in notification and o["kind"] != "Namespace"]
        self.cluster.delete(notification)
        self.cluster.delete(others)


class StandaloneDriver:
    """Objects are manifest files that `COMMAND run --manifests DIR` reads."""

    def __init__(self, command: str, directory: pathlib.Path) -> None:
        self._command = shlex.split(command)
        self._log = directory / "controller.log"
        self._manifests = directory / "manifests"
        self._manifests.mkdir()
        self._states = States(directory)

    def apply(self, objects: list[Object]) -> Uids:
        """Write `objects`, each with a uid; returns {(kind, namespace): uid}."""
        uids: Uids = {}
        for item in objects:
            place = (item["kind"], item["metadata"].get("namespace"))
            identity = "/".join([*map(str, place), item["metadata"]["name"]])
            uid = str(uuid.uuid5(uuid.NAMESPACE_URL, identity))
            item["metadata"]["uid"] = uids[place] = uid
            file = self._manifests / (identity.replace("/", "_").lower() + ".yaml")
            file.write_text(json.dumps(item, indent=2, ensure_ascii=False))
        return uids

    def start(self, flags: tuple[str, ...], environment: dict[str, str]) -> Controller:
        manifests = f"--manifests={self._manifests}"
        command = [*self._command, "run", manifests, DESTINATIONS, self._states.flag()]
        return Controller(command, flags, environment, self._log)


def free_ports(count: int) -> list[int]:
    """Ports that are free now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports: list[int] = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
