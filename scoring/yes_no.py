"""Words for yes and no, in the languages that tables come in, and columns of two such values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from scoring.schema import Column

YES = (
    "1", "yes", "true", "ja", "oui", "vrai", "si", "sí", "verdadero", "sim", "verdadeiro",
    "vero", "waar", "evet", "dogru", "doğru", "var", "tak", "prawda", "sann", "sand", "kylla",
    "kyllä", "ano", "pravda", "igen", "da", "adevarat", "да", "истина", "wahr", "ναι", "はい",
    "是", "예", "네", "نعم", "ya", "positive", "pos",
)  # fmt: skip
NO = (
    "0", "no", "false", "nein", "falsch", "non", "faux", "falso", "nao", "não", "nee", "onwaar",
    "hayir", "hayır", "yanlis", "yanlış", "yok", "nie", "falsz", "fałsz", "nej", "nei", "falskt",
    "ei", "ne", "nepravda", "nem", "nu", "нет", "ложь", "όχι", "いいえ", "否", "아니오",
    "아니요", "لا", "tidak", "negative", "neg",
)  # fmt: skip
# Single letters mean something only as a pair: yes and no.
LETTERS = (
    ("y", "n"), ("t", "f"), ("t", "n"), ("j", "n"), ("s", "n"), ("o", "n"), ("e", "h"), ("д", "н"),
)  # fmt: skip
UNACCENTED = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"})


@cache
def folded(text: str) -> str:
    """A text without case and accents: `Kündigung` and `KUNDIGUNG` are one."""
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(UNACCENTED)
    return unicodedata.normalize(
        "NFC", "".join(char for char in plain if not unicodedata.combining(char))
    )


@cache
def folded_words(known: tuple[str, ...]) -> frozenset[str]:
    """Some words without case and accents."""
    return frozenset(map(folded, known))


def answer(value: str) -> bool | None:
    """Whether a value means yes (True), no (False), or neither (None)."""
    found = re.findall(r"[^\W\d_]+|\d+", folded(value))
    if len(found) != 1:
        return None
    if found[0] in folded_words(YES):
        return True
    return False if found[0] in folded_words(NO) else None


def answers(values: Sequence[str]) -> list[bool | None]:
    """What each of the values of a column answers: single letters mean something only as a pair."""
    letters = tuple(folded(value.strip()) for value in values)
    for yes, no in LETTERS:
        if set(letters) == {yes, no}:
            return [letter == yes for letter in letters]
    if any(letter.lstrip("-").isdigit() and letter not in ("0", "1") for letter in letters):
        return [None] * len(letters)  # 1 and 2 are codes
    return [answer(value) for value in values]


def labels_of_booleans(column: Column) -> dict[bool, str]:
    """What true and false mean in a column of two values, yes and no; empty in any other."""
    if column.kind != "category" or column.other or len(column.labels) != 2:
        return {}
    meant = answers(column.labels)
    return {
        value: label
        for value, label in zip(meant, column.labels, strict=True)
        if value is not None and set(meant) == {True, False}
    }
