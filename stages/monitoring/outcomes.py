"""Labels: which may be read, whose they are, and where they come from.

A label says whether a customer left within the window. It is known where a file of outcomes has it,
or where the month at the window's end is kept and the customer is absent there. Either way it can
be read only when the window has closed in the month of the decision.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.errors import UserError
from scoring.schema import Column, Schema
from stages.batch.inputs import InputFile, find_inputs
from stages.core.months import is_closed, month_name, month_of
from stages.core.quantity import quantity
from stages.monitoring.departures import absent
from stages.monitoring.month_table import MonthTable, keys_of
from stages.tables.canonical import canonical
from stages.tables.intake import RawColumn, RawTable

MONTH = "month"  # of a file of outcomes, where it has several
NAMED = "named"  # the month, or a file that tells none
COVERED = 0.9  # share of a month's customers whose outcome is needed: those known first are leavers


@dataclass(frozen=True)
class Outcomes:
    """Who of a month left within the window: a hash of the id (n,) and whether (n,)."""

    key: NDArray[np.int64]
    left: NDArray[np.bool_]


def read_outcomes(
    address: str,
    schema: Schema,
    *,
    window: int,
    as_of: str,
    month: str | None = None,
    encoding: str | None = None,
) -> tuple[dict[str, Outcomes], list[str]]:
    """The labels in a file, a folder or a pattern, by month; and the months that are still open.

    A file has the id and the target, and is of the month in its column `month` or in its path; a
    single one of neither is of `month`, where that is given; such a file is named where its month
    is open. `encoding` is that of text files that are not UTF-8.
    Labels of an open month are left unread, and blank ones are none. `UserError` where a column or
    the month is missing, a label is none of the target's, or a customer has two.
    """
    found, still_open = dict[str, Outcomes](), []
    with tempfile.TemporaryDirectory() as fetched:
        files = _files(find_inputs(address, Path(fetched), encoding=encoding))
        tables = [_table(file, schema, month if len(files) == 1 else None) for file in files]
    for name, rows in pd.concat(tables).groupby(MONTH):
        if is_closed(str(name), window=window, as_of=as_of):
            found[str(name)] = _outcomes(rows, schema, origin=f"{address}: month {name}")
        else:
            still_open += rows[NAMED].unique().tolist()
    return found, sorted(still_open)


def _files(found: list[InputFile]) -> list[InputFile]:
    """A folder's files named `labels`, as the simulator writes months, or else all of them."""
    return [file for file in found if file.path.name.split(".")[0] == "labels"] or found


def _table(file: InputFile, schema: Schema, month: str | None) -> pd.DataFrame:
    """Id, target as text, and month of each row whose outcome is known."""
    origin = file.origin
    raw = file.raw_table()
    if schema.id_name is None:
        raise UserError(f"{origin}: the model's schema has no id; outcomes belong to nobody")
    names = [schema.id_name, schema.target.name]
    for name in names:
        if name not in raw.columns:
            raise UserError(f"{origin}: column {name}: missing; expected the id and the target")
    if not raw.rows:
        raise UserError(f"{origin}: no rows below the header; expected customers and their outcome")
    table = pd.DataFrame({n: canonical(raw.columns[n], schema[n]).by_row for n in names})
    table[MONTH], table[NAMED] = _months(raw, origin, month)
    table = table.dropna()
    return table[_is_label(table[names[1]], raw, schema.target, origin)]


def _is_label(values: pd.Series, raw: RawTable, target: Column, origin: str) -> pd.Series:
    """Which values say whether a customer left; those that the schema leaves out do not."""
    known = values.isin(target.labels)
    wrong = values[~known & ~values.isin([str(value) for value in target.left_out])]
    for row, value in wrong.head(1).items():
        raise UserError(
            f"{origin}: column {target.name}: row {raw.number(int(str(row)))}: {value!r}; "
            f"expected {target.expected}"
        )
    return known


def _months(
    raw: RawTable, origin: str, default: str | None
) -> tuple[list[str] | str, list[str] | str]:
    """The month of each row, or of all of them, and its name: the file's where that tells none."""
    if MONTH in raw.columns:
        texts = _texts(raw.columns[MONTH])
        known = {text: month_name(text or "(blank)", origin=origin) for text in set(texts)}
        months = [known[text] for text in texts]
        return months, months
    found = month_of(origin)
    if found is None and default is None:
        raise UserError(
            f"{origin}: of no month; expected one in its path, such as month_007 or 2026-11, "
            f"or a column {MONTH}, or of a single file MONTH= (--month)"
        )
    month = month_name(str(found or default), origin=origin)
    return month, found or f"{origin} (taken as of {month})"


def _texts(column: RawColumn) -> list[str]:
    texts = column.texts.to_pylist()
    return [texts[code] for code in column.codes]


def _outcomes(rows: pd.DataFrame, schema: Schema, *, origin: str) -> Outcomes:
    keys = keys_of(rows[str(schema.id_name)].tolist())
    each = pd.DataFrame({"key": keys, "left": schema.churned(rows).astype(bool)}).drop_duplicates()
    if several := int(each["key"].duplicated().sum()):
        many = quantity(several, "customer")
        raise UserError(f"{origin}: {many} with two outcomes; expected one of each")
    return Outcomes(each["key"].to_numpy(), each["left"].to_numpy())


def absent_at_the_end(month: MonthTable, end: MonthTable) -> Outcomes | None:
    """Labels from who is absent when the window ends; None where that says nothing."""
    left = absent(month, end)
    return None if left is None else Outcomes(month.thinner(end.thinned).key, left)


def labelled(table: MonthTable, outcomes: Outcomes) -> tuple[MonthTable, NDArray[np.bool_]]:
    """The customers whose outcome is known, and whether they left (n,)."""
    order = np.argsort(outcomes.key)
    key, left = outcomes.key[order], outcomes.left[order]
    if not len(key):
        return table.only(np.zeros(len(table), bool)), np.empty(0, bool)
    place = np.minimum(np.searchsorted(key, table.key), len(key) - 1)
    known = key[place] == table.key
    return table.only(known), left[place][known]
