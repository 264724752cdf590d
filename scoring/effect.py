"""What a contact changes, as a campaign showed: the `effect` of a bundle. NumPy and ONNX Runtime.

Without an effect a contact is expected to keep the assumed share of leavers (`scoring.money`). With
one, each customer has a reduction of the probability of leaving: a share of the risk, or what a
graph says, which may be negative. A customer is then contacted where that pays.

    effect of bundle.json   policy, offers, level and share or the columns that the graph takes,
                            the relative error, and which campaign it is from
    effect.onnx             `customers` (n, p + 1) float32, those columns and the risk, to
                            `reduction` (n, k), per offer
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from scoring.bundle import open_session
from scoring.derive import MISSING, RawInputs
from scoring.errors import UserError
from scoring.money import Costs
from scoring.schema import Column, Schema

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Floats = NDArray[np.float64]
Group = Literal["persuadable", "sure_to_stay", "lost", "better_left_alone"]
GROUPS: tuple[Group, ...] = get_args(Group)
CUSTOMERS, REDUCTION = "customers", "reduction"  # input and output of the graph
HARM = 0.01  # a contact that adds this to the probability of leaving does harm
LEAST_WEIGHT = 0.1  # customers that the least certain share is worth
LIKELY = 0.5  # probability of leaving from which on a customer counts as lost


class EffectColumns(NamedTuple):
    """The columns of a graph: numbers first, then 0 or 1 for each category and label.

    By name as in `bundle.json`: `numeric` (a,), `category` (b,) pairs of column and label.
    """

    numeric: tuple[str, ...]
    category: tuple[tuple[str, str], ...]

    def matrix(self, known: RawInputs, schema: Schema, *, coded: bool = False) -> Floats:
        """The columns (n, a + b) of n customers; their labels may be codes (`scoring.batch`)."""
        numbers = [place_of(schema.numeric_inputs, name) for name in self.numeric]
        places = [place_of(schema.category_inputs, name) for name, _ in self.category]
        labels: Any = [label for _, label in self.category]
        if coded:
            columns = [schema.category_inputs[place] for place in places]
            pairs = zip(columns, labels, strict=True)
            labels = [_code(column, label) for column, label in pairs]
        is_so = known.labels[:, places] == np.array(labels, known.labels.dtype)
        return np.column_stack([known.numbers[:, numbers], is_so.astype(np.float64)])


def place_of(columns: Sequence[Column], name: str) -> int:
    """Where a column stands among some; `UserError` where it does not."""
    for place, column in enumerate(columns):
        if column.name == name:
            return place
    raise UserError(f"effect: column {name}: not among the model's inputs; adopt a campaign again")


@dataclass(frozen=True)
class Effect:
    """What each of k offers takes off the probability of leaving.

    offers   names (k,)
    level    of the probability of leaving if left alone, against the predicted one
    share    (k,) of that probability; empty where a graph says it
    columns  what the graph takes, apart from the risk
    groups   whether the campaign showed that the effect differs between customers
    error    standard error of the mean reduction of those contacted, relative to it
    coded    whether labels are codes
    """

    offers: tuple[str, ...]
    level: float
    share: Floats
    columns: EffectColumns | None
    groups: bool
    error: float
    schema: Schema
    session: InferenceSession | None = None
    coded: bool = False

    @classmethod
    def of(cls, content: Mapping[str, Any], schema: Schema, graph: bytes | None) -> Effect:
        """The effect from `bundle.json` and its graph.

        `UserError` where a column is not in the schema.
        """
        columns = None
        if graph is not None:
            pairs = tuple((name, label) for name, label in content["columns"]["category"])
            columns = EffectColumns(tuple(content["columns"]["numeric"]), pairs)
        made = cls(
            offers=tuple(content["offers"]),
            level=float(content["level"]),
            share=np.array(content["share"] or [], np.float64),
            columns=columns,
            groups=bool(content["groups"]),
            error=float(content["error"]),
            schema=schema,
            session=None if graph is None else open_session(graph),
        )
        made.reduction(np.array([0.5]), _nobody(schema))  # tried once
        return made

    def by_code(self) -> Effect:
        """The same, for labels that are codes."""
        return replace(self, coded=True)

    def untreated(self, probability: Floats) -> Floats:
        """Probability of leaving if left alone (n,), from the predicted one."""
        return untreated(probability, level=self.level)

    def reduction(self, probability: Floats, known: RawInputs) -> Floats:
        """What each offer takes off the probability of leaving (n, k).

        `ValueError` where the graph does not answer with a finite number for each.
        """
        if self.session is None or self.columns is None:
            return self.untreated(probability)[:, None] * self.share
        inputs = self.columns.matrix(known, self.schema, coded=self.coded)
        return run_graph(self.session, np.column_stack([inputs, probability]), len(self.offers))


def untreated(probability: Floats, *, level: float) -> Floats:
    """Probability of leaving if left alone (n,): the predicted one at the level of a campaign."""
    return np.clip(level * probability, 0, 1)


def as_sure(costs: Costs, *, error: float) -> Costs:
    """Costs whose share that accepts is as uncertain as a mean effect of that relative error."""
    mean = costs.accept_rate
    weight = max((1 - mean) / (mean * max(error, 1e-3) ** 2) - 1, LEAST_WEIGHT)
    return replace(costs, accept_alpha=mean * weight, accept_beta=(1 - mean) * weight)


def run_graph(session: InferenceSession, customers: Floats, offers: int) -> Floats:
    """Reductions (n, k) of customers (n, p + 1) by a graph."""
    (found,) = session.run([REDUCTION], {CUSTOMERS: customers.astype(np.float32)})
    if found.shape != (len(customers), offers) or not np.isfinite(found).all():
        raise ValueError("the effect is not a number for each customer and offer")
    return found.astype(np.float64)


def groups_of(untreated: Floats, reduction: Floats, pays: NDArray[np.bool_]) -> NDArray[np.int8]:
    """The place in `GROUPS` (n,) of each customer, from whether a contact pays.

    Persuadable: a contact pays. Of the others: better left alone where it adds `HARM` or more to
    the probability of leaving; lost where they leave rather than stay; else sure to stay.
    """
    rest = np.where(untreated >= LIKELY, GROUPS.index("lost"), GROUPS.index("sure_to_stay"))
    rest = np.where(reduction <= -HARM, GROUPS.index("better_left_alone"), rest)
    return np.where(pays, GROUPS.index("persuadable"), rest).astype(np.int8)


def _code(column: Column, label: str) -> int:
    return (*column.labels, MISSING).index(label)


def _nobody(schema: Schema) -> RawInputs:
    """A customer of whom nothing is known."""
    labels = np.full((1, len(schema.category_inputs)), MISSING, dtype=object)
    return RawInputs(np.full((1, len(schema.numeric_inputs)), np.nan), labels)
