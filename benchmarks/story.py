"""The loop's profit over several stories, against never retraining and retraining every month."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
from scipy.stats import t

from benchmarks.result import Result
from stages.core.measures import Floats
from stages.core.paths import Paths
from stages.operations.story.play import Story
from stages.operations.story.script import Script
from stages.operations.story.turning_points import (
    ENOUGH,
    TurningPoints,
    frame,
    totals,
    turning_points,
)

HERE = Paths.here()
SEEDS = int(os.environ.get("STORY_SEEDS", "20"))
FIRST = 100  # seed of the first story; the others follow
LEVEL = 0.95
QUIET = 0.85  # an alarm in 5% of quiet years is the budget: 4 in 20 stories come by chance in 2%
AFTER_THE_OFFER = 8  # months: a label's six, one to judge on, one in which it is deployed


def benchmarks() -> list[Result]:
    """Differences of profit with intervals over the stories, and how many turn as they should."""
    stories = [_story(seed) for seed in range(FIRST, FIRST + SEEDS)]
    loop, never, every, undisturbed = np.array([profits for profits, _ in stories]).T
    points = [found for _, found in stories]
    return [
        _difference("loop less never retrained", loop - never),
        _difference("loop less retrained every month", loop - every, undisturbed),
        _share("no alarm before the offer", [not p.false_alarms for p in points], bound=QUIET),
        _share("seen within two months", [_in_time(p) for p in points]),
        _regained(np.array([p.regained for p in points])),
        _share(f"{ENOUGH:.0%} of the loss regained, once", [_recovered(p) for p in points]),
        _share("broken column a fault", [p.fault_is_one for p in points]),
        _share("bad model taken back", [p.bad_is_taken_back for p in points]),
    ]


def _story(seed: int) -> tuple[tuple[float, float, float, float], TurningPoints]:
    """Means of loop, never and every month; loop less every month without the bad model's."""
    script = Script(seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        played = Story.begin(HERE, Path(folder), script).play(lambda month: None)
    loop, never, every, _ = totals(frame(played))
    calm = totals(frame(played), without=script.bad + 1)
    return (loop, never, every, calm.iloc[0] - calm.iloc[2]), turning_points(played, script)


def _in_time(points: TurningPoints) -> bool:
    return points.alarm is not None and points.alarm <= Script().offer + 2


def _recovered(points: TurningPoints) -> bool:
    return points.recovered is not None and points.recovered <= Script().offer + AFTER_THE_OFFER


def _regained(shares: Floats) -> Result:
    name = "story: share of the loss regained two months after the first new champion's first"
    return Result(name, float(shares.mean()), ">=", ENOUGH, f"{_in_words(shares)}, {SEEDS} stories")


def _difference(name: str, values: Floats, undisturbed: Floats | None = None) -> Result:
    """The upper bound of the mean difference: at 0 or above it is not lower beyond noise.

    `undisturbed` is the same difference without the month of the bad model, for the details.
    """
    details = f"mean {_in_words(values)}, {SEEDS} stories"
    if undisturbed is not None:
        details += f"; without the month of the bad model {_in_words(undisturbed)}"
    return Result(f"story: {name}, upper bound", _interval(values)[1], ">=", 0.0, details)


def _interval(values: Floats) -> tuple[float, float]:
    error = float(values.std(ddof=1) / np.sqrt(len(values)))
    margin = float(t.isf((1 - LEVEL) / 2, len(values) - 1)) * error
    return float(values.mean()) - margin, float(values.mean()) + margin


def _in_words(values: Floats) -> str:
    low, high = _interval(values)
    return f"{values.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def _share(name: str, kept: list[bool], *, bound: float = 0.95) -> Result:
    return Result(f"story: {name}", float(np.mean(kept)), ">=", bound, f"{sum(kept)} of {SEEDS}")
