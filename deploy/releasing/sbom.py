"""The list of what is in the program, in the form of CycloneDX 1.6."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

from releasing.packages import ROOT, Package

# Makes the serial number from what is listed, so that the same release has the same one.
SPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # of URLs (RFC 9562, section 6.6)


def document(packages: list[Package], version: str, epoch: int) -> str:
    """The bill of materials of a release."""
    own = next(package for package in packages if package.name == ROOT)
    urls = "\n".join(package.url for package in packages)
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(SPACE, version + urls)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": component(own) | {"type": "application", "version": version},
        },
        "components": [component(package) for package in packages if package.name != ROOT],
        "dependencies": [{"ref": package.url, "dependsOn": list(package.depends_on)} for package in packages],
    }
    return json.dumps(bill, indent=2) + "\n"


def component(package: Package) -> dict[str, object]:
    """One package as CycloneDX names it."""
    return {
        "type": "library",
        "bom-ref": package.url,
        "name": package.name,
        "version": package.version,
        "purl": package.url,
        "licenses": [{"expression": package.licence.replace("/", " OR ")}] if package.licence else [],
    }
