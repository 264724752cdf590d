"""What git's tags say: which versions of the champion there are, and in which environments.

GTO writes and reads the tags: `churn@v1.2.0` registers a version, `churn#prod#3` assigns one to an
environment (a stage, as GTO calls it), `churn#prod!#4` takes it out again; the last number counts
all assignments.
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
from scoring.errors import UserError, one_line
from stages.operations.git import check_git


@dataclass(frozen=True)
class Assignment:
    """An environment that a version is in: since when, and who assigned it."""

    environment: str
    since: datetime
    by: str


@dataclass(frozen=True)
class Version:
    """A registered version; `message` is that of its tag, `assignments` where it is now."""

    name: str
    commit: str
    registered: datetime
    by: str
    message: str
    assignments: tuple[Assignment, ...]

    @property
    def tag(self) -> str:
        """The git tag that registers it."""
        return f"{NAME}@{self.name}"

    def assignment(self, environment: str) -> Assignment | None:
        """Its assignment to an environment; None where it is not there."""
        named = (found for found in self.assignments if found.environment == environment)
        return next(named, None)


@contextmanager
def readable_errors() -> Iterator[None]:
    """What GTO or git refuses, as a `UserError` in their words."""
    try:
        yield
    except (GTOException, SCMError) as error:
        raise UserError(f"git tags of {NAME}: {one_line(error)}") from None


def read_versions(root: Path) -> list[Version]:
    """The registered versions in a repository, the highest first."""
    check_git(root)
    with readable_errors():
        try:
            found = show(root, NAME, registered_only=True, versions_per_stage=-1)
        except ArtifactNotFound:
            return []
    return [_version(one) for one in found if one["registrations"]]


def _version(found: dict[str, Any]) -> Version:
    assigned = (Assignment(s["stage"], s["created_at"], s["author"]) for s in found["stages"])
    registration = found["registrations"][-1]
    return Version(
        name=found["version"],
        commit=found["commit_hexsha"],
        registered=registration["created_at"],
        by=registration["author"],
        message=registration["message"],
        assignments=tuple(sorted(assigned, key=lambda one: one.environment)),
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


def version_in(environment: str, root: Path) -> Version | None:
    """The version in an environment, the last that was assigned; None where it is empty."""
    versions = read_versions(root)
    there = [(found.since, v) for v in versions if (found := v.assignment(environment))]
    return max(there, key=lambda pair: pair[0])[1] if there else None
