"""Parameters of the candidates and their comparison: section `train` of `params.yaml`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from stages.core.section import Folds, Group, NonNegative, Positive, Repeats, Section, Seed, Share

LearnerName = Literal["logistic", "forest", "xgboost", "lightgbm"]
MemberName = Literal["logistic", "forest", "xgboost", "lightgbm", "bag"]
CandidateName = Literal["base_rate", "one_feature", MemberName, "vote", "stack"]
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
    """Gradient-boosted trees."""

    n_estimators: Annotated[int, Field(ge=1)]
    learning_rate: Share
    max_depth: Annotated[int, Field(ge=1)]
    min_child_weight: NonNegative
    subsample: Share
    colsample_bytree: Share
    reg_lambda: NonNegative


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
    """Learning from as many churners as stayers."""

    method: Literal["none", "smote", "adasyn", "undersample", "class_weight"]
    correct: bool


class Train(Section):
    """Candidates and how they are compared."""

    section: ClassVar[str] = "train"

    seed: Seed
    folds: Folds
    repeats: Repeats
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
