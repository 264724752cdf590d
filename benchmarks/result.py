"""One measured figure and the bound it has to keep."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """A figure, its bound ("<=" or ">="), and what it was made of."""

    name: str
    value: float
    relation: str
    bound: float
    details: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the figure lies on the right side of its bound."""
        return self.value <= self.bound if self.relation == "<=" else self.value >= self.bound

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON."""
        return {**asdict(self), "is_met": self.is_met}

    def __str__(self) -> str:
        verdict = "ok    " if self.is_met else "MISSED"
        bound = f"{self.relation} {self.bound:g}"
        return f"{verdict}  {self.name:<52} {self.value:8.4f}  (bound {bound})  {self.details}"


def paired_ratio(
    one: Callable[[], None],
    other: Callable[[], None],
    *,
    runs: int,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, str]:
    """Median over pairs of the time of `one` over that of `other`, run in turn; and the medians."""
    pairs = [(_seconds(one, clock), _seconds(other, clock)) for _ in range(runs)]
    ratio = statistics.median(a / b for a, b in pairs)
    first, second = (statistics.median(times) for times in zip(*pairs, strict=True))
    return ratio, f"{first:.1f} s against {second:.1f} s, median of {runs} pairs"


def _seconds(work: Callable[[], None], clock: Callable[[], float]) -> float:
    start = clock()
    work()
    return clock() - start


def processor_seconds() -> float:
    """A clock that others on the machine do not move: of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
