"""A destination on 127.0.0.1:8055 for the quickstart: it takes whatever is posted, and prints it."""

import http.server


class Destination(http.server.BaseHTTPRequestHandler):
    """Answers as Slack does, and as a Git host does that knows no commit status yet."""

    def do_GET(self) -> None:
        self.answer(b"[]")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        print(f"\n{self.path}\n{body.decode(errors='replace')}", flush=True)
        self.answer(b"{}" if self.path.startswith("/api/") else b"ok")

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Leaves out the server's own lines."""


http.server.ThreadingHTTPServer(("127.0.0.1", 8055), Destination).serve_forever()
