"""What the model brings now: estimated without labels, realised where windows have closed.

The estimate is that of confidence-based performance estimation: under calibrated probabilities the
expected count of each outcome is known, and with it the expected metrics (as NannyML's CBPE does).
The champion's probabilities are calibrated by a sigmoid, fitted to what it predicted out of fold
for the customers that it was trained on. It holds as long as customers of the same inputs behave as
those did: where departures say that they do not, it is withdrawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.optimize import minimize

from scoring.bundle import REFERENCE
from scoring.money import Costs, expected_profit, realised_profit
from scoring.probability import log_odds
from scoring.terms import Terms
from scoring.verdict import Metrics, Performance, Profit, Realised, RealisedProfit
from stages.core.measures import EPSILON, Z_95, brier, log_loss, roc_auc
from stages.monitoring.month_table import Floats, MonthTable

LABEL, PROBABILITY = "#label", "#probability"
MEASURES = {"roc_auc": roc_auc, "log_loss": log_loss, "brier": brier}


class Sigmoid:
    """log-odds = slope x log-odds + intercept, by maximum likelihood; `rows` it was fitted to."""

    def __init__(self, probability: Floats, label: Floats) -> None:
        x = log_odds(probability)

        def loss(weights: Floats) -> float:
            return float(
                np.logaddexp(0, weights[0] * x + weights[1]).sum()
                - label @ (weights[0] * x + weights[1])
            )

        self.slope, self.intercept = minimize(loss, np.array([1.0, 0.0]), method="BFGS").x
        self.rows = len(label)

    def __call__(self, probability: Floats) -> Floats:
        """Calibrated probabilities (n,)."""
        return 1 / (1 + np.exp(-(self.slope * log_odds(probability) + self.intercept)))


def sigmoid_of(bundle: Path) -> Sigmoid | None:
    """The sigmoid of a bundle; None where it has no out-of-fold predictions of both classes."""
    path = bundle / REFERENCE
    if not path.is_file() or not {LABEL, PROBABILITY} <= set(pq.read_schema(path).names):
        return None
    table = pq.read_table(path, columns=[LABEL, PROBABILITY])
    label = table[LABEL].to_numpy().astype(float)
    if len(np.unique(label)) < 2:
        return None
    return Sigmoid(table[PROBABILITY].to_numpy().astype(float), label)


class Expected(NamedTuple):
    """A metric expected of unknown labels, and its standard deviation over them."""

    value: float
    deviation: float


def estimated(table: MonthTable, sigmoid: Sigmoid | None) -> Performance:
    """Metrics expected of a month's predictions, with the half width of a 95% interval.

    The interval has the chance of the labels, and that of the labels the sigmoid was fitted to.
    """
    if sigmoid is None:
        return Performance(reason="the bundle has no out-of-fold predictions to calibrate by")
    if len(table) < 2:
        return Performance(reason="too few customers")
    score = table.probability
    p = sigmoid(score)
    found = {
        "roc_auc": expected_auc(p, score),
        "log_loss": expected_loss(p, -_log(score), -_log(1 - score)),
        "brier": expected_loss(p, (1 - score) ** 2, score**2),
    }
    widened = Z_95 * np.sqrt(1 + len(p) / sigmoid.rows)
    error = {name: widened * metric.deviation for name, metric in found.items()}
    values = {name: metric.value for name, metric in found.items()}
    return Performance(estimated=Metrics(**values), error=Metrics(**error))


def expected_auc(p: Floats, score: Floats) -> Expected:
    """AUC of scores (n,) where each customer leaves with probability p (n,); ties count half.

    In expectation the ordered pairs over all pairs; its deviation by the delta method.
    """
    places, at = np.unique(score, return_inverse=True)
    left = np.bincount(at, p, minlength=len(places))
    retained = np.bincount(at, 1 - p, minlength=len(places))
    below, above = np.cumsum(retained) - retained / 2, p.sum() - np.cumsum(left) + left / 2
    pairs = left.sum() * retained.sum()
    if not pairs > 0:
        return Expected(0.5, 0.0)
    auc = float(left @ below / pairs)
    # what one more who leaves, and one less who stays, does to ordered and to all pairs
    slope = (below - above - auc * (retained.sum() - left.sum()))[at] / pairs
    return Expected(auc, _deviation(p, slope))


def expected_loss(p: Floats, if_left: Floats, if_retained: Floats) -> Expected:
    """Mean of a loss (n,) that depends on whether each customer leaves, with probability p (n,)."""
    value = float(np.mean(p * if_left + (1 - p) * if_retained))
    return Expected(value, _deviation(p, (if_left - if_retained) / len(p)))


def _deviation(p: Floats, slope: Floats) -> float:
    """Standard deviation of a sum over customers, each of whom adds `slope` by leaving."""
    return float(np.sqrt(p * (1 - p) @ slope**2))


def realised(
    table: MonthTable, label: NDArray[np.bool_], earlier: Metrics | None
) -> Realised | None:
    """Metrics of a month whose window has closed, with what was estimated then; None if empty."""
    if not len(label):
        return None
    truth, weight = label.astype(float), np.ones((1, len(label)))
    both = 0 < truth.sum() < len(truth)
    metrics = {
        name: float(measure(truth, table.probability, weight)[0])
        for name, measure in MEASURES.items()
        if name != "roc_auc" or both
    }
    return Realised(
        month=table.month,
        customers=len(label),
        metrics=Metrics(**{"roc_auc": None, **metrics}),
        estimated=earlier,
    )


def profit(table: MonthTable, terms: Terms, *, realised: RealisedProfit | None) -> Profit:
    """What contacting whom the decision names is expected to bring, and what it last brought."""
    if not len(table):
        return Profit(realised=realised)
    each = expected_profit(table.probability, table.value, terms.costs)
    total = float(each[table.contact].sum())
    return Profit(
        contacts=int(table.contact.sum()),
        expected=total,
        profit_per_customer=total / len(table),
        realised=realised,
    )


def realised_profit_of(
    table: MonthTable, label: NDArray[np.bool_], costs: Costs
) -> RealisedProfit | None:
    """What the decisions of a closed month brought, against what was expected of them."""
    if not len(label):
        return None
    chosen = table.contact
    brought = realised_profit(label.astype(float), table.value, costs)[chosen].sum()
    expected = expected_profit(table.probability, table.value, costs)[chosen].sum()
    return RealisedProfit(
        month=table.month,
        contacts=int(chosen.sum()),
        expected=float(expected),
        realised=float(brought),
        profit_per_customer=float(brought) / len(label),
    )


def _log(p: Floats) -> Floats:
    return np.log(np.clip(p, EPSILON, 1))
