"""A cheese club and its members: small synthetic tables for the tests.

Nothing here resembles telecom: odd column names, numeric categories, blanks where they are allowed.
A `variant` is the club's schema with columns left out, so that a section without its roles, without
numbers or without categories has a table to run on.
"""

import dataclasses
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa

from scoring import money
from scoring.schema import Schema, parse_schema
from stages.core.metrics import Shown, shown_in
from stages.evaluation.evaluate_params import Evaluate
from stages.evaluation.evaluation_data import EvaluationData
from stages.features.table import LABEL, feature_table
from stages.model.costs import costs_of
from stages.model.money_params import Money
from stages.model.train import CrossValidation, cross_validate
from stages.model.train_params import Train
from stages.tables.checks import check_table
from stages.tables.intake import RawTable, from_arrow

NUMBER, BRANCH, SIZE, PAYS = "Kunden-Nr.", "Filiale", "Größe des Pakets", "Zahlt per"
GENDER, MONTHS, FEE, PAID = "Geschlecht", "Monate dabei", "Beitrag €/Monat", "Bezahlt gesamt"
DAYS, REMARK, SINCE, LEFT = "Tage seit [letztem] Einkauf", "Bemerkung", "Seit", "Hat gekündigt?"

COLUMNS = {
    NUMBER: {"kind": "text", "roles": ["id"]},
    BRANCH: {"kind": "category", "values": [1, 2, 3]},
    SIZE: {
        "kind": "category",
        "values": ["klein", "mittel", "groß"],
        "roles": ["ordered", "monotone_decreasing"],
    },
    PAYS: {
        "kind": "category",
        "values": ["Karte", "Rechnung", "Über Dritte"],
        "missing": True,
        "roles": ["changeable"],
    },
    GENDER: {"kind": "category", "values": ["w", "m", "d"], "roles": ["sensitive"]},
    MONTHS: {"kind": "integer", "minimum": 0, "maximum": 99, "unit": "Monate", "roles": ["tenure"]},
    FEE: {
        "kind": "number",
        "minimum": 0,
        "maximum": 500,
        "unit": "€",
        "roles": ["monthly_value", "changeable"],
    },
    PAID: {"kind": "number", "minimum": 0, "missing": True, "roles": ["total_value"]},
    DAYS: {"kind": "number", "minimum": 0, "maximum": 400, "missing": True},
    REMARK: {"kind": "text", "missing": True},
    SINCE: {"kind": "date"},
    LEFT: {"kind": "category", "values": ["nein", "ja"], "positive": "ja", "roles": ["target"]},
}
WITHOUT = {
    "full": [],
    "no_tenure": [MONTHS],
    "no_id": [NUMBER],
    "no_value": [FEE],
    "categories": [MONTHS, FEE, PAID, DAYS],
    "numbers": [BRANCH, SIZE, PAYS, GENDER],
}
VARIANTS = list(WITHOUT)
TEXTS = [NUMBER, BRANCH, SIZE, PAYS, GENDER, REMARK, SINCE, LEFT]
CONTRACT = {  # what `metrics.json` has to say of the test customers
    "roc_auc", "average_precision", "brier", "log_loss", "ece", "accuracy", "precision", "recall",
    "f1", "top_decile_lift", "empc", "mpc", "profit_per_customer", "threshold",
}  # fmt: skip


def column(name: str, /, **changes) -> dict:
    """One column of the club as it stands in a schema file, with fields changed."""
    return {"name": name, **COLUMNS[name], **changes}


def content(variant: str = "full", /, **changes) -> dict:
    """A schema file's content; `changes` maps a column name to changed fields."""
    kept = [name for name in COLUMNS if name not in WITHOUT[variant]]
    return {"columns": [column(name, **changes.get(name, {})) for name in kept]}


def schema(variant: str = "full", /, **changes) -> Schema:
    """The schema of a variant of the club."""
    return parse_schema(content(variant, **changes), origin="club.yaml")


def members(rows: int = 300, *, seed: int = 0) -> pd.DataFrame:
    """Members in canonical types; who leaves is learnable from size, payment, months and days."""
    rng = np.random.default_rng(seed)
    months = rng.integers(0, 60, rows)
    fee = rng.uniform(10, 60, rows).round(2)
    days = np.where(rng.random(rows) < 0.1, np.nan, rng.uniform(0, 120, rows).round(1))
    table = {
        NUMBER: [f"K{seed}-{i:05d}" for i in range(rows)],
        BRANCH: rng.choice(["1", "2", "3"], rows, p=[0.5, 0.4, 0.1]),
        SIZE: rng.choice(["klein", "mittel", "groß"], rows),
        PAYS: rng.choice(["Karte", "Rechnung", "Über Dritte", None], rows, p=[0.5, 0.3, 0.1, 0.1]),
        GENDER: rng.choice(["w", "m", "d"], rows, p=[0.5, 0.45, 0.05]),
        MONTHS: months,
        FEE: fee,
        PAID: np.where(months == 0, np.nan, (fee * months * rng.uniform(0.9, 1.1, rows)).round(2)),
        DAYS: days,
        REMARK: rng.choice(["nett", None], rows),
        SINCE: rng.choice(["2019-05-01", "2021-11-15"], rows),
    }
    table[LEFT] = np.where(rng.random(rows) < risk_of(table), "ja", "nein")
    return pd.DataFrame(table).astype(dict.fromkeys(TEXTS, object))


def risk_of(table: dict) -> np.ndarray:
    """Probability (n,) with which members leave."""
    logit = (
        -0.2
        + 1.4 * (table[SIZE] == "klein")
        + 1.2 * (table[PAYS] == "Rechnung")
        - 0.06 * table[MONTHS]
        + 0.02 * (np.nan_to_num(table[DAYS], nan=60) - 60)
    )
    return 1 / (1 + np.exp(-logit))


def customers(variant: str = "full", rows: int = 300, *, seed: int = 0) -> pd.DataFrame:
    """The members with the columns of a variant."""
    return members(rows, seed=seed)[schema(variant).names]


def left(table: pd.DataFrame) -> np.ndarray:
    """Who has left (n,), of members in canonical types."""
    return (table[LEFT] == "ja").to_numpy()


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    """The table as a CSV holds it: every cell text, the absent ones blank."""
    return table.astype(object).where(table.notna(), "").astype(str)


def raw_table(table: pd.DataFrame) -> RawTable:
    """A table of text as it comes in from a file."""
    return from_arrow(pa.Table.from_pandas(table, preserve_index=False), origin="club.csv")


def check(table: pd.DataFrame, club: Schema) -> pd.DataFrame:
    """A table of text, in canonical types once it is validated."""
    return check_table(raw_table(table), club, origin="club.csv").customers


def features(variant: str = "full", rows: int = 300, *, seed: int = 0) -> pd.DataFrame:
    """The feature table of a variant."""
    return feature_table(customers(variant, rows, seed=seed), schema(variant))


TRAIN = {
    "seed": 3,
    "folds": 3,
    "repeats": 2,
    "max_cells": 1_000_000,
    "max_forest_cells": 10_000_000,
    "racing": False,
    "metric": "roc_auc",
    "tolerance": 0.05,
    "candidates": ["base_rate", "one_feature", "logistic", "forest", "xgboost", "vote"],
    "bins": 4,
    "encoding": {"categories": "one_hot", "width": 4, "crosses": 0},
    "rebalance": {"method": "none", "correct": True},
    "calibration": "none",
    "logistic": {"C": 0.5},
    "forest": {"n_estimators": 15, "min_samples_leaf": 5, "max_features": 0.5},
    "xgboost": {
        "n_estimators": 15,
        "learning_rate": 0.2,
        "max_depth": 3,
        "min_child_weight": 2,
        "subsample": 0.8,
        "colsample_bytree": 0.8,
        "reg_lambda": 1.0,
    },
    "portfolio": {},
    "lightgbm": {
        "n_estimators": 15,
        "learning_rate": 0.2,
        "num_leaves": 6,
        "min_child_samples": 5,
        "subsample": 0.8,
        "colsample_bytree": 0.8,
        "reg_lambda": 1.0,
    },
    "bag": {"member": "xgboost", "size": 3},
    "vote": {"members": ["logistic", "forest", "xgboost"]},
    "blend": {"rounds": 10},
    "stack": {"members": ["logistic", "forest", "xgboost"], "folds": 3},
}
MONEY = {
    "contact_cost": 1.0,
    "offer_cost": 8.0,
    "accept_alpha": 3.0,
    "accept_beta": 7.0,
    "customer_value": 120.0,
    "margin": 0.5,
    "window_months": 6.0,
    "lifetime": {
        "rule": "months",
        "months": 10.0,
        "kept_risk": 2.0,
        "discount_rate": 0.1,
        "horizon_months": 36,
    },
    "budget": None,
}
EVALUATE = {"seed": 5, "resamples": 100, "level": 0.9, "calibration_bins": 5, "min_slice": 30}


def train_params(**changes) -> Train:
    """Small candidates, few folds."""
    return Train.of(TRAIN | changes)


def money_params(*, lifetime: dict | None = None, **changes) -> Money:
    """What the club assumes; a kept member stays ten months unless `lifetime` says otherwise."""
    return Money.of(MONEY | {"lifetime": MONEY["lifetime"] | (lifetime or {})} | changes)


def costs(**changes) -> money.Costs:
    """What a contact costs the club."""
    return dataclasses.replace(costs_of(money_params(), base_rate=0.4), **changes)


def evaluate_params(**changes) -> Evaluate:
    """Few resamples."""
    return Evaluate.of(EVALUATE | changes)


@cache
def validation(variant: str = "full", **changes) -> CrossValidation:
    """The comparison of the candidates on a variant, computed once for all tests."""
    return cross_validate(features(variant), schema(variant), train_params(**changes))


def scores_of(label: np.ndarray, *, seed: int = 0, sharpness: float = 1.5) -> np.ndarray:
    """Probabilities that rank churners above the others, more often the sharper they are."""
    noise = np.random.default_rng(seed).normal(size=len(label))
    return 1 / (1 + np.exp(-(sharpness * (label - 0.5) + noise)))


def evaluation_data(
    variant: str = "full", rows: int = 300, *, seed: int = 0, **changes
) -> EvaluationData:
    """Test customers with made-up probabilities; `changes` are fields of `EvaluationData`."""
    club, table = schema(variant), features(variant, rows, seed=seed)
    label = table[LABEL].to_numpy(float)
    fee = table[FEE].to_numpy(float) if club.role("monthly_value") else None
    made = EvaluationData(
        features=table,
        schema=club,
        label=label,
        probability=scores_of(label, seed=seed),
        baselines={
            "base_rate": np.full(rows, label.mean()),
            "one_feature": scores_of(label, seed=seed + 1, sharpness=0.4),
            "hist_boosting": scores_of(label, seed=seed + 2, sharpness=1.2),
        },
        oracle=None,
        value=money.customer_value(fee, rows, costs()),
        out_of_fold=out_of_fold(),
        fold_scores=fold_scores(),
        selected_scores=fold_scores().query("candidate == 'logistic'"),
        manifest={
            "name": "churn",
            "version": "0123456789ab",
            "candidate": "logistic",
            "threshold": 0.4,
            "mean_value": 80.0,
            "base_rate": 0.4,
            "rows": rows,
            "costs": dataclasses.asdict(costs()),
            "features": {"numeric": [FEE], "category": [SIZE], "derived": []},
            "hashes": {"train": "a" * 64, "params": "b" * 64},
        },
        assumptions=money_params(),
        params=evaluate_params(),
    )
    return dataclasses.replace(made, **changes)


def with_labels(data: EvaluationData, label: np.ndarray) -> EvaluationData:
    """The same members, had others of them left."""
    features = data.features.assign(**{LABEL: label.astype("int8")})
    return dataclasses.replace(data, label=label.astype(float), features=features)


def assuming(data: EvaluationData, **changes) -> EvaluationData:
    """The same members, had the club assumed something else; `changes` as in `money_params`."""
    assumed = money_params(**changes)
    priced = costs_of(assumed, base_rate=data.manifest["base_rate"])
    rows = len(data.label)
    fee = data.features[FEE].to_numpy(float) if FEE in data.features else None
    return dataclasses.replace(
        data,
        assumptions=assumed,
        manifest={**data.manifest, "costs": dataclasses.asdict(priced)},
        value=money.customer_value(fee, rows, priced),
    )


def out_of_fold(*, rows: int = 200, seed: int = 9) -> pd.DataFrame:
    """Probabilities of two candidates out of fold, as `train` leaves them."""
    label = (np.random.default_rng(seed).random(rows) < 0.4).astype("int8")
    return pd.DataFrame(
        {
            "id": [f"T{i}" for i in range(rows)],
            "label": label,
            "fold": (np.arange(rows) % 4).astype("int8"),
            "base_rate": np.full(rows, label.mean()),
            "logistic": scores_of(label, seed=seed),
        }
    )


def fold_scores() -> pd.DataFrame:
    """Metrics of two candidates by fold, as `train` leaves them."""
    names = [metric.name for metric in shown_in(Shown.CROSS_VALIDATION)]
    rows = [
        {"candidate": who, "repeat": repeat, "fold": fold}
        | dict.fromkeys(names, 0.5 + 0.01 * repeat + 0.02 * fold)
        for who in ("base_rate", "logistic")
        for repeat in range(2)
        for fold in range(4)
    ]
    return pd.DataFrame(rows)


def shuffled(table: pd.DataFrame, *, seed: int = 1) -> pd.DataFrame:
    """The same rows in another order, numbered again."""
    return table.sample(frac=1, random_state=seed).reset_index(drop=True)


def with_absent_and_new_values(table: pd.DataFrame) -> pd.DataFrame:
    """A feature table with rows nobody trained on: numbers absent, a blank, a new category."""
    strange = table.head(6).copy()
    for name, value in ((DAYS, np.nan), (PAID, np.nan), (PAYS, "(missing)"), (SIZE, "riesig")):
        if name in strange:
            strange.loc[strange.index[:4], name] = value
    return pd.concat([table, strange], ignore_index=True)
