"""The bare minimum of batch scoring: Parquet, arrays, model, Parquet. No check, no resumption.

With the same libraries and the same model, for this one schema: every category is text, every value
is listed, nothing but the total is ever blank.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scoring.batch import code_labels, in_blocks
from scoring.derive import Inputs, RawInputs, with_derived
from scoring.loading import read_manifest
from stages.batch.coded import load_batch_scorer

CHUNK = 65_536


def score(source: Path, out: Path, bundle: Path) -> None:
    """Probabilities of the customers in a Parquet file, into another."""
    schema, model = read_manifest(bundle)[1], load_batch_scorer(bundle).models["champion"]
    categories = [c.name for c in schema.category_inputs]
    names = [str(schema.id_name), *(column.name for column in schema.inputs)]
    tables = {c.name: {v: i for i, v in enumerate(code_labels(c))} for c in schema.category_inputs}
    file = pq.ParquetFile(source, read_dictionary=categories)

    def one(batch: pa.RecordBatch) -> pa.Table:
        numbers = [np.asarray(batch[c.name], float) for c in schema.numeric_inputs]
        codes = []
        for name in categories:
            known = [tables[name][str(value)] for value in batch[name].dictionary.to_pylist()]
            codes.append(np.array(known)[batch[name].indices.to_numpy()])
        raw = RawInputs(np.column_stack(numbers), np.column_stack(codes))
        inputs: Inputs = with_derived(raw, schema)
        return pa.table({"id": batch[names[0]], "probability": in_blocks(model, inputs)})

    fields = pa.schema([("id", pa.string()), ("probability", pa.float64())])
    with (
        pq.ParquetWriter(out, fields, compression="zstd", use_dictionary=False) as writer,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        for table in pool.map(one, file.iter_batches(CHUNK, columns=names, use_threads=False)):
            writer.write_table(table)
