"""What the page says, in the reader's language, with numbers and dates in the reader's format.

All words are in `words.toml`, one table per language. Texts of the data (ids, labels, descriptions)
are never part of Markdown as they are: `plain` takes their meaning away.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal, format_percent

FILE = Path(__file__).with_name("words.toml")
DEFAULT = "en"
ONE = "1"  # of something: such a text has a key that ends so
SPECIAL = re.compile(r"([!-/:-@\[-`{-~])")  # punctuation, which Markdown lets escape
CURRENCY = re.compile("[A-Z]{3}")


def plain(text: object) -> str:
    """A text that Markdown shows as it is, in one line: no tag, link, formula or picture of it."""
    return SPECIAL.sub(r"\\\1", re.sub(r"[\t-\r]+", " ", str(text)))


REASONS = (  # how `scoring.explanation.reasons` ends a sentence, and the text that says the same
    (r": not known\.$", "unknown"),
    (r", where most customers have (?P<usual>.*)\.$", "most"),
    (r", below the typical (?P<usual>.*)\.$", "below"),
    (r", above the typical (?P<usual>.*)\.$", "above"),
    (r", below the (?P<usual>.*) that today's monthly value would have made\.$", "below_total"),
    (r", above the (?P<usual>.*) that today's monthly value would have made\.$", "above_total"),
)


@cache
def languages() -> Mapping[str, Mapping[str, str]]:
    """The texts by language."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def language_of(tag: str | None) -> str:
    """The language of the page for a reader's language tag such as de-AT."""
    language = (tag or "").replace("_", "-").split("-")[0].lower()
    return language if language in languages() else DEFAULT


@dataclass(frozen=True)
class Words:
    """Texts in a language, and numbers as a reader of that place writes them."""

    language: str
    locale: Locale
    currency: str

    @classmethod
    def of(cls, language: str, tag: str | None, currency: str) -> Words:
        """For a language of the page and the reader's tag, which tells en-GB from en-US."""
        place = tag if tag and language_of(tag) == language else language
        try:
            locale = Locale.parse(place, sep="-")
        except (UnknownLocaleError, ValueError):
            locale = Locale.parse(language)
        return cls(language, locale, currency)

    def __call__(self, key: str, **values: object) -> str:
        """The text of that key, as it is, with values put in; of `n` = 1 its singular."""
        texts = languages()[self.language]
        singular = texts.get(f"{key}_{ONE}") if str(values.get("n")) == ONE else None
        return (singular or texts[key]).format(**values)

    def md(self, key: str, **values: object) -> str:
        """The text of that key as Markdown; the values stay text."""
        return self(key, **{name: plain(value) for name, value in values.items()})

    def number(self, value: float, *, digits: int = 0) -> str:
        """A number with so many decimals."""
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return str(format_decimal(round(value, digits) + 0.0, pattern, self.locale))

    def percent(self, share: float, *, digits: int = 0) -> str:
        """A share in percent."""
        pattern = str(self.locale.percent_formats[None].pattern)
        if digits:
            pattern = pattern.replace("0", "0." + "0" * digits)
        return str(format_percent(share, pattern, self.locale))

    def money(self, amount: float, *, digits: int = 0) -> str:
        """An amount in the currency of the customers' monthly value."""
        number = self.number(amount, digits=digits)
        if not CURRENCY.fullmatch(self.currency):
            return f"{number}\N{NO-BREAK SPACE}{self.currency}"
        pattern = str(self.locale.currency_formats["standard"].pattern).split(";")[0]
        bare = re.sub(r"[#0][#0,.]*", "1", pattern)
        symbol = self.locale.currency_symbols.get(self.currency, self.currency)
        sign, shown = ("-", number[1:]) if number.startswith(("-", "−")) else ("", number)
        return sign + bare.replace("¤", symbol).replace("1", shown)

    def date(self, day: date) -> str:
        """A day, as in 27 Nov 2026."""
        return str(format_date(day, "medium", self.locale))

    def month(self, name: str) -> str:
        """A month such as 2026-11 in words; one that is counted, such as 007, as it is."""
        if not re.fullmatch(r"\d{4}-\d{2}", name):
            return name
        first = date(int(name[:4]), int(name[5:]), 1)
        return str(format_skeleton("yMMMM", first, locale=self.locale))


def reason_in(text: str | None, words: Words) -> str | None:
    """A reason of `make score`, its frame in the reader's language, title and values as it is."""
    for pattern, name in REASONS:
        if text is not None and (found := re.search(pattern, text)):
            return text[: found.start()] + words(f"reason_{name}", **found.groupdict())
    return text
