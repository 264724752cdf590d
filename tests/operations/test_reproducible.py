"""The comparison of two runs: it has to be able to fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scoring.errors import UserError
from stages.core.files import write_json
from stages.core.paths import Paths
from stages.operations import reproducible
from tests.conftest import copy_of


def test_two_copies_of_a_run_are_the_same(finished: Path, tmp_path: Path) -> None:
    count = reproducible._compare_bytes(finished, copy_of(finished, tmp_path / "clone"))
    assert count == len(list(reproducible.outputs(finished)))
    assert count > 30


@pytest.mark.parametrize("name", ["reports/index.html", "models/champion/model.onnx", "dvc.lock"])
def test_a_byte_that_differs_is_found_and_named(finished: Path, tmp_path: Path, name: str) -> None:
    other = copy_of(finished, tmp_path / "clone")
    path = other / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(UserError, match=f"{name}: differs between two runs"):
        reproducible._compare_bytes(finished, other)


def test_a_file_that_only_one_run_wrote_is_found(finished: Path, tmp_path: Path) -> None:
    other = copy_of(finished, tmp_path / "clone")
    (other / "reports" / "plots" / "extra.csv").write_text("x\n")
    with pytest.raises(UserError, match=r"extra\.csv: written by one run only"):
        reproducible._compare_bytes(finished, other)


@pytest.mark.parametrize(("change", "is_fine"), [(0.001, True), (0.2, False)])
def test_elsewhere_values_may_differ_within_a_tolerance(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: float, is_fine: bool
) -> None:
    # given another platform than the reference one, and metrics a little or much off
    monkeypatch.setattr(reproducible, "REFERENCE", ("Plan 9", "mips", "3.11"))
    new, committed = Paths(finished), Paths(tmp_path)
    metrics = json.loads(new.metrics.read_text())
    metrics["test"]["roc_auc"] += change
    write_json(committed.metrics, metrics)
    if is_fine:
        assert "bytes are not promised" in reproducible._compare_with_committed(new, committed)
    else:
        with pytest.raises(UserError, match=r"metrics\.json: off by 0\.2"):
            reproducible._compare_with_committed(new, committed)
