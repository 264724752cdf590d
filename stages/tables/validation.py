"""What the validation of a table found, for people and for other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from scoring.errors import UserError
from stages.core.files import write_json
from stages.core.paths import Paths
from stages.core.quantity import quantity


@dataclass(frozen=True)
class DataWarning:
    """A warning about an accepted table: where, what, in how many rows, what was done."""

    column: str | None
    problem: str
    action: str
    count: int = 0
    rows: tuple[int, ...] = ()

    def __str__(self) -> str:
        """One line for a person."""
        where = f"column {self.column}: " if self.column is not None else ""
        many = f", {quantity(self.count, 'row')}" if self.count else ""
        first = f" (first: {', '.join(map(str, self.rows))})" if self.rows else ""
        return f"{where}{self.problem}{many}{first}: {self.action}"


@dataclass(frozen=True)
class ValidationIssue:
    """Cells of one column that fail one check: how many, and the first of them."""

    column: str
    check: str
    expected: str
    count: int
    rows: tuple[int, ...] = ()
    values: tuple[str, ...] = ()

    def where(self) -> str:
        """The first rows with their values, for a person."""
        places = [f"row {r}: {v!r}" for r, v in zip(self.rows, self.values, strict=True)]
        more = f", … {self.count - len(places)} more" if self.count > len(places) else ""
        return ", ".join(places) + more if places else "whole column"


class RejectedTable(UserError):
    """A table that does not fit: every issue, by column and check."""

    def __init__(self, issues: Sequence[ValidationIssue], *, origin: str) -> None:
        first = issues[0]
        others = f" (and {len(issues) - 1} more, listed above)" if len(issues) > 1 else ""
        super().__init__(
            f"{origin}: column {first.column}: {first.check}: {first.where()}; "
            f"expected {first.expected}{others}",
            details=(*_issue_table(issues, origin), ADVICE),
        )
        self.issues = tuple(issues)


ADVICE = "What to do: mend the file, or allow these values in the schema, and hand it in again."


def _issue_table(issues: Sequence[ValidationIssue], origin: str) -> list[str]:
    rows = [("column", "check", "count", "first rows", "expected")]
    rows += [(f.column, f.check, f"{f.count:,}", f.where(), f.expected) for f in issues]
    return [f"{origin}: errors by column and check", *aligned(rows)]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines of text, each column as wide as its widest cell."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


@dataclass(frozen=True)
class Validation:
    """The validation of a table: what it is, whether it is accepted, and why."""

    source: str
    schema: str
    rows: int = 0
    kept: int = 0
    form: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[DataWarning, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)


def write_accepted(validation: Validation, paths: Paths) -> None:
    """Write `reports/validation.json` for an accepted table."""
    _write("accepted", validation, paths, message="", issues=())


def write_rejected(validation: Validation, error: UserError, paths: Paths) -> None:
    """Write `reports/validation.json` for a rejected table, with every issue."""
    issues = error.issues if isinstance(error, RejectedTable) else ()
    _write("refused", validation, paths, message=error.message, issues=issues)


def _write(
    result: str,
    validation: Validation,
    paths: Paths,
    *,
    message: str,
    issues: Sequence[ValidationIssue],
) -> None:
    content: dict[str, Any] = {"result": result, "message": message} | asdict(validation)
    content["faults"] = [asdict(issue) for issue in issues]
    write_json(paths.validation, content)
