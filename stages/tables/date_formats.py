"""Dates and periods as people write them: days, weeks, months, quarters, in many languages.

A period counts as the day that it begins on. The time of day is passed over.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

TIME = (
    r"[ T,]+\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?(\s?[AaPp]\.?[Mm]\.?)?(\s?(Z|UTC|[+-]\d{2}:?\d{2}))?$"
)
LOOK = 200  # texts that tell which formats there are
YEAR, SHORT_YEAR = r"(?P<year>(19|20)\d{2})", r"(?P<short>\d{2})"
MONTH, DAY = r"(?P<month>0?[1-9]|1[0-2])", r"(?P<day>0?[1-9]|[12]\d|3[01])"
NAMED = r"#(?P<month>\d{2})"  # in place of the name of a month
TWO_MONTH, TWO_DAY = r"(?P<month>0[1-9]|1[0-2])", r"(?P<day>0[1-9]|[12]\d|3[01])"
QUARTER, WEEK = r"(?P<quarter>[1-4])", r"(?P<week>0[1-9]|[1-4]\d|5[0-3])"
FORMATS = (
    f"{YEAR}-{MONTH}-{DAY}",
    rf"{DAY}\.{MONTH}\.{YEAR}",
    f"{DAY}/{MONTH}/{YEAR}",
    f"{MONTH}/{DAY}/{YEAR}",
    f"{YEAR}/{MONTH}/{DAY}",
    f"{DAY}-{MONTH}-{YEAR}",
    f"{MONTH}-{DAY}-{YEAR}",
    rf"{YEAR}\.{MONTH}\.{DAY}",
    f"{YEAR}{TWO_MONTH}{TWO_DAY}",
    f"{YEAR}年{MONTH}月({DAY}日)?",
    rf"{DAY}\.{MONTH}\.{SHORT_YEAR}",
    f"{DAY}/{MONTH}/{SHORT_YEAR}",
    f"{MONTH}/{DAY}/{SHORT_YEAR}",
    f"{DAY}-{MONTH}-{SHORT_YEAR}",
    rf"{DAY}[-./, ]*{NAMED}[-./, ]*{YEAR}",
    rf"{DAY}[-./ ]+{NAMED}[-./ ]+{SHORT_YEAR}",
    rf"{NAMED}[-./ ]+{DAY},? +{YEAR}",
    rf"{NAMED}[-./, ]*{YEAR}",
    rf"{NAMED}[-./ ']+{SHORT_YEAR}",
    rf"{YEAR}[-./ ]*{NAMED}([-./ ]+{DAY})?",
    f"{YEAR}[-/]{MONTH}",
    f"{MONTH}[-/.]{YEAR}",
    f"{YEAR}{TWO_MONTH}",
    f"{YEAR}[-/ ]?[QqTt]{QUARTER}",
    f"[QqTt]{QUARTER}[-/ ]*{YEAR}",
    f"{YEAR}[-/ ]?[Ww]{WEEK}",
)
# The two ways to read 03/04/2026.
DAY_FIRST, MONTH_FIRST = (
    [f"{first}{mark}{second}{mark}{year}" for mark in "/-" for year in (YEAR, SHORT_YEAR)]
    for first, second in ((DAY, MONTH), (MONTH, DAY))
)
# No text is a date in two of these, nor another date in a format that is not among them.
UNAMBIGUOUS = (
    f"{YEAR}-{MONTH}-{DAY}",
    rf"{DAY}\.{MONTH}\.{YEAR}",
    f"{YEAR}/{MONTH}/{DAY}",
    rf"{YEAR}\.{MONTH}\.{DAY}",
    rf"{DAY}[-./, ]*{NAMED}[-./, ]*{YEAR}",
    rf"{NAMED}[-./ ]+{DAY},? +{YEAR}",
)
# How the names of months begin, January first.
MONTHS = (
    ("jan", "ene", "gen", "oca", "sty", "янв", "led"),
    ("feb", "fev", "sub", "lut", "фев"),
    ("mar", "mrz", "mrt", "mae", "мар"),
    ("apr", "avr", "abr", "nis", "kwi", "апр"),
    ("may", "mai", "mag", "mei", "maj", "май", "маи", "мая"),
    ("jun", "juin", "giu", "haz", "cze", "июн"),
    ("jul", "juil", "lug", "tem", "lip", "июл"),
    ("aug", "aou", "ago", "agu", "sie", "авг"),
    ("sep", "set", "eyl", "wrz", "сен"),
    ("oct", "okt", "ott", "out", "eki", "paz", "окт"),
    ("nov", "kas", "lis", "ноя"),
    ("dec", "dez", "dic", "ara", "gru", "des", "дек"),
)
NUMBER_OF = {start: number for number, starts in enumerate(MONTHS, 1) for start in starts}


def dates_by_format(texts: pa.StringArray) -> list[NDArray[np.bool_]]:
    """Which texts are dates in each of the known formats: (d,) each."""
    return [days.notna().to_numpy() for days in _by_format(texts, FORMATS)]


def days_of(texts: pa.StringArray, *, dayfirst: bool = True) -> NDArray[np.float64]:
    """The day of each text, in days since 1970: (d,), NaN where it is none.

    All that can be confused are read in the one format that fits most of them. `dayfirst` says how
    03/04/2026 is read where all could be either.
    """
    formats = [form for form in FORMATS if dayfirst or form not in DAY_FIRST]
    days = _best(texts, formats)[1].to_numpy()
    return np.where(np.isnat(days), np.nan, days.astype("datetime64[D]").astype(np.float64))


def is_month_first(texts: pa.StringArray) -> bool:
    """Whether they are dates such as 03/14/2026."""
    return _best(texts, FORMATS)[0] in MONTH_FIRST


def _best(texts: pa.StringArray, formats: Sequence[str]) -> tuple[str, pd.Series]:
    """The days of the texts, and the format of those that can be confused, where there are any."""
    found = pd.Series(pd.NaT, range(len(texts)), dtype="datetime64[ns]")
    for days in _by_format(texts, UNAMBIGUOUS):
        found = found.fillna(days)
    rest = found.index[found.isna()]
    if not len(rest):
        return UNAMBIGUOUS[0], found
    read = zip(formats, _by_format(texts.take(pa.array(rest)), formats), strict=True)
    best, days = max(read, key=lambda pair: pair[1].notna().sum())
    return best, found.fillna(days.set_axis(rest))


def _by_format(texts: pa.StringArray, formats: Sequence[str]) -> list[pd.Series]:
    """The days of the texts in each format; the time of day is cut off, each day parsed once."""
    found = pc.replace_substring_regex(pc.utf8_trim_whitespace(texts), TIME, "")
    coded = found.dictionary_encode()
    places = coded.indices.to_numpy(zero_copy_only=False)
    plain = _with_numbered_months(pd.Series(coded.dictionary.to_pylist(), dtype=object))
    look = [str(text) for text in plain.iloc[places[:LOOK]]]
    none = pd.Series(pd.NaT, range(len(places)), dtype="datetime64[ns]")
    return [
        _days(plain, form).iloc[places].reset_index(drop=True)
        if any(re.fullmatch(form, text) for text in look)
        else none
        for form in formats
    ]


def _with_numbered_months(texts: pd.Series) -> pd.Series:
    """Texts with # and its number for the name of a month."""
    plain = texts.astype(str)
    named = plain.str.contains(r"\d", regex=True) & plain.str.contains(r"[^\W\d_]{3}", regex=True)
    if named.any():
        plain = plain.where(~named, plain.str.replace(r"[^\W\d_]{3,}\.?", _numbered, regex=True))
    return plain


def _numbered(found: object) -> str:
    word = found[0]  # type: ignore[index]
    plain = unicodedata.normalize("NFKD", word.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char)).replace("ı", "i")
    number = NUMBER_OF.get(plain[:4]) or NUMBER_OF.get(plain[:3])
    return f"#{number:02d}" if number else word


def _days(texts: pd.Series, form: str) -> pd.Series:
    parts = texts.where(texts.str.fullmatch(form)).str.extract(f"^{form}$")
    parts = parts[[name for name in parts.columns if isinstance(name, str)]].astype(float)
    year = parts["year"] if "year" in parts else parts["short"] + 1900
    if "short" in parts:
        year = year.where(parts["short"] > 68, year + 100)  # as the C library reads two digits
    month = parts.get("month", pd.Series(1.0, texts.index))
    if "quarter" in parts:
        month = 3 * parts["quarter"] - 2
    day = parts.get("day", pd.Series(1.0, texts.index)).fillna(1)
    if "week" in parts:  # the first one holds the fourth of January
        fourth = pd.to_datetime({"year": year, "month": month, "day": day + 3}, errors="coerce")
        return fourth + pd.to_timedelta(7 * (parts["week"] - 1) - fourth.dt.weekday, unit="D")
    return pd.to_datetime({"year": year, "month": month, "day": day}, errors="coerce")
