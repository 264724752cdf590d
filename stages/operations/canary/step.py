"""What live figures say of a step: on, back, or wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from stages.operations.canary.canary_params import Canary
from stages.operations.canary.sequential import Rate, exceeds

CHECKS = 4  # failures, more contacts, fewer contacts, other decisions


@dataclass(frozen=True)
class Counts:
    """Customers since the step began: answered by the model, contacted of those, not answered.

    `differing` are those on whom a shadow decides otherwise than the champion.
    """

    answered: int = 0
    contacts: int = 0
    failures: int = 0
    differing: int = 0

    @property
    def asked(self) -> int:
        """All that it was asked for."""
        return self.answered + self.failures

    @property
    def contacted(self) -> Rate:
        """Share of the answered."""
        return Rate(self.contacts, self.answered)

    @property
    def differed(self) -> Rate:
        """Share of the answered."""
        return Rate(self.differing, self.answered)

    @property
    def failed(self) -> Rate:
        """Share of the asked."""
        return Rate(self.failures, self.asked)


class Figures(NamedTuple):
    """Champion and challenger in the same step."""

    champion: Counts
    challenger: Counts


class Finding(NamedTuple):
    """What follows, and why."""

    outcome: Literal["on", "back", "wait"]
    words: str


def judge(figures: Figures | None, params: Canary, *, is_all: bool) -> Finding:
    """On where enough customers show no harm, back where they show some, else wait.

    Where the challenger answers everybody (`is_all`), it has no champion to be compared with: its
    failures alone are counted.
    """
    if figures is None:
        return Finding("wait", "the service does not show the figures of these bundles")
    champion, challenger = figures
    alpha = (1 - params.level) / (len(params.steps) * CHECKS)
    if words := _breach(champion, challenger, params, alpha=alpha, is_all=is_all):
        return Finding("back", words)
    few = challenger if is_all else min(figures, key=lambda each: each.asked)
    if few.asked < params.least:
        who = "challenger" if few is challenger else "champion"
        return Finding("wait", f"{who}: {few.asked:,} of {params.least:,} customers")
    if words := _beyond(champion, challenger, params, is_all=is_all):
        return Finding("wait", words)
    return Finding("on", f"{challenger.asked:,} customers, {_words(champion, challenger, is_all)}")


def _breach(
    champion: Counts, challenger: Counts, params: Canary, *, alpha: float, is_all: bool
) -> str:
    """What is harmed beyond noise; empty where nothing is."""
    before = None if is_all or not champion.asked else champion.failed
    if exceeds(challenger.failed, before, tolerance=params.failures, alpha=alpha):
        return f"{challenger.failed.value:.1%} of the customers were not answered by the challenger"
    if exceeds(challenger.differed, None, tolerance=params.differences, alpha=alpha):
        return f"{challenger.differed.value:.1%} of the customers would be decided otherwise"
    pair = challenger.contacted, champion.contacted
    if not is_all and any(
        exceeds(*order, tolerance=params.contacts, alpha=alpha) for order in (pair, pair[::-1])
    ):
        return _words(champion, challenger, is_all)
    return ""


def _beyond(champion: Counts, challenger: Counts, params: Canary, *, is_all: bool) -> str:
    """What is not within its tolerance yet, be it noise; empty where all is."""
    base = 0.0 if is_all else champion.failed.value
    if challenger.failed.value - base > params.failures:
        return f"{challenger.failed.value:.1%} not answered, which may be noise"
    if challenger.differed.value > params.differences:
        return f"{challenger.differed.value:.1%} decided otherwise, which may be noise"
    difference = abs(challenger.contacted.value - champion.contacted.value)
    if not is_all and not difference <= params.contacts:
        return f"{_words(champion, challenger, is_all)}, which may be noise"
    return ""


def _words(champion: Counts, challenger: Counts, is_all: bool) -> str:
    mine = f"{challenger.contacted.value:.1%} to be contacted"
    return mine if is_all else f"{mine}, the champion's {champion.contacted.value:.1%}"
