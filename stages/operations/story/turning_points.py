"""The turning points of a played story: what the loop is for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.operations.story.play import Played
from stages.operations.story.script import Script

AFTER = 2  # months after the first new champion's first, in which the regained profit is looked at
ENOUGH = 0.8  # of the lost profit
WAYS = {
    "loop": "with the loop", "never": "never retrained", "every": "retrained every month",
    "oracle": "oracle",
}  # fmt: skip


@dataclass(frozen=True)
class TurningPoints:
    """Months are None where there is none.

    `promoted` are the months from which a new champion answers, between the offer and the broken
    column. `regained` is the share of the profit lost by who never retrains that the loop has back
    `AFTER` months after the first of these, `recovered` the first month in which it has `ENOUGH` of
    it back.
    """

    false_alarms: tuple[int, ...]
    alarm: int | None
    promoted: tuple[int, ...]
    regained: float
    recovered: int | None
    fault_is_one: bool
    bad_is_taken_back: bool


def frame(played: list[Played]) -> pd.DataFrame:
    """A row per month."""
    return pd.DataFrame([vars(month) for month in played]).set_index("month")


def turning_points(played: list[Played], script: Script) -> TurningPoints:
    """Those of a story that was played to its end."""
    months = frame(played)
    alerted, promoted = months.index[months["alert"] != ""], _promoted(months, script)
    champion = months["champion"]
    return TurningPoints(
        false_alarms=tuple(int(month) for month in alerted[alerted < script.offer]),
        alarm=_first(alerted[alerted >= script.offer]),
        promoted=promoted,
        regained=_regained(months, promoted[0] + AFTER) if promoted else 0.0,
        recovered=_recovered(months, promoted),
        fault_is_one=list(months.index[months["status"] == "fault"]) == [script.broken]
        and months["decision"][script.broken] == "",
        bad_is_taken_back="taken back" in months["decision"][script.bad]
        and champion[script.bad] == champion[script.bad + 1],
    )


def _first(months: pd.Index) -> int | None:
    return int(months[0]) if len(months) else None


def _promoted(months: pd.DataFrame, script: Script) -> tuple[int, ...]:
    is_new = months["champion"].ne(months["champion"].shift()).to_numpy()
    after = (months.index > script.offer) & (months.index <= script.broken)
    return tuple(int(month) for month in months.index[is_new & after])


def _regained(months: pd.DataFrame, month: int) -> float:
    """Share of the lost profit that the loop earns in a month, or the last one before it.

    Lost is what never retraining earns less than the oracle, beyond what it did in the first month,
    when nothing of the offer could be foreseen.
    """
    missed = months["oracle"] - months["never"]
    lost = (missed - missed.iloc[0]).loc[:month].iloc[-1]
    gained = (months["loop"] - months["never"]).loc[:month].iloc[-1]
    return float(gained / lost) if lost > 0 else float("nan")


def _recovered(months: pd.DataFrame, promoted: tuple[int, ...]) -> int | None:
    since = months.index[months.index >= promoted[0]] if promoted else months.index[:0]
    return _first(since[[_regained(months, month) >= ENOUGH for month in since]])


def totals(months: pd.DataFrame, *, without: int | None = None) -> pd.Series:
    """Mean profit per customer and month of each way that was played, in words.

    `without` is a month that is left out.
    """
    kept = months.drop(index=[] if without is None else [without])
    means = kept[list(WAYS)].mean().rename(index=WAYS)
    return means[np.isfinite(means)]


def in_words(found: TurningPoints, script: Script) -> list[str]:
    """The turning points, a sentence each."""
    alarms = ", ".join(map(str, found.false_alarms)) or "none"
    seen = f"in month {found.alarm}" if found.alarm is not None else "never"
    return [
        f"Alarms before the offer of month {script.offer}: {alarms}. The offer is seen {seen}.",
        _new_champions(found),
        f"The column that breaks in month {script.broken} is "
        + ("a fault, and nothing is retrained on it." if found.fault_is_one else "taken for more."),
        f"The bad model of month {script.bad} is "
        + ("taken back." if found.bad_is_taken_back else "left in service."),
    ]


def _new_champions(found: TurningPoints) -> str:
    if not found.promoted:
        return "No new champion answers."
    since = ", ".join(map(str, found.promoted))
    when = "never" if found.recovered is None else f"first in month {found.recovered}"
    month = found.promoted[0] + AFTER
    return (
        f"New champions answer from month {since} on. {found.regained:.0%} of the lost profit is "
        f"regained in month {month}, {AFTER} months after the first of them; {ENOUGH:.0%} {when}."
    )
