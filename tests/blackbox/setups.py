"""The case files: set-ups, the events each one gets, and the objects each one needs."""

import copy
import json
import pathlib
import string
from collections.abc import Iterator
from typing import Any, TypeAlias

from kube import Object
from request import Request
from sink import Recorder, Sink

API_GROUP = "notification.toolkit.fluxcd.io"
# Versions of Alerts and Providers, the newest first.
API_VERSIONS = ["v1", "v1beta3", "v1beta2"]
READ_METHODS = {"GET", "HEAD", "OPTIONS"}
ALL_KINDS = [
    "Bucket",
    "GitRepository",
    "Kustomization",
    "HelmRelease",
    "HelmChart",
    "HelmRepository",
    "ImageRepository",
    "ImagePolicy",
    "ImageUpdateAutomation",
    "OCIRepository",
    "ArtifactGenerator",
    "ExternalArtifact",
]
# Provider field that refers to the Secret of each short form in a case file.
SECRET_FIELDS = {"secret": "secretRef", "certSecret": "certSecretRef", "proxySecret": "proxySecretRef"}

# A case as its file has it, and an event as it is posted.
Spec: TypeAlias = dict[str, Any]
Event: TypeAlias = dict[str, Any]


class Step:
    """One post to the event endpoint on behalf of a set-up."""

    def __init__(self, name: str, body: Event | str, method: str = "POST", path: str = "/") -> None:
        self.name = name
        self.body = body
        self.method = method
        self.path = path
        self.event: Event = body if isinstance(body, dict) else {}

    def payload(self) -> bytes:
        text = self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)
        return text.encode("utf-8", "surrogatepass")


class SetUp:
    """One Provider with its Alert and Secrets, its sink, and the steps it goes through."""

    def __init__(self, spec: Spec, group: str, events: dict[str, Event]) -> None:
        self.name: str = spec["name"]
        self.spec = spec
        self.drivers: list[str] = spec.get("drivers", ["cluster", "standalone"])
        self.versions: list[str] = spec.get("versions", API_VERSIONS)
        self.needs: str | None = spec.get("needs")
        self.kinds = frozenset({"setups", self.needs} if self.needs else {"setups"})
        self.labels = self.kinds | {self.name, group, spec["provider"]["type"]}
        self.flags: tuple[str, ...] = tuple(spec.get("flags", ()))
        self.settle: float = spec.get("settle", 0)
        self.informative: dict[str, str] = spec.get("informative", {})
        self.records_responses: bool = spec.get("responses", False)
        self.reads: list[str] = spec.get("reads", [])
        self.steps = list(self._steps(events))
        self.recorder = Recorder()
        self.values: dict[str, str] = {}
        self.provider_uid = self.alert_uid = ""

    def _steps(self, events: dict[str, Event]) -> Iterator[Step]:
        if "steps" in self.spec:
            for step in self.spec["steps"]:
                yield self._own_step(step)
            return
        for name in self.spec.get("events", list(events)):
            yield Step(name, self._place(events[name]))

    def _own_step(self, step: Spec) -> Step:
        body: Event | str
        if "raw" in step:
            body = expand(step["raw"])
        else:
            body = self._place(merge(self.spec.get("event", {}), step.get("merge", {})))
        if "pad" in step:
            text = json.dumps(body)
            body = text + " " * (step["pad"] - len(text))
        return Step(step["name"], body, step.get("method", "POST"), step.get("path", "/"))

    def _place(self, event: Event) -> Event:
        """The event as it is posted: long texts expanded, by default in the set-up's namespace."""
        event = copy.deepcopy(event)
        if isinstance(event.get("message"), dict):
            event["message"] = expand(event["message"])
        if "involvedObject" in event:
            event["involvedObject"].setdefault("namespace", self.name)
        return event

    def placeholders(self, shared: dict[str, str]) -> None:
        """Sets the values of ${NAME} placeholders in this set-up's objects."""
        self.values = dict(shared)
        if isinstance(self.recorder, Sink):
            self.values["SINK"] = self.recorder.url
            self.values["SINK_HOST"] = self.recorder.url.split("//")[1]

    def objects(self, version: str) -> list[Object]:
        """Namespace, Secrets, Provider and Alert, placeholders filled in."""
        provider = copy.deepcopy(self.spec["provider"])
        secrets = dict(self.spec.get("secrets", {}))
        for short, field in SECRET_FIELDS.items():
            if short in self.spec:
                secrets[short.lower()] = self.spec[short]
                provider[field] = {"name": short.lower()}
        alert = {
            "providerRef": {"name": self.name},
            "eventSources": [{"kind": kind, "name": "*"} for kind in ALL_KINDS],
            **self.spec.get("alert", {}),
        }
        found: list[Object] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}}]
        for name, texts in secrets.items():
            data = {key: expand(text) for key, text in texts.items()}
            found.append(self._object("v1", "Secret", name, {"stringData": data}))
        found += self._involved_objects()
        if not self.spec.get("providerMissing"):
            found.append(self._object(f"{API_GROUP}/{version}", "Provider", self.name, {"spec": provider}))
        found.append(self._object(f"{API_GROUP}/{version}", "Alert", self.name, {"spec": alert}))
        return [fill(item, self.values) for item in found]

    def _object(self, api_version: str, kind: str, name: str, content: Object) -> Object:
        metadata = {"name": name, "namespace": self.name}
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}

    def _involved_objects(self) -> Iterator[Object]:
        for item in copy.deepcopy(self.spec.get("objects", [])):
            item["metadata"]["namespace"] = self.name
            yield item

    def is_read(self, request: Request) -> bool:
        """Reads are context: a controller may do without them or do more of them."""
        return request["method"] in READ_METHODS or any(part in request["path"] for part in self.reads)


def load_events(path: pathlib.Path) -> dict[str, Event]:
    """The standard events by name."""
    events: dict[str, Event] = json.loads(path.read_text())
    return events


def load_setups(directory: pathlib.Path, events: dict[str, Event]) -> list[SetUp]:
    """All set-ups of the case files in `directory`, apart from the receivers'."""
    found: list[SetUp] = []
    for path in sorted(directory.glob("*.json")):
        content = json.loads(path.read_text())
        defaults = content.get("defaults", {})
        found.extend(SetUp({**defaults, **spec}, path.stem, events) for spec in content.get("setups", []))
    names = [each.name for each in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"set-up names used twice: {sorted(twice)}")
    return found


def expand(text: str | dict[str, Any]) -> str:
    """A text, or {"repeat": text, "times": n, "prefix": text, "suffix": text}."""
    if isinstance(text, str):
        return text
    return str(text.get("prefix", "") + text["repeat"] * text["times"] + text.get("suffix", ""))


def merge(base: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def fill(value: Any, values: dict[str, str]) -> Any:
    """Replace ${NAME} in all strings of `value`."""
    if isinstance(value, str):
        return string.Template(value).safe_substitute(values)
    if isinstance(value, list):
        return [fill(item, values) for item in value]
    if isinstance(value, dict):
        return {key: fill(item, values) for key, item in value.items()}
    return value
