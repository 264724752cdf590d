"""The one look at the test customers: quality with intervals, in money, and against the truth.

Thresholds and choices arrive with the champion bundle; nothing here is fitted or chosen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from empulse.metrics import empc_score

from stages.core import metrics
from stages.core.metrics import Bootstrap, Floats
from stages.core.params import Evaluate, Money
from stages.core.paths import (
    CHAMPION,
    COMPARISON,
    CUSTOMERS_SCHEMA,
    METRICS,
    ORACLE,
    PLOTS,
    PREDICTIONS,
    TEST,
)
from stages.core.schema import Schema, load_schema
from stages.core.tables import read_table, write_csv, write_json, write_table
from stages.features.table import ID, LABEL, model_inputs, monthly_value
from stages.model import money
from stages.model.bundle import BASELINES, MANIFEST, MODEL, OUT_OF_FOLD, SCORES, Scorer
from stages.model.threshold import profit_threshold

DIGITS = 6
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
    "profit_per_customer": "Profit per customer",
    "threshold": "Profit threshold",
}


@dataclass(frozen=True)
class Evidence:
    """The test customers, what was said of them, and what the bundle fixed beforehand.

    `label`, `probability` (champion), `value` (of keeping each customer) are (n,); `baselines`
    holds the probabilities (n,) of simple models; `oracle` the true ones (n,), where known.
    """

    features: pd.DataFrame
    schema: Schema
    label: Floats
    probability: Floats
    baselines: Mapping[str, Floats]
    oracle: Floats | None
    value: Floats
    manifest: Mapping[str, Any]
    costs: Money
    params: Evaluate

    @property
    def bootstrap(self) -> Bootstrap:
        """The resamples behind every interval."""
        return Bootstrap(self.params.seed, self.params.resamples, self.params.level)

    @property
    def threshold(self) -> float:
        """The probability threshold fixed on out-of-fold predictions."""
        return float(self.manifest["threshold"])

    @property
    def decision(self) -> Floats:
        """1 for each customer (n,) who is to be contacted."""
        return decide(self.probability, self.value, self)


def gather(params: Evaluate, costs: Money) -> Evidence:
    """Read the test customers and score them with the champion and the simple models."""
    schema, features = load_schema(CUSTOMERS_SCHEMA), read_table(TEST)
    inputs = model_inputs(features, schema)
    return Evidence(
        features=features,
        schema=schema,
        label=features[LABEL].to_numpy(float),
        probability=_scorer(CHAMPION / MODEL).probability(inputs),
        baselines={n: _scorer(COMPARISON / f"{n}.onnx").probability(inputs) for n in BASELINES},
        oracle=_oracle(features),
        value=money.customer_value(monthly_value(features, schema), len(features), costs),
        manifest=json.loads((CHAMPION / MANIFEST).read_text(encoding="utf-8")),
        costs=costs,
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
    if evidence.schema.role("monthly_value"):
        return (money.expected_profit(probability, value, evidence.costs) > 0).astype(float)
    return (probability > evidence.threshold).astype(float)


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
    """Expected maximum profit per customer (Verbraken et al. 2013), through empulse."""
    costs = _empulse_costs(evidence)

    def one(label: Floats, score: Floats, weight: Floats) -> float:
        rows = np.repeat(np.arange(len(label)), weight.astype(int))
        return float(empc_score(label[rows], score[rows], **costs)) if len(rows) else float("nan")

    def measure(label: Floats, score: Floats, weight: Floats) -> Floats:
        return np.array([one(label, score, row) for row in weight])

    return measure


def _empulse_costs(evidence: Evidence) -> dict[str, float]:
    costs = evidence.costs
    return {
        "clv": float(evidence.value.mean()),
        "incentive_cost": costs.offer_cost,
        "contact_cost": costs.contact_cost,
        "alpha": costs.accept_alpha,
        "beta": costs.accept_beta,
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


def metrics_file(evidence: Evidence, table: pd.DataFrame, wanted: pd.DataFrame) -> dict[str, Any]:
    """The content of `reports/metrics.json`: numbers only below the top level."""
    scores = pd.read_csv(COMPARISON / SCORES)
    winner = evidence.manifest["candidate"]
    won = scores[scores["candidate"] == winner]
    return {
        "winner": winner,
        "cv": {name: _fold_figures(won[name]) for name in metrics.RANKING},
        "candidates": {
            str(name): {metric: _number(rows[metric].mean()) for metric in metrics.RANKING}
            for name, rows in scores.groupby("candidate", sort=False)
        },
        "test": {name: _number(row["value"]) for name, row in table.iterrows()},
        "test_ci": _intervals(table),
        "targets": {name: _number(row["value"]) for name, row in wanted.iterrows()},
        "targets_ci": _intervals(wanted),
        "reference": _reference(evidence, table),
        "counts": {
            "train": len(read_table(COMPARISON / OUT_OF_FOLD, ["label"])),
            "test": len(evidence.label),
        },
    }


def _intervals(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    return {
        str(name): {"low": _number(row["low"]), "high": _number(row["high"])}
        for name, row in table.iterrows()
    }


def _fold_figures(values: pd.Series) -> dict[str, float]:
    return {"mean": _number(values.mean()), "std": _number(values.std()), "folds": len(values)}


def _reference(evidence: Evidence, table: pd.DataFrame) -> dict[str, float]:
    """The base rate, every headline figure of the simple models, and of the truth where known."""
    figures = {"base_rate": _number(evidence.manifest["base_rate"])}
    for name, row in table.drop(index="threshold").iterrows():
        figures |= {f"{simple}_{name}": _number(row[simple]) for simple in BASELINES}
    if evidence.oracle is not None:
        for name, measure in ranking(evidence.params).items():
            value = metrics.value(measure, evidence.label, evidence.oracle)
            figures[f"oracle_{name}"] = _number(value)
    return figures


def _number(value: Any) -> float:
    return round(float(value), DIGITS)


def predictions(evidence: Evidence) -> pd.DataFrame:
    """Id, split, fold, label, champion, and each candidate out of fold, a row per customer.

    On train all are out of fold; on test only the champion has spoken, and `fold` is -1.
    """
    train = read_table(COMPARISON / OUT_OF_FOLD)
    train.insert(1, "split", "train")
    train.insert(4, "champion", train[evidence.manifest["candidate"]])
    test = pd.DataFrame(
        {
            "id": evidence.features[ID],
            "split": "test",
            "fold": np.int8(-1),
            "label": evidence.features[LABEL],
            "champion": evidence.probability,
        }
    )
    columns = ["id", "split", "fold", "label", "champion"]
    rest = [name for name in train.columns if name not in columns]
    return pd.concat([train[columns + rest], test], ignore_index=True)


def confusion(evidence: Evidence) -> pd.DataFrame:
    """Customers by outcome (index) and decision (columns)."""
    left, contacted = evidence.label == 1, evidence.decision == 1
    counts = [[int((o & d).sum()) for d in (~contacted, contacted)] for o in (~left, left)]
    return pd.DataFrame(counts, index=["stayed", "left"], columns=["not contacted", "contacted"])


def against_oracle(evidence: Evidence) -> pd.DataFrame:
    """The champion's ranking metrics beside those of the true probabilities."""
    assert evidence.oracle is not None, "the truth of an adopted file is not known"
    scores = {"champion": evidence.probability, "oracle": evidence.oracle}
    measures = ranking(evidence.params)
    return pd.DataFrame(
        {
            who: {n: metrics.value(m, evidence.label, s) for n, m in measures.items()}
            for who, s in scores.items()
        }
    )


def write(
    evidence: Evidence,
    table: pd.DataFrame,
    wanted: pd.DataFrame,
    curves: Mapping[str, pd.DataFrame],
) -> None:
    """Write metrics, predictions and the tables behind the plots."""
    write_json(METRICS, metrics_file(evidence, table, wanted))
    write_table(PREDICTIONS, predictions(evidence))
    for name, curve in curves.items():
        write_csv(PLOTS / f"{name}.csv", curve)
