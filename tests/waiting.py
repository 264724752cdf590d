"""Waiting for a condition, long enough for a machine that has other work."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

WAIT = 60.0  # seconds
Found = TypeVar("Found")


def until(found: Callable[[], Found], *, what: str, seconds: float = WAIT) -> Found:
    """What is found, once it is not empty; fails with `what` when the time is over."""
    due = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < due, what
        time.sleep(0.1)
    return result
