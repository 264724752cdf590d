"""Asking somebody for approval without waiting for the answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

Approval: TypeAlias = Callable[[], bool | None]  # None while there is no answer


def nobody_is_asked(question: str) -> Approval:
    """Approval for all that the figures allow."""
    return lambda: True


def on_terminal(question: str) -> Approval:
    """Ask on the terminal; the figures are watched meanwhile."""
    answers: list[bool] = []

    def read() -> None:
        try:
            answers.append(input(question).strip().lower() in ("y", "yes"))
        except EOFError:
            answers.append(False)

    threading.Thread(target=read, daemon=True).start()
    return lambda: answers[0] if answers else None
