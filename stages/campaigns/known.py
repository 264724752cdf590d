"""What was known of the customers before the contact: inputs, value, and the predicted risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from scoring.batch import code_labels
from scoring.money import Costs, customer_value
from scoring.schema import Schema
from stages.batch.coded import load_batch_scorer
from stages.batch.inputs import Chunk, InputFile
from stages.batch.rows import check_rows, wanted
from stages.campaigns.trial import Floats, Integers
from stages.tables.intake import RawTable

RARE = 20  # customers of a category below which it is no input of its own
FEW = 6  # values that a column may have to be one of groups


@dataclass(frozen=True)
class Known:
    """n customers as they were before the contact.

    rows      (n,) their places in the table; others could not be read
    inputs    (n, p) float, `names` (p,)
    segments  (n, s) text, the columns of few values
    value     (n,) kept with a customer who stays; None where no column says so
    risk      (n,) probability of leaving by the champion; None where the table is not of its kind
    costs     of the champion; None without
    columns   the columns all this is from
    rejected  rows that could not be read, and the first reason
    """

    rows: Integers
    inputs: Floats
    names: tuple[str, ...]
    segments: pd.DataFrame
    value: Floats | None
    risk: Floats | None
    costs: Costs | None
    columns: tuple[str, ...]
    rejected: tuple[int, str] = (0, "")


def by_champion(raw_table: RawTable, bundle: Path, *, origin: str) -> Known:
    """The customers under the champion's schema, scored; the table has all of its columns."""
    scorer = load_batch_scorer(bundle)
    schema = scorer.bundle.schema
    table = pa.table({name: _dictionary(raw_table, name) for name in wanted(schema)})
    chunk = Chunk("campaign", InputFile(bundle, origin), table, np.arange(raw_table.rows))
    rows = check_rows(chunk, schema)
    scores = scorer.score(rows.numbers, rows.codes)
    numeric = pd.DataFrame(rows.numbers, columns=[c.name for c in schema.numeric_inputs])
    labels = {
        column.name: np.array(code_labels(column), dtype=object)[rows.codes[:, place]]
        for place, column in enumerate(schema.category_inputs)
    }
    fees = None if scorer.terms.monthly is None else rows.numbers[:, scorer.terms.monthly]
    value = customer_value(fees, len(rows.places), scorer.terms.costs)
    category = pd.DataFrame(labels, index=numeric.index)
    return Known(
        rows.places, *_matrix(numeric, category), _segments(category), value, scores.probability,
        scorer.terms.costs, tuple(column.name for column in schema.inputs),
        (len(rows.rejects), rows.rejects[0][1] if rows.rejects else ""),
    )  # fmt: skip


def by_schema(table: pd.DataFrame, schema: Schema, *, apart: Sequence[str]) -> Known:
    """The customers of a checked table under a schema of their own, columns `apart` left out."""
    inputs = [column for column in schema.inputs if column.name not in apart]
    numeric = table[[c.name for c in inputs if c.is_numeric]].astype(np.float64)
    category = (
        table[[c.name for c in inputs if not c.is_numeric]].astype(object).fillna("(missing)")
    )
    matrix, names = _matrix(numeric, category)
    columns = tuple(column.name for column in inputs)
    rows = np.arange(len(table))
    return Known(rows, matrix, names, _segments(category), None, None, None, columns)


def _dictionary(raw_table: RawTable, name: str) -> pa.DictionaryArray:
    column = raw_table.columns[name]
    return pa.DictionaryArray.from_arrays(pa.array(column.codes.astype(np.int32)), column.texts)


def _matrix(numeric: pd.DataFrame, category: pd.DataFrame) -> tuple[Floats, tuple[str, ...]]:
    """Numbers as they are, and a column of 0 and 1 for each value that is not rare."""
    columns: dict[str, NDArray] = {str(name): numeric[name].to_numpy() for name in numeric}
    for name in category:
        counts = category[name].value_counts()
        for value in sorted(counts.index[counts >= RARE].astype(str)):
            columns[f"{name} = {value}"] = (category[name].astype(str) == value).to_numpy()
    return np.column_stack([c.astype(np.float64) for c in columns.values()]), tuple(columns)


def _segments(category: pd.DataFrame) -> pd.DataFrame:
    return category[[name for name in category if 2 <= category[name].nunique() <= FEW]]
