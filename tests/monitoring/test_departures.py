"""Departures against the predicted ones: seldom a false alarm, and what has begun is found soon."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from scoring.verdict import Departures
from stages.monitoring.departures import MEMORY, Step, judge
from tests.monitoring.conftest import PARAMS, WINDOW

CUSTOMERS, PREDICTED = np.array([900.0, 4_000.0, 2_000.0]), np.array([500.0, 1_000.0, 300.0])
RATES = np.array([0.4, 0.08, 0.04])  # newcomers leave soon


def steps(observed: Sequence[Sequence[float]], *, share: float = 1.0) -> list[Step]:
    """A month each: who of some hundred customers in three bands of risk left."""
    return [
        Step(f"{month:03d}", 1, CUSTOMERS * share, PREDICTED * share, np.asarray(each, float))
        for month, each in enumerate(observed, start=2)
    ]


def year(history: Sequence[Step]) -> list[Departures]:
    """The answer of each month, an alarm being known to those that follow."""
    found: list[Departures] = []
    for month in range(1, len(history) + 1):
        alarms = [bool(each.changed) for each in found]
        found.append(judge(history[:month], alarms, level=PARAMS.level, window=WINDOW))
    return found


def alarm_share(draw: Callable[[], list[Step]], *, years: int) -> float:
    """Share of years in which there is an alarm."""
    return float(np.mean([any(each.changed for each in year(draw())) for _ in range(years)]))


@pytest.mark.parametrize("share", [0.0005, 0.003, 1.0])  # some 0.4, 2 and 760 leave in a month
def test_a_quiet_year_has_an_alarm_no_more_often_than_its_part_of_the_budget(share: float) -> None:
    rng = np.random.default_rng(3)
    mean = CUSTOMERS * RATES * share

    def draw() -> list[Step]:
        return steps([rng.poisson(mean) for _ in range(11)], share=share)

    assert alarm_share(draw, years=100) <= 0.04, "the budget has 0.017; 100 years stray"


def test_what_began_two_months_ago_is_compared_with_the_months_before_it() -> None:
    quiet, risen = CUSTOMERS * RATES, CUSTOMERS * RATES * [1.0, 1.25, 1.25]
    history = steps([quiet] * 6 + [risen] * 2)
    *before, first, second = year(history)
    assert not any(each.changed for each in [*before, first])
    assert second.changed
    assert second.months == 2
    assert second.predicted == pytest.approx(2 * quiet.sum(), rel=0.01)


def test_departures_vary_less_where_some_leave_almost_surely() -> None:
    by_band = steps([CUSTOMERS * RATES] * 8)
    together = [
        Step(
            one.month, 1, *(np.array([each.sum()]) for each in (CUSTOMERS, PREDICTED, one.observed))
        )
        for one in by_band
    ]
    mixed, alike = year(by_band)[-1], year(together)[-1]
    assert mixed.predicted == pytest.approx(alike.predicted, rel=0.01)
    assert mixed.high - mixed.predicted < alike.high - alike.predicted


def test_months_that_vary_by_themselves_widen_the_bound() -> None:
    quiet = CUSTOMERS * RATES
    noisy = [quiet * (1.1 if month % 2 else 0.9) for month in range(9)]
    assert year(steps(noisy))[-1].high > year(steps([quiet] * 9))[-1].high


def test_months_with_an_alarm_are_not_learned_from() -> None:
    quiet = CUSTOMERS * RATES
    found = year(steps([quiet] * 5 + [quiet * 1.5] * MEMORY))
    assert all(each.changed for each in found[5:]), "the alarm stays"
