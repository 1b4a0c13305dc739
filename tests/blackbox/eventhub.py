"""A stand-in for an Event Hubs namespace: AMQP 1.0 over TLS, and HTTPS on the same port."""

import contextlib
import io
from collections.abc import Callable

import amqp
from certs import Authority
from request import Request, published
from sink import Recorder, RecordingHandler, RecordingServer


class EventHub:
    """Accepts every login; what is published to a hub goes to the hub's recorder."""

    def __init__(self, authority: Authority) -> None:
        self._server = EventHubServer(self._record)
        address = f"127.0.0.1:{self._server.port}"
        # Some clients look for the whole address, with the port, in the certificate.
        self._server.secure(*authority.issue("event-hub", ["127.0.0.1", address]))
        self.values = {"EVENT_HUB": address}
        self.environment: dict[str, str] = {}
        self._recorders: dict[str, Recorder] = {}
        self._server.start()

    def attach(self, subject: str, recorder: Recorder) -> None:
        self._recorders[subject] = recorder

    def _record(self, hub: str, payload: bytes) -> None:
        if hub in self._recorders:
            self._recorders[hub].record(published(hub, payload))

    def stop(self) -> None:
        self._server.server_close()


class EventHubHandler(RecordingHandler):
    """Tells AMQP from HTTP by the first bytes."""

    server: "EventHubServer"
    rfile: io.BufferedReader

    def handle(self) -> None:
        if self.rfile.peek(4)[:4] == b"AMQP":
            with contextlib.suppress(ConnectionError):
                amqp.Connection(self.rfile, self.wfile, self.server.publish).serve()
        else:
            super().handle()


class EventHubServer(RecordingServer):
    """Hands what is published, as AMQP or by HTTP, to `publish(hub, payload)`."""

    def __init__(self, publish: Callable[[str, bytes], None]) -> None:
        super().__init__(EventHubHandler)
        self.publish = publish

    def recorder_for(self, request: Request) -> Recorder:
        """A message posted to /HUB/messages is the same as one published to HUB."""
        self.publish(request["path"].split("/")[1], request["body"].encode("utf-8", "surrogateescape"))
        return Recorder(replies=[{"status": 201, "body": ""}])
