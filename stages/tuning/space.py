"""The space that is searched: which values each field of a candidate may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stages.model.train_params import Train
from stages.tuning.tune_params import LEARNERS, Range, Tune

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

DIGITS = 3  # significant, so that what is written back can be read


def distributions(tune: Tune, candidate: str) -> dict[str, BaseDistribution]:
    """Optuna's distribution for each searched field of a candidate."""
    space = tune.space[candidate]
    return {field: _distribution(candidate, field, bounds) for field, bounds in space.items()}


def _distribution(candidate: str, field: str, bounds: Range) -> BaseDistribution:
    from optuna.distributions import FloatDistribution, IntDistribution

    if LEARNERS[candidate].model_fields[field].annotation is int:
        return IntDistribution(int(bounds.low), int(bounds.high), log=bounds.log)
    return FloatDistribution(bounds.low, bounds.high, log=bounds.log)


def rounded(values: dict[str, Any]) -> dict[str, Any]:
    """The values to three significant digits; what is tried is what would be written."""
    return {
        field: value if isinstance(value, int) else float(f"{value:.{DIGITS}g}")
        for field, value in values.items()
    }


def with_values(train: Train, candidate: str, values: dict[str, Any]) -> Train:
    """The parameters with other values for one candidate."""
    section = getattr(train, candidate).model_copy(update=values)
    return train.model_copy(update={candidate: section})


def current(train: Train, tune: Tune, candidate: str) -> dict[str, Any]:
    """What the searched fields hold now."""
    section = getattr(train, candidate)
    return {field: getattr(section, field) for field in tune.space[candidate]}
