"""What a column is taken for in a drafted schema, and what a person is asked to confirm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from scoring.schema import NUMERIC_KINDS

CONFIRM, DOUBTFUL, SERIOUS = 1, 2, 3  # likely; in doubt; in doubt, and much hangs on it


@dataclass(frozen=True)
class Guess:
    """A column as drafted: its entry in the schema, why, and how doubtful that is (0 to 3).

    `offers` are entries of columns that could be made of it, and are not.
    """

    entry: Mapping[str, Any]
    because: str = ""
    doubt: int = 0
    offers: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """The column's name."""
        return str(self.entry["name"])

    @property
    def roles(self) -> list[str]:
        """The roles it is given."""
        return list(self.entry.get("roles", []))

    @property
    def confirm(self) -> bool:
        """Whether a person is asked to look."""
        return self.doubt > 0

    @property
    def is_input(self) -> bool:
        """Whether a model may learn from it."""
        learnable = self.entry["kind"] in (*NUMERIC_KINDS, "category")
        return learnable and not {"id", "period", "target", "ignored"} & set(self.roles)

    def with_role(self, role: str, because: str, doubt: int = CONFIRM) -> Guess:
        """The same with one more role, for a person to confirm."""
        entry = dict(self.entry) | {"roles": [*self.roles, role]}
        return replace(self.noted(because, doubt), entry=entry)

    def offering_nothing(self) -> Guess:
        """The same without its offers, and their reasons."""
        return replace(self, because="", offers=()) if self.offers else self

    def noted(self, because: str, doubt: int) -> Guess:
        """The same with one more warning, and as doubtful as the most doubtful of them."""
        why = f"{self.because}; {because}" if self.because else because
        return replace(self, because=why, doubt=max(self.doubt, doubt))


@dataclass(frozen=True)
class Question:
    """What to confirm: of a column or the table, what it is taken as, why, how doubtful."""

    about: str
    taken_as: str
    because: str
    doubt: int
