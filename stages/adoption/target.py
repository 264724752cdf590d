"""Finding the column to predict, and which of its two values means churn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.errors import UserError
from stages.adoption import names
from stages.adoption.profile import Profile
from stages.tables.canonical import spelling_key

SHOWN = 6  # values or columns that a message lists
SHOWN_COLUMNS = 40
LISTED = 50  # values of a column that are looked through for spellings


@dataclass(frozen=True)
class Target:
    """The column to predict and its two values."""

    name: str
    positive: str
    negative: str
    because: str


def find_target(
    profiles: Sequence[Profile], *, target: str | None, positive: str | None, origin: str
) -> Target:
    """The column to predict: the named one, or the one whose name says so.

    `UserError` where it is not there, not told, or does not have two values.
    """
    column, why = _named(profiles, target, origin) if target else _guessed(profiles, origin)
    _check_two_values(column, origin)
    if column.has_blanks:
        raise UserError(
            f"{origin}: column {column.name}: {column.rows - column.filled:,} rows without a "
            f"value; expected {' or '.join(column.labels)} for every customer"
        )
    value, reason = _positive(column, positive, origin)
    negative = next(text for text in column.labels if text != value)
    return Target(column.name, value, negative, f"{why}; {value!r} means churn, {reason}")


def _named(profiles: Sequence[Profile], target: str, origin: str) -> tuple[Profile, str]:
    for column in profiles:
        if column.name == target:
            return column, "as told"
    more = f", … ({len(profiles)} columns)" if len(profiles) > SHOWN_COLUMNS else ""
    raise UserError(
        f"{origin}: column {target}: not there; expected the column to predict, one of "
        f"{', '.join(column.name for column in profiles[:SHOWN_COLUMNS])}{more}"
    )


def _guessed(profiles: Sequence[Profile], origin: str) -> tuple[Profile, str]:
    """By what the name says, the plainest names first."""
    two = [column for column in profiles if _has_two_values(column)]
    for fits in (_by_word_alone, _by_word, _by_full_name, _by_staying):
        found = [column for column in two if fits(column)]
        if len(found) == 1:
            return found[0], "by its name"
        if found:
            raise _untold(origin, found, "several columns may be the one to predict")
    named = [column for column in profiles if _by_word(column)]
    if named:
        _check_two_values(named[0], origin)
    raise _untold(origin, two, "no column is called churn or the like")


def _by_word_alone(column: Profile) -> bool:
    return names.is_called(column.name, names.TARGET_WORDS)


def _by_word(column: Profile) -> bool:
    return names.has_word(column.name, names.TARGET_WORDS)


def _by_full_name(column: Profile) -> bool:
    return names.is_called(column.name, names.TARGET_NAMES)


def _by_staying(column: Profile) -> bool:
    return names.has_word(column.name, names.STAYING_WORDS)


def _untold(origin: str, columns: Sequence[Profile], problem: str) -> UserError:
    shown = ", ".join(column.name for column in columns[:SHOWN]) or "none"
    return UserError(
        f"{origin}: {problem}; name it with TARGET=<column> (of two values each: {shown})"
    )


def _check_two_values(column: Profile, origin: str) -> None:
    if not _has_two_values(column):
        # Many values may identify a customer: they are not shown.
        few = ", ".join(map(repr, column.texts)) if len(column.texts) <= SHOWN else ""
        found = f" ({few})" if few else ""
        count = len(column.texts if len(column.texts) > LISTED else column.labels)
        raise UserError(
            f"{origin}: column {column.name}: {count:,} different values{found}; "
            "expected two, one of which means churn"
        )


def _has_two_values(column: Profile) -> bool:
    """Whether there are two, however they are spelled."""
    return len(column.texts) <= LISTED and len(column.labels) == 2


def _positive(column: Profile, positive: str | None, origin: str) -> tuple[str, str]:
    """The value that means churn, and how that is known."""
    if positive is not None:
        for text in column.labels:
            if spelling_key(text) == spelling_key(positive):
                return text, "as told"
        raise UserError(
            f"{origin}: column {column.name}: value {positive}: not there; expected one of "
            f"{', '.join(column.labels)}"
        )
    said = {text: names.says_yes(text) for text in column.labels}
    yes = [text for text, meaning in said.items() if meaning]
    no = [text for text, meaning in said.items() if meaning is False]
    if len(yes) != 1 and len(no) == 1:
        yes = [text for text in column.labels if text != no[0]]
    if len(yes) != 1:
        return column.labels[1], "as the rarer of the two"
    staying = _by_staying(column) and not _by_word(column)
    if staying:
        return next(text for text in column.labels if text != yes[0]), "as the opposite of staying"
    return yes[0], "by its word"
