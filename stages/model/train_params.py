"""Parameters of the candidates and their comparison: section `train` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, field_validator, model_validator

from stages.core.section import (
    Folds,
    Group,
    NonNegative,
    Positive,
    Proportion,
    Repeats,
    Section,
    Seed,
    Share,
)
from stages.model.device import MISSING

LearnerName = Literal["logistic", "forest", "xgboost", "lightgbm"]
MemberName = Literal["logistic", "forest", "xgboost", "lightgbm", "bag"]
CandidateName = Literal[
    "base_rate", "one_feature", "hist_boosting", MemberName, "vote", "blend", "stack"
]
NOT_BLENDED = {"base_rate", "one_feature", "vote", "blend"}
MetricName = Literal["roc_auc", "average_precision", "brier", "log_loss"]


class Logistic(Group):
    """Ridge logistic regression."""

    C: Positive


class Forest(Group):
    """Random forest."""

    n_estimators: Annotated[int, Field(ge=1)]
    min_samples_leaf: Annotated[int, Field(ge=1)]
    max_features: Share


class XGBoost(Group):
    """Gradient-boosted trees.

    Without a `device` they are trained on the CPU; with `dask` on the cluster of `compute`, which
    makes another model, in its last digits: so it is a parameter of the model.
    """

    n_estimators: Annotated[int, Field(ge=1)]
    learning_rate: Share
    max_depth: Annotated[int, Field(ge=1)]
    min_child_weight: NonNegative
    subsample: Share
    colsample_bytree: Share
    reg_lambda: NonNegative
    device: Literal["cpu", "cuda", "dask"] = "cpu"

    @field_validator("device")
    @classmethod
    def _is_there(cls, device: str) -> str:
        if device != "cpu" and (missing := MISSING[device]()):
            raise ValueError(f"{missing}; expected cpu, or what is missing")
        return device


class LogisticConfiguration(Logistic):
    """A logistic regression under a name of its own."""

    family: Literal["logistic"]


class ForestConfiguration(Forest):
    """A random forest, or extremely randomised trees, under a name of its own."""

    family: Literal["forest", "extra_trees"]


class XGBoostConfiguration(XGBoost):
    """Gradient-boosted trees under a name of their own."""

    family: Literal["xgboost"]


Configuration = Annotated[
    LogisticConfiguration | ForestConfiguration | XGBoostConfiguration,
    Field(discriminator="family"),
]


class LightGBM(Group):
    """Gradient-boosted trees, grown leaf by leaf."""

    n_estimators: Annotated[int, Field(ge=1)]
    learning_rate: Share
    num_leaves: Annotated[int, Field(ge=2)]
    min_child_samples: Annotated[int, Field(ge=1)]
    subsample: Share
    colsample_bytree: Share
    reg_lambda: NonNegative


class Vote(Group):
    """Mean of the members' probabilities."""

    members: Annotated[list[MemberName], Field(min_length=2)]

    @model_validator(mode="after")
    def _distinct(self) -> Vote:
        if len(set(self.members)) < len(self.members):
            raise ValueError("members: each may be named once")
        return self


class Blend(Group):
    """Greedy average of the candidates."""

    rounds: Annotated[int, Field(ge=1, le=200)]


class Stack(Vote):
    """Logistic regression on the members' log-odds."""

    folds: Folds


class Bag(Group):
    """One estimator on bootstrap samples."""

    member: LearnerName
    size: Annotated[int, Field(ge=2, le=200)]


class Encoding(Group):
    """How categories become columns, and which products of columns are added."""

    categories: Literal["one_hot", "hashed", "embedded"]
    width: Annotated[int, Field(ge=1, le=256)]
    crosses: Annotated[int, Field(ge=0, le=1000)]


class Rebalance(Group):
    """Learning from as many churners as retained customers."""

    method: Literal["none", "smote", "adasyn", "undersample", "class_weight"]
    correct: bool


class Train(Section):
    """Candidates and how they are compared."""

    section: ClassVar[str] = "train"

    seed: Seed
    folds: Folds
    repeats: Repeats
    max_cells: Annotated[int, Field(ge=1)]
    max_forest_cells: Annotated[int, Field(ge=1)]
    racing: bool
    metric: MetricName
    tolerance: Proportion
    candidates: Annotated[list[str], Field(min_length=1)]
    bins: Annotated[int, Field(ge=2, le=50)]
    encoding: Encoding
    rebalance: Rebalance
    calibration: Literal["none", "sigmoid", "auto"]
    logistic: Logistic
    forest: Forest
    xgboost: XGBoost
    portfolio: dict[str, Configuration]
    lightgbm: LightGBM
    bag: Bag
    vote: Vote
    blend: Blend
    stack: Stack

    @model_validator(mode="after")
    def _consistent(self) -> Train:
        if len(set(self.candidates)) < len(self.candidates):
            raise ValueError("candidates: each may be named once")
        self._check_names()
        if "blend" in self.candidates and not set(self.candidates) - NOT_BLENDED:
            raise ValueError("candidates: blend has nobody to average; expected other candidates")
        missing = set(self.vote.members) - set(self.candidates)
        if "vote" in self.candidates and missing:
            raise ValueError(f"vote.members not among the candidates: {', '.join(sorted(missing))}")
        return self

    def _check_names(self) -> None:
        """`ValueError` where a candidate is not known, or a configuration has another's name."""
        built_in = get_args(CandidateName)
        for name in self.candidates:
            if name not in built_in and name not in self.portfolio:
                known = ", ".join([*built_in, *self.portfolio])
                raise ValueError(f"candidates: {name} is not known; expected one of {known}")
        for name in self.portfolio:
            if name in built_in or not name.isidentifier():
                raise ValueError(
                    f"portfolio: {name}: expected letters, digits and _, and not the name of "
                    "another candidate"
                )
