"""A checked table keeps each value of a column once; rows are made where they are asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scoring.errors import UserError
from stages.core.files import write_table, write_tables
from stages.tables import checks
from stages.tables.canonical_table import ROW_GROUP, Checked
from stages.tables.checks import UNIQUE
from tests import builders
from tests.builders import FEE, GENDER, LEFT, MONTHS, NUMBER, PAYS

ROWS = 50


def checked(table: pd.DataFrame | None = None) -> Checked:
    table = builders.members(ROWS) if table is None else table
    return checks.check_table(
        builders.raw_table(builders.as_text(table)), builders.schema(), origin="club.csv"
    )


@pytest.mark.parametrize("size", [1, 7, ROWS, 10 * ROWS])
def test_parts_one_below_the_other_are_the_whole(size: int) -> None:
    found = checked()
    names = [LEFT, MONTHS, PAYS, FEE]

    parts = [part.to_pandas() for part in found.in_parts(names, size=size)]

    assert [len(part) for part in parts[:-1]] == [size] * (len(parts) - 1)
    whole = pd.concat(parts, ignore_index=True)
    pd.testing.assert_frame_equal(whole, found.customers[names])
    pd.testing.assert_frame_equal(whole, found.frame(names))
    assert len(whole) == len(found) == ROWS


def test_rows_that_are_dropped_are_in_no_part() -> None:
    members = builders.members(ROWS)
    twice = pd.concat([members[:9], members[4:6], members[9:]], ignore_index=True)

    parts = checked(twice).in_parts([NUMBER], size=8)

    assert [number for part in parts for number in part[NUMBER].to_pylist()] == list(
        members[NUMBER]
    )


def test_a_long_table_in_parts_has_the_bytes_that_it_has_in_one_go(tmp_path: Path) -> None:
    # given one row more than pyarrow puts in a row group
    long = pd.DataFrame({"a": np.arange(ROW_GROUP + 1) % 7 * 1.5})
    parts = [long[:ROW_GROUP], long[ROW_GROUP:]]
    # when it is written whole, and in parts of that length
    write_table(tmp_path / "whole.parquet", long)
    write_tables(tmp_path / "parts.parquet", parts)
    # then nobody can tell
    assert (tmp_path / "parts.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_each_distinct_value_is_checked_once_however_many_rows_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = {}
    failing = checks._failing
    monkeypatch.setattr(
        checks, "_failing", lambda c, v: seen.update({c.name: len(v)}) or failing(c, v)
    )

    members = builders.members(ROWS)
    checked(members)

    assert seen == members.nunique(dropna=False).to_dict()
    assert seen[GENDER] == 3 < ROWS


def test_an_id_that_is_written_in_two_ways_is_one() -> None:
    members = builders.members(ROWS)
    members.loc[[3, 7], NUMBER] = ["7015040", "7015040.0"]

    with pytest.raises(UserError, match=r"not unique: row 5: .*, row 9: "):
        checked(members)


def test_blank_ids_are_blank_and_no_repeated_customer() -> None:
    members = builders.members(ROWS)
    members.loc[[3, 7], NUMBER] = None

    with pytest.raises(UserError) as found:
        checked(members)

    assert "blank: row 5: '', row 9: ''; expected" in found.value.message
    assert UNIQUE not in str(found.value)


def test_a_sample_is_not_blamed_for_values_of_other_rows() -> None:
    table = builders.as_text(builders.members(ROWS))
    table.loc[1, [FEE, MONTHS, GENDER]] = ["viel", "-1", "?"]
    raw_table = builders.raw_table(table)

    sample = raw_table.sample(ROWS // 10)  # every tenth row or so, and not the second

    found = checks.check_table(sample, builders.schema(), origin="club.csv").customers
    assert found[NUMBER].is_unique
    assert (len(found), found[MONTHS].dtype) == (ROWS // 10, np.int64)
    with pytest.raises(UserError):
        checks.check_table(raw_table, builders.schema(), origin="club.csv")
