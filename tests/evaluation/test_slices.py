"""Slices: every customer in one group per column, small groups named but not judged."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from scoring.schema import parse_schema
from stages.core import measures
from stages.core.measures import value
from stages.evaluation.slices import as_intervals, slices, too_small, worst_pairs
from stages.features.table import LABEL
from tests import builders
from tests.builders import BRANCH, GENDER, MONTHS, PAYS, SIZE

COLUMNS = [
    "column",
    "value",
    "sensitive",
    "customers",
    "churn_rate",
    "roc_auc",
    "recall",
    "calibration_in_the_large",
]


@pytest.fixture(scope="module")
def table(data):
    return slices(data)


def everyone(**changes):
    """EvaluationData under which the smallest group is judged."""
    return builders.evaluation_data(params=builders.evaluate_params(min_slice=1, **changes))


def counted(data) -> dict[str, int]:
    """Customers per column in the groups judged and the small ones."""
    judged = slices(data).groupby("column")["customers"].sum().to_dict()
    for text in too_small(data):
        column, count = re.fullmatch(r"(.*) = .* \((\d+)\)", text).groups()
        judged[column] = judged.get(column, 0) + int(count)
    return judged


@pytest.mark.parametrize("variant", ["full", "no_tenure", "categories"])
def test_every_customer_is_in_exactly_one_group_per_column(variant):
    data = builders.evaluation_data(variant)
    expected = [c.name for c in data.schema.category_inputs]
    tenure = data.schema.role("tenure")
    expected += [tenure.name] if tenure else []
    assert counted(data) == dict.fromkeys(expected, len(data.label))


def test_customers_with_an_absent_category_are_a_group_of_their_own():
    data = everyone()
    absent = (data.features[PAYS] == "(missing)").sum()
    assert absent > 0
    groups = slices(data).query("column == @PAYS")
    assert groups["customers"].sum() == len(data.label)


def test_customers_of_equal_tenure_are_still_counted():
    data = builders.evaluation_data()
    features = data.features.assign(**{MONTHS: np.float32(7)})
    alike = dataclasses.replace(data, features=features)
    assert counted(alike)[MONTHS] == len(data.label)


def test_customers_of_unknown_tenure_do_not_hide_the_others():
    data = builders.evaluation_data()
    features = data.features.copy()
    features.loc[:9, MONTHS] = np.nan
    unknown = dataclasses.replace(data, features=features)
    assert counted(unknown).get(MONTHS, 0) >= len(data.label) - 10


def test_small_groups_are_named_and_not_judged(data, table):
    sizes = data.features[GENDER].value_counts()
    small = sizes[sizes < data.params.min_slice].index
    assert list(small) == ["d"]
    assert f"{GENDER} = d ({sizes['d']})" in too_small(data)
    assert not ((table["column"] == GENDER) & (table["value"] == "d")).any()
    assert (table["customers"] >= data.params.min_slice).all()


def test_values_nobody_has_are_not_mentioned():
    data = builders.evaluation_data()
    features = data.features.replace({BRANCH: {"3": "1"}})
    none = dataclasses.replace(data, features=features)
    assert not any(f"{BRANCH} = 3" in text for text in too_small(none))


def test_group_in_which_all_stayed_is_named_too():
    # large enough, but no AUC: it must not vanish without a word
    data = builders.evaluation_data()
    stayed = data.features[SIZE] == "groß"
    label = np.where(stayed, 0.0, data.label)
    features = data.features.assign(**{LABEL: label.astype("int8")})
    quiet = dataclasses.replace(data, label=label, features=features)
    assert counted(quiet)[SIZE] == len(label)


def test_figures_are_those_of_the_group(data, table):
    for _, row in table[table["column"] == SIZE].iterrows():
        members = (data.features[SIZE] == row["value"]).to_numpy()
        label, score = data.label[members], data.probability[members]
        assert row["customers"] == members.sum()
        assert row["churn_rate"] == pytest.approx(label.mean())
        assert row["roc_auc"] == pytest.approx(value(measures.roc_auc, label, score))
        assert row["recall"] == pytest.approx(data.decision[members][label == 1].mean())
        assert row["selection_rate"] == pytest.approx(data.decision[members].mean())
        assert row["calibration_in_the_large"] == pytest.approx(score.mean() - label.mean())


def test_figures_have_intervals_that_contain_them(table):
    for name in ("roc_auc", "recall", "calibration_in_the_large"):
        assert (table[f"{name}_low"] <= table[name]).all()
        assert (table[name] <= table[f"{name}_high"]).all()


def test_sensitive_columns_are_marked(table):
    assert set(table[table["sensitive"]]["column"]) == {GENDER}
    assert table["sensitive"].dtype == bool


def test_tenure_is_cut_into_quarters(data):
    groups = slices(data).query("column == @MONTHS")
    assert len(groups) == 4
    assert groups["customers"].min() > 0.15 * len(data.label)


@pytest.mark.parametrize("variant", ["numbers"])
def test_schema_without_groups_gives_an_empty_table_with_the_same_columns(variant):
    # the notebook drops and draws columns of it
    content = builders.content(variant, **{MONTHS: {"roles": []}})
    schema = parse_schema(content, origin="club.yaml")
    nothing = slices(dataclasses.replace(builders.evaluation_data(variant), schema=schema))
    assert len(nothing) == 0
    assert set(COLUMNS) <= set(nothing.columns)
    assert len(as_intervals(nothing, "calibration_in_the_large")) == 0


def test_intervals_are_named_by_group(table):
    rows = as_intervals(table, "calibration_in_the_large")
    assert list(rows.columns) == ["value", "low", "high"]
    assert list(rows["value"]) == list(table["calibration_in_the_large"])
    assert f"{SIZE} = klein" in rows.index


def test_worst_pairs_are_groups_of_two_columns_far_from_the_prediction():
    # everybody in one pair left, and nobody was expected to
    data = everyone()
    members = (data.features[SIZE] == "klein") & (data.features[BRANCH] == "2")
    label = np.where(members, 1.0, data.label)
    probability = np.where(members, 0.1, 0.5)
    pairs = worst_pairs(dataclasses.replace(data, label=label, probability=probability))
    assert pairs.index[0] in {f"{BRANCH} = 2, {SIZE} = klein", f"{SIZE} = klein, {BRANCH} = 2"}
    worst = pairs.iloc[0]
    n = members.sum()
    assert worst["customers"] == n
    assert worst["standard_errors"] == pytest.approx(-0.9 * n / np.sqrt(n * 0.1 * 0.9))


def test_worst_pairs_are_few_large_enough_and_in_order(data):
    pairs = worst_pairs(data, count=5)
    assert len(pairs) == 5
    assert (pairs["customers"] >= data.params.min_slice).all()
    assert pairs["standard_errors"].abs().is_monotonic_decreasing


def test_honest_probabilities_have_pairs_within_a_few_standard_errors():
    rng = np.random.default_rng(0)
    data = builders.evaluation_data()
    probability = rng.uniform(0.1, 0.9, len(data.label))
    label = (rng.random(len(probability)) < probability).astype(float)
    honest = dataclasses.replace(data, label=label, probability=probability)
    assert worst_pairs(honest)["standard_errors"].abs().max() < 4.5


def test_no_pairs_is_an_empty_table_with_the_same_columns(data):
    params = builders.evaluate_params(min_slice=10_000)
    pairs = worst_pairs(dataclasses.replace(data, params=params))
    assert len(pairs) == 0
    pd.testing.assert_index_equal(pairs.columns, worst_pairs(data).columns)
