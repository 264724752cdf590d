"""Files with the same bytes for the same content."""

import json
import time
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from scoring.errors import UserError
from stages.core.files import (
    read_sample,
    read_table,
    row_count,
    write_csv,
    write_json,
    write_table,
    write_tables,
)
from tests import builders


def test_table_comes_back_as_it_was(tmp_path):
    customers = builders.customers(rows=50)
    write_table(tmp_path / "a" / "t.parquet", customers)
    pd.testing.assert_frame_equal(read_table(tmp_path / "a" / "t.parquet"), customers)


def test_bytes_are_those_of_the_rows_and_not_of_the_moment(tmp_path, monkeypatch):
    customers = builders.customers(rows=50)
    write_table(tmp_path / "one.parquet", customers)
    monkeypatch.setattr(time, "time", lambda: 4e9)
    write_table(tmp_path / "other.parquet", customers.copy())
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "other.parquet").read_bytes()


def test_bytes_do_not_depend_on_the_index_or_on_what_was_there(tmp_path):
    customers, path = builders.customers(rows=50), tmp_path / "t.parquet"
    write_table(path, builders.customers(rows=90))
    write_table(path, customers.set_axis(range(100, 150), axis=0))
    write_table(tmp_path / "fresh.parquet", customers)
    assert path.read_bytes() == (tmp_path / "fresh.parquet").read_bytes()


def test_other_rows_are_other_bytes(tmp_path):
    write_table(tmp_path / "one.parquet", builders.customers(rows=50))
    write_table(tmp_path / "other.parquet", builders.shuffled(builders.customers(rows=50)))
    assert (tmp_path / "one.parquet").read_bytes() != (tmp_path / "other.parquet").read_bytes()


def test_file_carries_no_metadata_of_pandas(tmp_path):
    write_table(tmp_path / "t.parquet", builders.customers(rows=5))
    assert not pq.read_schema(tmp_path / "t.parquet").metadata


def test_tables_are_written_one_after_the_other_as_they_come(tmp_path):
    customers, path, drawn = builders.features(rows=50), tmp_path / "t.parquet", []

    def parts():
        for start in range(0, 50, 10):
            drawn.append(start)
            yield customers[start : start + 10]

    assert write_tables(path, parts()) == 50
    assert drawn == [0, 10, 20, 30, 40]
    pd.testing.assert_frame_equal(read_table(path), customers)


def test_column_absent_in_the_first_part_only_is_kept(tmp_path):
    parts = [pd.DataFrame({"a": pd.Series([None, None], dtype=object)}), pd.DataFrame({"a": ["x"]})]
    write_tables(tmp_path / "t.parquet", parts)
    assert list(read_table(tmp_path / "t.parquet")["a"]) == [None, None, "x"]


def test_file_is_closed_even_when_a_part_fails(tmp_path):
    def parts():
        yield pd.DataFrame({"a": [1]})
        raise UserError("no more customers")

    closed = []
    with pytest.MonkeyPatch.context() as patch:
        close = pq.ParquetWriter.close
        patch.setattr(pq.ParquetWriter, "close", lambda self: (closed.append(1), close(self)))
        with pytest.raises(UserError):
            write_tables(tmp_path / "t.parquet", parts())
        assert closed, "the writer complains on stderr when it is collected"


def test_nothing_to_write_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no table"):
        write_tables(tmp_path / "t.parquet", [])


def test_some_columns_can_be_read(tmp_path):
    customers = builders.customers(rows=5)
    write_table(tmp_path / "t.parquet", customers)
    chosen = [builders.FEE, builders.SIZE]
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet", chosen), customers[chosen])


def test_csv_has_six_digits_and_no_index(tmp_path):
    write_csv(tmp_path / "a" / "t.csv", pd.DataFrame({"n": [1, 2], "x": [1 / 3, 123456.789]}))
    assert (tmp_path / "a" / "t.csv").read_bytes() == b"n,x\n1,0.333333\n2,123457\n"


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|'/C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1", "-", "--1"]
)
def test_csv_holds_no_formula(tmp_path, cell):
    table = pd.DataFrame({"text": [cell, "plain"], "coded": pd.Categorical([cell, "plain"])})
    write_csv(tmp_path / "t.csv", table)
    back = pd.read_csv(tmp_path / "t.csv")
    escaped = "'" + cell.replace("\r", "\n")
    assert list(back["text"]) == list(back["coded"]) == [escaped, "plain"]


def test_csv_names_no_formula_and_leaves_numbers_alone(tmp_path):
    table = pd.DataFrame({"=x": [-1, 2], "y": [-0.5, 1e-9], "z": ["-1", "+2.5e-3"], "t": [True, 0]})
    write_csv(tmp_path / "t.csv", table)
    assert (tmp_path / "t.csv").read_text() == ("'=x,y,z,t\n-1,-0.5,-1,True\n2,1e-09,+2.5e-3,0\n")
    assert list(table) == ["=x", "y", "z", "t"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.nan])
def test_json_refuses_what_is_no_number(tmp_path, value):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "m.json", {"test": {"roc_auc": value}})
    assert not (tmp_path / "m.json").exists()


def test_json_is_readable_and_comes_back(tmp_path):
    content = {"winner": "Käse", "cv": {"roc_auc": 0.1}}
    write_json(tmp_path / "a" / "m.json", content)
    text = (tmp_path / "a" / "m.json").read_text(encoding="utf-8")
    assert json.loads(text) == content
    assert "Käse" in text
    assert text.endswith("}\n")
    assert len(text.splitlines()) == 6


@pytest.mark.parametrize("rows", [0, 1, 7, 100, 1000])
def test_a_sample_is_spread_evenly_and_a_short_table_comes_whole(tmp_path, rows):
    path = tmp_path / "table.parquet"
    parts = [pd.DataFrame({"number": range(i, min(i + 64, rows))}) for i in range(0, rows, 64)]
    write_tables(path, parts or [pd.DataFrame({"number": pd.Series(dtype="int64")})])
    found = list(read_sample(path, most=100)["number"])
    assert row_count(path) == rows
    assert len(found) == min(rows, 100)
    if rows > 1:
        assert (found[0], found[-1]) == (0, rows - 1)
        steps = {after - before for before, after in pairwise(found)}
        assert max(steps) - min(steps) <= 1


def test_rows_with_some_values_are_read_alone(tmp_path):
    table = pd.DataFrame({"id": ["a", "b", "c", "b"], "number": [1, 2, 3, 4]})
    write_table(tmp_path / "table.parquet", table)

    found = read_table(tmp_path / "table.parquet", where=("id", ["b", "z"]))

    assert found.to_dict("list") == {"id": ["b", "b"], "number": [2, 4]}
