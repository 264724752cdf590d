"""`repro`: checks at the door, `dvc repro`, and on failure what stood there before."""

from __future__ import annotations

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
from stages.core.paths import LOCK, METRICS, ROOT, Paths, relative
from stages.core.yamlfile import read_yaml
from stages.operations.failure import FAILURE_FILE
from stages.parameters import read_parameters

RUNNING = ROOT / ".dvc" / "tmp" / "repro.lock"
GIT_TRACKED = (LOCK, METRICS)  # written by a run, and not in DVC's cache


def repro(arguments: Sequence[str] = ()) -> None:
    """Check what enters, run what changed.

    `UserError` with the failing cell's own words where a stage fails, everything that stood there
    before being back then; and where another run is under way here.
    """
    check_at_the_door()
    with _alone(), _restored_on_failure(), tempfile.TemporaryDirectory() as scratch:
        failure = Path(scratch) / "failure"
        code = _dvc("repro", *arguments, env={FAILURE_FILE: str(failure)}).returncode
        if code:
            raise UserError(_reason(failure, code))


def check_at_the_door() -> str:
    """Check everything that enters, before DVC deletes any output; what was found."""
    params = read_parameters()
    from stages.adoption.door import check_source

    return f"{check_source(params, Paths.here())}; params.yaml: valid"


def _reason(failure: Path, code: int) -> str:
    if failure.is_file():
        return failure.read_text(encoding="utf-8")
    return f"dvc repro ended with exit code {code}; its own words are above"


def _dvc(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """DVC of this environment, with this environment's Python first on the path of its stages."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=ROOT,
        env=os.environ | {"PATH": path} | (env or {}),
        check=False,
    )


@contextmanager
def _alone() -> Iterator[None]:
    """Nobody else runs meanwhile: who fails brings back what stood there, over all that is new."""
    RUNNING.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(RUNNING, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        place = relative(RUNNING)
        raise UserError(f"{place}: another run is under way here; wait for it") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _restored_on_failure() -> Iterator[None]:
    """Bring back what stood there: DVC deletes a stage's outputs before its command runs.

    Files in git (the lock, the metrics) are kept aside; the rest comes back from DVC's cache by the
    old lock.
    """
    with tempfile.TemporaryDirectory() as scratch:
        kept = {path: Path(scratch) / path.name for path in GIT_TRACKED if path.is_file()}
        for path, copy in kept.items():
            shutil.copy2(path, copy)
        stood = _standing_outputs()
        try:
            yield
        except BaseException:
            for path, copy in kept.items():
                shutil.copy2(copy, path)
            if stood:
                _dvc("checkout", "--quiet", "--force", *stood)
            print("what stood there before stands there again", file=sys.stderr)
            raise


def _standing_outputs() -> list[str]:
    """The outputs in the lock that stand in the work tree now."""
    if not LOCK.is_file():
        return []
    stages = read_yaml(LOCK).get("stages", {})
    outs = [out["path"] for stage in stages.values() for out in stage.get("outs", [])]
    return [path for path in outs if (ROOT / path).exists() and ROOT / path not in GIT_TRACKED]
