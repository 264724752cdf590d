"""Parameters of the search for hyperparameters: section `tune` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from stages.core.section import Folds, Group, Positive, Section, Seed
from stages.model.train_params import Forest, LearnerName, LightGBM, Logistic, MetricName, XGBoost

LEARNERS: dict[str, type[Group]] = {
    "logistic": Logistic,
    "forest": Forest,
    "xgboost": XGBoost,
    "lightgbm": LightGBM,
}


class Range(Group):
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

    section: ClassVar[str] = "tune"

    seed: Seed
    metric: MetricName
    trials: Annotated[int, Field(ge=1, le=10_000)]
    seconds: Positive
    outer_folds: Folds
    inner_folds: Folds
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
