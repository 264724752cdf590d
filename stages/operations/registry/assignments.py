"""`models`: which version is in which environment, since when, by whom, with its metrics."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from scoring.bundle import NAME
from stages.operations.registry.evidence import read_record, recorded
from stages.operations.registry.versions import Assignment, Version, read_versions
from stages.tables.validation import aligned

NOTHING = (
    f"No version of {NAME} is registered here.\n"
    "make register makes one of the champion; git fetch --tags brings those of others."
)


def models(*, root: Path) -> str:
    """A line per version and environment it is in, the highest version first."""
    known = read_versions(root)
    if not known:
        return NOTHING
    rows = [_row(version, found) for version in known for found in version.assignments or (None,)]
    return "\n".join(aligned([header(), *rows]))


def models_json(*, root: Path) -> str:
    """The same for programs: a list of versions, each with its environments and its record."""
    return json.dumps([_content(version) for version in read_versions(root)], indent=2)


def header() -> tuple[str, ...]:
    """The names of the columns."""
    return ("version", "environment", "since", "by", "commit", *(m.title for m in recorded()))


def _row(version: Version, assignment: Assignment | None) -> tuple[str, ...]:
    since, by = version.registered, version.by
    if assignment:
        since, by = assignment.since, assignment.by
    record = read_record(version.message)
    metrics = [record.metrics[m.name].text(m) if record else "no evidence" for m in recorded()]
    environment = assignment.environment if assignment else "–"
    return (version.name, environment, _minute(since), by, version.commit[:7], *metrics)


def _minute(time: datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M}"


def _content(version: Version) -> dict[str, Any]:
    record = read_record(version.message)
    return {
        "version": version.name,
        "commit": version.commit,
        "registered": version.registered.isoformat(),
        "by": version.by,
        "environments": {
            found.environment: {"since": found.since.isoformat(), "by": found.by}
            for found in version.assignments
        },
        "record": record.model_dump() if record else None,
    }
