"""`promote` and `demote`: a version enters or leaves an environment, by a tag each.

At most one version is in an environment: a new one takes the other out, so that `gto show`, DVC
and this package agree after a rollback too.
"""

from __future__ import annotations

import time
from pathlib import Path

from gto.api import assign, history, unassign

from scoring.bundle import NAME
from scoring.errors import UserError
from stages.operations.registry.evidence import Record, figures, read_record
from stages.operations.registry.remote import outputs_to_share, to_share
from stages.operations.registry.revision import NEEDED, Revision, revision
from stages.operations.registry.versions import (
    Version,
    read_versions,
    readable_errors,
    version_in,
    version_named,
)

TIMEOUT = 3.0  # seconds that a tag may lie in the future: they count whole ones


def promote(
    environment: str, *, version: str | None = None, reason: str | None = None, root: Path
) -> str:
    """Put a version (the highest where none is named) into an environment; what changed, in words.

    `UserError` where it is there already, or where evaluation, behaviour tests, report or
    bundle of it are missing or not those that it was registered with.
    """
    chosen, before = version_named(version, root), version_in(environment, root)
    if before and before.name == chosen.name:
        raise UserError(f"{NAME} {chosen.name}: already in {environment}")
    record = check_evidence(chosen, root)
    outputs = outputs_to_share(chosen.tag, root)
    words = f"{NAME} {chosen.name} is in {environment}: {_change(chosen, before, root)}"
    tags = _leave(environment, message=f"{chosen.name} takes over", root=root)
    with readable_errors():
        tags.append(
            assign(
                root, NAME, environment, version=chosen.name, message=_because(words, reason)
            ).tag
        )
    return "\n".join([words, f"  {record.words()}", *to_share(chosen.tag, *tags, outputs=outputs)])


def demote(environment: str, *, reason: str | None = None, root: Path) -> str:
    """Leave an environment empty; what changed, in words. `UserError` where it is empty already."""
    before = version_in(environment, root)
    if before is None:
        raise UserError(f"{environment}: nothing is deployed there")
    words = f"{NAME} {before.name} leaves {environment}, which is empty now"
    tags = _leave(environment, message=_because(words, reason), root=root)
    other = f"For another version there: make promote STAGE={environment} VERSION=v…"
    return "\n".join([words, other, *to_share(*tags)])


def _leave(environment: str, *, message: str, root: Path) -> list[str]:
    """Take out of an environment whatever is in it; the tags that say so."""
    _wait_for_the_clock(root)
    with readable_errors():
        return [
            unassign(root, NAME, version=version.name, stage=environment, message=message).tag
            for version in read_versions(root)
            if version.assignment(environment)
        ]


def _wait_for_the_clock(root: Path) -> None:
    """Let the second of the last tag pass: tags are ordered by times in whole seconds."""
    with readable_errors():
        events = history(root, NAME)
    ahead = max(event["timestamp"].timestamp() for event in events) + 1 - time.time()
    if ahead > TIMEOUT:
        raise UserError(f"{events[0]['ref']}: is dated {ahead:.0f} s ahead of this machine's clock")
    time.sleep(max(0.0, ahead))


def _change(chosen: Version, before: Version | None, root: Path) -> str:
    if before is None:
        return "nothing was deployed there"
    names = [version.name for version in read_versions(root)]  # the highest first
    if names.index(chosen.name) > names.index(before.name):
        return f"rollback from {before.name}"
    return f"in place of {before.name}"


def _because(what: str, reason: str | None) -> str:
    return f"{what} ({reason})" if reason else what


def check_evidence(version: Version, root: Path) -> Record:
    """The record of a version, every line of it checked against what is there; else `UserError`."""
    record = read_record(version.message)
    if record is None:
        raise UserError(
            f"{version.tag}: no evidence in its message, so nobody knows that it was tested; "
            f"delete it (git tag -d {version.tag}), check its commit out and run make register"
        )
    with revision(version.tag, root) as commit:
        _check_files(record, commit)
        manifest = commit.check()
        if record.bundle != manifest["version"]:
            raise UserError(
                f"{version.tag}: registered {record.bundle}; its commit has {manifest['version']}"
            )
        if record.metrics != figures(commit.metrics()):
            raise UserError(f"{version.tag}: its metrics are not those that its commit has")
    return record


def _check_files(record: Record, commit: Revision) -> None:
    for path in NEEDED:
        if record.files[path] != commit.hash_of(path):
            raise UserError(f"{commit.name}: {path} is not the one that it was registered with")
