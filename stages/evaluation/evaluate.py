"""The one look at the test customers: quality with intervals, in money, and against the truth.

Thresholds and choices arrive with the champion bundle; nothing here is fitted or chosen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from empulse.metrics import empc_score, mpc_score

from scoring import money
from scoring.bundle import BASELINES, MANIFEST, MODEL, OUT_OF_FOLD, Scorer
from scoring.decision import contacts
from scoring.schema import Schema
from stages.core import metrics
from stages.core.files import read_table
from stages.core.metrics import Bootstrap, Floats
from stages.core.paths import (
    CHAMPION,
    COMPARISON,
    CUSTOMERS_SCHEMA,
    ORACLE,
    TEST,
)
from stages.core.yamlfile import load_schema
from stages.evaluation.evaluate_params import Evaluate
from stages.features.table import ID, LABEL, model_inputs, monthly_value
from stages.model.money_params import Money
from stages.model.threshold import profit_threshold

WORDS = {
    "roc_auc": "ROC AUC",
    "average_precision": "Average precision",
    "brier": "Brier score (lower is better)",
    "log_loss": "Log loss (lower is better)",
    "ece": "Calibration error (lower is better)",
    "top_decile_lift": "Lift in the top tenth",
    "accuracy": "Accuracy of the decision",
    "precision": "Precision of the decision",
    "recall": "Recall of the decision",
    "f1": "F1 of the decision",
    "empc": "Expected maximum profit (EMPC)",
    "mpc": "Maximum profit (MPC)",
    "profit_per_customer": "Profit per customer",
    "threshold": "Profit threshold",
}


@dataclass(frozen=True)
class Evidence:
    """The test customers, what was said of them, and what the bundle fixed beforehand.

    `label`, `probability` (champion), `value` (of keeping each customer) are (n,); `baselines`
    holds the probabilities (n,) of simple models; `oracle` the true ones (n,), where known;
    `assumptions` what the costs in the bundle were made of.
    """

    features: pd.DataFrame
    schema: Schema
    label: Floats
    probability: Floats
    baselines: Mapping[str, Floats]
    oracle: Floats | None
    value: Floats
    manifest: Mapping[str, Any]
    assumptions: Money
    params: Evaluate

    @property
    def bootstrap(self) -> Bootstrap:
        """The resamples behind every interval."""
        return Bootstrap(self.params.seed, self.params.resamples, self.params.level)

    @property
    def costs(self) -> money.Costs:
        """What a contact costs and a kept customer brings, as the bundle has it."""
        return money.Costs(**self.manifest["costs"])

    @property
    def expected(self) -> Floats:
        """Expected profit (n,) of contacting each customer, by the champion's probability."""
        return money.expected_profit(self.probability, self.value, self.costs)

    @property
    def threshold(self) -> float:
        """The probability threshold fixed on out-of-fold predictions."""
        return float(self.manifest["threshold"])

    @property
    def decision(self) -> Floats:
        """1 for each customer (n,) who is to be contacted."""
        return decide(self.probability, self.value, self)

    @property
    def affordable(self) -> Floats:
        """The decision (n,) as far as the budget goes, most profitable first."""
        budget = self.assumptions.budget
        return self.decision if budget is None else self.within(budget)

    def within(self, budget: float) -> Floats:
        """The decision (n,) as far as that budget would go."""
        cost = money.expected_cost(self.probability, self.costs)
        return money.within_budget(self.decision, self.expected, cost, budget=budget)


def gather(params: Evaluate, assumptions: Money) -> Evidence:
    """Read the test customers and score them with the champion and the simple models."""
    schema, features = load_schema(CUSTOMERS_SCHEMA), read_table(TEST)
    inputs = model_inputs(features, schema)
    manifest = json.loads((CHAMPION / MANIFEST).read_text(encoding="utf-8"))
    fees, costs = monthly_value(features, schema), money.Costs(**manifest["costs"])
    return Evidence(
        features=features,
        schema=schema,
        label=features[LABEL].to_numpy(float),
        probability=_scorer(CHAMPION / MODEL).probability(inputs),
        baselines={n: _scorer(COMPARISON / f"{n}.onnx").probability(inputs) for n in BASELINES},
        oracle=_oracle(features),
        value=money.customer_value(fees, len(features), costs),
        manifest=manifest,
        assumptions=assumptions,
        params=params,
    )


def _scorer(path: Path) -> Scorer:
    return Scorer(path.read_bytes())


def _oracle(features: pd.DataFrame) -> Floats | None:
    truth = read_table(ORACLE)
    if truth.empty:
        return None
    return truth.set_index("id")["churn_probability"].reindex(features[ID]).to_numpy(float)


def decide(probability: Floats, value: Floats, evidence: Evidence) -> Floats:
    """1 (n,) where a contact pays: by expected profit with a monthly value, else by threshold."""
    threshold = None if evidence.schema.role("monthly_value") else evidence.threshold
    return contacts(probability, value, evidence.costs, threshold=threshold).astype(float)


def ranking(params: Evaluate) -> dict[str, metrics.Measure]:
    """The ranking metrics, the calibration error with the bins asked for."""
    error = partial(metrics.calibration_error, bins=params.calibration_bins)
    return {**metrics.RANKING, "ece": error}


def headline(evidence: Evidence) -> pd.DataFrame:
    """Every test metric of the champion with its interval, and of the simple models beside it.

    Columns: value, low, high, one_feature, base_rate; a row per metric of the contract.
    """
    rows = {name: _ranking_row(evidence, m) for name, m in ranking(evidence.params).items()}
    rows["top_decile_lift"] = _ranking_row(evidence, metrics.top_decile_lift)
    for name, measure in metrics.DECISION.items():
        rows[name] = _decision_row(evidence, measure)
    rows["empc"] = _ranking_row(evidence, _empc(evidence))
    rows["mpc"] = _ranking_row(evidence, _mpc(evidence))
    rows["profit_per_customer"] = _decision_row(evidence, profit_measure(evidence))
    rows["threshold"] = _threshold_interval(evidence)
    return pd.DataFrame.from_dict(rows, orient="index")


def _row(
    value: float, interval: tuple[float, float], simple: Mapping[str, float]
) -> dict[str, float]:
    return {"value": value, "low": interval[0], "high": interval[1], **simple}


def _ranking_row(evidence: Evidence, measure: metrics.Measure) -> dict[str, float]:
    label, score = evidence.label, evidence.probability
    simple = {n: metrics.value(measure, label, s) for n, s in evidence.baselines.items()}
    value = metrics.value(measure, label, score)
    low, high = evidence.bootstrap.interval(measure, label, score)
    # Resampling adds noise to every bin, so a bootstrapped calibration error is biased upwards, at
    # times beyond the value itself: the interval is widened to hold it.
    return _row(value, (min(low, value), max(high, value)), simple)


def _decision_row(evidence: Evidence, measure: metrics.Measure) -> dict[str, float]:
    """A measure of who is contacted; the simple models decide by the same rule."""
    label, chosen = evidence.label, evidence.decision
    simple = {
        name: metrics.value(measure, label, decide(score, evidence.value, evidence))
        for name, score in evidence.baselines.items()
    }
    interval = evidence.bootstrap.interval(measure, label, chosen)
    return _row(metrics.value(measure, label, chosen), interval, simple)


def profit_measure(evidence: Evidence) -> metrics.Measure:
    """Profit per customer of contacting the chosen ones, in the currency of the monthly value."""
    profit = money.realised_profit(evidence.label, evidence.value, evidence.costs)

    def measure(_: Floats, chosen: Floats, weight: Floats) -> Floats:
        return (weight @ (chosen * profit)) / weight.sum(axis=1)

    return measure


def _empc(evidence: Evidence) -> metrics.Measure:
    """Expected maximum profit per customer (Verbraken et al. 2013): acceptance is not known."""
    costs = evidence.costs
    accept = {"alpha": costs.accept_alpha, "beta": costs.accept_beta}
    return _resampled(partial(empc_score, **_empulse_costs(evidence), **accept))


def _mpc(evidence: Evidence) -> metrics.Measure:
    """Maximum profit per customer over all thresholds, acceptance at its mean (same source)."""
    rate = evidence.costs.accept_rate
    return _resampled(partial(mpc_score, **_empulse_costs(evidence), accept_rate=rate))


def _resampled(score_of: Callable[..., Any]) -> metrics.Measure:
    """A measure of empulse over resampling weights."""

    def one(label: Floats, score: Floats, weight: Floats) -> float:
        rows = np.repeat(np.arange(len(label)), weight.astype(int))
        return float(score_of(label[rows], score[rows])) if len(rows) else float("nan")

    def measure(label: Floats, score: Floats, weight: Floats) -> Floats:
        return np.array([one(label, score, row) for row in weight])

    return measure


def _empulse_costs(evidence: Evidence) -> dict[str, float]:
    return {
        "clv": float(evidence.value.mean()),
        "incentive_cost": evidence.costs.offer_cost,
        "contact_cost": evidence.costs.contact_cost,
    }


def _threshold_interval(evidence: Evidence) -> dict[str, float]:
    """The threshold, and how far it would have moved with other train customers."""
    table = read_table(COMPARISON / OUT_OF_FOLD)
    label, score = table["label"].to_numpy(float), table[evidence.manifest["candidate"]].to_numpy()
    value = float(evidence.manifest["mean_value"])

    def measure(label: Floats, score: Floats, weight: Floats) -> Floats:
        drawn = [np.repeat(np.arange(len(label)), row.astype(int)) for row in weight]
        return np.array(
            [profit_threshold(label[r], score[r], value=value, costs=evidence.costs) for r in drawn]
        )

    few = Bootstrap(evidence.params.seed, 200, evidence.params.level)
    low, high = few.interval(measure, label, score)
    same = dict.fromkeys(evidence.baselines, evidence.threshold)
    held = (min(low, evidence.threshold), max(high, evidence.threshold))
    return _row(evidence.threshold, held, same)


def confusion(evidence: Evidence) -> pd.DataFrame:
    """Customers by outcome (index) and decision (columns)."""
    left, contacted = evidence.label == 1, evidence.decision == 1
    counts = [[int((o & d).sum()) for d in (~contacted, contacted)] for o in (~left, left)]
    return pd.DataFrame(counts, index=["stayed", "left"], columns=["not contacted", "contacted"])
