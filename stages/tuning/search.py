"""Searches that can be stopped at any moment: every finished trial is kept in a file.

Optuna proposes by its tree-structured Parzen estimator. Each proposal has a seed of its own, by the
number of finished trials, so that a search that was stopped goes on as if it had not been.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from numpy.typing import NDArray
from optuna.trial import TrialState

from scoring.digest import digest
from stages.core import measures
from stages.core.metrics import METRICS
from stages.model.candidates import build
from stages.model.encoding import Layout
from stages.model.folds import draw_folds, threads
from stages.model.train_params import Train
from stages.tuning.space import current, distributions, rounded, with_values
from stages.tuning.tune_params import Range, Tune

Rows = NDArray[np.int64]
STARTUP = 8  # random trials before the estimator proposes


@dataclass(frozen=True)
class Customers:
    """What is searched on: inputs, labels (n,), layout, the hash of the content, ids (n,)."""

    inputs: pd.DataFrame
    label: NDArray[Any]
    shape: Layout
    digest: str
    ids: NDArray[Any] | None = None


@dataclass
class Budget:
    """When to stop before all trials are done: on demand, or when the time is over.

    Optuna's own time limit ends a search: no trial begins after it.
    """

    seconds: float | None = None
    started: float = field(default_factory=time.monotonic)
    event: threading.Event = field(default_factory=threading.Event)

    @property
    def left(self) -> float | None:
        """Seconds that are left, None without a limit."""
        if self.seconds is None:
            return None
        return max(0.0, self.seconds - (time.monotonic() - self.started))


@dataclass(frozen=True)
class Search:
    """The search of one candidate on some customers; `part` is an outer fold, or `all`."""

    candidate: str
    part: str
    rows: Rows


def storage_in(folder: Path) -> optuna.storages.RDBStorage:
    """The file of trials; SQLite, which survives being killed."""
    folder.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.storages.RDBStorage(
        f"sqlite:///{folder / 'trials.db'}", engine_kwargs={"connect_args": {"timeout": 60}}
    )


def digest_of(candidate: str, customers: Customers, train: Train, tune: Tune) -> str:
    """Names what a candidate's trials depend on: other customers, folds or space, another study.

    Not the budget, so that a larger one goes on; nor the values that are searched for.
    """
    space = tune.space[candidate]
    own = getattr(train, candidate).model_dump()
    content = [
        customers.digest,
        train.model_dump(include={"seed", "bins", "encoding", "rebalance"}),
        {field: value for field, value in own.items() if field not in space},
        tune.model_dump(include={"seed", "metric", "outer_folds", "inner_folds"}),
        {field: bounds.model_dump() for field, bounds in space.items()},
    ]
    return digest(content)[:12]


def study_of(
    search: Search, storage: Any, customers: Customers, train: Train, tune: Tune
) -> optuna.Study:
    """The study of a search, found or begun, without trials that were killed under way."""
    name = f"{search.candidate}-{search.part}"
    name += f"-{digest_of(search.candidate, customers, train, tune)}"
    lower = not METRICS[tune.metric].higher_is_better
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        load_if_exists=True,
        direction="minimize" if lower else "maximize",
    )
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def finished(study: optuna.Study) -> int:
    """How many trials are done."""
    return len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))


def best_values(study: optuna.Study) -> dict[str, Any]:
    """What the best trial tried."""
    return dict(study.best_trial.user_attrs["values"])


def run_all(
    searches: Sequence[Search],
    studies: Sequence[optuna.Study],
    customers: Customers,
    train: Train,
    tune: Tune,
    *,
    budget: Budget,
    advance: Callable[[], Any],
) -> bool:
    """Run searches side by side until all are done or the budget is over; whether all are done.

    On Ctrl-C the trials under way are finished and kept; `KeyboardInterrupt` goes on.
    """
    with ThreadPoolExecutor(threads()) as pool:
        waiting = {
            pool.submit(_run, search, study, customers, train, tune, budget, advance)
            for search, study in zip(searches, studies, strict=True)
        }
        try:
            while waiting:
                done, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
        except BaseException:
            budget.event.set()
            raise
    return all(finished(study) >= tune.trials for study in studies)


def _run(
    search: Search,
    study: optuna.Study,
    customers: Customers,
    train: Train,
    tune: Tune,
    budget: Budget,
    advance: Callable[[], Any],
) -> None:
    """Trials of one study, one after the other; the first is what there is now."""
    space, now = distributions(tune, search.candidate), current(train, tune, search.candidate)
    done = finished(study)
    planned = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))  # before a stop
    if done == 0 and not planned and _inside(now, tune.space[search.candidate]):
        study.enqueue_trial(now)

    def objective(trial: optuna.Trial) -> float:
        proposed = {name: _suggested(trial, name, allowed) for name, allowed in space.items()}
        values = now if proposed == now else rounded(proposed)
        trial.set_user_attr("values", values)
        return inner_score(search, values, customers, train, tune)

    def after(study: optuna.Study, _: Any) -> None:
        advance()
        study.sampler = _sampler(tune, finished(study))
        if budget.event.is_set():
            study.stop()

    study.sampler = _sampler(tune, done)
    if done < tune.trials and not budget.event.is_set():
        study.optimize(
            objective, n_trials=tune.trials - done, timeout=budget.left, callbacks=[after]
        )


def _sampler(tune: Tune, number: int) -> optuna.samplers.TPESampler:
    """What proposes the trial of that number, as it would without a stop."""
    return optuna.samplers.TPESampler(n_startup_trials=STARTUP, seed=tune.seed + number)


def _suggested(trial: optuna.Trial, name: str, allowed: Any) -> Any:
    is_whole = isinstance(allowed, optuna.distributions.IntDistribution)
    suggest: Any = trial.suggest_int if is_whole else trial.suggest_float
    return suggest(name, allowed.low, allowed.high, log=allowed.log)


def _inside(values: dict[str, Any], space: Mapping[str, Range]) -> bool:
    return all(space[name].low <= value <= space[name].high for name, value in values.items())


def inner_score(
    search: Search, values: dict[str, Any], customers: Customers, train: Train, tune: Tune
) -> float:
    """The metric of a candidate with these values, averaged over folds of the search's rows."""
    label = customers.label[search.rows]
    params = with_values(train, search.candidate, values)
    splits = draw_folds(
        label,
        count=tune.inner_folds,
        repeats=1,
        seed=tune.seed,
        groups=None if customers.ids is None else customers.ids[search.rows],
        field="tune.inner_folds",
    )
    scores = []
    for fold in splits:
        held_out = search.rows[fold.held_out]
        predicted = fitted_probability(
            search.candidate, params, customers, search.rows[fold.fit], held_out
        )
        truth = customers.label[held_out].astype(float)
        scores.append(measures.value(METRICS[tune.metric].bound(), truth, predicted))
    return float(np.mean(scores))


def fitted_probability(
    candidate: str, params: Train, customers: Customers, fit: Rows, held_out: Rows
) -> NDArray[np.float64]:
    """P(churn) of the held-out customers, by a candidate fitted on others."""
    model = build(candidate, params, customers.shape)
    model.fit(customers.inputs.iloc[fit], customers.label[fit])
    return model.predict_proba(customers.inputs.iloc[held_out])[:, 1].astype(np.float64)
