"""`fetch-model`: the bundle of a version, checked by hash, in a folder that can be served."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from scoring.bundle import MANIFEST, NAME
from scoring.errors import UserError, shown
from scoring.loading import check_bundle
from scoring.signature import SIGNATURE, check_signature
from stages.core.paths import Paths
from stages.operations.registry.evidence import read_record
from stages.operations.registry.revision import BUNDLE, revision
from stages.operations.registry.versions import Version, version_in, version_named


def fetched(root: Path) -> Path:
    """The folder of the bundles that were fetched, one for each environment or version."""
    return Paths(root).champion.parent / "fetched"


def fetch_model(
    *,
    environment: str | None = None,
    version: str | None = None,
    out: Path | None = None,
    key: Path | None = None,
    root: Path,
) -> str:
    """Put the bundle of an environment's version, or of a named one, into a folder; words on it.

    The folder appears as a whole or not at all; a bundle that was there is replaced. `UserError`
    where nothing is deployed there, or the bundle is missing or not what its commit names, or not
    signed by the owner of the public key, if one is given.
    """
    chosen = _chosen(environment, version, root)
    target = out or fetched(root) / (environment or chosen.name)
    try:
        manifest = _fetch(chosen, target, root, key)
    except OSError as error:
        raise UserError(f"{shown(target)}: cannot be written ({error.strerror})") from None
    place, files = shown(target.resolve()), len(manifest["files"])
    return (
        f"{NAME} {chosen.name} is in {place}: bundle {manifest['version']}, {files} files, "
        f"each with the hash it was made with{', signed' if key else ''}\n"
        f"To serve it: CHURN_BUNDLE={place} bentoml serve"
    )


def _fetch(chosen: Version, target: Path, root: Path, key: Path | None) -> dict[str, Any]:
    """Put a version's bundle in its place, once it is whole; its manifest."""
    _check_replaceable(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as scratch:
        new = Path(scratch) / "new"
        with revision(chosen.tag, root) as commit:
            commit.copy(BUNDLE, new)
        manifest = check_bundle(new)
        record = read_record(chosen.message)
        if record and record.signature:
            (new / SIGNATURE).write_text(record.signature, encoding="utf-8")
        if key:
            check_signature(new, manifest, key)
        _put(new, target, old=Path(scratch) / "old")
    return manifest


def _chosen(environment: str | None, version: str | None, root: Path) -> Version:
    if environment is None:
        return version_named(version, root)
    found = version_in(environment, root)
    if found is None:
        raise UserError(f"{environment}: nothing is deployed there; see make models")
    return found


def _check_replaceable(target: Path) -> None:
    """`UserError` where a folder of another kind would be lost."""
    if target.exists() and not (target / MANIFEST).is_file():
        raise UserError(f"{shown(target)}: is there and no bundle; expected a new folder")


def _put(new: Path, target: Path, *, old: Path) -> None:
    """Move a folder to its place; what was there comes back where that fails."""
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
