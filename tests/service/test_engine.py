"""Which model answers whom: tiers, time limits, low confidence, challenger, decision."""

import json
from dataclasses import replace

import numpy as np
import pytest

from scoring import money
from scoring.bundle import MANIFEST, MODEL, TIERS, Scorer
from scoring.decision import contacts
from scoring.loading import load_bundle
from serving.engine import CHALLENGER, CHAMPION, Engine, ModelVariant, bucket
from stages.features.table import ID, feature_table, model_inputs
from tests import builders
from tests.builders import DAYS, FEE, PAYS
from tests.service.conftest import write_club
from tests.service.graphs import Counted, looping

CLUB = builders.schema()
MEMBERS = builders.members(60, seed=4)
IDS = [f"K-{i}" for i in range(len(MEMBERS))]


class Raises:
    """A session that went wrong."""

    def probability(self, inputs, options=None):
        raise RuntimeError


class Says:
    """A model of one opinion."""

    def __init__(self, value):
        self.value = value

    def probability(self, inputs, options=None):
        return np.full(len(inputs.numeric), self.value)


def rows(table=MEMBERS):
    columns = table[[c.name for c in CLUB.inputs]].astype(object).where(table.notna(), None)
    return columns.to_dict("records")


@pytest.fixture
def bundle(club):
    return load_bundle(club)


def engine(bundle, *, seconds=5.0, models=None, **options):
    whole = replace(bundle, models={**bundle.models, **(models or {})})
    return Engine(ModelVariant(whole, seconds=seconds), **options)


def without(bundle, *tiers):
    kept = {tier: model for tier, model in bundle.models.items() if tier not in tiers}
    return Engine(ModelVariant(replace(bundle, models=kept), seconds=5.0))


# --- agreement ---------------------------------------------------------------------------------


def test_the_service_and_the_pipeline_say_the_same(bundle):
    table = feature_table(MEMBERS, CLUB)
    scorer = Scorer((bundle.folder / MODEL).read_bytes())
    expected = scorer.probability(model_inputs(table, CLUB))
    answers = engine(bundle).answer(rows(), IDS)
    np.testing.assert_allclose(answers.probability, expected, atol=1e-5)
    assert len(set(table[ID])) == len(expected)


def test_profit_and_decision_are_those_of_the_evaluation(bundle):
    answers = engine(bundle).answer(rows(), IDS)
    costs = money.Costs(**bundle.manifest["costs"])
    value = money.customer_value(MEMBERS[FEE].to_numpy(), len(MEMBERS), costs)
    np.testing.assert_allclose(
        answers.profit, money.expected_profit(answers.probability, value, costs)
    )
    assert (answers.contact == (answers.profit > 0)).all()
    assert 0 < answers.contact.sum() < len(MEMBERS)


def test_without_a_monthly_value_the_threshold_decides(tmp_path):
    bundle = load_bundle(write_club(tmp_path, variant="no_value", winner="logistic"))
    answers = Engine(ModelVariant(bundle, seconds=5.0)).answer(rows(), IDS)
    assert answers.profit is None
    threshold = json.loads((bundle.folder / MANIFEST).read_text())["threshold"]
    assert (answers.contact == (answers.probability > threshold)).all()


def test_a_higher_threshold_contacts_nobody_new():
    chances = np.linspace(0, 1, 50)
    value, costs = np.full(50, 80.0), None
    before = np.ones(50, bool)
    for threshold in (0.0, 0.2, 0.5, 1.0):
        now = contacts(chances, value, costs, threshold=threshold)
        assert not (now & ~before).any()
        before = now


def test_one_customer_and_a_batch_get_the_same_answer(bundle):
    whole = engine(bundle).answer(rows(), IDS)
    single = [engine(bundle).answer([row], [None]).probability[0] for row in rows()[:5]]
    np.testing.assert_allclose(single, whole.probability[:5], atol=1e-7)


# --- tiers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", range(len(TIERS)))
def test_the_next_tier_answers_where_those_above_are_missing(bundle, gone):
    answers = without(bundle, *TIERS[:gone]).answer(rows(), IDS)
    assert set(answers.tiers) == {TIERS[gone]}
    assert [(f.tier, f.reason, f.customers) for f in answers.fallbacks] == [
        (tier, "missing", len(MEMBERS)) for tier in TIERS[:gone]
    ]
    assert ((answers.probability >= 0) & (answers.probability <= 1)).all()


@pytest.mark.parametrize("broken", [Raises(), Says(np.nan), Says(1.5), Says(-0.1)])
def test_what_raises_or_is_no_probability_is_passed_over(bundle, broken):
    answers = engine(bundle, models={"champion": broken}).answer(rows(), IDS)
    assert set(answers.tiers) == {"fallback"}
    assert [f.reason for f in answers.fallbacks] == ["error"]


def test_a_session_that_recovers_answers_again_at_once(bundle):
    failing = Raises()
    made = engine(bundle, models={"champion": failing})
    assert made.answer(rows()[:1], [None]).tiers == ["fallback"]
    failing.probability = Says(0.5).probability
    assert made.answer(rows()[:1], [None]).tiers == ["champion"]


def test_a_hanging_session_costs_its_limit_once(bundle):
    hanging = Counted(Scorer(looping()))
    made = engine(bundle, models={"champion": hanging}, seconds=0.1)
    answers = [made.answer(rows()[:1], [None]) for _ in range(5)]
    assert hanging.calls == 1
    assert {a.tiers[0] for a in answers} == {"fallback"}
    assert {a.fallbacks[0].reason for a in answers} == {"timeout"}


def test_rules_know_more_than_the_base_rate(bundle):
    table = feature_table(MEMBERS, CLUB)
    label = table["#label"].to_numpy()
    by_rules = without(bundle, "champion", "fallback").answer(rows(), IDS).probability
    assert len(set(by_rules)) > 2
    assert np.mean((by_rules - label) ** 2) < np.mean((bundle.manifest["base_rate"] - label) ** 2)


# --- low confidence ----------------------------------------------------------------------------


def test_low_confidence_is_off_unless_asked_for(bundle):
    assert engine(bundle).answer(rows(), IDS).fallbacks == []


def test_low_confidence_never_changes_the_order_of_the_champions_answers(bundle):
    plain = engine(bundle).answer(rows(), IDS)
    for unknown in (0, 1, 2):
        careful = engine(bundle, max_unknown=unknown).answer(rows(), IDS)
        sure = np.array([tier == "champion" for tier in careful.tiers])
        np.testing.assert_array_equal(careful.probability[sure], plain.probability[sure])
        absent = MEMBERS[[DAYS, PAYS]].isna().sum(axis=1).to_numpy()
        assert (sure == (absent <= unknown)).all()
        assert sum(f.customers for f in careful.fallbacks) == (~sure).sum()


def test_a_rare_probability_is_no_doubt(bundle):
    for extreme in (0.0, 1e-6, 0.999999):
        made = engine(bundle, models={"champion": Says(extreme)}, max_unknown=2)
        assert set(made.answer(rows(), IDS).tiers) == {"champion"}


# --- challenger --------------------------------------------------------------------------------


def challenged(bundle, *, share=0.5, other_model=None, **options):
    other = ModelVariant(
        replace(bundle, models={"champion": other_model or Says(0.25)}), seconds=5.0
    )
    return engine(bundle, challenger=other, share=share, **options)


def test_the_same_customer_always_meets_the_same_model(bundle):
    first = challenged(bundle).answer(rows(), IDS)
    again = challenged(bundle).answer(rows()[::-1], IDS[::-1])
    assert first.variants == again.variants[::-1]
    theirs = np.array([v == CHALLENGER for v in first.variants])
    assert 0.2 < theirs.mean() < 0.8
    assert (first.probability[theirs] == 0.25).all()
    np.testing.assert_array_equal(
        first.probability[~theirs], engine(bundle).answer(rows(), IDS).probability[~theirs]
    )


def test_a_larger_share_keeps_who_was_there(bundle):
    def theirs(share):
        variants = challenged(bundle, share=share).answer(rows(), IDS).variants
        return {i for i, variant in zip(IDS, variants, strict=True) if variant == CHALLENGER}

    assert theirs(0.2) < theirs(0.6)


def test_places_are_even():
    places = [bucket(f"id-{i}") for i in range(4000)]
    counts = np.histogram(places, bins=10, range=(0, 1))[0]
    assert counts.min() > 300
    assert max(places) < 1


def test_without_an_id_the_champion_answers(bundle):
    answers = challenged(bundle, share=1.0).answer(rows(), [None] * len(MEMBERS))
    assert set(answers.variants) == {CHAMPION}


def test_where_the_challenger_fails_the_champion_answers(bundle):
    answers = challenged(bundle, share=1.0, other_model=Raises()).answer(rows(), IDS)
    assert set(answers.variants) == {CHAMPION}
    assert [(f.variant, f.reason) for f in answers.fallbacks] == [(CHALLENGER, "error")]


def test_a_shadow_changes_no_answer(bundle):
    shadowed = challenged(bundle, share=1.0, shadow=True)
    plain = engine(bundle).answer(rows(), IDS)
    np.testing.assert_array_equal(shadowed.answer(rows(), IDS).probability, plain.probability)
    aside = shadowed.shadowed(rows())
    assert aside is not None
    assert set(aside.variants) == {CHALLENGER}
