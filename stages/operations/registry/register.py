"""`register`: the champion of a commit becomes a version, if it is good enough to be one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gto.api

from scoring.bundle import NAME
from scoring.errors import UserError
from scoring.signature import sign
from stages.core.paths import Paths
from stages.operations.git import git
from stages.operations.registry.behaviour import run_behaviour_tests
from stages.operations.registry.evidence import Record, figures, number, read_record
from stages.operations.registry.registry_params import Floors
from stages.operations.registry.remote import outputs_to_share, to_share
from stages.operations.registry.revision import (
    BUNDLE,
    EVALUATION,
    NEEDED,
    Revision,
    changes,
    revision,
)
from stages.operations.registry.versions import read_versions, readable_errors
from stages.parameters import read_parameters

FIRST = "v1.0.0"


def register(*, bump: str = "patch", key: Path | None = None, root: Path) -> str:
    """Register the champion of `HEAD` as the next version; what was registered, in words.

    With a private key (PEM) its manifest is signed, and the signature kept in the tag.
    `UserError` where metrics are missing or below the floors, the work tree is not what is
    committed, the bundle has a version already, or the champion fails a behaviour test.
    """
    with revision("HEAD", root) as head:
        metrics = head.metrics()
        measured = figures(metrics)
        _check_committed(root)
        _check_floors(metrics, read_parameters(Paths(root)).registry.floors)
        _check_new(head, root)
        manifest = head.check()
        record = Record(
            bundle=manifest["version"],
            candidate=manifest["candidate"],
            metrics=measured,
            behaviour=run_behaviour_tests(root),
            files={path: head.hash_of(path) for path in NEEDED},
            signature=sign(Paths(root).champion, key) if key else None,
        )
    outputs = outputs_to_share("HEAD", root)
    return _summary(_tag(record, bump=bump, root=root), record, outputs)


def _check_committed(root: Path) -> None:
    """`UserError` where a version of `HEAD` would not be what is in the work tree."""
    if status := git(root, "status", "--porcelain"):
        first = status.splitlines()[0][3:]
        raise UserError(f"{first}: not committed; a version is what is committed, nothing else")
    changed = changes(root)
    if changed:
        raise UserError(
            f"dvc.lock: {changed[0]}; expected the results of what is committed: run make repro",
            details=tuple(f"dvc.lock: {change}" for change in changed[1:]),
        )


def quality(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The test metrics that have a floor; `brier_skill` is 1 - Brier score / base rate's score."""
    return {
        "roc_auc": number(metrics, "test", "roc_auc"),
        "brier_skill": 1
        - number(metrics, "test", "brier") / number(metrics, "reference", "base_rate_brier"),
        "profit_per_customer": number(metrics, "test", "profit_per_customer"),
    }


def _check_floors(metrics: Mapping[str, Any], floors: Floors) -> None:
    """`UserError` with every metric that is below its floor."""
    low = [
        f"{EVALUATION}: {name}: {value:.4g} is below {floor:g}, the floor in params.yaml, "
        f"field registry.floors.{name}"
        for name, value in quality(metrics).items()
        if value < (floor := getattr(floors, name))
    ]
    if low:
        raise UserError(low[-1], details=tuple(low[:-1]))


def _check_new(head: Revision, root: Path) -> None:
    """`UserError` where the commit or its champion is registered already."""
    bundle = head.hash_of(BUNDLE)
    for version in read_versions(root):
        record = read_record(version.message)
        if version.commit == head.commit or (record and record.files[BUNDLE] == bundle):
            raise UserError(f"{BUNDLE}: this champion is registered already, as {version.name}")


def _tag(record: Record, *, bump: str, root: Path) -> str:
    """Write the tag; the new version."""
    if read_versions(root):
        choice: dict[str, Any] = {f"bump_{bump}": True}
    else:
        choice = {"version": FIRST}
    with readable_errors():
        return str(gto.api.register(root, NAME, "HEAD", message=record.message(), **choice).version)


def _summary(version: str, record: Record, outputs: list[str]) -> str:
    return "\n".join(
        [
            f"Registered {NAME} {version}: champion {record.bundle} ({record.candidate})",
            f"  {record.words()}",
            f"  {record.behaviour} behaviour tests passed",
            *to_share(f"{NAME}@{version}", outputs=outputs),
            f"Next: make promote STAGE=staging VERSION={version}",
        ]
    )
