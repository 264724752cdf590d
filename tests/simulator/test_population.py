"""The file that describes a population: what it may say, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from scoring.errors import UserError
from stages.simulator.description import TRAITS
from stages.simulator.generate import simulate
from stages.simulator.population import Population, load_population
from tests.simulations import changed, few, seeds, whole
from tests.worlds import POPULATION

TERMS = "traits__partner__terms"


@pytest.mark.parametrize(
    ("entry", "value", "expected"),
    [
        ("surprise", 1, "surprise: Extra inputs are not permitted"),
        ("traits__senior__base", "many", "traits.senior.base: Input should be a valid number"),
        ("traits__senior__base", float("nan"), "traits.senior.base: Input should be a finite"),
        ("traits__golfer", {"base": 0}, "unknown: golfer"),
        (TERMS, {"movies": 1}, "traits.partner: 'movies' is not known here"),
        (TERMS, {"not veteran": 1}, "'not' stands before traits only"),
        ("hazard__terms", {"years": 1}, "hazard.terms: 'years' is not known here"),
        ("hazard__window", 0, "hazard.window: Input should be greater than or equal to 1"),
        ("hazard__reference", {"one_year": {0: 0.1}}, "hazard: missing: month_to_month, two_year"),
        ("hazard__reference__one_year", {0: 0.0}, "hazard.reference.one_year.0: "),
        ("tenure__weights", {}, "tenure.weights: "),
        ("prices__services", {"phone": 1}, "prices: missing: dsl"),
        ("stays", ["fiber"], "stays: 'fiber' needs: 'internet' is not known here"),
        ("stays", ["cat"], "stays: unknown trait 'cat'"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path, entry, value, expected):
    path = tmp_path / "population.yaml"
    YAML().dump(changed(**{entry: value}), path)  # keeps the order of the traits
    with pytest.raises(UserError) as caught:
        load_population(path)
    assert str(path) in str(caught.value)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(TRAITS))
def test_a_missing_trait_is_named(name):
    content = changed()
    del content["traits"][name]
    with pytest.raises(ValueError, match=f"missing: {name}"):
        Population.model_validate(content)


@pytest.mark.parametrize("text", ["tenure: [1, ", "a: 1\na: 2", "", "- 1", "\tx: 1"])
def test_a_file_that_is_no_population_is_refused(tmp_path, text):
    path = tmp_path / "population.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=r"population\.yaml: "):
        load_population(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.yaml: cannot be read"):
        load_population(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("name", ["rows", "seed", "snapshot_month", "chunk_rows"])
def test_arguments_out_of_range_are_refused_at_once(name):
    with pytest.raises(ValueError, match=f"{name}: -1 is not between"):
        simulate(POPULATION, **{"rows": 1, "seed": 1, name: -1})


@few
@given(data=st.data(), seed=seeds)
def test_no_numbers_in_the_file_can_break_the_rules(data, seed):
    """What can never be is ruled out by the mechanism, whatever the odds."""
    odds = st.floats(-1e6, 1e6)
    traits = {name: {"base": data.draw(odds)} for name in TRAITS if name != "awaiting"}
    order = ["internet", "fiber", "data_only", "electronic", "mailed", "committed"]
    ordered = {name: traits.pop(name) for name in order} | traits | {"awaiting": {"base": 0.0}}
    population = Population.model_validate(changed(traits=ordered))
    customers = whole(population, rows=200, seed=seed, snapshot_month=2).customers
    offline = customers["InternetService"] == "No"
    assert ((customers["StreamingTV"] == "No internet service") == offline).all()
    assert (customers.loc[customers["PhoneService"] == "No", "InternetService"] == "DSL").all()
    assert (customers["TotalCharges"].isna() == (customers["tenure"] == 0)).all()
