"""The champion beside the oracle: what is lost against knowing the true probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd

from scoring import money
from stages.core import metrics
from stages.core.metrics import Floats
from stages.evaluation.evaluate import WORDS as HEADLINE_WORDS
from stages.evaluation.evaluate import Evidence, decide, profit_measure, ranking

WORDS = HEADLINE_WORDS | {"true_profit_per_customer": "Profit per customer, outcomes averaged out"}


def against_oracle(evidence: Evidence) -> pd.DataFrame | None:
    """Each measure for the champion and the oracle; None where the truth is not known.

    Columns: `champion`, `oracle`; `behind`, by how much the champion is worse, with the interval
    `low`..`high` of that difference on the same resamples; `reached`, the share of the way from
    one probability for everybody to the oracle. The oracle decides by the same rule.
    """
    if evidence.oracle is None:
        return None
    rows = {
        name: _row(evidence, measure, *said, sign=-1 if name in metrics.LOWER_IS_BETTER else 1)
        for name, measure, said in _measures(evidence, evidence.oracle)
    }
    return pd.DataFrame.from_dict(rows, orient="index")


Said = tuple[Floats, Floats, Floats]  # by the champion, the oracle, and the base rate for all


def _measures(evidence: Evidence, oracle: Floats) -> Iterator[tuple[str, metrics.Measure, Said]]:
    scores = evidence.probability, oracle, evidence.baselines["base_rate"]
    for name, measure in ranking(evidence.params).items():
        yield name, measure, scores
    one, other, simple = (decide(score, evidence.value, evidence) for score in scores)
    yield "profit_per_customer", profit_measure(evidence), (one, other, simple)
    expected = money.expected_profit(oracle, evidence.value, evidence.costs)
    yield "true_profit_per_customer", partial(_mean_profit, expected), (one, other, simple)


def _mean_profit(profit: Floats, _: Floats, chosen: Floats, weight: Floats) -> Floats:
    return (weight @ (chosen * profit)) / weight.sum(axis=1)


def _row(
    evidence: Evidence,
    measure: metrics.Measure,
    champion: Floats,
    oracle: Floats,
    simple: Floats,
    *,
    sign: int,
) -> dict[str, float]:
    label, bootstrap = evidence.label, evidence.bootstrap
    ours, best, least = (metrics.value(measure, label, s) for s in (champion, oracle, simple))
    drawn = [bootstrap.distribution(measure, label, score) for score in (oracle, champion)]
    low, high = bootstrap.percentiles(sign * np.subtract(*drawn))
    return {
        "champion": ours,
        "oracle": best,
        "behind": sign * (best - ours),
        "low": low,
        "high": high,
        "reached": (ours - least) / (best - least) if sign * (best - least) > 0 else float("nan"),
    }


def in_words(table: pd.DataFrame) -> str:
    """How much of the attainable is reached, as a person would say it."""
    auc, profit = table.loc["roc_auc"], table.loc["true_profit_per_customer"]
    lost = {
        name: f"{row['behind']:.{digits}f} ({row['low']:.{digits}f} to {row['high']:.{digits}f})"
        for name, row, digits in (("auc", auc, 4), ("profit", profit, 2))
    }
    return (
        f"Knowing every true probability, one would reach a ROC AUC of {auc['oracle']:.3f} and "
        f"{profit['oracle']:.2f} per customer; the champion is {lost['auc']} and {lost['profit']} "
        f"behind. Of the way there from one probability for everybody, it has gone "
        f"{auc['reached']:.0%} in AUC and {profit['reached']:.0%} in profit."
    )
