"""What public churn projects do to many rows: pandas and the scikit-learn pipeline, in chunks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from scoring.schema import Schema
from stages.features.table import feature_table
from stages.model.encoding import frame

CHUNK = 50_000


def score(source: Path, out: Path, model: Any, schema: Schema) -> None:
    """Probabilities of the customers in a Parquet file, into another."""
    writer = None
    for batch in pq.ParquetFile(source).iter_batches(CHUNK):
        customers = batch.to_pandas()
        customers[schema.target.name] = str(schema.target.positive)  # the table asks for one
        features = feature_table(customers, schema)
        probability = model.predict_proba(frame(features, schema))[:, 1]
        scores = pd.DataFrame({"id": customers[schema.id_name], "probability": probability})
        table = pa.Table.from_pandas(scores, preserve_index=False)
        writer = writer or pq.ParquetWriter(out, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
