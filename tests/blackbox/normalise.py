"""Brings a recorded request into the form that is kept and compared.

What differs from run to run (ports, uids, random ids, the time of sending) becomes a ${NAME}
placeholder; values derived from a uid are computed and recognised. Lists and lines that carry a map
in no particular order are sorted where the case file says so.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, unquote

import otlp
from request import Answer, Request
from setups import Event, SetUp

IGNORED_HEADERS = {
    "accept-encoding",
    "connection",
    "content-length",
    "host",
    "proxy-connection",
    "referer",
    "te",
    "traceparent",
    "transfer-encoding",
    "user-agent",
    # Who forwards, and how often it was done.
    "x-campanile-hops",
    "x-tfs-session",
}
KEPT_RESPONSE_HEADERS = (
    "content-type",
    "location",
    "retry-after",
    "x-content-type-options",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
)
HTTP_DATE = re.compile(r"^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$")
LONG_TEXT = 600


def normalise_request(request: Request, setup: SetUp, event: Event) -> dict[str, Any]:
    """The comparable form of one request that `setup`'s sink got because of `event`."""
    literals = _literals(setup, event)
    result: dict[str, Any] = {"method": request["method"], "path": _path(request["path"])}
    if request["query"]:
        result["query"] = sorted(map(list, parse_qsl(request["query"], keep_blank_values=True)))
    if "host" in request:
        result["host"] = request["host"]
    if "client" in request:
        result["client"] = request["client"]
    headers = _headers(request, setup)
    if headers:
        result["headers"] = headers
    kind, body = _body(request, setup)
    if kind:
        for rule in setup.spec.get("sort", []):
            if rule["in"] == kind:
                body = _sort(body, rule["path"].split("."), rule.get("lines"))
        result[kind] = body
    comparable: dict[str, Any] = _replace(result, literals)
    return comparable


def normalise_response(answer: Answer) -> dict[str, Any]:
    """The comparable form of an answer of the event endpoint."""
    result: dict[str, Any] = {"status": answer.status}
    kept = {name: answer.headers[name] for name in KEPT_RESPONSE_HEADERS if name in answer.headers}
    if answer.status < 300:
        kept.pop("content-type", None)
    for name, value in kept.items():
        if HTTP_DATE.match(value):
            kept[name] = "${HTTP_DATE}"
    if kept:
        result["headers"] = kept
    if answer.text:
        result["text"] = answer.text
    return result


def _literals(setup: SetUp, event: Event) -> list[tuple[str, str]]:
    """(text, placeholder) pairs, longest texts first."""
    involved = event.get("involvedObject", {})
    kind, name = involved.get("kind", ""), involved.get("name", "")
    uid, alert_uid = setup.provider_uid, setup.alert_uid
    pairs = []
    if uid:
        status_id = f"{kind}/{name}/{uid.split('-')[0]}".lower()
        alias = "/".join([uid, kind, involved.get("namespace", ""), name, event.get("reason", "")])
        pairs += [
            (uid, "${PROVIDER_UID}"),
            (uid.split("-")[0], "${PROVIDER_UID_HEAD}"),
            (hashlib.sha1(status_id.encode()).hexdigest(), "${STATUS_ID_SHA1}"),
            (hashlib.sha256(alias.encode()).hexdigest(), "${ALIAS_SHA256}"),
        ]
    if alert_uid:
        pairs.append((alert_uid, "${ALERT_UID}"))
    for key in ("SINK", "SINK_HOST"):
        if key in setup.values:
            pairs.append((setup.values[key], f"${{{key}}}"))
    return sorted(pairs, key=lambda pair: -len(pair[0]))


def _path(path: str) -> str:
    """The path with one spelling of each character: `%2E` and `.` are the same, `%2F` and `/` are not."""
    return "/".join(quote(unquote(segment), safe="!$&'()*+,;=:@~") for segment in path.split("/"))


def _headers(request: Request, setup: SetUp) -> dict[str, str]:
    kept = {k: v for k, v in request["headers"].items() if k not in IGNORED_HEADERS}
    if kept.get("accept") == "*/*":
        del kept["accept"]
    if kept.get("authorization", "").startswith("Bearer eyJ"):
        kept["authorization"] = "Bearer ${JWT}"
    if "x-sentry-auth" in kept:
        kept["x-sentry-auth"] = re.sub(r"sentry_client=[^,]*", "sentry_client=${CLIENT}", kept["x-sentry-auth"])
    token = setup.spec.get("secret", {}).get("token", "")
    body = request["body"].encode("utf-8", "surrogateescape")
    if token and kept.get("x-signature") == "sha256=" + hmac.new(token.encode(), body, "sha256").hexdigest():
        kept["x-signature"] = "${VALID_SHA256_HMAC}"
    return kept


def _body(request: Request, setup: SetUp) -> tuple[str | None, Any]:
    """(kind, value) of the body: json, form, sentry, otlp or text."""
    text = request["body"]
    content_type = request["headers"].get("content-type", "")
    if not text:
        return None, None
    if content_type.startswith("application/x-sentry-envelope"):
        return "sentry", _sentry(text)
    if content_type.startswith("application/x-protobuf"):
        return "otlp", _otlp(text.encode("utf-8", "surrogateescape"), setup.alert_uid)
    if content_type.startswith("application/x-www-form-urlencoded"):
        return "form", {k: v if len(v) > 1 else v[0] for k, v in parse_qs(text, keep_blank_values=True).items()}
    try:
        return "json", json.loads(text)
    except ValueError:
        return "text", text


def _sentry(text: str) -> dict[str, Any]:
    """The envelope without ids, SDK facts and the time of sending."""
    lines = text.split("\n")
    header, item, payload = json.loads(lines[0]), json.loads(lines[1]), json.loads(lines[2])
    if payload.pop("exception", None):  # of the SDK itself, not of the event
        payload.pop("timestamp", None)
        payload.pop("server_name", None)
    for name in ("event_id", "sdk", "modules", "release", "platform", "user", "dist"):
        payload.pop(name, None)
    contexts = payload.get("contexts", {})
    for name in ("device", "os", "runtime"):
        contexts.pop(name, None)
    for holder in [contexts.get("trace", {}), *payload.get("spans", [])]:
        for name in ("trace_id", "span_id"):
            if name in holder:
                holder[name] = f"${{{len(holder[name])} HEX}}"
    if item.get("type") == "transaction":
        payload.pop("server_name", None)
    return {"dsn": header.get("dsn"), "type": item.get("type"), "payload": payload}


def _otlp(data: bytes, alert_uid: str) -> list[Any]:
    """The spans, with attributes as mappings and without random ids and the time of sending."""
    found = []
    for resource in otlp.decode(data).get("resourceSpans", []):
        for scope in resource.get("scopeSpans", []):
            for span in scope.get("spans", []):
                span["spanId"] = f"${{{len(span.get('spanId', ''))} HEX}}"
                span["end"] = "${TIME}"
                span["attributes"] = otlp.attributes(span.get("attributes"))
                span["resource"] = otlp.attributes(resource.get("resource", [{}])[0].get("attributes"))
                span["schemaUrl"] = resource.get("schemaUrl", "")
                span["scope"] = scope.get("scope")
                if span.get("traceId") == _trace_id(alert_uid, span["attributes"]):
                    span["traceId"] = "${TRACE_ID}"
                found.append(span)
    return found


def _trace_id(alert_uid: str, metadata: Mapping[str, Any]) -> str:
    """The trace id that ties together the events of one Alert and one revision."""
    if "app-version" in metadata and "oci-digest" in metadata:
        revision = f"{metadata['app-version']}@{metadata['oci-digest']}"
    else:
        revision = metadata.get("revision", "unknown")
    return hashlib.sha256(f"{alert_uid}:{revision}".encode()).hexdigest()[:32]


def _sort(value: Any, path: list[str], lines: str | None = None) -> Any:
    """Sort the list, or the blocks of matching lines of the text, at `path` (`*` is any key or index)."""
    if not path or path == [""]:
        if isinstance(value, list):
            return sorted(value, key=lambda item: json.dumps(item, sort_keys=True))
        return _sort_lines(value, lines) if lines and isinstance(value, str) else value
    head, rest = path[0], path[1:]
    if isinstance(value, list) and (head == "*" or head.isdigit()):
        return [_sort(item, rest, lines) if head in ("*", str(i)) else item for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {k: _sort(v, rest, lines) if head in ("*", k) else v for k, v in value.items()}
    return value


def _sort_lines(text: str, pattern: str) -> str:
    done: list[str] = []
    block: list[str] = []
    for line in [*text.split("\n"), None]:
        if line is not None and re.match(pattern, line):
            block.append(line)
            continue
        done += sorted(block)
        block = []
        if line is not None:
            done.append(line)
    return "\n".join(done)


def _replace(value: Any, literals: list[tuple[str, str]]) -> Any:
    """Put placeholders for `literals` into all strings and keys, and shorten long texts."""
    if isinstance(value, str):
        for literal, placeholder in literals:
            value = value.replace(literal, placeholder)
        if len(value) > LONG_TEXT:
            digest = hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()
            value = f"{value[:200]} ... [{len(value)} characters, sha256 {digest}] ... {value[-100:]}"
        return value
    if isinstance(value, list):
        return [_replace(item, literals) for item in value]
    if isinstance(value, dict):
        return {_replace(k, literals): _replace(v, literals) for k, v in value.items()}
    return value
