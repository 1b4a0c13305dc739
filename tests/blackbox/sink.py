"""Recording HTTP(S) endpoints.

A Recorder keeps every request it is given and answers from a list of reply rules: the first rule
whose method and path match wins, and a rule with "times" is used that often and then passed over.
Where no rule matches, an optional git store answers, and else it is 200 with an empty JSON object.

A Sink is a Recorder that listens on a port of its own.
"""

import json
import pathlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from gitstore import GitStore
from request import Request

JSON_TYPE = {"Content-Type": "application/json"}
# A reply rule of a case file.
Rule: TypeAlias = dict[str, Any]


class Reply(NamedTuple):
    """What a recorder answers, after `delay` seconds."""

    status: int
    headers: dict[str, str]
    payload: bytes
    delay: float = 0


class Recorder:
    """Requests seen so far, and the answers to the next ones."""

    def __init__(self, replies: list[Rule] | None = None, store: str | None = None, author: str = "flux-bot") -> None:
        self.replies: list[Rule] = [dict(rule) for rule in (replies or [])]
        self.store = GitStore(store, author) if store else None
        self.requests: list[Request] = []
        self.last = time.monotonic()
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Reply:
        """Records `request` and returns the reply to it."""
        with self._lock:
            self.requests.append(request)
            self.last = time.monotonic()
            rule = self._next_rule(request)
            if rule is not None:
                return self._from_rule(rule)
            found = self.store.answer(request) if self.store else None
        status, value = found or (200, {})
        return Reply(status, dict(JSON_TYPE), json.dumps(value).encode())

    def _next_rule(self, request: Request) -> Rule | None:
        for rule in self.replies:
            if rule.get("times", 1) <= 0:
                continue
            if rule.get("method", request["method"]) != request["method"]:
                continue
            if not re.search(rule.get("path", ""), request["path"]):
                continue
            if "times" in rule:
                rule["times"] -= 1
            return rule
        return None

    @staticmethod
    def _from_rule(rule: Rule) -> Reply:
        headers = dict(rule.get("headers", {}))
        if "body" in rule:
            payload = rule["body"].encode()
        else:
            payload = json.dumps(rule.get("json", {})).encode()
            headers.setdefault("Content-Type", "application/json")
        return Reply(rule.get("status", 200), headers, payload, rule.get("delay", 0))

    def record(self, request: Request) -> None:
        """Records something that needs no answer (a message of another protocol)."""
        with self._lock:
            self.requests.append(request)
            self.last = time.monotonic()

    def peek(self) -> list[Request]:
        """The requests recorded since the last take; they stay."""
        with self._lock:
            return list(self.requests)

    def take(self) -> list[Request]:
        """The requests recorded since the last take."""
        with self._lock:
            out, self.requests = self.requests, []
            return out


class RecordingHandler(BaseHTTPRequestHandler):
    """Reads one HTTP/1.1 request after another and lets its server say who answers it."""

    server: "RecordingServer"
    protocol_version = "HTTP/1.1"
    timeout = 120

    def log_message(self, *_: object) -> None:
        """Prints nothing."""

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def recorder_for(self, request: Request) -> Recorder:
        return self.server.recorder_for(request)

    def serve(self) -> None:
        body = self._body()
        url = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=url.path,
            query=url.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body.decode("utf-8", "surrogateescape"),
        )
        if url.netloc:
            request["host"] = url.netloc
        certificate = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        if certificate:
            request["client"] = _common_name(certificate)
        self._send(self.recorder_for(request).answer(request))

    def _send(self, reply: Reply) -> None:
        if reply.delay:
            time.sleep(reply.delay)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.payload)))
        self.end_headers()
        if reply.status != 204:
            self.wfile.write(reply.payload)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
            if size == 0:
                return b"".join(chunks)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = serve


def _common_name(certificate: Mapping[str, Any]) -> str:
    """The common name in what `getpeercert` returns."""
    subject = {name: value for part in certificate["subject"] for name, value in part}
    return str(subject.get("commonName", ""))


class RecordingServer(ThreadingHTTPServer):
    """A threading server for many short-lived clients."""

    daemon_threads = True
    request_queue_size = 512
    allow_reuse_address = True

    def __init__(self, handler: type[RecordingHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.port: int = self.socket.getsockname()[1]

    def recorder_for(self, request: Request) -> Recorder:
        """Who answers the request."""
        raise NotImplementedError

    def secure(self, certificate: pathlib.Path, key: pathlib.Path, client_ca: pathlib.Path | None = None) -> None:
        """Speaks TLS from now on; see `server_context`."""
        context = server_context(certificate, key, client_ca)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """Prints nothing: clients that go away are a part of the cases."""

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.5,), daemon=True).start()


class Sink(Recorder):
    """A Recorder with a listening port.

    `tls` is (certificate, key) for HTTPS, or (certificate, key, client CA) to demand a client
    certificate as well.
    """

    def __init__(
        self,
        replies: list[Rule] | None = None,
        store: str | None = None,
        author: str = "flux-bot",
        tls: tuple[pathlib.Path, ...] | None = None,
    ) -> None:
        super().__init__(replies, store, author)
        server = SinkServer(self)
        if tls:
            server.secure(*tls)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.port}"
        server.start()


class SinkServer(RecordingServer):
    """A server whose requests all belong to one recorder."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(RecordingHandler)
        self._recorder = recorder

    def recorder_for(self, request: Request) -> Recorder:
        return self._recorder


def server_context(
    certificate: pathlib.Path, key: pathlib.Path, client_ca: pathlib.Path | None = None
) -> ssl.SSLContext:
    """TLS settings of a server; with `client_ca` it insists on a client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
