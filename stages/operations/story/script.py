"""What happens in the story, and when."""

from __future__ import annotations

from dataclasses import dataclass

# Contract is the column that breaks; customers under contract, safe before, are bought out of it.
# The offer of data/population.yaml goes to customers contacted anyway: little is lost by it.
SEGMENT, HAZARD = "committed", 2.0
COLUMN, SHARE = "Contract", 0.5  # of the records that arrive broken


@dataclass(frozen=True)
class Script:
    """Months are counted from the first snapshot, which the first champion learns from.

    From `first` on, when its labels are known, the champion answers; `offer` is the first month of
    the competitor's offer, `broken` the one in which a column arrives blank, `bad` the one in which
    a model is deployed that learned from inverted labels. `every_month` says whether the
    champion that is retrained every month is played too.
    """

    first: int = 6
    months: int = 24
    offer: int = 12
    broken: int = 22
    bad: int = 26
    customers: int = 12_000
    seed: int = 20
    every_month: bool = True

    @property
    def played(self) -> range:
        """The months of the story."""
        return range(self.first, self.first + self.months)
