"""A small Kubernetes API client: server-side apply, get, delete."""

import base64
import http.client
import json
import pathlib
import ssl
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias
from urllib.parse import urlsplit

# An object of the Kubernetes API.
Object: TypeAlias = dict[str, Any]

PLURALS = {
    "ArtifactGenerator": "artifactgenerators",
    "Bucket": "buckets",
    "CustomResourceDefinition": "customresourcedefinitions",
    "GitRepository": "gitrepositories",
    "HelmRepository": "helmrepositories",
    "ImagePolicy": "imagepolicies",
    "ImageRepository": "imagerepositories",
    "OCIRepository": "ocirepositories",
}
CLUSTER_SCOPED = {"Namespace", "CustomResourceDefinition"}
MANAGER = "fieldManager=blackbox&force=true"


class KubeError(Exception):
    """An answer of the API server other than 2xx."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text[:500]}")
        self.status = status


class Cluster:
    """The cluster that KUBECONFIG names."""

    def __init__(self) -> None:
        config = json.loads(
            subprocess.run(
                ["kubectl", "config", "view", "--raw", "--minify", "--flatten", "-o", "json"],
                check=True,
                capture_output=True,
            ).stdout
        )
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self._server = urlsplit(cluster["server"])
        self._headers = {"Accept": "application/json"}
        if "token" in user:
            self._headers["Authorization"] = f"Bearer {user['token']}"
        self._tls = _client_context(cluster, user) if self._server.scheme == "https" else None
        self._local = threading.local()

    def call(
        self, method: str, path: str, body: Object | None = None, content_type: str = "application/json"
    ) -> Object:
        """One request; returns the decoded answer."""
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = content_type
        payload = None if body is None else json.dumps(body)
        for attempt in (1, 2):
            try:
                connection = self._connection()
                connection.request(method, path, payload, headers)
                response = connection.getresponse()
                text = response.read().decode()
                break
            except (http.client.HTTPException, OSError):
                self._local.connection = None
                if attempt == 2:
                    raise
        if response.status >= 300:
            raise KubeError(response.status, text)
        answer: Object = json.loads(text)
        return answer

    def _connection(self) -> http.client.HTTPConnection:
        if getattr(self._local, "connection", None) is None:
            host, port = self._server.hostname or "", self._server.port
            self._local.connection = (
                http.client.HTTPSConnection(host, port or 443, context=self._tls)
                if self._tls
                else http.client.HTTPConnection(host, port or 80)
            )
        connection: http.client.HTTPConnection = self._local.connection
        return connection

    def apply(self, objects: list[Object]) -> list[Object]:
        """Server-side apply of all `objects`, namespaces first; returns them as stored."""
        stored: list[Object] = []
        for chosen in (CLUSTER_SCOPED, None):
            batch = [o for o in objects if (o["kind"] in CLUSTER_SCOPED) == (chosen is not None)]
            with ThreadPoolExecutor(8) as pool:
                stored += pool.map(self._apply_one, batch)
        return stored

    def _apply_one(self, item: Object) -> Object:
        path = f"{object_path(item)}?{MANAGER}"
        stored = self.call("PATCH", path, item, "application/apply-patch+yaml")
        if "deletionTimestamp" in stored["metadata"]:  # left over from a run that could not finish
            self.call("PATCH", object_path(item), {"metadata": {"finalizers": None}}, "application/merge-patch+json")
            stored = self.call("PATCH", path, item, "application/apply-patch+yaml")
        return stored

    def get(self, item: Object) -> Object:
        """The object as it is stored now."""
        return self.call("GET", object_path(item))

    def delete(self, objects: list[Object], timeout: float = 15) -> None:
        """Delete `objects` and wait until they are gone."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self._delete_one, objects))
        end = time.monotonic() + timeout
        for item in objects:
            while time.monotonic() < end and self._exists(item):
                time.sleep(0.1)

    def _delete_one(self, item: Object) -> None:
        try:
            self.call("DELETE", object_path(item))
        except KubeError as error:
            if error.status != 404:
                raise

    def _exists(self, item: Object) -> bool:
        try:
            self.get(item)
            return True
        except KubeError as error:
            if error.status == 404:
                return False
            raise

    def await_crds(self, names: list[str], timeout: float = 30) -> None:
        """Wait until the named CustomResourceDefinitions are served."""
        end = time.monotonic() + timeout
        for name in names:
            while time.monotonic() < end:
                crd = self.get(
                    {
                        "apiVersion": "apiextensions.k8s.io/v1",
                        "kind": "CustomResourceDefinition",
                        "metadata": {"name": name},
                    }
                )
                states = {c["type"]: c["status"] for c in crd.get("status", {}).get("conditions") or []}
                if states.get("Established") == "True":
                    break
                time.sleep(0.1)


def object_path(item: Object) -> str:
    """The API path of an object."""
    version, kind = item["apiVersion"], item["kind"]
    plural = PLURALS.get(kind, kind.lower() + "s")
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    name = item["metadata"]["name"]
    if kind in CLUSTER_SCOPED:
        return f"{root}/{plural}/{name}"
    return f"{root}/namespaces/{item['metadata']['namespace']}/{plural}/{name}"


def permissive_crd(group: str, version: str, kind: str) -> Object:
    """A CustomResourceDefinition that accepts any object of the kind."""
    plural = PLURALS.get(kind, kind.lower() + "s")
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def _client_context(cluster: dict[str, Any], user: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif "certificate-authority-data" in cluster:
        pem = base64.b64decode(cluster["certificate-authority-data"]).decode()
        context = ssl.create_default_context(cadata=pem)
    if "client-certificate-data" in user:
        with tempfile.TemporaryDirectory() as directory:
            certificate, key = pathlib.Path(directory, "crt"), pathlib.Path(directory, "key")
            certificate.write_bytes(base64.b64decode(user["client-certificate-data"]))
            key.write_bytes(base64.b64decode(user["client-key-data"]))
            context.load_cert_chain(certificate, key)
    return context
