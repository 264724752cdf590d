"""The scored customers of a month, as arrays: what every view is computed from.

Columns are read from Parquet and kept as NumPy and Arrow arrays, never as a data frame: a million
customers take some 50 MB.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from app.places import SCORE, Places
from scoring import money
from scoring.contact_plan import contact_cost
from scoring.decision import CONTACT
from scoring.effect import untreated
from scoring.errors import UserError, shown
from scoring.loading import read_manifest
from scoring.schema import Column, Schema
from scoring.score_files import (
    ASSIGNMENT,
    CAMPAIGN,
    CONTACT_ARM,
    CONTACTS,
    CONTROL_ARM,
    GROUP,
    ID,
    REASONS,
    REDUCTION,
    SCORES,
)
from scoring.spreadsheet import safe_texts
from scoring.terms import Terms

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
MAYBE = (REDUCTION, GROUP)  # only where a campaign was adopted
WANTED = (ID, "churn_probability", "decision", "expected_profit", "model_version")


@dataclass(frozen=True)
class Scored:
    """The n customers of a month and the terms on which a contact pays.

    `profit` (n,) is what a contact is expected to bring; without a monthly value there is none.
    Where the model decides by a campaign's effect, `reduction` (n,) is what a contact takes off the
    probability of leaving, `level` and `error` are those of `scoring.effect.Effect`, and `groups`
    (n,) the names in `scoring.effect.GROUPS` where the effect differs. `control` (n,) is who is
    left alone at random, `explored` who is contacted although it does not pay; None where nobody
    is.
    """

    places: Places
    schema: Schema
    terms: Terms
    ids: pa.Array
    probability: Floats
    contact: Mask
    profit: Floats | None
    reduction: Floats | None = None
    level: float = 1.0
    error: float = 0.0
    control: Mask | None = None
    explored: Mask | None = None
    groups: pa.Array | None = None

    def __len__(self) -> int:
        return len(self.probability)

    @cached_property
    def value(self) -> Floats | None:
        """What keeping each customer is worth (n,); None without a monthly value."""
        if self.profit is None:
            return None
        if self.reduction is None:
            return money.value_from_profit(self.probability, self.profit, self.terms.costs)
        cost = contact_cost(self.left_alone, self.terms.costs, reduction=self.reduction)
        return money.value_from_reduction(self.profit, cost, self.reduction)

    @cached_property
    def left_alone(self) -> Floats:
        """Probability of leaving if left alone (n,)."""
        return untreated(self.probability, level=self.level)

    @property
    def customers(self) -> Path | None:
        """The file of what the model was asked; None where it was not kept."""
        name = self.places.summary.get("customers")
        return self.places.scores / name if name else None

    @cached_property
    def segments(self) -> list[Column]:
        """The columns that customers can be distinguished by: categories that are not sensitive."""
        if self.customers is None:
            return []
        return [c for c in self.schema.category_inputs if "sensitive" not in c.roles]

    def segment(self, column: Column) -> pa.Array:
        """The label (n,) of each customer, dictionary-encoded."""
        assert self.customers is not None
        return _read(self.customers, [column.name])[column.name].combine_chunks()

    def customer(self, place: int) -> dict[str, list[Any]]:
        """What the model was asked about a customer: each input with one value."""
        assert self.customers is not None
        file = pq.ParquetFile(self.customers)
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if place < rows:
                found: dict[str, list[Any]] = file.read_row_group(group).slice(place, 1).to_pydict()
                return found
            place -= rows
        raise UserError(f"{shown(self.customers)}: too few rows; score again: {SCORE}")

    def place_of(self, customer: str) -> int | None:
        """Where a customer of that id is; None where there is none."""
        found = int(pc.index(self.ids, customer).as_py())
        return None if found < 0 else found

    @cached_property
    def reasons(self) -> pa.Table | None:
        """Three reasons (n,) where they were asked for; of customers not on the list null."""
        path = self.places.scores / CONTACTS
        table = _contact_list(path) if path.is_file() else None
        if table is None:
            return None
        rows = pc.index_in(safe_texts(pa.chunked_array([self.ids])), table[ID].combine_chunks())
        return table.select(list(REASONS)).take(rows.combine_chunks())


def _contact_list(path: Path) -> pa.Table | None:
    """Ids and reasons of the contact list; None where it has no reasons."""
    coded = pa.dictionary(pa.int32(), pa.string())
    types = {ID: pa.string()} | dict.fromkeys(REASONS, coded)
    options = arrow_csv.ConvertOptions(
        include_columns=[ID, *REASONS], column_types=types, strings_can_be_null=True
    )
    try:
        return arrow_csv.read_csv(path, convert_options=options)
    except (KeyError, pa.ArrowInvalid):
        return None


def read_scored(places: Places) -> Scored:
    """The scores of a run; `UserError` where a file is missing, broken, or of another model."""
    manifest, schema = read_manifest(places.bundle)
    path = places.scores / str(places.summary.get("scores", SCORES))
    table = _scores(path)
    _check_model(table, manifest["version"], path)
    terms = Terms.of(manifest, schema)
    profit = table["expected_profit"].to_numpy() if terms.monthly is not None else None
    effect = manifest.get("effect") if REDUCTION in table.column_names else None
    contact = pc.equal(table["decision"].cast(pa.string()), CONTACT).to_numpy()
    control, contacted = _drawn(places, table[ID])
    return Scored(
        places,
        schema,
        terms,
        table[ID].combine_chunks().cast(pa.string()),
        table["churn_probability"].to_numpy(),
        contact,
        profit,
        table[REDUCTION].to_numpy() if effect else None,
        effect["level"] if effect else 1.0,
        effect["error"] if effect else 0.0,
        control,
        None if contacted is None else contacted & ~contact,
        table[GROUP].cast(pa.string()).combine_chunks() if GROUP in table.column_names else None,
    )


def _drawn(places: Places, ids: pa.ChunkedArray) -> tuple[Mask, Mask] | tuple[None, None]:
    """Who is left alone at random (n,) and who is contacted (n,), of those whom chance decided on.

    `UserError` where the list of them is not there.
    """
    if "design" not in places.summary:
        return None, None
    path = places.scores / CAMPAIGN
    kinds = {ID: pa.string()}
    options = arrow_csv.ConvertOptions(include_columns=[ID, ASSIGNMENT], column_types=kinds)
    table = _whole(path, lambda: arrow_csv.read_csv(path, convert_options=options), [ID])
    control, contacted = (
        pc.is_in(
            safe_texts(ids),
            table.filter(pc.equal(table[ASSIGNMENT], arm))[ID].combine_chunks(),
        ).to_numpy()
        for arm in (CONTROL_ARM, CONTACT_ARM)
    )
    return control, contacted


def _scores(path: Path) -> pa.Table:
    table = _read_csv(path) if path.suffix == ".csv" else _read(path, [*WANTED], MAYBE)
    if not table.num_rows:
        raise UserError(f"{shown(path)}: nobody was scored; run {SCORE}")
    probability = table["churn_probability"]
    if (
        probability.null_count
        or not pc.all(
            pc.and_(pc.greater_equal(probability, 0), pc.less_equal(probability, 1))
        ).as_py()
    ):
        raise UserError(f"{shown(path)}: column churn_probability: expected numbers from 0 to 1")
    return table


def _check_model(table: pa.Table, version: str, path: Path) -> None:
    found = pc.unique(table["model_version"].cast(pa.string())).to_pylist()
    if found != [version]:
        raise UserError(
            f"{shown(path)}: scored by the model {', '.join(map(str, found))}, the bundle is "
            f"{version}; score again: {SCORE}, or name the bundle: MODEL=folder"
        )


def _read(path: Path, columns: Sequence[str], maybe: Sequence[str] = ()) -> pa.Table:
    def read() -> pa.Table:
        there = pq.read_schema(path).names
        return pq.read_table(path, columns=[n for n in (*columns, *maybe) if n in there])

    return _whole(path, read, columns)


def _read_csv(path: Path) -> pa.Table:
    kinds = {ID: pa.string(), "model_version": pa.string()}
    options = arrow_csv.ConvertOptions(column_types=kinds)

    def read() -> pa.Table:
        table = arrow_csv.read_csv(path, convert_options=options)
        return table.select([n for n in (*WANTED, *MAYBE) if n in table.column_names])

    return _whole(path, read, WANTED)


def _whole(path: Path, read: Callable[[], pa.Table], columns: Sequence[str]) -> pa.Table:
    """A table with all of these columns; `UserError` where the file is none."""
    try:
        table = read()
    except FileNotFoundError:
        raise UserError(f"{shown(path)}: no such file; run {SCORE}") from None
    except KeyError:
        raise UserError(f"{shown(path)}: a column is missing; run {SCORE}") from None
    except (OSError, pa.ArrowException):
        raise UserError(f"{shown(path)}: cannot be read; run {SCORE}") from None
    if missing := [name for name in columns if name not in table.column_names]:
        raise UserError(f"{shown(path)}: column {missing[0]}: missing; run {SCORE}")
    return table
