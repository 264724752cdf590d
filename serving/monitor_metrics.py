"""The monitor's newest verdict as metrics: what it says, how old it is, whether it could be read.

The monitor writes the file whole or not at all; the service reads it again when it has changed.
What a verdict leaves open (null) is NaN, on which no comparison holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Gauge
from pydantic import BaseModel, ConfigDict, ValidationError

from serving import logs

STATES = READ, MISSING, INVALID = ("read", "missing", "invalid")
INFO = ("month", "name", "version")
Status = Literal["quiet", "change", "fault", "too_small"]
Fingerprint = tuple[int, int, int]  # inode, time of the last change in ns, size


class Part(BaseModel):
    """A part of the verdict; what no metric shows is passed over."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Model(Part):
    """The model that was judged."""

    name: str
    version: str


class Answer(Part):
    """An answer to one of the monitor's questions; null where it cannot be given."""

    changed: bool | None


class Population(Answer):
    """Whether the customers are different ones."""

    auc: float | None = None
    threshold: float | None = None


class Departures(Answer):
    """Whether they leave otherwise than predicted."""

    observed: float | None = None
    predicted: float | None = None
    low: float | None = None
    high: float | None = None


class Quality(Part):
    """Metrics as `metrics.json` names them."""

    roc_auc: float | None = None
    log_loss: float | None = None
    brier: float | None = None


class Realised(Part):
    """Metrics of the newest month whose window has closed."""

    metrics: Quality


class Performance(Part):
    """Metrics, estimated without labels and realised."""

    estimated: Quality | None = None
    withdrawn: bool = False
    realised: Realised | None = None


class RealisedProfit(Part):
    """Profit of the newest closed month, and what was expected of it."""

    expected: float
    realised: float


class Profit(Part):
    """Profit expected of this month's decisions."""

    contacts: int = 0
    expected: float | None = None
    realised: RealisedProfit | None = None


class Verdict(Part):
    """What is shown of a verdict; `stages/monitoring/verdict.py` has all of it."""

    month: str
    status: Status
    model: Model
    customers: int
    faults: tuple[Part, ...] = ()
    population: Population
    departures: Departures
    calibration: Answer
    performance: Performance
    profit: Profit


Values = dict[str, float | None]


def _quality(found: Quality | None) -> Values:
    return (found or Quality()).model_dump()


def _closed(found: RealisedProfit | None) -> Values:
    return found.model_dump() if found else {"expected": None, "realised": None}


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
     "kind", lambda v: v.departures.model_dump(exclude={"changed"})),
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
     lambda v: _closed(v.profit.realised)),
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
            verdict = Verdict.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError) as error:
            logs.service.error("the monitor's verdict cannot be read", extra={"why": _why(error)})
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


def _why(error: OSError | ValidationError) -> str:
    if isinstance(error, OSError):
        return str(error)
    first = error.errors(include_url=False, include_input=False)[0]
    return f"field {'.'.join(map(str, first['loc'])) or 'content'}: {first['msg']}"
