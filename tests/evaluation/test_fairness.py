"""Inclusion: the four figures of each sensitive group, and what differs by more than chance."""

import dataclasses

import numpy as np
import pytest

from stages.evaluation.fairness import COLUMNS, by_group, findings, wide
from tests import builders
from tests.builders import GENDER

FIGURES = ["selection_rate", "recall", "precision", "calibration_in_the_large"]


@pytest.fixture(scope="module")
def table(data):
    return by_group(data)


def figure(table, value: str, name: str):
    (row,) = table[(table["value"] == value) & (table["figure"] == name)].to_dict("records")
    return row


def test_every_sensitive_group_with_customers_enough_has_every_figure(table):
    assert set(table["column"]) == {GENDER}
    assert list(table["value"]) == ["w"] * 4 + ["m"] * 4  # of d there are too few
    assert list(table["figure"]) == FIGURES * 2


def test_figures_are_those_of_the_group_and_of_the_others(data, table):
    women = (data.features[GENDER] == "w").to_numpy()
    label, chosen, score = data.label, data.decision, data.probability
    for key, members in (("share", women), ("others", ~women)):
        expected = {
            "selection_rate": chosen[members].mean(),
            "recall": chosen[members & (label == 1)].mean(),
            "precision": label[members & (chosen == 1)].mean(),
            "calibration_in_the_large": (score - label)[members].mean(),
        }
        for name, value in expected.items():
            assert figure(table, "w", name)[key] == pytest.approx(value), (key, name)


def test_intervals_hold_their_values(table):
    assert table["share"].between(table["low"], table["high"]).all()
    inside = table["difference"].between(table["difference_low"], table["difference_high"])
    assert inside.all()
    np.testing.assert_allclose(table["difference"], table["share"] - table["others"])


def test_group_that_is_never_contacted_is_found(data):
    women = data.features[GENDER] == "w"
    silent = np.where(women, 0.001, data.probability)
    found = findings(by_group(dataclasses.replace(data, probability=silent)))
    assert any(text.startswith(f"{GENDER} = w: 0% of them are contacted") for text in found)
    assert any("w: of those who leave, 0% are contacted" in text for text in found)
    assert any("w: predicted minus actual churn is -" in text for text in found)


def test_groups_by_chance_are_rarely_found():
    # of 20 decisions that do not look at the group, few differ at a level of 90 %
    found = 0
    for seed in range(20):
        data = builders.evaluation_data(seed=seed)
        rng = np.random.default_rng(1000 + seed)
        alike = data.features.assign(**{GENDER: rng.choice(["w", "m"], len(data.label))})
        table = by_group(dataclasses.replace(data, features=alike))
        found += sum("are contacted," in text and "leave" not in text for text in findings(table))
    assert found <= 6


def test_two_groups_that_are_everybody_are_reported_once(data):
    both = data.features.assign(**{GENDER: np.where(data.decision == 1, "w", "m")})
    found = findings(by_group(dataclasses.replace(data, features=both)))
    assert len([text for text in found if "of them are contacted" in text]) == 1


def test_nothing_sensitive_is_an_empty_table_that_can_be_shown():
    data = builders.evaluation_data("numbers")
    table = by_group(data)
    assert list(table.columns) == COLUMNS
    assert len(table) == len(wide(table)) == len(findings(table)) == 0


def test_table_for_people_has_a_row_per_group(table):
    shown = wide(table)
    assert list(shown.index) == [f"{GENDER} = w", f"{GENDER} = m"]
    share = figure(table, "w", "recall")["share"]
    assert shown.loc[f"{GENDER} = w", "recall"].startswith(f"{100 * share:.0f}% (")
