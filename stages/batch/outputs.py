"""The parts put together: the scores, what was rejected, and what is known of all of them."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from scoring import decision
from scoring.effect import GROUPS, Effect
from scoring.schema import Column
from scoring.score_files import GROUP, ID, OFFER, REASONS, REDUCTION
from scoring.spreadsheet import safe_table
from stages.batch.assignment import CONTACT, Design
from stages.batch.customer_table import CustomerWriter
from stages.batch.duplicate_ids import FurtherRows, id_keys
from stages.batch.parts import About, Work
from stages.batch.rows import REPEATED
from stages.batch.score_part import PLACE
from stages.batch.threads import in_order

CODED = pa.dictionary(pa.int8(), pa.string())
DECISIONS = pa.array([decision.NO_CONTACT, decision.CONTACT])
REJECTS_HEADER = ("file", "row", "reason")
NO_ROWS = FurtherRows()


@dataclass
class Totals:
    """What is known of all parts together.

    `further` counts rows of customers that an earlier row has, too, where the schema allows that;
    `examples` are cells that failed a check, by what it was.
    """

    scored: int = 0
    rejected: int = 0
    further: int = 0
    tiers: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    warnings: Counter[str] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    counts: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    contacts: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """All that were read."""
        return self.scored + self.rejected + self.further

    def add(self, about: About, *, scored: int) -> None:
        """Count a part."""
        self.scored += scored
        self.rejected += len(about.rejects)
        self.tiers[about.tier] += scored
        self.problems.update(about.problems)
        self.examples = {**about.examples, **self.examples}
        self.warnings.update(about.warnings)
        self.faults.update(about.faults)
        for whole, of_part in ((self.counts, about.counts), (self.contacts, about.contacts)):
            for name, counts in of_part.items():
                whole[name] = whole.get(name, 0) + np.asarray(counts)

    def repeat(self, id_column: Column, rows: int) -> None:
        """Count rows of customers that an earlier row has, too."""
        if id_column.repeated:
            self.further += rows
        elif rows:
            self.rejected += rows
            self.problems[f"column {id_column.name}: {REPEATED}"] += rows


def with_example(problem: str, examples: Mapping[str, str]) -> str:
    """A problem with a cell that has it, where one may be shown."""
    return f"{problem}, such as {examples[problem]}" if problem in examples else problem


@dataclass
class Candidates:
    """The customers whom to contact pays, part by part: what a contact list is made from.

    With a `design`, also those who are contacted to explore; `assignment` says who is which.
    `reduction` is empty where the bundle has no effect.
    """

    design: Design | None = None
    contacts: int = 0
    names: list[str] = field(default_factory=list)
    places: list[NDArray[np.int32]] = field(default_factory=list)
    probability: list[NDArray[np.float64]] = field(default_factory=list)
    profit: list[NDArray[np.float64]] = field(default_factory=list)
    reduction: list[NDArray[np.float64]] = field(default_factory=list)
    assignment: list[NDArray[np.int8]] = field(default_factory=list)

    def release(self) -> None:
        """Let go of what the list was chosen by: 17 to 25 bytes a customer."""
        for collected in (self.probability, self.profit, self.reduction, self.assignment):
            collected.clear()

    def add(self, name: str, table: pa.Table, places: NDArray[np.int64]) -> None:
        """Note those of a part, whose rows are at these places (n,) of it."""
        pays = table["contact"].to_numpy()
        assigned = np.where(pays, CONTACT, -1).astype(np.int8)
        if self.design is not None:
            assigned = self.design.assign(table[ID], pays)
        chosen = np.flatnonzero(assigned >= 0)
        self.contacts += int(pays.sum())
        self.names.append(name)
        self.places.append(places[chosen].astype(np.int32))
        self.assignment.append(assigned[chosen])
        if REDUCTION in table.column_names:
            self.reduction.append(table[REDUCTION].to_numpy()[chosen])
        self.probability.append(table["churn_probability"].to_numpy()[chosen])
        self.profit.append(table["expected_profit"].to_numpy()[chosen])


class Merge:
    """Writes the scores and the rejects, part after part, and keeps what the rest is made from.

    `customers` writes what the model was asked about them, where that is kept. `repeated` gives the
    customers that an earlier row has too, by part.
    """

    def __init__(
        self,
        work: Work,
        scores: Path,
        rejects: Path,
        *,
        version: str,
        with_reasons: bool,
        id_column: Column | None = None,
        customers: CustomerWriter | None = None,
        effect: Effect | None = None,
        design: Design | None = None,
        repeated: Mapping[str, FurtherRows] | None = None,
    ) -> None:
        self.totals, self.candidates = Totals(), Candidates(design)
        self.keys: list[NDArray[np.uint64]] = []
        self.names: list[str] = []
        self._work, self._version, self._repeated = work, version, repeated or {}
        self._customers, self._id = customers, id_column
        self._schema, self._effect = _output_schema(with_reasons, effect), effect
        self._writer = (
            arrow_csv.CSVWriter(scores, _as_text(self._schema))
            if scores.suffix == ".csv"
            else pq.ParquetWriter(
                scores, self._schema, compression="zstd", use_dictionary=_coded(self._schema)
            )
        )
        self._is_csv = scores.suffix == ".csv"
        self._rejects = rejects.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._rejects, lineterminator="\n")
        self._rows.writerow(REJECTS_HEADER)

    def __enter__(self) -> Merge:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._rejects.close()
        self._writer.close()
        if self._customers is not None:
            self._customers.close()

    def add(self, name: str) -> int:
        """Append a part; its rows, rejects counted."""
        table, about = self._work.read(name)
        rejects = [(row, reason) for row, reason in about.rejects]
        rows = table[PLACE].to_numpy()
        again = self._repeated.get(name, NO_ROWS)
        rejects += zip(rows[again.places].tolist(), again.reasons(), strict=True)
        table, places = self._first_rows(name, table)
        self._rows.writerows((about.file, row, why) for row, why in sorted(rejects))
        self.totals.add(about, scored=table.num_rows)
        if self._id is not None:
            self.totals.repeat(self._id, len(again.places))
        self.names.append(name)
        self.keys.append(id_keys(table[ID]))
        self.candidates.add(name, table, places)
        self._writer.write_table(self._output(table, about.tier))
        if self._customers is not None:
            self._customers.write(table)
        return table.num_rows + len(rejects)

    def kept(self, name: str) -> tuple[pa.Table, NDArray[np.int64]]:
        """The scores of a part that count, and their places (n,) in it."""
        return self._first_rows(name, self._work.read(name)[0])

    def _first_rows(self, name: str, table: pa.Table) -> tuple[pa.Table, NDArray[np.int64]]:
        """Without customers that an earlier row has, too."""
        keep = np.ones(table.num_rows, bool)
        keep[self._repeated.get(name, NO_ROWS).places] = False
        places = np.flatnonzero(keep)
        return (table if keep.all() else table.filter(pa.array(keep))), places

    def _output(self, table: pa.Table, tier: str) -> pa.Table:
        n = table.num_rows
        decisions = pa.DictionaryArray.from_arrays(
            table["contact"].combine_chunks().cast(pa.int8()), DECISIONS
        )
        columns: dict[str, Any] = {
            ID: table[ID],
            "churn_probability": table["churn_probability"],
            "decision": decisions,
            "expected_profit": table["expected_profit"],
            "tier": _same(tier, n),
            "model_version": _same(self._version, n),
        }
        if "reasons" in table.column_names:
            columns |= split_reasons(table["reasons"])
        if self._effect is not None:
            columns[REDUCTION] = table[REDUCTION]
            columns[GROUP] = _coded_as(table[GROUP], GROUPS)
            columns[OFFER] = _coded_as(table[OFFER], self._effect.offers)
        whole = pa.table({name: columns[name] for name in self._schema.names}, self._schema)
        return safe_table(whole.cast(_as_text(self._schema))) if self._is_csv else whole


def split_reasons(reasons: pa.ChunkedArray) -> dict[str, pa.ChunkedArray]:
    """Lists of reasons as columns reason_1 to reason_3, null where there are fewer."""
    texts = reasons.to_pylist()
    return {
        name: pa.chunked_array(
            [pa.array([w[place] if place < len(w) else None for w in texts], pa.string())]
        )
        for place, name in enumerate(REASONS)
    }


def _output_schema(with_reasons: bool, effect: Effect | None) -> pa.Schema:
    fields = [
        (ID, pa.string()),
        ("churn_probability", pa.float64()),
        ("decision", CODED),
        ("expected_profit", pa.float64()),
        *effect_fields(effect),
    ]
    if with_reasons:
        fields += [(name, pa.string()) for name in REASONS]
    return pa.schema([*fields, ("tier", CODED), ("model_version", CODED)])


def effect_fields(effect: Effect | None) -> list[tuple[str, pa.DataType]]:
    """Columns of what a contact changes.

    The group where the effect was shown to differ, the offer where there are several.
    """
    if effect is None:
        return []
    groups = [(GROUP, CODED)] if effect.groups else []
    offers = [(OFFER, CODED)] if len(effect.offers) > 1 else []
    return [(REDUCTION, pa.float64()), *groups, *offers]


def _coded_as(codes: pa.ChunkedArray, names: Sequence[str]) -> pa.DictionaryArray:
    places = codes.combine_chunks().cast(pa.int8())
    return pa.DictionaryArray.from_arrays(places, pa.array(list(names)))


def _coded(schema: pa.Schema) -> list[str]:
    """Columns of few values: the only ones that a dictionary makes smaller."""
    return [field.name for field in schema if field.type == CODED]


def _as_text(schema: pa.Schema) -> pa.Schema:
    return pa.schema([(f.name, pa.string() if f.type == CODED else f.type) for f in schema])


def _same(text: str, n: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int8)), pa.array([text]))


def write_contacts(path: Path, contacts: Iterator[pa.Table]) -> None:
    """Write a contact list as CSV that a spreadsheet may open; of at least one table."""
    with path.open("wb") as file:
        for text in in_order(_as_csv, enumerate(contacts)):
            file.write(text)


def _as_csv(numbered: tuple[int, pa.Table]) -> pa.Buffer:
    """A table as text; the first one with a header."""
    number, table = numbered
    text = pa.BufferOutputStream()
    options = arrow_csv.WriteOptions(include_header=number == 0)
    arrow_csv.write_csv(safe_table(table), text, options)
    return text.getvalue()


@contextmanager
def synced_meanwhile(path: Path) -> Iterator[None]:
    """`sync` a file while something else is done."""
    with ThreadPoolExecutor(1) as disk:
        synced = disk.submit(sync, [path])
        yield
        synced.result()


def sync(paths: Sequence[Path]) -> None:
    """Make sure that files are on the disk before they get their names."""
    for path in paths:
        with path.open("rb") as file:
            os.fsync(file.fileno())
