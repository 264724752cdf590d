"""Cross-validated quality on a real file in the columns of the schema in git."""

from __future__ import annotations

from pathlib import Path

from benchmarks.result import Result
from stages.core.params import Train, read_params, validate
from stages.core.paths import SCHEMA
from stages.core.schema import load_schema
from stages.customers.checks import check_table
from stages.customers.intake import read_arrival
from stages.features.table import feature_table
from stages.model.train import compare, cross_validate, summary

BOUNDS = {"roc_auc": 0.849, "average_precision": 0.668}
REPEATS = 10


def benchmarks(csv: Path) -> list[Result]:
    """Five folds repeated ten times on all rows: the best candidate's ROC AUC and precision."""
    schema = load_schema(SCHEMA)
    customers = check_table(read_arrival(csv), schema, origin=str(csv)).customers
    params = validate("train", read_params()["train"] | {"folds": 5, "repeats": REPEATS})
    assert isinstance(params, Train)
    scores = cross_validate(feature_table(customers, schema), schema, params).scores
    print(summary(scores, params).round(4).to_string())
    print(compare(scores, params).round(4).to_string())
    best = summary(scores, params)
    return [
        Result(
            f"{metric} of the best candidate, 5 folds x {REPEATS}",
            float(best[metric].max()),
            ">=",
            bound,
            f"{best[metric].idxmax()}, {len(customers):,} customers of {csv.name}",
        )
        for metric, bound in BOUNDS.items()
    ]
