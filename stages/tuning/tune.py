"""`make tune`: what tuning is worth, measured on customers that no trial saw, then the values.

Nested cross-validation (Varma & Simon 2006): an outer fold is put aside, the search runs on the
rest with folds of its own, and the values it finds are judged on what was put aside. What the
tuning folds say of their own best trial is too good: it is the best of many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from scoring.digest import sha256
from scoring.errors import UserError, shown
from stages.core import measures
from stages.core.files import read_table
from stages.core.metrics import METRICS
from stages.core.paths import Paths
from stages.core.yaml_edit import update_yaml
from stages.core.yamlfile import load_schema, read_yaml
from stages.features.table import ID, LABEL
from stages.model.encoding import few_bins_are_fine, frame, layout
from stages.model.folds import Fold, draw_folds, paired, paired_interval
from stages.model.train_params import Train
from stages.parameters import read_parameters
from stages.tuning.search import (
    Budget,
    Customers,
    Search,
    best_values,
    finished,
    fitted_probability,
    run_all,
    storage_in,
    study_of,
)
from stages.tuning.space import current, with_values
from stages.tuning.tune_params import Tune

LEVEL = 0.95
ALL = "all"


@dataclass(frozen=True)
class Found:
    """What the search of one candidate came to.

    `before` and `after` are the metric on each outer fold (k,), with the parameters as they are and
    with those found without it; `inner` the tuning folds' value of their best trial (k,).
    """

    candidate: str
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    inner: NDArray[np.float64]
    gain: NDArray[np.float64]

    @property
    def helps(self) -> bool:
        """Whether tuning gains more than one standard error of the paired difference."""
        mean, error = paired(self.gain, len(self.gain))
        return mean > error


def tune(paths: Paths) -> str:
    """Search, report, and write what helps to `params.yaml`; what to tell the user.

    `UserError` where there are no train customers yet, or the search was interrupted.
    """
    params = read_parameters(paths)
    customers = _customers(paths)
    with threadpool_limits(1), few_bins_are_fine():
        return _tune(customers, params.train, params.tune, paths)


def _customers(paths: Paths) -> Customers:
    if not paths.train.is_file():
        raise UserError(f"{shown(paths.train)}: no such file; expected it from make repro")
    schema, features = load_schema(paths.customers_schema), read_table(paths.train)
    return Customers(
        frame(features, schema),
        features[LABEL].to_numpy(),
        layout(schema),
        sha256(paths.train),
        features[ID].to_numpy(),
    )


def _tune(customers: Customers, train: Train, wanted: Tune, paths: Paths) -> str:
    outer = draw_folds(
        customers.label,
        count=wanted.outer_folds,
        repeats=1,
        seed=wanted.seed,
        groups=customers.ids,
        field="tune.outer_folds",
    )
    storage, budget = storage_in(paths.tuning), Budget(wanted.seconds)
    nested = [
        Search(name, str(fold.number), fold.fit) for name in wanted.candidates for fold in outer
    ]
    studies = _searched(nested, storage, customers, train, wanted, budget)
    if studies is None:
        return f"time is over after {wanted.seconds:g} s; run again to go on where it stopped"
    found = _judge(studies, outer, customers, train, wanted)
    helpful = [f.candidate for f in found if f.helps and f.candidate in wanted.candidates]
    everybody = np.arange(len(customers.label))
    last = [Search(name, ALL, everybody) for name in helpful]
    final = _searched(last, storage, customers, train, wanted, budget)
    if final is None:
        return f"time is over after {wanted.seconds:g} s; run again to go on where it stopped"
    changes = {
        search.candidate: best_values(study) for search, study in zip(last, final, strict=True)
    }
    changes = {n: v for n, v in changes.items() if v != current(train, wanted, n)}
    write_back(changes, paths.params)
    return report(found, changes, wanted)


def _searched(
    searches: Sequence[Search],
    storage: Any,
    customers: Customers,
    train: Train,
    wanted: Tune,
    budget: Budget,
) -> list[Any] | None:
    """The studies of the searches, all trials done; None where the time was over before."""
    studies = [study_of(search, storage, customers, train, wanted) for search in searches]
    total = wanted.trials * len(studies)
    begun = sum(min(finished(study), wanted.trials) for study in studies)
    label = "search on all customers" if searches and searches[0].part == ALL else "nested search"
    with tqdm(total=total, initial=begun, desc=label, unit="trial", disable=not searches) as bar:
        try:
            done = run_all(
                searches, studies, customers, train, wanted, budget=budget, advance=bar.update
            )
        except KeyboardInterrupt:
            raise UserError(
                f"interrupted after {bar.n} of {total} trials of the {label}; "
                "run again to go on where it stopped"
            ) from None
    return studies if done else None


def _judge(
    studies: Sequence[Any], outer: Sequence[Fold], customers: Customers, train: Train, wanted: Tune
) -> list[Found]:
    """Each candidate before and after tuning on the outer folds, and the vote of them."""
    by_name: dict[str, Any] = {
        name: studies[i * len(outer) : (i + 1) * len(outer)]
        for i, name in enumerate(wanted.candidates)
    }
    predicted: dict[str, list[Any]] = {}
    for name in dict.fromkeys([*wanted.candidates, *train.vote.members]):
        predicted[name] = []
        for i, fold in enumerate(outer):
            versions = [train]
            if name in by_name:
                versions.append(with_values(train, name, best_values(by_name[name][i])))
            answers = [
                fitted_probability(name, v, customers, fold.fit, fold.held_out) for v in versions
            ]
            predicted[name].append([answers[0], answers[-1]])
    predicted["vote"] = [
        np.mean([predicted[m][i] for m in train.vote.members], axis=0) for i in range(len(outer))
    ]
    inner = {n: np.array([s.best_value for s in studies]) for n, studies in by_name.items()}
    inner["vote"] = np.full(len(outer), np.nan)
    shown: list[str] = [*wanted.candidates, "vote"]
    return [_found(name, predicted[name], inner[name], outer, customers, wanted) for name in shown]


def _found(
    name: str,
    predicted: Sequence[Any],
    inner: NDArray[np.float64],
    outer: Sequence[Fold],
    customers: Customers,
    wanted: Tune,
) -> Found:
    metric = METRICS[wanted.metric]
    before, after = (
        np.array(
            [
                measures.value(
                    metric.bound(), customers.label[fold.held_out].astype(float), pair[which]
                )
                for fold, pair in zip(outer, predicted, strict=True)
            ]
        )
        for which in (0, 1)
    )
    return Found(name, before, after, inner, metric.sign * (after - before))


def write_back(changes: dict[str, dict[str, Any]], path: Path) -> None:
    """Set the fields that were found; nothing else in the file changes."""
    if not changes:
        return
    section = read_yaml(path)["train"]
    merged = {name: {**section[name], **values} for name, values in changes.items()}
    Train.of({**section, **merged})
    update_yaml(path, {"train": merged})


def table(found: Sequence[Found]) -> pd.DataFrame:
    """A row per candidate: metric before and after, the gain with its interval, inner folds."""
    rows = {}
    for one in found:
        gain, low, high = paired_interval(one.gain, len(one.gain), level=LEVEL)
        rows[one.candidate] = {
            "before": one.before.mean(),
            "tuned": one.after.mean(),
            "gain": gain,
            "95% low": low,
            "95% high": high,
            "tuning folds say": one.inner.mean(),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def report(found: Sequence[Found], changes: dict[str, dict[str, Any]], wanted: Tune) -> str:
    """The table, and what was done about it."""
    folds = f"{wanted.outer_folds} outer folds that no trial saw"
    lines = [f"{wanted.metric} on {folds}:", table(found).round(5).to_string(na_rep="–"), ""]
    for one in found:
        if one.candidate == "vote":
            continue
        if not one.helps:
            lines.append(f"{one.candidate}: tuning does not help beyond noise; left as it is")
        elif one.candidate not in changes:
            lines.append(f"{one.candidate}: params.yaml already holds what was found")
        else:
            values = ", ".join(f"{k} {v:g}" for k, v in changes[one.candidate].items())
            lines.append(f"{one.candidate}: written to params.yaml: {values}")
    if changes:
        lines.append("See git diff params.yaml; then make repro.")
    return "\n".join(lines)
