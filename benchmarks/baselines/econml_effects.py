"""Effects of a campaign by EconML, in an environment of its own: `python FILE in.npz out.npz`.

The input has `inputs` (n, p), `arm` (n,), `left` (n,) and `fold` (n,); what is written has, per
offer, what it takes off the probability of leaving: `effect` (k,) with its standard `error` (k,),
and `reduction` (n, k) of each customer, from models of the other folds.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import numpy as np


def learner(cv: Any) -> Any:
    """A linear DR-learner on boosted trees; the assignment was at random."""
    dummy, ensemble = import_module("sklearn.dummy"), import_module("sklearn.ensemble")
    trees = ensemble.HistGradientBoostingRegressor(max_iter=80, max_depth=3, random_state=0)
    return import_module("econml.dr").LinearDRLearner(
        model_propensity=dummy.DummyClassifier(strategy="prior"),
        model_regression=trees,
        cv=cv,
        random_state=0,
    )


def independent(inputs: Any) -> Any:
    """The columns that no others add up to, as a linear model needs them."""
    _, sizes, order = import_module("scipy.linalg").qr(inputs, mode="economic", pivoting=True)
    size = np.abs(np.diag(sizes))
    return inputs[:, np.sort(order[size > 1e-6 * size.max()])]


def main(source: str, target: str) -> None:
    """Read, estimate, write."""
    given = np.load(source)
    inputs, arm, left, fold = (given[name] for name in ("inputs", "arm", "left", "fold"))
    inputs = np.nan_to_num((inputs - np.nanmean(inputs, 0)) / (np.nanstd(inputs, 0) + 1e-12))
    inputs = independent(inputs)
    numbers = range(int(fold.max()) + 1)
    splits = [(np.flatnonzero(fold != n), np.flatnonzero(fold == n)) for n in numbers]
    arms = range(1, int(arm.max()) + 1)
    whole = learner(splits).fit(left, arm, X=inputs)
    found = [whole.effect_inference(inputs, T0=0, T1=a).population_summary() for a in arms]
    reduction = np.empty((len(left), len(arms)))
    for others, these in splits:
        fitted = learner(3).fit(left[others], arm[others], X=inputs[others])
        for place, one in enumerate(arms):
            reduction[these, place] = -fitted.effect(inputs[these], T0=0, T1=one)
    np.savez(
        target,
        effect=[-float(np.squeeze(one.mean_point)) for one in found],
        error=[float(np.squeeze(one.stderr_mean)) for one in found],
        reduction=reduction,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
