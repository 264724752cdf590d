"""What git's tags say: which versions of the champion there are, and where each stands.

GTO writes and reads the tags: `churn@v1.2.0` registers a version, `churn#prod#3` puts one into a
stage, `churn#prod!#4` takes it out again; the last number counts all tags of stages.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gto.api import show
from gto.exceptions import ArtifactNotFound, GTOException
from scmrepo.exceptions import SCMError

from scoring.bundle import NAME
from scoring.errors import UserError


@dataclass(frozen=True)
class Standing:
    """A stage that a version stands in: since when, and who put it there."""

    stage: str
    since: datetime
    by: str


@dataclass(frozen=True)
class Version:
    """A registered version; `message` is that of its tag, `stages` is where it stands now."""

    name: str
    commit: str
    registered: datetime
    by: str
    message: str
    stages: tuple[Standing, ...]

    @property
    def tag(self) -> str:
        """The git tag that registers it."""
        return f"{NAME}@{self.name}"

    def standing(self, stage: str) -> Standing | None:
        """How it stands in a stage; None where it does not."""
        return next((found for found in self.stages if found.stage == stage), None)


@contextmanager
def readable_errors() -> Iterator[None]:
    """What GTO or git refuses, as a `UserError` in their words."""
    try:
        yield
    except (GTOException, SCMError) as error:
        raise UserError(f"git tags of {NAME}: {' '.join(str(error).split())}") from None


def read_versions(root: Path) -> list[Version]:
    """The registered versions in a repository, the highest first."""
    with readable_errors():
        try:
            found = show(root, NAME, registered_only=True, versions_per_stage=-1)
        except ArtifactNotFound:
            return []
    return [_version(one) for one in found if one["registrations"]]


def _version(found: dict[str, Any]) -> Version:
    stages = (Standing(s["stage"], s["created_at"], s["author"]) for s in found["stages"])
    registration = found["registrations"][-1]
    return Version(
        name=found["version"],
        commit=found["commit_hexsha"],
        registered=registration["created_at"],
        by=registration["author"],
        message=registration["message"],
        stages=tuple(sorted(stages, key=lambda standing: standing.stage)),
    )


def version_named(name: str | None, root: Path) -> Version:
    """A registered version, or the highest one; `UserError` where there is none such."""
    known = read_versions(root)
    if not known:
        raise UserError(
            f"no version of {NAME} is registered here; run make register, or git fetch --tags"
        )
    if name is None:
        return known[0]
    for version in known:
        if version.name == name:
            return version
    raise UserError(f"version {name}: not registered; there are {', '.join(v.name for v in known)}")


def version_in(stage: str, root: Path) -> Version | None:
    """The version that stands in a stage, the last that was put there; None where none does."""
    standing = [(found.since, v) for v in read_versions(root) if (found := v.standing(stage))]
    return max(standing, key=lambda pair: pair[0])[1] if standing else None
