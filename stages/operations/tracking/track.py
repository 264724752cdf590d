"""Log the results in the work tree, by hand or at the end of a run."""

from __future__ import annotations

import subprocess
import sys

from stages.core.paths import Paths
from stages.operations.tracking.server import (
    check_answers,
    check_client,
    prepare_environment,
    server,
)

SECONDS = 120  # at the end of a run; by hand there is no limit


def track(paths: Paths) -> str:
    """Log the results in the work tree to what `MLFLOW_TRACKING_URI` names; what was done.

    `UserError` where the server cannot be used.
    """
    found = server()
    check_client()
    if not found.is_file:
        check_answers(found.url)
    prepare_environment(found)
    from stages.operations.tracking.upload import upload

    return upload(found.url, paths)


def track_after_a_run(paths: Paths) -> None:
    """After the last stage, log the results; whatever happens, a line on stderr says it.

    In a process of its own, which ends when its time is over: no fault of server or client may
    fail the run or hold it up.
    """
    command = [sys.executable, "-m", "stages", "track"]
    try:
        done = subprocess.run(
            command,
            cwd=paths.root,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=True,
        )
        outcome = done.stdout
    except subprocess.CalledProcessError as error:
        outcome = _later(error.stderr.strip() or f"the client ended with {error.returncode}")
    except subprocess.TimeoutExpired:
        outcome = _later(f"not done within {SECONDS} seconds")
    print(f"MLflow: {outcome.strip()}", file=sys.stderr)


def _later(reason: str) -> str:
    return (
        f"not logged: {reason.splitlines()[-1]}. The results are kept; `make track` logs them later"
    )
