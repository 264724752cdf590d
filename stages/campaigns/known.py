"""What was known of the customers before the contact: inputs, value, and the predicted risk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from scoring.batch import code_labels
from scoring.derive import RawInputs
from scoring.effect import EffectColumns
from scoring.money import Costs, customer_value
from scoring.schema import Column, Schema
from scoring.score_files import ID
from stages.batch.coded import load_batch_scorer
from stages.batch.inputs import Chunk, InputFile
from stages.batch.rows import Rows, check_rows, wanted
from stages.campaigns.roles import text_of
from stages.campaigns.trial import Days, Floats, Integers
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
    raw       the inputs, labels as codes, and `chosen` of them; None without a champion
    sensitive columns whose groups are compared
    customer  (n,) a number of whom the row is about; None where nobody has two, or no id says so
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
    raw: RawInputs | None = None
    chosen: EffectColumns | None = None
    sensitive: tuple[str, ...] = ()
    customer: Integers | None = None


def by_champion(
    raw_table: RawTable, bundle: Path, *, origin: str, snapshot: Days | None = None
) -> Known:
    """The customers under the champion's schema, scored; the table has all of its columns.

    `snapshot` (rows,) is the day that each row describes, where the champion counts days to it.
    """
    scorer = load_batch_scorer(bundle)
    schema = scorer.bundle.schema
    table = pa.table({name: _dictionary(raw_table, name) for name in wanted(schema)})
    rows = _of_each_day(InputFile(bundle, origin), table, schema, snapshot)
    scores = scorer.score(rows.numbers, rows.codes)
    numeric = pd.DataFrame(rows.numbers, columns=[c.name for c in schema.numeric_inputs])
    labels = {
        column.name: np.array(code_labels(column), dtype=object)[rows.codes[:, place]]
        for place, column in enumerate(schema.category_inputs)
    }
    fees = None if scorer.terms.monthly is None else rows.numbers[:, scorer.terms.monthly]
    value = customer_value(fees, len(rows.places), scorer.terms.costs)
    category = pd.DataFrame(labels, index=numeric.index)
    raw = RawInputs(rows.numbers, rows.codes)
    chosen = EffectColumns(tuple(map(str, numeric)), tuple(_frequent(category)))
    return Known(
        rows.places, chosen.matrix(raw, schema, coded=True), _names(chosen), _segments(category),
        value, scores.probability, scorer.terms.costs, tuple(c.name for c in schema.inputs),
        (len(rows.rejects), rows.rejects[0][1] if rows.rejects else ""), raw, chosen,
        _sensitive(schema.inputs), _identity(raw_table, schema, rows.places),
    )  # fmt: skip


def _of_each_day(file: InputFile, table: pa.Table, schema: Schema, snapshot: Days | None) -> Rows:
    """The rows under the schema, without their ids; those of one day after those of another."""
    if snapshot is None:
        return check_rows(Chunk("campaign", file, table, np.arange(table.num_rows)), schema)
    parts = []
    for day in np.unique(snapshot):
        places = np.flatnonzero(snapshot == day)
        chunk = Chunk("campaign", file, table.take(places), places)
        parts.append(check_rows(chunk, schema, snapshot=day.item()))
    return Rows(
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.codes for part in parts]),
        None,
        np.concatenate([part.places for part in parts]),
        tuple(reject for part in parts for reject in part.rejects),
    )


def by_schema(
    table: pd.DataFrame, schema: Schema, *, apart: Sequence[str], rows: Integers
) -> Known:
    """The customers of a checked table under a schema of their own, columns `apart` left out.

    `rows` (n,) are their places in the table as it came.
    """
    inputs = [column for column in schema.inputs if column.name not in apart]
    numeric = table[[c.name for c in inputs if c.is_numeric]].astype(np.float64)
    category = (
        table[[c.name for c in inputs if not c.is_numeric]].astype(object).fillna("(missing)")
    )
    chosen = EffectColumns(tuple(map(str, numeric)), tuple(_frequent(category)))
    is_so = [(category[name].astype(str) == label).to_numpy() for name, label in chosen.category]
    return Known(
        rows=rows,
        inputs=np.column_stack([numeric.to_numpy(), *is_so]).astype(np.float64),
        names=_names(chosen),
        segments=_segments(category),
        value=None,
        risk=None,
        costs=None,
        columns=tuple(column.name for column in inputs),
        sensitive=_sensitive(inputs),
        customer=_repeated(table[schema.id_name]) if schema.id_name else None,
    )


def _dictionary(raw_table: RawTable, name: str) -> pa.DictionaryArray:
    column = raw_table.columns[name]
    return pa.DictionaryArray.from_arrays(pa.array(column.codes.astype(np.int32)), column.texts)


def _identity(raw_table: RawTable, schema: Schema, rows: Integers) -> Integers | None:
    """Whom each row is about, by the champion's id or that of the lists of `score`."""
    for name in filter(None, (schema.id_name, ID)):
        if name in raw_table.columns:
            ids = np.array(text_of(raw_table, name), dtype=object)
            return _repeated(ids[rows])
    return None


def _repeated(ids: Any) -> Integers | None:
    """A number for each id (n,); None where all differ."""
    codes, different = pd.factorize(ids)
    return None if len(different) == len(codes) else codes.astype(np.int64)


def _frequent(category: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Columns and those of their values that are not rare."""
    for name in category:
        counts = category[name].value_counts()
        for label in sorted(counts.index[counts >= RARE].astype(str)):
            yield str(name), label


def _names(chosen: EffectColumns) -> tuple[str, ...]:
    return (*chosen.numeric, *(f"{name} = {label}" for name, label in chosen.category))


def _sensitive(columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns if "sensitive" in column.roles)


def _segments(category: pd.DataFrame) -> pd.DataFrame:
    return category[[name for name in category if 2 <= category[name].nunique() <= FEW]]
