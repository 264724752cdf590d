"""The text of the report: what changed, what went wrong, how long it may be."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scoring.errors import UserError
from stages.core.files import write_json
from stages.core.paths import Paths
from stages.evaluation.slices import COMPARISON_COLUMNS
from stages.operations import stage_times
from stages.operations.comment.safe import LIMIT
from stages.operations.pull_request import changes, results
from stages.operations.pull_request.change_verdict import Verdict, judge
from stages.operations.pull_request.markdown import CUT, Content, render, run_address
from stages.operations.pull_request.report import customers_for
from stages.operations.pull_request.watched_run import Failure, as_failure
from tests import builders
from tests.pull_requests import TOLERANCE, comparison, customers_in, results_in, slices_of


def test_parameters_are_compared_by_name():
    old = {"train": {"xgboost": {"depth": 3}, "gone": 1, "same": [1, 2]}, "data": {"sha": None}}
    new = {"train": {"xgboost": {"depth": 4}, "same": [1, 2], "come": "x"}, "data": {"sha": None}}
    assert changes.parameters(new, old) == [
        ("train.xgboost.depth", "3", "4"),
        ("train.come", "–", "x"),
        ("train.gone", "1", "–"),
    ]


def test_what_happened_to_the_customers_is_reported(tmp_path: Path):
    table, schema = builders.customers(rows=400), builders.schema()
    moved = table.assign(**{builders.DAYS: table[builders.DAYS] + 60}).iloc[:350]
    smaller = builders.schema(**{builders.FEE: {"maximum": 90}})
    old = customers_in(tmp_path, "old", table, schema)
    new = customers_in(tmp_path, "new", moved, smaller)
    found = changes.data(new, old, threshold=0.1)
    assert found is not None
    assert found.rows == [("customers", "400", "350")]
    assert [change.name for change in found.schema] == [builders.FEE]
    assert "to 500" in found.schema[0].old
    assert "to 90" in found.schema[0].new
    assert found.drifted == [builders.DAYS]


def test_customers_of_the_same_bytes_are_not_looked_at(tmp_path: Path):
    found = customers_in(tmp_path, "one", builders.customers(rows=60), builders.schema())
    assert changes.data(found, found, threshold=0.1) is None


def test_a_column_that_is_empty_throughout_does_not_stop_the_drift(tmp_path: Path):
    table, schema = builders.customers(rows=100), builders.schema()
    empty = table.assign(**{builders.PAID: np.nan, builders.PAYS: None})
    old = customers_in(tmp_path, "old", table, schema)
    new = customers_in(tmp_path, "new", empty, schema)
    found = changes.data(new, old, threshold=0.1)
    assert found is not None
    assert found.drift is not None
    # what is empty on one side has gone as far as it can, and the rest is measured
    assert set(found.drifted) == {builders.PAID, builders.PAYS}
    assert found.drift["distance"].drop(found.drifted).max() == 0
    # and what is empty on both sides has not moved
    both = changes.data(new, customers_in(tmp_path, "both", empty, schema), threshold=0.1)
    assert both is not None
    assert both.drifted == []


def test_what_went_wrong_is_reported_by_stage_and_last_lines():
    output = (
        "Running stage 'train':\n\x1b[31mstep\x1b[0m\n"
        "folds:  10%|#\rfolds: 100%|##########\n\n"
        "ERROR: failed to reproduce 'train': failed to run: python -m stages run train, exited\n"
        "notebooks/04_train.ipynb: cell 4: ValueError: on purpose\n"
    )
    assert as_failure(output) == Failure(
        "train",
        [
            "Running stage 'train':",
            "step",
            "folds: 100%|##########",
            "ERROR: failed to reproduce 'train': failed to run: python -m stages run train, exited",
            "notebooks/04_train.ipynb: cell 4: ValueError: on purpose",
        ],
    )
    assert as_failure("params.yaml: section train: missing\n").stage is None


def content(tmp_path: Path, **changed) -> Content:
    sides = [results_in(tmp_path / name, name) for name in ("old", "new")]
    return Content(*sides, 0, Verdict("no difference beyond noise", []), **changed)


def test_the_report_stays_short_whatever_the_change(tmp_path: Path):
    long = "x|`" * 500
    many = pd.DataFrame({name: [0.5] * 900 for name in COMPARISON_COLUMNS})
    many = many.assign(column=long, value=long, metric="brier", verdict="worse", customers=5)
    drift = pd.DataFrame(
        {"method": long, "distance": 0.5, "drifted": True},
        index=[long + str(i) for i in range(900)],
    )
    made = content(
        tmp_path,
        failure=Failure("train", ["y" * 240] * 25),
        slices=many,
        data=changes.DataChange(
            [changes.Change(long, long, long)] * 6,
            [changes.Change(long, long, long)] * 900,
            drift,
        ),
        comparisons={"Test": comparison()},
    )
    params = {f"{long[:900]}{i}": long for i in range(3000)}
    (made.new.folder / "params.yaml").write_text(str(params), encoding="utf-8")
    text = render(made, Paths.here())
    assert len(text) < LIMIT
    assert "…and 2980 more." in text


def test_a_report_that_is_too_long_all_the_same_says_where_it_was_cut(tmp_path: Path):
    made = content(tmp_path)
    made.verdict = Verdict("worse", ["because " * 20] * 1000)
    text = render(made, Paths.here())
    assert len(text) <= LIMIT
    assert text.endswith(CUT)


def test_names_stay_text_in_the_report(tmp_path: Path):
    made = content(tmp_path)
    hostile = "a|b`c\n## d <img src=x> [e](f)"
    made.verdict = Verdict(f"worse for {hostile}", [f"because of {hostile}"])
    write_json(made.new.folder / "params.yaml", {hostile: hostile})
    text = render(made, Paths.here())
    assert "<img" not in text.replace("\\<img", "")
    assert "](f)" not in text.replace("\\](f)", "")
    assert "\n## d" not in text


def test_links_lead_to_the_run_where_there_is_one():
    run = {
        "GITHUB_SERVER_URL": "https://git.example",
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_RUN_ID": "7",
    }
    assert run_address(run) == "https://git.example/o/r/actions/runs/7"
    assert run_address({**run, "GITHUB_RUN_ID": ""}) is None


def test_the_time_of_a_stage_is_found_by_what_it_wrote(tmp_path: Path):
    paths = Paths(tmp_path)
    for folder in ("notebooks", "reports/notebooks"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "notebooks/04_train.ipynb").touch()
    (tmp_path / "reports/notebooks/04_train.ipynb").write_bytes(b"{}")
    stage_times.keep("train", 12.34, paths)
    digest = hashlib.md5(b"{}", usedforsecurity=False).hexdigest()
    lock = {"train": {"outs": [{"path": "reports/notebooks/04_train.ipynb", "md5": digest}]}}
    assert stage_times.of_stages(lock, paths) == {"train": 12.3}
    # and a stage without a notebook has none that a sum would wait for
    lock["pages"] = {"outs": [{"path": "reports/index.html", "md5": "1" * 32}]}
    assert stage_times.timed(lock) == ["train"]
    lock["train"]["outs"][0]["md5"] = "0" * 32
    assert stage_times.of_stages(lock, paths) == {}


def test_without_git_it_is_reported_that_a_clone_is_needed(tmp_path: Path):
    with pytest.raises(UserError, match=r"git: not a git repository .*; expected a clone"):
        results.commit_of("main", Paths(tmp_path))


def test_an_unknown_revision_is_reported():
    with pytest.raises(UserError, match="git knows no revision 'nowhere'"):
        results.commit_of("nowhere", Paths.here())
    with pytest.raises(UserError, match="no revision '--help'"):
        results.commit_of("--help", Paths.here())


def test_a_group_that_is_worse_off_stands_before_whom_to_contact(tmp_path: Path):
    recall = [("Plan", str(i), "recall", "worse", -0.1) for i in range(30)]
    worst = ("Senior", "Yes", "brier", "worse", 0.1)
    table = slices_of(*recall, ("Plan", "1", "roc_auc", "better", 0.1), worst)
    text = render(content(tmp_path, slices=table.assign(customers=5)), Paths.here())
    places = [text.index(words) for words in ("Senior = Yes", "| better |", "Plan = 0")]
    assert places == sorted(places)


def test_many_groups_are_compared_on_fewer_customers():
    assert [customers_for(groups) for groups in (0, 50, 100, 2000)] == [20000, 20000, 10000, 2000]


def test_long_names_of_groups_leave_the_verdict_readable():
    long = [("x" * 5000, str(i), "brier", "worse", 0.1) for i in range(3)]
    found = judge(comparison(), slices_of(*long), TOLERANCE)
    assert len(found.line) < 500
    assert len(found.reasons[0]) < 500
