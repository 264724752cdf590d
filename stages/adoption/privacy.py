"""What leads to a person, and what nobody should be judged by: from values first, then from names.

Columns that lead to a person are left out: nothing of them stands in the schema, a report or the
bundle. Sensitive ones are learned from and compared by group, their values never printed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from scoring.yes_no import answers, folded
from stages.adoption import names
from stages.adoption.profile import Profile
from stages.adoption.vocabulary import (
    ABOUT_WORDS,
    AGE_WORDS,
    BIRTH_WORDS,
    COMMON_WORDS,
    FEMALE,
    GENDER_LETTERS,
    MALE,
    MARRIED,
    NAME_WORDS,
    NEITHER,
    OF_A_PERSON,
    OF_A_THING,
    PERSON_WORDS,
    PERSONAL_WORDS,
    SENSITIVE_WORDS,
    STREET_WORDS,
)
from stages.tables.numerals import is_measure

SAMPLE = 2000  # values that are looked through
MOST = 0.5  # share of the values from which on a column is of their kind
HARDLY_REPEATS = 0.2  # distinct values per filled row
FEW = 30  # values; fewer are those of a category
FLAG = 2  # values
PERSONAL_DIGITS = 1e6  # from here on a number can be called

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.\w+")
PHONE = re.compile(r"[+(]?\d[\d\s().\-/]{5,18}\d(\s*(x|ext\.?)\s*\d+)?")
ADDRESS_OF_A_COMPUTER = re.compile(r"\d{1,3}(\.\d{1,3}){3}|([0-9a-f]{1,4}:){3,7}[0-9a-f:]+", re.I)
BANK = re.compile(r"[A-Z]{2}\d{2}[ ]?([A-Z0-9]{4}[ ]?){2,7}[A-Z0-9]{1,4}|(\d{4}[ -]){3}\d{4}")
PERSON = re.compile(
    r"(([^\W\d_]['’])?[^\W\d_]+([-'’][^\W\d_]+)*\.?,?)( [^\W\d_][^\W\d_'’.-]*,?){0,4}"
)
HOUSE = re.compile(
    r"(?P<number>\d+\s?[a-zA-Z]?)[,\s]+(?=[^\W\d_]{2})|[^\W\d_]{2}.*?[\s,]+\d+\s?[a-zA-Z]?\b"
)


class Found(NamedTuple):
    """Why a column is what it is, and whether that is doubtful."""

    because: str
    is_doubtful: bool = False


def personal(column: Profile) -> Found | None:
    """Why a column leads to a person; None where it does not.

    A flag names nobody, and neither does a count: whether a phone number is known, or how many
    e-mails were opened.
    """
    if is_flag(column):
        return None
    if found := _by_values(column):
        return Found(f"{found} by its values: leads to a person")
    if names.has_word(column.name, BIRTH_WORDS) and (
        column.all_dates or column.mixed_dates or (len(column.texts) > FEW and not column.is_number)
    ):
        return Found("a date of birth leads to a person; the age in years would not")
    if _named_personal(column):
        return Found("names a person, or leads to one")
    if _looks_born(column):
        return Found(
            "dates over more than thirty years, as of birth; if not, take the role away", True
        )
    return None


def is_flag(column: Profile) -> bool:
    """Whether the values only say yes or no: two, or `no phone service` as a third."""
    labels = column.labels
    if len(labels) > FLAG + 1 or not labels:
        return False
    if len(labels) <= FLAG:
        return not any(EMAIL.search(text) or sum(map(str.isdigit, text)) > 6 for text in labels)
    answered = answers(labels)
    return True in answered and False in answered


def _sample(column: Profile) -> list[str]:
    return [str(text) for text in column.texts[:SAMPLE]]


def _share(texts: list[str], pattern: re.Pattern[str]) -> float:
    return float(np.mean([pattern.fullmatch(text) is not None for text in texts])) if texts else 0.0


def _by_values(column: Profile) -> str:
    texts = _sample(column)
    if not texts or column.is_number or column.all_dates or column.mixed_dates:
        return ""
    if np.mean([EMAIL.search(text) is not None for text in texts]) >= MOST:
        return "e-mail addresses"
    if _share(texts, ADDRESS_OF_A_COMPUTER) >= MOST:
        return "addresses of computers"
    if _share(texts, BANK) >= MOST:
        return "bank accounts or cards"
    hardly_repeats = column.distinct_share >= HARDLY_REPEATS and len(column.texts) > FEW
    if not hardly_repeats:
        return ""
    is_number = names.is_customer_number(column.name)  # whose check digit stands behind a hyphen
    if not is_number and np.mean([_is_phone(text) for text in texts]) >= MOST:
        return "phone or identity numbers"
    if _are_addresses(texts):
        return "streets with numbers"
    return "names" if _are_names(texts) else ""


def _is_phone(text: str) -> bool:
    """Seven to fifteen digits that something parts, or with a plus before them."""
    digits = sum(map(str.isdigit, text))
    return 7 <= digits <= 15 and not text.isdigit() and PHONE.fullmatch(text) is not None


def _are_addresses(texts: list[str]) -> bool:
    """Streets with a number: by a word for street, or by many words that each have few numbers."""
    shaped = [text for text in texts if HOUSE.match(text)]
    if len(shaped) < MOST * len(texts):
        return False
    streets = sum(_names_street(text) for text in shaped)
    leads = {re.sub(r"\d+\s?[a-zA-Z]?\b", "", text) for text in shaped}
    return streets >= MOST * len(shaped) or len(leads) >= max(FEW, MOST * len(shaped))


def _names_street(text: str) -> bool:
    found = names.plain_words(text)
    long_endings = tuple(word for word in STREET_WORDS if len(word) > 3)
    return bool(set(found) & set(STREET_WORDS)) or any(w.endswith(long_endings) for w in found)


def _are_names(texts: list[str]) -> bool:
    """Words with capitals, and nothing else."""
    shaped = [text for text in texts if PERSON.fullmatch(text)]
    capital = [text for text in shaped if all(w[:1].isupper() for w in text.split() if len(w) > 3)]
    mixed = [text for text in capital if text[:1].isupper() and not text.isupper()]
    return len(mixed) >= 0.9 * len(texts)


def _named_personal(column: Profile) -> bool:
    found = names.plain_words(column.name)
    if column.is_number:
        return _is_place(column) or (
            names.has_word(column.name, PERSONAL_WORDS)
            and bool(np.median(abs(column.finite)) >= PERSONAL_DIGITS)
        )
    about = set(found[:-1] if found[-1:] in (("number",), ("num",), ("no",), ("nr",)) else found)
    if about & set(ABOUT_WORDS):
        return False
    if names.has_word(column.name, PERSONAL_WORDS):
        return True
    named = [word for word in found if word in set(map(folded, NAME_WORDS))]
    others = {word for word in found if word not in named and not word.isdigit()}
    return bool(named) and others <= set(map(folded, OF_A_PERSON))


def _is_place(column: Profile) -> bool:
    """Whether the numbers are degrees on the map to more than a kilometre."""
    degrees = names.has_word(column.name, ("latitude", "longitude", "lat", "lon", "lng"))
    return degrees and bool((abs(column.finite) <= 180).all()) and not column.is_whole


def _looks_born(column: Profile) -> bool:
    if not column.all_dates or len(column.texts) <= FEW:
        return False
    years = column.years
    return bool(np.ptp(years) > 30 and np.median(years) < years.max() - 15 and years.min() < 1985)


# --- sensitive -------------------------------------------------------------------------------


def sensitive(column: Profile) -> Found | None:
    """Why groups of the column are to be compared and never named; None where they are not."""
    if names.has_word(column.name, SENSITIVE_WORDS):
        return Found("by its name: groups are compared, values never printed")
    if names.has_word(column.name, BIRTH_WORDS):
        return Found("tells the age: groups are compared, values never printed")
    if _are_people(column):
        return Found("by its values: groups are compared, values never printed")
    return _age(column)


def _are_people(column: Profile) -> bool:
    """Whether the values are those of a gender or of a marital status."""
    labels = {" ".join(names.plain_words(text)) or text for text in column.labels}
    if not 1 < len(labels) <= 8:
        return False
    rest = labels - _plain(NEITHER)
    if any(rest == set(pair) for pair in GENDER_LETTERS if pair != ("h", "m")):
        return True
    men, women = rest & _plain(MALE), rest & _plain(FEMALE)
    if men and women and rest <= men | women:
        return True
    return len(rest & _plain(MARRIED)) > 1


def _plain(known: tuple[str, ...]) -> set[str]:
    return set(map(folded, known))


def _age(column: Profile) -> Found | None:
    """Whether it is the age of a person: by name and values, or by values that only ages have."""
    found = [word for word in names.plain_words(column.name) if not word.isdigit()]
    named = names.has_word(column.name, AGE_WORDS)
    if column.is_number and not _may_be_ages(column):
        return None
    if named:
        others = {word for word in found if word not in _plain(AGE_WORDS)}
        if others & _plain(OF_A_THING):
            return None
        if others <= _plain(PERSON_WORDS):
            return Found("by its name: groups are compared, values never printed")
        doubtful = Found("an age, of a person? if not, take the role sensitive away", True)
        return doubtful if _look_like_ages(column) else None
    known = set(found) & (_plain(COMMON_WORDS) | _plain(OF_A_THING))
    if not known and _look_like_ages(column):
        low, high = column.finite.min(), column.finite.max()
        words = f"{low:g} to {high:g}, as ages are; if not, take the role sensitive away"
        return Found(words, True)
    return None


def _may_be_ages(column: Profile) -> bool:
    return bool(column.finite.min() >= 0 and column.finite.max() <= 120)


def _look_like_ages(column: Profile) -> bool:
    """Whole numbers of grown-ups: from 14 to 26 up to 60 to 110, most in use, no amounts."""
    if not column.is_whole or len(column.texts) < FEW or is_measure(column.unit):
        return False
    low, high = column.finite.min(), column.finite.max()
    return bool(14 <= low <= 26 and 60 <= high <= 110 and len(column.texts) > 0.6 * (high - low))
