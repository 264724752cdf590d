"""The language of a described population: numbers, traits, and terms over them.

A term is a product of factors joined by " x "; "not" may stand before a trait.
"""

from collections.abc import Callable, Mapping
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

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
# Those that never change while somebody is a customer: who awaits a bill no longer does a month on.
LASTING = set(TRAITS) - {"awaiting"}

Number = Annotated[float, Field(allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


Term = Annotated[str, Field(min_length=1)]


class Described(BaseModel):
    """A part of the description: no entry unknown, none changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Trait(Described):
    """Log-odds of yes: `base`, and what each term adds."""

    base: Number
    terms: dict[str, Number] = {}


def add_terms(terms: Mapping[str, float], *, columns: Mapping[str, NDArray], size: int) -> Floats:
    """Add up coefficient times term, for `size` customers."""
    total = np.zeros(size)
    for term, coefficient in terms.items():
        total += coefficient * evaluate(term, columns=columns)
    return total


def evaluate(term: str, *, columns: Mapping[str, NDArray]) -> NDArray:
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


def check_term(term: str, *, known: set[str], where: str) -> None:
    """`ValueError` where a factor of the term is not known at that place of the description."""
    for name, negated in _factors(term):
        if name not in known:
            raise ValueError(f"{where}: '{name}' is not known here; known: {sorted(known)}")
        if negated and name in TENURE_TERMS:
            raise ValueError(f"{where}: '{term}': 'not' stands before traits only")


def check_names(given: Mapping[str, object], *, expected: Mapping[str, str] | tuple) -> None:
    """`ValueError` where a name is missing or unknown."""
    if missing := [name for name in expected if name not in given]:
        raise ValueError(f"missing: {', '.join(missing)}")
    if unknown := [name for name in given if name not in expected]:
        raise ValueError(f"unknown: {', '.join(unknown)}; expected: {', '.join(expected)}")
