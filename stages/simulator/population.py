"""The described population: `data/population.yaml`, and what it says about one customer.

A customer is a list of traits, drawn one after the other: each is a yes/no question answered by a
conditional logit on the tenure and on the traits drawn before it. A price list turns traits into a
monthly charge, a hazard turns them into departures. How time passes is in
`stages.simulator.generate`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from scoring.errors import UserError, one_line, shown
from stages.simulator.description import (
    LASTING,
    TENURE_TERMS,
    TRAITS,
    Bools,
    Described,
    Floats,
    Integers,
    Number,
    Rate,
    Trait,
    Weight,
    add_terms,
    check_names,
    check_term,
    evaluate,
)
from stages.simulator.scenarios import Scenarios

# What is billed, as a term over traits.
SERVICES: dict[str, str] = {
    "phone": "not data_only",
    "dsl": "internet x not fiber",
    **{name: name for name in ("fiber", "lines", "security", "backup", "protection", "support")},
    **{name: name for name in ("tv", "movies")},
}
CONTRACTS = ("month_to_month", "one_year", "two_year")


class Tenure(Described):
    """Months billed at the first snapshot: weights at some months, linear between them."""

    weights: dict[Annotated[int, Field(ge=1, le=600)], Rate] = Field(min_length=1)


class Prices(Described):
    """Monthly price list and how bills stray from it; amounts in the currency of the bill."""

    services: dict[str, Weight]
    spread: Weight
    step: float = Field(ge=0.01, le=10)
    usage: Weight

    @model_validator(mode="after")
    def _prices_every_service(self) -> Self:
        check_names(self.services, expected=SERVICES)
        return self


class Hazard(Described):
    """Departures per customer and month; the label looks `window` months ahead."""

    window: int = Field(ge=1, le=24)
    reference: dict[
        str, Annotated[dict[Annotated[int, Field(ge=0, le=600)], Rate], Field(min_length=1)]
    ]
    terms: dict[str, Number]

    @model_validator(mode="after")
    def _knows_every_contract(self) -> Self:
        check_names(self.reference, expected=CONTRACTS)
        return self


class Hidden(Described):
    """A share of the customers whom a call changes otherwise, and nothing published tells apart."""

    share: float = Field(gt=0, lt=1)
    change: Number


class Offer(Trait):
    """What a call of the retention campaign does: log of the hazard's ratio to that without it."""

    hidden: Hidden | None = None

    @model_validator(mode="after")
    def _knows_whom_it_concerns(self) -> Self:
        for term in self.terms:
            check_term(term, known=LASTING, where="terms")
        return self


class Contact(Described):
    """The offers of a campaign, and who is called: drawn at random, or rather those at risk."""

    drawn: Literal["by_lot", "by_risk"] = "by_lot"
    offers: Annotated[tuple[Offer, ...], Field(min_length=1, max_length=4)]


class Population(Described):
    """A population of subscribers; the comments of `data/population.yaml` explain each number."""

    tenure: Tenure
    traits: dict[str, Trait]
    stays: tuple[str, ...] = ()
    prices: Prices
    hazard: Hazard
    scenarios: Scenarios
    contact: dict[str, Contact]

    @model_validator(mode="after")
    def _draws_before_it_uses(self) -> Self:
        check_names(self.traits, expected=TRAITS)
        known = set(TENURE_TERMS)
        for name, trait in self.traits.items():
            for term in (TRAITS[name], *trait.terms):
                check_term(term, known=known, where=f"traits.{name}")
            known.add(name)
        # Tenure moves on while traits stay: it has its own place, the reference curves.
        for term in self.hazard.terms:
            check_term(term, known=LASTING, where="hazard.terms")
        return self

    @model_validator(mode="after")
    def _keeps_what_goes_together(self) -> Self:
        for name in self.stays:
            if name not in TRAITS:
                raise ValueError(f"stays: unknown trait '{name}'; expected one of {[*TRAITS]}")
            check_term(TRAITS[name], known=set(self.stays), where=f"stays: '{name}' needs")
        for name in self.scenarios.new_customer_mix.log_odds:
            if name in self.stays:
                raise ValueError(f"scenarios.new_customer_mix: '{name}' stays with the place")
        return self


def load_population(path: Path) -> Population:
    """Read a population file.

    Raises `UserError`, naming file and entry, when it cannot be read, is not YAML or does not
    describe a population.
    """
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        return Population.model_validate(content)
    except OSError as error:
        raise UserError(f"{shown(path)}: cannot be read: {error.strerror}") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{shown(path)}: not YAML: {one_line(error)}") from error
    except ValidationError as error:
        first, *others = [_in_one_line(problem) for problem in error.errors()]
        raise UserError(f"{shown(path)}: {first}", details=tuple(others)) from error


def tenure_shares(tenure: Tenure) -> tuple[Integers, Floats]:
    """Return the months of tenure at the first snapshot and the share of customers with each."""
    knots = dict(sorted(tenure.weights.items()))
    months = np.arange(min(knots), max(knots) + 1)
    weights = np.interp(months, list(knots), list(knots.values()))
    return months, weights / weights.sum()


def draw_traits(
    traits: Mapping[str, Trait],
    *,
    tenure: Integers,
    kept: Mapping[str, Bools],
    rng: np.random.Generator,
) -> dict[str, Bools]:
    """Draw trait after trait, each given the tenure in months and the traits before it.

    Traits in `kept` are taken from there. All arrays have one entry per customer.
    """
    months = tenure.astype(np.float64)
    columns = {name: function(months) for name, function in TENURE_TERMS.items()}
    drawn: dict[str, Bools] = {}
    for name, trait in traits.items():
        log_odds = trait.base + add_terms(trait.terms, columns=columns, size=len(tenure))
        yes = rng.random(len(tenure)) < 1 / (1 + np.exp(-np.clip(log_odds, -500, 500)))
        if TRAITS[name]:
            yes &= evaluate(TRAITS[name], columns=columns)
        columns[name] = drawn[name] = kept.get(name, yes)
    return drawn


def draw_charges(
    prices: Prices, *, traits: Mapping[str, Bools], rng: np.random.Generator
) -> Integers:
    """Draw monthly charges in price steps: the list price, each service a bit off it."""
    taken = {name: evaluate(term, columns=traits) for name, term in SERVICES.items()}
    listed = add_terms(prices.services, columns=taken, size=len(taken["phone"]))
    count = np.sum(list(taken.values()), axis=0)
    # Independent deviations of `count` services add up to one with the root of their number.
    deviation = np.clip(rng.standard_normal(len(count)), -3.5, 3.5)
    charge = listed + prices.spread * np.sqrt(count) * deviation
    return np.maximum(np.rint(charge / prices.step), 1).astype(np.int64)


def reference_exposure(hazard: Hazard, *, months: int) -> Floats:
    """Cumulate the reference hazard from month 0, shape (contract, months + 1).

    Rates are log-linear between the months given and constant beyond them.
    """
    curves = []
    for contract in CONTRACTS:
        knots = dict(sorted(hazard.reference[contract].items()))
        rates = np.exp(np.interp(np.arange(months), list(knots), np.log(list(knots.values()))))
        curves.append(np.concatenate([[0.0], np.cumsum(rates)]))
    return np.stack(curves)


def _in_one_line(problem: Mapping) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
