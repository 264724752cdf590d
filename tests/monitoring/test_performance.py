"""Performance expected without labels: what the average over many labels is, and how it strays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from stages.core.measures import Floats, brier, log_loss, roc_auc
from stages.monitoring.performance import Expected, expected_auc, expected_loss

DRAWS = 2_000
Metric = Callable[[Floats, Floats, Floats], Floats]


def drawn(metric: Metric, p: Floats, score: Floats) -> Floats:
    """The metric of labels drawn with probability p, again and again."""
    rng, one = np.random.default_rng(2), np.ones((1, len(p)))
    return np.array(
        [metric((rng.random(len(p)) < p).astype(float), score, one)[0] for _ in range(DRAWS)]
    )


def expected(name: str, p: Floats, score: Floats) -> tuple[Metric, Expected]:
    if name == "roc_auc":
        return roc_auc, expected_auc(p, score)
    if name == "brier":
        return brier, expected_loss(p, (1 - score) ** 2, score**2)
    return log_loss, expected_loss(p, -np.log(score), -np.log(1 - score))


@pytest.mark.parametrize("name", ["roc_auc", "log_loss", "brier"])
@pytest.mark.parametrize("digits", [12, 1])  # of the scores: without ties and with many
def test_expected_metrics_are_the_mean_over_labels_and_their_deviation(
    name: str, digits: int
) -> None:
    rng = np.random.default_rng(1)
    p = rng.beta(1, 3, 150)
    score = np.clip(np.round(0.8 * p + 0.1 * rng.random(150), digits), 0.02, 0.98)
    metric, found = expected(name, p, score)
    values = drawn(metric, p, score)
    assert found.value == pytest.approx(values.mean(), abs=4 * values.std() / np.sqrt(DRAWS) + 1e-3)
    assert found.deviation == pytest.approx(values.std(), rel=0.08)


def test_where_nobody_can_leave_nothing_can_be_ranked() -> None:
    assert expected_auc(np.zeros(5), np.arange(5.0)) == Expected(0.5, 0.0)
