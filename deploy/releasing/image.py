"""The container image as an OCI layout, written without a daemon: program, libraries, CA roots, a user.

It has what deploy/Dockerfile makes. The layout is that of the OCI Image Format, version 1.1.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from releasing.archive import Entry, packed, tar

ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")
USER = "65534:65534"
PROGRAM = "usr/local/bin/campanile"
PORTS = ("8080/tcp", "9090/tcp", "9292/tcp", "9440/tcp")


def layout(program: Path, architecture: str, reference: str, epoch: int) -> bytes:
    """An archive with the layout of the image, tagged `reference`."""
    plain = tar(contents(program), epoch)
    layer = packed(plain)
    created = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    config = blob(
        {
            "architecture": architecture,
            "os": "linux",
            "created": created,
            "config": {
                "User": USER,
                "Entrypoint": [f"/{PROGRAM}"],
                "ExposedPorts": {port: {} for port in PORTS},
                "Labels": {
                    "org.opencontainers.image.title": "campanile",
                    "org.opencontainers.image.licenses": "Apache-2.0",
                },
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(plain).hexdigest()}"]},
            "history": [{"created": created, "created_by": "deploy/release"}],
        }
    )
    manifest = blob(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json", config),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer)],
        }
    )
    tagged = descriptor("application/vnd.oci.image.manifest.v1+json", manifest)
    tagged["annotations"] = {"org.opencontainers.image.ref.name": reference}
    tagged["platform"] = {"architecture": architecture, "os": "linux"}
    index = blob({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [tagged]})
    entries = [Entry("oci-layout", blob({"imageLayoutVersion": "1.0.0"})), Entry("index.json", index)]
    entries += [Entry(f"blobs/sha256/{hashlib.sha256(data).hexdigest()}", data) for data in (config, manifest, layer)]
    return tar(entries, epoch)


def contents(program: Path) -> list[Entry]:
    """What the image has, with every folder above it."""
    if not ROOTS.exists():
        raise SystemExit(f"deploy/release: there are no CA roots in {ROOTS}: install ca-certificates")
    files = [
        Entry(PROGRAM, program.read_bytes(), 0o755),
        Entry(str(ROOTS).lstrip("/"), ROOTS.read_bytes()),
        Entry("etc/nsswitch.conf", b"hosts: files dns\n"),
        *(Entry(library.lstrip("/"), Path(library).resolve().read_bytes(), 0o755) for library in libraries(program)),
    ]
    folders = {str(parent) for file in files for parent in Path(file.path).parents} - {"."}
    above = [Entry(folder, None, 0o755) for folder in folders]
    return [*files, *above, Entry("tmp", None, 0o1777)]


def libraries(program: Path) -> list[str]:
    """What the program is linked against; nothing if it is static."""
    answer = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return sorted(set(re.findall(r"(/\S+) \(0x", answer.stdout)))


def blob(value: object) -> bytes:
    """A JSON document, always in the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def descriptor(media_type: str, data: bytes) -> dict[str, object]:
    """How one blob names another one."""
    return {"mediaType": media_type, "digest": f"sha256:{hashlib.sha256(data).hexdigest()}", "size": len(data)}
