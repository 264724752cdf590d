"""The sections of `params.yaml` that stages read, each a model that knows its units and ranges.

The ranges stand here, the meaning of each knob beside its value in `params.yaml`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Part = Annotated[float, Field(ge=0, le=1)]
Month = Annotated[int, Field(ge=0, le=48)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
LearnerName = Literal["logistic", "forest", "xgboost", "lightgbm"]
MemberName = Literal["logistic", "forest", "xgboost", "lightgbm", "bag"]
CandidateName = Literal["base_rate", "one_feature", MemberName, "vote", "stack"]
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


class LightGBM(Section):
    """Gradient-boosted trees, grown leaf by leaf."""

    n_estimators: Annotated[int, Field(ge=1)]
    learning_rate: Share
    num_leaves: Annotated[int, Field(ge=2)]
    min_child_samples: Annotated[int, Field(ge=1)]
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


class Stack(Vote):
    """Logistic regression on the members' log-odds."""

    folds: Annotated[int, Field(ge=2, le=20)]


class Bag(Section):
    """One estimator on bootstrap samples."""

    member: LearnerName
    size: Annotated[int, Field(ge=2, le=200)]


class Encoding(Section):
    """How categories become columns, and which products of columns are added."""

    categories: Literal["one_hot", "hashed", "embedded"]
    width: Annotated[int, Field(ge=1, le=256)]
    crosses: Annotated[int, Field(ge=0, le=1000)]


class Rebalance(Section):
    """Learning from as many churners as stayers."""

    method: Literal["none", "smote", "adasyn", "undersample", "class_weight"]
    correct: bool


class Train(Section):
    """Candidates and how they are compared."""

    seed: Seed
    folds: Annotated[int, Field(ge=2, le=20)]
    repeats: Annotated[int, Field(ge=1, le=50)]
    metric: MetricName
    candidates: Annotated[list[CandidateName], Field(min_length=1)]
    bins: Annotated[int, Field(ge=2, le=50)]
    encoding: Encoding
    rebalance: Rebalance
    calibration: Literal["none", "sigmoid", "auto"]
    logistic: Logistic
    forest: Forest
    xgboost: XGBoost
    lightgbm: LightGBM
    bag: Bag
    vote: Vote
    stack: Stack

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
