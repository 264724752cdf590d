"""`dvc exp` as people use it: a parameter changes, only what depends on it runs again."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.look.pages import write_page
from stages.operations.experiments import body, comparison, write_experiments
from tests.conftest import dvc, stages
from tests.html_pages import in_browser, layout_faults


def test_an_experiment_reruns_what_depends_on_it_with_the_code_of_its_own_copy(
    shared: Path,
) -> None:
    # given code that notes where it was imported from
    module = shared / "stages" / "evaluation" / "record.py"
    text = module.read_text()
    assert '"counts": {' in text
    module.write_text(text.replace('"counts": {', '"counts": {"copy": float(".dvc" in __file__), '))
    # when a parameter of the last stage is tried in a directory of its own
    samples = "evaluate.resamples=120"
    done = dvc(shared, "exp", "run", "--temp", "--name", "more", "-S", samples)
    assert done.returncode == 0, done.stderr[-2000:]
    # then the stages before it are left alone
    assert "Running stage 'evaluate'" in done.stdout
    for stage in ("generate", "explore", "features", "train"):
        assert f"Stage '{stage}' didn't change, skipping" in done.stdout
    # and dvc shows what was changed and what came of it, by the code of that copy
    shown = dvc(shared, "exp", "show", "--json", "--no-pager")
    found = [e for e in experiments(json.loads(shown.stdout)) if e.get("name") == "more"]
    data = found[0]["data"]
    assert data["params"]["params.yaml"]["data"]["evaluate"]["resamples"] == 120
    metrics = data["metrics"]["reports/metrics.json"]["data"]
    assert {"winner", "test"} <= set(metrics)
    assert metrics["counts"]["copy"] == 1.0
    # and the work tree is as it was
    assert dvc(shared, "params", "diff").stdout == ""
    assert "copy" not in json.loads((shared / "reports" / "metrics.json").read_text())["counts"]
    # and the page shows it with the commit that it started from, without fetching anything
    assert stages(shared, "experiments").returncode == 0
    page = (shared / "reports" / "experiments.html").read_text()
    assert all(f">{cell}</td>" in page for cell in ("main", "more", "workspace", "100", "120"))
    assert ">evaluate.<wbr>resamples</th>" in page
    assert "src=" not in page.split("<script>")[0] + page.rpartition("</script>")[2]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_queued_experiments_are_run_applied_and_made_branches(shared: Path) -> None:
    # when two experiments are queued and the queue is worked through
    queued = dvc(shared, "exp", "run", "--queue", "-S", "evaluate.resamples=110,120")
    assert queued.returncode == 0, queued.stderr[-2000:]
    first, second = re.findall(r"Queued experiment '([^']+)'", queued.stdout)
    assert dvc(shared, "queue", "start").returncode == 0
    end = time.monotonic() + 400
    while dvc(shared, "queue", "status").stdout.count("Success") < 2:
        assert time.monotonic() < end
        time.sleep(2)
    # then one can be applied
    assert dvc(shared, "exp", "apply", first).returncode == 0
    changed = json.loads(dvc(shared, "params", "diff", "--json").stdout)["params.yaml"]
    assert changed["evaluate.resamples"]["new"] == 110
    # the other made a branch, with its results
    assert dvc(shared, "exp", "branch", second, "more-samples").returncode == 0
    shown = ["git", "show", "more-samples:params.yaml"]
    done = subprocess.run(shown, cwd=shared, capture_output=True, text=True, check=True)
    assert "resamples: 120" in done.stdout
    # and both be removed
    assert dvc(shared, "exp", "remove", first, second).returncode == 0
    listed = dvc(shared, "exp", "list").stdout
    assert first not in listed
    assert second not in listed


def test_a_page_without_experiments_is_refused(finished: Path) -> None:
    done = stages(finished, "experiments")
    assert done.returncode == 1
    assert done.stderr == (
        "no experiments on this commit; expected some: dvc exp run -S NAME=VALUE\n"
    )


SHOWN: list[dict[str, Any]] = [
    {"Experiment": None, "rev": "main", "State": None, "test.brier": 0.1304479, "winner": "vote",
     "train.folds": 5.0, "train.metric": "roc_auc", "data/raw": "a1"},
    {"Experiment": "more", "rev": "f00", "State": "Success", "test.brier": None, "winner": "vote",
     "train.folds": 9.0, "train.metric": "roc_auc", "data/raw": "b2"},
    {"Experiment": "later", "rev": "ba4", "State": "Queued", "test.brier": 0.5, "winner": "vote",
     "train.folds": 7.0, "train.metric": "brier", "data/raw": "a1"},
]  # fmt: skip


def test_compared_are_parameters_that_differ_and_metrics_asked_for() -> None:
    rows = comparison(SHOWN, metrics=r"test\..*")
    assert rows == [
        {"experiment": "main", "train.folds": "5", "test.brier": "0.130448"},
        {"experiment": "more", "train.folds": "9", "test.brier": ""},
    ]


def test_the_page_fits_every_screen_and_names_every_value_of_an_axis(tmp_path: Path) -> None:
    winners = ("vote", "logistic", "vote", "logistic", "logistic")
    rows = [
        {"experiment": f"run-{number}", "train.xgboost.max_depth": str(number), "winner": winner}
        | {f"test.profit_per_customer_{more}": f"{number}.48097" for more in range(5)}
        for number, winner in enumerate(winners)
    ]
    page = tmp_path / "experiments.html"
    write_page(page, body=body(rows), title="Experiments", pages=[])
    assert layout_faults([page], tmp_path) == []
    drawn = in_browser(page).partition("<table")[0]
    for name in (*winners, "run-0", "run-4"):
        assert re.search(rf"<text[^>]*>{name}</text>", drawn), name


def test_what_is_no_regular_expression_is_named() -> None:
    with pytest.raises(UserError, match=r"^metrics 'test\(': missing \), .*regular expression$"):
        comparison(SHOWN, metrics="test(")


def test_without_git_there_are_none_and_the_message_says_so(tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    with pytest.raises(UserError, match=r"^experiments: .*not a git repository"):
        write_experiments(Paths(tmp_path))


def experiments(shown: list[dict]) -> list[dict]:
    """Every experiment below every revision."""
    found = []
    for revision in shown:
        for experiment in revision.get("experiments") or []:
            found += [r for r in experiment["revs"] if r]
    return found
