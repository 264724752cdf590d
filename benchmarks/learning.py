"""What more customers are worth: candidates on simulated ones, compared with the oracle."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.result import Result
from scoring.money import customer_value
from scoring.schema import Schema
from stages.core.measures import Floats
from stages.core.paths import Paths
from stages.core.section import read_params
from stages.core.yamlfile import load_schema
from stages.evaluation.evaluate_params import Evaluate
from stages.evaluation.evaluation_data import EvaluationData
from stages.evaluation.truth import against_oracle
from stages.features.table import LABEL, feature_table, monthly_value
from stages.model.costs import costs_of
from stages.model.encoding import frame
from stages.model.money_params import Money
from stages.model.train import refit
from stages.model.train_params import Train
from stages.simulator.generate import simulate
from stages.simulator.population import load_population

HERE = Paths.here()

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000)
TEST = 50_000
CANDIDATES = ("logistic", "xgboost", "vote")
SEED, RESAMPLES = 20, 200
PROFIT = "true_profit_per_customer"
SHOWN = ("roc_auc", "brier", PROFIT)
BOUND = 0.005  # of AUC behind the oracle, with all customers


def benchmarks() -> tuple[list[Result], list[dict[str, Any]]]:
    """How far the best candidate stays behind the oracle with most customers, and the curve."""
    curve = learning_curve(SIZES, test=TEST)
    print(in_short(curve).to_string(index=False))
    last = curve[curve["customers"] == SIZES[-1]].set_index("candidate")
    best = str(last["roc_auc_regret"].idxmin())
    row = last.loc[best]
    details = (
        f"{best}; {row['roc_auc_low']:.4f} to {row['roc_auc_high']:.4f}, {TEST:,} test customers"
    )
    name = f"ROC AUC behind the oracle with {SIZES[-1]:,} customers"
    result = Result(name, float(row["roc_auc_regret"]), "<=", BOUND, details)
    records = curve.round(6).to_dict("records")
    return [result], [{str(name): value for name, value in row.items()} for row in records]


def in_short(curve: pd.DataFrame) -> pd.DataFrame:
    """The curve as a terminal shows it: value, and how far behind the oracle."""
    short = curve[["customers", "candidate", "seconds"]].round(1)
    for name, words in (("roc_auc", "AUC"), ("brier", "Brier"), (PROFIT, "profit")):
        digits = 3 if name == PROFIT else 4
        numbers = curve[[f"{name}{end}" for end in ("", "_regret", "_low", "_high")]].to_numpy()
        short[f"{words}, behind the oracle"] = [
            "{:.{d}f}, {:.{d}f} ({:.{d}f} to {:.{d}f})".format(*row, d=digits) for row in numbers
        ]
    return short


def learning_curve(sizes: tuple[int, ...], *, test: int) -> pd.DataFrame:
    """Each candidate fitted once on the first of the simulated customers, on the same test ones.

    A row per size and candidate: seconds to fit; per measure the candidate's value, its
    `regret` against the oracle, and the interval of that.
    """
    schema, params = load_schema(HERE.schema), read_params(HERE.params)
    train, money = Train.of(params["train"]), Money.of(params["money"])
    features, oracle = _customers(max(sizes) + test, schema)
    held_out, known = features.head(test), features.iloc[test:]
    rows = []
    for size in sizes:
        for name in CANDIDATES:
            start = time.perf_counter()
            model = refit(name, known.head(size), schema, train)
            seconds = time.perf_counter() - start
            predicted = model.predict_proba(frame(held_out, schema))[:, 1].astype(np.float64)
            print(f"{size:,} customers, {name}: {seconds:.0f} s", file=sys.stderr)
            data = _evaluation_data(held_out, schema, predicted, oracle[:test], money)
            rows.append({"customers": size, "candidate": name, "seconds": seconds} | _row(data))
    return pd.DataFrame(rows)


def _customers(rows: int, schema: Schema) -> tuple[pd.DataFrame, Floats]:
    population = load_population(HERE.population)
    chunk = next(simulate(population, rows=rows, seed=SEED, chunk_rows=rows))
    return feature_table(chunk.customers, schema), chunk.oracle["churn_probability"].to_numpy()


def _evaluation_data(
    held_out: pd.DataFrame, schema: Schema, predicted: Floats, oracle: Floats, money: Money
) -> EvaluationData:
    """What `against_oracle` needs; a customer is worth the same whoever judges."""
    costs = costs_of(money, base_rate=float(oracle.mean()))
    return EvaluationData(
        features=held_out,
        schema=schema,
        label=held_out[LABEL].to_numpy(float),
        probability=predicted,
        baselines={"base_rate": np.full(len(held_out), oracle.mean())},
        oracle=oracle,
        value=customer_value(monthly_value(held_out, schema), len(held_out), costs),
        manifest={"costs": asdict(costs)},
        assumptions=money,
        params=Evaluate(
            seed=SEED, resamples=RESAMPLES, level=0.95, calibration_bins=10, min_slice=1
        ),
    )


def _row(data: EvaluationData) -> dict[str, float]:
    table = against_oracle(data)
    assert table is not None
    figures = table.to_dict("index")
    return {
        (name if column == "champion" else f"{name}_{column}"): float(figures[name][column])
        for name in SHOWN
        for column in ("champion", "oracle", "regret", "low", "high", "reached")
    }
