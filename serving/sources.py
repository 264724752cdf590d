"""Where the bundles come from: the file of a deployment where there is one, else the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scoring.deployment import read_deployment
from scoring.errors import UserError
from scoring.loading import Bundle, fingerprint, load_bundle
from serving.engine import CHALLENGER, CHAMPION
from serving.settings import Settings

DEPLOYMENT = "deployment"  # what is refused where the file cannot be read
FILE = "deployment.json"


@dataclass(frozen=True)
class Sources:
    """Folders by variant, the versions that are meant where a deployment names them, and shares."""

    folders: Mapping[str, Path]
    share: float
    shadow: bool
    versions: Mapping[str, str] = field(default_factory=dict)

    def seen(self, variant: str) -> tuple[Any, ...]:
        """Changes whenever another bundle is meant, or a file of it is written."""
        folder = self.folders[variant]
        return folder, self.versions.get(variant), fingerprint(folder)

    def load(self, variant: str) -> Bundle:
        """The bundle, every file checked; `UserError` where it is not the version that is meant."""
        bundle = load_bundle(self.folders[variant])
        meant = self.versions.get(variant)
        if meant is not None and bundle.version != meant:
            raise UserError(f"{bundle.folder}: version {bundle.version}; expected {meant}")
        return bundle


def sources(settings: Settings) -> Sources:
    """Who is to answer now; `UserError` where the file of the deployment is not valid."""
    file = settings.deployment or settings.bundle.parent / FILE
    found = read_deployment(file)
    if found is None:
        other = settings.challenger
        folders = {CHAMPION: settings.bundle} | ({CHALLENGER: other} if other else {})
        return Sources(folders, settings.challenger_share, settings.challenger_mode == "shadow")
    named = {CHAMPION: found.champion} | (
        {CHALLENGER: found.challenger} if found.challenger else {}
    )
    return Sources(
        {name: file.parent / each.folder for name, each in named.items()},
        found.share,
        found.shadow,
        {name: each.version for name, each in named.items()},
    )
