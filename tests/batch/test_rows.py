"""Rows under the schema: what adoption refuses is rejected, and nothing else."""

import json
from contextlib import nullcontext

import numpy as np
import pytest

from scoring.derive import raw_inputs
from scoring.schema import LARGEST_NUMBER
from scoring.yes_no import labels_of_booleans
from serving.document import example
from serving.exchange import RequestError
from serving.requests import Requests
from stages.batch.inputs import find_inputs, plan, read_block
from stages.batch.rows import check_rows, wanted
from stages.tables.checks import check_table
from stages.tables.intake import read_raw_table
from stages.tables.validation import RejectedTable
from tests import builders

CELLS = {
    builders.NUMBER: ["", " ", "K-1", "=1+1"],
    builders.BRANCH: ["1", " 2 ", "3.0", "4", "", "eins"],
    builders.SIZE: ["KLEIN", "riesig", "n/a", "groß"],
    builders.PAYS: ["", "rechnung", "Bar", "null"],
    builders.MONTHS: ["5", "5.0", "5.5", "100", "-1", "", "fünf", "1e2"],
    builders.FEE: ["10", "10.50", "501", "inf", "nan", "x"],
    builders.PAID: ["", "0", "-1", "1e300", "12.5"],
    builders.DAYS: ["", "400", "400.1", "heute"],
}
CASES = [(column, cell) for column, cells in CELLS.items() for cell in cells]


def _rows(table, schema, folder):
    table.to_csv(folder / "members.csv", index=False)
    return _rows_of(folder / "members.csv", schema)


def _rows_of(file, schema):
    files = find_inputs(str(file), file.parent)
    (chunk,) = [c for block in plan(files) for c in read_block(block, wanted(schema))]
    return check_rows(chunk, schema)


@pytest.mark.parametrize(("column", "cell"), CASES)
def test_a_cell_rejects_its_row_where_adoption_would_refuse_the_table(column, cell, tmp_path):
    schema = builders.schema()
    table = builders.as_text(builders.members(60, seed=7))
    table.loc[11, column] = cell
    try:
        builders.check(table, schema)
        is_refused = False
    except RejectedTable:
        is_refused = True

    rows = _rows(table, schema, tmp_path)

    assert [place for place, _ in rows.rejects] == ([13] if is_refused else [])
    assert all(f"column {column}: " in reason for _, reason in rows.rejects)


def test_what_is_not_rejected_is_read_as_at_adoption(tmp_path):
    schema = builders.schema()
    table = builders.as_text(builders.members(60, seed=7))
    table.loc[3, builders.SIZE], table.loc[4, builders.BRANCH] = " Klein", "2.0"
    adopted = builders.check(table, schema)
    expected = raw_inputs({c.name: adopted[c.name].to_numpy() for c in schema.inputs}, schema)

    rows = _rows(table, schema, tmp_path)

    assert np.array_equal(rows.numbers, expected.numbers, equal_nan=True)
    labels = [(*c.labels, "(missing)") for c in schema.category_inputs]
    found = [[labels[i][code] for i, code in enumerate(row)] for row in rows.codes]
    assert np.array_equal(np.array(found, object), expected.labels)
    assert sum(rows.warnings.values()) == 2


@pytest.mark.parametrize("written", ["7015040", "7015040.0", " 7015040 "])
def test_a_whole_number_as_id_is_read_as_at_adoption(written, tmp_path):
    schema = builders.schema()
    table = builders.as_text(builders.members(60, seed=7))
    table.loc[3, builders.NUMBER] = written
    adopted = builders.check(table, schema)

    rows = _rows(table, schema, tmp_path)

    assert rows.ids.to_pylist() == adopted[builders.NUMBER].tolist()
    assert rows.ids[3].as_py() == "7015040"


def test_numbers_as_people_write_them_are_read_from_parquet_as_from_a_csv(tmp_path):
    schema = builders.schema()
    table = builders.as_text(builders.members(60, seed=7))
    plain = _rows(table, schema, tmp_path)
    table[builders.FEE] = [f"€{float(fee):,.2f}" for fee in table[builders.FEE]]
    table.to_parquet(tmp_path / "members.parquet")

    rows = _rows_of(tmp_path / "members.parquet", schema)

    assert not rows.rejects
    assert np.allclose(rows.numbers, plain.numbers, atol=0.005, equal_nan=True)


def test_cells_of_ids_and_sensitive_columns_are_not_shown(tmp_path):
    schema = builders.schema()
    table = builders.as_text(builders.members(60, seed=7))
    table.loc[2, builders.GENDER] = "geheim"

    ((_, reason),) = _rows(table, schema, tmp_path).rejects

    assert "geheim" not in reason
    assert "(hidden)" in reason


ANSWERS = [
    (["Sim", "Não"], {"Sim": True, "Não": False}),
    (["No", "Yes"], {"Yes": True, "No": False}),
    ([0, 1], {"1": True, "0": False}),
    (["true", "false"], {"true": True, "false": False}),
    (["N", "J"], {"J": True, "N": False}),
]


@pytest.mark.parametrize(("values", "meant"), ANSWERS)
def test_a_boolean_means_yes_and_no_in_a_file_a_month_and_a_request(values, meant, tmp_path):
    # given a column of yes and no, in whatever language, and a table that has booleans there
    schema = builders.schema(**{builders.SIZE: {"values": values, "roles": []}})
    table = builders.members(60, seed=7)
    table[builders.SIZE] = [list(meant)[place % 3 == 0] for place in range(60)]
    expected = table[builders.SIZE].tolist()
    booleans = table.assign(**{builders.SIZE: table[builders.SIZE].map(meant).astype(bool)})
    booleans.to_parquet(tmp_path / "members.parquet")

    adopted = check_table(read_raw_table(tmp_path / "members.parquet"), schema, origin="t")
    rows = _rows_of(tmp_path / "members.parquet", schema)

    assert adopted.customers[builders.SIZE].tolist() == expected
    assert not rows.rejects
    place = [c.name for c in schema.category_inputs].index(builders.SIZE)
    assert [schema[builders.SIZE].labels[code] for code in rows.codes[:, place]] == expected
    # and the same in a request
    requests = Requests(schema, max_batch=60)
    member = example("/predict", schema)["features"]
    sent = [{**member, builders.SIZE: bool(each)} for each in booleans[builders.SIZE]]
    found, _ = requests.parse_many(json.dumps({"features": sent}).encode())
    assert [str(row[builders.SIZE]) for row in found] == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"values": ["klein", "groß"]},
        {"values": [1, 2]},
        {"values": ["Yes", "No", "No internet"]},
        {"values": ["Yes", "No"], "other": True},
        {"values": ["Yes", "Ja"]},
    ],
)
def test_a_boolean_means_nothing_elsewhere(changes, tmp_path):
    schema = builders.schema(**{builders.SIZE: {**changes, "roles": []}})
    assert labels_of_booleans(schema[builders.SIZE]) == {}
    if "other" not in changes:
        table = builders.members(60, seed=7).assign(**{builders.SIZE: True})
        table.to_parquet(tmp_path / "members.parquet")
        assert len(_rows_of(tmp_path / "members.parquet", schema).rejects) == 60


@pytest.mark.parametrize("number", ["1e18", "-1e19", "3e38", "3.5e38", "-1e39"])
def test_a_number_without_bounds_may_be_as_large_as_in_the_service(number, tmp_path):
    schema = builders.schema(**{builders.DAYS: {"minimum": None, "maximum": None}})
    table = builders.as_text(builders.members(60, seed=7))
    table.loc[11, builders.DAYS] = number
    member = {**example("/predict", schema)["features"], builders.DAYS: float(number)}
    body = json.dumps({"features": member}).encode()

    rows = _rows(table, schema, tmp_path)

    is_refused = abs(float(number)) > LARGEST_NUMBER
    assert [place for place, _ in rows.rejects] == ([13] if is_refused else [])
    with pytest.raises(RequestError) if is_refused else nullcontext():
        Requests(schema, max_batch=1).parse_one(body)
