"""Drafting a schema for a table that nobody has described yet.

What is certain is written down; what is likely is written down and shown, the most doubtful first,
for a person to confirm; what would harm a model (identifiers, constants, free text, suspected
leaks) or leads to a person gets the role `ignored` and stays out until that role is taken away.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scoring.errors import UserError
from scoring.schema import NUMERIC_KINDS, OTHER, TAKEN_NAMES, Schema, parse_schema
from stages.adoption import names
from stages.adoption.identity import (
    CERTAIN,
    NEARLY,
    Identity,
    find_identity,
    has_id_digits,
    is_row_number,
    is_shortened,
    likeness,
)
from stages.adoption.privacy import personal, sensitive
from stages.adoption.profile import Profile, profile
from stages.adoption.target import Outcome, Target, find_target
from stages.adoption.vocabulary import MONTHLY_NAMES, TENURE_NAMES, TOTAL_NAMES
from stages.tables.intake import RawTable
from stages.tables.numerals import LARGEST_NUMBER

LISTED = 50  # values of a category that are named; beyond, the rest are pooled
CLOSED = 12  # up to so many values a category is taken to be complete
NEARLY_CONSTANT = 0.995
OFTEN_BLANK = 0.3
FREE_TEXT_WORDS = 4.0
MOSTLY = 0.9  # share of values that make a column one of numbers
WHOLE = re.compile("0|[1-9][0-9]{0,14}")
ID_LIKE = 0.9  # distinct values per filled row of a text that identifies
CONFIRM, DOUBTFUL, SERIOUS = 1, 2, 3  # likely; in doubt; in doubt, and much hangs on it


@dataclass(frozen=True)
class Guess:
    """A column as drafted: its entry in the schema, why, and how doubtful that is (0 to 3)."""

    entry: Mapping[str, Any]
    because: str = ""
    doubt: int = 0

    @property
    def name(self) -> str:
        """The column's name."""
        return str(self.entry["name"])

    @property
    def roles(self) -> list[str]:
        """The roles it is given."""
        return list(self.entry.get("roles", []))

    @property
    def confirm(self) -> bool:
        """Whether a person is asked to look."""
        return self.doubt > 0

    @property
    def is_input(self) -> bool:
        """Whether a model may learn from it."""
        learnable = self.entry["kind"] in (*NUMERIC_KINDS, "category")
        return learnable and not {"id", "period", "target", "ignored"} & set(self.roles)

    def with_role(self, role: str, because: str, doubt: int = CONFIRM) -> Guess:
        """The same with one more role, for a person to confirm."""
        entry = dict(self.entry) | {"roles": [*self.roles, role]}
        return replace(self.noted(because, doubt), entry=entry)

    def noted(self, because: str, doubt: int) -> Guess:
        """The same with one more warning, and as doubtful as the most doubtful of them."""
        why = f"{self.because}; {because}" if self.because else because
        return replace(self, because=why, doubt=max(self.doubt, doubt))


@dataclass(frozen=True)
class Question:
    """What to confirm: of a column or the table, what it is taken as, why, how doubtful."""

    about: str
    taken_as: str
    because: str
    doubt: int


@dataclass(frozen=True)
class Draft:
    """A drafted schema and, column by column, what led to it; `open_questions` are on the table."""

    guesses: tuple[Guess, ...]
    origin: str
    open_questions: tuple[Question, ...] = ()

    @property
    def questions(self) -> list[Question]:
        """All that is to be confirmed, the most doubtful first."""
        asked = [
            Question(g.name, ", ".join(g.roles) or str(g.entry["kind"]), g.because, g.doubt)
            for g in self.guesses
            if g.doubt
        ]
        return sorted([*self.open_questions, *asked], key=lambda q: -q.doubt)

    @property
    def content(self) -> dict[str, Any]:
        """As it stands in a schema file."""
        return {"columns": [dict(guess.entry) for guess in self.guesses]}

    @property
    def schema(self) -> Schema:
        """As the pipeline reads it; `UserError` where nothing is left to learn from."""
        if not any(guess.is_input for guess in self.guesses):
            reasons = tuple(f"  column {g.name}: {g.because}" for g in self.guesses)
            raise UserError(
                f"{self.origin}: no column is left to learn from; expected one that is neither "
                "the id nor left out for a reason",
                details=reasons,
            )
        return parse_schema(self.content, origin=f"{self.origin}: the drafted schema")

    def ignoring(self, reasons: Mapping[str, str]) -> Draft:
        """The same with these columns left out, each for its reason."""
        return replace(
            self,
            guesses=tuple(
                g.with_role("ignored", reasons[g.name], DOUBTFUL) if g.name in reasons else g
                for g in self.guesses
            ),
        )


def draft(raw_table: RawTable, outcome: Outcome | None = None, *, origin: str) -> Draft:
    """What the columns of a table seem to mean.

    `outcome` is what the user says of the column to predict; the rest is looked for. `UserError`
    where it cannot be found, or nothing is left to learn from.
    """
    if not raw_table.rows:
        raise UserError(f"{origin}: no rows below the header; expected customers")
    profiles = [profile(n, cells, rows=raw_table.rows) for n, cells in raw_table.columns.items()]
    if taken := [p.name for p in profiles if p.name in TAKEN_NAMES]:
        raise UserError(
            f"{origin}: column {taken[0]}: the name is taken by {TAKEN_NAMES[taken[0]]}; "
            "expected another name"
        )
    target = find_target(profiles, outcome or Outcome(), origin=origin)
    identity = find_identity(raw_table, profiles, target=target.name)
    guesses = [_guess(p, target, identity, raw_table) for p in profiles]
    guesses = _with_money(guesses, profiles)
    return Draft(tuple(guesses), origin, tuple(_open_questions(guesses, identity)))


def _open_questions(guesses: Sequence[Guess], identity: Identity) -> list[Question]:
    """What is not in the table, or was not recognised."""
    found = []
    if identity.id_name is None:
        because = "no column tells the customers apart: lists name them by their row"
        found.append(Question("(no id)", "rows", because, SERIOUS))
    if not any(names.is_familiar(guess.name) for guess in guesses if "target" not in guess.roles):
        because = "no word of the names is known: look for ids, personal and sensitive columns"
        found.append(Question("(language)", "unknown", because, SERIOUS))
    if not any("monthly_value" in guess.roles for guess in guesses):
        because = "no monthly value: whom to contact is decided by a threshold, not in money"
        found.append(Question("(no value)", "threshold", because, DOUBTFUL))
    return found


def _guess(column: Profile, target: Target, identity: Identity, raw_table: RawTable) -> Guess:
    if column.name == target.name:
        return _target_guess(column, target)
    if column.name == identity.id_name:
        return _id_guess(column, identity)
    if reason := _constant(column):
        return _ignored(column, reason)
    if column.name == identity.period_name:
        return _period_guess(column)
    if found := personal(column):
        return _ignored(column, found.because, SERIOUS if found.is_doubtful else CONFIRM)
    if guess := _identifying(column):
        return guess
    guess = _learnable(column)
    if guess.is_input and column.blank_share >= OFTEN_BLANK:
        guess = guess.noted(f"{column.blank_share:.0%} of the rows are blank", DOUBTFUL)
    if guess.entry["kind"] in NUMERIC_KINDS and (unit := raw_table.units.get(column.name)):
        guess = replace(guess, entry=dict(guess.entry) | {"unit": unit})
    return guess


def _learnable(column: Profile) -> Guess:
    if column.all_dates:
        return Guess(_entry(column, kind="date"), _of_dates(column), CONFIRM)
    if column.is_number and len(column.texts) > 2:
        return _number_guess(column)
    if not column.is_number and (reason := _unlearnable_text(column)):
        return _ignored(column, reason, DOUBTFUL)
    return _category_guess(column)


def _of_dates(column: Profile) -> str:
    return "dates are checked, not learned from"


def _ignored(column: Profile, because: str, doubt: int = CONFIRM) -> Guess:
    return Guess(_entry(column, kind="text", missing=True, roles=["ignored"]), because, doubt)


def _target_guess(column: Profile, target: Target) -> Guess:
    as_value = _as_values(column)
    values = [as_value(text) for text in (*target.negative, target.positive)]
    entry = _entry(column, kind="category", values=values)
    entry |= {"positive": as_value(target.positive), "roles": ["target"]}
    if target.left_out:
        entry["left_out"] = [as_value(text) for text in target.left_out]
    because = f"{target.because}; {target.doubt}" if target.doubt else target.because
    return Guess(entry, because, SERIOUS if target.doubt else CONFIRM)


def _id_guess(column: Profile, identity: Identity) -> Guess:
    entry: dict[str, Any] = {"name": column.name, "kind": "text", "roles": ["id"]}
    entry |= {"repeated": True} if identity.repeated else {}
    entry |= {"description": names.title(column.name)}
    because = "; ".join(filter(None, (identity.because, identity.doubt)))
    return Guess(entry, because, SERIOUS if identity.doubt else CONFIRM)


def _period_guess(column: Profile) -> Guess:
    kind = "date" if column.all_dates else "integer" if column.is_whole else "text"
    entry = _entry(column, kind=kind, roles=["period"])
    return Guess(entry, "tells the rows of a customer apart; not learned from", DOUBTFUL)


def _constant(column: Profile) -> str:
    """Why nothing can be learned from the column; empty where something can."""
    if not len(column.texts):
        return "holds nothing"
    if len(column.texts) == 1 and not column.has_blanks:
        return "the same value in every row"
    if column.top_share >= NEARLY_CONSTANT:
        return f"the same value in {column.top_share:.1%} of the rows"
    return ""


def _identifying(column: Profile) -> Guess | None:
    """A column that numbers rows or customers: left out, or shown where it may be a measure."""
    if is_row_number(column):
        return _ignored(column, "numbers its row or customer")
    if is_shortened(column):
        because = (
            "long numbers that a spreadsheet has shortened, as in 8.86E+11: export them as text"
        )
        return _ignored(column, because, SERIOUS)
    if likeness(column) == CERTAIN and len(column.texts) > LISTED:
        because = "the number of a customer by its name, but some have several rows or none"
        return _ignored(column, because, DOUBTFUL)
    if has_id_digits(column):
        because = "long numbers, hardly one of them twice: identifies; if not, take the role away"
        return _ignored(column, because, SERIOUS)
    if not (column.is_whole and column.distinct_share >= NEARLY and column.rows > CLOSED):
        return None
    if names.is_identifier(column.name):
        return _ignored(column, "numbers its row or customer", DOUBTFUL)
    because = "a number of its own in nearly every row: a measure? if not, give it the role ignored"
    return _number_guess(column).noted(because, SERIOUS)


def _unlearnable_text(column: Profile) -> str:
    if column.mixed_dates:
        return "dates in several formats; write all in one, as in 2026-01-31"
    if spoiled := _spoiled_numbers(column):
        return spoiled
    if column.words_per_value >= FREE_TEXT_WORDS and column.distinct_share > 0.5:
        return "free text"
    if column.distinct_share >= ID_LIKE and len(column.texts) > LISTED:
        return f"{len(column.texts):,} different values in {column.filled:,} rows: identifies"
    if column.distinct_share >= ID_LIKE and column.is_unique and column.rows > CLOSED:
        return "a value of its own in every row: identifies"
    return ""


def _spoiled_numbers(column: Profile) -> str:
    """Why a column is not one of numbers although nearly all its values are."""
    if len(column.texts) <= CLOSED or column.is_coded:
        return ""
    if (share := column.number_share()) >= MOSTLY:
        return f"numbers but for {1 - share:.1%} of the values; mend those and adopt it again"
    return ""


def _number_guess(column: Profile) -> Guess:
    low, high = _room(float(column.finite.min()), float(column.finite.max()))
    kind = "integer" if column.is_whole else "number"
    entry = _entry(column, kind=kind) | {"minimum": low, "maximum": high}
    return _marked_if_sensitive(Guess(entry), column)


def _room(low: float, high: float) -> tuple[float, float]:
    """A range with room to grow: its width again at both ends, but not below 0 if nothing is."""
    width = (high - low) or max(abs(high), 1.0)
    wide_low = 0.0 if low >= 0 else _rounded(low - width, math.floor)
    return wide_low, _rounded(high + width, math.ceil)


SMALLEST = 1e-300  # what a float64 holds, with room to round


def _rounded(value: float, towards: Any) -> float:
    """Two significant digits, away from the data."""
    if abs(value) > LARGEST_NUMBER / 2:
        return math.copysign(LARGEST_NUMBER, value)
    if abs(value) < SMALLEST:
        return towards(value) * SMALLEST
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    rounded = towards(value / step) * step
    return float(f"{rounded:.6g}")


def _category_guess(column: Profile) -> Guess:
    labels = [label for label in column.labels if label != OTHER] or column.labels
    many = len(labels) > LISTED
    rare = len(labels) > CLOSED and bool((column.counts < 3).any())
    pooled = many or rare or OTHER in set(column.labels) - set(labels)
    listed = sorted(labels[:LISTED], key=_by_number)
    entry = _entry(column, kind="category", values=list(map(_as_values(column), listed)))
    entry |= {"other": True} if pooled else {}
    because = ""
    if many:
        because = f"{len(labels):,} values: the {LISTED} most frequent, the others pooled"
    elif rare:
        because = f"some of its {len(labels)} values are rare: new ones are pooled"
    elif len(column.labels) < len(column.texts):
        because = "values that differ by case or space are one"
    return _marked_if_sensitive(Guess(entry, because, CONFIRM if because else 0), column)


def _by_number(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return math.inf, text


def _entry(column: Profile, **fields: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": column.name, "kind": fields.pop("kind")}
    if column.has_blanks:
        entry["missing"] = True
    return entry | fields | {"description": names.title(column.name)}


def _marked_if_sensitive(guess: Guess, column: Profile) -> Guess:
    if (found := sensitive(column)) is None:
        return guess
    return guess.with_role("sensitive", found.because, DOUBTFUL if found.is_doubtful else CONFIRM)


def _as_values(column: Profile) -> Callable[[str], bool | int | str]:
    """How the labels of a column are written in a schema: as booleans, whole numbers, or text."""
    if {label.casefold() for label in column.labels} == {"true", "false"}:
        return lambda text: text.casefold() == "true"
    return _scalar


def _scalar(text: str) -> str | int:
    """A whole number as such, so that a schema file needs no quotes around it."""
    return int(text) if WHOLE.fullmatch(text) else str(text)


def _with_money(guesses: Sequence[Guess], profiles: Sequence[Profile]) -> list[Guess]:
    """Roles that only a name can tell: tenure, monthly and total value, each given once."""
    known = (
        ("tenure", TENURE_NAMES),
        ("monthly_value", MONTHLY_NAMES),
        ("total_value", TOTAL_NAMES),
    )
    found = list(guesses)
    for role, called in known:
        for place, (guess, column) in enumerate(zip(found, profiles, strict=True)):
            if _may_be(role, guess, column) and names.is_called(column.name, called):
                found[place] = guess.with_role(role, f"by its name; the {ROLE_WORDS[role]}")
                break
    return found


ROLE_WORDS = {
    "tenure": "months that the customer has been one",
    "monthly_value": "amount billed per month: decisions are made in money",
    "total_value": "amount billed so far",
}


def _may_be(role: str, guess: Guess, column: Profile) -> bool:
    numeric = guess.entry["kind"] in ("integer", "number") and "ignored" not in guess.roles
    never_blank = role != "monthly_value" or not column.has_blanks
    return numeric and never_blank and bool((column.numbers >= 0).all())
