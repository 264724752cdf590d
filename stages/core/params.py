"""The sections of `params.yaml`, each a model that knows its units and ranges.

The ranges stand here, the meaning of each knob beside its value in `params.yaml`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stages.core.errors import UserError
from stages.core.paths import PARAMS, relative
from stages.core.yamlfile import read_yaml

Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Part = Annotated[float, Field(ge=0, le=1)]
Month = Annotated[int, Field(ge=0, le=48)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
CandidateName = Literal["base_rate", "one_feature", "logistic", "forest", "xgboost", "vote"]
MemberName = Literal["logistic", "forest", "xgboost"]
ScenarioName = Literal[
    "none",
    "price_rise",
    "competitor_offer",
    "new_customer_mix",
    "seasonal_wave",
    "unit_change",
    "all_null",
    "shifted_categories",
]
MetricName = Literal["roc_auc", "average_precision", "brier", "log_loss"]


class Section(BaseModel):
    """A section of `params.yaml`: no key unknown or missing, no text where a number belongs."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Data(Section):
    """Where the customers come from."""

    source: str
    schema_: str = Field(alias="schema")
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None

    @property
    def is_generated(self) -> bool:
        """Whether the source is a described population rather than an adopted file."""
        return self.source.endswith((".yaml", ".yml"))

    @model_validator(mode="after")
    def _pinned(self) -> Data:
        if self.is_generated != (self.sha256 is None):
            raise ValueError("an adopted file needs its sha256, a population has none")
        return self


class ScenarioChoice(Section):
    """What happens to the simulated customers, how strongly, and from when on."""

    name: ScenarioName
    strength: Part
    start_month: Month


class Campaign(Section):
    """A retention campaign at the first snapshot, whom it calls drawn by lot."""

    share: Part
    effect: Annotated[float, Field(ge=0, le=5)]


class Generate(Section):
    """The simulated population."""

    rows: Annotated[int, Field(ge=200, le=100_000_000)]
    seed: Seed
    snapshot_month: Month
    months: Annotated[int, Field(ge=1, le=49)]
    scenario: ScenarioChoice
    campaign: Campaign

    @property
    def later_months(self) -> range:
        """The months of the snapshots after the first."""
        return range(self.snapshot_month + 1, self.snapshot_month + self.months)

    @model_validator(mode="after")
    def _ends_in_time(self) -> Generate:
        last = self.snapshot_month + self.months - 1
        if last > 48:
            raise ValueError(f"snapshot_month and months: the last month is {last}; at most 48")
        return self


class Explore(Section):
    """The look at the data."""

    max_levels: Annotated[int, Field(ge=2, le=100)]
    max_columns: Annotated[int, Field(ge=2, le=200)]
    max_customers: Annotated[int, Field(ge=1000)]
    leak_auc: Annotated[float, Field(ge=0.5, le=1)]


class Features(Section):
    """The split."""

    test_share: Annotated[float, Field(ge=0.05, le=0.5)]
    seed: Seed
    max_customers: Annotated[int, Field(ge=200)]


class Logistic(Section):
    """Ridge logistic regression."""

    C: Positive


class Forest(Section):
    """Random forest."""

    n_estimators: Annotated[int, Field(ge=1)]
    min_samples_leaf: Annotated[int, Field(ge=1)]
    max_features: Share


class XGBoost(Section):
    """Gradient-boosted trees."""

    n_estimators: Annotated[int, Field(ge=1)]
    learning_rate: Share
    max_depth: Annotated[int, Field(ge=1)]
    min_child_weight: NonNegative
    subsample: Share
    colsample_bytree: Share
    reg_lambda: NonNegative


class Vote(Section):
    """Mean of the members' probabilities."""

    members: Annotated[list[MemberName], Field(min_length=2)]

    @model_validator(mode="after")
    def _distinct(self) -> Vote:
        if len(set(self.members)) < len(self.members):
            raise ValueError("members: each may be named once")
        return self


class Train(Section):
    """Candidates and how they are compared."""

    seed: Seed
    folds: Annotated[int, Field(ge=2, le=20)]
    repeats: Annotated[int, Field(ge=1, le=50)]
    metric: MetricName
    candidates: Annotated[list[CandidateName], Field(min_length=1)]
    bins: Annotated[int, Field(ge=2, le=50)]
    logistic: Logistic
    forest: Forest
    xgboost: XGBoost
    vote: Vote

    @model_validator(mode="after")
    def _consistent(self) -> Train:
        if len(set(self.candidates)) < len(self.candidates):
            raise ValueError("candidates: each may be named once")
        missing = set(self.vote.members) - set(self.candidates)
        if "vote" in self.candidates and missing:
            raise ValueError(f"vote.members not among the candidates: {', '.join(sorted(missing))}")
        return self


class Lifetime(Section):
    """How long a kept customer stays."""

    rule: Literal["hazard", "months", "value"]
    months: Positive
    kept_risk: Positive
    discount_rate: Annotated[float, Field(ge=0, le=1)]
    horizon_months: Annotated[int, Field(ge=1, le=600)]


class Money(Section):
    """What a contact costs and what a kept customer brings."""

    contact_cost: NonNegative
    offer_cost: NonNegative
    accept_alpha: Positive
    accept_beta: Positive
    customer_value: Positive
    margin: Share
    window_months: Positive
    lifetime: Lifetime
    budget: Positive | None


class Evaluate(Section):
    """The one look at the test set."""

    seed: Seed
    resamples: Annotated[int, Field(ge=100, le=10_000)]
    level: Annotated[float, Field(ge=0.5, le=0.999)]
    calibration_bins: Annotated[int, Field(ge=2, le=50)]
    min_slice: Annotated[int, Field(ge=1)]


SECTIONS: dict[str, type[Section]] = {
    "data": Data,
    "generate": Generate,
    "explore": Explore,
    "features": Features,
    "train": Train,
    "money": Money,
    "evaluate": Evaluate,
}


def read_params(path: Path = PARAMS) -> dict[str, Any]:
    """The sections of a parameter file as plain dicts, not yet validated."""
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise UserError(f"{relative(path)}: expected sections, found {type(content).__name__}")
    return content


def validate(section: str, values: Any) -> Section:
    """The section as its model; `UserError` naming the field and what was expected."""
    if section not in SECTIONS:
        known = ", ".join(SECTIONS)
        raise UserError(f"params.yaml: section {section}: unknown; expected one of {known}")
    try:
        return SECTIONS[section].model_validate(values)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in (section, *fault["loc"]))
        raise UserError(
            f"params.yaml: field {field}: {fault['msg'].removeprefix('Value error, ')}"
        ) from None


def check_params(path: Path = PARAMS) -> dict[str, Section]:
    """Every section, validated; an unknown or missing section is an error."""
    content = read_params(path)
    missing = [section for section in SECTIONS if section not in content]
    if missing:
        raise UserError(f"{relative(path)}: section {missing[0]}: missing")
    return {section: validate(section, values) for section, values in content.items()}


def given(section: str, values: dict[str, Any]) -> Any:
    """The section that the runner injected, or that of `params.yaml` in an interactive session.

    Notebooks call it on their parameter cell, where each section is an empty dict until the
    runner fills it.
    """
    return validate(section, values if values else read_params().get(section))
