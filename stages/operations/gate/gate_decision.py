"""The decision of a gate: `reports/decisions/<month>-<challenger>-<digest>.json`, and a git tag.

What is measured in time is left out, so that the same inputs give the same bytes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from scoring.digest import digest
from scoring.errors import UserError, first_problem, shown
from stages.core import months
from stages.core.files import write_json
from stages.core.paths import Paths
from stages.operations.git import git

DIGITS = 6
TAG = "churn-decision"
Reason = Literal[
    "broken_bundle", "same_model", "other_schema", "other_costs", "metric_missing",
    "window_open", "other_month", "stale_labels", "empty_hold_out", "leak",
    "no_probability", "inverted", "export", "latency", "behaviour", "calibration", "groups",
    "no_gain",
]  # fmt: skip
Number = Annotated[float | None, AfterValidator(lambda x: None if x is None else round(x, DIGITS))]


class Part(BaseModel):
    """A part of the decision: no field unknown or missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Check(Part):
    """One condition: whether it is met, in words, and its figures."""

    name: Reason
    passed: bool
    words: str
    figures: Mapping[str, Number] = {}


class Judged(Part):
    """A bundle that was judged: `files` as its manifest has them, empty where it has none."""

    name: str
    version: str
    candidate: str
    files: dict[str, str]


class Evidence(Part):
    """The customers that it was judged on; `sha256` is of the month's whole table."""

    month: str
    as_of: str
    customers: int
    churners: int
    sha256: str


class Gain(Part):
    """Challenger against champion in the metric that decides, with the interval of the difference.

    `decayed` says in what the champion is measurably worse than it was; empty where in nothing.
    """

    metric: str
    champion: Number
    challenger: Number
    difference: Number
    low: Number
    high: Number
    decayed: list[str]


class Decision(Part):
    """Whether the challenger replaces the champion. `reasons` are the conditions not met."""

    promoted: bool
    summary: str
    reasons: list[Reason]
    champion: Judged
    challenger: Judged
    evidence: Evidence
    gain: Gain | None
    checks: list[Check]
    parameters: dict[str, Any]

    @property
    def name(self) -> str:
        """What it is filed under."""
        content = digest(self.model_dump(mode="json"))[:8]
        return f"{self.evidence.month}-{self.challenger.version}-{content}"


def folder_of(paths: Paths) -> Path:
    """Where decisions are filed."""
    return paths.reports / "decisions"


def write_decision(decision: Decision, paths: Paths) -> Path:
    """File a decision; its path. The same decision is one file."""
    path = folder_of(paths) / f"{decision.name}.json"
    write_json(path, decision.model_dump(mode="json"))
    return path


def read_decisions(paths: Paths) -> list[Decision]:
    """The filed decisions, in the order of their months; `UserError` naming a file that is none."""
    found = []
    for path in sorted(folder_of(paths).glob("*.json")):
        try:
            found.append(Decision.model_validate_json(path.read_bytes()))
        except ValidationError as error:
            raise UserError(f"{shown(path)}: {first_problem(error)}") from None
    return sorted(found, key=_months)


def _months(decision: Decision) -> tuple[int, int]:
    """When its customers were looked at, and when it was taken."""
    return months.number(decision.evidence.month), months.number(decision.evidence.as_of)


def record(decision: Decision, root: Path) -> str | None:
    """Put the decision into the registry's history: an annotated tag at `HEAD`, written once.

    A refused challenger is no version of GTO's, so the tag is none of GTO's either. None where
    there is no commit, or nobody's name, to tag with.
    """
    tag = f"{TAG}/{decision.name}"
    try:
        if not git(root, "tag", "--list", tag):
            message = f"{decision.summary}\n\n{decision.model_dump_json(indent=2)}\n"
            git(root, "tag", "--annotate", tag, "--message", message)
    except (subprocess.CalledProcessError, FileNotFoundError):
        return None
    return tag
