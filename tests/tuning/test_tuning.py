"""The search: nested, seeded, resumable; its report honest, its diff small."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import optuna
import pytest

from scoring.errors import UserError
from stages.core.files import write_json, write_table
from stages.core.paths import Paths
from stages.core.section import read_params
from stages.features.table import LABEL
from stages.model.encoding import frame, layout
from stages.tuning import search as searching
from stages.tuning import tune as tuning
from stages.tuning.search import Budget, Customers, Search, best_values, run_all
from stages.tuning.space import distributions, rounded
from stages.tuning.tune_params import Tune
from tests import builders
from tests.places import HERE, ROOT

TRAIN = builders.train_params()


def wanted(**changes):
    """A small search."""
    values = {
        "seed": 1,
        "metric": "roc_auc",
        "trials": 4,
        "seconds": 600,
        "outer_folds": 3,
        "inner_folds": 2,
        "candidates": ["logistic"],
        "space": {
            "logistic": {"C": {"low": 0.001, "high": 100.0, "log": True}},
            "xgboost": {
                "max_depth": {"low": 1, "high": 4, "log": False},
                "subsample": {"low": 0.5, "high": 1.0, "log": False},
            },
        },
    }
    return Tune.of(values | changes)


def customers(rows: int = 300, *, noise: bool = False) -> Customers:
    schema, table = builders.schema(), builders.features(rows=rows)
    label = table[LABEL].to_numpy()
    if noise:
        label = np.random.default_rng(3).permutation(label)
    return Customers(frame(table, schema), label, layout(schema), "d" * 64)


def memory():
    """Trials in memory: quick; that those in the file survive is tested with the command."""
    return optuna.storages.InMemoryStorage()


def run(storage, people, tune, *, budget=None, advance=lambda: None):
    """One study of the first candidate on everybody."""
    name = tune.candidates[0]
    searches = [Search(name, "all", np.arange(len(people.label)))]
    studies = [searching.study_of(s, storage, people, TRAIN, tune) for s in searches]
    budget = budget or Budget()
    done = run_all(searches, studies, people, TRAIN, tune, budget=budget, advance=advance)
    return studies[0], done


def tried(study) -> list[tuple]:
    return [(t.user_attrs["values"], t.value) for t in study.trials if t.state.name == "COMPLETE"]


def params_file(folder):
    path = folder / "params.yaml"
    path.write_text(HERE.params.read_text(encoding="utf-8"), encoding="utf-8")
    return path


# --- searches ----------------------------------------------------------------------------------


def test_search_that_was_stopped_goes_on_as_if_it_had_not_been():
    people, tune = customers(), wanted(trials=12, candidates=["xgboost"])
    whole, done = run(memory(), people, tune)
    assert done
    budget, count, parts = Budget(), [], memory()

    def stop():
        count.append(1)
        if len(count) == 5:
            budget.event.set()

    _, done = run(parts, people, tune, budget=budget, advance=stop)
    assert not done
    resumed, done = run(parts, people, tune)
    assert done
    assert tried(resumed) == tried(whole)


def test_first_trial_is_what_there_is_and_what_is_tried_can_be_written():
    study, _ = run(memory(), customers(), wanted(trials=5))
    values = [found["C"] for found, _ in tried(study)]
    assert values[0] == TRAIN.logistic.C
    assert all(value == float(f"{value:.3g}") for value in values)
    assert best_values(study)["C"] in values


def test_no_trial_begins_when_the_time_is_over():
    study, done = run(memory(), customers(), wanted(), budget=Budget(seconds=0.0, started=-1.0))
    assert not done
    assert tried(study) == []


def test_other_customers_folds_or_spaces_are_other_studies_and_a_larger_budget_is_not():
    people = customers()

    def name(people=people, train=TRAIN, **changes):
        return searching.digest_of("logistic", people, train, wanted(**changes))

    others = {
        name(Customers(people.inputs, people.label, people.shape, "e" * 64)),
        name(train=builders.train_params(bins=5)),
        name(inner_folds=3),
        name(seed=2),
        name(space={"logistic": {"C": {"low": 0.01, "high": 1.0, "log": True}}}),
    }
    assert name() not in others
    assert len(others) == 5
    assert name() == name(trials=99) == name(seconds=5)
    assert name() == name(train=builders.train_params(logistic={"C": 9.0}))


def test_integers_are_searched_as_integers():
    space = distributions(wanted(), "xgboost")
    assert type(space["max_depth"]).__name__ == "IntDistribution"
    assert rounded({"a": 3, "b": 0.123456}) == {"a": 3, "b": 0.123}


# --- what tuning is worth ----------------------------------------------------------------------


def test_on_pure_noise_the_outer_folds_say_so_where_the_tuning_folds_do_not():
    # labels without any connection: the best of many trials looks better than chance, and is not
    people = customers(400, noise=True)
    tune = wanted(trials=10, candidates=["xgboost"], inner_folds=2, outer_folds=4)
    outer = tuning.draw_folds(people.label, count=4, repeats=1, seed=1)
    nested = [Search("xgboost", str(f.number), f.fit) for f in outer]
    studies = tuning._searched(nested, memory(), people, TRAIN, tune, Budget())
    found = tuning._judge(studies, outer, people, TRAIN, tune)[0]
    error = found.after.std(ddof=1) / np.sqrt(4)
    assert abs(found.after.mean() - 0.5) < 3 * max(error, 0.02)
    assert found.inner.mean() > 0.52
    assert found.inner.mean() > found.after.mean()


def found_with(gain: list[float], candidate: str = "logistic") -> tuning.Found:
    before = np.full(len(gain), 0.8)
    return tuning.Found(candidate, before, before + gain, before, np.array(gain))


def test_gain_within_a_standard_error_does_not_help():
    assert not found_with([0.01, -0.01, 0.012, -0.009]).helps
    assert found_with([0.01, 0.011, 0.009, 0.012]).helps


def test_report_says_what_was_written_and_what_was_left():
    found = [found_with([0.01, 0.011, 0.009]), found_with([0.01, -0.02, 0.01], "forest")]
    text = tuning.report(found, {"logistic": {"C": 0.031}}, wanted())
    assert "logistic: written to params.yaml: C 0.031" in text
    assert "forest: tuning does not help beyond noise; left as it is" in text
    assert "git diff params.yaml" in text
    again = tuning.report(found[:1], {}, wanted())
    assert "already holds" in again


# --- params.yaml -------------------------------------------------------------------------------


def test_write_back_changes_the_found_lines_alone(tmp_path):
    path = params_file(tmp_path)
    before = path.read_text(encoding="utf-8").splitlines()
    tuning.write_back({"logistic": {"C": 0.0123}, "forest": {"min_samples_leaf": 77}}, path)
    after = path.read_text(encoding="utf-8").splitlines()
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert [b.split("#")[0].strip() for _, b in changed] == ["C: 0.0123", "min_samples_leaf: 77"]
    assert all(a.split("#")[1] == b.split("#")[1] for a, b in changed), "comments stay"
    assert read_params(path)["train"]["forest"]["n_estimators"] == 200


def test_nothing_found_leaves_the_file_untouched(tmp_path):
    path = params_file(tmp_path)
    stamp = path.stat().st_mtime_ns
    tuning.write_back({}, path)
    assert path.stat().st_mtime_ns == stamp


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"candidates": ["forest"]}, "forest is to be tuned, but has no range"),
        ({"space": {"logistic": {"D": {"low": 1, "high": 2, "log": False}}}}, "no field D"),
        ({"space": {"logistic": {"C": {"low": 2, "high": 1, "log": False}}}}, "low must lie below"),
        ({"space": {"logistic": {"C": {"low": 0, "high": 1, "log": True}}}}, "above 0 on a log"),
        ({"space": {"logistic": {"C": {"low": 0, "high": 1, "log": False}}}}, "greater than 0"),
        ({"space": {"svm": {}, "logistic": {"C": {"low": 1, "high": 2, "log": True}}}}, "svm"),
    ],
)
def test_space_that_cannot_be_searched_is_refused(change, words):
    with pytest.raises(UserError, match=words):
        wanted(**change)


def test_without_train_customers_it_says_what_to_run(tmp_path):
    shutil.copy(HERE.params, tmp_path)
    with pytest.raises(UserError, match="make repro"):
        tuning.tune(Paths(tmp_path))


# --- the command -------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path):
    """A copy of the code with the club's customers, and a search of a few dozen trials."""
    root = tmp_path / "place"
    root.mkdir()
    for package in ("scoring", "stages"):
        shutil.copytree(ROOT / package, root / package)
    settings = read_params(HERE.params) | {"tune": wanted(trials=8).model_dump()}
    settings["train"] = settings["train"] | {
        "vote": {"members": ["logistic", "xgboost"]},
        "xgboost": builders.TRAIN["xgboost"],
    }
    write_json(root / "params.yaml", settings)  # JSON is YAML
    write_table(root / HERE.train.relative_to(ROOT), builders.features(rows=600))
    schema = builders.schema().model_dump(mode="json", exclude_defaults=True)
    write_json(root / HERE.customers_schema.relative_to(ROOT), schema)
    return root


# `python -m stages tune` less the pipeline before it: this place has customers, but no pipeline
SEARCH = """
import signal, sys
from scoring.errors import UserError
from stages.core.paths import Paths
from stages.tuning.tune import tune
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it
try:
    print(tune(Paths.here()))
except UserError as error:
    sys.exit(str(error))
"""


def command(place):
    return subprocess.Popen(
        [sys.executable, "-c", SEARCH],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(place), "CHURN_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def trials_in(place) -> int:
    file = place / "models" / "tuning" / "trials.db"
    if not file.is_file():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            query = "select count(*) from trials where state = 'COMPLETE'"
            return int(database.execute(query).fetchone()[0])
    except sqlite3.OperationalError:  # its tables are still being made
        return 0


def wait_for_trials(place, count: int, process) -> None:
    end = time.monotonic() + 60
    while trials_in(place) < count:
        assert time.monotonic() < end
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_search_that_was_stopped_is_resumed_from_its_finished_trials(place, stop):
    first = command(place)
    wait_for_trials(place, 3, first)
    first.send_signal(stop)
    _, words = first.communicate(timeout=60)
    kept = trials_in(place)
    assert kept >= 3
    if stop == signal.SIGINT:
        assert first.returncode == 1
        assert "run again to go on" in words.splitlines()[-1]
    second = command(place)
    text, words = second.communicate(timeout=120)
    assert second.returncode == 0, words
    assert f"{kept}/" in words, "progress goes on where it stopped"
    assert "outer folds that no trial saw" in text
    assert trials_in(place) % 8 == 0
