"""Where the bundles come from: the file of a deployment where there is one, else the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scoring.deployment import FILE, read_deployment
from scoring.errors import UserError
from scoring.loading import Bundle, fingerprint, load_bundle
from scoring.signature import SIGNATURE, check_signature
from serving.engine import CHALLENGER, CHAMPION
from serving.settings import Settings

DEPLOYMENT = "deployment"  # what is refused where the file cannot be read


@dataclass(frozen=True)
class Sources:
    """Folders by variant, the versions that are meant where a deployment names them, and shares.

    `key` is the public one by whose owner bundles have to be signed; None: by nobody.
    """

    folders: Mapping[str, Path]
    share: float
    shadow: bool
    versions: Mapping[str, str] = field(default_factory=dict)
    key: Path | None = None

    def seen(self, variant: str) -> tuple[Any, ...]:
        """Changes whenever another bundle is meant, or a file of it is written."""
        folder = self.folders[variant]
        signature = folder / SIGNATURE
        signed = signature.stat().st_mtime_ns if self.key and signature.is_file() else None
        return folder, self.versions.get(variant), fingerprint(folder), signed

    def load(self, variant: str) -> Bundle:
        """The bundle, every file checked; `UserError` where it is not the version that is meant."""
        bundle = load_bundle(self.folders[variant])
        meant = self.versions.get(variant)
        if meant is not None and bundle.version != meant:
            raise UserError(f"{bundle.folder}: version {bundle.version}; expected {meant}")
        self.check(variant, bundle.manifest)
        return bundle

    def check(self, variant: str, manifest: Mapping[str, Any]) -> None:
        """`UserError` where a signature is asked for and the manifest has no valid one."""
        if self.key is not None:
            check_signature(self.folders[variant], manifest, self.key)


def sources(settings: Settings) -> Sources:
    """Who is to answer now; `UserError` where the file of the deployment is not valid."""
    file = settings.deployment or settings.bundle.parent / FILE
    found = read_deployment(file)
    if found is None:
        other = settings.challenger
        folders = {CHAMPION: settings.bundle} | ({CHALLENGER: other} if other else {})
        shadow = settings.challenger_mode == "shadow"
        return Sources(folders, settings.challenger_share, shadow, key=settings.bundle_key)
    named = {CHAMPION: found.champion} | (
        {CHALLENGER: found.challenger} if found.challenger else {}
    )
    return Sources(
        {name: file.parent / each.folder for name, each in named.items()},
        found.share,
        found.shadow,
        {name: each.version for name, each in named.items()},
        settings.bundle_key,
    )
