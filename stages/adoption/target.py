"""Finding the column to predict, and which of its values mean churn.

A known word decides, as does what the user says. Where neither does, the user is asked: that one
value is rarer than the other says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.errors import UserError
from scoring.yes_no import answers
from stages.adoption import names
from stages.adoption.polarity import Meaning, meaning, meanings
from stages.adoption.profile import Profile
from stages.adoption.vocabulary import TARGET_NAMES
from stages.core.quantity import quantity
from stages.tables.canonical import spelling_key

SHOWN = 6  # values or columns that a message lists
SHOWN_COLUMNS = 40
LISTED = 50  # values of a column that are looked through for spellings
STATUSES = 12  # values that a column of statuses may have


@dataclass(frozen=True)
class Outcome:
    """What the user says of the column to predict, as far as they do.

    target     its name
    positive   the values that mean churn, separated by commas
    negative   the values that mean staying, separated by commas; rows of others are left out
    """

    target: str | None = None
    positive: str | None = None
    negative: str | None = None


@dataclass(frozen=True)
class Target:
    """The column to predict: which values mean what, why, and what about it is in doubt."""

    name: str
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    because: str = ""
    doubt: str = ""


def find_target(profiles: Sequence[Profile], outcome: Outcome, *, origin: str) -> Target:
    """The column to predict: the named one, or the one whose name or values say so.

    `UserError` where it is not there or cannot be found, or where no known word says which of its
    values means churn.
    """
    column, why = (
        _named(profiles, outcome.target, origin)
        if outcome.target
        else _guessed(profiles, outcome, origin)
    )
    _check_values(column, outcome, origin)
    if column.has_blanks:
        blank = quantity(column.rows - column.filled, "row")
        raise UserError(
            f"{origin}: column {column.name}: {blank} without a value; "
            f"expected {' or '.join(column.labels)} for every customer: fill them in, or "
            "take the rows of whom nobody knows out of the table"
        )
    positive, reason, doubt = _positive(column, outcome, origin)
    negative = _negative(column, outcome, positive, origin)
    left_out = tuple(text for text in column.labels if text not in (*positive, *negative))
    verb = "means" if len(positive) == 1 else "mean"
    because = f"{why}; {_listed(positive)} {verb} churn, {reason}"
    if left_out:
        because += f"; rows of {', '.join(map(repr, left_out))} are left out"
    doubt = doubt or _contradiction(positive, negative)
    return Target(column.name, positive, negative, left_out, because, doubt)


def _listed(values: Sequence[str]) -> str:
    return " and ".join(map(repr, values))


def _contradiction(positive: Sequence[str], negative: Sequence[str]) -> str:
    """Values that are taken for the opposite of what their words say."""
    gone = [text for text in negative if meaning(text) == "left"]
    there = [text for text in positive if meaning(text) == "stayed"]
    found = []
    if gone:
        also = f" (POSITIVE={','.join((*positive, *gone))})" if len(gone) < len(negative) else ""
        found.append(f"{_listed(gone)} counted as staying: or is it churn, too{also}?")
    if there:
        found.append(f"{_listed(there)} counted as churn: or is it staying?")
    return "; ".join(found)


def _named(profiles: Sequence[Profile], target: str, origin: str) -> tuple[Profile, str]:
    for column in profiles:
        if column.name == target:
            return column, "as given"
    more = f", … ({len(profiles)} columns)" if len(profiles) > SHOWN_COLUMNS else ""
    raise UserError(
        f"{origin}: column {target}: not there; expected the column to predict, one of "
        f"{', '.join(column.name for column in profiles[:SHOWN_COLUMNS])}{more}"
    )


def _guessed(profiles: Sequence[Profile], outcome: Outcome, origin: str) -> tuple[Profile, str]:
    """By what name and values say, the plainest first.

    A name such as `class` counts for little where its values answer nothing: values that are those
    of an outcome are stronger, also where they are several.
    """
    two = [column for column in profiles if _has_two_values(column)]
    several = [column for column in profiles if _has_statuses(column)]
    for columns, fits, why in (
        (two, _by_word_alone, "by its name"),
        (two, _by_word, "by its name"),
        (two, _by_answered_name, "by its name"),
        (two, _by_values, "by its values"),
        (several, _by_statuses, "by its values"),
        (two, _by_full_name, "by its name"),
        (two, _by_staying, "by its name"),
        (several, _by_word_alone, "by its name"),
        (several, _by_word, "by its name"),
        (several, _by_full_name, "by its name"),
        (several, _by_values, "by its values"),
        (several, _by_staying, "by its name"),
    ):
        found = [column for column in columns if fits(column) and _may_hold(column, outcome)]
        if len(found) == 1:
            return found[0], why
        if found:
            raise _unknown(origin, found, "several columns may be the one to predict")
    named = [column for column in profiles if _by_word(column)]
    if named:
        _check_values(named[0], outcome, origin)
    raise _unknown(origin, two, "no column is called churn or the like")


def _may_hold(column: Profile, outcome: Outcome) -> bool:
    """Whether the column has the values that are given as the positive ones."""
    if outcome.positive is None or (_has_two_values(column) and _by_word(column)):
        return True
    return all(_spelled(column, part) is not None for part in _parts(column, outcome.positive))


def _by_word_alone(column: Profile) -> bool:
    rest = [word for word in names.plain_words(column.name) if word not in FLAG_WORDS]
    return len(rest) == 1 and _by_word(column)


FLAG_WORDS = ("is", "has", "flag", "hat", "ist", "est", "es", "e")


def _by_word(column: Profile) -> bool:
    return "left" in meanings(column.name)


def _by_full_name(column: Profile) -> bool:
    return names.is_called(column.name, TARGET_NAMES)


def _by_answered_name(column: Profile) -> bool:
    answered = answers([spelling_key(text) for text in column.labels])
    return _by_full_name(column) and answered.count(None) < len(answered)


def _by_statuses(column: Profile) -> bool:
    """Whether the values are statuses of customers: one says by itself that somebody left."""
    found = [meaning(label) for label in column.labels]
    return "left" in found and "stayed" in found


def _by_values(column: Profile) -> bool:
    """Whether its values are those of an outcome: somebody left, and somebody stayed."""
    return {"left", "stayed"} <= {one for label in column.labels for one in meanings(label)}


def _by_staying(column: Profile) -> bool:
    return meanings(column.name) == {"stayed"}


def _unknown(origin: str, columns: Sequence[Profile], problem: str) -> UserError:
    shown = ", ".join(column.name for column in columns[:SHOWN]) or "none"
    more = f", … {len(columns) - SHOWN} more" if len(columns) > SHOWN else ""
    count = "of two values each" if all(map(_has_two_values, columns)) else "of few values each"
    return UserError(f"{origin}: {problem}; name it with TARGET=<column> ({count}: {shown}{more})")


def _check_values(column: Profile, outcome: Outcome, origin: str) -> None:
    if _has_two_values(column):
        return
    if _has_statuses(column):
        if outcome.positive is None:
            raise _ask(column, origin)
        return
    # Many values may identify a customer: they are not shown.
    few = ", ".join(map(repr, column.texts)) if len(column.texts) <= SHOWN else ""
    found = f" ({few})" if few else ""
    count = len(column.texts if len(column.texts) > LISTED else column.labels)
    values = f"{count:,} different values" if count != 1 else "one value in all rows"
    raise UserError(
        f"{origin}: column {column.name}: {values}{found}; expected two, one of which means churn"
    )


def _has_two_values(column: Profile) -> bool:
    """Whether there are two, however they are spelled."""
    return len(column.texts) <= LISTED and len(column.labels) == 2


def _has_statuses(column: Profile) -> bool:
    """Whether there are a few more than two, in words."""
    return 2 < len(column.labels) <= STATUSES and not column.is_number and not column.all_dates


def _ask(column: Profile, origin: str) -> UserError:
    """Which of the values means churn, each with the rows that hold it."""
    counts = column.label_counts
    values = ", ".join(f"{text!r} ({quantity(counts[text], 'row')})" for text in column.labels)
    left = [text for text in column.labels if meaning(text) == "left"]
    wanted = ",".join(left) if 0 < len(left) < len(column.labels) else "<value>"
    if len(column.labels) == 2:
        how = f"name the one that means churn with POSITIVE={wanted}"
    else:
        how = (
            f"name the one that means churn with POSITIVE={wanted} (several: separated by commas): "
            "all others then count as staying, or with NEGATIVE=<value> only those of that value, "
            "and the rest is left out; or name another column with TARGET=<column>"
        )
    return UserError(f"{origin}: column {column.name}: values {values}; {how}")


def _spelled(column: Profile, value: str) -> str | None:
    """The column's own spelling of a value."""
    key = spelling_key(value)
    return next((text for text in column.labels if spelling_key(text) == key), None)


def _known_value(column: Profile, value: str, origin: str) -> str:
    if (found := _spelled(column, value)) is None:
        raise UserError(
            f"{origin}: column {column.name}: value {value}: not there; expected one of "
            f"{', '.join(column.labels)}"
        )
    return found


def _parts(column: Profile, given: str) -> list[str]:
    """The values that are given, separated by commas where the whole is none of the column's."""
    return [given] if _spelled(column, given) is not None else given.split(",")


def _given(column: Profile, given: str, origin: str) -> tuple[str, ...]:
    found = (_known_value(column, part, origin) for part in _parts(column, given))
    return tuple(dict.fromkeys(found))


def _negative(
    column: Profile, outcome: Outcome, positive: Sequence[str], origin: str
) -> tuple[str, ...]:
    """The values that mean staying: the given ones, else all that do not mean churn."""
    if outcome.negative is None:
        rest = tuple(text for text in column.labels if text not in positive)
        if not rest:
            raise UserError(
                f"{origin}: column {column.name}: every value is given as positive; expected one "
                "that means staying"
            )
        return rest
    given = _given(column, outcome.negative, origin)
    if both := [text for text in positive if text in given]:
        raise UserError(
            f"{origin}: column {column.name}: value {both[0]}: given as positive and as negative; "
            "expected different values"
        )
    return given


def _positive(column: Profile, outcome: Outcome, origin: str) -> tuple[tuple[str, ...], str, str]:
    """The values that mean churn, how that is known, and what about it is in doubt."""
    if outcome.positive is not None:
        return _given(column, outcome.positive, origin), "as given", ""
    found = [meaning(text) for text in column.labels]
    if (place := _only(found, "left")) is not None:
        return (column.labels[place],), "by its word", ""
    if (place := _only(found, "stayed")) is not None and "left" not in found:
        doubt = "the word itself is not known"
        return (column.labels[1 - place],), "as the other one stayed", doubt
    return _by_answer(column, origin)


def _by_answer(column: Profile, origin: str) -> tuple[tuple[str, ...], str, str]:
    """Of yes and no the one that means churn, by the name of the column."""
    answered = answers([spelling_key(text) for text in column.labels])
    yes, no = _only(answered, True), _only(answered, False)
    place = yes if yes is not None else 1 - no if no is not None else None
    found = meanings(column.name)
    if place is None or len(found) > 1:
        raise _ask(column, origin)
    if found == {"stayed"}:
        return (column.labels[1 - place],), "as the opposite of staying", ""
    known = bool(found) or _by_full_name(column)
    doubt = "" if known else f"nothing in the name says that {column.labels[place]!r} means churn"
    return (column.labels[place],), "by its word", doubt


def _only(found: Sequence[Meaning | bool | None], wanted: Meaning | bool) -> int | None:
    """The place of the one that is wanted, if one alone is."""
    places = [place for place, one in enumerate(found) if one is wanted or one == wanted]
    return places[0] if len(places) == 1 else None
