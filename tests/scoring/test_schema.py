"""The schema: what it refuses, in which words, and what it derives."""

import json

import numpy as np
import pandas as pd
import pytest

from scoring.errors import UserError
from scoring.schema import UNIQUE_ROLES, Schema, parse_schema
from stages.core.yamlfile import load_schema
from stages.tables.checks import check_table
from tests import builders
from tests.builders import BRANCH, DAYS, FEE, GENDER, LEFT, MONTHS, NUMBER, PAID, SINCE, SIZE
from tests.places import HERE


def rejection(content) -> str:
    """The message with which a schema is refused, known to be one line."""
    with pytest.raises(UserError) as caught:
        parse_schema(content, origin="club.yaml")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("club.yaml: ")
    return message


def changed(name: str, **fields) -> dict:
    return builders.content(**{name: fields})


# --- what it knows -----------------------------------------------------------------------------


def test_schema_of_the_repository_is_valid():
    schema = load_schema(HERE.schema)
    assert schema.target.positive in schema.target.values
    assert schema.id_name is not None


@pytest.mark.parametrize("variant", builders.VARIANTS)
def test_inputs_are_all_modelable_columns_but_id_and_target(variant):
    schema = builders.schema(variant)
    expected = [
        column.name
        for column in schema.columns
        if column.kind in ("integer", "number", "category") and column.name not in (NUMBER, LEFT)
    ]
    assert [column.name for column in schema.inputs] == expected
    together = {c.name for c in (*schema.numeric_inputs, *schema.category_inputs)}
    assert together == set(expected)
    assert len(schema.numeric_inputs) + len(schema.category_inputs) == len(expected)


DAYS_SINCE = {"name": "Tage", "kind": "integer", "from_date": SINCE, "part": "days_since"}


def dated(*, snapshot: str | None = "2026-10-31", **changes) -> dict:
    """The club's schema with a column made of a date."""
    content = builders.content()
    content["columns"].append(DAYS_SINCE | changes)
    return content | ({"snapshot": snapshot} if snapshot else {})


def test_a_part_of_a_date_is_an_input_that_no_table_holds():
    schema = parse_schema(dated(), origin="club.yaml")
    assert "Tage" in [column.name for column in schema.numeric_inputs]
    assert "Tage" not in schema.in_table
    assert SINCE in [column.name for column in schema.asked]
    assert "Tage" not in [column.name for column in schema.asked]
    # and a schema without one asks for its inputs, and for no day
    assert builders.schema().asked == builders.schema().inputs
    assert not builders.schema().counts_days
    assert parse_schema(dated(part="month", snapshot=None), origin="x").counts_days is False


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (dated(snapshot=None), "days are counted from `snapshot`"),
        (dated(snapshot="soon"), "snapshot: "),
        (dated(from_date="Nie"), "column Tage: `from_date` is Nie; expected a column of kind date"),
        (dated(from_date=FEE), "expected a column of kind date"),
        (dated(kind="number"), "column Tage: a `part` of a date is of kind integer"),
        (dated(part=None), "`from_date` and `part` belong together"),
        (dated(part="year"), "column Tage, field part: "),
    ],
)
def test_a_part_that_cannot_be_made_is_refused(content, words):
    assert words in rejection(content)


def test_a_part_of_a_date_that_may_be_blank_may_be_blank():
    content = dated()
    next(c for c in content["columns"] if c["name"] == SINCE)["missing"] = True
    assert "column Tage: may be blank" in rejection(content)


def test_roles_are_found_and_their_absence_is_none():
    assert builders.schema().role("tenure").name == MONTHS
    assert builders.schema("no_tenure").role("tenure") is None
    assert builders.schema().id_name == NUMBER
    assert builders.schema("no_id").id_name is None


def test_column_is_found_by_name_and_an_unknown_one_is_a_key_error():
    schema = builders.schema()
    assert schema[FEE].unit == "€"
    with pytest.raises(KeyError, match="Telefon"):
        schema["Telefon"]


def test_labels_are_text_even_of_numbers():
    assert builders.schema()[BRANCH].labels == ("1", "2", "3")


def test_churned_marks_the_positive_value_only():
    schema = builders.schema()
    churned = schema.churned(pd.DataFrame({LEFT: ["ja", "nein", "ja"]}))
    np.testing.assert_array_equal(churned, [1, 0, 1])
    assert churned.dtype == np.int8


def test_positive_may_be_either_value():
    schema = builders.schema(**{LEFT: {"positive": "nein"}})
    np.testing.assert_array_equal(schema.churned(pd.DataFrame({LEFT: ["ja", "nein"]})), [0, 1])


def test_numeric_target_is_compared_as_text():
    schema = builders.schema(**{LEFT: {"values": [0, 1], "positive": 1}})
    np.testing.assert_array_equal(schema.churned(pd.DataFrame({LEFT: ["1", "0"]})), [1, 0])


def test_expected_names_the_bounds_the_unit_and_the_values():
    schema = builders.schema()
    assert schema[FEE].expected == "a number from 0 to 500 €"
    assert schema[PAID].expected == "a number from 0 to any"
    assert schema[MONTHS].expected == "a whole number from 0 to 99 Monate"
    assert schema[SIZE].expected == "one of klein, mittel, groß"
    assert schema[NUMBER].expected == "a text"


def test_json_of_a_schema_gives_the_schema_back():
    schema = builders.schema()
    content = json.loads(json.dumps(schema.model_dump(mode="json", exclude_defaults=True)))
    assert Schema.model_validate(content) == schema


# --- what it refuses ---------------------------------------------------------------------------


@pytest.mark.parametrize("role", UNIQUE_ROLES)
def test_role_of_one_column_only_is_refused_on_a_second(role):
    content = builders.content(**{SINCE: {"roles": ["period"]}})
    holder = parse_schema(content, origin="club.yaml").role(role).name
    content["columns"].append({**builders.column(holder), "name": "zweite", "roles": [role]})
    message = rejection(content)
    assert role in message
    assert holder in message
    assert "zweite" in message


def test_schema_without_a_target_is_refused():
    content = builders.content()
    content["columns"] = [column for column in content["columns"] if column["name"] != LEFT]
    assert "no column has the role target" in rejection(content)


def test_target_needs_two_values_or_more():
    assert "two `values` or more" in rejection(changed(LEFT, values=["ja"]))
    several = parse_schema(changed(LEFT, values=["nein", "vielleicht", "ja"]), origin="club.yaml")
    assert several.target.positive == "ja"


@pytest.mark.parametrize("name", [builders.NUMBER, builders.GENDER, builders.LEFT])
def test_what_no_business_changes_cannot_be_changeable(name):
    roles = [*builders.COLUMNS[name]["roles"], "changeable"]
    words = rejection(changed(name, roles=roles))
    assert f"column {name}: no business changes" in words


def test_columns_that_a_business_can_change_are_those_marked():
    assert [column.name for column in builders.schema().changeable] == [builders.PAYS, builders.FEE]


def test_target_with_one_value_named_twice_is_refused():
    assert LEFT in rejection(changed(LEFT, values=["ja", "ja"]))


@pytest.mark.parametrize("positive", [None, "vielleicht"])
def test_target_needs_a_positive_among_its_values(positive):
    message = rejection(changed(LEFT, positive=positive))
    assert f"column {LEFT}" in message
    assert "positive" in message


def test_unknown_key_is_refused_with_column_and_field():
    message = rejection(changed(SIZE, colour="blue"))
    assert f"column {SIZE}, field colour" in message


def test_unknown_key_next_to_the_columns_is_refused():
    assert "tables" in rejection(builders.content() | {"tables": []})


def test_unknown_kind_is_refused_with_column_and_field():
    assert f"column {FEE}, field kind" in rejection(changed(FEE, kind="money"))


def test_unknown_role_is_refused_with_column_and_field():
    assert f"column {FEE}, field roles.0" in rejection(changed(FEE, roles=["favourite"]))


def test_column_without_a_name_is_refused_by_its_number():
    content = builders.content()
    del content["columns"][3]["name"]
    assert "column number 4, field name" in rejection(content)


def test_entry_that_is_no_mapping_is_refused_by_what_it_says():
    content = builders.content()
    content["columns"][0] = "Telefon"
    assert "column Telefon" in rejection(content)


def test_columns_named_twice_are_refused_by_name():
    content = builders.content()
    content["columns"] += [builders.column(DAYS), builders.column(GENDER)]
    message = rejection(content)
    assert DAYS in message
    assert GENDER in message


@pytest.mark.parametrize(
    ("name", "fields", "word"),
    [
        (SIZE, {"values": []}, "values"),
        (FEE, {"values": [1, 2]}, "values"),
        (NUMBER, {"minimum": 0}, "minimum"),
        (SIZE, {"maximum": 3}, "maximum"),
    ],
)
def test_field_that_does_not_belong_to_the_kind_is_refused(name, fields, word):
    message = rejection(changed(name, **fields))
    assert f"column {name}" in message
    assert word in message


@pytest.mark.parametrize("content", [None, [], "text", {"columns": {"a": 1}}, {"columns": None}])
def test_content_of_another_shape_is_refused(content):
    rejection(content)


# --- what would otherwise fail later, without a name --------------------------------------------


@pytest.mark.parametrize("role", ["tenure", "monthly_value", "total_value"])
def test_role_that_needs_a_number_is_refused_on_another_kind(role):
    content = builders.content("categories")
    content["columns"].append({"name": "Stufe", "kind": "text", "roles": [role]})
    assert "Stufe" in rejection(content)


def test_value_named_twice_in_a_category_is_refused():
    assert f"column {BRANCH}" in rejection(changed(BRANCH, values=[1, 2, "1"]))


def test_range_from_high_to_low_is_refused():
    assert f"column {FEE}" in rejection(changed(FEE, minimum=10, maximum=1))


def test_target_that_may_be_blank_is_refused():
    # a blank would count as "stayed"
    assert f"column {LEFT}" in rejection(changed(LEFT, missing=True))


def test_column_that_is_both_id_and_target_is_refused():
    assert f"column {LEFT}" in rejection(changed(LEFT, roles=["id", "target"]))


def test_schema_without_any_input_is_refused():
    rejection({"columns": [builders.column(NUMBER), builders.column(LEFT)]})


def test_booleans_are_values_whose_labels_a_csv_spells_as_it_likes():
    content = builders.content()
    content["columns"].append({"name": "aktiv", "kind": "category", "values": [False, True]})
    club = parse_schema(content, origin="club.yaml")
    assert club["aktiv"].labels == ("False", "True")
    table = builders.as_text(builders.customers(rows=60))
    table["aktiv"] = ["true", "FALSE", "True"] * 20
    checked = check_table(builders.raw_table(table), club, origin="club.csv")
    assert set(checked.customers["aktiv"]) == {"False", "True"}
    assert not [warning for warning in checked.warnings if warning.column == "aktiv"]


# --- several rows of a customer, several outcomes -------------------------------------------------


def test_only_an_id_may_be_repeated():
    assert f"column {LEFT}" in rejection(changed(LEFT, repeated=True))
    assert parse_schema(changed(NUMBER, repeated=True), origin="club.yaml")[NUMBER].repeated


def test_a_period_is_no_input():
    club = parse_schema(changed(SINCE, roles=["period"]), origin="club.yaml")
    assert club.role("period").name == SINCE
    months = parse_schema(changed(DAYS, roles=["period"]), origin="club.yaml")
    assert DAYS not in [column.name for column in months.inputs]


def test_a_value_cannot_be_learned_from_and_left_out():
    assert f"column {LEFT}" in rejection(changed(LEFT, left_out=["ja"]))
    assert f"column {DAYS}" in rejection(changed(DAYS, left_out=[3]))
