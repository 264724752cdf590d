"""The monitor's newest verdict as metrics: what it says, how old it is, whether it could be read.

The monitor writes the file whole or not at all; the service reads it again when it has changed.
What a verdict leaves open (null) is NaN, on which no comparison holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from prometheus_client import CollectorRegistry, Gauge
from pydantic import BaseModel, ValidationError

from scoring.errors import first_problem
from scoring.verdict import Metrics, Status, Verdict
from serving import logs

STATES = READ, MISSING, INVALID = ("read", "missing", "invalid")
INFO = ("month", "name", "version")
Fingerprint = tuple[int, int, int]  # inode, time of the last change in ns, size


Values = dict[str, float | None]


def _fields(found: BaseModel | None, *names: str) -> Values:
    return {name: getattr(found, name, None) for name in names}


def _quality(found: Metrics | None) -> Values:
    return _fields(found, *Metrics.model_fields)


# Name, help, label, and the value for each value of the label; "" where there is no label.
SHOWN: tuple[tuple[str, str, str, Callable[[Verdict], Values]], ...] = (
    ("status", "1 for the status of the verdict", "status",
     lambda v: {status: float(status == v.status) for status in get_args(Status)}),
    ("customers", "Customers of the month", "", lambda v: {"": v.customers}),
    ("faulty_columns", "Columns that are broken", "", lambda v: {"": len(v.faults)}),
    ("changed", "1 where the answer to a question is a change", "question",
     lambda v: {"population": v.population.changed, "departures": v.departures.changed,
                "calibration": v.calibration.changed}),
    ("population_auc", "How well a classifier tells this month from the earlier ones", "",
     lambda v: {"": v.population.auc}),
    ("population_threshold", "What that stays below in a quiet month", "",
     lambda v: {"": v.population.threshold}),
    ("departures", "Customers who left, those predicted, and what a quiet world stays between",
     "kind", lambda v: _fields(v.departures, "observed", "predicted", "low", "high")),
    ("estimated", "Metrics of the model, estimated without labels", "metric",
     lambda v: _quality(v.performance.estimated)),
    ("estimate_withdrawn", "1 where departures contradict the estimate", "",
     lambda v: {"": v.performance.withdrawn}),
    ("realised", "Metrics of the newest month whose window has closed", "metric",
     lambda v: _quality(v.performance.realised.metrics if v.performance.realised else None)),
    ("contacts", "Customers whom the decision names this month", "",
     lambda v: {"": v.profit.contacts}),
    ("expected_profit", "Profit expected of contacting them", "",
     lambda v: {"": v.profit.expected}),
    ("closed_month_profit", "Profit of the newest closed month", "kind",
     lambda v: _fields(v.profit.realised, "expected", "realised")),
)  # fmt: skip


class MonitorMetrics:
    """Gauges `churn_monitor_…` of the verdict in a file; one set per worker process.

    Where the file goes missing or is no verdict any more, what was read last stays, so that the
    alert on it does, too; `churn_monitor_verdict` says that it could not be read.
    """

    def __init__(self, file: Path, registry: CollectorRegistry) -> None:
        self._file, self._registry = file, registry
        self._seen: Fingerprint | None = (0, 0, 0)  # of no file: the first look reads it
        self._written = math.nan
        self._info_labels: tuple[str, ...] = ()
        self._state = self._gauge("verdict", "1 for what came of reading the verdict", "state")
        self._age = self._gauge("verdict_age_seconds", "Time since the verdict was written")
        self._info = self._gauge("info", "1 for the verdict that is shown", *INFO)
        self._shown = {
            name: self._gauge(name, text, *([label] if label else []))
            for name, text, label, _ in SHOWN
        }
        for name, _, label, _ in SHOWN:
            if not label:
                self._shown[name].set(math.nan)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(
            f"churn_monitor_{name}",
            text,
            labels,
            multiprocess_mode="livemostrecent",
            registry=self._registry,
        )

    def refresh(self, *, now: float) -> None:
        """Read the verdict if its file has changed since the last call; show its age.

        `now` is in seconds since 1970.
        """
        seen = self._fingerprint()
        if seen != self._seen:
            self._seen = seen
            state = MISSING if seen is None else self._read(written=seen[1] / 1e9)
            for each in STATES:
                self._state.labels(each).set(each == state)
        self._age.set(now - self._written)

    def _fingerprint(self) -> Fingerprint | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self, *, written: float) -> str:
        try:
            # a field that a newer monitor writes is none of ours
            verdict = Verdict.model_validate_json(self._file.read_bytes(), extra="ignore")
        except (OSError, ValidationError) as error:
            why = first_problem(error) if isinstance(error, ValidationError) else str(error)
            logs.service.error("the monitor's verdict cannot be read", extra={"why": why})
            return INVALID
        self._written = written
        self._show(verdict)
        return READ

    def _show(self, verdict: Verdict) -> None:
        if self._info_labels:
            self._info.labels(*self._info_labels).set(0)
        self._info_labels = (verdict.month, verdict.model.name, verdict.model.version)
        self._info.labels(*self._info_labels).set(1)
        for name, _, label, values in SHOWN:
            for kind, value in values(verdict).items():
                gauge = self._shown[name].labels(kind) if label else self._shown[name]
                gauge.set(math.nan if value is None else value)
