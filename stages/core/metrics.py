"""The metrics: what each is called, which way is better, what it is computed from, who shows it.

A metric is one entry of `METRICS`. `metrics.json`, reports, model card, pull-request report,
registry, ablation and tracking read it, so to add a metric is to add an entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, Flag, auto
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.core import measures
from stages.core.measures import Floats, Measure

if TYPE_CHECKING:
    from scoring.money import Costs


class Input(Enum):
    """What a metric is computed from, in addition to the labels: n values each."""

    PROBABILITY = auto()  # of churn
    DECISION = auto()  # 1 where a customer is contacted, else 0
    PROFIT = auto()  # what contacting, or not contacting, a customer brought


class Shown(Flag):
    """Where a metric is shown beyond `metrics.json` and the report of the evaluation."""

    NOWHERE_ELSE = 0
    CROSS_VALIDATION = auto()  # on every fold: what candidates are compared by
    CARD = auto()  # model card and overview
    PULL_REQUEST = auto()
    GROUPS = auto()  # of customers, in a pull request
    SUMMARY = auto()  # the few of a model in one line: registry, experiments
    ABLATION = auto()
    EVERYWHERE = CROSS_VALIDATION | CARD | PULL_REQUEST | GROUPS | SUMMARY | ABLATION


@dataclass(frozen=True)
class Metric:
    """A metric of a model on n customers.

    `name` is its key in `metrics.json`, `title` what it is called inside a sentence. `measure`
    takes labels, an input of the kind `input` and weights; `settings` names the keyword arguments
    that it takes from the evaluation: `bins`, `costs`, `value` (mean, of keeping a customer).
    """

    name: str
    title: str
    measure: Callable[..., Floats]
    input: Input = Input.PROBABILITY
    higher_is_better: bool = True
    digits: int = 4
    shown: Shown = Shown.NOWHERE_ELSE
    settings: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """The title as it begins a line."""
        return self.title[0].upper() + self.title[1:]

    @property
    def heading_with_direction(self) -> str:
        """The same, saying so where lower is better."""
        return self.heading if self.higher_is_better else f"{self.heading} (lower is better)"

    @property
    def sign(self) -> int:
        """1 where higher is better, else -1."""
        return 1 if self.higher_is_better else -1

    def bound(self, **settings: Any) -> Measure:
        """The measure under those of these settings that it takes."""
        taken = {name: settings[name] for name in self.settings if name in settings}
        return partial(self.measure, **taken)

    def text(self, value: float, *, signed: bool = False) -> str:
        """A value in the metric's digits; a dash where it is not known."""
        if value is None or not np.isfinite(value):
            return "–"
        return f"{value:{'+' if signed else ''}.{self.digits}f}"


def shown_in(place: Shown) -> list[Metric]:
    """The metrics that are shown in a place, in their order."""
    return [metric for metric in METRICS.values() if place in metric.shown]


def headings() -> dict[str, str]:
    """What a table of a report calls each metric, by its name."""
    return {name: metric.heading_with_direction for name, metric in METRICS.items()}


def empc(label: Floats, score: Floats, weight: Floats, *, costs: Costs, value: float) -> Floats:
    """Expected maximum profit per customer (Verbraken et al. 2013): acceptance is not known."""
    from empulse.metrics import empc_score

    accept = {"alpha": costs.accept_alpha, "beta": costs.accept_beta}
    score_of = partial(empc_score, **_empulse(costs, value), **accept)
    return _resampled(score_of, label, score, weight)


def mpc(label: Floats, score: Floats, weight: Floats, *, costs: Costs, value: float) -> Floats:
    """Maximum profit per customer over all thresholds, acceptance at its mean (same source)."""
    from empulse.metrics import mpc_score

    score_of = partial(mpc_score, **_empulse(costs, value), accept_rate=costs.accept_rate)
    return _resampled(score_of, label, score, weight)


def _empulse(costs: Costs, value: float) -> dict[str, float]:
    return {"clv": value, "incentive_cost": costs.offer_cost, "contact_cost": costs.contact_cost}


def _resampled(
    score_of: Callable[..., Any], label: Floats, score: Floats, weight: Floats
) -> Floats:
    """A score that takes no weights, on customers repeated as often as they were drawn."""
    drawn = (np.repeat(np.arange(len(label)), row.astype(int)) for row in weight)
    return np.array([float(score_of(label[r], score[r])) if len(r) else np.nan for r in drawn])


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("roc_auc", "ROC AUC", measures.roc_auc, shown=Shown.EVERYWHERE),
        Metric(
            "average_precision",
            "average precision",
            measures.average_precision,
            shown=Shown.CROSS_VALIDATION | Shown.CARD | Shown.PULL_REQUEST,
        ),
        Metric(
            "brier",
            "Brier score",
            measures.brier,
            higher_is_better=False,
            shown=Shown.EVERYWHERE,
        ),
        Metric(
            "log_loss",
            "log loss",
            measures.log_loss,
            higher_is_better=False,
            shown=Shown.CROSS_VALIDATION | Shown.PULL_REQUEST | Shown.ABLATION,
        ),
        Metric(
            "ece",
            "expected calibration error",
            measures.calibration_error,
            higher_is_better=False,
            shown=Shown.CROSS_VALIDATION | Shown.CARD | Shown.PULL_REQUEST | Shown.ABLATION,
            settings=("bins",),
        ),
        Metric(
            "top_decile_lift",
            "top-decile lift",
            measures.top_decile_lift,
            digits=2,
            shown=Shown.CARD | Shown.PULL_REQUEST,
        ),
        Metric("accuracy", "accuracy of the decision", measures.accuracy, Input.DECISION),
        Metric(
            "precision",
            "precision of the decision",
            measures.precision,
            Input.DECISION,
            shown=Shown.CARD | Shown.PULL_REQUEST,
        ),
        Metric(
            "recall",
            "recall of the decision",
            measures.recall,
            Input.DECISION,
            shown=Shown.CARD | Shown.PULL_REQUEST | Shown.GROUPS,
        ),
        Metric("f1", "F1 of the decision", measures.f1, Input.DECISION),
        Metric(
            "empc",
            "expected maximum profit (EMPC)",
            empc,
            digits=2,
            settings=("costs", "value"),
        ),
        Metric("mpc", "maximum profit (MPC)", mpc, digits=2, settings=("costs", "value")),
        Metric(
            "profit_per_customer",
            "profit per customer",
            measures.mean,
            Input.PROFIT,
            digits=2,
            shown=Shown.CARD | Shown.PULL_REQUEST | Shown.SUMMARY | Shown.ABLATION,
        ),
    )
}
