"""Numbers as people write them: decimal commas, marks between thousands, units, brackets."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

DECIMAL_COMMAS = "decimal commas"
COMMA_DECIMAL = r"^[-+]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?$"
NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"
INFINITE = r"(?i)^[-+]?inf(inity)?$"
GROUPED = r"^[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$|^[-+]?[1-9]\d{0,1}(,\d{2})*,\d{3}(\.\d+)?$"
POINT_GROUPED = r"^[-+]?[1-9]\d{0,2}(\.\d{3})+$"
SPACES = "\u00a0\u202f\u2009\u2007"  # no-break, narrow, thin, figure: between thousands
SPACE = rf"[\s{SPACES}]"  # RE2 takes none of them for a space
CURRENCY = (
    r"(?:[A-Z]{0,2}\p{Sc}|USD|EUR|GBP|CHF|JPY|CNY|INR|BRL|MXN|PLN|CZK|HUF|RON|SEK|NOK|DKK|TRY|TL|"
    r"RUB|CAD|AUD|NZD|ZAR|Fr\.?|kr\.?|zł|Kč|Ft|lei|Rs\.?|RM|Rp\.?|руб\.?|円|元|원|Euro)"
)
TOGETHER = ("%", "‰", "GB", "MB", "KB", "TB", "km", "kg", "kWh")  # units that need no space
UNIT = rf"(?:{CURRENCY}|{'|'.join(TOGETHER)}|Monate?|Jahre?|Tage?|Stunden|Min|\p{{Ll}}{{2,12}})"
# A number with a unit before or after it; in brackets, or with a minus behind it, where negative.
DRESSED = (
    rf"^\(?[-+−]?(?P<before>{CURRENCY})?{SPACE}*(?P<number>[-+−]?{SPACE}?[\d.,'’{SPACES} ]*\d)-?"
    rf"{SPACE}*(?P<after>{UNIT})?\)?$"
)
LOOKS_DRESSED = r"[^\d.,+\-eE]|\d-$"
THOUSANDS = rf"^[-+−]?{SPACE}?(\d+|\d{{1,3}}([.,'’{SPACES} ]\d{{2,3}})*)([.,]\d+)?$"


class Meaning(NamedTuple):
    """How numbers are written, their texts without it, which of them changed, and their unit."""

    written: str
    texts: pa.StringArray
    changed: NDArray[np.bool_]
    unit: str = ""


def comma_meaning(texts: pa.StringArray, separator: str) -> Meaning | None:
    """What commas in the texts stand for, and the texts without them; None if nothing numeric."""
    if not _any_match(texts, r"^\s*[-+]?[\d.]*\d,[\d,]*\d(\.\d+)?\s*$"):
        return None
    has_point = _any_match(texts, r",\d{3}\.\d")
    if (separator == "," or has_point) and _all_numbers(texts, f"{GROUPED}|{NUMBER}"):
        return _mended("commas between thousands", texts, ((",", ""),))
    if _all_numbers(texts, COMMA_DECIMAL):
        return _mended(DECIMAL_COMMAS, texts, ((".", ""), (",", ".")))
    return None


def point_meaning(texts: pa.StringArray) -> Meaning | None:
    """In a file of decimal commas: whether all points of a column stand between thousands."""
    if _any_match(texts, POINT_GROUPED) and _all_numbers(texts, f"{POINT_GROUPED}|^[-+]?\\d+$"):
        return _mended("points between thousands", texts, ((".", ""),))
    return None


def bare_meaning(texts: pa.StringArray) -> Meaning | None:
    """Texts of numbers with a unit, brackets or spaces between thousands, as bare numbers.

    None where some text with a digit is no such number, where units differ, or where nothing is to
    be taken off. A word counts as a unit behind a space alone: `12 months`, and not `12a`.
    """
    filled = with_digits(texts)
    if not len(filled) or _all_numbers(texts, NUMBER) or not _any_match(filled, LOOKS_DRESSED):
        return None
    found = pc.extract_regex(filled, DRESSED)
    if found.null_count or not _all_match(pc.struct_field(found, "number"), THOUSANDS):
        return None
    units = set(pc.struct_field(found, "before").unique().to_pylist())
    units |= set(pc.struct_field(found, "after").unique().to_pylist())
    units.discard("")
    if len(units) > 1 or not _may_be_unit(filled, next(iter(units), "")):
        return None
    bare = _bare(texts)
    unit = next(iter(units), "")
    written = f"numbers with {unit}" if unit else "numbers with spaces, apostrophes or brackets"
    return Meaning(written, bare, pc.not_equal(bare, texts).to_numpy(zero_copy_only=False), unit)


def is_currency(unit: str) -> bool:
    """Whether a unit is the sign or the code of a currency."""
    return _any_match(pa.array([unit]), f"^{CURRENCY}$")


def is_measure(unit: str) -> bool:
    """Whether a unit is a currency, or that of a share, of data, of a distance or a weight."""
    return unit in TOGETHER or is_currency(unit)


def _may_be_unit(texts: pa.StringArray, unit: str) -> bool:
    """Whether what stands at a number is a unit: a sign or a currency, or a word behind a space."""
    if not unit or is_measure(unit):
        return True
    return not _any_match(texts, rf"\d{re.escape(unit)}")


def _bare(texts: pa.StringArray) -> pa.StringArray:
    """Numbers without units, spaces and apostrophes; in brackets, or before a minus, negative."""
    trimmed = pc.utf8_trim_whitespace(texts)
    negative = pc.match_substring_regex(trimmed, r"^\(.*\)$|\d-\s*\D*$|^\D*[-−]\D*\d")
    digits = pc.replace_substring_regex(trimmed, r"[^\d.,]", "")
    digits = pc.utf8_trim(digits, ".,")
    signed = pc.if_else(negative, pc.binary_join_element_wise("-", digits, ""), digits)
    return pc.if_else(pc.match_substring_regex(texts, r"\d"), signed, texts)


def _mended(written: str, texts: pa.StringArray, changes: tuple[tuple[str, str], ...]) -> Meaning:
    mended = texts
    for old, new in changes:
        mended = pc.replace_substring(mended, old, new)
    mended = pc.if_else(pc.match_substring_regex(texts, r"\d"), mended, texts)
    return Meaning(written, mended, pc.not_equal(mended, texts).to_numpy(zero_copy_only=False))


def _any_match(texts: pa.StringArray, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())


def _all_match(texts: pa.StringArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())


def with_digits(texts: pa.StringArray) -> pa.StringArray:
    """The texts that hold a digit, without the space around them."""
    return pc.utf8_trim_whitespace(pc.filter(texts, pc.match_substring_regex(texts, r"\d")))


def _all_numbers(texts: pa.StringArray, pattern: str) -> bool:
    """Whether all texts with a digit in them are numbers of that pattern."""
    return _all_match(with_digits(texts), pattern)


def plain_numbers(texts: pa.StringArray) -> NDArray[np.float64]:
    """Texts as numbers, NaN where one is none: (d,) float64."""
    number = pc.match_substring_regex(texts, NUMBER)
    found = pc.if_else(number, texts, None).cast(pa.float64()).to_numpy(zero_copy_only=False)
    infinite = pc.match_substring_regex(texts, INFINITE).to_numpy(zero_copy_only=False)
    return np.where(infinite, np.inf, found)  # for the range to refuse
