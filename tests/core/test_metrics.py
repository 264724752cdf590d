"""A metric is one entry: names, titles, directions, digits, and that everybody reads it."""

import dataclasses
from typing import get_args

import numpy as np
import pytest
from sklearn.metrics import matthews_corrcoef

from stages.ablation import ablation_tables, effects
from stages.ablation.ablation_params import Ablation
from stages.ablation.variants import Variant
from stages.core import measures, metrics
from stages.core.metrics import METRICS, Input, Metric, Shown, shown_in
from stages.evaluation import card
from stages.evaluation import record as recorded
from stages.evaluation.headline import headings, headline
from stages.evaluation.slices import compare_slices
from stages.model.train_params import MetricName
from stages.operations import experiments
from stages.operations.pull_request import compare
from stages.operations.registry import assignments, evidence
from tests import builders


def perfect(metric: Metric) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, the input of a metric for the best model there is, and for the worst."""
    label = (np.arange(100) < 20).astype(float)
    if metric.input is Input.PROFIT:  # of contacting whoever leaves, and whoever stays
        return label, 10 * label, label - 1
    best = np.linspace(0.99, 0.01, 100) if metric.input is Input.PROBABILITY else label
    return label, best, 1 - best


def matthews(label, chosen, weight):
    """The Matthews correlation coefficient, weighted."""
    each = [matthews_corrcoef(label, chosen, sample_weight=row) for row in weight]
    return np.array(each)


@pytest.fixture
def added(monkeypatch):
    """The Matthews correlation coefficient as one more entry, shown everywhere."""
    metric = Metric(
        "matthews",
        "Matthews correlation",
        matthews,
        Input.DECISION,
        digits=3,
        shown=Shown.EVERYWHERE & ~Shown.CROSS_VALIDATION,
    )
    monkeypatch.setitem(metrics.METRICS, metric.name, metric)
    return metric


# --- the entries -------------------------------------------------------------------------------


def test_metrics_are_found_under_their_names():
    assert all(metric.name == name for name, metric in METRICS.items())
    assert {*builders.CONTRACT} - {"threshold"} <= METRICS.keys()


def test_titles_tell_the_metrics_apart():
    assert len({metric.title.casefold() for metric in METRICS.values()}) == len(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_direction_is_that_of_the_measure(name):
    metric = METRICS[name]
    label, best, worst = perfect(metric)
    measure = metric.bound(costs=builders.costs(), value=80.0)
    right, wrong = (measures.value(measure, label, x) for x in (best, worst))
    assert (right > wrong) == metric.higher_is_better
    assert metric.sign * (right - wrong) > 0


def test_a_value_is_written_in_the_metrics_digits_and_with_its_sign_where_asked_for():
    assert METRICS["roc_auc"].text(0.84432) == "0.8443"
    assert METRICS["profit_per_customer"].text(6.579) == "6.58"
    assert METRICS["profit_per_customer"].text(6.579, signed=True) == "+6.58"
    assert METRICS["roc_auc"].text(float("nan")) == "–"


def test_a_measure_takes_its_own_settings_and_no_others():
    bound = METRICS["ece"].bound(bins=2, costs=builders.costs(), value=1.0)
    label, score = np.array([0.0, 1, 0, 1]), np.array([0.2, 0.4, 0.6, 0.8])
    expected = measures.calibration_error(label, score, np.ones((1, 4)), bins=2)
    np.testing.assert_array_equal(bound(label, score, np.ones((1, 4))), expected)


def test_candidates_are_chosen_by_metrics_that_are_measured_on_every_fold():
    compared = {metric.name for metric in shown_in(Shown.CROSS_VALIDATION)}
    assert set(get_args(MetricName)) <= compared


# --- one entry more ----------------------------------------------------------------------------


def test_an_added_metric_is_in_metrics_json_report_and_card(added):
    data = builders.evaluation_data()
    table = headline(data)
    expected = matthews_corrcoef(data.label, data.decision)
    assert table.loc["matthews", "value"] == pytest.approx(expected)
    assert table.loc["matthews", "low"] < expected < table.loc["matthews", "high"]
    assert headings()["matthews"] == "Matthews correlation"
    rows = {row["name"]: row for row in card._headline(table)}
    assert rows["Matthews correlation"]["value"] == f"{expected:.3f}"
    found = recorded.Findings(table, table.iloc[:0], table.iloc[:0], truth=None)
    content = recorded.metrics_file(data, found._replace(totals=_totals(data)))
    assert content["test"]["matthews"] == pytest.approx(expected, abs=1e-6)
    assert content["test_ci"]["matthews"].keys() == {"low", "high"}
    assert "one_feature_matthews" in content["reference"]


def _totals(data):
    from stages.evaluation.contact_list import totals

    return totals(data)


def test_an_added_metric_is_compared_in_a_pull_request(added):
    new = builders.evaluation_data()
    old = dataclasses.replace(new, probability=builders.scores_of(new.label, seed=3))
    found = compare.compare(new, old).of("matthews")
    expected = [matthews_corrcoef(new.label, each.decision) for each in (new, old)]
    assert [found.new, found.old] == pytest.approx(expected)
    assert found.loss == pytest.approx(found.old - found.new)
    assert "matthews" in set(compare_slices(new, old)["metric"])


def test_an_added_metric_is_in_registry_and_experiments(added):
    figures = {m.name: 0.5 for m in evidence.recorded()}
    bounds = {name: {"low": 0.4, "high": 0.6} for name in figures}
    found = evidence.figures({"test": figures, "test_ci": bounds})
    record = evidence.Record(bundle="b", candidate="vote", metrics=found, behaviour=1, files={})
    assert "Matthews correlation 0.500 (0.400 to 0.600)" in record.words()
    assert "Matthews correlation" in assignments.header()
    assert "matthews" in experiments.metrics_shown()


def test_an_added_metric_is_measured_in_the_ablation(added):
    params = builders.train_params(candidates=["logistic"])
    variants = [
        Variant("base", "logistic", params, None),
        Variant("same", "logistic", params, "base"),
    ]
    ablation = Ablation.of(ABLATION)
    measured = effects.measure(
        variants,
        builders.features(),
        builders.schema(),
        ablation=ablation,
        assumptions=builders.money_params(),
    )
    found = effects.effects(measured, ablation)
    assert (found.query("measure == 'matthews'")["effect"] == 0).all()
    assert "Matthews correlation" in ablation_tables.table(found)


ABLATION = {
    "seed": 1,
    "folds": 3,
    "repeats": 1,
    "level": 0.95,
    "candidate": "logistic",
    "crosses": 5,
    "width": 3,
}
