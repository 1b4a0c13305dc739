"""Webhook receivers: what status a request gets, and which objects it annotates.

Receivers need a cluster: the path of a Receiver is read from its status, and the effect of a request
is an annotation on the objects that it names.
"""

import base64
import contextlib
import copy
import hashlib
import hmac
import json
import pathlib
import re
import time
from typing import Any

from certs import openssl
from compare import Outcome, Outcomes
from drivers import ClusterDriver, Controller
from harness import Harness
from kube import KubeError, Object
from proxy import Route
from request import exchange
from setups import API_GROUP, Spec, expand, fill
from sink import Recorder, Sink

ANNOTATION = "reconcile.fluxcd.io/requestedAt"
GOOGLE_KEYS = ("www.googleapis.com", "^/oauth2/v3/certs")
HOSTS = [GOOGLE_KEYS[0]]


class ReceiverCase:
    """One Receiver, the objects it may annotate, and the requests sent to it."""

    drivers = ("cluster",)
    versions = ()
    kinds = frozenset({"receivers"})

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.name: str = spec["name"]
        self.labels = self.kinds | {self.name, spec["receiver"]["type"]}
        self.token: str = spec.get("secret", {}).get("token", "")
        digest = hashlib.sha256((self.token + self.name + self.name).encode()).hexdigest()
        self.hook = f"/hook/{digest}"
        self.receiver = self._object(f"{API_GROUP}/v1", "Receiver", self.name, {"spec": spec["receiver"]})
        self.targets = [self._target(item) for item in spec.get("objects", [])]

    def _object(self, api_version: str, kind: str, name: str, content: Object) -> Object:
        metadata = {"name": name, "namespace": self.name}
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **copy.deepcopy(content)}

    def _target(self, item: Spec) -> Object:
        target = self._object("source.toolkit.fluxcd.io/v1", item["kind"], item["name"], {})
        target["metadata"].update({key: item[key] for key in ("labels", "annotations") if key in item})
        return target

    def objects(self, values: dict[str, str]) -> list[Object]:
        """Namespace, Secret, the objects that may be annotated, and the Receiver."""
        found: list[Object] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}}]
        if "secret" in self.spec:
            found.append(self._object("v1", "Secret", "secret", {"stringData": self.spec["secret"]}))
            self.receiver["spec"].setdefault("secretRef", {"name": "secret"})
        return [fill(item, values) for item in [*found, *self.targets, self.receiver]]


def load_receivers(directory: pathlib.Path) -> list[ReceiverCase]:
    """All cases of Receivers in `directory`."""
    return [ReceiverCase(spec) for spec in json.loads((directory / "receivers.json").read_text())["receivers"]]


class Bench:
    """Applies the Receivers, sends the requests and looks at the results."""

    def __init__(
        self, cases: list[ReceiverCase], harness: Harness, driver: ClusterDriver, directory: pathlib.Path
    ) -> None:
        self.cases = cases
        self.harness = harness
        self.driver = driver
        self.values: dict[str, str] = {}
        if cases:
            self.keys = {name: SigningKey(directory, name) for name in ("issuer", "stranger")}
            self._serve_keys()

    def _serve_keys(self) -> None:
        """An OIDC issuer on a sink, and the same keys where Google publishes its own."""
        jwks = {"keys": [self.keys["issuer"].jwk()]}
        issuer = Sink()
        issuer.replies = [
            {
                "path": "/.well-known/openid-configuration$",
                "json": {
                    "issuer": issuer.url,
                    "jwks_uri": f"{issuer.url}/keys",
                    "id_token_signing_alg_values_supported": ["RS256"],
                },
            },
            {"path": "/keys$", "json": jwks},
        ]
        google = Recorder(replies=[{"json": jwks}])
        self.harness.proxy.routes.append(Route(*GOOGLE_KEYS, google))
        self.values = {"ISSUER": issuer.url}

    def prepare(self) -> None:
        """Hands all objects to the driver, before the program starts."""
        objects = [item for case in self.cases for item in case.objects(self.values)]
        if objects:
            self.driver.apply(objects)

    def clean(self) -> None:
        """Removes what the run left in the cluster. To be called while the program runs, in case of finalizers."""
        self.driver.clean()

    def run(self, controller: Controller) -> Outcomes:
        """The outcomes by case and step; the first step of each is the Receiver's own state."""
        outcomes: Outcomes = {}
        for case in self.cases:
            outcomes[case.name] = {"state": self._state(case)}
            for request in case.spec.get("requests", []):
                before = self._annotations(case)
                outcome = self._send(controller.url("receiver"), case, request)
                after = self._annotations(case)
                outcome["annotated"] = sorted(name for name in after if after[name] != before[name])
                outcomes[case.name][request["name"]] = outcome
        return outcomes

    def _state(self, case: ReceiverCase) -> Outcome:
        """Conditions and path, once the Receiver has settled; a case may say that it never does."""
        wanted = case.spec.get("settled", "Ready=True")
        end = time.monotonic() + (2 if wanted == "never" else 15)
        while True:
            status = self.driver.cluster.get(case.receiver).get("status", {})
            conditions = {c["type"]: c for c in status.get("conditions", [])}
            path = status.get("webhookPath", "")
            settled = {f"{c['type']}={c['status']}" for c in conditions.values()}
            if (wanted in settled and (path or wanted != "Ready=True")) or time.monotonic() > end:
                break
            time.sleep(0.1)
        kept = [
            {key: _text(c[key], case) for key in ("type", "status", "reason", "message")}
            for c in sorted(conditions.values(), key=lambda c: c["type"])
        ]
        return {"conditions": kept, "webhookPath": _text(path, case)}

    def _annotations(self, case: ReceiverCase) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for target in case.targets:
            with contextlib.suppress(KubeError):
                metadata = self.driver.cluster.get(target)["metadata"]
                found[f"{target['kind']}/{metadata['name']}"] = metadata.get("annotations", {}).get(ANNOTATION)
        return found

    def _send(self, url: str, case: ReceiverCase, request: Spec) -> Outcome:
        body = expand(request.get("body", "")).encode()
        headers = dict(request.get("headers", {}))
        if "sign" in request:
            headers.update(_signature(request["sign"], case.token, body))
        if "jwt" in request:
            headers["Authorization"] = "Bearer " + self._token(request["jwt"])
        path = fill(request.get("path", "${HOOK}"), {"HOOK": case.hook})
        status, received, text = exchange(url, request.get("method", "POST"), path, body, headers)
        outcome: Outcome = {"status": status, "text": text}
        if "location" in received:
            outcome["location"] = _text(received["location"], case)
        return outcome

    def _token(self, spec: Spec) -> str:
        """A signed JWT; `expires` is in seconds from now."""
        claims = {"exp": int(time.time()) + spec.get("expires", 600), "iat": int(time.time()) - 10}
        claims.update(fill(spec["claims"], self.values))
        return self.keys[spec.get("key", "issuer")].sign(claims)


class SigningKey:
    """An RSA key that signs JWTs."""

    def __init__(self, directory: pathlib.Path, name: str) -> None:
        self.path = directory / f"{name}-jwt.key"
        openssl("genrsa", "-out", self.path, 2048)

    def jwk(self) -> dict[str, str]:
        modulus = openssl("rsa", "-in", self.path, "-noout", "-modulus").decode().strip().split("=")[1]
        return {
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": "issuer",
            "e": "AQAB",
            "n": _base64(bytes.fromhex(modulus)),
        }

    def sign(self, claims: dict[str, Any]) -> str:
        header = {"alg": "RS256", "typ": "JWT", "kid": "issuer"}
        text = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
        signature = openssl("dgst", "-sha256", "-sign", self.path, stdin=text.encode())
        return f"{text}.{_base64(signature)}"


def _signature(spec: Spec, token: str, body: bytes) -> dict[str, str]:
    """The header that carries the HMAC of the body."""
    key: bytes = spec.get("key", token).encode()
    digest = hmac.new(key, body, spec["algorithm"]).hexdigest()
    if spec.get("upper"):
        digest = digest.upper()
    return {spec["header"]: spec.get("prefix", "") + digest}


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _text(text: str, case: ReceiverCase) -> str:
    """Without the path's digest, and without the words of the CEL library in use."""
    text = re.sub(r"(failed to parse the CEL expression '.*?'): .*", r"\1: ${CAUSE}", text, flags=re.DOTALL)
    return text.replace(case.hook, "${HOOK}")
