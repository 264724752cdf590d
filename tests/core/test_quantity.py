"""A count with its noun."""

from __future__ import annotations

import pytest

from stages.core.quantity import quantity


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 months"), (1, "1 month"), (2, "2 months"), (2_000, "2,000 months")],
)
def test_one_is_singular_and_all_others_are_plural(count: int, words: str) -> None:
    assert quantity(count, "month") == words


def test_a_noun_may_have_a_plural_of_its_own() -> None:
    assert [quantity(n, "class", "classes") for n in (1, 2)] == ["1 class", "2 classes"]
