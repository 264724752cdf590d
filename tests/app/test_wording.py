"""What the page says: both languages whole, numbers as the reader writes them, data as text."""

import re
from datetime import date
from string import Formatter

import pytest

from app.wording import ONE, REASONS, Words, language_of, languages, plain, reason_in
from tests.places import ROOT

SOURCES = "".join(p.read_text("utf-8") for p in sorted((ROOT / "app").rglob("*.py")))


def placeholders(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_say_the_same_with_the_same_values():
    english, german = languages()["en"], languages()["de"]
    assert english.keys() == german.keys()
    for key in english:
        assert placeholders(english[key]) == placeholders(german[key]), key
        assert english[key].strip()
        assert german[key].strip()


def test_every_text_is_used():
    made = re.findall(r'f"(\w+_)\{', SOURCES) + re.findall(r'f"\{\w+\}(_\w+)"', SOURCES)
    named = set(re.findall(r"""["'](\w+)["']""", SOURCES))
    unused = [
        key
        for key in languages()["en"]
        if key.removesuffix(f"_{ONE}") not in named
        and not any(key.startswith(part) or key.endswith(part) for part in made)
    ]
    assert unused == []


@pytest.mark.parametrize(
    ("tag", "amount", "share", "day"),
    [
        ("en-US", "$1,234,568", "26%", "Nov 27, 2026"),
        ("en-GB", "US$1,234,568", "26%", "27 Nov 2026"),
        ("de-DE", "1.234.568\xa0$", "26\xa0%", "27.11.2026"),
        ("de-CH", "$\xa01’234’568", "26%", "27.11.2026"),
    ],
)
def test_numbers_and_dates_are_in_the_readers_format(tag, amount, share, day):
    words = Words.of(language_of(tag), tag, "USD")
    assert words.money(1234567.891) == amount
    assert words.percent(0.2634) == share
    assert words.date(date(2026, 11, 27)) == day


def test_amounts_that_are_small_negative_or_in_an_unknown_currency():
    words = Words.of("en", "en-US", "USD")
    assert words.money(-5.126, digits=2) == "-$5.13"
    assert words.money(-0.001) == "$0"
    assert Words.of("de", "de-DE", "€").money(12.5, digits=2) == "12,50\xa0€"
    assert words.month("2026-11") == "November 2026"
    assert words.month("007") == "007"


@pytest.mark.parametrize("tag", [None, "", "fr-FR", "xx", "en_US", "de-XX-broken"])
def test_any_reader_gets_a_language(tag):
    assert Words.of(language_of(tag), tag, "USD")("title")


@pytest.mark.parametrize("language", ["en", "de"])
def test_one_customer_is_named_in_the_singular(language):
    words, texts = Words.of(language, language, "USD"), languages()[language]
    for key in (one for one in texts if one.endswith(f"_{ONE}")):
        plural = key.removesuffix(f"_{ONE}")
        named = placeholders(texts[plural])
        assert named - placeholders(texts[key]) == {"n"}
        others = dict.fromkeys(named - {"n"}, "x")
        assert words.md(plural, n=words.number(1), **others) == words.md(key, **others)
        assert words.md(plural, n=words.number(2), **others).count("2") == 1


def test_data_is_never_markdown():
    text = "<b>x</b> [l](http://h) $a$ :red[y] **b** `c` \n# h"
    shown = plain(text)
    assert re.findall(r"(?<!\\)[!-/:-@\[\]-`{-~]", shown) == []  # every mark is escaped
    assert shown.replace("\\", "") == text.replace("\n", " ")
    words = Words.of("en", "en-US", "USD")
    assert "<script>" not in words.md("unknown_customer", customer="<script>")


REASON = {
    "unknown": "Gebühr: not known.",
    "most": "Zahlt: bar, where most customers have Karte: 1.",
    "below": "Monate: 2 months, below the typical 29 months.",
    "above": "Monate: 1 month, above the typical 0.5 months.",
    "below_total": "Summe: 1 €, below the 1,034.5 € that today's monthly value would have made.",
    "above_total": "Summe: 9 €, above the 1 € that today's monthly value would have made.",
}


def test_a_reason_is_in_the_language_of_the_page_with_the_words_of_the_data():
    english, german = (Words.of(name, name, "USD") for name in ("en", "de"))
    assert REASON.keys() == {name for _, name in REASONS}
    for reason in REASON.values():
        assert reason_in(reason, english) == reason
        assert not re.search(
            "know|most customers|typical|would", shown := reason_in(reason, german)
        )
        assert shown.startswith(reason.split(":")[0])
    assert reason_in(REASON["below"], german) == "Monate: 2 months, weniger als üblich (29 months)."
    assert reason_in(None, german) is None
    assert reason_in("Vertrag: monatlich.", german) == "Vertrag: monatlich."


def test_every_reason_of_make_score_ends_as_one_that_the_page_knows(scored):
    for name in ("reason_1", "reason_2"):
        for reason in scored.reasons[name].cast("string").to_pylist():
            frame = next((p for p, _ in REASONS if reason and re.search(p, reason)), None)
            assert frame or reason is None or ", " not in reason.partition(":")[2]
