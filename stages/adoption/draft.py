"""Drafting a schema for a table that nobody has described yet.

What is certain is written down; what is likely is written down and shown, the most doubtful first,
for a person to confirm; what would harm a model (identifiers, constants, free text, suspected
leaks) or leads to a person gets the role `ignored` and stays out until that role is taken away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from scoring.errors import UserError
from scoring.schema import NUMERIC_KINDS, TAKEN_NAMES, Schema, parse_schema
from stages.adoption import names
from stages.adoption.date_offers import Snapshot, date_guess, find_snapshot
from stages.adoption.entries import as_values, category_guess, number_guess, schema_entry
from stages.adoption.guess import CONFIRM, DOUBTFUL, SERIOUS, Guess, Question
from stages.adoption.identity import Identity, find_identity
from stages.adoption.privacy import personal
from stages.adoption.profile import Profile, profile
from stages.adoption.several_rows import shared_customers
from stages.adoption.target import Outcome, Target, find_target
from stages.adoption.unlearnable import constant, identifying, ignored, unlearnable_text
from stages.adoption.vocabulary import MONTHLY_NAMES, TENURE_NAMES, TOTAL_NAMES
from stages.tables.intake import RawTable
from stages.tables.numerals import is_currency

OFTEN_BLANK = 0.3  # share of blank rows from which on a person is asked
ROLE_WORDS = {
    "tenure": "months that the customer has been one",
    "monthly_value": "amount billed per month: decisions are made in money",
    "total_value": "amount billed so far",
}


@dataclass(frozen=True)
class Draft:
    """A drafted schema and, column by column, what led to it; `open_questions` are on the table.

    `snapshot` is the day that dates are counted from, where one is learned from.
    """

    guesses: tuple[Guess, ...]
    origin: str
    open_questions: tuple[Question, ...] = ()
    snapshot: date | None = None

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
        made = [(g.entry, *(g.offers if g.is_derived else ())) for g in self.guesses]
        return self._content([dict(entry) for entries in made for entry in entries])

    def _content(self, columns: list[dict[str, Any]]) -> dict[str, Any]:
        return ({"snapshot": self.snapshot} if self.snapshot else {}) | {"columns": columns}

    @property
    def offered(self) -> Schema:
        """The schema with all that could be learned from dates, whatever its range."""
        unbounded = [
            {field: value for field, value in offer.items() if field not in ("minimum", "maximum")}
            for guess in self.guesses
            for offer in guess.offers
        ]
        columns = [*(dict(guess.entry) for guess in self.guesses), *unbounded]
        return parse_schema(self._content(columns), origin=f"{self.origin}: the drafted schema")

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
        guesses = tuple(
            g.offering_nothing().with_role("ignored", reasons[g.name], DOUBTFUL)
            if g.name in reasons
            else g
            for g in self.guesses
        )
        return replace(self, guesses=_with_dates_for_want_of_others(guesses))


def draft(
    raw_table: RawTable,
    outcome: Outcome | None = None,
    *,
    origin: str,
    today: date = date.max,
    afterwards: Collection[str] = (),
) -> Draft:
    """What the columns of a table seem to mean.

    `outcome` is what the user says of the column to predict; the rest is looked for. Dates after
    `today`, and those of columns that were filled in `afterwards`, are no snapshot. `UserError`
    where the column to predict cannot be found, or nothing is left to learn from.
    """
    if not raw_table.rows:
        raise UserError(f"{origin}: no rows below the header; expected customers")
    profiles = [
        profile(n, cells, rows=raw_table.rows, unit=raw_table.units.get(n, ""))
        for n, cells in raw_table.columns.items()
    ]
    if taken := [p.name for p in profiles if p.name in TAKEN_NAMES]:
        raise UserError(
            f"{origin}: column {taken[0]}: the name is taken by {TAKEN_NAMES[taken[0]]}; "
            "expected another name"
        )
    target = find_target(profiles, outcome or Outcome(), origin=origin)
    identity = find_identity(raw_table, profiles, target=target.name)
    known_before = [p for p in profiles if p.name not in afterwards]
    snapshot = find_snapshot(raw_table, known_before, identity.period_name, today=today)
    shared = shared_customers(raw_table, profiles, identity, target=target.name)
    guesses = [
        ignored(p, shared[p.name], SERIOUS)
        if p.name in shared
        else _guess(p, target, identity, raw_table, snapshot)
        for p in profiles
    ]
    guesses = _with_money(guesses, profiles)
    questions = _open_questions(guesses, identity, snapshot)
    day = snapshot.day if snapshot else None
    return Draft(_with_dates_for_want_of_others(guesses), origin, tuple(questions), day)


def _open_questions(
    guesses: Sequence[Guess], identity: Identity, snapshot: Snapshot | None
) -> list[Question]:
    """What is not in the table, or was not recognised."""
    found = [snapshot.question] if snapshot is not None and snapshot.question else []
    if identity.id_name is None:
        because = "no column tells the customers apart: lists name them by their row"
        found.append(Question("(no id)", "rows", because, SERIOUS))
    if not any(names.is_familiar(guess.name) for guess in guesses if "target" not in guess.roles):
        because = "no word of the names is known: look for ids, personal and sensitive columns"
        found.append(Question("(language)", "unknown", because, SERIOUS))
    if not any("monthly_value" in guess.roles for guess in guesses):
        found.append(Question("(no value)", "threshold", _without_value(guesses), DOUBTFUL))
    return found


def _without_value(guesses: Sequence[Guess]) -> str:
    because = "no monthly value: whom to contact is decided by a threshold, not in money"
    priced = [guess.name for guess in guesses if is_currency(str(guess.entry.get("unit", "")))]
    offered = f"; if per month, give {' or '.join(priced)} the role monthly_value" if priced else ""
    return because + offered


def _guess(
    column: Profile,
    target: Target,
    identity: Identity,
    raw_table: RawTable,
    snapshot: Snapshot | None,
) -> Guess:
    if column.name == target.name:
        return _target_guess(column, target)
    if column.name == identity.id_name:
        return _id_guess(column, identity)
    if reason := constant(column):
        return ignored(column, reason)
    if column.name == identity.period_name:
        return _period_guess(column)
    if found := personal(column):
        return ignored(column, found.because, SERIOUS if found.is_doubtful else CONFIRM)
    if guess := identifying(column):
        return guess
    guess = date_guess(column, raw_table, snapshot) if column.all_dates else _learnable(column)
    if column.absent and "ignored" not in guess.roles:
        marks = " and ".join(map(repr, column.absent))
        guess = guess.noted(f"{marks} among its values: taken as no value", DOUBTFUL)
    if guess.is_input and column.blank_share >= OFTEN_BLANK:
        guess = guess.noted(f"{column.blank_share:.0%} of the rows are blank", DOUBTFUL)
    if guess.entry["kind"] in NUMERIC_KINDS and column.unit:
        guess = replace(guess, entry=dict(guess.entry) | {"unit": column.unit})
    return guess


def _learnable(column: Profile) -> Guess:
    if column.is_number and len(column.texts) > 2:
        return number_guess(column)
    if not column.is_number and (reason := unlearnable_text(column)):
        return ignored(column, reason, DOUBTFUL)
    return category_guess(column)


def _with_dates_for_want_of_others(guesses: Sequence[Guess]) -> tuple[Guess, ...]:
    """Where no other column is an input, what is made of dates is, in doubt."""
    if any(guess.is_input for guess in guesses):
        return tuple(guesses)
    return tuple(guess.deriving() for guess in guesses)


def _target_guess(column: Profile, target: Target) -> Guess:
    as_value = as_values(column)
    values = [as_value(text) for text in (*target.negative, *target.positive)]
    entry = schema_entry(column, kind="category", values=values)
    positive = values[len(target.negative) :]
    entry |= {"positive": positive if len(positive) > 1 else positive[0], "roles": ["target"]}
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
    entry = schema_entry(column, kind=kind, roles=["period"])
    return Guess(entry, "tells the rows of a customer apart; not learned from", DOUBTFUL)


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


def _may_be(role: str, guess: Guess, column: Profile) -> bool:
    numeric = guess.entry["kind"] in ("integer", "number") and "ignored" not in guess.roles
    never_blank = role != "monthly_value" or not column.has_blanks
    return numeric and never_blank and bool((column.numbers >= 0).all())
