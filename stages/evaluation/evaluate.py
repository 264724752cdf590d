"""The one look at the test customers: quality with intervals, in money, and against the truth.

Thresholds and choices arrive with the champion bundle; nothing here is fitted or chosen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
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
    "accuracy": "Accuracy at the threshold",
    "precision": "Precision at the threshold",
    "recall": "Recall at the threshold",
    "f1": "F1 at the threshold",
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


def headline(evidence: Evidence) -> pd.DataFrame:
    """Every test metric of the champion with its interval, and of the simple models beside it.

    Columns: value, low, high, one_feature, base_rate; a row per metric of the contract.
    """
    rows = {name: _ranking_row(evidence, measure) for name, measure in metrics.RANKING.items()}
    rows["top_decile_lift"] = _ranking_row(evidence, metrics.top_decile_lift)
    for name, measure in metrics.DECISION.items():
        rows[name] = _threshold_row(evidence, measure)
    rows["empc"] = _ranking_row(evidence, _empc(evidence))
    rows["profit_per_customer"] = _profit_row(evidence)
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


def _threshold_row(evidence: Evidence, measure: metrics.Measure) -> dict[str, float]:
    label, cut = evidence.label, evidence.threshold
    chosen = (evidence.probability > cut).astype(float)
    simple = {
        n: metrics.value(measure, label, (s > cut).astype(float))
        for n, s in evidence.baselines.items()
    }
    interval = evidence.bootstrap.interval(measure, label, chosen)
    return _row(metrics.value(measure, label, chosen), interval, simple)


def _profit_row(evidence: Evidence) -> dict[str, float]:
    label, bootstrap = evidence.label, evidence.bootstrap
    measure = profit_measure(evidence)
    simple = {
        n: metrics.value(measure, label, decide(s, evidence.value, evidence))
        for n, s in evidence.baselines.items()
    }
    chosen = evidence.decision
    return _row(
        metrics.value(measure, label, chosen), bootstrap.interval(measure, label, chosen), simple
    )


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
    value = float(evidence.value.mean())

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


def strategies(evidence: Evidence) -> pd.DataFrame:
    """Profit per customer, with interval, of the decision and of what one might do instead."""
    n = len(evidence.label)
    choices = {
        "the decision": evidence.decision,
        "contact nobody": np.zeros(n),
        "contact everybody": np.ones(n),
        "as many, at random": np.full(n, evidence.decision.mean()),
        "probability above 0.5": (evidence.probability > 0.5).astype(float),
    }
    measure, bootstrap = profit_measure(evidence), evidence.bootstrap
    rows = {}
    for name, chosen in choices.items():
        low, high = bootstrap.interval(measure, evidence.label, chosen)
        rows[name] = {
            "contacted": float(chosen.mean()),
            "value": metrics.value(measure, evidence.label, chosen),
            "low": low,
            "high": high,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def targets(evidence: Evidence) -> pd.DataFrame:
    """The targets that churn projects set themselves, beside what is reached here.

    Each at the threshold that served it best out of fold on train. Columns: target, value, low,
    high, reached (whether the target lies within or below the interval).
    """
    table = read_table(COMPARISON / OUT_OF_FOLD)
    known, score = table["label"].to_numpy(float), table[evidence.manifest["candidate"]].to_numpy()
    wanted = [
        ("roc_auc", 0.85, metrics.roc_auc, None),
        ("accuracy", 0.82, metrics.accuracy, _best_threshold(metrics.accuracy, known, score)),
        ("f1", 0.75, metrics.f1, _best_threshold(metrics.f1, known, score)),
        ("precision_at_recall_80", 0.70, metrics.precision, recall_threshold(known, score, 0.8)),
    ]
    rows = {}
    for name, target, measure, cut in wanted:
        used = evidence.probability if cut is None else (evidence.probability >= cut).astype(float)
        low, high = evidence.bootstrap.interval(measure, evidence.label, used)
        value = metrics.value(measure, evidence.label, used)
        rows[name] = {"target": target, "value": value, "low": low, "high": high}
    return pd.DataFrame.from_dict(rows, orient="index").assign(
        reached=lambda t: np.where(
            t["high"] < t["target"], "no", np.where(t["low"] >= t["target"], "yes", "within noise")
        )
    )


def _best_threshold(measure: metrics.Measure, label: Floats, score: Floats) -> float:
    cuts = np.unique(np.quantile(score, np.linspace(0.01, 0.99, 99)))
    values = [metrics.value(measure, label, (score >= cut).astype(float)) for cut in cuts]
    return float(cuts[int(np.argmax(values))])


def recall_threshold(label: Floats, score: Floats, wanted: float) -> float:
    """The highest threshold at which the share of churners found is at least `wanted`."""
    of_churners = np.sort(score[label == 1])[::-1]
    return float(of_churners[int(np.ceil(wanted * len(of_churners) - 1e-9)) - 1])


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
        for name, measure in metrics.RANKING.items():
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


def in_words(evidence: Evidence, table: pd.DataFrame) -> str:
    """The headline as a person would say it."""
    auc, profit = table.loc["roc_auc"], table.loc["profit_per_customer"]
    share = evidence.decision.mean()
    return (
        f"Of two customers, one leaving and one staying, the {evidence.manifest['candidate']} "
        f"model names the right one in {auc['value']:.1%} of cases ({auc['low']:.1%} to "
        f"{auc['high']:.1%}); a model of one feature in {auc['one_feature']:.1%}. Contacting the "
        f"{share:.0%} of customers for whom it pays brings {profit['value']:.2f} per customer "
        f"({profit['low']:.2f} to {profit['high']:.2f})."
    )


def confusion(evidence: Evidence) -> pd.DataFrame:
    """Customers by outcome (index) and decision (columns)."""
    left, contacted = evidence.label == 1, evidence.decision == 1
    counts = [[int((o & d).sum()) for d in (~contacted, contacted)] for o in (~left, left)]
    return pd.DataFrame(counts, index=["stayed", "left"], columns=["not contacted", "contacted"])


def against_oracle(evidence: Evidence) -> pd.DataFrame:
    """The champion's ranking metrics beside those of the true probabilities."""
    assert evidence.oracle is not None, "the truth of an adopted file is not known"
    scores = {"champion": evidence.probability, "oracle": evidence.oracle}
    return pd.DataFrame(
        {
            who: {n: metrics.value(m, evidence.label, s) for n, m in metrics.RANKING.items()}
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
