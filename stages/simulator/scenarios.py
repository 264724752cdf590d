"""What may happen to the customers: named scenarios that begin in a month, with a strength.

What a scenario does at full strength stands in `data/population.yaml`; name, strength (0 to 1) and
first month stand in `params.yaml`. Four change the world (prices, hazard, who joins): there the
strength is a factor on the numbers of the file. Three break a column on its way to whoever
publishes it and leave the truth as it is: there the strength is the share of customers whose
records arrive broken, the same customers every month.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from stages.simulator.columns import COLUMNS, IDENTITY, LABEL, NUMBERS, Columns
from stages.simulator.description import (
    LASTING,
    TRAITS,
    Described,
    Floats,
    Integers,
    Number,
    Rate,
    Term,
    Trait,
    Weight,
    check_term,
    evaluate,
)

NONE = "none"
Traits = Mapping[str, NDArray]


class Event(Described):
    """A scenario at full strength. By itself nothing: each kind overrides what it changes."""

    moves_hazard: ClassVar[bool] = False

    def log_hazard(self, traits: Traits, *, months: int) -> Floats | float:
        """Log of the hazard's ratio to the usual one, in the month `months` after the first."""
        raise NotImplementedError

    def price_rise(self, traits: Traits) -> Floats | float:
        """What is added to monthly charges, as a share of them."""
        return 0.0

    def log_odds_of_joining(self) -> Mapping[str, float]:
        """What is added to the log-odds of a newcomer's traits."""
        return {}


class PriceRise(Event):
    """Charges go up for those `affected`, by the share `rise`; so does their hazard."""

    moves_hazard: ClassVar[bool] = True
    affected: Term
    rise: Weight
    hazard: Number

    @model_validator(mode="after")
    def _knows_whom_it_concerns(self) -> Self:
        check_term(self.affected, known=LASTING, where="affected")
        return self

    def log_hazard(self, traits: Traits, *, months: int) -> Floats:
        """That of the affected is raised for good."""
        return self.hazard * evaluate(self.affected, columns=traits)

    def price_rise(self, traits: Traits) -> Floats:
        """That of the affected."""
        return self.rise * evaluate(self.affected, columns=traits)


class CompetitorOffer(Event):
    """A competitor courts one segment, whose hazard goes up."""

    moves_hazard: ClassVar[bool] = True
    segment: Term
    hazard: Number

    @model_validator(mode="after")
    def _knows_whom_it_concerns(self) -> Self:
        check_term(self.segment, known=LASTING, where="segment")
        return self

    def log_hazard(self, traits: Traits, *, months: int) -> Floats:
        """That of the segment is raised for good."""
        return self.hazard * evaluate(self.segment, columns=traits)


class NewCustomerMix(Event):
    """Others join than before; who is there already stays as they are."""

    log_odds: dict[str, Number]

    @model_validator(mode="after")
    def _knows_the_traits(self) -> Self:
        for name in self.log_odds:
            check_term(name, known=set(TRAITS), where="log_odds")
        return self

    def log_odds_of_joining(self) -> Mapping[str, float]:
        """Those of the file."""
        return self.log_odds


class SeasonalWave(Event):
    """Everybody's hazard rises and falls over `period` months, beginning with the rise."""

    moves_hazard: ClassVar[bool] = True
    amplitude: Weight
    period: Annotated[int, Field(ge=2, le=120)]

    def log_hazard(self, traits: Traits, *, months: int) -> float:
        """The same for everybody: a sine of the month."""
        return self.amplitude * float(np.sin(2 * np.pi * months / self.period))


class Broken(Event):
    """A column that is published otherwise than it is."""

    column: str

    def arrives(self, values: NDArray) -> NDArray:
        """What arrives of the column's values where it is broken."""
        raise NotImplementedError

    @field_validator("column")
    @classmethod
    def _may_break(cls, name: str) -> str:
        allowed = [column for column in COLUMNS if column not in (IDENTITY, LABEL)]
        if name not in allowed:
            raise ValueError(f"'{name}' is unknown; expected one of {', '.join(allowed)}")
        return name


class UnitChange(Broken):
    """A number arrives in another unit: `factor` times what it was."""

    factor: Rate

    @field_validator("column")
    @classmethod
    def _is_a_number(cls, name: str) -> str:
        if name not in NUMBERS:
            raise ValueError(f"'{name}' is no number; expected one of {', '.join(NUMBERS)}")
        return name

    def arrives(self, values: NDArray) -> NDArray:
        """Amounts in the other unit, to two decimals."""
        return np.round(values * self.factor, 2)


class AllNull(Broken):
    """Nothing arrives."""

    def arrives(self, values: NDArray) -> NDArray:
        """NaN in place of a number, None in place of a text."""
        blank = None if values.dtype == object else np.nan
        return np.full(len(values), blank)


class ShiftedCategories(Broken):
    """Categories arrive under other names: each of `values` as the one it stands before."""

    values: dict[str, str] = Field(min_length=1)

    @field_validator("column")
    @classmethod
    def _is_a_category(cls, name: str) -> str:
        if name in NUMBERS:
            raise ValueError(f"'{name}' is a number; expected a category")
        return name

    def arrives(self, values: NDArray) -> NDArray:
        """The other names; a value that is not listed keeps its own."""
        return np.array([self.values.get(value, value) for value in values], dtype=object)


class Scenarios(Described):
    """What each scenario does at full strength."""

    price_rise: PriceRise
    competitor_offer: CompetitorOffer
    new_customer_mix: NewCustomerMix
    seasonal_wave: SeasonalWave
    unit_change: UnitChange
    all_null: AllNull
    shifted_categories: ShiftedCategories


@dataclass(frozen=True)
class Scenario:
    """A scenario as it unfolds: from `start_month` on, with a strength from 0 to 1."""

    event: Event
    strength: float
    start_month: int

    def has_begun(self, month: int) -> bool:
        """Whether anything is otherwise in that month."""
        return self.strength > 0 and month >= self.start_month

    def breaks(self, month: int) -> bool:
        """Whether a column is published broken in that month."""
        return isinstance(self.event, Broken) and self.has_begun(month)

    def quiet_months(self, month: int, *, months: int) -> int:
        """How many of the next `months` have the usual hazard, before one that has not."""
        if self.strength == 0 or not self.event.moves_hazard:
            return months
        return min(max(self.start_month - month, 0), months)

    def hazard_ratio(self, traits: Traits, *, month: int) -> Floats | float:
        """Hazard of each customer in a month that is not quiet, over the usual one."""
        months = month - self.start_month
        return np.exp(self.strength * self.event.log_hazard(traits, months=months))

    def extra_charge(self, charge: Integers, traits: Traits, *, month: int) -> Integers:
        """What each customer is charged above `charge` in that month, both in price steps."""
        share = self.strength * self.event.price_rise(traits) if self.has_begun(month) else 0.0
        return np.rint(charge * share).astype(np.int64)

    def raised_bills(self, tenure: Integers, *, month: int) -> Integers:
        """How many of each customer's bills came after the start, that of `month` included."""
        return np.minimum(tenure, max(month - self.start_month + 1, 0))

    def joining(self, traits: Mapping[str, Trait], *, month: int) -> Mapping[str, Trait]:
        """The traits as they are drawn for who joins in that month."""
        if not self.has_begun(month):
            return traits
        changed = dict(traits)
        for name, added in self.event.log_odds_of_joining().items():
            base = traits[name].base + self.strength * added
            changed[name] = traits[name].model_copy(update={"base": base})
        return changed

    def arrived(self, columns: Columns, *, draws: Floats, month: int) -> Columns:
        """The columns as they arrive; `draws` from 0 to 1 choose whose records are broken."""
        if not isinstance(self.event, Broken) or not self.has_begun(month):
            return columns
        values = columns[self.event.column]
        broken = np.where(draws < self.strength, self.event.arrives(values), values)
        return columns | {self.event.column: broken}


QUIET = Scenario(Event(), strength=0.0, start_month=0)


def unfold(scenarios: Scenarios, *, name: str, strength: float, start_month: int) -> Scenario:
    """The named scenario at that strength; `QUIET` where nothing would happen."""
    if name == NONE or strength == 0:
        return QUIET
    return Scenario(getattr(scenarios, name), strength=strength, start_month=start_month)
