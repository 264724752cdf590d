"""What public churn projects do to many rows: pandas and a scikit-learn pipeline, in chunks.

Blanks filled, numbers scaled, categories one-hot, behind them what the champion of the simulated
customers is, a vote of a logistic regression and XGBoost: no check of a row, no decision, no list.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import XGBClassifier

from scoring.schema import Schema

CHUNK = 50_000


def fit(customers: pd.DataFrame, schema: Schema, **parameters: Any) -> Any:
    """The vote, trained on a table as it comes; XGBoost with these parameters."""
    numbers = [column.name for column in schema.inputs if column.is_numeric]
    categories = [column.name for column in schema.inputs if not column.is_numeric]
    encoder = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            ("categories", OneHotEncoder(handle_unknown="ignore"), categories),
        ]
    )
    voters = [
        ("logistic", LogisticRegression(max_iter=1_000)),
        ("xgboost", XGBClassifier(**parameters)),
    ]
    model = make_pipeline(encoder, VotingClassifier(voters, voting="soft"))
    return model.fit(_filled(customers, schema), schema.churned(customers))


def score(source: Path, out: Path, model: Any, schema: Schema) -> None:
    """Probabilities of the customers in a CSV or Parquet file, into another of its kind."""
    writer = None
    for number, customers in enumerate(_chunks(source, schema)):
        probability = model.predict_proba(_filled(customers, schema))[:, 1]
        scores = pd.DataFrame({"id": customers[schema.id_name], "probability": probability})
        if source.suffix == ".csv":
            scores.to_csv(out, mode="a" if number else "w", header=not number, index=False)
            continue
        table = pa.Table.from_pandas(scores, preserve_index=False)
        writer = writer or pq.ParquetWriter(out, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def _filled(customers: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The customers, "missing" where a category is blank."""
    names = [column.name for column in schema.inputs if not column.is_numeric]
    return customers.assign(**{name: customers[name].fillna("missing") for name in names})


def _chunks(source: Path, schema: Schema) -> Iterator[pd.DataFrame]:
    if source.suffix == ".csv":
        texts: dict[Hashable, Any] = {c.name: str for c in schema.inputs if not c.is_numeric}
        yield from pd.read_csv(source, chunksize=CHUNK, dtype=texts)
    else:
        for batch in pq.ParquetFile(source).iter_batches(CHUNK):
            yield batch.to_pandas()
