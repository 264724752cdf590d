"""The ablation: every variant alone, the same folds, words that follow the numbers."""

import numpy as np
import pandas as pd
import pytest

from stages.ablation import ablation_tables, effects
from stages.ablation.ablation_params import Ablation
from stages.ablation.effects import Measured, measure
from stages.ablation.variants import Variant, variants
from stages.core.metrics import Shown, shown_in
from tests import builders

MEASURES = [metric.name for metric in shown_in(Shown.ABLATION)]
TRAIN = builders.train_params(candidates=["logistic"])


def settings(**changes):
    values = {
        "seed": 1,
        "folds": 3,
        "repeats": 2,
        "level": 0.95,
        "candidate": "logistic",
        "crosses": 5,
        "width": 3,
    }
    return Ablation.of(values | changes)


def measured(name: str, against: str | None, *, shift: float = 0.0, **columns) -> Measured:
    """A way to model whose every measure is that of the baseline, moved."""
    base = {m: np.linspace(0.1, 0.2, 6) for m in MEASURES}
    noise = np.array([0.001, -0.001, 0.0005, -0.0005, 0.0002, -0.0002])
    moved = {m: base[m] + (shift + noise if against else 0) for m in MEASURES} | columns
    return Measured(Variant(name, "logistic", TRAIN, against), moved, 0.3, "agrees")


def judged(**shifts: float) -> tuple[pd.DataFrame, str, str]:
    """Effects and verdict of a variant with these shifts, by measure."""
    base = measured("base", None)
    one = measured("trick", "base")
    for name, shift in shifts.items():
        one.by_fold[name] = one.by_fold[name] + shift
    found = effects.effects([base, one], settings())
    row = ablation_tables.verdicts([base, one], found, builders.features()).loc["trick"]
    return found.set_index("measure"), row["verdict"], row["because"]


@pytest.mark.parametrize("candidate", ["logistic", "xgboost", "vote", "stack", "bag"])
def test_every_switch_differs_from_the_baseline_in_one_thing(candidate):
    tried, left_out = variants(TRAIN, settings(candidate=candidate))
    assert left_out == []
    base = tried[0]
    assert base.against is None
    known = {base.name}
    for variant in tried[1:]:
        off, own = base.params.model_dump(), variant.params.model_dump()
        differing = {name for name in off if off[name] != own[name]}
        assert len(differing) + (variant.candidate != base.candidate) == 1, variant.name
        assert variant.against in known, "its reference comes before it"
        known.add(variant.name)


def test_baseline_has_every_switch_off_whatever_the_parameters_say():
    on = builders.train_params(
        rebalance={"method": "smote", "correct": False},
        encoding={"categories": "hashed", "width": 4, "crosses": 9},
        calibration="sigmoid",
    )
    base = variants(on, settings())[0][0].params
    assert base.rebalance.method == "none"
    assert base.encoding.categories == "one_hot"
    assert base.encoding.crosses == 0
    assert base.calibration == "none"


@pytest.mark.parametrize("variant", ["full", "no_value"])
def test_switches_are_measured_on_the_same_folds(variant):
    schema, table = builders.schema(variant), builders.features(variant)
    tried, _ = variants(TRAIN, settings())
    some = [*[s for s in tried if s.candidate == "logistic"][:3], tried[0]]
    found = measure(some, table, schema, ablation=settings(), assumptions=builders.money_params())
    for one in found:
        assert set(one.by_fold) == set(MEASURES)
        assert all(len(values) == 6 for values in one.by_fold.values())
        assert one.export == "agrees"
    for name in MEASURES:  # the baseline twice: the folds, and so the figures, are the same
        np.testing.assert_array_equal(found[0].by_fold[name], found[-1].by_fold[name])


def test_better_is_read_off_the_interval_and_the_direction_of_the_measure():
    found, _, _ = judged(roc_auc=-0.05, brier=-0.05, profit_per_customer=+0.05)
    assert found.loc["roc_auc", "better"] == -1
    assert found.loc["brier", "better"] == 1
    assert found.loc["profit_per_customer", "better"] == 1
    assert found.loc["ece", "better"] == 0


@pytest.mark.parametrize(
    ("shifts", "verdict", "reason"),
    [
        ({}, "no effect beyond noise", "no better and no worse"),
        ({"roc_auc": -0.05}, "hurts", "ranks worse"),
        ({"roc_auc": 0.05}, "helps", "ranks better"),
        ({"brier": 0.05}, "hurts", "Brier score is worse: +0.05"),
        ({"roc_auc": 0.05, "profit_per_customer": -0.5}, "helps here, hurts there", "costs money"),
    ],
)
def test_words_follow_the_numbers(shifts, verdict, reason):
    _, found, because = judged(**shifts)
    assert found == verdict
    assert reason in because


def test_probability_far_from_the_churn_rate_is_pointed_out():
    rate = builders.features()["#label"].mean()
    assert abs(0.3 - rate) > ablation_tables.OFF
    assert f"mean probability is 30% where {rate:.0%} leave" in judged()[2]


def test_tables_have_a_row_per_switch():
    base, one = measured("base", None), measured("trick", "base", shift=0.1)
    found = effects.effects([base, one], settings())
    assert list(ablation_tables.table(found).index) == ["trick"]
    assert ablation_tables.table(found).loc["trick", "ROC AUC"].startswith("+0.1000 (")
    assert list(ablation_tables.levels([base, one]).index) == ["base", "trick"]
    assert all(list(rows.index) == ["trick"] for rows in ablation_tables.panels(found).values())
