"""Message brokers for the providers that do not speak HTTP to their target."""

import base64
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any, Protocol

from certs import Authority
from drivers import free_ports
from eventhub import EventHub
from request import published
from sink import Recorder

NATS_CONFIG = """
listen: 127.0.0.1:%d
authorization {
  users = [
    {user: anyone, password: open}
    {user: flux, password: secret}
    {nkey: UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4}
  ]
}
"""


class BrokerError(Exception):
    """A broker that this machine lacks."""


class Broker(Protocol):
    """What the harness needs of a broker."""

    # Placeholders of case files, and the environment of the program.
    values: dict[str, str]
    environment: dict[str, str]

    def attach(self, subject: str, recorder: Recorder) -> None:
        """What is published to `subject` goes to `recorder`."""

    def stop(self) -> None: ...


def start(names: Iterable[str], directory: pathlib.Path, authority: Authority) -> dict[str, Broker]:
    """Starts the named brokers; fails if one of them cannot be had."""
    brokers: dict[str, Broker] = {}
    absent = []
    for name in sorted(names):
        try:
            brokers[name] = _broker(name, directory, authority)
        except FileNotFoundError as error:
            absent.append(f"{error}; `--without {name}` leaves its cases out")
    if absent:
        for broker in brokers.values():
            broker.stop()
        raise BrokerError("\n".join(absent))
    return brokers


def _broker(name: str, directory: pathlib.Path, authority: Authority) -> Broker:
    match name:
        case "nats":
            return NatsServer(directory)
        case "pubsub":
            return PubSubEmulator(directory)
        case "event-hub":
            return EventHub(authority)
        case _:
            raise ValueError(f"no broker is called {name!r}")


class NatsServer:
    """A nats-server with a subscriber to all subjects."""

    def __init__(self, directory: pathlib.Path) -> None:
        command = shutil.which("nats-server")
        if not command:
            raise FileNotFoundError("nats-server is not installed (Debian package nats-server)")
        (port,) = free_ports(1)
        config = directory / "nats.conf"
        config.write_text(NATS_CONFIG % port)
        self._process = subprocess.Popen([command, "-c", config], stderr=subprocess.DEVNULL)
        self.values = {"NATS": f"127.0.0.1:{port}"}
        self.environment: dict[str, str] = {}
        self._recorders: dict[str, Recorder] = {}
        self._stream = self._connect(port).makefile("rwb")
        self._say('CONNECT {"verbose":false,"pedantic":false,"user":"anyone","pass":"open"}', "SUB > 1", "PING")
        threading.Thread(target=self._listen, daemon=True).start()

    @staticmethod
    def _connect(port: int, timeout: float = 10) -> socket.socket:
        end = time.monotonic() + timeout
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port))
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def _say(self, *lines: str) -> None:
        self._stream.write("".join(line + "\r\n" for line in lines).encode())
        self._stream.flush()

    def _listen(self) -> None:
        for line in self._stream:
            words = line.split()
            if words[:1] == [b"PING"]:
                self._say("PONG")
            elif words[:1] == [b"MSG"]:
                subject, payload = words[1].decode(), self._stream.read(int(words[-1]) + 2)[:-2]
                if subject in self._recorders:
                    self._recorders[subject].record(published(subject, payload))

    def attach(self, subject: str, recorder: Recorder) -> None:
        self._recorders[subject] = recorder

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


class PubSubEmulator:
    """The Google Pub/Sub emulator, with one pulled subscription a topic."""

    def __init__(self, directory: pathlib.Path) -> None:
        command = self._find()
        if not command or not shutil.which("java"):
            raise FileNotFoundError("the Pub/Sub emulator of the Google Cloud SDK is not installed")
        (port,) = free_ports(1)
        self._address = f"127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [command, "--host=127.0.0.1", f"--port={port}"],
            cwd=directory,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.values: dict[str, str] = {}
        self.environment = {"PUBSUB_EMULATOR_HOST": self._address}
        self._await_up()

    @staticmethod
    def _find() -> pathlib.Path | None:
        gcloud = shutil.which("gcloud")
        if gcloud:
            sdk = pathlib.Path(gcloud).resolve().parents[1]
            command = sdk / "platform/pubsub-emulator/bin/cloud-pubsub-emulator"
            return command if command.exists() else None
        return None

    def _await_up(self, timeout: float = 40) -> None:
        end = time.monotonic() + timeout
        while True:
            try:
                urllib.request.urlopen(f"http://{self._address}/", timeout=5).close()
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def _call(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(
            f"http://{self._address}/v1/{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=120) as response:
            answer: dict[str, Any] = json.load(response)
            return answer

    def attach(self, subject: str, recorder: Recorder) -> None:
        """Creates the topic and passes its messages on to the recorder."""
        subscription = subject.replace("/topics/", "/subscriptions/")
        self._call("PUT", subject, {})
        self._call("PUT", subscription, {"topic": subject})
        threading.Thread(target=self._pull, args=(subject, subscription, recorder), daemon=True).start()

    def _pull(self, subject: str, subscription: str, recorder: Recorder) -> None:
        while self._process.poll() is None:
            try:
                answer = self._call("POST", f"{subscription}:pull", {"maxMessages": 10})
                received = answer.get("receivedMessages", [])
                if received:
                    self._call("POST", f"{subscription}:acknowledge", {"ackIds": [m["ackId"] for m in received]})
            except (urllib.error.URLError, OSError, ValueError):
                time.sleep(0.2)
                continue
            for message in (m["message"] for m in received):
                data = base64.b64decode(message.get("data", ""))
                recorder.record(published(subject, data, message.get("attributes", {})))

    def stop(self) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait()
