"""The champion against untuned boosting: its lead, and a warning where it is worse."""

import dataclasses

import pytest

from stages.evaluation import baselines, untuned
from stages.evaluation.headline import headline
from tests import builders


def data_with(*, champion: float, boosting: float):
    """Test customers with a champion and an untuned boosting of these sharpnesses."""
    data = builders.evaluation_data(rows=600)
    scores = [
        builders.scores_of(data.label, seed=seed, sharpness=sharpness)
        for seed, sharpness in ((1, champion), (2, boosting))
    ]
    known = dict(data.baselines) | {untuned.UNTUNED: scores[1]}
    return dataclasses.replace(data, probability=scores[0], baselines=known)


def test_lead_is_above_zero_where_the_champion_is_sharper_and_changes_sign_with_it():
    better = untuned.lead(data_with(champion=3.0, boosting=0.5))
    worse = untuned.lead(data_with(champion=0.5, boosting=3.0))
    assert (better["lead"] > 0).all()
    assert (better["low"] > 0).all()
    assert (worse["high"] < 0).all()


def test_same_predictions_have_no_lead():
    data = data_with(champion=1.0, boosting=1.0)
    same = dict(data.baselines) | {untuned.UNTUNED: data.probability}
    table = untuned.lead(dataclasses.replace(data, baselines=same))
    assert table[["lead", "low", "high"]].to_numpy() == pytest.approx(0)


def test_a_worse_champion_is_the_first_thing_that_the_report_says():
    poor = data_with(champion=0.3, boosting=3.0)
    assert baselines.summary(poor, headline(poor)).startswith("The champion is worse than")
    good = data_with(champion=3.0, boosting=0.3)
    words = baselines.summary(good, headline(good))
    assert "is worse" not in words
    assert "untuned gradient boosting" in words


def test_a_champion_that_learned_nothing_is_reported_as_no_better_than_chance():
    guessing, good = data_with(champion=0.0, boosting=0.0), data_with(champion=3.0, boosting=0.3)
    chance = "not beyond chance"
    assert chance in baselines.summary(guessing, headline(guessing))
    assert chance not in baselines.summary(good, headline(good))
