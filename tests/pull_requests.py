"""Revisions, comparisons and slices as the report of a pull request has them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from stages.core.files import write_json, write_table
from stages.evaluation.slices import COMPARISON_COLUMNS
from stages.operations.pull_request.change_verdict import JUDGED
from stages.operations.pull_request.compare import Comparison, Difference
from stages.operations.pull_request.report_params import Tolerance
from stages.operations.pull_request.results import Results

TOLERANCE = Tolerance(
    roc_auc=0.005, average_precision=0.01, brier=0.002, profit_per_customer=0.25, worse_slices=0
)


def results_in(folder: Path, name: str = "main") -> Results:
    folder.mkdir(parents=True, exist_ok=True)
    return Results(name, "0123456789abcdef", folder)


def comparison(**values: tuple[float, float, float]) -> Comparison:
    """Differences of 0 within noise but for those given: (new - old, low, high)."""
    all_of = dict.fromkeys(JUDGED, (0.0, -0.001, 0.001)) | values
    return Comparison([Difference(n, 0.5 + d, 0.5, a, b) for n, (d, a, b) in all_of.items()], "")


def slices_of(*rows: tuple[str, str, str, str, float]) -> pd.DataFrame:
    """Compared slices: column, value, metric, verdict, difference."""
    table = pd.DataFrame(rows, columns=["column", "value", "metric", "verdict", "difference"])
    return table.reindex(columns=COMPARISON_COLUMNS)


def customers_in(place: Path, name: str, table: pd.DataFrame, schema) -> Results:
    """A revision of which customers and schema are available."""
    found = results_in(place / name, name)
    write_table(found.folder / "data/raw/customers.parquet", table)
    write_json(found.folder / "data/raw/schema.json", schema.model_dump(mode="json"))
    out = {"path": "data/raw", "md5": name}
    write_json(found.folder / "dvc.lock", {"stages": {"generate": {"outs": [out]}}})
    return found
