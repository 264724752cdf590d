"""The software bill of materials: what a lock holds, in CycloneDX."""

from __future__ import annotations

import importlib.metadata
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseAcknowledgement
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from scoring.errors import UserError, shown
from stages.core.paths import Paths
from stages.operations.supply.locks import Pin, locks, read_lock

SCHEMA = SchemaVersion.V1_6
_LICENSES = LicenseFactory()


def write_sboms(paths: Paths) -> str:
    """One bill of materials for each lock, valid by the schema; what was written, in words."""
    written = []
    for lock in locks(paths):
        pins = list(read_lock(lock))
        target = paths.root / "sbom" / f"{lock.stem}.cdx.json"
        write_valid(bill(pins, paths), target)
        written.append(f"{paths.relative(target)}: {len(pins)} components")
    return "\n".join(written)


def bill(pins: Sequence[Pin], paths: Paths) -> str:
    """The bill as JSON: the same bytes for the same lock and environment, no address of an index.

    Licenses are what the installed packages declare; a package of another platform has none.
    """
    project = tomllib.loads((paths.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    root = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref="root",
        licenses=[_LICENSES.make_from_string(project["license"])],
    )
    components = {pin: _component(pin) for pin in pins}
    document = Bom(components=components.values(), metadata=BomMetaData(component=root))
    for pin, component in components.items():
        askers = [other for asked, other in components.items() if asked.name in pin.asked_by]
        for asker in askers or [root]:
            document.register_dependency(asker, [component])
    return as_json(document)


def _component(pin: Pin) -> Component:
    purl = PackageURL("pypi", name=pin.name, version=pin.version)
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in pin.hashes]
    archives = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(str(purl)),
        comment=f"any of its archives{f', where {pin.marker}' if pin.marker else ''}",
        hashes=hashes,
    )
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        licenses=_licenses(pin),
        external_references=[archives],
    )


def _licenses(pin: Pin) -> list[Any]:
    """What the package declares: an SPDX expression, or its classifiers, or a short name."""
    try:
        found = importlib.metadata.distribution(pin.name)
    except importlib.metadata.PackageNotFoundError:
        return []
    if found.version != pin.version:
        return []
    return declared(found.metadata)


def declared(metadata: Any) -> list[Any]:
    """The licenses in a package's metadata, as declared by its authors."""
    return [
        _LICENSES.make_from_string(text, license_acknowledgement=LicenseAcknowledgement.DECLARED)
        for text in declared_licenses(metadata)
    ]


def declared_licenses(metadata: Any) -> list[str]:
    """The licenses in a package's metadata, as far as they are names and not whole texts."""
    if metadata.get("License-Expression"):
        return [metadata["License-Expression"]]
    classifiers = metadata.get_all("Classifier", [])
    named = [name.split(" :: ")[-1] for name in classifiers if name.startswith("License :: ")]
    named = [name for name in named if name != "OSI Approved"]
    text = (metadata.get("License") or "").strip()
    return named or ([text] if text and len(text) < 80 and "\n" not in text else [])


def as_json(document: Bom) -> str:
    """Without the serial number and the time, by which two bills of the same would differ."""
    content = json.loads(make_outputter(document, OutputFormat.JSON, SCHEMA).output_as_string())
    del content["serialNumber"], content["metadata"]["timestamp"]
    return json.dumps(content, indent=2)


def write_valid(text: str, target: Path) -> None:
    """Write a bill; `UserError` where the schema of CycloneDX refuses it."""
    fault = JsonStrictValidator(SCHEMA).validate_str(text)
    if fault is not None:
        raise UserError(f"{shown(target)}: not valid CycloneDX: {fault}")
    target.parent.mkdir(exist_ok=True)
    target.write_text(text + "\n", encoding="utf-8")
