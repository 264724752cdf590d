"""Drafting a schema for a table that nobody has described yet.

What is certain is written down; what is likely is written down and shown, for a person to confirm;
what would harm a model (identifiers, constants, free text, suspected leaks) gets the role `ignored`
and stays out until a person takes that role away.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scoring.errors import UserError
from scoring.schema import NUMERIC_KINDS, OTHER, TAKEN_NAMES, Schema, parse_schema
from stages.adoption import names
from stages.adoption.profile import Profile, profile
from stages.adoption.target import Target, find_target
from stages.tables.intake import Arrival
from stages.tables.numerals import LARGEST_NUMBER

LISTED = 50  # values of a category that are named; beyond, the rest are pooled
CLOSED = 12  # up to so many values a category is taken to be complete
NEARLY_CONSTANT = 0.995
FREE_TEXT_WORDS = 4.0
CERTAIN_ID = 3
MOSTLY = 0.9  # share of values that make a column one of numbers
SIGNS = r"^[€$£¥]\s*|\s*([€$£¥%]|EUR|USD|GBP|CHF)$"
WHOLE = re.compile("0|[1-9][0-9]{0,14}")
ID_LIKE = 0.9  # distinct values per filled row of a text that identifies


@dataclass(frozen=True)
class Guess:
    """A column as drafted: its entry in the schema, and why; `confirm` asks a person to look."""

    entry: Mapping[str, Any]
    because: str = ""
    confirm: bool = False

    @property
    def name(self) -> str:
        """The column's name."""
        return str(self.entry["name"])

    @property
    def roles(self) -> list[str]:
        """The roles it is given."""
        return list(self.entry.get("roles", []))

    @property
    def is_input(self) -> bool:
        """Whether a model may learn from it."""
        learnable = self.entry["kind"] in (*NUMERIC_KINDS, "category")
        return learnable and not {"id", "target", "ignored"} & set(self.roles)

    def with_role(self, role: str, because: str) -> Guess:
        """The same with one more role, for a person to confirm."""
        entry = dict(self.entry) | {"roles": [*self.roles, role]}
        why = f"{self.because}; {because}" if self.because else because
        return replace(self, entry=entry, because=why, confirm=True)


@dataclass(frozen=True)
class Draft:
    """A drafted schema and, column by column, what led to it."""

    guesses: tuple[Guess, ...]
    origin: str

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
                g.with_role("ignored", reasons[g.name]) if g.name in reasons else g
                for g in self.guesses
            ),
        )


def draft(arrival: Arrival, *, origin: str, target: str | None, positive: str | None) -> Draft:
    """What the columns of a table seem to mean.

    `target` and `positive` name the column to predict and its value that means churn; without them
    they are looked for. `UserError` where no target can be told, or nothing is left to learn from.
    """
    if not arrival.rows:
        raise UserError(f"{origin}: no rows below the header; expected customers")
    profiles = [profile(n, cells, rows=arrival.rows) for n, cells in arrival.columns.items()]
    if taken := [p.name for p in profiles if p.name in TAKEN_NAMES]:
        raise UserError(
            f"{origin}: column {taken[0]}: the name is taken by {TAKEN_NAMES[taken[0]]}; "
            "expected another name"
        )
    found = find_target(profiles, target=target, positive=positive, origin=origin)
    guesses = [_guess(p, found) for p in profiles]
    guesses = _with_id(guesses, profiles)
    guesses = _with_money(guesses, profiles)
    return Draft(tuple(guesses), origin)


def _guess(column: Profile, target: Target) -> Guess:
    if column.name == target.name:
        return _target_guess(column, target)
    if reason := _useless(column):
        return Guess(_entry(column, kind="text", missing=True, roles=["ignored"]), reason, True)
    if column.all_dates:
        return Guess(_entry(column, kind="date"), "dates are checked, not learned from", True)
    if column.is_number and len(column.texts) > 2:
        return _number_guess(column)
    return _category_guess(column)


def _spoiled_numbers(column: Profile) -> str:
    """Why a column is not one of numbers although nearly all its values are."""
    if len(column.texts) <= CLOSED or column.is_coded:
        return ""
    if (share := column.number_share()) >= MOSTLY:
        return f"numbers but for {1 - share:.1%} of the values; mend those and adopt it again"
    if column.number_share(without=SIGNS) >= MOSTLY:
        return "numbers with a sign or unit; write them bare and adopt it again"
    return ""


def _target_guess(column: Profile, target: Target) -> Guess:
    values = [_scalar(target.negative), _scalar(target.positive)]
    entry = _entry(column, kind="category", values=values)
    entry |= {"positive": _scalar(target.positive), "roles": ["target"]}
    return Guess(entry, target.because, True)


def _useless(column: Profile) -> str:
    """Why a model had better not see the column; empty where it may."""
    if not len(column.texts):
        return "holds nothing"
    if len(column.texts) == 1 and not column.has_blanks:
        return "the same value in every row"
    if column.top_share >= NEARLY_CONSTANT:
        return f"the same value in {column.top_share:.1%} of the rows"
    if names.is_called(column.name, names.PERSONAL_NAMES):
        return "names a person, or leads to one"
    if _looks_like_id(column) == CERTAIN_ID and len(column.texts) > LISTED:
        return "the number of a customer by its name, but some have several rows or none"
    if column.all_dates:
        return ""
    if column.is_number:
        return "numbers its row or customer" if _counts_rows(column) else ""
    return _unlearnable_text(column)


def _counts_rows(column: Profile) -> bool:
    if not (column.is_whole and column.is_unique and column.rows > 20):
        return False
    named = names.is_identifier(column.name)
    return named or bool(np.ptp(column.finite) == column.rows - 1)


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
    entry = _entry(column, kind="category", values=[_scalar(text) for text in listed])
    entry |= {"other": True} if pooled else {}
    because = ""
    if many:
        because = f"{len(labels):,} values: the {LISTED} most frequent, the others pooled"
    elif rare:
        because = f"some of its {len(labels)} values are rare: new ones are pooled"
    elif len(column.labels) < len(column.texts):
        because = "values that differ by case or space are one"
    return _marked_if_sensitive(Guess(entry, because, bool(because)), column)


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
    if not names.has_word(column.name, names.SENSITIVE_WORDS):
        return guess
    return guess.with_role("sensitive", "by its name: groups are compared, values never printed")


def _scalar(text: str) -> str | int:
    """A whole number as such, so that a schema file needs no quotes around it."""
    return int(text) if WHOLE.fullmatch(text) else str(text)


def _with_id(guesses: Sequence[Guess], profiles: Sequence[Profile]) -> list[Guess]:
    """The one column that tells customers apart, where there is one."""
    fit = [p for p in profiles if p.is_unique or _looks_like_id(p) == CERTAIN_ID]
    fit = [p for p in fit if p.distinct_share >= ID_LIKE and (p.is_whole or not p.is_number)]
    fit = [p for p in fit if not p.all_dates and p.words_per_value < 2]
    chosen = max(fit, key=_looks_like_id, default=None)
    if chosen is None or _looks_like_id(chosen) == 0:
        return list(guesses)
    because = "tells the customers apart"
    entry = {"name": chosen.name, "kind": "text", "roles": ["id"]}
    entry["description"] = names.title(chosen.name)
    return [Guess(entry, because, True) if g.name == chosen.name else g for g in guesses]


def _looks_like_id(column: Profile) -> int:
    """`CERTAIN_ID` for a customer's number by its name, 2 for another number, 1 for a text."""
    named = names.is_identifier(column.name)
    if named and names.has_word(column.name, names.CUSTOMER_WORDS):
        return CERTAIN_ID
    if named:
        return 2
    return int(not column.is_number and column.rows > CLOSED and not _spoiled_numbers(column))


def _with_money(guesses: Sequence[Guess], profiles: Sequence[Profile]) -> list[Guess]:
    """Roles that only a name can tell: tenure, monthly and total value, each given once."""
    known = (
        ("tenure", names.TENURE_NAMES),
        ("monthly_value", names.MONTHLY_NAMES),
        ("total_value", names.TOTAL_NAMES),
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
