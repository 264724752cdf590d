"""The parameters: every section knows its fields and ranges and says which field is wrong."""

import copy
from typing import Any

import pytest

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.core.section import read_params
from stages.model.device import MISSING
from stages.model.train_params import Train
from stages.parameters import SECTIONS, read_parameters
from stages.simulator.scenarios import NONE, Scenarios
from stages.tables.data_params import Data

ADOPTED = {
    "source": "data/external/club.csv",
    "schema": "data/external/club.yaml",
    "encoding": None,
    "without": [],
}
HERE = Paths.here()
CONTENT = read_params(HERE.params)


def rejection(section: str, values) -> str:
    """The message with which a section is refused, known to be one line."""
    with pytest.raises(UserError) as caught:
        SECTIONS[section].of(values)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def valid(section: str, values) -> Any:
    """The section of these values."""
    return SECTIONS[section].of(values)


def changed(dotted: str, value) -> tuple[str, dict]:
    """A section of the repository's parameters with one field, `section.field…`, replaced."""
    section, *parents, last = dotted.split(".")
    values = copy.deepcopy(CONTENT[section])
    place = values
    for name in parents:
        place = place[name]
    place[last] = value
    return section, values


def leaves(values: dict, prefix: str) -> list[str]:
    """Dotted names of all fields of a section."""
    names = []
    for name, value in values.items():
        dotted = f"{prefix}.{name}"
        names += leaves(value, dotted) if isinstance(value, dict) else [dotted]
    return names


FIELDS = [name for section in CONTENT for name in leaves(CONTENT[section], section)]


# --- the repository's own ----------------------------------------------------------------------


def test_parameters_of_the_repository_are_valid():
    params = read_parameters(HERE)
    assert set(SECTIONS) == set(CONTENT)
    assert all(isinstance(getattr(params, name), SECTIONS[name]) for name in SECTIONS)


def test_a_section_knows_the_name_that_it_has_in_the_file():
    assert {name: model.section for name, model in SECTIONS.items()} == {n: n for n in CONTENT}


@pytest.mark.parametrize("field", FIELDS)
def test_missing_field_is_named(field):
    section, *parents, last = field.split(".")
    values = copy.deepcopy(CONTENT[section])
    place = values
    for name in parents:
        place = place[name]
    del place[last]
    assert f"field {field}: Field required" in rejection(section, values)


@pytest.mark.parametrize("field", FIELDS)
def test_field_of_another_type_is_named(field):
    section, values = changed(field, {"a": object()})
    assert f"field {field}" in rejection(section, values)


BOOLEANS = (".correct", ".racing", ".log")
NO_BOOLEAN = [f for f in FIELDS if "data." not in f and not f.endswith(BOOLEANS)]


@pytest.mark.parametrize("field", NO_BOOLEAN)
def test_number_written_as_text_or_boolean_is_refused(field):
    # none of the texts is called "12"
    for value in ("12", True):
        assert f"field {field}" in rejection(*changed(field, value))


@pytest.mark.parametrize("section", SECTIONS)
def test_unknown_field_is_named(section):
    assert f"field {section}.colour:" in rejection(section, CONTENT[section] | {"colour": 1})


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("values", [None, [], "text", 3])
def test_section_that_is_no_mapping_is_named(section, values):
    assert f"field {section}" in rejection(section, values)


def test_unknown_field_of_a_nested_section_is_named():
    assert "field train.forest.depth:" in rejection(*changed("train.forest.depth", 3))


# --- ranges ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "below", "low", "high", "above"),
    [
        ("generate.rows", 199, 200, 100_000_000, 100_000_001),
        ("generate.snapshot_month", -1, 0, 48, 49),
        ("generate.months", 0, 1, 49, 50),
        ("generate.scenario.strength", -0.01, 0.0, 1.0, 1.01),
        ("generate.scenario.start_month", -1, 0, 48, 49),
        ("generate.campaign.share", -0.01, 0.0, 1.0, 1.01),
        ("generate.campaign.effect", -0.01, 0.0, 5.0, 5.01),
        ("explore.max_levels", 1, 2, 100, 101),
        ("explore.leak_auc", 0.49, 0.5, 1.0, 1.01),
        ("explore.max_columns", 1, 2, 200, 201),
        ("features.test_share", 0.049, 0.05, 0.5, 0.51),
        ("train.folds", 1, 2, 20, 21),
        ("train.repeats", 0, 1, 50, 51),
        ("train.bins", 1, 2, 50, 51),
        ("train.forest.max_features", 0.0, 0.01, 1.0, 1.01),
        ("train.xgboost.learning_rate", 0.0, 0.01, 1.0, 1.01),
        ("train.xgboost.subsample", 0.0, 0.01, 1.0, 1.01),
        ("money.margin", 0.0, 0.01, 1.0, 1.01),
        ("money.lifetime.discount_rate", -0.01, 0.0, 1.0, 1.01),
        ("money.lifetime.horizon_months", 0, 1, 600, 601),
        ("evaluate.resamples", 99, 100, 10_000, 10_001),
        ("evaluate.level", 0.49, 0.5, 0.999, 1.0),
        ("evaluate.calibration_bins", 1, 2, 50, 51),
    ],
)
def test_bounds_are_included_and_what_lies_beyond_is_named(field, below, low, high, above):
    for inside in (low, high):
        valid(*changed(field, inside))
    for outside in (below, above):
        assert f"field {field}" in rejection(*changed(field, outside))


@pytest.mark.parametrize(
    ("field", "outside"),
    [
        ("generate.seed", -1),
        ("features.seed", -1),
        ("train.seed", -1),
        ("evaluate.seed", -1),
        ("train.logistic.C", 0.0),
        ("train.forest.n_estimators", 0),
        ("train.forest.min_samples_leaf", 0),
        ("train.xgboost.max_depth", 0),
        ("train.xgboost.min_child_weight", -0.1),
        ("train.xgboost.reg_lambda", -0.1),
        ("money.contact_cost", -0.1),
        ("money.offer_cost", -0.1),
        ("money.accept_alpha", 0.0),
        ("money.accept_beta", 0.0),
        ("money.customer_value", 0.0),
        ("money.window_months", 0.0),
        ("money.budget", 0.0),
        ("money.lifetime.months", 0.0),
        ("money.lifetime.kept_risk", 0.0),
        ("evaluate.min_slice", 0),
    ],
)
def test_number_below_its_only_bound_is_named(field, outside):
    assert f"field {field}" in rejection(*changed(field, outside))


@pytest.mark.parametrize(
    "field", ["money.contact_cost", "money.lifetime.months", "train.logistic.C"]
)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_number_that_is_not_finite_is_refused(field, value):
    assert f"field {field}" in rejection(*changed(field, value))


@pytest.mark.parametrize(("field", "seed"), [("train.seed", 2**32), ("features.seed", 2**64)])
def test_a_seed_of_too_many_bits_is_refused(field, seed):
    # scikit-learn takes 32, the hash of the split 64
    assert f"field {field}" in rejection(*changed(field, seed))


def test_whole_number_is_taken_for_a_real_one():
    assert valid(*changed("money.contact_cost", 2)).contact_cost == 2.0


# --- rules across fields -----------------------------------------------------------------------


def test_last_snapshot_must_lie_within_the_simulated_months():
    section, values = changed("generate.months", 3)
    assert valid(section, values | {"snapshot_month": 46}).later_months == range(47, 49)
    assert "the last month is 49; at most 48" in rejection(section, values | {"snapshot_month": 47})


def test_unknown_scenario_is_refused_with_the_known_ones():
    message = rejection(*changed("generate.scenario.name", "earthquake"))
    assert "field generate.scenario.name" in message
    assert all(name in message for name in (NONE, *Scenarios.model_fields))


@pytest.mark.parametrize("name", [NONE, *Scenarios.model_fields])
def test_a_scenario_is_known_by_its_entry_alone(name):
    section, values = changed("generate.scenario.name", name)
    assert valid(section, values).scenario.name == name


def test_members_of_the_vote_must_be_candidates():
    section, values = changed("train.candidates", ["base_rate", "logistic", "vote"])
    values["vote"] = {"members": ["logistic", "forest", "xgboost"]}
    message = rejection(section, values)
    assert "vote.members" in message
    assert "forest" in message
    assert "xgboost" in message


def test_members_need_not_be_candidates_when_the_vote_is_none():
    assert valid(*changed("train.candidates", ["logistic"])).candidates == ["logistic"]


@pytest.mark.parametrize("members", [["logistic"], ["logistic", "vote"], ["logistic", "svm"]])
def test_vote_needs_two_members_that_can_vote(members):
    assert "field train.vote.members" in rejection(*changed("train.vote.members", members))


def test_member_named_twice_is_refused():
    # the fitted vote could not be built, and the cross-validated one would count it twice
    rejection(*changed("train.vote.members", ["logistic", "logistic"]))


def test_candidate_named_twice_is_refused():
    twice = ["logistic", "logistic", "forest", "xgboost"]
    assert "candidates" in rejection(*changed("train.candidates", twice))


def test_candidates_are_at_least_one_and_known():
    assert "field train.candidates" in rejection(*changed("train.candidates", []))
    unknown = rejection(*changed("train.candidates", ["svm"]))
    assert "candidates: svm is not known; expected one of base_rate" in unknown


def test_unknown_metric_is_refused():
    assert "field train.metric" in rejection(*changed("train.metric", "accuracy"))


def test_adopted_file_needs_its_sha256():
    assert "sha256" in rejection("data", ADOPTED | {"sha256": None})
    assert Data.of(ADOPTED | {"sha256": "0" * 64}).is_generated is False


def test_population_has_no_sha256():
    source = ADOPTED | {"source": "data/population.yaml", "schema": "data/schema.yaml"}
    assert "sha256" in rejection("data", source | {"sha256": "0" * 64})
    assert Data.of(source | {"sha256": None}).is_generated is True


@pytest.mark.parametrize("digest", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64])
def test_sha256_of_another_form_is_refused(digest):
    assert "field data.sha256" in rejection("data", ADOPTED | {"sha256": digest})


@pytest.mark.parametrize("name", ["windows-1250", "Shift_JIS", "UTF-16", "latin2"])
def test_encodings_are_called_as_python_knows_them(name):
    assert Data.of(ADOPTED | {"sha256": "0" * 64, "encoding": name}).encoding == name


@pytest.mark.parametrize("name", ["klingon", "", "rot13", "hex"])
def test_what_is_no_encoding_of_text_is_refused(name):
    words = rejection("data", ADOPTED | {"sha256": "0" * 64, "encoding": name})
    assert f"field data.encoding: {name}: unknown encoding; expected a name such as" in words


def test_rule_of_the_lifetime_is_one_of_three():
    assert "field money.lifetime.rule" in rejection(*changed("money.lifetime.rule", "forever"))


def on_device(device: str) -> Train:
    content = copy.deepcopy(CONTENT["train"])
    content["xgboost"]["device"] = device
    return Train.of(content)


@pytest.mark.parametrize("device", ["cuda", "dask"])
def test_a_device_that_is_not_there_is_named_before_any_work(monkeypatch, device):
    monkeypatch.setitem(MISSING, device, lambda: "not found here; expected the extra")
    with pytest.raises(UserError, match=r"train\.xgboost\.device: .*not found here"):
        on_device(device)


def test_a_gpu_that_is_there_is_taken(monkeypatch):
    monkeypatch.setitem(MISSING, "cuda", lambda: None)
    assert on_device("cuda").xgboost.device == "cuda"
