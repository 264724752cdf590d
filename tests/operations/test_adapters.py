"""git, `dvc.lock`, nested results and messages of libraries are read in one place each."""

from __future__ import annotations

from pathlib import Path

from scoring.errors import one_line
from stages.operations.flatten import flatten
from stages.operations.lock import locked_outputs, locked_stages

STAGES = Path(__file__).parents[2] / "stages"


def test_git_is_run_in_one_module() -> None:
    # given every module of the pipeline and of what happens around it
    modules = {path: path.read_text(encoding="utf-8") for path in STAGES.rglob("*.py")}
    # then one of them starts git as a process
    running = [
        path for path, code in modules.items() if "subprocess.run" in code and '"git"' in code
    ]
    assert running == [STAGES / "operations" / "git.py"]


def test_values_of_nested_mappings_have_dotted_names() -> None:
    nested = {"test": {"roc_auc": 0.8, "slices": {"paper": 0.7}}, "n": None, "empty": {}}
    assert flatten(nested) == {"test.roc_auc": 0.8, "test.slices.paper": 0.7, "n": None}


def test_a_lock_of_any_layout_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    # given a lock with an output without a hash, and a stage that is none
    lock = tmp_path / "dvc.lock"
    lock.write_text("stages:\n  a:\n    outs:\n    - path: x\n    - md5: y\n  b: nothing\n")
    # when it is read
    found = locked_stages(lock)
    # then what it has is there, and the rest is empty
    assert found["a"]["outs"] == [{"path": "x", "md5": ""}]
    assert found["b"] == {"deps": [], "outs": [], "params": {}}
    assert list(locked_outputs(lock)) == ["x"]


def test_no_lock_and_a_lock_without_stages_have_no_outputs(tmp_path: Path) -> None:
    lock = tmp_path / "dvc.lock"
    assert locked_outputs(lock) == {}
    lock.write_text("- schema\n")
    assert locked_outputs(lock) == {}


def test_a_message_of_several_lines_becomes_one_and_none_is_the_name_of_its_kind() -> None:
    assert one_line(ValueError("first\n   second  ")) == "first second"
    assert one_line(TimeoutError()) == "TimeoutError"
