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

    `offers` are entries of columns that could be made of it, and are not unless it `is_derived`.
    """

    entry: Mapping[str, Any]
    because: str = ""
    doubt: int = 0
    offers: tuple[Mapping[str, Any], ...] = ()
    is_derived: bool = False

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
        """Whether a model may learn from it, or from a column that is made of it."""
        if self.is_derived and self.offers:
            return True
        learnable = self.entry["kind"] in (*NUMERIC_KINDS, "category")
        return learnable and not {"id", "period", "target", "ignored"} & set(self.roles)

    def with_role(self, role: str, because: str, doubt: int = CONFIRM) -> Guess:
        """The same with one more role, for a person to confirm."""
        entry = dict(self.entry) | {"roles": [*self.roles, role]}
        return replace(self.noted(because, doubt), entry=entry)

    def offering_nothing(self) -> Guess:
        """The same without its offers, and their reasons."""
        return replace(self, because="", offers=()) if self.offers else self

    def deriving(self) -> Guess:
        """The same with its offers as columns, for want of others."""
        if not self.offers:
            return self
        parts = ", ".join(str(offer["part"]).replace("_", " ") for offer in self.offers)
        because = f"{parts} learned from, since nothing else is left: known on the snapshot's day?"
        return replace(self.noted(because, SERIOUS), is_derived=True)

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
