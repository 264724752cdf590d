"""Rules in place of a model: few, readable, exclusive, and true to the train customers."""

import json

import numpy as np
import pytest

from scoring.derive import Inputs, category_names, numeric_names
from scoring.rules import Rules
from stages.features.table import LABEL, model_inputs
from stages.model.rule_list import DEPTH, fit_rules
from tests import builders

CLUB = builders.schema()


def fitted(variant="full", rows=300):
    schema = builders.schema(variant)
    table = builders.features(variant, rows)
    inputs = model_inputs(table, schema)
    names = {"numeric": numeric_names(schema), "category": category_names(schema)}
    content = fit_rules(inputs, table[LABEL].to_numpy(), **names)
    return Rules(json.loads(json.dumps(content)), **names), inputs, table[LABEL].to_numpy()


@pytest.mark.parametrize("variant", builders.VARIANTS)
def test_each_rule_gives_the_churn_rate_of_whom_it_holds_for(variant):
    rules, inputs, label = fitted(variant)
    probability = rules.probability(inputs)
    for rule in rules.content:
        mine = probability == rule["probability"]
        assert label[mine].mean() == pytest.approx(rule["probability"], abs=1e-5)
    assert sum(rule["customers"] for rule in rules.content) == len(label)
    assert probability.mean() == pytest.approx(label.mean(), abs=1e-5)


def test_rules_are_few_and_short():
    rules, _, _ = fitted()
    assert 2 <= len(rules.content) <= 2**DEPTH
    assert all(len(rule["when"]) <= DEPTH for rule in rules.content)


def test_their_order_does_not_matter():
    rules, inputs, _ = fitted()
    turned = Rules(rules.content[::-1], rules.numeric, rules.category)
    np.testing.assert_array_equal(rules.probability(inputs), turned.probability(inputs))


def test_everybody_has_a_rule_also_who_is_unlike_all_train_customers():
    rules, inputs, _ = fitted()
    strange = Inputs(
        np.full((3, inputs.numeric.shape[1]), np.nan, np.float32),
        np.full((3, inputs.category.shape[1]), "never seen", object),
    )
    assert not np.isnan(rules.probability(strange)).any()


def test_one_class_makes_one_rule():
    _, inputs, _ = fitted()
    names = {"numeric": numeric_names(CLUB), "category": category_names(CLUB)}
    (rule,) = fit_rules(inputs, np.zeros(len(inputs.numeric)), **names)
    assert rule["when"] == []


def test_a_rule_may_ask_for_the_blanks_alone():
    # given customers who leave where a number is blank, whatever it is for the others
    rng = np.random.default_rng(0)
    numbers = rng.random((300, 1)).astype(np.float32)
    label = (np.arange(300) % 3 == 0).astype(int)
    numbers[label == 1] = np.nan
    inputs, names = Inputs(numbers, np.empty((300, 0), object)), {"numeric": ["n"], "category": []}
    # when the rules are written as JSON, which knows no infinity, and read again
    written = json.dumps(fit_rules(inputs, label, **names), allow_nan=False)
    # then they tell the customers apart
    np.testing.assert_array_equal(Rules(json.loads(written), **names).probability(inputs), label)
