"""Was it at random? A classifier that predicts who was contacted from what was known before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from stages.campaigns.difference import slope_p_value
from stages.campaigns.outcome_model import EffectModel
from stages.campaigns.policies import with_risk
from stages.campaigns.trial import Floats, Integers, Trial, folds, of_rows

LEVEL = 0.005  # below it, what was known before predicts who was contacted
LARGE = 0.1  # standardised difference that is named


@dataclass(frozen=True)
class Balance:
    """How well an arm is predicted, out of fold; `apart` names what differs most between arms."""

    roc_auc: float
    p_value: float
    apart: tuple[tuple[str, float], ...]

    @property
    def is_random(self) -> bool:
        """Whether nothing speaks against a random assignment."""
        return self.p_value >= LEVEL


def balance(trial: Trial, *, number: int = 5, seed: int = 0) -> Balance:
    """The arm that is predicted best, from all that was known before.

    Under a random assignment the ranks of predictions out of fold are independent of who was
    contacted, given the probability of it: contacted less probability does not rise with the rank.
    The AUC is of ranks times that surplus, 0.5 where they sum to 0. The level is divided by the
    number of arms.
    """
    fold = folds(trial, number=number, seed=seed)
    inputs = with_risk(trial)
    found = [_of_arm(trial, inputs, fold, arm, seed) for arm in range(1, trial.arms + 1)]
    worst = min(found, key=lambda one: one.p_value)
    return Balance(worst.roc_auc, min(1.0, worst.p_value * trial.arms), worst.apart)


def _of_arm(trial: Trial, inputs: Floats, fold: Integers, arm: int, seed: int) -> Balance:
    rows = np.isin(trial.arm, (0, arm))
    known, called, fold = inputs[rows], (trial.arm[rows] == arm).astype(float), fold[rows]
    surplus = called - trial.shares[rows, arm] / trial.shares[rows][:, [0, arm]].sum(axis=1)
    predicted = np.empty(len(called))
    for held_out in np.unique(fold):
        model = EffectModel.fit(known[fold != held_out], surplus[fold != held_out], seed=seed)
        predicted[fold == held_out] = model.predict(known[fold == held_out])
    rank = rankdata(predicted)
    rank -= rank.mean()
    surplus_of_ranks = float(rank @ surplus)
    area = 0.5 + surplus_of_ranks / (called.sum() * (1 - called).sum())
    p_value = slope_p_value(surplus, rank, fold, of_rows(trial.customer, rows))
    return Balance(float(area), p_value, _apart(trial, known, called == 1))


def _apart(trial: Trial, known: Floats, called: NDArray[np.bool_]) -> tuple[tuple[str, float], ...]:
    """Inputs by standardised difference between the arms, the largest first, those above LARGE."""
    one, other = known[called], known[~called]
    with np.errstate(invalid="ignore"):
        spread = np.sqrt((np.nanvar(one, axis=0) + np.nanvar(other, axis=0)) / 2)
        distance = (np.nanmean(one, axis=0) - np.nanmean(other, axis=0)) / np.maximum(spread, 1e-12)
    names = (*trial.names, "risk")
    order = np.argsort(-np.abs(np.nan_to_num(distance)))
    return tuple((names[i], float(distance[i])) for i in order if abs(distance[i]) > LARGE)
