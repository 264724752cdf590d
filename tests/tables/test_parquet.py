"""Parquet of any types, and Arrow's values, come in as text."""

from __future__ import annotations

import decimal
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scoring.errors import UserError
from stages.tables.intake import from_arrow, read_raw_table
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


def test_parquet_in_several_row_groups_is_one_table(tmp_path: Path) -> None:
    values = [f"v{place % 7}" for place in range(100)]
    pq.write_table(
        pa.table({"a": pa.array(values).dictionary_encode()}),
        tmp_path / "t.parquet",
        row_group_size=9,
    )
    assert cells_of(read_raw_table(tmp_path / "t.parquet"), "a") == values


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
