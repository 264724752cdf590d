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


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_queued_experiments_are_run_compared_applied_and_made_branches(shared: Path) -> None:
    # given code that notes where it was imported from
    module = shared / "stages" / "evaluation" / "record.py"
    text = module.read_text()
    assert '"counts": {' in text
    module.write_text(text.replace('"counts": {', '"counts": {"copy": float(".dvc" in __file__), '))
    # when two experiments with a parameter of a late stage are queued, and the queue is started
    queued = dvc(shared, "exp", "run", "--queue", "-S", "evaluate.resamples=110,120")
    assert queued.returncode == 0, queued.stderr[-2000:]
    first, second = re.findall(r"Queued experiment '([^']+)'", queued.stdout)
    assert dvc(shared, "queue", "start").returncode == 0
    end = time.monotonic() + 400
    while dvc(shared, "queue", "status").stdout.count("Success") < 2:
        assert time.monotonic() < end
        time.sleep(2)
    # then the stages before that one are left alone
    printed = dvc(shared, "queue", "logs", first).stdout
    assert "Running stage 'evaluate'" in printed
    for stage in ("generate", "explore", "features", "train"):
        assert f"Stage '{stage}' didn't change, skipping" in printed
    # and the work tree is as it was
    assert dvc(shared, "params", "diff").stdout == ""
    assert "copy" not in json.loads((shared / "reports" / "metrics.json").read_text())["counts"]
    # and the page shows what was changed and what came of it by the code of a copy, with the
    # commit that they started from, without fetching anything
    asked = r"winner|counts\.copy|test\.brier"
    assert stages(shared, "experiments", "--metrics", asked).returncode == 0
    page = (shared / "reports" / "experiments.html").read_text()
    cells = ("main", first, second, "workspace", "100", "110", "120", "1")
    assert [cell for cell in cells if f">{cell}</td>" not in page] == []
    for name in ("evaluate.<wbr>resamples", "winner", "counts.<wbr>copy", "test.<wbr>brier"):
        assert f">{name}</th>" in page
    assert "src=" not in page.split("<script>")[0] + page.rpartition("</script>")[2]
    # and one can be applied
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
    with pytest.raises(UserError) as caught:
        write_experiments(Paths(finished))
    assert str(caught.value) == (
        "no experiments on this commit; expected some: dvc exp run -S NAME=VALUE"
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
