"""Numbers as people write them: decimal commas, marks between thousands."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

DECIMAL_COMMAS = "decimal commas"
COMMA_DECIMAL = r"^[-+]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?$"
NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"
INFINITE = r"(?i)^[-+]?inf(inity)?$"
GROUPED = r"^[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$"
POINT_GROUPED = r"^[-+]?[1-9]\d{0,2}(\.\d{3})+$"
LARGEST_NUMBER = float(np.finfo(np.float32).max)  # models and their export count in float32

Meaning = tuple[str, pa.StringArray, NDArray[np.bool_]]  # how written, mended texts, which changed


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


def _mended(written: str, texts: pa.StringArray, changes: tuple[tuple[str, str], ...]) -> Meaning:
    mended = texts
    for old, new in changes:
        mended = pc.replace_substring(mended, old, new)
    mended = pc.if_else(pc.match_substring_regex(texts, r"\d"), mended, texts)
    return written, mended, pc.not_equal(mended, texts).to_numpy(zero_copy_only=False)


def _any_match(texts: pa.StringArray, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())


def _all_numbers(texts: pa.StringArray, pattern: str) -> bool:
    """Whether all texts with a digit in them are numbers of that pattern."""
    told = pc.utf8_trim_whitespace(pc.filter(texts, pc.match_substring_regex(texts, r"\d")))
    return bool(pc.all(pc.match_substring_regex(told, pattern)).as_py())


def plain_numbers(texts: pa.StringArray) -> NDArray[np.float64]:
    """Texts as numbers, NaN where one is none: (d,) float64."""
    number = pc.match_substring_regex(texts, NUMBER)
    found = pc.if_else(number, texts, None).cast(pa.float64()).to_numpy(zero_copy_only=False)
    infinite = pc.match_substring_regex(texts, INFINITE).to_numpy(zero_copy_only=False)
    return np.where(infinite, np.inf, found)  # for the range to refuse
