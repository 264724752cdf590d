"""Parquet of any types, and Arrow's values, come in as text."""

from __future__ import annotations

import decimal
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scoring.errors import UserError
from stages.tables.checks import check_table
from stages.tables.intake import from_arrow, read_raw_table
from stages.tables.validation import RejectedTable
from tests import builders
from tests.builders import MONTHS, NUMBER
from tests.raw_tables import cells_of


def test_parquet_of_any_types_comes_in_as_text(tmp_path: Path) -> None:
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    table = pa.table(
        {
            "integer": pa.array([1, None, 3]),
            "float": pa.array([1.0, float("nan"), 2.5]),
            "boolean": pa.array([True, False, None]),
            "decimal": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("-2.25")]),
            "day": pa.array([date(2026, 1, 31), None, date(2026, 2, 1)]),
            "moment": pa.array([moment, moment, None]),
            "coded": pa.array(["a", None, "a"]).dictionary_encode(),
            "large": pa.array(["ä", "", None], pa.large_string()),
            "nothing": pa.nulls(3),
        }
    )
    path = tmp_path / "a=b" / "table.parquet"  # a folder that could be taken for a column
    path.parent.mkdir()
    pq.write_table(table, path)
    raw_table = read_raw_table(path)
    assert {name: cells_of(raw_table, name) for name in raw_table.columns} == {
        "integer": ["1", "", "3"],
        "float": ["1", "", "2.5"],
        "boolean": ["true", "false", ""],
        "decimal": ["1.50", "", "-2.25"],
        "day": ["2026-01-31", "", "2026-02-01"],
        "moment": ["2026-01-31 12:00:00.000000Z"] * 2 + [""],
        "coded": ["a", "", "a"],
        "large": ["ä", "", ""],
        "nothing": ["", "", ""],
    }
    assert (raw_table.form, raw_table.warnings) == ({"format": "Parquet"}, ())


@pytest.mark.parametrize("size", [1, 9, 100])
def test_row_groups_are_parts_of_one_table(tmp_path: Path, size: int) -> None:
    # given texts, codes and numbers in row groups, some texts in several and some in one of them
    values = [f"v{place % 7 if place < 90 else place}" for place in range(100)]
    coded = pa.array(values).dictionary_encode()
    table = pa.table({"a": values, "b": coded, "c": [place % 3 / 4 for place in range(100)]})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=size)
    # when the file is read
    found, whole = read_raw_table(tmp_path / "t.parquet"), from_arrow(table, origin="t")
    # then texts come in the order of the rows, each once, as from a table in one part
    assert cells_of(found, "a") == values
    for name, cells in whole.columns.items():
        assert found.columns[name].texts == cells.texts
        assert (found.columns[name].codes == cells.codes).all()


@pytest.mark.parametrize("size", [7, 1000])
def test_a_fault_has_its_row_in_the_file_in_whatever_row_group(tmp_path: Path, size: int) -> None:
    members = builders.members(60).astype({MONTHS: float})
    members.loc[[3, 41], MONTHS] = 1.5, 1000
    members.loc[[20, 50], NUMBER] = "twice"
    members.to_parquet(tmp_path / "t.parquet", row_group_size=size)

    with pytest.raises(RejectedTable) as found:
        check_table(read_raw_table(tmp_path / "t.parquet"), builders.schema(), origin="t")

    assert {(issue.check, issue.rows, issue.count) for issue in found.value.issues} == {
        ("not unique", (22, 52), 2), ("out of range", (43,), 1), ("not a whole number", (5,), 1),
    }  # fmt: skip


def test_a_table_without_rows_has_its_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "t.parquet")

    found = read_raw_table(tmp_path / "t.parquet")

    assert (list(found.columns), found.rows) == (["a"], 0)


def test_a_column_of_lists_and_a_name_given_twice_are_refused(tmp_path: Path) -> None:
    for problem, columns, names in (
        ("column c: holds list", [[[1], [2]]], ["c"]),
        ("column c: twice in the header", [[1, 2], [3, 4]], ["c", "c"]),
    ):
        pq.write_table(pa.table(columns, names=names), tmp_path / "t.parquet")
        with pytest.raises(UserError, match=problem):
            read_raw_table(tmp_path / "t.parquet")


def test_a_file_that_is_cut_off_is_no_table(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": list(range(1000))}), tmp_path / "t.parquet", row_group_size=100)
    whole = (tmp_path / "t.parquet").read_bytes()
    for content in (whole[:-9], whole[:4] + bytes(400) + whole[404:]):  # its end, its first cells
        (tmp_path / "t.parquet").write_bytes(content)
        with pytest.raises(UserError, match="not a whole Parquet file"):
            read_raw_table(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    "values", [pa.array([[1], [2]]), pa.array([{"a": 1}]), pa.array([b"\xff"])]
)
def test_what_is_no_cell_is_refused_by_column(values: pa.Array) -> None:
    with pytest.raises(UserError, match=r"x: column c: holds .*; expected numbers, text or dates"):
        from_arrow(pa.table({"c": values}), origin="x")


def test_a_sample_is_spread_over_the_table() -> None:
    raw_table = from_arrow(pa.table({"a": [str(n) for n in range(100)]}), origin="x")
    assert cells_of(raw_table.sample(3), "a") == ["0", "49", "99"]
    assert raw_table.sample(100) is raw_table
