"""Slices: every customer in one group per column, small groups named but not judged."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from scoring.schema import parse_schema
from stages.core import metrics
from stages.core.metrics import value
from stages.evaluation.slices import as_intervals, slices, unjudged, worst_pairs
from stages.features.table import LABEL
from tests import builders
from tests.builders import BRANCH, GENDER, MONTHS, PAYS, SIZE

COLUMNS = ["column", "value", "sensitive", "customers", "churn_rate", "roc_auc", "recall", "gap"]


@pytest.fixture(scope="module")
def evidence():
    return builders.evidence()


@pytest.fixture(scope="module")
def table(evidence):
    return slices(evidence)


def everyone(**changes):
    """Evidence under which the smallest group is judged."""
    return builders.evidence(params=builders.evaluate_params(min_slice=1, **changes))


def counted(evidence) -> dict[str, int]:
    """Customers per column in the groups judged and the small ones."""
    judged = slices(evidence).groupby("column")["customers"].sum().to_dict()
    for text in unjudged(evidence):
        column, count = re.fullmatch(r"(.*) = .* \((\d+)\)", text).groups()
        judged[column] = judged.get(column, 0) + int(count)
    return judged


@pytest.mark.parametrize("variant", ["full", "no_tenure", "categories"])
def test_every_customer_is_in_exactly_one_group_per_column(variant):
    evidence = builders.evidence(variant)
    expected = [c.name for c in evidence.schema.category_inputs]
    tenure = evidence.schema.role("tenure")
    expected += [tenure.name] if tenure else []
    assert counted(evidence) == dict.fromkeys(expected, len(evidence.label))


def test_customers_with_an_absent_category_are_a_group_of_their_own():
    evidence = everyone()
    absent = (evidence.features[PAYS] == "(missing)").sum()
    assert absent > 0
    groups = slices(evidence).query("column == @PAYS")
    assert groups["customers"].sum() == len(evidence.label)


def test_customers_of_equal_tenure_are_still_counted():
    evidence = builders.evidence()
    features = evidence.features.assign(**{MONTHS: np.float32(7)})
    alike = dataclasses.replace(evidence, features=features)
    assert counted(alike)[MONTHS] == len(evidence.label)


def test_customers_of_unknown_tenure_do_not_hide_the_others():
    evidence = builders.evidence()
    features = evidence.features.copy()
    features.loc[:9, MONTHS] = np.nan
    unknown = dataclasses.replace(evidence, features=features)
    assert counted(unknown).get(MONTHS, 0) >= len(evidence.label) - 10


def test_small_groups_are_named_and_not_judged(evidence, table):
    sizes = evidence.features[GENDER].value_counts()
    small = sizes[sizes < evidence.params.min_slice].index
    assert list(small) == ["d"]
    assert f"{GENDER} = d ({sizes['d']})" in unjudged(evidence)
    assert not ((table["column"] == GENDER) & (table["value"] == "d")).any()
    assert (table["customers"] >= evidence.params.min_slice).all()


def test_values_nobody_has_are_not_mentioned():
    evidence = builders.evidence()
    features = evidence.features.replace({BRANCH: {"3": "1"}})
    none = dataclasses.replace(evidence, features=features)
    assert not any(f"{BRANCH} = 3" in text for text in unjudged(none))


def test_group_in_which_all_stayed_is_named_too():
    # large enough, but no AUC: it must not vanish without a word
    evidence = builders.evidence()
    stayed = evidence.features[SIZE] == "groß"
    label = np.where(stayed, 0.0, evidence.label)
    features = evidence.features.assign(**{LABEL: label.astype("int8")})
    quiet = dataclasses.replace(evidence, label=label, features=features)
    assert counted(quiet)[SIZE] == len(label)


def test_figures_are_those_of_the_group(evidence, table):
    for _, row in table[table["column"] == SIZE].iterrows():
        members = (evidence.features[SIZE] == row["value"]).to_numpy()
        label, score = evidence.label[members], evidence.probability[members]
        assert row["customers"] == members.sum()
        assert row["churn_rate"] == pytest.approx(label.mean())
        assert row["roc_auc"] == pytest.approx(value(metrics.roc_auc, label, score))
        assert row["recall"] == pytest.approx(evidence.decision[members][label == 1].mean())
        assert row["selection_rate"] == pytest.approx(evidence.decision[members].mean())
        assert row["gap"] == pytest.approx(score.mean() - label.mean())


def test_figures_have_intervals_that_contain_them(table):
    for name in ("roc_auc", "recall", "gap"):
        assert (table[f"{name}_low"] <= table[name]).all()
        assert (table[name] <= table[f"{name}_high"]).all()


def test_sensitive_columns_are_marked(table):
    assert set(table[table["sensitive"]]["column"]) == {GENDER}
    assert table["sensitive"].dtype == bool


def test_tenure_is_cut_into_quarters(evidence):
    groups = slices(evidence).query("column == @MONTHS")
    assert len(groups) == 4
    assert groups["customers"].min() > 0.15 * len(evidence.label)


@pytest.mark.parametrize("variant", ["numbers"])
def test_schema_without_groups_gives_an_empty_table_with_the_same_columns(variant):
    # the notebook drops and draws columns of it
    content = builders.content(variant, **{MONTHS: {"roles": []}})
    schema = parse_schema(content, origin="club.yaml")
    nothing = slices(dataclasses.replace(builders.evidence(variant), schema=schema))
    assert len(nothing) == 0
    assert set(COLUMNS) <= set(nothing.columns)
    assert len(as_intervals(nothing, "gap")) == 0


def test_intervals_are_named_by_group(table):
    rows = as_intervals(table, "gap")
    assert list(rows.columns) == ["value", "low", "high"]
    assert list(rows["value"]) == list(table["gap"])
    assert f"{SIZE} = klein" in rows.index


def test_worst_pairs_are_groups_of_two_columns_far_from_what_was_said():
    # everybody in one pair left, and nobody was expected to
    evidence = everyone()
    members = (evidence.features[SIZE] == "klein") & (evidence.features[BRANCH] == "2")
    label = np.where(members, 1.0, evidence.label)
    probability = np.where(members, 0.1, 0.5)
    pairs = worst_pairs(dataclasses.replace(evidence, label=label, probability=probability))
    assert pairs.index[0] in {f"{BRANCH} = 2, {SIZE} = klein", f"{SIZE} = klein, {BRANCH} = 2"}
    worst = pairs.iloc[0]
    n = members.sum()
    assert worst["customers"] == n
    assert worst["standard_errors"] == pytest.approx(-0.9 * n / np.sqrt(n * 0.1 * 0.9))


def test_worst_pairs_are_few_large_enough_and_in_order(evidence):
    pairs = worst_pairs(evidence, count=5)
    assert len(pairs) == 5
    assert (pairs["customers"] >= evidence.params.min_slice).all()
    assert pairs["standard_errors"].abs().is_monotonic_decreasing


def test_honest_probabilities_have_pairs_within_a_few_standard_errors():
    rng = np.random.default_rng(0)
    evidence = builders.evidence()
    probability = rng.uniform(0.1, 0.9, len(evidence.label))
    label = (rng.random(len(probability)) < probability).astype(float)
    honest = dataclasses.replace(evidence, label=label, probability=probability)
    assert worst_pairs(honest)["standard_errors"].abs().max() < 4.5


def test_no_pairs_is_an_empty_table_with_the_same_columns(evidence):
    params = builders.evaluate_params(min_slice=10_000)
    pairs = worst_pairs(dataclasses.replace(evidence, params=params))
    assert len(pairs) == 0
    pd.testing.assert_index_equal(pairs.columns, worst_pairs(evidence).columns)
