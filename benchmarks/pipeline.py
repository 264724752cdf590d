"""What notebooks and DVC cost, against the same work without them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from benchmarks.result import Result, paired_ratio, processor_seconds
from stages.core.paths import Paths
from stages.core.pipeline import executed_notebook, outs_of
from stages.core.runner import KERNEL_ENVIRONMENT, declared_sections, notebook_of
from stages.core.yamlfile import read_yaml
from stages.operations.reproducible import copy_work_tree

RESULTS = (
    ".dvc/cache",
    ".dvc/tmp",
    "data/raw",
    "data/oracle",
    "data/snapshots",
    "models/champion",
    "models/comparison",
)


def benchmarks(*, runs: int) -> list[Result]:
    """The notebook tax, and what doing nothing costs: processor time, a ratio in one run."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "pipeline"
        copy_work_tree(place, Paths.here().root)
        tax = notebook_tax(place, runs=runs)
        empty = _empty_stages(Path(scratch) / "empty", like=place)
        return [tax, *no_op(place, empty, runs=max(runs, 5))]


def notebook_tax(place: Path, *, runs: int) -> Result:
    """`dvc repro` from nothing against the cells of all notebooks in one plain Python process."""
    script = place / "plain.py"
    script.write_text(_plain_script(), encoding="utf-8")

    def whole() -> None:
        _forget_results(place)
        _run([sys.executable, "-m", "dvc", "repro", "--quiet"], place)

    def plain() -> None:
        _forget_results(place)
        _run([sys.executable, script.name], place, _kernel_environment(place))

    ratio, details = paired_ratio(whole, plain, runs=runs)
    whole()
    return Result("dvc repro from nothing / plain Python process", ratio, "<=", 1.3, details)


def no_op(place: Path, empty: Path, *, runs: int) -> list[Result]:
    """Nothing to do, by DVC alone and with the checks before it, against DVC on empty stages."""
    empty_repro = [sys.executable, "-m", "dvc", "repro", "--quiet"]
    found = []
    for module, bound in (("dvc", 1.2), ("stages", 1.6)):
        command = [sys.executable, "-m", module, "repro"]
        for where in (place, empty):
            _run(empty_repro, where)
        ratio, details = paired_ratio(
            partial(_run, command, place),
            partial(_run, empty_repro, empty),
            runs=runs,
            clock=processor_seconds,
        )
        name = f"no-op {module} repro / no-op on as many empty stages"
        found.append(Result(name, ratio, "<=", bound, details))
    return found


def _plain_script() -> str:
    """The code cells of all stages in order, parameters filled in, without a notebook."""
    paths, parts = Paths.here(), ["from IPython.display import display"]
    params, pipeline = read_yaml(paths.params), read_yaml(paths.pipeline)["stages"]
    for stage in [name for name, entry in pipeline.items() if executed_notebook(entry)]:
        cells = json.loads(notebook_of(stage, paths).read_text(encoding="utf-8"))["cells"]
        for cell in (cell for cell in cells if cell["cell_type"] == "code"):
            parts.append("".join(cell["source"]))
            if "parameters" in cell["metadata"].get("tags", []):
                parts += [f"{name} = {params[name]!r}" for name in declared_sections(stage, paths)]
    return "\n".join(parts) + "\n"


def _kernel_environment(place: Path) -> dict[str, str]:
    own = {"MPLCONFIGDIR": str(place / ".mpl"), "PYTHONPATH": str(place)}
    return {name: value for name, value in KERNEL_ENVIRONMENT.items() if value} | own


def _forget_results(place: Path) -> None:
    for name in RESULTS:
        shutil.rmtree(place / name, ignore_errors=True)
    for pattern in ("data/features/*.parquet", "reports/*.html", "reports/notebooks/*.ipynb"):
        for path in place.glob(pattern):
            path.unlink()


def _empty_stages(place: Path, *, like: Path) -> Path:
    """A project whose stages do nothing, with the dependencies and outputs of a finished one.

    Every file is there, with its name as content: what DVC hashes and locks is as much. Against
    five stages with one dependency each a no-op takes 1.41 times the processor time, the price of
    143 dependencies: 150 files take 1.17 times what one folder of them takes. Only what every stage
    imports could be a folder, some 60 of them, which leaves 1.35.
    """
    pipeline = read_yaml(like / "dvc.yaml")["stages"]
    for stage in pipeline.values():
        stage["cmd"] = "true"
        for path in [*stage["deps"], *outs_of(stage)]:
            _same_names(like / path, place / path)
        stage["outs"] = [{out: {"persist": True}} for out in outs_of(stage)]
        stage.pop("metrics", None)
    (place / "dvc.yaml").write_text(json.dumps({"stages": pipeline}), encoding="utf-8")
    shutil.copy(like / "params.yaml", place)
    for command in (["git", "init", "--quiet"], [sys.executable, "-m", "dvc", "init", "--quiet"]):
        _run(command, place)
    for name in (".dvcignore", ".dvc/config"):
        shutil.copy(like / name, place / name)
    return place


def _same_names(source: Path, target: Path) -> None:
    """A file or a folder of files, each holding its name alone."""
    if source.is_dir():
        for path in source.iterdir():
            _same_names(path, target / path.name)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.name, encoding="utf-8")


def python(arguments: list[str], place: Path) -> None:
    """A Python process of this environment in a folder; `RuntimeError` where it fails."""
    _run([sys.executable, *arguments], place)


def _run(command: list[str], place: Path, environment: Mapping[str, str] | None = None) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, **(environment or {})}
    done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} in {place}: {done.stderr[-2000:]}")
