"""Doubly robust scores: what each arm would have done to each customer, without bias.

The score of an arm is the prediction of a model that did not see the customer, plus, for whoever
got that arm, the model's error over the probability of getting it (Robins, Rotnitzky & Zhao 1994,
doi 10.1080/01621459.1994.10476818). Its mean over any group is the mean outcome of the group under
that arm, whatever the model is worth, since the probabilities of the arms are known; a good model
makes it less noisy. Effects, by group or under a policy, are means of scores, and their standard
error is that of a mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.campaigns.outcome_model import OutcomeModel
from stages.campaigns.trial import Floats, Integers, Trial


@dataclass(frozen=True)
class Scores:
    """Scores (n, k + 1) of leaving under each arm, and the model's predictions behind them."""

    leaving: Floats
    predicted: Floats

    @property
    def reduction(self) -> Floats:
        """Scores (n, k) of what each offer takes off the probability of leaving."""
        return self.leaving[:, :1] - self.leaving[:, 1:]


def arm_models(trial: Trial, *, seed: int) -> list[OutcomeModel]:
    """A model of who leaves for each arm, fitted on the customers who got it."""
    groups = [trial.arm == arm for arm in range(trial.arms + 1)]
    return [
        OutcomeModel.fit(trial.inputs[rows], trial.risk[rows], trial.left[rows], seed=seed)
        for rows in groups
    ]


def predict_arms(models: list[OutcomeModel], trial: Trial) -> Floats:
    """Predicted probability of leaving (n, k + 1) under each arm."""
    return np.column_stack([model.predict(trial.inputs, trial.risk) for model in models])


def scores_of(trial: Trial, predicted: Floats) -> Scores:
    """Scores from predictions (n, k + 1) of models that did not see these customers."""
    leaving = predicted.copy()
    rows = np.arange(len(trial))
    error = trial.left - predicted[rows, trial.arm]
    leaving[rows, trial.arm] += error / trial.shares[rows, trial.arm]
    return Scores(leaving, predicted)


def cross_fitted(trial: Trial, fold: Integers, *, seed: int) -> Scores:
    """Scores of all customers, each from models fitted on the other folds (n,)."""
    predicted = np.empty((len(trial), trial.arms + 1))
    for held_out in np.unique(fold):
        models = arm_models(trial.rows(fold != held_out), seed=seed)
        predicted[fold == held_out] = predict_arms(models, trial.rows(fold == held_out))
    return scores_of(trial, predicted)
