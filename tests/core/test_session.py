"""A notebook that somebody opens: it runs, says what it is given, and leaves the results alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scoring.digest import sha256
from stages.core.paths import RUN, Paths
from stages.operations.reproducible import outputs
from tests.conftest import clean_environment


def by_hand(place: Path, notebook: str, to: Path) -> str:
    """What the cells of a notebook print under nbconvert, in its own folder as JupyterLab does."""
    command = ["nbconvert", "--to", "notebook", "--execute", "--output-dir", str(to), notebook]
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", *command],
        # What the .pth file in .venv does for the repository, for a clone.
        cwd=place / "notebooks", env=clean_environment() | {"PYTHONPATH": str(place)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    cells = json.loads((to / notebook).read_text())["cells"]
    printed = [o for cell in cells for o in cell.get("outputs", []) if o.get("name") == "stdout"]
    return "".join("".join(output["text"]) for output in printed)


def test_a_notebook_opened_by_hand_leaves_the_results_alone(fresh: Path, tmp_path: Path) -> None:
    # given a finished run and another share of test customers
    before = {name: sha256(fresh / name) for name in outputs(fresh)}
    params = (fresh / "params.yaml").read_text()
    (fresh / "params.yaml").write_text(params.replace("test_share: 0.2 ", "test_share: 0.4 "))
    # when a notebook that writes results is executed without the runner
    printed = by_hand(fresh, "03_features.ipynb", tmp_path)
    # then it says where it writes and shows its parameters, the results stay as they are
    assert "reads and writes a copy of the results, in scratch/notebook/" in printed
    assert "'test_share': 0.4" in printed
    assert {name: sha256(fresh / name) for name in outputs(fresh)} == before
    # and its own are in scratch, with what it needed of earlier stages
    scratch = fresh / "scratch" / "notebook" / "data"
    assert sha256(scratch / "features" / "test.parquet") != before["data/features/test.parquet"]
    assert (scratch / "raw" / "customers.parquet").is_file()
    git = ["git", "status", "--porcelain", "--", "scratch", "data", "models", "reports"]
    assert subprocess.run(git, cwd=fresh, capture_output=True, check=True).stdout == b""


class Shell:
    """A kernel as VS Code starts it."""

    user_ns = {"__vsc_ipynb_file__": "/home/me/churn/notebooks/04_train.ipynb"}  # noqa: RUF012


def test_each_notebook_has_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RUN, raising=False)
    monkeypatch.setattr("IPython.get_ipython", Shell)
    paths = Paths.here()
    assert paths.results == paths.root / "scratch" / "04_train"
    assert paths.champion.is_relative_to(paths.results)
    # under Jupyter its server names the notebook
    monkeypatch.setattr(Shell, "user_ns", {})
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/me/churn/notebooks/02_explore.ipynb")
    assert Paths.here().results == paths.root / "scratch" / "02_explore"


def test_results_of_the_runner_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("IPython.get_ipython", Shell)
    monkeypatch.setenv(RUN, "1")
    assert Paths.here().output == Paths.here().root
