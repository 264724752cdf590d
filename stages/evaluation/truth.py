"""The champion against the oracle, who knows the true probabilities."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scoring import money
from stages.core import measures
from stages.core.measures import Floats
from stages.core.metrics import METRICS, Input, Metric, Shown, shown_in
from stages.evaluation.evaluation_data import EvaluationData

TRUE_PROFIT = Metric(
    "true_profit_per_customer",
    "profit per customer, outcomes averaged out",
    measures.mean,
    Input.PROFIT,
    digits=2,
)


def against_oracle(data: EvaluationData) -> pd.DataFrame | None:
    """Each measure for the champion and the oracle; None where the truth is not known.

    Columns: `champion`, `oracle`; `regret`, by how much the champion is worse, with the interval
    `low`..`high` of that difference on the same resamples; `reached`, the share of the way from
    one probability for everybody to the oracle. The oracle decides by the same rule.
    """
    if data.oracle is None:
        return None
    rows = {metric.name: _row(data, metric) for metric in compared()}
    return pd.DataFrame.from_dict(rows, orient="index")


def compared() -> list[Metric]:
    """What champion and oracle are compared by: probabilities, and the profit of both decisions."""
    return [*shown_in(Shown.CROSS_VALIDATION), METRICS["profit_per_customer"], TRUE_PROFIT]


def headings() -> dict[str, str]:
    """What a report calls each row of the comparison."""
    return {metric.name: metric.heading_with_direction for metric in compared()}


def _row(data: EvaluationData, metric: Metric) -> dict[str, float]:
    label, measure = data.label, data.measure_of(metric)
    champion, oracle, simple = _inputs(data, metric)
    ours, best, least = (measures.value(measure, label, x) for x in (champion, oracle, simple))
    drawn = [data.bootstrap.distribution(measure, label, x) for x in (oracle, champion)]
    low, high = data.bootstrap.percentiles(metric.sign * np.subtract(*drawn))
    lead = metric.sign * (best - least)
    return {
        "champion": ours,
        "oracle": best,
        "regret": metric.sign * (best - ours),
        "low": low,
        "high": high,
        "reached": (ours - least) / (best - least) if lead > 0 else float("nan"),
    }


def _inputs(data: EvaluationData, metric: Metric) -> list[Floats]:
    """What a metric is computed from, for the champion, the oracle and one probability for all."""
    oracle = data.oracle
    assert oracle is not None
    known = [data.probability, oracle, data.baselines["base_rate"]]
    if metric is not TRUE_PROFIT:
        return [data.input_of(metric, probability) for probability in known]
    expected = money.expected_profit(oracle, data.value, data.costs)
    return [data.decide(probability) * expected for probability in known]


def summary(table: pd.DataFrame, *, currency: str) -> str:
    """How much of the attainable is reached, in two sentences."""
    auc, profit = table.loc["roc_auc"], table.loc["true_profit_per_customer"]
    lost = {
        name: f"{row['regret']:z.{digits}f} ({row['low']:z.{digits}f} to {row['high']:z.{digits}f})"
        for name, row, digits in (("auc", auc, 4), ("profit", profit, 2))
    }
    return (
        f"Knowing every true probability, one reaches a ROC AUC of {auc['oracle']:.3f} and "
        f"{profit['oracle']:.2f} {currency} per customer; the champion is {lost['auc']} and "
        f"{lost['profit']} below. On the way from one probability for everybody to the truth, it "
        f"has come {auc['reached']:.0%} in AUC and {profit['reached']:.0%} in profit."
    )
