"""`models`: what stands where, since when, put there by whom, and how good it is."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from scoring.bundle import NAME
from stages.core.paths import ROOT
from stages.operations.registry.evidence import TITLES, read_record
from stages.operations.registry.versions import Standing, Version, read_versions
from stages.tables.validation import aligned

NOTHING = (
    f"No version of {NAME} is registered here.\n"
    "make register makes one of the champion; git fetch --tags brings those of others."
)
HEADER = ("version", "stage", "since", "by", "commit", *TITLES.values())


def models(*, root: Path = ROOT) -> str:
    """A line per version and stage it stands in, the highest version first."""
    known = read_versions(root)
    if not known:
        return NOTHING
    rows = [_row(version, standing) for version in known for standing in version.stages or (None,)]
    return "\n".join(aligned([HEADER, *rows]))


def models_json(*, root: Path = ROOT) -> str:
    """The same for programs: a list of versions, each with its stages and its record."""
    return json.dumps([_content(version) for version in read_versions(root)], indent=2)


def _row(version: Version, standing: Standing | None) -> tuple[str, ...]:
    since, by = version.registered, version.by
    if standing:
        since, by = standing.since, standing.by
    record = read_record(version.message)
    metrics = [str(record.metrics[name]) if record else "no evidence" for name in TITLES]
    stage = standing.stage if standing else "–"
    return (version.name, stage, _minute(since), by, version.commit[:7], *metrics)


def _minute(time: datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M}"


def _content(version: Version) -> dict[str, Any]:
    record = read_record(version.message)
    return {
        "version": version.name,
        "commit": version.commit,
        "registered": version.registered.isoformat(),
        "by": version.by,
        "stages": {
            found.stage: {"since": found.since.isoformat(), "by": found.by}
            for found in version.stages
        },
        "record": record.model_dump() if record else None,
    }
