"""Exploration: segments, leaks that are found and noise that is not."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from scoring.schema import Schema, parse_schema
from stages.exploration.explore import (
    data_summary,
    missingness,
    segments,
    single_column_auc,
    suspected_leaks,
    tenure_curve,
    write_summary,
)
from tests import builders
from tests.builders import BRANCH, DAYS, FEE, GENDER, LEFT, MONTHS, PAID, PAYS, SIZE, left

few = settings(max_examples=15, deadline=None, derandomize=True)
LEAK = 0.95
letters = st.lists(st.sampled_from("abc"), min_size=5, max_size=60)


@pytest.fixture(scope="module")
def customers():
    return builders.customers(rows=1000)


def with_column(customers: pd.DataFrame, cells, /, **fields) -> tuple[pd.DataFrame, Schema]:
    """The customers and their schema with one more column, `neu`."""
    content = builders.content()
    content["columns"].append({"name": "neu", **fields})
    return customers.assign(neu=cells), parse_schema(content, origin="club.yaml")


# --- rates -------------------------------------------------------------------------------------


def test_segments_are_the_categories_in_the_schemas_order(customers):
    tables = segments(customers, builders.schema(), max_levels=12)
    assert list(tables) == [BRANCH, SIZE, PAYS, GENDER]
    assert list(tables[SIZE].index) == ["klein", "mittel", "groß"]
    for name, table in tables.items():
        assert table["customers"].sum() == customers[name].notna().sum()


def test_columns_of_many_values_are_left_out_of_the_segments(customers):
    assert list(segments(customers, builders.schema(), max_levels=2)) == []
    assert (
        list(segments(builders.customers("numbers"), builders.schema("numbers"), max_levels=9))
        == []
    )


def test_tenure_curve_covers_everybody_and_rises_along_tenure(customers):
    curve = tenure_curve(customers, builders.schema())
    assert curve["customers"].sum() == len(customers)
    assert curve["x"].is_monotonic_increasing
    assert ((curve["low"] <= curve["value"]) & (curve["value"] <= curve["high"])).all()
    # members leave early: the builder says so
    assert curve["value"].iloc[0] > curve["value"].iloc[-1]


def test_no_tenure_no_curve():
    assert tenure_curve(builders.customers("no_tenure"), builders.schema("no_tenure")) is None


def test_tenure_of_one_value_is_one_point(customers):
    curve = tenure_curve(customers.assign(**{MONTHS: 5}), builders.schema())
    assert list(curve["x"]) == [5]
    assert list(curve["customers"]) == [len(customers)]


def test_unknown_tenure_does_not_spoil_the_curve(customers):
    tenure = customers[MONTHS].where(np.arange(len(customers)) >= 10).astype(float)
    schema = builders.schema(**{MONTHS: {"missing": True}})
    curve = tenure_curve(customers.assign(**{MONTHS: tenure}), schema)
    assert curve["customers"].sum() == len(customers) - 10
    assert curve.notna().all(axis=None)


# --- missingness -------------------------------------------------------------------------------


def test_missingness_counts_blanks_and_compares_churn(customers):
    table = missingness(customers, builders.schema())
    assert set(table.index) == set(customers.columns[customers.isna().any()])
    absent = customers[DAYS].isna().to_numpy()
    row = table.loc[DAYS]
    assert row["absent"] == absent.sum()
    assert row["share"] == absent.mean()
    assert row["churn rate where absent"] == pytest.approx(left(customers)[absent].mean())
    assert row["churn rate elsewhere"] == pytest.approx(left(customers)[~absent].mean())


def test_nothing_absent_is_an_empty_table(customers):
    complete = customers.fillna({DAYS: 0, PAID: 0, PAYS: "Karte", builders.REMARK: "-"})
    assert missingness(complete, builders.schema()).empty


def test_column_that_is_absent_throughout_is_reported(customers):
    table = missingness(customers.assign(**{DAYS: np.nan}), builders.schema())
    assert table.loc[DAYS, "absent"] == len(customers)


# --- leaks -------------------------------------------------------------------------------------


def test_every_input_has_a_strength_strongest_first(customers):
    strength = single_column_auc(customers, builders.schema())
    assert set(strength.index) == {c.name for c in builders.schema().inputs}
    assert strength.between(0.5, 1).all()
    assert strength.is_monotonic_decreasing


def test_honest_columns_are_not_suspected(customers):
    strength = single_column_auc(customers, builders.schema())
    assert suspected_leaks(strength, leak_auc=LEAK) == []


def leaks(customers: pd.DataFrame, schema: Schema) -> list[str]:
    return suspected_leaks(single_column_auc(customers, schema), leak_auc=LEAK)


def test_planted_category_that_tells_the_target_is_named(customers):
    values = np.where(left(customers), "geschlossen", "offen")
    found = leaks(*with_column(customers, values, kind="category", values=["offen", "geschlossen"]))
    assert len(found) == 1
    assert found[0].startswith("neu ")


@pytest.mark.parametrize("sign", [1, -1])
def test_planted_number_that_tells_the_target_is_named(customers, sign):
    noise = np.random.default_rng(0).normal(size=len(customers))
    (found,) = leaks(*with_column(customers, sign * 5 * left(customers) + noise, kind="number"))
    assert found.startswith("neu ")


def test_category_filled_in_only_for_those_who_left_is_named(customers):
    reason = np.where(left(customers), "zu teuer", None)
    values = {"kind": "category", "values": ["zu teuer", "anderes"], "missing": True}
    (found,) = leaks(*with_column(customers, reason, **values))
    assert found.startswith("neu ")


def test_number_filled_in_only_for_those_who_left_is_named(customers):
    # the usual leak: the date or fee of the cancellation, blank for whoever stayed
    fee = np.where(left(customers), np.random.default_rng(0).uniform(0, 50, len(customers)), np.nan)
    found = leaks(*with_column(customers, fee, kind="number", missing=True))
    assert len(found) == 1
    assert found[0].startswith("neu ")


def test_noise_with_many_values_is_not_suspected(customers):
    values = [f"w{i}" for i in range(400)]
    noise = np.random.default_rng(0).choice(values, len(customers))
    changed, schema = with_column(customers, noise, kind="category", values=values)
    assert single_column_auc(changed, schema)["neu"] < 0.6
    assert leaks(changed, schema) == []


def test_threshold_of_suspicion_is_the_one_given(customers):
    strength = single_column_auc(customers, builders.schema())
    named = suspected_leaks(strength, leak_auc=float(strength.iloc[1]))
    assert [text.split(" alone ")[0] for text in named] == list(strength.index[:2])


@pytest.mark.parametrize("change", [{FEE: 9.0}, {DAYS: np.nan}, {BRANCH: "1"}, {PAYS: None}])
def test_column_without_variation_separates_nothing(customers, change):
    strength = single_column_auc(customers.assign(**change), builders.schema())
    # of a category only the halves' base rates are left
    assert strength[next(iter(change))] == pytest.approx(0.5, abs=0.05)


# --- Evidently's summary -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def summary(customers):
    return data_summary(customers, builders.schema())


def test_figures_of_numbers_agree_with_pandas(customers, summary):
    for name, row in summary.numbers.iterrows():
        values = customers[name]
        expected = {
            "minimum": values.min(),
            "median": values.median(),
            "maximum": values.max(),
            "mean": values.mean(),
            "standard deviation": values.std(),
            "lower quartile": values.quantile(0.25),
            "upper quartile": values.quantile(0.75),
        }
        assert row.to_dict() == pytest.approx(expected, rel=0.02), name
    assert list(summary.numbers.index) == [c.name for c in builders.schema().numeric_inputs]


def test_the_ends_of_a_sensitive_number_are_nobodys_business(customers):
    private = builders.schema(**{FEE: {"roles": ["sensitive"]}})
    numbers = data_summary(customers, private).numbers
    assert numbers.loc[FEE, ["minimum", "maximum"]].isna().all()
    assert numbers.drop(index=FEE).notna().all(axis=None)
    assert numbers.loc[FEE, "median"] == pytest.approx(customers[FEE].median(), rel=0.02)


def test_figures_of_categories_agree_with_pandas(customers, summary):
    assert list(summary.categories.index) == [BRANCH, SIZE, PAYS, GENDER, LEFT]
    for name, row in summary.categories.iterrows():
        counts = customers[name].value_counts()
        assert row["most frequent"] == counts.index[0], name
        assert row["absent"] == customers[name].isna().sum()
        assert row["values"] == customers[name].nunique(), name
        assert row["its share"] == pytest.approx(counts.iloc[0] / len(customers), abs=0.06)


def test_figures_of_the_table_agree_with_pandas(customers, summary):
    assert summary.table["rows"] == len(customers)
    assert summary.table["empty rows"] == 0
    assert summary.table["constant columns"] == 0
    twice = pd.concat([customers, customers.head(20)], ignore_index=True)
    twice[BRANCH] = "1"
    found = data_summary(twice, builders.schema()).table
    inputs = [c.name for c in builders.schema().inputs] + [LEFT]
    assert found["duplicate rows, ignoring the id"] == twice[inputs].duplicated().sum()
    assert found["constant columns"] == 1


@pytest.mark.parametrize("variant", ["categories", "numbers", "no_id"])
def test_summary_can_be_taken_of_every_kind_of_schema(variant):
    schema = builders.schema(variant)
    found = data_summary(builders.customers(variant), schema)
    assert list(found.numbers.index) == [c.name for c in schema.numeric_inputs]
    assert list(found.categories.index) == [c.name for c in schema.category_inputs] + [LEFT]


def test_column_that_is_absent_throughout_does_not_spoil_the_summary(customers):
    found = data_summary(customers.assign(**{DAYS: np.nan, PAYS: None}), builders.schema())
    assert found.categories.loc[PAYS, "absent"] == len(customers)
    assert found.table["empty columns"] == 2


@pytest.mark.parametrize("variant", ["categories", "numbers", "no_id"])
def test_summary_is_kept_as_it_is_shown(variant, tmp_path):
    # given a table in which some column is absent throughout
    schema = builders.schema(variant)
    customers = builders.customers(variant)
    absent = schema.inputs[0]
    nothing = np.nan if absent.is_numeric else None
    found = data_summary(customers.assign(**{absent.name: nothing}), schema)
    # when it is written
    write_summary(found, tmp_path / "summary.json")
    kept = json.loads((tmp_path / "summary.json").read_text())
    # then every figure is there, and what a column has not is null
    assert kept["table"] == found.table.to_dict()
    for part in ("numbers", "categories"):
        shown = getattr(found, part)
        assert list(kept[part]) == list(shown.index)
        for name, row in shown.iterrows():
            expected = {k: None if pd.isna(v) else v for k, v in row.items()}
            assert kept[part][name] == pytest.approx(expected, nan_ok=True), name


def test_summary_is_the_same_twice(customers, summary):
    again = data_summary(customers, builders.schema())
    pd.testing.assert_frame_equal(again.numbers, summary.numbers)
    pd.testing.assert_frame_equal(again.categories, summary.categories)
    pd.testing.assert_series_equal(again.table, summary.table)
