"""Validation on intake: every error at once, with its rows; a good table in canonical types."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.errors import UserError
from stages.tables.checks import table_schema
from stages.tables.delimited import FIRST_ROW
from tests import builders
from tests.builders import BRANCH, DAYS, FEE, GENDER, LEFT, MONTHS, NUMBER, PAID, PAYS, REMARK, SIZE

few = settings(max_examples=8, deadline=None, derandomize=True)


def raw(rows: int = 20, variant: str = "full") -> pd.DataFrame:
    """A valid table as read from a CSV."""
    return builders.as_text(builders.customers(variant, rows))


def broken(cells: dict[tuple[int, str], str], rows: int = 20) -> pd.DataFrame:
    """A valid table with the cells (spreadsheet row, column) replaced."""
    table = raw(rows)
    for (row, name), text in cells.items():
        table.loc[row - FIRST_ROW, name] = text
    return table


def rejection(table: pd.DataFrame, **changes) -> UserError:
    with pytest.raises(UserError) as caught:
        builders.check(table, builders.schema(**changes))
    return caught.value


def last_line(error: UserError) -> str:
    return str(error).splitlines()[-1]


# --- a good table ------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", builders.VARIANTS)
def test_valid_table_passes_and_has_the_values_of_the_text(variant):
    customers = builders.customers(variant, 50)
    checked = builders.check(builders.as_text(customers), builders.schema(variant))
    pd.testing.assert_frame_equal(checked, customers)


def test_types_are_canonical():
    types = builders.check(raw(), builders.schema()).dtypes
    assert types[MONTHS] == np.int64
    assert all(types[name] == np.float64 for name in (FEE, PAID, DAYS))
    assert all(types[name].kind == "O" for name in (NUMBER, BRANCH, SIZE, PAYS, REMARK, LEFT))


def test_whole_numbers_that_may_be_absent_are_float():
    table = broken({(3, MONTHS): ""})
    schema = builders.schema(**{MONTHS: {"missing": True}})
    months = builders.check(table, schema)[MONTHS]
    assert months.dtype == np.float64
    assert list(np.flatnonzero(months.isna())) == [1]


def test_blanks_become_absent_where_allowed():
    table = broken({(2, PAYS): "", (3, DAYS): "", (4, REMARK): "   "})
    checked = builders.check(table, builders.schema())
    assert checked.loc[0, PAYS] is None
    assert np.isnan(checked.loc[1, DAYS])
    assert checked.loc[2, REMARK] is None


def test_space_around_a_cell_is_not_part_of_it():
    table = broken({(2, SIZE): " klein ", (3, MONTHS): " 7 ", (4, NUMBER): "\tK\n"})
    checked = builders.check(table, builders.schema())
    assert (checked.loc[0, SIZE], checked.loc[1, MONTHS], checked.loc[2, NUMBER]) == (
        "klein",
        7,
        "K",
    )


def test_columns_come_in_the_schemas_order_and_unexpected_ones_are_dropped():
    table = raw()
    table["Telefon"] = "1"
    backwards = table[table.columns[::-1]]
    checked = builders.check(backwards, builders.schema())
    pd.testing.assert_frame_equal(checked, builders.check(raw(), builders.schema()))


def test_table_that_was_given_is_left_alone():
    table = broken({(2, SIZE): " klein "})
    before = table.copy(deep=True)
    builders.check(table, builders.schema())
    pd.testing.assert_frame_equal(table, before)


def test_bounds_are_included():
    table = broken({(2, FEE): "0", (3, FEE): "500"})
    assert list(builders.check(table, builders.schema())[FEE][:2]) == [0, 500]


def test_column_without_bounds_takes_any_finite_number():
    table = broken({(2, PAID): "1e12"})
    assert builders.check(table, builders.schema()).loc[0, PAID] == 1e12
    assert "out of range" in str(rejection(broken({(2, PAID): "inf"})))


# --- every kind of error -----------------------------------------------------------------------

FAULTS = [
    (FEE, "abc", "not a number"),
    (FEE, "12,50", "not a number"),
    (FEE, "nan", "blank"),
    (FEE, "501", "out of range"),
    (FEE, "-0.01", "out of range"),
    (FEE, "inf", "out of range"),
    (MONTHS, "1.5", "not a whole number"),
    (MONTHS, "100", "out of range"),
    (SIZE, "riesig", "unknown value"),
    (SIZE, "kleines", "unknown value"),
    (BRANCH, "1.5", "unknown value"),
    (LEFT, "vielleicht", "unknown value"),
    (LEFT, "", "blank"),
    (FEE, "", "blank"),
    (SIZE, " ", "blank"),
    (NUMBER, "", "blank"),
]


@pytest.mark.parametrize(("name", "cell", "check"), FAULTS)
def test_fault_is_named_with_column_row_value_and_what_was_expected(name, cell, check):
    error = rejection(broken({(5, name): cell}))
    line = last_line(error)
    assert line.startswith(f"club.csv: column {name}: {check}: row 5: {cell.strip()!r}; expected ")
    assert line.endswith(builders.schema()[name].expected)
    assert line == error.message


def test_date_that_is_none_is_found():
    # the schema says date; what is no date must not pass as one
    assert "Seit" in str(rejection(broken({(5, "Seit"): "irgendwann"})))


def test_every_row_with_a_repeated_id_is_counted():
    error = rejection(broken({(2, NUMBER): "K", (7, NUMBER): "K", (9, NUMBER): "K"}))
    assert "not unique: row 2: " in last_line(error)
    assert [f"row {row}: " in last_line(error) for row in (2, 7, 9, 8)] == [True] * 3 + [False]
    assert last_line(error).endswith("where a customer has several rows")


def test_identifying_and_sensitive_values_are_not_repeated():
    cells = {(2, NUMBER): "geheim", (7, NUMBER): "geheim", (4, GENDER): "vertraulich"}
    text = str(rejection(broken(cells)))
    assert "row 2" in text
    assert "row 4" in text
    assert "geheim" not in text
    assert "vertraulich" not in text


def test_repeated_cells_without_the_role_id_are_no_fault():
    table = raw(variant="no_id")
    twice = pd.concat([table, table], ignore_index=True)
    assert len(builders.check(twice, builders.schema("no_id"))) == 2 * len(table)


def test_all_faults_are_reported_at_once():
    cells = {(i + 2, name): cell for i, (name, cell, _) in enumerate(FAULTS)}
    details = rejection(broken(cells)).args[0].splitlines()
    for row, (name, _, check) in enumerate(FAULTS, start=2):
        lines = [line for line in details[1:-2] if line.split("  ")[1].strip() == name]
        assert any(check in line for line in lines), (row, name, check)
    assert f"(and {len({(n, c) for n, _, c in FAULTS}) - 1} more, listed above)" in details[-1]


def test_cell_that_is_not_a_number_is_reported_once():
    text = str(rejection(broken({(5, FEE): "abc"})))
    assert "blank" not in text
    assert "more, listed above" not in text


def test_first_rows_are_shown_and_the_rest_counted():
    error = rejection(broken({(row, FEE): "-1" for row in range(4, 11)}))
    expected = "row 4: '-1', row 5: '-1', row 6: '-1', … 4 more"
    assert expected in last_line(error)
    assert "7" in next(line for line in str(error).splitlines() if "out of range" in line)


@few
@given(rows=st.sets(st.integers(2, 21), min_size=1))
def test_fault_counts_and_rows_are_right_wherever_they_are(rows):
    error = rejection(broken({(row, SIZE): f"r{row}" for row in rows}))
    shown = sorted(rows)[:3]
    assert ", ".join(f"row {row}: 'r{row}'" for row in shown) in last_line(error)
    assert ("more;" in last_line(error)) == (len(rows) > 3)


def test_faults_come_in_the_order_of_the_columns():
    error = rejection(broken({(2, LEFT): "?", (3, BRANCH): "9", (4, SIZE): "?"}))
    named = [line.split()[0] for line in str(error).splitlines()[2:-2]]
    assert named == [BRANCH, SIZE.split()[0], LEFT.split()[0]]


def test_missing_columns_are_named_with_a_hint_at_unexpected_ones():
    table = raw().rename(columns={FEE: "beitrag"}).drop(columns=SIZE)
    error = rejection(table)
    assert f"column {SIZE}: column missing" in last_line(error)
    assert FEE in str(error)
    assert "'beitrag'" in str(error)


def test_table_without_rows_is_refused():
    assert "no rows" in str(rejection(raw().head(0)))


def test_column_of_blanks_is_refused_once_for_all():
    table = raw()
    table[SIZE] = ""
    assert f"column {SIZE}: blank in every row: whole column" in last_line(rejection(table))


def test_origin_and_remedy_are_named():
    error = rejection(broken({(2, SIZE): "?"}))
    assert str(error).startswith("club.csv: errors")
    assert "What to do:" in str(error)


def test_faults_of_a_column_are_found_in_one_pandera_pass(monkeypatch):
    passes = []
    columns = table_schema(builders.schema()).columns
    pandera_column = type(columns[NUMBER])
    validate = pandera_column.validate

    def counted(self, *arguments, **options):
        passes.append((self.name, options["lazy"]))
        return validate(self, *arguments, **options)

    monkeypatch.setattr(pandera_column, "validate", counted)
    rejection(broken({(i + 2, name): cell for i, (name, cell, _) in enumerate(FAULTS)}))
    assert passes == [(name, True) for name in builders.schema().names]


def test_pandera_schema_has_every_column_of_ours():
    assert list(table_schema(builders.schema()).columns) == builders.schema().names


@pytest.mark.parametrize("everybody", ["ja", "nein"])
def test_a_target_of_one_class_is_refused(everybody):
    table = builders.as_text(builders.members(40)).assign(**{LEFT: everybody})
    with pytest.raises(UserError, match=f"only '{everybody}'.*expected both nein and ja"):
        builders.check(table, builders.schema())
