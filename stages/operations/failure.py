"""A copy of what went wrong in a stage, for `repro`, whose own last line it becomes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scoring.errors import UserError

FAILURE_FILE = "CHURN_FAILURE_FILE"  # the variable that names the copy


@contextmanager
def copied_for_repro() -> Iterator[None]:
    """Leave a copy of a `UserError` where `repro` looks for it, and raise it on."""
    try:
        yield
    except UserError as error:
        if path := os.environ.get(FAILURE_FILE):
            Path(path).write_text(str(error), encoding="utf-8")
        raise
