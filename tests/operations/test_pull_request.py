"""The report of a pull request: what is compared, what the verdict says, what the text shows."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.core.files import write_json
from stages.features.table import ID
from stages.operations.pull_request import compare
from stages.operations.pull_request.change_verdict import judge
from stages.operations.pull_request.compare import Comparison, Difference
from tests import builders
from tests.pull_requests import TOLERANCE, comparison, results_in, slices_of


def sharper(data, sharpness: float = 3.0):
    """The same customers, ranked better or worse."""
    return dataclasses.replace(
        data, probability=builders.scores_of(data.label, seed=7, sharpness=sharpness)
    )


def some(data, rows):
    return compare._rows(data, np.asarray(rows))


@pytest.fixture(scope="module")
def data():
    return builders.evaluation_data()


def test_a_model_does_not_differ_from_itself(data):
    found = compare.compare(data, data)
    assert found.how == "the same 300 customers, paired"
    assert {(d.value, d.low, d.high) for d in found.differences} == {(0.0, 0.0, 0.0)}
    assert [d.verdict for d in found.differences] == [""] * len(found.differences)


def test_a_better_ranking_is_better_and_the_other_way_round_worse(data):
    better = compare.compare(sharper(data), data)
    worse = compare.compare(data, sharper(data))
    for name in ("roc_auc", "average_precision", "profit_per_customer"):
        assert better.of(name).verdict == "better", name
        assert worse.of(name).verdict == "worse", name
        assert better.of(name).value == pytest.approx(-worse.of(name).value)
        assert better.of(name).low == pytest.approx(-worse.of(name).high)


def test_the_order_of_customers_does_not_matter(data):
    order = np.random.default_rng(1).permutation(300)
    one = compare.compare(sharper(data), data)
    other = compare.compare(sharper(data), some(data, order))
    assert one.differences == other.differences


def test_only_common_customers_are_compared_paired(data):
    found = compare.compare(some(sharper(data), range(250)), some(data, range(50, 300)))
    assert found.how == "the same 200 customers (of 250 and 250), paired"
    assert list(found.new.features[ID]) == list(found.old.features[ID])
    # the profit and the decision of each are those of its own customers
    assert found.old.value == pytest.approx(data.value[50:250])


def test_the_same_id_with_another_outcome_is_another_customer(data):
    other = dataclasses.replace(data, label=np.where(np.arange(300) == 7, 1, 0) + 0.0)
    found = compare.compare(data, other)
    assert (found.new, found.old) == (None, None)
    assert "different customers, unpaired" in found.how


def test_few_common_customers_are_not_enough_for_pairs(data):
    few = some(data, range(compare.FEW - 1))
    assert compare.common(data, few) is None
    enough = some(data, range(compare.FEW))
    assert compare.common(data, enough) is not None


def test_pairs_tell_finer_than_independent_samples(data):
    close = dataclasses.replace(
        data, probability=np.clip(data.probability + 0.001 * data.label, 0, 1)
    )
    renamed = data.features.assign(**{ID: [f"other {i}" for i in range(300)]})
    paired = compare.compare(close, data).of("roc_auc")
    unpaired = compare.compare(close, dataclasses.replace(data, features=renamed)).of("roc_auc")
    assert paired.value == pytest.approx(unpaired.value)
    assert paired.high - paired.low < (unpaired.high - unpaired.low) / 3


def test_other_assumptions_alone_are_no_better_model(data):
    """The same customers are contacted: that they cost more now is no difference of the models."""
    cheap = builders.assuming(data, contact_cost=1.0)
    dear = builders.assuming(data, contact_cost=1.0001)
    assert (cheap.decision == dear.decision).all()
    assert compare.compare(dear, cheap).of("profit_per_customer").value == 0


@pytest.mark.parametrize("variant", ["full", "no_value"])
def test_other_decisions_by_other_costs_are_no_better_model(variant: str):
    """Nobody decides by the former costs any more: what that would lose is no merit of the new."""
    one = builders.evaluation_data(variant)
    cheap, dear = (builders.assuming(one, offer_cost=cost) for cost in (2.0, 30.0))
    dear = dataclasses.replace(dear, manifest={**dear.manifest, "threshold": 0.9})
    assert (dear.decision != cheap.decision).any()
    found = compare.compare(dear, cheap)
    assert {d.value for d in found.differences} == {0.0}
    assert judge(found, None, TOLERANCE).line.startswith("no difference beyond noise")


def test_other_folds_widens_an_interval_on_both_sides():
    narrow = Comparison([Difference("roc_auc", 0.81, 0.80, 0.002, 0.018)], "")
    (wide,) = compare.widened(narrow, [{"roc_auc": 1e-4}, {}], level=0.95).differences
    half = 1.959964 * 0.01
    assert wide.low == pytest.approx(0.01 - math.hypot(0.008, half))
    assert wide.high == pytest.approx(0.01 + math.hypot(0.008, half))
    assert compare.widened(narrow, [{}, {}], level=0.95).differences[0].low == pytest.approx(0.002)


def test_the_variance_between_drawings_is_that_of_their_means(tmp_path: Path):
    found = results_in(tmp_path)
    table = pd.DataFrame({"roc_auc": [0.5, 0.7, 0.6, 0.8], "brier": [0.1, 0.2, 0.1, 0.2]})
    table = table.assign(candidate="vote", repeat=[0, 0, 1, 1], fold=[0, 1, 0, 1])
    (tmp_path / "models/comparison").mkdir(parents=True)
    write_json(tmp_path / "reports/metrics.json", {"winner": "vote"})
    table.to_csv(tmp_path / "models/comparison/scores.csv", index=False)
    assert compare.redrawing_variance(found)["roc_auc"] == pytest.approx(0.005)
    table[table["repeat"] == 0].to_csv(tmp_path / "models/comparison/scores.csv", index=False)
    assert compare.redrawing_variance(found) == {}
    assert compare.redrawing_variance(results_in(tmp_path / "nothing")) == {}


def test_committed_metrics_alone_are_compared_with_both_uncertainties():
    new = {"test": {"roc_auc": 0.85}, "test_ci": {"roc_auc": {"low": 0.82, "high": 0.88}}}
    old = {"test": {"roc_auc": 0.80}, "test_ci": {"roc_auc": {"low": 0.76, "high": 0.84}}}
    found = compare.from_metrics(new, old)
    assert found.of("roc_auc").low == pytest.approx(0.05 - 0.05)
    assert found.of("roc_auc").high == pytest.approx(0.05 + 0.05)
    # a metric that one of them lacks is not known, and no reason for anything
    assert math.isnan(found.of("brier").value)
    assert found.of("brier").verdict == ""


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (comparison(), "no difference beyond noise: +0.0000 ROC AUC [-0.0010, +0.0010]"),
        (
            comparison(roc_auc=(0.006, 0.001, 0.011)),
            "better: +0.0060 ROC AUC [+0.0010, +0.0110]",
        ),
        (comparison(brier=(0.006, 0.001, 0.011)), "worse: +0.0060 Brier score"),
        (comparison(brier=(-0.006, -0.011, -0.001)), "better: -0.0060 Brier score"),
        (
            comparison(roc_auc=(0.01, 0.005, 0.02), profit_per_customer=(-0.4, -0.7, -0.1)),
            "better and worse: +0.0100 ROC AUC [+0.0050, +0.0200], but -0.40 profit per customer",
        ),
    ],
)
def test_the_verdict_says_what_is_beyond_noise(found: Comparison, words: str):
    assert judge(found, None, TOLERANCE).line.startswith(words)


def test_a_group_that_is_worse_off_is_in_the_verdict():
    groups = slices_of(
        ("everybody", "", "brier", "worse", 0.01),
        ("Senior", "Yes", "brier", "worse", 0.003),
        ("Senior", "Yes", "roc_auc", "worse", -0.001),
        ("Senior", "No", "roc_auc", "worse", -0.001),  # beyond noise, and tolerated
        ("Gender", "f", "roc_auc", "better", 0.1),
        ("Plan", "gold", "recall", "worse", -0.1),  # whom to contact is a matter of costs
    )
    found = judge(comparison(), groups, TOLERANCE)
    assert found.line.startswith(
        "worse for Senior = Yes, Senior = No; over all customers no difference beyond noise"
    )
    assert found.reasons == [
        "worse for Senior = Yes by more than is tolerated of all customers; "
        "0 such groups are tolerated (params.yaml, report.tolerance.worse_slices)"
    ]
    allowed = TOLERANCE.model_copy(update={"worse_slices": 1})
    assert judge(comparison(), groups, allowed).reasons == []


@pytest.mark.parametrize(
    ("difference", "is_blocked"),
    [
        ((-0.0051, -0.009, -0.001), True),  # beyond the tolerance and beyond noise
        ((-0.0049, -0.009, -0.001), False),  # tolerated
        ((-0.03, -0.07, 0.01), False),  # noise
        ((0.03, 0.01, 0.07), False),  # better
    ],
)
def test_a_loss_blocks_beyond_tolerance_and_noise(difference, is_blocked: bool):
    reasons = judge(comparison(roc_auc=difference), None, TOLERANCE).reasons
    assert bool(reasons) == is_blocked
    assert all("report.tolerance.roc_auc" in reason for reason in reasons)
