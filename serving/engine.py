"""From rows to answers: which bundle, which tier, which decision."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import money
from scoring.bundle import TIERS
from scoring.decision import contacts
from scoring.derive import MISSING, Inputs, RawInputs, raw_inputs, with_derived
from scoring.loading import Bundle, Floats, checked
from scoring.schema import OTHER, Schema
from serving.guard import Guard, Overdue
from serving.requests import Row

CHAMPION, CHALLENGER = VARIANTS = ("champion", "challenger")
REASONS = ("missing", "error", "timeout", "low_confidence")
ROWS_PER_LIMIT = 1_000
PLACES = 2**32

Mask = NDArray[np.bool_]
Step = tuple[str, "Side", str, Mask | None]  # variant, bundle, tier, and for whom (None: all)


@dataclass(frozen=True)
class Fallen:
    """Customers that a tier of a bundle did not answer, and why."""

    variant: str
    tier: str
    reason: str
    customers: int


@dataclass(frozen=True)
class Answers:
    """What is said of n customers, by column; `profit` is None without a monthly value.

    `models` has name and version of whoever answered, by variant.
    """

    probability: Floats
    profit: Floats | None
    contact: Mask
    tiers: list[str]
    variants: list[str]
    fallen: list[Fallen]
    models: dict[str, tuple[str, str]]


class Side:
    """A bundle that answers: its models behind time limits, and its terms."""

    def __init__(self, bundle: Bundle, *, seconds: float) -> None:
        self.bundle, self._seconds = bundle, seconds
        self._guards = {tier: Guard() for tier in TIERS[:2] if tier in bundle.models}
        self._costs = money.Costs(**bundle.manifest["costs"])
        fee = bundle.schema.role("monthly_value")
        self._fee = bundle.schema.numeric_inputs.index(fee) if fee else None
        self._threshold = None if fee else float(bundle.manifest["threshold"])

    def probability(self, tier: str, inputs: Inputs) -> tuple[Floats | None, str]:
        """Probabilities (n,) by the model of a tier, or None and the reason why not."""
        try:
            return self._scored(tier, inputs), ""
        except KeyError:
            return None, "missing"
        except Overdue:
            return None, "timeout"
        except Exception:
            return None, "error"  # whatever a runtime raises, the next tier answers

    def _scored(self, tier: str, inputs: Inputs) -> Floats:
        model, n = self.bundle.models[tier], len(inputs.numeric)
        if tier not in self._guards:
            return checked(model.probability(inputs), n)
        seconds = self._seconds * max(1.0, n / ROWS_PER_LIMIT)
        return checked(self._guards[tier](model.probability, inputs, seconds=seconds), n)

    def terms(self, probability: Floats, known: RawInputs) -> tuple[Floats | None, Mask]:
        """Expected profit of a contact (n,), and whether it pays."""
        fees = None if self._fee is None else known.numbers[:, self._fee]
        value = money.customer_value(fees, len(probability), self._costs)
        chosen = contacts(probability, value, self._costs, threshold=self._threshold)
        if fees is None:
            return None, chosen
        return money.expected_profit(probability, value, self._costs), chosen


@dataclass
class Engine:
    """The bundles that answer. `champion` and `challenger` may be replaced at any time."""

    champion: Side
    challenger: Side | None = None
    share: float = 0.0
    shadow: bool = False
    max_unknown: int | None = None

    @property
    def schema(self) -> Schema:
        """The schema that requests are made of."""
        return self.champion.bundle.schema

    def answer(self, rows: Sequence[Row], ids: Sequence[str | None]) -> Answers:
        """The answers to n customers."""
        known = self.raw_inputs(rows)
        doubtful = self._doubtful(known)
        steps = self._steps(ids, doubtful)
        return self._climb(known, steps, _doubted(doubtful))

    def shadowed(self, rows: Sequence[Row]) -> Answers | None:
        """What the challenger would say of those of its share; None where it cannot."""
        side = self.challenger
        if side is None or not rows:
            return None
        step = (CHALLENGER, side, TIERS[0], np.ones(len(rows), dtype=bool))
        answers = self._climb(self.raw_inputs(rows), [step], [])
        return None if answers.fallen else answers

    def chosen(self, ids: Sequence[str | None]) -> Mask:
        """Whether each customer (n,) is of the challenger's share: by id, nobody without one."""
        return np.array([i is not None and place(i) < self.share for i in ids], dtype=bool)

    def raw_inputs(self, rows: Sequence[Row]) -> RawInputs:
        """The rows of a request as features are computed from them."""
        return raw_inputs(
            {c.name: [row[c.name] for row in rows] for c in self.schema.inputs}, self.schema
        )

    def _steps(self, ids: Sequence[str | None], doubtful: Mask | None) -> Iterator[Step]:
        """Who is tried in turn, and for whom: nobody twice."""
        sure = None if doubtful is None else ~doubtful
        if self.challenger is not None and not self.shadow and self.share:
            chosen = self.chosen(ids)
            yield CHALLENGER, self.challenger, TIERS[0], chosen if sure is None else chosen & sure
        champion = self.champion
        yield CHAMPION, champion, TIERS[0], sure
        for tier in TIERS[1:]:
            yield CHAMPION, champion, tier, None

    def _climb(self, known: RawInputs, steps: Iterable[Step], fallen: list[Fallen]) -> Answers:
        """Everybody is answered by the first step that is meant for them and can."""
        inputs, n = with_derived(known, self.schema), len(known.numbers)
        waiting = np.ones(n, dtype=bool)
        probability, profit = np.full(n, np.nan), np.full(n, np.nan)
        contact, tiers, variants = np.zeros(n, dtype=bool), [""] * n, [""] * n
        models = {}
        for variant, side, tier, mine in steps:
            take = waiting if mine is None else waiting & mine
            rows = np.flatnonzero(take)
            if not len(rows):
                continue
            everybody = len(rows) == n
            scored, reason = side.probability(tier, inputs if everybody else _some(inputs, rows))
            if scored is None:
                fallen.append(Fallen(variant, tier, reason, len(rows)))
                continue
            earned, contact[rows] = side.terms(scored, known if everybody else _some(known, rows))
            probability[rows] = scored
            models[variant] = (side.bundle.name, side.bundle.version)
            if earned is not None:
                profit[rows] = earned
            for row in rows:
                tiers[row], variants[row] = tier, variant
            waiting = waiting & ~take
            if not waiting.any():
                break
        earns = profit if self.schema.role("monthly_value") else None
        return Answers(probability, earns, contact, tiers, variants, fallen, models)

    def _doubtful(self, known: RawInputs) -> Mask | None:
        """Who is of low confidence (n,): too little is known of them. None where nobody is.

        By what was sent, never by the probability: a rare, calibrated probability is no doubt.
        """
        if self.max_unknown is None:
            return None
        unknown = np.isnan(known.numbers).sum(axis=1)
        unknown += np.isin(known.labels, (MISSING, OTHER)).sum(axis=1)
        doubtful = unknown > self.max_unknown
        return doubtful if doubtful.any() else None


def place(customer_id: str) -> float:
    """A place in [0, 1) that depends on the id alone, the same on every machine."""
    digest = hashlib.sha256(customer_id.encode()).digest()
    return int.from_bytes(digest[:4], "big") / PLACES


def _doubted(doubtful: Mask | None) -> list[Fallen]:
    if doubtful is None:
        return []
    return [Fallen(CHAMPION, TIERS[0], "low_confidence", int(doubtful.sum()))]


def _some(table: Any, rows: NDArray[np.int_]) -> Any:
    """Some rows of `Inputs` or `RawInputs`."""
    return type(table)(*(part[rows] for part in table))
