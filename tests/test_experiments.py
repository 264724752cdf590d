"""`dvc exp` as people use it: a parameter changes, only what depends on it runs again."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import dvc


def test_an_experiment_reruns_only_what_depends_on_the_parameter(shared: Path) -> None:
    # when a parameter of a candidate is tried
    done = dvc(shared, "exp", "run", "--name", "deeper", "-S", "train.xgboost.max_depth=4")
    assert done.returncode == 0, done.stderr[-2000:]
    # then the stages before it are left alone
    assert "Running stage 'train'" in done.stdout
    for stage in ("generate", "explore", "features"):
        assert f"Stage '{stage}' didn't change, skipping" in done.stdout
    # and dvc shows what was changed and what came of it
    difference = dvc(shared, "params", "diff", "--json")
    changed = json.loads(difference.stdout)["params.yaml"]
    assert changed == {"train.xgboost.max_depth": {"old": 3, "new": 4, "diff": 1}}
    shown = dvc(shared, "exp", "show", "--csv", "--no-pager")
    header, *rows = shown.stdout.splitlines()
    assert {"test.roc_auc", "train.xgboost.max_depth", "winner"} <= set(header.split(","))
    assert any(row.split(",")[0] or "deeper" in row for row in rows)


def test_an_experiment_elsewhere_runs_the_code_of_its_own_copy(shared: Path) -> None:
    # given code that notes where it was imported from
    module = shared / "stages" / "evaluation" / "record.py"
    text = module.read_text()
    assert '"counts": {' in text
    module.write_text(text.replace('"counts": {', '"counts": {"copy": float(".dvc" in __file__), '))
    # when an experiment runs in a directory of its own
    share = "features.test_share=0.3"
    done = dvc(shared, "exp", "run", "--temp", "--name", "elsewhere", "-S", share)
    assert done.returncode == 0, done.stderr[-2000:]
    # then the code was that of its own copy
    shown = dvc(shared, "exp", "show", "--json", "--no-pager")
    found = [e for e in experiments(json.loads(shown.stdout)) if e.get("name") == "elsewhere"]
    counts = found[0]["data"]["metrics"]["reports/metrics.json"]["data"]["counts"]
    assert counts["copy"] == 1.0
    # and the results of the work tree were left alone
    here = json.loads((shared / "reports" / "metrics.json").read_text())["counts"]
    assert here["test"] < counts["test"]
    assert "copy" not in here


def experiments(shown: list[dict]) -> list[dict]:
    """Every experiment below every revision."""
    found = []
    for revision in shown:
        for experiment in revision.get("experiments") or []:
            found += [r for r in experiment["revs"] if r]
    return found
