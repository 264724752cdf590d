"""What an adoption did, in words: what was taken in, what was noticed, what is to be confirmed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scoring.schema import Schema
from stages.adoption.draft import Draft
from stages.adoption.fetch_source import FetchedSource
from stages.adoption.guess import DOUBTFUL, Question
from stages.core.quantity import quantity
from stages.model.money_params import Money
from stages.tables.canonical_table import Checked
from stages.tables.validation import DataWarning, aligned

SCREEN, WIDE = 24, 40  # lines of questions, and characters of a name in them
ALIKE = 5  # questions that differ in the column alone from which on they are one line


@dataclass(frozen=True)
class Described:
    """A schema, the file that holds it if there is one, the draft if it is new, and notes on it."""

    schema: Schema
    file: Path | None = None
    draft: Draft | None = None
    notes: tuple[str, ...] = ()


def counted(checked: Checked) -> str:
    """How many customers there are, and rows where these are more."""
    id_column = checked.schema.role("id")
    if id_column is None or not id_column.repeated:
        return quantity(len(checked), "customer")
    people = quantity(len(set(checked.table.found(id_column.name))), "customer")
    return f"{quantity(len(checked), 'row')} of {people}"


def account(
    fetched: FetchedSource,
    described: Described,
    checked: Checked,
    *,
    target: str,
    file: str,
    money: Money,
) -> list[str]:
    """What was done, what was accepted with warnings, and what a person should confirm.

    `target` and `file` are where table and schema are now, `money` what no value of the table
    tells: how far churn looks ahead, and what contacts cost.
    """
    lines = [f"Adopted {counted(checked)} from {fetched.origin}"]
    lines += [f"  as {target}, described in {file}"]
    lines += [f"  {note}" for note in fetched.notes]
    lines += _warned(checked.warnings)
    lines += described.notes
    if described.draft is not None:
        doubtful = any(q.doubt >= DOUBTFUL for q in described.draft.questions)
        mark = " (? where in doubt)" if doubtful else ""
        lines += [f"A schema was drafted. Please confirm, or change {file}{mark}:"]
        lines += to_confirm(described.draft)
    return [
        *lines,
        _window_taken(money.window_months),
        _costs_taken(money, described.schema),
        "Commit params.yaml, dvc.yaml and data/external/ to share the choice.",
        "Next: make repro, then open reports/index.html: report 02 ranks columns that may know the "
        "future, report 04 says whether make tune may help.",
    ]


def _window_taken(months: float) -> str:
    """How far ahead the target is taken to look: no value of the table tells."""
    unit = "month" if months == 1 else "months"
    return (
        f"Churn is taken as leaving within {months:g} {unit} of the day that the table describes "
        "(money.window_months in params.yaml): WINDOW=months changes it."
    )


def _costs_taken(money: Money, schema: Schema) -> str:
    """What contacts cost: by the example's figures the list may be empty, or name everybody."""
    priced = schema.role("monthly_value") is not None
    worth = "" if priced else f", a kept customer to be worth {money.customer_value:g}"
    return (
        f"A contact is taken to cost {money.contact_cost:g} and an accepted offer "
        f"{money.offer_cost:g} {schema.currency}{worth} (section money of params.yaml): expected "
        "your own."
    )


def _warned(warnings: tuple[DataWarning, ...]) -> list[str]:
    lines = [f"  {warning}" for warning in warnings]
    return ["Accepted with warnings:", *lines] if lines else []


def to_confirm(found: Draft) -> list[str]:
    """The questions, the most doubtful first, as many as a screen holds; the target in any case."""
    asked = _grouped(found.questions)
    cut = asked[SCREEN - 1 :]
    last = [q for q in cut if q.taken_as == "target"] or cut[:1]
    rows = [("", "column", "taken as", "because")]
    for q in (*asked[: SCREEN - 1], *last):
        rows.append(("?" if q.doubt > 1 else "", _shortened(q.about), q.taken_as, q.because))
    more = len(asked) - SCREEN
    return [*aligned(rows), *([f"  … and {more} more, in the comments there"] if more > 0 else [])]


def _grouped(asked: Sequence[Question]) -> list[Question]:
    """The questions, those in one that differ in the column and in figures alone."""
    groups: dict[tuple[int, str], list[Question]] = {}
    for q in asked:
        groups.setdefault((q.doubt, re.sub(r"\d[\d.,]*", "#", q.because)), []).append(q)
    return [
        q for alike in groups.values() for q in (alike if len(alike) < ALIKE else [_as_one(alike)])
    ]


def _as_one(alike: Sequence[Question]) -> Question:
    first, more = alike[0], len(alike) - 1
    return Question(
        f"{_shortened(first.about)} and {more} more",
        ", ".join(dict.fromkeys(q.taken_as for q in alike)),
        f"{first.because}; the {more} others alike",
        first.doubt,
    )


def _shortened(name: str) -> str:
    return name if len(name) <= WIDE else f"{name[: WIDE // 2]}…{name[-WIDE // 2 + 1 :]}"
