"""Labelled months as they come in: validated, in canonical types, each customer once.

    data/months/
      007.parquet      the customers of that month, with the target: known since its window closed

The folder is DVC's: `dvc add data/months`. A month that comes in again corrects what is there.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from scoring.digest import sha256
from scoring.errors import UserError, shown
from scoring.schema import Schema
from stages.batch.asked import check_snapshot
from stages.core import months
from stages.core.files import read_table, row_count, write_table
from stages.core.paths import Paths
from stages.monitoring.verdict_files import folder_of as verdicts_of
from stages.monitoring.verdict_files import read_verdict
from stages.tables.checks import check_table
from stages.tables.intake import read_raw_table


class TakenIn(NamedTuple):
    """What was added to a month, in words, and whether its table is another one now."""

    words: str
    changed: bool


def folder_of(paths: Paths) -> Path:
    """Where labelled months are kept."""
    return paths.root / "data" / "months"


def take_in(
    table: Path,
    schema: Schema,
    paths: Paths,
    *,
    month: str,
    snapshot: date | None = None,
    encoding: str | None = None,
) -> TakenIn:
    """Add a labelled table to a month.

    A customer who is there already is replaced. `snapshot` is the day that the table describes:
    that of the schema is the first table's; `encoding` that of text which is not UTF-8. `UserError`
    where the table does not fit, where days are counted and nobody says to which, or where the
    monitor found the data of that month broken.
    """
    months.number(month)
    _check_was_whole(month, paths)
    if schema.date_period is None:
        check_snapshot(shown(table), snapshot, schema)
        schema = schema.model_copy(update={"snapshot": snapshot or schema.snapshot})
    raw_table = read_raw_table(table, encoding=encoding)
    new = check_table(raw_table, schema, origin=shown(table)).customers
    place = folder_of(paths) / f"{month}.parquet"
    before = sha256(place) if place.is_file() else None
    known = read_table(place) if place.is_file() else new.head(0)
    both = pd.concat([known, new], ignore_index=True)
    keys = [schema.id_name] if schema.id_name else schema.names
    kept = both.drop_duplicates(keys, keep="last", ignore_index=True)
    write_table(place, kept.sort_values(keys, kind="stable", ignore_index=True))
    again = len(both) - len(kept)
    words = f"{month}: {len(kept) - len(known):,} labelled customers added"
    words = f"{words}, {again:,} were there already" if again else words
    return TakenIn(words, changed=sha256(place) != before)


def _check_was_whole(month: str, paths: Paths) -> None:
    """`UserError` where the newest verdict on that month is a fault: nobody learns from that."""
    file = verdicts_of(paths) / f"{month}.json"
    if file.is_file() and (verdict := read_verdict(file)).status == "fault":
        raise UserError(
            f"{verdict.summary}; mend the data and judge that month again (make monitor IN=table "
            f"MONTH={month}, with ACCEPT=columns where they are right): retraining would learn it"
        )


def labelled_months(paths: Paths) -> list[str]:
    """The months that there are labels of, oldest first."""
    names = [path.stem for path in folder_of(paths).glob("*.parquet")]
    if len({"-" in name for name in names}) > 1:
        raise UserError(f"{shown(folder_of(paths))}: expected all months as 2026-11, or all as 007")
    return sorted(names, key=months.number)


def customers_of(names: list[str], paths: Paths) -> pd.DataFrame:
    """The customers of these months, one after the other."""
    tables = [read_table(folder_of(paths) / f"{name}.parquet") for name in names]
    return pd.concat(tables, ignore_index=True)


def count(names: list[str], paths: Paths) -> int:
    """Rows of these months."""
    return sum(row_count(folder_of(paths) / f"{name}.parquet") for name in names)
