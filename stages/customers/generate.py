"""The embedded data source: a simulated base of telecom subscribers.

The table has the columns of IBM's Telco Customer Churn. The base is a fixed number of places, each
held by one living customer. At the first snapshot (month 0) every place is given a customer of some
tenure, whose traits depend on that tenure. Then time passes in months: a customer leaves when the
hazard they were exposed to reaches their patience, a unit exponential (the inverse transform of the
survival function, one draw per customer), and a newcomer takes the place. The hazard is a function
of published columns only, hence the probability of leaving within the window is known exactly: it
is handed out beside the table as the oracle, never inside it.

Randomness: places are drawn in blocks of `BLOCK`, always in full, each from a child of the seed
that is named after month and block. So the same population, rows, seed and month give the same
bytes whatever `chunk_rows` is, and asking for more rows leaves the earlier ones as they were.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.customers.population import (
    Bools,
    Floats,
    Integers,
    Population,
    Prices,
    add_terms,
    draw_charges,
    draw_traits,
    load_population,
    reference_exposure,
    tenure_shares,
)

__all__ = ["BLOCK", "COLUMNS", "Chunk", "Population", "load_population", "simulate"]

BLOCK = 8192
MAX_ROWS = 10**8
MAX_MONTH = 600
LETTERS, DIGITS = 26**5, 10**4  # a customerID is four digits, a dash and five letters

COLUMNS = [
    "customerID", "gender", "SeniorCitizen", "Partner", "Dependents", "tenure", "PhoneService",
    "MultipleLines", "InternetService", "OnlineSecurity", "OnlineBackup", "DeviceProtection",
    "TechSupport", "StreamingTV", "StreamingMovies", "Contract", "PaperlessBilling",
    "PaymentMethod", "MonthlyCharges", "TotalCharges", "Churn",
]  # fmt: skip
ADD_ONS = {
    "OnlineSecurity": "security",
    "OnlineBackup": "backup",
    "DeviceProtection": "protection",
    "TechSupport": "support",
    "StreamingTV": "tv",
    "StreamingMovies": "movies",
}

# One entry per place under each name: the traits of the population, and
#   tenure    months billed
#   charge    monthly charge in price steps
#   usage     standard normal: how far the sum of the bills is off charge times tenure
#   patience  hazard the customer can still be exposed to before leaving
#   risk      hazard relative to the reference customer of the same contract and tenure
#   number    unique per customer: month of joining times MAX_ROWS plus place
Block = dict[str, NDArray]


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows: the published table and, row by row, the oracle.

    `customers` has `COLUMNS`; TotalCharges is NaN where tenure is 0. `oracle` has customerID and
    churn_probability, the probability of Churn "Yes" given the published columns.
    """

    customers: pd.DataFrame
    oracle: pd.DataFrame


def simulate(
    population: Population,
    *,
    rows: int,
    seed: int,
    snapshot_month: int = 0,
    chunk_rows: int = 100_000,
) -> Iterator[Chunk]:
    """Draw the `rows` customers living at a snapshot, in chunks of `chunk_rows` rows.

    `snapshot_month` counts months since the first snapshot. Who lives in two snapshots has the same
    row, identity and traits in both, a tenure longer by the months between them and a higher total.
    Churn says whether they leave within `population.hazard.window` months after the snapshot.
    Memory grows with `chunk_rows` only, time with rows and months.

    Raises ValueError when an argument is out of range.
    """
    _check_range("rows", rows, low=1, high=MAX_ROWS)
    _check_range("seed", seed, low=0, high=2**64 - 1)
    _check_range("snapshot_month", snapshot_month, low=0, high=MAX_MONTH)
    _check_range("chunk_rows", chunk_rows, low=1, high=MAX_ROWS)
    world = _World(population, seed=seed, snapshot_month=snapshot_month)
    return _regroup(world.publish(rows), chunk_rows=chunk_rows)


class _World:
    """What one seed makes of a population, up to one month."""

    def __init__(self, population: Population, *, seed: int, snapshot_month: int) -> None:
        self.population = population
        self.seed = seed
        self.month = snapshot_month
        self.tenures, self.shares = tenure_shares(population.tenure)
        longest = int(self.tenures[-1]) + snapshot_month + population.hazard.window
        self.exposure = reference_exposure(population.hazard, months=longest)

    def publish(self, rows: int) -> Iterator[Chunk]:
        """Publish block after block, the last one cut to the rows asked for."""
        for index in range(-(-rows // BLOCK)):
            block = self._first_month(index)
            for month in range(1, self.month + 1):
                block = self._one_month_later(block, month=month, index=index)
            yield self._chunk(block, rows=min(BLOCK, rows - index * BLOCK))

    def _first_month(self, index: int) -> Block:
        rng = self._rng(month=0, index=index)
        tenure = rng.choice(self.tenures, size=BLOCK, p=self.shares)
        return self._draw(tenure, number=index * BLOCK + np.arange(BLOCK), kept={}, rng=rng)

    def _one_month_later(self, block: Block, *, month: int, index: int) -> Block:
        """Let everybody live a month; newcomers, billed once, take the places of who left."""
        patience = block["patience"] - self._hazard(block, months=1)
        left = np.flatnonzero(patience <= 0)
        newcomers = self._draw(
            np.ones(len(left), dtype=np.int64),
            number=month * MAX_ROWS + index * BLOCK + left,
            kept={name: block[name][left] for name in self.population.stays},
            rng=self._rng(month=month, index=index),
        )
        later = block | {"patience": patience, "tenure": block["tenure"] + 1}
        return {name: _put(values, left, newcomers[name]) for name, values in later.items()}

    def _draw(
        self,
        tenure: Integers,
        *,
        number: Integers,
        kept: dict[str, Bools],
        rng: np.random.Generator,
    ) -> Block:
        size = len(tenure)
        described = self.population
        traits = draw_traits(described.traits, tenure=tenure, kept=kept, rng=rng)
        return traits | {
            "tenure": np.where(traits["awaiting"], 0, tenure),
            "charge": draw_charges(described.prices, traits=traits, rng=rng),
            "usage": rng.standard_normal(size),
            "patience": rng.standard_exponential(size),
            "risk": np.exp(add_terms(described.hazard.terms, columns=traits, size=size)),
            "number": number,
        }

    def _hazard(self, block: Block, *, months: int) -> Floats:
        """Hazard that each customer is exposed to within the next `months` months."""
        contract, tenure = _contract(block), block["tenure"]
        exposure = self.exposure[contract, tenure + months] - self.exposure[contract, tenure]
        return block["risk"] * exposure

    def _chunk(self, block: Block, *, rows: int) -> Chunk:
        block = {name: values[:rows] for name, values in block.items()}
        hazard = self._hazard(block, months=self.population.hazard.window)
        identity = _customer_ids(block["number"], seed=self.seed)
        leaves = {"Churn": _words(block["patience"] <= hazard, "No", "Yes")}
        columns = {"customerID": identity} | leaves
        columns |= _household(block) | _services(block) | _account(block)
        columns |= _bills(block, prices=self.population.prices)
        oracle = pd.DataFrame({"customerID": identity, "churn_probability": -np.expm1(-hazard)})
        return Chunk(customers=pd.DataFrame(columns, columns=COLUMNS), oracle=oracle)

    def _rng(self, *, month: int, index: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(month, index)))


def _check_range(name: str, value: int, *, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name}: {value} is not between {low} and {high}")


def _regroup(blocks: Iterator[Chunk], *, chunk_rows: int) -> Iterator[Chunk]:
    """Yield the same rows in chunks of `chunk_rows`, of which the last may be shorter."""
    held: list[Chunk] = []
    missing = chunk_rows
    for block in blocks:
        start, size = 0, len(block.oracle)
        while start < size:
            stop = min(start + missing, size)
            held.append(Chunk(block.customers[start:stop], block.oracle[start:stop]))
            missing -= stop - start
            start = stop
            if missing == 0:
                yield _join(held)
                held, missing = [], chunk_rows
    if held:
        yield _join(held)


def _join(parts: list[Chunk]) -> Chunk:
    return Chunk(
        customers=pd.concat([part.customers for part in parts], ignore_index=True),
        oracle=pd.concat([part.oracle for part in parts], ignore_index=True),
    )


def _put(values: NDArray, places: Integers, new: NDArray) -> NDArray:
    changed = values.copy()
    changed[places] = new
    return changed


def _words(which: NDArray, *words: str) -> NDArray:
    """Look up a word by number (or by no, yes), for every entry of `which`."""
    return np.array(words, dtype=object)[which.astype(np.int64)]


def _contract(block: Block) -> Integers:
    return block["committed"].astype(np.int64) + block["two_year"]


def _household(block: Block) -> dict[str, NDArray]:
    return {
        "gender": _words(block["female"], "Male", "Female"),
        "SeniorCitizen": _words(block["senior"], "0", "1"),
        "Partner": _words(block["partner"], "No", "Yes"),
        "Dependents": _words(block["dependents"], "No", "Yes"),
    }


def _services(block: Block) -> dict[str, NDArray]:
    online = block["internet"].astype(np.int64)
    lines = np.where(block["data_only"], 2, block["lines"])
    return {
        "PhoneService": _words(block["data_only"], "Yes", "No"),
        "MultipleLines": _words(lines, "No", "Yes", "No phone service"),
        "InternetService": _words(online + block["fiber"], "No", "DSL", "Fiber optic"),
    } | {
        column: _words(online + block[name], "No internet service", "No", "Yes")
        for column, name in ADD_ONS.items()
    }


def _account(block: Block) -> dict[str, NDArray]:
    how = [block["electronic"], block["mailed"], block["card"]]
    means = ("Electronic check", "Mailed check", "Credit card (automatic)")
    return {
        "Contract": _words(_contract(block), "Month-to-month", "One year", "Two year"),
        "PaperlessBilling": _words(block["paperless"], "No", "Yes"),
        "PaymentMethod": _words(
            np.select(how, [0, 1, 2], default=3), *means, "Bank transfer (automatic)"
        ),
    }


def _bills(block: Block, *, prices: Prices) -> dict[str, NDArray]:
    """Write tenure and what is billed per month and was billed in total.

    The total is NaN before the first bill and exact at the first; from then on its standard
    deviation grows with the root of charge times months. No later bill is below half of the price,
    so that totals grow from month to month.
    """
    tenure, charge = block["tenure"], block["charge"] * prices.step
    more = np.maximum(tenure - 1, 0)
    deviation = prices.usage * np.sqrt(charge * (more + 0.5)) * block["usage"]
    total = charge + np.where(more > 0, np.maximum(charge * more + deviation, charge * more / 2), 0)
    return {
        "tenure": tenure,
        "MonthlyCharges": _money(block["charge"], step=prices.step),
        "TotalCharges": np.where(tenure > 0, _money(total / prices.step, step=prices.step), np.nan),
    }


def _money(steps: NDArray, *, step: float) -> Floats:
    """Amounts as a CSV would hold them: whole steps, and the float nearest to the decimal."""
    return np.round(np.rint(steps) * step, 2)


def _customer_ids(number: Integers, *, seed: int) -> NDArray:
    """Identities that look drawn by lot and differ whenever the numbers do.

    A Feistel network over (letters, digits): every round adds to one part a hash of the other,
    which can be undone, so no two numbers below LETTERS * DIGITS share an identity.
    """
    letters, digits = np.divmod(number.astype(np.uint64), np.uint64(DIGITS))
    keys = np.random.SeedSequence(seed, spawn_key=(0,)).generate_state(4, np.uint64)
    for one, other in keys.reshape(2, 2):
        digits = (digits + _hash(letters, key=one)) % np.uint64(DIGITS)
        letters = (letters + _hash(digits, key=other)) % np.uint64(LETTERS)
    return _spell(letters=letters, digits=digits)


def _hash(values: NDArray[np.uint64], *, key: np.uint64) -> NDArray[np.uint64]:
    """Mix 64 bits down to 32, with the constants of splitmix64 (Steele et al., 2014)."""
    mixed = values + key
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed >> np.uint64(32)


def _spell(*, letters: NDArray[np.uint64], digits: NDArray[np.uint64]) -> NDArray:
    """Write text such as 7590-VHVEG."""
    text = np.empty((len(digits), 10), dtype=np.uint32)
    for place in range(4):
        text[:, 3 - place] = ord("0") + digits // np.uint64(10**place) % np.uint64(10)
    text[:, 4] = ord("-")
    for place in range(5):
        text[:, 9 - place] = ord("A") + letters // np.uint64(26**place) % np.uint64(26)
    return text.view("<U10").ravel().astype(object)
