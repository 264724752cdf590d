"""`rebuild-release`: the bundle of a version, made again from its commit, byte for byte."""

from __future__ import annotations

import tempfile
from pathlib import Path

from scoring.bundle import NAME
from scoring.digest import sha256
from scoring.errors import UserError
from stages.core.paths import Paths
from stages.operations.git import git
from stages.operations.registry.revision import BUNDLE, revision
from stages.operations.registry.versions import version_named
from stages.operations.reproducible import run_pipeline

ENVIRONMENT = Path("requirements") / "dev.lock"


def rebuild(version: str, *, root: Path) -> str:
    """Run a version's pipeline in a clone with an empty cache; what was compared, in words.

    `UserError` naming the files of the bundle that come out otherwise than they were registered,
    and whether this environment is that of the version, without which bytes are not promised.
    """
    chosen = version_named(version, root)
    with tempfile.TemporaryDirectory() as scratch:
        clone, registered = Paths(Path(scratch) / "clone"), Path(scratch) / "registered"
        git(root, "clone", "--quiet", "--no-hardlinks", str(root), str(clone.root))
        git(clone.root, "checkout", "--quiet", chosen.tag)
        with revision(chosen.tag, root) as commit:
            commit.copy(BUNDLE, registered)
        run_pipeline(clone.root, {"CHURN_THREADS": "1"})
        differing = _differing(registered, clone.champion)
        same_lock = _content(root / ENVIRONMENT) == _content(clone.root / ENVIRONMENT)
    if differing:
        hint = "" if same_lock else f"; this environment is not that of its {ENVIRONMENT}"
        raise UserError(
            f"{BUNDLE} of {NAME} {chosen.name}: {', '.join(differing)}: rebuilt with other bytes "
            f"than were registered{hint}"
        )
    return f"{NAME} {chosen.name}: {BUNDLE} was rebuilt from {chosen.tag} with the same bytes"


def _differing(one: Path, other: Path) -> list[str]:
    """Names of the files that only one folder has, or that differ."""
    found = [
        {file.name: sha256(file) for file in folder.iterdir()} if folder.is_dir() else {}
        for folder in (one, other)
    ]
    return sorted(name for name in found[0] | found[1] if found[0].get(name) != found[1].get(name))


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
