"""What each policy is worth, on customers it did not learn from, and which one is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stages.campaigns.difference import Difference, slope_p_value
from stages.campaigns.doubly_robust import Scores, predict_arms, scores_of
from stages.campaigns.policies import MEAN, POLICIES, Assumed, Evidence, decide, fit
from stages.campaigns.repeated import value
from stages.campaigns.trial import Floats, Integers, Trial, folds


@dataclass(frozen=True)
class Judged:
    """Policies on the customers of a campaign, out of fold.

    offers   (n,) per policy: the offer it makes
    reduction (n, k) per policy: what it expects an offer to take off the probability of leaving
    scores   of each customer, from models of the other folds
    profit   (n, k + 1): doubly robust profit of each arm, against leaving the customer alone
    fold     (n,) that each was held out in
    customer (n,) whom the row is about; None where everybody has one row
    """

    offers: Mapping[str, Integers]
    reduction: Mapping[str, Floats]
    scores: Scores
    profit: Floats
    fold: Integers
    customer: Integers | None = None

    def gained(self, policy: str) -> Floats:
        """Doubly robust profit (n,) of the policy, customer by customer; its mean is the value."""
        return self.profit[np.arange(len(self.profit)), self.offers[policy]]


def judge(
    trial: Trial,
    assumed: Assumed,
    *,
    number: int,
    seed: int,
    names: Sequence[str] = POLICIES,
) -> Judged:
    """Fit every policy and the scores on all folds but one, and apply them to that one."""
    fold = folds(trial, number=number, seed=seed)
    predicted = np.empty((len(trial), trial.arms + 1))
    offers = {name: np.zeros(len(trial), dtype=np.int64) for name in names}
    reduction = {name: np.empty((len(trial), trial.arms)) for name in names}
    for held_out in range(number):
        rows = fold == held_out
        others, these = Evidence(trial.rows(~rows), assumed, seed), trial.rows(rows)
        predicted[rows] = predict_arms(others.models, these)
        for name, predict in fit(names, others).items():
            effects = predict(these)
            offers[name][rows] = decide(effects, these)
            reduction[name][rows] = effects.reduction
    scores = scores_of(trial, predicted)
    paid = trial.terms.profit(trial.value, scores.leaving[:, 0], scores.reduction)
    profit = np.column_stack([np.zeros(len(trial)), paid])
    return Judged(offers, reduction, scores, profit, fold, trial.customer)


def differs(judged: Judged, offers: Sequence[str]) -> Difference:
    """Whether the effect of each offer (k names) rises with what the learners expect of it."""
    scores, ranking = judged.scores.reduction, judged.reduction[MEAN]
    return Difference(
        {
            name: slope_p_value(scores[:, arm], ranking[:, arm], judged.fold, judged.customer)
            for arm, name in enumerate(offers)
        }
    )


def choose(judged: Judged, names: Sequence[str]) -> str:
    """The simplest policy whose value is within one standard error of the best one's, paired.

    `names` are in order, simple ones first. A policy that is worth less than contacting nobody is
    chosen only where all are.
    """
    gained = {name: judged.gained(name) for name in names}
    no_loss = {name: mine for name, mine in gained.items() if mine.mean() >= 0}
    gained = no_loss or gained
    best = max(gained, key=lambda name: gained[name].mean())
    for name, mine in gained.items():
        difference, error = value(gained[best] - mine, judged.customer)
        if difference <= error:
            return name
    return best
