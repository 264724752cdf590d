"""`repro`: validate the data, `dvc repro`, and on failure restore the previous results."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.operations.failure import FAILURE_FILE
from stages.operations.lock import locked_outputs
from stages.operations.parent import PARENT
from stages.parameters import read_parameters


def repro(paths: Paths, arguments: Sequence[str] = ()) -> None:
    """Validate the data, run what changed.

    `UserError` with the failing cell's own words where a stage fails, after the previous results
    were restored; and where another run is in progress, of which nothing is touched.
    """
    validate_data(paths)
    with _alone(paths), _restored_on_failure(paths), tempfile.TemporaryDirectory() as scratch:
        failure = Path(scratch) / "failure"
        env = {FAILURE_FILE: str(failure), PARENT: str(os.getpid())}
        done = _dvc("repro", *arguments, root=paths.root, env=env)
        if done.returncode:
            raise UserError(_reason(failure, done.returncode))


def validate_data(paths: Paths) -> str:
    """Validate parameters and data, before DVC deletes any output; what was found."""
    params = read_parameters(paths)
    from stages.adoption.data_validation import check_source

    return f"{check_source(params, paths)}; params.yaml: valid"


def _reason(failure: Path, code: int) -> str:
    if failure.is_file():
        return failure.read_text(encoding="utf-8")
    return f"dvc repro ended with exit code {code}; its own words are above"


def _dvc(
    *arguments: str, root: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """DVC of this environment, with this environment's Python first on the path of its stages."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=root,
        env=os.environ | {"PATH": path} | (env or {}),
        check=False,
    )


@contextmanager
def _alone(paths: Paths) -> Iterator[None]:
    """One run at a time: a second one that fails would restore old results over new ones."""
    folder = paths.root / ".dvc" / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    running, of_dvc = folder / "repro.lock", folder / "lock"
    lock = FileLock(running, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        place = paths.relative(running)
        raise UserError(f"{place}: another run is in progress; wait for it") from None
    try:
        if is_locked(of_dvc):  # by a DVC command that writes
            place = paths.relative(of_dvc)
            raise UserError(f"{place}: another DVC command is in progress; wait for it")
        yield
    finally:
        lock.release()


def is_locked(path: Path) -> bool:
    """Whether another process holds a lock on the file."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def _restored_on_failure(paths: Paths) -> Iterator[None]:
    """Restore the previous results: DVC deletes a stage's outputs before its command runs.

    Files in git (the lock, the metrics) are kept aside; the rest comes back from DVC's cache by the
    old lock.
    """
    in_git = paths.lock, paths.metrics  # written by a run, and not in DVC's cache
    with tempfile.TemporaryDirectory() as scratch:
        kept = {path: Path(scratch) / path.name for path in in_git if path.is_file()}
        for path, copy in kept.items():
            shutil.copy2(path, copy)
        outputs = _outputs_here(paths, excluded=in_git)
        try:
            yield
        except BaseException:
            for path, copy in kept.items():
                shutil.copy2(copy, path)
            print(_restore(paths, outputs), file=sys.stderr)
            raise


def _restore(paths: Paths, outputs: Sequence[str]) -> str:
    """Bring outputs back from DVC's cache; what came of it, in words."""
    if not outputs:
        return "there were no previous results to restore"
    if _dvc("checkout", "--quiet", "--force", *outputs, root=paths.root).returncode == 0:
        return "previous results restored"
    return "previous results not restored: dvc checkout failed; dvc.lock names them"


def _outputs_here(paths: Paths, *, excluded: Sequence[Path]) -> list[str]:
    """The outputs in the lock that are in the work tree now."""
    outputs = locked_outputs(paths.lock)
    return [
        path
        for path in outputs
        if (paths.root / path).exists() and paths.root / path not in excluded
    ]
