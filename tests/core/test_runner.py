"""The runner: what a notebook is given, what comes back, and how it fails."""

from __future__ import annotations

import concurrent.futures
import gc
import json
import multiprocessing
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from scoring.errors import UserError
from stages.core import runner
from stages.core.paths import Paths
from stages.core.section import read_params

HERE = Paths.here()
PARAMETERS = {"metadata": {"tags": ["parameters"]}}


def notebook(*sources: str) -> nbformat.NotebookNode:
    """A notebook with an empty parameter cell and these code cells."""
    cells = [new_markdown_cell("# A title"), new_code_cell("features = {}", **PARAMETERS)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}}
    code = [new_code_cell(source) for source in sources]
    return new_notebook(cells=[*cells, *code], metadata=kernel)


def run(*sources: str) -> nbformat.NotebookNode:
    return runner.normalise(
        runner.execute(notebook(*sources), {"features": {}}, HERE, origin="x.ipynb")
    )


def texts(executed: nbformat.NotebookNode) -> str:
    return json.dumps([cell.get("outputs", []) for cell in executed.cells])


def test_an_executed_notebook_is_the_same_at_every_run_and_shows_no_progress(
    capfd: pytest.CaptureFixture[str],
) -> None:
    # given cells that print a lot, report progress on stderr, and ask for what varies
    sources = (
        "import sys\nfor i in range(200): print(i, flush=i % 7 == 0)",
        "print('half way', file=sys.stderr)",
        "import os, time\nprint(sorted({'b', 'a', 'c'}, key=hash), time.tzname, os.getcwd())",
    )
    # when it is run twice
    first, second = (nbformat.writes(run(*sources)) for _ in range(2))
    # then both are the same, progress went to the terminal and not into the notebook
    assert first == second
    assert "half way" in capfd.readouterr().err
    assert "half way" not in first.replace("print('half way'", "")


def test_the_process_that_runs_a_notebook_imports_neither_storages_nor_pandas() -> None:
    # given a process that starts as `python -m stages run` does, and asks for papermill
    script = """if True:
        import gc, runpy, sys
        sys.argv, usual = ["stages", "--help"], gc.get_threshold()
        try:
            runpy.run_module("stages", run_name="__main__")
        except SystemExit:
            from stages.core import runner
            from stages.operations import failure, parent, stage_times
            runner._papermill()
            assert gc.get_threshold() > usual
            unused = {"azure", "boto3", "gcsfs", "github", "rfc3987_syntax", "pandas", "pyarrow"}
            sys.exit(str({name for name in unused if sys.modules.get(name)}))
    """
    # when
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=HERE.root, capture_output=True, text=True, check=False
    )
    # then none of what takes it seconds was imported
    assert done.stderr.strip() == "set()"


def test_a_kernel_has_no_names_of_its_own_and_the_collector_of_its_parent(monkeypatch) -> None:
    monkeypatch.setattr(gc, "get_threshold", lambda: (54_321, 20, 20))
    names = "[name for name in ('atexit', 'gc', 'sys') if name in globals()]"
    executed = run(f"{names}, __import__('gc').get_threshold()")
    assert "([], (54321, 20, 20))" in texts(executed)


@pytest.mark.slow  # two processes import all that a notebook needs
def test_notebooks_run_side_by_side_in_one_folder() -> None:
    spawned = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=spawned) as pool:
        running = [pool.submit(run, f"print({number} * 111)") for number in range(1, 3)]
        shown = [texts(each.result(timeout=200)) for each in running]
    assert ["111" in shown[0], "222" in shown[1]] == [True, True]


def test_parameters_are_injected_and_the_kernel_runs_in_the_root() -> None:
    executed = runner.execute(
        notebook("import os, stages; print(features, os.path.dirname(stages.__path__[0]))"),
        {"features": {"seed": 3}},
        HERE,
        origin="x.ipynb",
    )
    assert f"{{'seed': 3}} {HERE.root}" in texts(executed)


def test_a_failing_cell_is_named_with_its_error_in_the_last_line() -> None:
    with pytest.raises(UserError) as caught:
        run("x = 1", "1 / 0", "x = 2")
    last = str(caught.value).splitlines()[-1]
    assert last == "x.ipynb: cell 4: ZeroDivisionError: division by zero"
    assert "Traceback" in str(caught.value)


def test_a_users_mistake_is_reported_without_a_traceback() -> None:
    raising = """from scoring.errors import UserError
raise UserError("column b: wrong", details=("a table",))"""
    with pytest.raises(UserError) as caught:
        run(raising)
    assert str(caught.value) == "a table\ncolumn b: wrong"


@pytest.mark.parametrize("leave", ["import sys; sys.exit(0)", "exit()", "raise SystemExit"])
@pytest.mark.parametrize("after", [(), ("x = 2",)])
def test_leaving_the_kernel_is_a_failure_even_in_the_last_cell(
    leave: str, after: tuple[str, ...]
) -> None:
    with pytest.raises(UserError, match=r"x\.ipynb: cell [34]: "):
        run("x = 1", leave, *after)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("features = {}\nmoney = {}", "money is not declared in dvc.yaml"),
        ("", "features missing; dvc.yaml declares it"),
        ("features = dict()", "expected literals only"),
        ("import os", "expected assignments of literals only"),
        ("features, x = {}, 1", "expected assignments of literals only"),
    ],
)
def test_a_parameter_cell_must_name_what_the_pipeline_declares(cell: str, words: str) -> None:
    wrong = new_notebook(cells=[new_code_cell(cell, **PARAMETERS)])
    with pytest.raises(UserError, match=words):
        runner.injected_parameters("features", wrong, HERE)


def test_a_notebook_without_a_parameter_cell_is_refused() -> None:
    with pytest.raises(UserError, match="0 cells are tagged parameters; expected one"):
        runner.injected_parameters("features", new_notebook(cells=[new_code_cell("x = 1")]), HERE)


def test_a_notebook_is_given_exactly_the_sections_that_are_declared() -> None:
    given = runner.injected_parameters("features", notebook(), HERE)
    assert given == {"features": read_params(HERE.params)["features"]}


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("train: {}")
    with pytest.raises(UserError, match=r"params\.yaml: section features: missing"):
        runner.sections_of(["features"], Paths(tmp_path))


def test_an_invalid_parameter_ends_the_notebook_with_one_line_that_names_it() -> None:
    # given a value that the section's model refuses, in a notebook that reads its section first
    code = """from stages.core.paths import Paths
from stages.features.features_params import Features
features = Features.given(features, Paths.here())"""
    broken = read_params(HERE.params)["features"] | {"test_share": 7}
    # when it is run
    with pytest.raises(UserError) as caught:
        runner.execute(notebook(code, "1 / 0"), {"features": broken}, HERE, origin="x.ipynb")
    # then the message is the field's alone, without a traceback
    assert str(caught.value).startswith("params.yaml: field features.test_share: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ("[train.folds]", "expected a whole section"),
        ("[{other.yaml: [a]}]", "expected a whole section"),
    ],
)
def test_less_than_a_whole_section_may_not_be_declared(
    declared: str, words: str, tmp_path: Path
) -> None:
    pipeline = tmp_path / "dvc.yaml"
    pipeline.write_text(f"stages: {{train: {{cmd: x, params: {declared}}}}}")
    with pytest.raises(UserError, match=words):
        runner.declared_sections("train", Paths(tmp_path))


def test_an_unknown_stage_is_a_mistake_of_the_user() -> None:
    with pytest.raises(UserError, match="no notebook for stage 'tarin'"):
        runner.run_stage("tarin", HERE)
    with pytest.raises(UserError, match="stage tarin: unknown; expected one of generate"):
        runner.declared_sections("tarin", HERE)
