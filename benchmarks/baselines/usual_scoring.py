"""What public churn projects do to many rows: pandas and the scikit-learn pipeline, CSV to CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from scoring.schema import Schema
from stages.features.table import feature_table
from stages.model.encoding import frame

CHUNK = 50_000


def score(source: Path, out: Path, model: Any, schema: Schema) -> None:
    """Probabilities of the customers in a CSV file, into another, some at a time."""
    for number, customers in enumerate(pd.read_csv(source, chunksize=CHUNK)):
        customers[schema.target.name] = str(schema.target.positive)  # the table asks for one
        features = feature_table(customers, schema)
        probability = model.predict_proba(frame(features, schema))[:, 1]
        scores = pd.DataFrame({"id": customers[schema.id_name], "probability": probability})
        scores.to_csv(out, mode="a" if number else "w", header=not number, index=False)
