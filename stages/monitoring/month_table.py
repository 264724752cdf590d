"""A month's customers as the monitor sees them: inputs, predictions, and what could not be read.

They come from the table of a month, which is scored as `make score` scores it, from the prediction
log of the service, or from the customers learned from that a bundle keeps. Many are thinned out,
always to the same customers, so that who is absent a month later has left.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from scoring.batch import BatchScorer, code_labels, label_codes
from scoring.bundle import REFERENCE
from scoring.digest import digest
from scoring.money import customer_value
from scoring.schema import Schema
from stages.batch.asked import check_snapshot
from stages.batch.coded import load_batch_scorer
from stages.batch.inputs import (
    Chunk,
    Finished,
    InputFile,
    column_names,
    find_inputs,
    plan,
    read_block,
)
from stages.batch.rows import REPEATED, Rows, check_rows, wanted

Floats = NDArray[np.float64]
Keys = NDArray[np.int64]
MISSING_COLUMN = "column missing"


@dataclass(frozen=True)
class MonthTable:
    """The n customers of a month that could be read, of `rows` in all.

    key          (n,) a hash of the id; of the row where there are no ids (`has_ids`)
    numbers      (n, k) and `codes` (n, m): the inputs, in the order of the schema
    probability  (n,) of churn; `contact` (n,) the decision; `value` (n,) of keeping a customer
    problems     how many customers failed a check, by column and check
    thinned      kept is one customer in 2 ** thinned
    is_complete  whether every customer of the month is in it: then who is absent has left
    """

    month: str
    key: Keys
    numbers: Floats
    codes: NDArray[np.int64]
    probability: Floats
    contact: NDArray[np.bool_]
    value: Floats
    rows: int
    model: tuple[str, str]
    name: str = ""
    sha256: str = ""
    problems: Mapping[tuple[str, str], int] = field(default_factory=dict)
    thinned: int = 0
    has_ids: bool = True
    is_complete: bool = True

    def __len__(self) -> int:
        return len(self.key)

    def only(self, chosen: NDArray[Any]) -> MonthTable:
        """Some of the customers: a mask or places (m,)."""
        names = ("key", "numbers", "codes", "probability", "contact", "value")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})

    def thinner(self, thinned: int) -> MonthTable:
        """One customer in 2 ** thinned; the same of every month."""
        if thinned <= self.thinned:
            return self
        kept = self.key & ((1 << thinned) - 1) == 0
        return replace(self.only(kept), thinned=thinned)

    def at_most(self, customers: int) -> MonthTable:
        """Half as many as often as there are more."""
        table = self
        while len(table) > customers and table.thinned < 40:
            table = table.thinner(table.thinned + 1)
        return table


def read_month(
    address: str,
    bundle: Path,
    *,
    month: str,
    most: int,
    snapshot: date | None = None,
    encoding: str | None = None,
) -> MonthTable:
    """The customers in a table, or in files of one, scored with the bundle; `most` are kept.

    Rows that cannot be scored are counted in `problems`, and so are columns that are missing.
    `encoding` is that of text files that are not UTF-8. `UserError` where there is no table, or no
    `snapshot` of a model that counts days.
    """
    scorer = load_batch_scorer(bundle)
    check_snapshot(address, snapshot, scorer.bundle.schema)
    with tempfile.TemporaryDirectory() as scratch:
        files = find_inputs(address, Path(scratch), encoding=encoding)
        hashes = [file.digest() for file in files]
        table = _read(files, scorer, snapshot, month=month, most=most)
    return replace(
        table,
        name=Path(files[0].origin).name,
        sha256=hashes[0] if len(hashes) == 1 else digest(hashes),
    )


def _read(
    files: Sequence[InputFile],
    scorer: BatchScorer,
    snapshot: date | None,
    *,
    month: str,
    most: int,
) -> MonthTable:
    schema = scorer.bundle.schema
    names, customer = wanted(schema), schema.role("id")
    unique = None if customer is None or customer.repeated else customer.name
    table, missing = empty(scorer, month=month), Counter[str]()
    for file in files:
        there = column_names(file)
        absent = [name for name in names if name not in there]
        for block in plan([file]):
            for chunk in read_block(block, names):
                assert not isinstance(chunk, Finished), "nothing is finished"
                missing.update(dict.fromkeys(absent, chunk.table.num_rows))
                if absent:  # nobody can score them
                    part = replace(empty(scorer, month=month), rows=chunk.table.num_rows)
                else:
                    part = _scored(chunk, scorer, snapshot, month=month)
                table = joined([table, part], id_name=unique).at_most(most)
        missing.update(dict.fromkeys(absent, 0))
    problems = {(name, MISSING_COLUMN): rows for name, rows in missing.items()}
    return replace(table, problems={**table.problems, **problems})


def empty(scorer: BatchScorer, *, month: str) -> MonthTable:
    """A month without customers."""
    schema = scorer.bundle.schema
    return MonthTable(
        month,
        np.empty(0, np.int64),
        np.empty((0, len(schema.numeric_inputs))),
        np.empty((0, len(schema.category_inputs)), np.int64),
        np.empty(0),
        np.empty(0, bool),
        np.empty(0),
        rows=0,
        model=(scorer.bundle.name, scorer.bundle.version),
        has_ids=schema.id_name is not None,
    )


def learned_from(scorer: BatchScorer) -> MonthTable | None:
    """The customers that the model learned from, as a month without ids; None where unknown."""
    path, schema = scorer.bundle.folder / REFERENCE, scorer.bundle.schema
    if not path.is_file():
        return None
    table = pq.read_table(path).to_pandas()
    codes = []
    for column in schema.category_inputs:
        known = label_codes(column)
        codes.append(table[column.name].map(known).fillna(len(known) - 1).to_numpy(np.int64))
    n = len(table)
    whole = empty(scorer, month="000")
    return MonthTable(
        whole.month,
        keys_of([f"row {row}" for row in range(n)]),
        table[[c.name for c in schema.numeric_inputs]].to_numpy(float),
        np.array(codes, np.int64).T if codes else np.empty((n, 0), np.int64),
        np.full(n, np.nan),
        np.zeros(n, bool),
        np.full(n, np.nan),
        rows=n,
        model=whole.model,
        has_ids=False,
        is_complete=False,
    )


def _scored(chunk: Chunk, scorer: BatchScorer, snapshot: date | None, *, month: str) -> MonthTable:
    if not chunk.table.num_rows:
        return empty(scorer, month=month)
    rows = check_rows(chunk, scorer.bundle.schema, snapshot=snapshot)
    return with_problems(of_rows(rows, scorer, month=month), rows, total=chunk.table.num_rows)


def with_problems(table: MonthTable, rows: Rows, *, total: int) -> MonthTable:
    """A month with what could not be read of its `total` rows."""
    problems = {_column_and_problem(words): n for words, n in rows.problems.items()}
    return replace(table, rows=total, problems=problems)


def of_rows(rows: Rows, scorer: BatchScorer, *, month: str) -> MonthTable:
    """Checked rows with what is predicted for them."""
    if not len(rows.places):
        return empty(scorer, month=month)
    scores = scorer.score(rows.numbers, rows.codes)
    ids = rows.places.tolist() if rows.ids is None else rows.ids.to_pylist()
    return MonthTable(
        month,
        keys_of(ids),
        rows.numbers,
        rows.codes,
        scores.probability,
        scores.contact,
        values_of(rows.numbers, scorer),
        rows=len(rows.places),
        model=(scorer.bundle.name, scorer.bundle.version),
        has_ids=rows.ids is not None,
    )


def values_of(numbers: Floats, scorer: BatchScorer) -> Floats:
    """What keeping each customer is worth (n,)."""
    place = scorer.terms.monthly
    fees = None if place is None else numbers[:, place]
    return customer_value(fees, len(numbers), scorer.terms.costs)


def keys_of(ids: Sequence[Any]) -> Keys:
    """A hash of each id (n,), the same at every run; what is stored holds no id."""
    texts = np.array([str(each).strip() for each in ids], dtype=object)
    return pd.util.hash_array(texts, categorize=False).view(np.int64)


def joined(tables: Sequence[MonthTable], *, id_name: str | None) -> MonthTable:
    """The customers of several tables of a month, each customer once.

    Rows that had an id again are counted as a problem of the column `id_name`, where there is one.
    """
    deepest = max(table.thinned for table in tables)
    parts = [table.thinner(deepest) for table in tables]
    problems = reduce(lambda one, other: one + other, (Counter(p.problems) for p in parts))
    names = ("key", "numbers", "codes", "probability", "contact", "value")
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in names
    }
    rows = sum(part.rows for part in parts)
    whole = replace(parts[-1], **columns, rows=rows, problems=dict(problems))
    _, first = np.unique(whole.key, return_index=True)
    if id_name is not None and (again := len(whole) - len(first)):
        problems[id_name, REPEATED] += again << deepest
    return replace(whole.only(np.sort(first)), problems=dict(problems))


def _column_and_problem(words: str) -> tuple[str, str]:
    """`check_rows` says "column tenure: out of range"."""
    column, _, problem = words.removeprefix("column ").rpartition(": ")
    return column, problem


def as_frame(table: MonthTable, schema: Schema) -> pd.DataFrame:
    """The inputs with their labels, numbers first, as people read them."""
    frame = pd.DataFrame(table.numbers, columns=[c.name for c in schema.numeric_inputs])
    for place, column in enumerate(schema.category_inputs):
        labels = np.array(code_labels(column), dtype=object)
        frame[column.name] = labels[table.codes[:, place]]
    return frame
