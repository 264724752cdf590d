"""The sections of `params.yaml` that no stage reads: what is done beside the pipeline."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from stages.core.sections import (
    CandidateName,
    Forest,
    LearnerName,
    LightGBM,
    Logistic,
    MetricName,
    NonNegative,
    Part,
    Positive,
    Section,
    Seed,
    XGBoost,
)

LEARNERS: dict[str, type[Section]] = {
    "logistic": Logistic,
    "forest": Forest,
    "xgboost": XGBoost,
    "lightgbm": LightGBM,
}


class Range(Section):
    """Values that a search may try."""

    low: float
    high: float
    log: bool

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low < self.high:
            raise ValueError("low must lie below high")
        if self.log and self.low <= 0:
            raise ValueError("low must be above 0 on a log scale")
        return self


class Tune(Section):
    """The search for hyperparameters."""

    seed: Seed
    metric: MetricName
    trials: Annotated[int, Field(ge=1, le=10_000)]
    seconds: Positive
    outer_folds: Annotated[int, Field(ge=2, le=20)]
    inner_folds: Annotated[int, Field(ge=2, le=20)]
    candidates: Annotated[list[LearnerName], Field(min_length=1)]
    space: dict[str, dict[str, Range]]

    @model_validator(mode="after")
    def _known(self) -> Tune:
        for candidate in self.candidates:
            if not self.space.get(candidate):
                raise ValueError(f"space: {candidate} is to be tuned, but has no range")
        for learner, fields in self.space.items():
            if learner not in LEARNERS:
                raise ValueError(f"space: {learner} cannot be tuned")
            for name, bounds in fields.items():
                _check_range(learner, name, bounds)
        return self


def _check_range(candidate: str, name: str, bounds: Range) -> None:
    """`ValueError` where the candidate has no such field, or may not take both ends."""
    known = LEARNERS[candidate].model_fields
    if name not in known:
        raise ValueError(f"space.{candidate}: train.{candidate} has no field {name}")
    exact: Any = Annotated[known[name].annotation, *known[name].metadata]
    for value in (bounds.low, bounds.high):
        try:
            TypeAdapter(exact).validate_python(value)
        except ValidationError as error:
            words = error.errors(include_url=False)[0]["msg"]
            raise ValueError(f"space.{candidate}.{name}: {value:g}: {words}") from None


class Ablation(Section):
    """The effect of each switch."""

    seed: Seed
    folds: Annotated[int, Field(ge=2, le=20)]
    repeats: Annotated[int, Field(ge=1, le=50)]
    level: Annotated[float, Field(ge=0.5, le=0.999)]
    candidate: CandidateName
    crosses: Annotated[int, Field(ge=1, le=1000)]
    width: Annotated[int, Field(ge=1, le=256)]


class Tolerance(Section):
    """What a pull request may lose before its report blocks it, per metric in its own unit."""

    roc_auc: NonNegative
    average_precision: NonNegative
    brier: NonNegative
    profit_per_customer: NonNegative
    worse_slices: Annotated[int, Field(ge=0)]


class Report(Section):
    """The comparison of two revisions."""

    tolerance: Tolerance
    drift: Part


class Floors(Section):
    """What a model has to reach on the test customers to be registered."""

    roc_auc: Part
    brier_skill: Part
    profit_per_customer: float


class Registry(Section):
    """Which models may be registered."""

    floors: Floors
