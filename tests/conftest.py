"""One finished run of the pipeline on 2,000 simulated customers, shared by all that look at it."""

from __future__ import annotations

import gc
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from stages import cli
from stages.core.paths import Paths
from stages.core.yaml_edit import update_yaml
from stages.operations.registry.behaviour import ELSEWHERE
from stages.operations.reproducible import copy_work_tree
from tests.clusters import DaskCluster, dask_cluster
from tests.places import ROOT

TRACE = Path(__file__).parent / "trace"
sys.modules["rfc3987_syntax"] = None  # as `python -m stages` has it: a second less a worker
SMALL: Mapping[str, Mapping[str, object]] = {
    "generate": {"rows": 2000},
    "train": {
        "repeats": 1,
        "folds": 3,
        # a few trees: every candidate is there, and none is asked to be good
        "forest": {"n_estimators": 50},
        "portfolio": {
            "extra_trees": {"n_estimators": 50},
            "boosting_shallow": {"n_estimators": 60},
            "boosting_medium": {"n_estimators": 60},
            "boosting_deep": {"n_estimators": 60},
        },
    },
    "evaluate": {"resamples": 100},
}

# Threads of BLAS fight with those of the tests for two processors.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What collection leaves lives to the end: the garbage collector need not look at it again.

    Five thousand tests and all that they import are a fifth of the time of the suite otherwise.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One file that needs the finished run comes first, the others last: no worker waits for it."""
    users = dict.fromkeys(i.path for i in items if "finished" in getattr(i, "fixturenames", ()))
    first = next(iter(users), None)
    items.sort(key=lambda item: (item.path != first, item.path in users))


def stages(place: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m stages …` in a repository."""
    return subprocess.run(
        [sys.executable, "-m", "stages", *arguments],
        cwd=place,
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def in_process(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The same in this process, which has imported what the command needs."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, chdir(place):
        patch.setattr(Paths, "here", lambda: Paths(place))
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = cli.main(arguments)
            except SystemExit as left:  # of argparse
                code = int(left.code or 0)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def dvc(place: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`dvc …` in a repository, with this environment's Python first on the path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=place,
        env=clean_environment() | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def holding(words: Sequence[str], files: Iterable[Path]) -> list[str]:
    """The files in which one of the words stands; Parquet files are looked into."""
    needles = [word.encode() for word in words]
    found = []
    for file in files:
        content = file.read_bytes()
        if content.startswith(b"PAR1"):
            content = pq.read_table(pa.BufferReader(content)).to_pandas().to_csv().encode()
        if any(needle in content for needle in needles):
            found.append(str(file))
    return found


def clean_environment() -> dict[str, str]:
    """The environment less what pytest's own path settings would smuggle into a clone.

    No run of a test is logged to the server of whoever runs the tests.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONPATH" and not name.startswith("MLFLOW_")
    }


def once(
    name: str, make: Callable[[Path], None], factory: pytest.TempPathFactory, worker_id: str
) -> Path:
    """A folder that one worker makes and all that run at the same time share."""
    own = factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / name
    with FileLock(folder.with_suffix(".lock")):
        if not folder.is_dir():
            folder.mkdir()
            make(folder)
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A clone in which the pipeline has run once, every file it opened on record in `.trace/`.

    `make register` has one of its own.
    """
    if ELSEWHERE in os.environ:
        return Path(os.environ[ELSEWHERE])

    def make(folder: Path) -> None:
        _run_once(folder / "clone", trace=folder / "trace")

    return once("finished", make, tmp_path_factory, worker_id) / "clone"


def _run_once(place: Path, *, trace: Path) -> None:
    copy_work_tree(place, ROOT)
    update_yaml(Paths(place).params, SMALL)
    (place / "dvc.lock").unlink(missing_ok=True)  # a clone of another data set
    trace.mkdir()
    done = stages(place, "repro", PYTHONPATH=str(TRACE), CHURN_TRACE=str(trace))
    assert done.returncode == 0, done.stderr[-3000:]
    (place / ".trace").symlink_to(trace)
    (place / ".git" / "info" / "exclude").write_text(".trace\n")
    subprocess.run(["git", "add", "--all"], cwd=place, check=True)
    identity = ["-c", "user.name=clone", "-c", "user.email=clone@localhost"]
    subprocess.run(["git", *identity, "commit", "-qm", "run"], cwd=place, check=True)


@pytest.fixture
def fresh(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished clone that a test may break."""
    return copy_of(finished, tmp_path / "clone")


@pytest.fixture(scope="module")
def shared(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished clone for the tests of one module, in order."""
    return copy_of(finished, tmp_path_factory.mktemp("shared") / "clone")


def copy_of(finished: Path, place: Path) -> Path:
    """The finished clone with cache and outputs, elsewhere."""
    return Path(shutil.copytree(finished, place, symlinks=True))


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[DaskCluster]:
    """A Dask scheduler with two worker processes."""
    with dask_cluster(tmp_path) as running:
        yield running


@pytest.fixture
def collected() -> Iterator[None]:
    """What Dask leaves is collected here: amid the parsing of an import it stops Python 3.11."""
    yield
    gc.collect()
