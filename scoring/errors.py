"""The one exception for what a user can put right, and how a message is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class UserError(Exception):
    """A mistake that the user can mend; shown without a traceback.

    The message is one line that names file, column, row or field and what was expected;
    `details` are further lines, shown above it.
    """

    def __init__(self, message: str, *, details: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join((*details, message)))
        self.message = message


def one_line(error: BaseException) -> str:
    """The message of a library in one line; the name of its kind where it has none."""
    return " ".join(str(error).split()) or type(error).__name__


def first_problem(error: ValidationError) -> str:
    """The first field that is not as expected, and why, without what was found in it."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"field {'.'.join(map(str, first['loc'])) or 'content'}: {first['msg']}"


def shown(path: Path) -> str:
    """The path as people write it: from the current folder where it lies inside."""
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else str(path)
