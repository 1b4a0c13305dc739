"""A CONNECT proxy that ends TLS itself, for the hosts that a provider type fixes.

The program is pointed at it by HTTPS_PROXY and trusts its certificates through SSL_CERT_FILE.
Requests inside a tunnel are answered by the set-up that claims their host and path; nothing ever
leaves the machine. Requests nobody claims are answered 502 and kept in `strays`.
"""

import re
import ssl
from collections.abc import Iterable

from certs import Authority
from request import Request
from sink import Recorder, RecordingHandler, RecordingServer, server_context


class Route:
    """Sends requests for `host` whose path matches `path` to `recorder`."""

    def __init__(self, host: str, path: str, recorder: Recorder) -> None:
        self.host = host
        self.path = re.compile(path)
        self.recorder = recorder

    def claims(self, request: Request) -> bool:
        return request.get("host") == self.host and self.path.search(request["path"]) is not None


class ConnectHandler(RecordingHandler):
    """Accepts CONNECT and hands the decrypted stream to a TunnelHandler."""

    server: "ConnectProxy"

    def do_CONNECT(self) -> None:
        host = self.path.rpartition(":")[0]
        self.send_response(200, "Connection established")
        self.end_headers()
        stream = self.server.context.wrap_socket(self.connection, server_side=True)
        TunnelHandler(stream, self.client_address, self.server, host)
        self.close_connection = True


class TunnelHandler(RecordingHandler):
    """Serves the requests of one tunnel."""

    def __init__(self, stream: ssl.SSLSocket, client: tuple[str, int], server: "ConnectProxy", host: str) -> None:
        self.host = host
        super().__init__(stream, client, server)

    def recorder_for(self, request: Request) -> Recorder:
        request["host"] = self.host
        return super().recorder_for(request)


class ConnectProxy(RecordingServer):
    """The proxy; `authority` issues the certificate for all `hosts`."""

    def __init__(self, authority: Authority, hosts: Iterable[str]) -> None:
        super().__init__(ConnectHandler)
        self.context = server_context(*authority.issue("proxied-hosts", sorted(hosts)))
        self.routes: list[Route] = []
        self.strays = Recorder(replies=[{"status": 502}])
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def recorder_for(self, request: Request) -> Recorder:
        for route in self.routes:
            if route.claims(request):
                return route.recorder
        return self.strays
