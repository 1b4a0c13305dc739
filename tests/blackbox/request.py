"""What the recorders of the suite keep of a request, and a request of its own."""

import contextlib
import http.client
from typing import NamedTuple, NotRequired, TypedDict
from urllib.parse import urlsplit


class Request(TypedDict):
    """A recorded request; names of headers are lower case, the body is text with surrogates for what is not UTF-8."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    # The host that a proxied request named, where it is another than the recorder's own.
    host: NotRequired[str]
    # The common name of the client certificate, if there was one.
    client: NotRequired[str]


def published(subject: str, payload: bytes, headers: dict[str, str] | None = None) -> Request:
    """A message of a broker in the form of a request."""
    body = payload.decode("utf-8", "surrogateescape")
    return Request(method="PUBLISH", path=subject, query="", headers=headers or {}, body=body)


class Answer(NamedTuple):
    """The answer to a request of the suite; status 0 if there was none. Names of headers are lower case."""

    status: int
    headers: dict[str, str]
    text: str


def exchange(url: str, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Sends one request. A server may answer and close while the body is still being sent; that answer counts."""
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)
    except (http.client.HTTPException, OSError) as error:
        return Answer(0, {}, f"no answer: {type(error).__name__}")
    finally:
        connection.close()
