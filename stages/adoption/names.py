"""What the words of a column's name or of a value suggest: a hint, never a proof."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from scoring.yes_no import folded, folded_words
from stages.adoption import vocabulary
from stages.adoption.vocabulary import CUSTOMER_WORDS, ID_WORDS, SURE_ID_WORDS

SHORTEST_PART = 3  # letters of a word that others are written together with
OF_WORDS = ("of", "the", "do", "da", "de", "del", "della", "du")
LETTERS_OF_DOLLARS = re.compile(r"\b[A-Z]{1,2}(?=\$)")  # R$, US$
IDEOGRAMS = 0x2E80  # from here on, scripts that are written without spaces


def words(name: str) -> list[str]:
    """The words of a name: `MonthlyCharges` and `monthly_charges` are both monthly, charges."""
    return re.findall(r"[^\W_]+", _parted(name).casefold())


def _parted(name: str) -> str:
    """The name with a space before each capital that begins a word."""
    return "".join(
        f" {char}" if place and _begins_word(name, place) else char
        for place, char in enumerate(name)
    )


def _begins_word(name: str, place: int) -> bool:
    before, char, after = name[place - 1], name[place], name[place + 1 : place + 2]
    if not char.isupper():
        return False
    return before.islower() or before.isdigit() or (before.isupper() and after.islower())


@cache
def plain_words(name: str) -> tuple[str, ...]:
    """The words of a name without accents, those written together taken apart.

    `custid` is cust, id; what is not made of known words alone stays whole: `usage` is usage.
    """
    parts = [part for word in words(name) for part in re.findall(r"[^\W\d]+|\d+", folded(word))]
    return tuple(piece for part in parts for piece in _pieces(part))


def _pieces(word: str) -> Sequence[str]:
    if word in _known() or word.isdigit():
        return (word,)
    return next(_partitions(word), (word,))


def _partitions(word: str) -> Iterator[tuple[str, ...]]:
    """Ways to take a word apart into known ones, the longest first ones first."""
    if not word:
        yield ()
    for end in range(len(word), 1, -1):
        if word[:end] in _known() and (end >= SHORTEST_PART or word[:end] in ("id", "nr", "no")):
            yield from ((word[:end], *rest) for rest in _partitions(word[end:]))


@cache
def _known() -> frozenset[str]:
    lists = (
        vocabulary.ID_WORDS, vocabulary.SURE_ID_WORDS, vocabulary.CUSTOMER_WORDS,
        vocabulary.PERIOD_WORDS, vocabulary.AGE_WORDS, vocabulary.SENSITIVE_WORDS,
        vocabulary.BIRTH_WORDS, vocabulary.PERSONAL_WORDS, vocabulary.OF_A_PERSON,
        vocabulary.NAME_WORDS, vocabulary.COMMON_WORDS,
    )  # fmt: skip
    return frozenset(folded(word) for words_ in lists for word in words_)


def has_word(name: str, known: tuple[str, ...]) -> bool:
    """Whether one of the words is among the known ones."""
    found, wanted = set(plain_words(name)), folded_words(known)
    return bool(found & wanted) or any(
        sign in word for sign in wanted if ord(sign[0]) >= IDEOGRAMS for word in found
    )


def is_identifier(name: str) -> bool:
    """Whether the name is that of an id: `Customer ID`, but not `Number of calls`."""
    if has_word(name, SURE_ID_WORDS):
        return True
    found = [word for word in plain_words(name) if not word.isdigit()]
    known = folded_words(ID_WORDS)
    first, *rest = [word for word in found if word not in OF_WORDS] or [""]
    if rest and first in known | {"n"} and set(rest) <= folded_words(CUSTOMER_WORDS):
        # numero (de) cliente, but not numero de clientes
        return rest == found[1:] or not rest[-1].endswith("s")
    return bool(found) and (
        found[-1] in known
        or found[0] in ("id", "uuid", "guid")
        or any(ord(found[-1][0]) >= IDEOGRAMS and found[-1].endswith(end) for end in known)
    )


def is_customer_number(name: str) -> bool:
    """Whether the name is that of a customer's id: `Código do cliente`, but not `Order number`."""
    return is_identifier(name) and has_word(name, SURE_ID_WORDS + CUSTOMER_WORDS)


def is_called(name: str, known: tuple[str, ...]) -> bool:
    """Whether the words are those of one of the known names: in any order, number and currency."""
    currencies = folded_words(vocabulary.CURRENCY_WORDS)
    name = LETTERS_OF_DOLLARS.sub("", name)
    written = [folded(word) for word in words(name)], list(plain_words(name))
    called = {_in_order(word for word in found if word not in currencies) for found in written}
    called |= {_in_order(found) for found in written}
    return bool(called & _in_orders(known))


def _in_order(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(word.removesuffix("s") for word in found))


@cache
def _in_orders(known: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(_in_order(folded(text).split()) for text in known)


def is_familiar(name: str) -> bool:
    """Whether a word of the name is one that such tables are known to use."""
    return any(word in _known() for word in plain_words(name))


def title(name: str) -> str:
    """A name as people would write it in a report: `MonthlyCharges` is Monthly charges."""
    if " " in name:
        return name
    parts = re.findall(r"[^\W_]+", _parted(name))
    text = " ".join(part if part.isupper() else part.lower() for part in parts)
    return text[:1].upper() + text[1:] or name
