"""The described population: `data/population.yaml`, and what it says about one customer.

A customer is a list of traits, drawn one after the other: each is a yes/no question answered by a
conditional logit on the tenure and on the traits drawn before it. A price list turns traits into a
monthly charge, a hazard turns them into departures. How time passes is in
`stages.customers.generate`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.core.errors import UserError
from stages.core.paths import relative

Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# Functions of the tenure in months that a trait's logit may use.
TENURE_TERMS: dict[str, Callable[[Floats], NDArray]] = {
    "newcomer": lambda months: months <= 1,
    "log_tenure": np.log1p,
    "years": lambda months: months / 12,
    "years_squared": lambda months: (months / 12) ** 2,
    "veteran": lambda months: months >= 70,
}
# The yes/no questions behind the columns, and whom each concerns; for all others the answer is no.
# What can never be (streaming without internet, no phone and fiber) is ruled out here, whatever
# numbers the file has.
TRAITS: dict[str, str] = {
    "female": "",
    "senior": "",
    "partner": "",
    "dependents": "",
    "internet": "",
    "fiber": "internet",
    "data_only": "internet x not fiber",
    "lines": "not data_only",
    "committed": "",
    "two_year": "committed",
    "awaiting": "newcomer",
    "security": "internet",
    "backup": "internet",
    "protection": "internet",
    "support": "internet",
    "tv": "internet",
    "movies": "internet",
    "paperless": "",
    "electronic": "",
    "mailed": "not electronic",
    "card": "not electronic x not mailed",
}
# What is billed, as a term over traits.
SERVICES: dict[str, str] = {
    "phone": "not data_only",
    "dsl": "internet x not fiber",
    **{name: name for name in ("fiber", "lines", "security", "backup", "protection", "support")},
    **{name: name for name in ("tv", "movies")},
}
CONTRACTS = ("month_to_month", "one_year", "two_year")

Number = Annotated[float, Field(allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Described(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Trait(_Described):
    """Log-odds of yes: `base`, and what each term adds."""

    base: Number
    terms: dict[str, Number] = {}


class Tenure(_Described):
    """Months billed at the first snapshot: weights at some months, linear between them."""

    weights: dict[Annotated[int, Field(ge=1, le=600)], Rate] = Field(min_length=1)


class Prices(_Described):
    """Monthly price list and how bills stray from it; amounts in the currency of the bill."""

    services: dict[str, Weight]
    spread: Weight
    step: float = Field(ge=0.01, le=10)
    usage: Weight

    @model_validator(mode="after")
    def _prices_every_service(self) -> Self:
        _check_names(self.services, expected=SERVICES)
        return self


class Hazard(_Described):
    """Departures per customer and month; the label looks `window` months ahead."""

    window: int = Field(ge=1, le=24)
    reference: dict[
        str, Annotated[dict[Annotated[int, Field(ge=0, le=600)], Rate], Field(min_length=1)]
    ]
    terms: dict[str, Number]

    @model_validator(mode="after")
    def _knows_every_contract(self) -> Self:
        _check_names(self.reference, expected=CONTRACTS)
        return self


class Population(_Described):
    """A population of subscribers; the comments of `data/population.yaml` explain each number."""

    tenure: Tenure
    traits: dict[str, Trait]
    stays: tuple[str, ...] = ()
    prices: Prices
    hazard: Hazard

    @model_validator(mode="after")
    def _draws_before_it_uses(self) -> Self:
        _check_names(self.traits, expected=TRAITS)
        known = set(TENURE_TERMS)
        for name, trait in self.traits.items():
            for term in (TRAITS[name], *trait.terms):
                _check_term(term, known=known, where=f"traits.{name}")
            known.add(name)
        # Tenure moves on while traits stay: it has its own place, the reference curves. And who
        # awaits the first bill no longer does a month later.
        for term in self.hazard.terms:
            _check_term(term, known=set(TRAITS) - {"awaiting"}, where="hazard.terms")
        return self

    @model_validator(mode="after")
    def _keeps_what_goes_together(self) -> Self:
        for name in self.stays:
            if name not in TRAITS:
                raise ValueError(f"stays: unknown trait '{name}'; expected one of {[*TRAITS]}")
            _check_term(TRAITS[name], known=set(self.stays), where=f"stays: '{name}' needs")
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
        raise UserError(f"{relative(path)}: cannot be read: {error.strerror}") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{relative(path)}: not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first, *others = [_in_one_line(problem) for problem in error.errors()]
        raise UserError(f"{relative(path)}: {first}", details=tuple(others)) from error


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
            yes &= _evaluate(TRAITS[name], columns=columns)
        columns[name] = drawn[name] = kept.get(name, yes)
    return drawn


def draw_charges(
    prices: Prices, *, traits: Mapping[str, Bools], rng: np.random.Generator
) -> Integers:
    """Draw monthly charges in price steps: the list price, each service a bit off it."""
    taken = {name: _evaluate(term, columns=traits) for name, term in SERVICES.items()}
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


def add_terms(terms: Mapping[str, float], *, columns: Mapping[str, NDArray], size: int) -> Floats:
    """Add up coefficient times term, for `size` customers."""
    total = np.zeros(size)
    for term, coefficient in terms.items():
        total += coefficient * _evaluate(term, columns=columns)
    return total


def _evaluate(term: str, *, columns: Mapping[str, NDArray]) -> NDArray:
    """Multiply the factors of a term such as `fiber x not lines`."""
    product: NDArray | None = None
    for name, negated in _factors(term):
        values = ~columns[name] if negated else columns[name]
        product = values if product is None else product * values
    assert product is not None  # a term has a factor
    return product


def _factors(term: str) -> list[tuple[str, bool]]:
    """Split a term into names, each with whether `not` stands before it."""
    factors = [factor.strip() for factor in term.split(" x ")] if term else []
    return [(factor.removeprefix("not "), factor.startswith("not ")) for factor in factors]


def _check_term(term: str, *, known: set[str], where: str) -> None:
    for name, negated in _factors(term):
        if name not in known:
            raise ValueError(f"{where}: '{name}' is not known here; known: {sorted(known)}")
        if negated and name in TENURE_TERMS:
            raise ValueError(f"{where}: '{term}': 'not' stands before traits only")


def _check_names(given: Mapping[str, object], *, expected: Mapping[str, str] | tuple) -> None:
    if missing := [name for name in expected if name not in given]:
        raise ValueError(f"missing: {', '.join(missing)}")
    if unknown := [name for name in given if name not in expected]:
        raise ValueError(f"unknown: {', '.join(unknown)}; expected: {', '.join(expected)}")


def _in_one_line(problem: Mapping) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
