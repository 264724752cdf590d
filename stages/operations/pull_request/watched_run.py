"""The pipeline as the report runs it: watched, so that a failure can be reported."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import IO, NamedTuple

KEPT = 20_000  # bytes of the pipeline's last output
SHOWN, WIDTH = 25, 240  # lines of it that the report shows, and characters of each
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
FAILED_STAGE = re.compile(r"failed to reproduce '([^']+)'")


class Failure(NamedTuple):
    """The stage that failed, None where none had begun, and the last lines of its output."""

    stage: str | None
    lines: list[str]


def run_pipeline(root: Path) -> Failure | None:
    """`python -m stages repro`, its words passed on to stderr; how it failed, if it did.

    What the cache has of the current revision is taken from there first: DVC alone would
    run a stage again of which one output, the metrics, is in git.
    """
    subprocess.run(
        [sys.executable, "-m", "dvc", "checkout", "--quiet", "--allow-missing"],
        cwd=root,
        stdin=subprocess.DEVNULL,  # what has no copy in the cache is kept, and nobody is asked
        stderr=subprocess.DEVNULL,
        check=False,
    )
    running = subprocess.Popen(
        [sys.executable, "-m", "stages", "repro"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert running.stdout is not None
    try:
        output = _passed_on(running.stdout)
    except KeyboardInterrupt:  # the pipeline got it, too, and restores the previous results
        _passed_on(running.stdout)
        running.wait()
        raise
    return as_failure(output) if running.wait() else None


def _passed_on(stream: IO[bytes]) -> str:
    """Write everything to stderr as it comes; the end of it."""
    kept = b""
    while chunk := os.read(stream.fileno(), 4096):
        sys.stderr.buffer.write(chunk)
        sys.stderr.buffer.flush()
        kept = (kept + chunk)[-KEPT:]
    return kept.decode(errors="replace")


def as_failure(output: str) -> Failure:
    """What a failed run output, as stage and last lines; of a progress bar its last state."""
    plain = CONTROL.sub("", output).replace("\r\n", "\n")
    lines = [line.rsplit("\r", 1)[-1].rstrip()[:WIDTH] for line in plain.split("\n")]
    named = FAILED_STAGE.findall(plain)
    return Failure(named[-1] if named else None, [line for line in lines if line][-SHOWN:])
