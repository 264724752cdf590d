"""The runner: one DVC stage, one notebook, executed by papermill into the same bytes every time."""

from __future__ import annotations

import ast
import gc
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat

from scoring.errors import UserError
from stages.core.compute import Compute
from stages.core.paths import RUN, Paths
from stages.core.section import read_params
from stages.core.yamlfile import read_yaml

# What would otherwise leak from machine, moment or user into the bytes of a result.
KERNEL_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "LANGUAGE": "C",
    "SOURCE_DATE_EPOCH": "0",
    "MPLBACKEND": "agg",
    "MPLCONFIGDIR": "",  # filled with a directory of its own, as is IPYTHONDIR
    "IPYTHONDIR": "",
    "JUPYTER_PREFER_ENV_PATH": "1",
    # Threads change the order of sums: linear algebra gets one, folds run side by side instead.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # Kernels are chosen by processor, and with them the last digit: take one that all have.
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "DO_NOT_TRACK": "1",
    RUN: "1",
}

# IPython's own exit() lets the next cells run until the kernel happens to be gone.
STARTUP = """
import atexit, gc, sys
exit = quit = sys.exit
gc.set_threshold{collector}
atexit.register(gc.freeze)
del atexit, gc, sys
"""

STORAGES = ("azure", "boto3", "gcsfs", "github", "pyarrow.fs")  # notebooks are files here


def notebook_of(stage: str, paths: Paths) -> Path:
    """The notebook of a stage; `UserError` where there is none."""
    found = sorted(paths.notebooks.glob(f"[0-9][0-9]_{stage}.ipynb"))
    if not found:
        raise UserError(f"notebooks/: no notebook for stage {stage!r}; expected NN_{stage}.ipynb")
    return found[0]


def declared_sections(stage: str, paths: Paths) -> list[str]:
    """The sections of `params.yaml` that `dvc.yaml` declares for a stage.

    `UserError` where the stage is unknown or declares less than a whole section: what is not
    declared could change without a rerun.
    """
    stages = read_yaml(paths.pipeline)["stages"]
    if stage not in stages:
        raise UserError(f"dvc.yaml: stage {stage}: unknown; expected one of {', '.join(stages)}")
    declared = stages[stage].get("params", [])
    parts = [entry for entry in declared if not isinstance(entry, str) or "." in entry]
    if parts:
        raise UserError(f"dvc.yaml: stage {stage}: params {parts[0]!r}: expected a whole section")
    return list(declared)


def injected_parameters(
    stage: str, notebook: nbformat.NotebookNode, paths: Paths
) -> dict[str, Any]:
    """The values of every declared section.

    `UserError` where notebook and `dvc.yaml` do not name the same sections.
    """
    declared, named = declared_sections(stage, paths), parameter_names(notebook)
    origin = paths.relative(notebook_of(stage, paths))
    for name in declared:
        if name not in named:
            raise UserError(f"{origin}: parameter cell: {name} missing; dvc.yaml declares it")
    for name in named:
        if name not in declared:
            raise UserError(f"{origin}: parameter cell: {name} is not declared in dvc.yaml")
    return sections_of(declared, paths)


def sections_of(names: list[str], paths: Paths) -> dict[str, Any]:
    """These sections of `params.yaml`; the notebook validates them, each by its own model."""
    content = read_params(paths.params)
    for name in names:
        if name not in content:
            raise UserError(f"params.yaml: section {name}: missing")
    return {name: content[name] for name in names}


def parameter_names(notebook: nbformat.NotebookNode) -> list[str]:
    """Names set in the cell tagged `parameters`, which may hold literals only."""
    cells = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise UserError(f"notebook: {len(cells)} cells are tagged parameters; expected one")
    names = []
    for statement in ast.parse(cells[0].source).body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            raise UserError("parameter cell: expected assignments of literals only")
        names.append(statement.targets[0].id)
        try:
            ast.literal_eval(statement.value)
        except ValueError:
            raise UserError(f"parameter cell: {names[-1]}: expected literals only") from None
    return names


def run_stage(stage: str, paths: Paths) -> None:
    """Execute a stage's notebook; write the executed notebook, which the stage `pages` renders.

    `UserError` where a cell fails or ends the kernel; its last line is the cell's error.
    """
    source = notebook_of(stage, paths)
    notebook = nbformat.read(source, as_version=4)
    parameters = injected_parameters(stage, notebook, paths)
    executed = execute(notebook, parameters, paths, origin=paths.relative(source))
    output = paths.reports / "notebooks" / source.name
    output.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(normalise(executed), output)


def execute(
    notebook: nbformat.NotebookNode, parameters: dict[str, Any], paths: Paths, *, origin: str
) -> nbformat.NotebookNode:
    """The notebook with its outputs; progress on stderr goes to the terminal as it comes."""
    from traitlets.config import Config

    papermill = _papermill()
    with_end = nbformat.from_dict(notebook)
    with_end.cells.append(nbformat.v4.new_code_cell("None", metadata={"tags": ["end"]}))
    with tempfile.TemporaryDirectory() as scratch, _environment(Path(scratch), paths):
        # Sockets in the file system: no port is opened that others on the machine could talk to;
        # in a place of their own: two kernels that start in one folder would share them.
        sockets = {"transport": "ipc", "ip": str(Path(scratch) / "kernel")}
        try:
            executed = papermill.execute_notebook(
                with_end,
                None,
                parameters,
                kernel_name="python3",
                progress_bar=False,
                record_timing=False,
                coalesce_streams=True,
                stderr_file=sys.stderr,
                config=Config({"KernelManager": sockets}),
                cwd=str(paths.root),
            )
        except papermill.PapermillExecutionError as error:
            raise _cell_failure(error, _number(error.cell_index, notebook), origin) from None
    return _without_end(executed, origin)


def _papermill() -> Any:
    """Papermill without the storages that it imports where they are there: a second a stage."""
    hidden = [name for name in STORAGES if name not in sys.modules]
    sys.modules |= dict.fromkeys(hidden)  # type: ignore[arg-type]  # as if not installed
    try:
        import papermill
    finally:
        for name in hidden:
            del sys.modules[name]
    return papermill


class _environment:
    """The kernel's environment, for as long as it runs."""

    def __init__(self, scratch: Path, paths: Paths) -> None:
        own = {"MPLCONFIGDIR": str(scratch / "mpl"), "IPYTHONDIR": str(scratch / "ipython")}
        if compute := read_params(paths.params).get(Compute.section):
            own |= Compute.of(compute).environment
        path = os.pathsep.join(filter(None, [str(paths.root), os.environ.get("PYTHONPATH", "")]))
        self._values = KERNEL_ENVIRONMENT | own | {"PYTHONPATH": path}
        self._before: dict[str, str] = {}

    def __enter__(self) -> None:
        startup = Path(self._values["IPYTHONDIR"]) / "profile_default" / "startup"
        startup.mkdir(parents=True)
        # The kernel's collector looks as seldom as that of this process: `stages/__main__.py`.
        (startup / "startup.py").write_text(STARTUP.format(collector=gc.get_threshold()))
        # Its farewell ("KeyboardInterrupt caught in kernel") is no news to the user.
        (startup.parent / "ipython_kernel_config.py").write_text("c.IPKernelApp.log_level = 50\n")
        self._before = dict(os.environ)
        os.environ.update(self._values)

    def __exit__(self, *_: object) -> None:
        os.environ.clear()
        os.environ.update(self._before)


def _number(index: int, notebook: nbformat.NotebookNode) -> int:
    """The number of a cell as its author counts, from its index after parameters were injected."""
    tagged = [i for i, c in enumerate(notebook.cells) if "parameters" in c.metadata.get("tags", [])]
    return index if tagged and index > tagged[0] else index + 1


def _cell_failure(error: Any, number: int, origin: str) -> UserError:
    """What failed: for a user's mistake its own words, otherwise the traceback, then one line."""
    place = f"{origin}: cell {number}"
    if error.ename == UserError.__name__:
        *details, message = error.evalue.splitlines()
        return UserError(message, details=tuple(details))
    last = f"{error.ename}: {error.evalue}".splitlines()[0]
    return UserError(f"{place}: {last}", details=tuple(error.traceback))


def _without_end(executed: nbformat.NotebookNode, origin: str) -> nbformat.NotebookNode:
    """The notebook less the marker at its end; `UserError` where the marker was not reached.

    A kernel that is asked to exit skips all later cells without an error.
    """
    end = executed.cells.pop()
    if end.execution_count is None:
        code = [i for i, cell in enumerate(executed.cells) if cell.cell_type == "code"]
        ran = [i for i in code if executed.cells[i].execution_count is not None]
        number = _number((ran or code)[-1], executed)
        raise UserError(f"{origin}: cell {number}: ended the kernel before the last cell was run")
    return executed


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without what differs between two runs: times, random ids, versions, progress."""
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number:02d}"
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]
    return notebook
