"""Policies: whom to contact with which offer, each learned from a campaign, simple ones first.

A policy says of each customer the probability of leaving if left alone and what each offer takes
off it; whoever brings most, if anything, gets that offer. They differ in what they learn:

    assumed_share     nothing: the risk, times the share of leavers that is assumed to accept
    learned_share     that share, from what is assumed and the campaign, weighted by their precision
    relative_effect   the risk's level, and one relative effect for all, negative ones too
    x_learner         an effect per customer (Künzel et al. 2019, doi 10.1073/pnas.1804597116)
    dr_learner        a relative effect per customer, linear in what is known, by regression on
                      doubly robust scores (Kennedy 2023, doi 10.1214/23-EJS2157)
    mean_learner      the mean of both
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from scoring.effect import untreated
from stages.campaigns.doubly_robust import Scores, arm_models, cross_fitted, predict_arms
from stages.campaigns.outcome_model import EffectModel, OutcomeModel
from stages.campaigns.repeated import value
from stages.campaigns.trial import Floats, Integers, Trial, folds

LEAST_RISK = 0.02  # a relative effect on less than that is not learned from
RIDGES = np.logspace(0, 5, 16)


@dataclass(frozen=True)
class Assumed:
    """Share of contacted leavers that accepts, before the campaign: mean and standard deviation."""

    mean: float
    deviation: float


@dataclass(frozen=True)
class Effects:
    """What a policy expects of n customers: leaving if left alone (n,), reductions (n, k)."""

    untreated: Floats
    reduction: Floats


@dataclass(frozen=True)
class Evidence:
    """A trial to learn from, what is assumed before it, and what several policies learn of it."""

    trial: Trial
    assumed: Assumed
    seed: int

    @cached_property
    def models(self) -> list[OutcomeModel]:
        """Who leaves under each arm."""
        return arm_models(self.trial, seed=self.seed)

    @cached_property
    def scores(self) -> Scores:
        """Doubly robust scores of all customers, out of fold."""
        fold = folds(self.trial, number=2, seed=self.seed)
        return cross_fitted(self.trial, fold, seed=self.seed)


Predict = Callable[[Trial], Effects]
Fit = Callable[[Evidence], Predict]


@dataclass(frozen=True)
class RelativeEffect:
    """A share (k,) of the probability of leaving, which is `level` times the risk."""

    level: float
    share: Floats

    def __call__(self, trial: Trial) -> Effects:
        """Effects on the customers of a trial."""
        alone = untreated(trial.risk, level=self.level)
        return Effects(alone, alone[:, None] * self.share)


def assumed_share(evidence: Evidence) -> Predict:
    """Today's rule."""
    return RelativeEffect(1.0, np.full(evidence.trial.arms, evidence.assumed.mean))


def learned_share(evidence: Evidence) -> Predict:
    """The share of leavers kept, per arm: precision-weighted mean of assumption and campaign."""
    found = updated(evidence.assumed, evidence.trial, evidence.scores.reduction)
    return RelativeEffect(1.0, np.clip([one.mean for one in found], 0, 1))


def updated(assumed: Assumed, trial: Trial, reduction: Floats) -> list[Assumed]:
    """The share of leavers kept, per arm, after a campaign with scores of reduction (n, k).

    Mean and standard deviation of the assumption and of the estimate, weighted by precision.
    """
    found = np.array([value(scores, trial.customer) for scores in reduction.T])
    seen, error = found.T / trial.risk.mean()
    weight = assumed.deviation**2 / (assumed.deviation**2 + error**2)
    means = weight * seen + (1 - weight) * assumed.mean
    return [
        Assumed(float(mean), float(np.sqrt(share) * off))
        for mean, share, off in zip(means, weight, error, strict=True)
    ]


def relative_effect(evidence: Evidence) -> Predict:
    """One relative effect per arm on a risk moved to the level of the customers left alone."""
    scores = evidence.scores
    level = scores.leaving[:, 0].mean()
    return RelativeEffect(level / evidence.trial.risk.mean(), scores.reduction.mean(axis=0) / level)


@dataclass(frozen=True)
class XLearner:
    """Per arm: a model of the effect from the contacted, one from the others, and its weight."""

    models: Sequence[tuple[EffectModel, EffectModel, float]]

    def __call__(self, trial: Trial) -> Effects:
        """Effects on the customers of a trial."""
        known = with_risk(trial)
        reduction = [
            share * from_alone.predict(known) + (1 - share) * from_called.predict(known)
            for from_called, from_alone, share in self.models
        ]
        return Effects(trial.risk, np.column_stack(reduction))


def x_learner(evidence: Evidence) -> Predict:
    """Per arm, two models of the effect, from the contacted and from the others, weighted."""
    trial, seed = evidence.trial, evidence.seed
    predicted = predict_arms(evidence.models, trial)
    inputs = with_risk(trial)
    fitted = []
    for arm in range(1, trial.arms + 1):
        alone, called = trial.arm == 0, trial.arm == arm
        lost = trial.left[called] - predicted[called, 0]
        spared = predicted[alone, arm] - trial.left[alone]
        fitted.append(
            (
                EffectModel.fit(inputs[called], -lost, seed=seed),
                EffectModel.fit(inputs[alone], -spared, seed=seed),
                float(called.sum() / (called.sum() + alone.sum())),
            )
        )
    return XLearner(fitted)


@dataclass(frozen=True)
class DRLearner:
    """Per arm: a linear model of the effect relative to the risk."""

    models: Sequence[Pipeline]

    def __call__(self, trial: Trial) -> Effects:
        """Effects on the customers of a trial."""
        relative = np.column_stack([model.predict(with_risk(trial)) for model in self.models])
        return Effects(trial.risk, trial.risk[:, None] * relative)


def dr_learner(evidence: Evidence) -> Predict:
    """Per arm, a ridge regression of the effect's score relative to the risk, weighted by it.

    Effects on leaving tend to be proportional to the risk; minimising the squared error of risk
    times relative effect is the weighting.
    """
    trial, scores = evidence.trial, evidence.scores
    risk = np.clip(trial.risk, LEAST_RISK, 1)
    inputs = with_risk(trial)
    models = [
        make_pipeline(
            SimpleImputer(keep_empty_features=True), StandardScaler(), RidgeCV(alphas=RIDGES)
        ).fit(
            inputs,
            scores.reduction[:, arm] / risk,
            ridgecv__sample_weight=risk**2 / np.mean(risk**2),
        )
        for arm in range(trial.arms)
    ]
    return DRLearner(models)


@dataclass(frozen=True)
class MeanLearner:
    """The mean of other learners' effects."""

    parts: Sequence[Predict]

    def __call__(self, trial: Trial) -> Effects:
        """Effects on the customers of a trial."""
        found = [part(trial) for part in self.parts]
        return Effects(found[0].untreated, np.mean([one.reduction for one in found], axis=0))


LEARNERS: dict[str, Fit] = {
    "assumed_share": assumed_share,
    "learned_share": learned_share,
    "relative_effect": relative_effect,
    "dr_learner": dr_learner,
    "x_learner": x_learner,
}
MEAN = "mean_learner"
SIMPLE = ("assumed_share", "learned_share", "relative_effect")
UPLIFT = ("dr_learner", "x_learner", MEAN)
POLICIES = (*SIMPLE, *UPLIFT)  # from simple to complex
CANDIDATES = (*SIMPLE, MEAN)  # which learner is ahead is chance: only their mean is chosen from


def fit(names: Sequence[str], evidence: Evidence) -> dict[str, Predict]:
    """The named policies, learned from a trial."""
    wanted = {*names, *(UPLIFT if MEAN in names else ())} - {MEAN}
    learned = {name: LEARNERS[name](evidence) for name in LEARNERS if name in wanted}
    if MEAN in names:
        learned[MEAN] = MeanLearner([learned[name] for name in UPLIFT if name != MEAN])
    return {name: learned[name] for name in names}


def with_risk(trial: Trial) -> Floats:
    """Inputs (n, p + 1) of a model of the effect: what was known, and the risk."""
    return np.column_stack([trial.inputs, trial.risk])


def decide(effects: Effects, trial: Trial) -> Integers:
    """The offer (n,) that brings most, 0 for nobody's."""
    profit = trial.terms.profit(trial.value, effects.untreated, effects.reduction)
    best = profit.argmax(axis=1)
    return np.where(profit[np.arange(len(best)), best] > 0, best + 1, 0)
