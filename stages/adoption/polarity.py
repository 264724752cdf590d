"""Whether words say that a customer left or stayed: known words, and what negates them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from scoring.yes_no import NO, YES, folded, folded_words
from stages.adoption.names import IDEOGRAMS, words
from stages.adoption.vocabulary import (
    BEING,
    LEFT,
    NEGATING_PREFIXES,
    NEGATING_SIGNS,
    NEGATIONS,
    STAYED,
)

Meaning = Literal["left", "stayed"]
OPPOSITE: dict[Meaning, Meaning] = {"left": "stayed", "stayed": "left"}


def meaning(text: str) -> Meaning | None:
    """Whether a text says that somebody left or stayed; None where it says neither, or both.

    A negation counts wherever it stands, also as the beginning of a word: `Non-Churner`, `inactive`
    and `no longer a member`. That somebody is a customer counts where nothing stronger is there.
    """
    found = meanings(text) or meanings(text, known=(BEING,))
    return next(iter(found)) if len(found) == 1 else None


def meanings(text: str, *, known: Sequence[tuple[str, ...]] = (LEFT, STAYED)) -> set[Meaning]:
    """All that a text says of leaving and staying: both, for `active or cancelled`."""
    found = _tokens(text)
    if signs := _by_signs(found, known):
        return {signs}
    if set(found) & (folded_words(YES) - {"1"}):  # `churn (yes/no)` denies nothing
        found = [token for token in found if token not in folded_words(NO)]
    denials = [place for place, token in enumerate(found) if token in folded_words(NEGATIONS)]
    named = [(place, one) for place, t in enumerate(found) if (one := _of_word(t, known))]
    if not denials:
        return {one for _, one in named}
    denied = [one for place, one in named if place > denials[0]]
    if not denied:  # it comes last, as in `aktif değil`
        return {OPPOSITE[one] for _, one in named}
    return {OPPOSITE[one] for one in denied} | {one for place, one in named if place < denials[0]}


def _tokens(text: str) -> list[str]:
    spoken = re.sub(r"\bn['’]", "ne ", text, flags=re.IGNORECASE)  # as in n'est plus client
    return [token for word in words(spoken) for token in re.findall(r"[^\W\d]+|\d+", folded(word))]


def _of_word(token: str, known: Sequence[tuple[str, ...]]) -> Meaning | None:
    if found := _listed(token, known):
        return found
    for prefix in NEGATING_PREFIXES:
        rest = token.removeprefix(prefix)
        if rest != token and (found := _listed(rest, known)):
            return OPPOSITE[found]
    return None


def _listed(token: str, known: Sequence[tuple[str, ...]]) -> Meaning | None:
    """What the longest known word that fits says."""
    fits = [
        (len(word), _meaning_of(listed))
        for listed in known
        for word in folded_words(listed)
        if (token.startswith(word[:-1]) if word.endswith("*") else token == word)
    ]
    return max(fits)[1] if fits else None


def _meaning_of(listed: tuple[str, ...]) -> Meaning:
    return "left" if listed is LEFT else "stayed"


def _by_signs(found: Sequence[str], known: Sequence[tuple[str, ...]]) -> Meaning | None:
    """In scripts without spaces a known word may stand anywhere in a longer one."""
    text = " ".join(found)
    for listed in known:
        if any(ord(word[0]) >= IDEOGRAMS and word in text for word in folded_words(listed)):
            denied = any(folded(sign) in text for sign in NEGATING_SIGNS)
            return OPPOSITE[_meaning_of(listed)] if denied else _meaning_of(listed)
    return None
