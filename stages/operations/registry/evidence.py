"""What was known of a version as it was registered: a record in the message of its tag.

A tag's message cannot drift from its commit, and whoever pushes the tag answers for both; so the
evidence needs no file of its own, and the outputs of the pipeline stay what they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError

from scoring.errors import UserError
from stages.core.metrics import Metric, Shown, shown_in
from stages.operations.registry.revision import EVALUATION, NEEDED


class Figure(BaseModel):
    """A test metric with its interval."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float
    low: float
    high: float

    def text(self, metric: Metric) -> str:
        """The value with its interval, in the metric's digits."""
        return f"{metric.text(self.value)} ({metric.text(self.low)} to {metric.text(self.high)})"


class Record(BaseModel):
    """What a version was registered on.

    `bundle` is the version in `bundle.json`, `files` the md5 of each output by path, `behaviour`
    the number of behaviour tests that this champion passed, `signature` that of its manifest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bundle: str
    candidate: str
    metrics: dict[str, Figure]
    behaviour: PositiveInt
    files: dict[str, str]
    signature: str | None = None

    def words(self) -> str:
        """The metrics in a line."""
        return ", ".join(f"{m.title} {self.metrics[m.name].text(m)}" for m in recorded())

    def message(self) -> str:
        """The message of the tag: a line for people, then the record."""
        title = f"Champion {self.bundle} ({self.candidate}): {self.words()}"
        return f"{title}\n\n{self.model_dump_json(indent=2, exclude_none=True)}\n"


def recorded() -> list[Metric]:
    """The test metrics that a version is registered with, in the order in which they are shown."""
    return shown_in(Shown.SUMMARY)


def read_record(message: str) -> Record | None:
    """The record in a tag's message; None where there is none, as after a plain `gto register`."""
    _, _, record = message.partition("\n\n")
    try:
        found = Record.model_validate_json(record)
    except ValidationError:
        return None
    names = {metric.name for metric in recorded()}
    whole = found.metrics.keys() == names and found.files.keys() == set(NEEDED)
    return found if whole else None


def figures(metrics: Mapping[str, Any]) -> dict[str, Figure]:
    """The metrics that decide, out of `metrics.json`."""
    return {
        metric.name: Figure(
            value=number(metrics, "test", metric.name),
            low=number(metrics, "test_ci", metric.name, "low"),
            high=number(metrics, "test_ci", metric.name, "high"),
        )
        for metric in recorded()
    }


def number(metrics: Mapping[str, Any], *path: str) -> float:
    """A number in `metrics.json`; `UserError` naming the field where there is none."""
    found: Any = metrics
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        field = ".".join(path)
        raise UserError(f"{EVALUATION}: field {field}: {found!r}; expected a number: make repro")
    return float(found)
