"""Columns that would harm a model, and why: constants, numbers of rows and customers, free text."""

from __future__ import annotations

import numpy as np

from stages.adoption import names
from stages.adoption.entries import CLOSED, LISTED, number_guess, schema_entry
from stages.adoption.guess import CONFIRM, DOUBTFUL, SERIOUS, Guess
from stages.adoption.identity import (
    BY_VALUES,
    CERTAIN,
    NEARLY,
    has_id_digits,
    is_row_number,
    is_shortened,
    likeness,
)
from stages.adoption.profile import Profile
from stages.adoption.vocabulary import PLACE_CODES

NEARLY_CONSTANT = 0.995
FREE_TEXT_WORDS = 4.0
MOSTLY = 0.9  # share of values that make a column one of numbers
ID_LIKE = 0.9  # distinct values per filled row of a text that identifies


def ignored(column: Profile, because: str, doubt: int = CONFIRM) -> Guess:
    """A column that the model does not see, for this reason."""
    return Guess(schema_entry(column, kind="text", missing=True, roles=["ignored"]), because, doubt)


def constant(column: Profile) -> str:
    """Why nothing can be learned from the column; empty where something can."""
    if not len(column.texts):
        return "holds nothing"
    if len(column.texts) == 1 and not column.has_blanks:
        return "the same value in every row"
    if column.top_share >= NEARLY_CONSTANT:
        return f"the same value in {column.top_share:.1%} of the rows"
    return ""


def identifying(column: Profile) -> Guess | None:
    """A column that numbers rows or customers: left out, or shown where it may be a measure."""
    if is_row_number(column):
        return ignored(column, "numbers its row or customer")
    if column.epoch_days is not None and likeness(column) <= BY_VALUES:
        first, last = column.epoch_days
        because = (
            f"times since 1970, from {first} to {last}: write them as dates to learn from them"
        )
        return ignored(column, because, DOUBTFUL)
    if is_shortened(column):
        because = (
            "long numbers that a spreadsheet has shortened, as in 8.86E+11: export them as text"
        )
        return ignored(column, because, SERIOUS)
    if likeness(column) == CERTAIN and len(column.texts) > LISTED:
        because = "the number of a customer by its name, but some have several rows or none"
        return ignored(column, because, DOUBTFUL)
    if has_id_digits(column):
        because = "long numbers, hardly one of them twice: identifies; if not, take the role away"
        return ignored(column, because, SERIOUS)
    if column.is_whole and len(column.texts) > CLOSED and names.has_word(column.name, PLACE_CODES):
        because = "codes of places, taken as a measure; if not, give it the role ignored"
        return number_guess(column).noted(because, DOUBTFUL)
    if not (column.is_whole and column.distinct_share >= NEARLY and column.rows > CLOSED):
        return None
    if names.is_identifier(column.name):
        return ignored(column, "numbers its row or customer", DOUBTFUL)
    because = "a number of its own in nearly every row: a measure? if not, give it the role ignored"
    return number_guess(column).noted(because, SERIOUS)


def unlearnable_text(column: Profile) -> str:
    """Why a column of text cannot be learned from as categories; empty where it can."""
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
    if column.number_share() >= MOSTLY:
        wrong, values = int(np.isnan(column.numbers).sum()), len(column.texts)
        return f"numbers but for {wrong:,} of {values:,} values; mend those and adopt it again"
    return ""
