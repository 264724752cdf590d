"""What two models make of the customers put aside, and the conditions that follow from it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.bundle import Scorer
from scoring.derive import Inputs
from stages.core import measures
from stages.core.metrics import METRICS
from stages.evaluation.evaluate_params import Evaluate
from stages.evaluation.evaluation_data import EvaluationData
from stages.evaluation.slices import compare_slices, groups_of
from stages.features.table import model_inputs
from stages.model.export import TOLERANCE
from stages.model.money_params import Money
from stages.operations.gate.bundles import Side
from stages.operations.gate.gate_decision import Check
from stages.operations.gate.gate_params import Gate
from stages.operations.gate.hold_out import HoldOut
from stages.operations.gate.schema_direction import goes_the_schemas_way
from stages.operations.pull_request.change_verdict import judge
from stages.operations.pull_request.compare import (
    Comparison,
    compare,
    predicted_by,
    sampled,
    variance_of_redrawing,
    widened,
)
from stages.operations.pull_request.report import customers_for
from stages.operations.pull_request.report_params import Tolerance

ALONE = 50  # customers that are scored alone, too
ROUNDS = 30  # of the measurement of time; the fastest counts


@dataclass(frozen=True)
class Scored:
    """Champion and challenger on the same customers, and the difference of every metric."""

    champion: EvaluationData
    challenger: EvaluationData
    comparison: Comparison


def evaluation_data(side: Side, data: HoldOut, params: Evaluate, assumed: Money) -> EvaluationData:
    """What a bundle predicts of the customers put aside."""
    probability = side.scorer.probability(model_inputs(data.features, data.schema))
    return predicted_by(side.manifest, data.features, probability, data.schema, params, assumed)


def scored(
    sides: tuple[Side, Side], champion: EvaluationData, challenger: EvaluationData
) -> Scored:
    """The paired comparison, with the noise of other folds and seeds in its intervals."""
    noise = [variance_of_redrawing(s.comparison, s.manifest["candidate"]) for s in sides]
    level = challenger.params.level
    return Scored(champion, challenger, widened(compare(challenger, champion), noise, level=level))


def check_answers(challenger: EvaluationData) -> Iterator[Check]:
    """Whether the answers are probabilities, and of the right class."""
    wrong = ~((challenger.probability >= 0) & (challenger.probability <= 1))
    words = f"no probability for {int(wrong.sum())} of {len(wrong):,} customers"
    yield Check(name="no_probability", passed=not wrong.any(), words=words)
    if wrong.any():
        return
    label, probability = challenger.label, challenger.probability
    auc = measures.value(measures.roc_auc, label, probability)
    _, high = challenger.bootstrap.interval(measures.roc_auc, label, probability)
    words = f"ROC AUC {auc:.3f}"
    if high < 0.5:
        words += ": it ranks the wrong way round; expected above 0.5"
    yield Check(name="inverted", passed=high >= 0.5, words=words, figures={"roc_auc": auc})


def check_quality(
    found: Scored, champion: Side, challenger: Side, gate: Gate, tolerance: Tolerance
) -> Iterator[Check]:
    """All that a better score does not make up for."""
    yield _is_plausible(found, champion, gate)
    yield _agrees_with_itself(found.challenger, challenger.scorer)
    yield _is_fast(found.challenger, champion.scorer, challenger.scorer, gate)
    yield goes_the_schemas_way(found.challenger, challenger)
    yield _is_calibrated(found, gate)
    yield _harms_no_group(found, tolerance)


def _is_plausible(found: Scored, champion: Side, gate: Gate) -> Check:
    """Nobody halves a well-kept model's errors in ranking without having seen the labels."""
    before = 1 - champion.cross_validated("roc_auc")
    now = 1 - found.comparison.of("roc_auc").new
    words = (
        f"ROC AUC {1 - now:.3f}, where the champion was trained with {1 - before:.3f}; a leak is "
        f"suspected where less than {gate.leak:.0%} of the errors are left (gate.leak)"
    )
    figures = {"errors": now, "errors_before": before}
    return Check(name="leak", passed=now >= gate.leak * before, words=words, figures=figures)


def _agrees_with_itself(data: EvaluationData, scorer: Scorer) -> Check:
    """The graph answers alike for one customer and for all; training compared it with its model."""
    inputs = model_inputs(data.features, data.schema)
    alone = np.array([scorer.probability(_one(inputs, i))[0] for i in range(_few(data))])
    worst = float(np.abs(alone - data.probability[: len(alone)]).max())
    words = f"alone and among others the same within {TOLERANCE:g}"
    if not worst <= TOLERANCE:
        words = f"alone and among others a customer's probabilities differ by {worst:.1e}"
    return Check(name="export", passed=worst <= TOLERANCE, words=words)


def _few(data: EvaluationData) -> int:
    return min(ALONE, len(data.label))


def _one(inputs: Inputs, row: int) -> Inputs:
    return Inputs(inputs.numeric[row : row + 1], inputs.category[row : row + 1])


def _is_fast(data: EvaluationData, old: Scorer, new: Scorer, gate: Gate) -> Check:
    """By the processor time of the fastest of many; the file has no time, which is no fact."""
    one = _one(model_inputs(data.features, data.schema), 0)
    ratio = cost_of(new, one) / cost_of(old, one)
    bound = f"{gate.latency:g} times the champion's time for one customer (gate.latency)"
    passed = ratio <= gate.latency
    return Check(name="latency", passed=passed, words=f"{'within' if passed else 'above'} {bound}")


def cost_of(scorer: Any, one: Inputs) -> float:
    """Processor time of this thread for one customer, in seconds: of the fastest try."""
    scorer.probability(one)
    tries = []
    for _ in range(ROUNDS):
        start = time.thread_time_ns()
        scorer.probability(one)
        tries.append(time.thread_time_ns() - start)
    return max(min(tries), 1) / 1e9


def _is_calibrated(found: Scored, gate: Gate) -> Check:
    error = found.comparison.of("ece")
    lost = error.verdict == "worse" and error.loss > gate.calibration
    words = (
        f"expected calibration error {error.new:.4f}, the champion's {error.old:.4f}; "
        f"up to {gate.calibration:g} more is tolerated (gate.calibration)"
    )
    figures = {"difference": error.value, "low": error.low, "high": error.high}
    return Check(name="calibration", passed=not lost, words=words, figures=figures)


def _harms_no_group(found: Scored, tolerance: Tolerance) -> Check:
    most = customers_for(len(groups_of(found.challenger)))
    pair = sampled(found.challenger, found.champion, most=most)
    everybody = found.comparison
    verdict = judge(everybody, compare_slices(*pair), tolerance)
    words = verdict.reasons[0] if verdict.reasons else "no loss beyond tolerance and noise"
    return Check(name="groups", passed=not verdict.reasons, words=words)


def decay_of(found: EvaluationData, champion: Side, gate: Gate) -> list[str]:
    """In what the champion is measurably worse than it was trained with, in words.

    Ranking below its cross-validated one beyond noise; or a churn rate further from the prediction
    than `gate.decay`, beyond noise. Not its log loss: that moves with the churn rate alone.
    """
    label, probability = found.label, found.probability
    trained, lost = champion.cross_validated("roc_auc"), []
    _, high = found.bootstrap.interval(measures.roc_auc, label, probability)
    if high < trained:
        lost.append(f"ROC AUC at most {high:.3f}, trained with {trained:.3f}")
    low, high = found.bootstrap.interval(measures.mean, label, label - probability)
    if low > gate.decay or high < -gate.decay:
        lost.append(f"churn rate {low:+.1%} to {high:+.1%} off the prediction")
    return lost


def check_gain(found: Scored, decayed: list[str], gate: Gate) -> Check:
    """Better beyond noise, or no worse than a champion that has decayed."""
    difference, metric = found.comparison.of(gate.metric), METRICS[gate.metric]
    better = difference.verdict == "better"
    passed = better or (bool(decayed) and difference.loss < 0)
    change = (
        f"{metric.title} {metric.text(difference.value, signed=True)} "
        f"({metric.text(difference.low, signed=True)} to "
        f"{metric.text(difference.high, signed=True)})"
    )
    if better:
        words = f"{change}: better beyond noise"
    elif passed:
        words = f"{change}: not beyond noise, but the champion has decayed: {'; '.join(decayed)}"
    else:
        words = f"{change}: no gain beyond noise"
    return Check(name="no_gain", passed=passed, words=words)
