"""Writing a drafted schema so that a person likes to read and change it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.adoption.draft import Draft
from stages.adoption.guess import Guess

HEADER = """\
# The columns of {origin}, as drafted from its values.
# Comments say what to confirm. This file is yours: change it, then `make repro`.
#
#   kind         text | integer | number | category | date
#   minimum, maximum   the range a number may have, bounds included (room to grow was added)
#   values       what a category may be; for an `ordered` one, from low to high
#   other        true where further values of a category are let in, as one value `(other)`
#   missing      true where a blank is allowed
#   absent       texts that stand for a blank
#   positive     of the target: the value that means churn, or a list of them; the others mean
#                staying
#   left_out     of the target: values whose rows are not learned from
#   repeated     of the id: true where a customer has several rows
#   roles        what the column means:
#                id, period (of a customer's row), target, tenure (months), monthly_value,
#                total_value, sensitive, ordered,
#                monotone_increasing | monotone_decreasing (churn with the value, all else equal),
#                changeable (the business can change it for a customer: make app asks what if),
#                ignored (not read: take the role away, and set kind and values, to use the column)
#   dayfirst     of a date: false where 03/04/2026 is the fourth of March
#   from_date, part   a column that is made of a date in the table: days_since, days_until (the
#                snapshot), month or weekday of it
"""
SNAPSHOT_WORDS = "the day that the table describes; dates are counted from it"
PLAIN = re.compile(r"[^\W\d][\w./()-]*( [\w./()-]+)*")
FIELDS = (
    "name", "kind", "unit", "values", "other", "minimum", "maximum", "missing", "absent",
    "positive", "left_out", "repeated", "dayfirst", "from_date", "part", "roles", "description",
)  # fmt: skip
YAML_WORDS = ("yes", "no", "y", "n", "true", "false", "null", "on", "off", "none")


def write_schema(path: Path, draft: Draft) -> None:
    """Write the draft, a line per column, above it as a comment what led to it."""
    lines = ["columns:", *(line for guess in draft.guesses for line in _lines(guess))]
    if draft.snapshot is not None:
        lines = [f"snapshot: {draft.snapshot}  # {SNAPSHOT_WORDS}", *lines]
    text = HEADER.format(origin=" ".join(draft.origin.split())) + "\n".join(lines) + "\n"
    path.write_text(text, encoding="utf-8")


def _lines(guess: Guess) -> list[str]:
    """A comment on a column, its entry, and the columns that could be made of it.

    Those are comments, unless the draft learns from them.
    """
    comments = [f"  # {guess.because}"] if guess.because else []
    mark = "" if guess.is_derived else "# "
    offers = [f"  {mark}- {_entry(offer)}" for offer in guess.offers]
    return [*comments, f"  - {_entry(guess.entry)}", *offers]


def _entry(entry: Mapping[str, Any]) -> str:
    return _flow({field: entry[field] for field in FIELDS if field in entry})


def _flow(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, str):
        return scalar(value)
    return json.dumps(value)


def scalar(text: str) -> str:
    """A text as YAML: as it is, or in quotes where YAML would read more into it."""
    plain = PLAIN.fullmatch(text) and text.casefold() not in YAML_WORDS
    quoted = (
        c if c.isprintable() else f"\\U{ord(c):08x}" for c in json.dumps(text, ensure_ascii=False)
    )
    return text if plain else "".join(quoted)
