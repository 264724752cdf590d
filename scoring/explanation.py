"""Why the model says what it says of one customer: contributions that add up, in plain words.

Needs NumPy and ONNX Runtime alone, and nothing but the bundle: the service explains with it.

The players are the columns of the schema; derived features follow from them. A contribution is a
permutation Shapley value on the log-odds (Štrumbelj & Kononenko 2014, Knowl. Inf. Syst. 41) against
the background customers of the bundle: on the way from a background customer to the one in
question the columns are changed one by one, in an order drawn by chance and then backwards
(antithetic, Mitchell et al. 2022, JMLR 23), and each change of log-odds is credited to its column.
Every way starts at a background customer and ends at this one, so the contributions add up to the
prediction by construction, however few orders are drawn; only how they are split is an estimate.
What a total value contributes is what it says beyond tenure × monthly value (`scoring.mixed`).

A contribution says what the model made of a column, not what causes a customer to leave.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.bundle import BACKGROUND, MODEL, SCHEMA_FILE, Scorer
from scoring.derive import MISSING, RawInputs, raw_inputs, with_derived
from scoring.mixed import bill, mixed
from scoring.probability import log_odds
from scoring.schema import Column, Schema, parse_schema

Floats = NDArray[np.float64]
Columns = Mapping[str, Any]  # of each input of the schema n values

STEPS = 1_600  # changes of one column per customer: what an explanation may cost
FEWEST_ROWS = 4  # background customers where a schema is so wide that `STEPS` allows for fewer
CELLS = 1_000_000  # values scored at a time: bounds the memory of a batch
ORDER_SEED = 20  # of the orders; fixed, so that a bundle always gives the same answer
PLURAL = re.compile("[a-z]{3,}s")  # of a unit, such as months, calls
NOTABLE = 0.05  # log-odds that a reason must contribute: about one point at a probability of 0.3


@dataclass(frozen=True)
class Contributions:
    """What each column contributes to the log-odds of n customers.

    `base + values.sum(axis=1)` are the log-odds of the prediction. `names` (k) are the input
    columns in the schema's order; `values` is (n, k); `base` the mean log-odds of the background
    customers; `typical` the median of each numeric column over the train customers, and the value
    that more than half of the background customers have in a category; None where there is none.
    """

    names: list[str]
    values: Floats
    base: float
    typical: Mapping[str, Any]


@dataclass(frozen=True)
class Explainer:
    """A model with the background customers that its predictions are explained against.

    `orders` (rows, ways, k) holds the orders in which columns are changed, for each background
    customer; `start` (rows,) the log-odds of the background customers.
    """

    schema: Schema
    scorer: Scorer
    background: RawInputs
    orders: NDArray[np.int64]
    start: Floats
    typical: Mapping[str, Any]

    def contributions(self, columns: Columns) -> Contributions:
        """Contributions of raw columns, each with n values, as `derive` takes them.

        `KeyError` where a column of the schema is missing.
        """
        customers = raw_inputs(columns, self.schema)
        size = max(1, CELLS // (self.orders.size * len(self.schema.inputs)))
        starts = range(0, len(customers.numbers), size)
        parts = [self._split(_rows(customers, slice(i, i + size))) for i in starts]
        return Contributions(
            names=[column.name for column in self.schema.inputs],
            values=np.concatenate([np.empty((0, len(self.schema.inputs))), *parts]),
            base=float(self.start.mean()),
            typical=self.typical,
        )

    def _split(self, customers: RawInputs) -> Floats:
        """Contributions (n, k) of a few customers, all ways scored at once."""
        differs = self._differs(customers)[:, :, None, :]
        # A step that changes nothing costs nothing: the customer shares that value.
        changes = np.take_along_axis(differs, self.orders[None], axis=3)
        who, row, way, step = np.nonzero(changes)
        reached = self._log_odds(customers, who, row, way, step)
        ways = np.stack([who, row, way])
        is_first = np.append(True, (np.diff(ways) != 0).any(axis=0))[: len(who)]
        is_last = np.append(is_first[1:], True)[: len(who)]
        reached[is_last] = self._alone(customers)[who[is_last]]
        before = np.where(is_first, self.start[row], np.roll(reached, 1))
        n, k = len(customers.numbers), self.orders.shape[2]
        cell = who * k + self.orders[row, way, step]
        total = np.bincount(cell, weights=reached - before, minlength=n * k)
        return total.reshape(n, k) / (self.orders.size / k)

    def _alone(self, customers: RawInputs) -> Floats:
        """Log-odds (n,) of customers, each asked about alone, as in a single prediction.

        The last digit of a float32 depends on the company, and at a probability of 1e-4 it is seen
        in the log-odds.
        """
        rows = (_rows(customers, slice(i, i + 1)) for i in range(len(customers.numbers)))
        return np.array([_log_odds_of(one, self.schema, self.scorer)[0] for one in rows])

    def _differs(self, customers: RawInputs) -> NDArray[np.bool_]:
        """Whether customer and background customer differ in a column: (n, rows, k)."""
        numeric = [column.is_numeric for column in self.schema.inputs]
        one, other = customers.numbers[:, None], self.background.numbers[None]
        differs = np.empty((len(one), other.shape[1], len(numeric)), bool)
        differs[..., np.array(numeric)] = (one != other) & ~(np.isnan(one) & np.isnan(other))
        differs[..., ~np.array(numeric)] = customers.labels[:, None] != self.background.labels
        return differs

    def _log_odds(self, customers: RawInputs, who: Any, row: Any, way: Any, step: Any) -> Floats:
        """Log-odds (m,) of m points on the ways: `step` columns after the first are changed."""
        place = np.argsort(self.orders, axis=2)  # of each column, in its order
        changed = place[row, way] <= step[:, None]
        points = mixed(_rows(self.background, row), _rows(customers, who), changed, self.schema)
        return _log_odds_of(points, self.schema, self.scorer)


def load_explainer(bundle: Path) -> Explainer:
    """The explainer of a champion bundle."""
    schema = parse_schema(_json(bundle / SCHEMA_FILE), origin=SCHEMA_FILE)
    return make_explainer(schema, Scorer((bundle / MODEL).read_bytes()), _json(bundle / BACKGROUND))


def make_explainer(schema: Schema, scorer: Scorer, content: Mapping[str, Any]) -> Explainer:
    """An explainer of a model, against the content of the bundle's background file."""
    k, numeric = len(schema.inputs), [column.name for column in schema.numeric_inputs]
    numbers = np.array(content["numeric"], dtype=np.float64)[:, : len(numeric)]
    everybody = RawInputs(numbers, np.array(content["category"], dtype=object))
    orders = _orders(len(numbers), k)
    chosen = np.linspace(0, len(numbers) - 1, len(orders)).astype(int)
    background = _rows(everybody, chosen)
    return Explainer(
        schema=schema,
        scorer=scorer,
        background=background,
        orders=orders,
        start=_log_odds_of(background, schema, scorer),
        # derived features follow the numeric columns
        typical=dict(zip(numeric, content["typical"], strict=False)) | _usual(everybody, schema),
    )


def _usual(customers: RawInputs, schema: Schema) -> dict[str, str | None]:
    """The value of each category that more than half of these customers have, None without one."""
    found: dict[str, str | None] = {}
    for i, column in enumerate(schema.category_inputs):
        values, counts = np.unique(customers.labels[:, i].astype(str), return_counts=True)
        most = int(counts.argmax()) if len(counts) else 0
        is_usual = len(counts) and 2 * counts[most] > counts.sum() and values[most] != MISSING
        found[column.name] = str(values[most]) if is_usual else None
    return found


def reasons(
    contributions: Contributions, columns: Columns, schema: Schema, *, count: int = 3
) -> list[list[str]]:
    """What raises each customer's risk, strongest first, at most `count`, a sentence each.

    A sensitive column is never named as a reason to contact somebody. It may still have
    contributed, and others may stand in for it: the report says how groups are treated.
    """
    known = raw_inputs(columns, schema)
    named = [i for i, column in enumerate(schema.inputs) if "sensitive" not in column.roles]
    words = []
    for customer, own in enumerate(contributions.values):
        order = sorted(named, key=lambda i: -own[i])
        raising = [schema.inputs[i] for i in order if own[i] >= NOTABLE][:count]
        of_one = _rows(known, slice(customer, customer + 1))
        words.append([_in_words(c, of_one, schema, contributions.typical) for c in raising])
    return words


def title(column: Column) -> str:
    """What people call a column: its description up to a semicolon, else its name."""
    return column.description.split(";")[0].strip() or column.name


def _in_words(column: Column, one: RawInputs, schema: Schema, typical: Mapping[str, Any]) -> str:
    """A sentence: the column, its value, and what is unusual about it."""
    value, usual = _value(column, one, schema), typical.get(column.name)
    if value is None:
        return f"{title(column)}: not known."
    if not column.is_numeric:
        most = f", where most customers have {usual}" if usual not in (None, value) else ""
        return f"{title(column)}: {value}{most}."
    compared = _compared(value, one, column, schema, usual)
    return f"{title(column)}: {_quantity(value, column)}{compared}."


def _compared(
    value: float, one: RawInputs, column: Column, schema: Schema, usual: float | None
) -> str:
    """Whether a number is low or high: a total against what today's value would have made of it."""
    places = bill(schema)
    if "total_value" in column.roles and places and places.monthly is not None:
        expected = float(places.expected(one.numbers)[0])
        words = f"{_quantity(expected, column)} that today's monthly value would have made"
    elif usual is not None:
        expected, words = usual, f"typical {_quantity(usual, column)}"
    else:
        return ""
    if np.isnan(expected) or _number(value) == _number(expected):
        return ""
    return f", {'below' if value < expected else 'above'} the {words}"


def _quantity(value: float, column: Column) -> str:
    """A number with its unit, `1 month` and `2 months`."""
    return f"{_number(value)} {unit_of(_number(value), column)}".rstrip()


def unit_of(number: str, column: Column) -> str:
    """The unit of a column after a number as it is shown; "" where it has none."""
    unit = column.unit or ""
    return unit.removesuffix("s") if number == "1" and PLURAL.fullmatch(unit) else unit


def _number(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _value(column: Column, one: RawInputs, schema: Schema) -> Any:
    """The value of one customer, None where it is absent."""
    if column.is_numeric:
        value = one.numbers[0, schema.numeric_inputs.index(column)]
        return None if np.isnan(value) else value
    label = one.labels[0, schema.category_inputs.index(column)]
    return None if label == MISSING else label


def _orders(rows: int, k: int) -> NDArray[np.int64]:
    """Orders of k columns, each followed by its reverse: (rows, ways, k), within `STEPS` steps.

    A wide schema is explained against fewer of the background customers, a narrow one along more
    ways.
    """
    used = min(rows, max(FEWEST_ROWS, STEPS // (2 * k)))
    pairs = max(1, STEPS // (2 * k * used))
    rng = np.random.default_rng(ORDER_SEED)
    forward = rng.permuted(np.tile(np.arange(k), (used, pairs, 1)), axis=2)
    return np.concatenate([forward, forward[..., ::-1]], axis=1)


def _log_odds_of(known: RawInputs, schema: Schema, scorer: Scorer) -> Floats:
    return log_odds(scorer.probability(with_derived(known, schema)))


def _rows(known: RawInputs, chosen: Any) -> RawInputs:
    return RawInputs(known.numbers[chosen], known.labels[chosen])


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
