"""The bill of materials of an image as it was built: what is in its file system, in CycloneDX."""

from __future__ import annotations

import re
import tarfile
import tempfile
from collections.abc import Collection, Iterator, Sequence
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath
from typing import Any

from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from packageurl import PackageURL

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.operations.image import IMAGES, running_engine
from stages.operations.programs import quiet_output
from stages.operations.supply.sbom import as_json, declared, write_valid

DEBIAN = PurePosixPath("var/lib/dpkg/status")
# Of a Python that was not installed by dpkg, such as that of the official images.
PYTHON = re.compile(r"usr/local/include/python3\.\d+/patchlevel\.h$")
DISTRIBUTION = re.compile(r"(?:site|dist)-packages/[^/]+\.dist-info/METADATA$")


def write_image_sbom(kind: str, paths: Paths) -> str:
    """One bill for the image that was made last, valid by the schema; words on what was written."""
    tag = IMAGES[kind].tag
    with tempfile.TemporaryDirectory() as scratch:
        archive = _exported(tag, Path(scratch))
        components = sorted(read_components(archive), key=lambda each: each.bom_ref.value or "")
    if not components:
        raise UserError(f"{tag}: no package of Debian or Python in it; expected some")
    target = paths.root / "sbom" / f"image-{kind}.cdx.json"
    write_valid(image_bill(tag, components), target)
    return f"{paths.relative(target)}: {len(components)} components"


def image_bill(tag: str, components: Collection[Component]) -> str:
    """The bill as JSON; the same bytes for the same image."""
    name, _, version = tag.rpartition(":")
    root = Component(name=name, version=version, type=ComponentType.CONTAINER, bom_ref="root")
    document = Bom(components=components, metadata=BomMetaData(component=root))
    document.register_dependency(root, components)
    return as_json(document)


def read_components(archive: Path) -> Iterator[Component]:
    """What is installed in an exported file system: of dpkg, and of Python with its packages.

    A package that is there twice, such as the base's own and ours, is listed once for each version.
    """
    seen = set()
    with tarfile.open(archive) as files:
        for entry in files:
            content = files.extractfile(entry) if _tells(entry) else None
            for component in _components(entry.name, content.read().decode()) if content else ():
                if component.bom_ref.value not in seen:
                    seen.add(component.bom_ref.value)
                    yield component


def _tells(entry: tarfile.TarInfo) -> bool:
    known = PurePosixPath(entry.name) == DEBIAN
    return entry.isfile() and (known or any(p.search(entry.name) for p in (PYTHON, DISTRIBUTION)))


def _components(name: str, text: str) -> Iterator[Component]:
    if PurePosixPath(name) == DEBIAN:
        yield from map(_debian, filter(_is_installed, map(_fields, text.split("\n\n"))))
    elif PYTHON.search(name):
        for version in re.findall(r'PY_VERSION\s+"([^"]+)"', text):
            yield _component(PackageURL("generic", name="python", version=version))
    else:
        fields = _fields(text)
        normal = re.sub(r"[-_.]+", "-", fields["Name"]).lower()
        purl = PackageURL("pypi", name=normal, version=fields["Version"])
        yield _component(purl, declared(fields))


def _fields(text: str) -> Message:
    return HeaderParser().parsestr(text)


def _is_installed(fields: Message) -> bool:
    return fields["Status"] == "install ok installed"


def _debian(fields: Message) -> Component:
    where = {"arch": fields["Architecture"]}
    return _component(PackageURL("deb", "debian", fields["Package"], fields["Version"], where))


def _component(purl: PackageURL, licenses: Sequence[Any] = ()) -> Component:
    return Component(
        name=purl.name,
        version=purl.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        licenses=licenses,
    )


def _exported(tag: str, folder: Path) -> Path:
    """The file system of an image as an archive; no container of it is started."""
    engine, archive = running_engine(), folder / "image.tar"
    made = quiet_output(engine, "create", tag)
    try:
        quiet_output(engine, "export", "--output", str(archive), made)
    finally:
        quiet_output(engine, "rm", "--volumes", made)
    return archive
