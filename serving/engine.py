"""From rows to answers: which bundle, which tier, which decision."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from scoring.bundle import TIERS, Scorer
from scoring.derive import MISSING, Inputs, RawInputs, raw_inputs, with_derived
from scoring.loading import Bundle, Floats, checked
from scoring.schema import OTHER, Schema
from scoring.terms import Terms
from serving.date_parts import Row
from serving.time_limit import ModelTimeout, TimeLimit

EFFECT = "effect"  # counted like a tier: without it the assumed share decides
CHAMPION, CHALLENGER = VARIANTS = ("champion", "challenger")
REASONS = ("missing", "error", "timeout", "low_confidence")
ROWS_PER_LIMIT = 1_000
BUCKETS = 2**32

Mask = NDArray[np.bool_]
Step = tuple[str, "ModelVariant", str, Mask | None]  # name, bundle, tier, for whom (None: all)


@dataclass(frozen=True)
class FallbackEvent:
    """Customers that a tier of a bundle, or its effect, did not answer, and why."""

    variant: str
    tier: str
    reason: str
    customers: int


@dataclass(frozen=True)
class Answers:
    """What is predicted for n customers, by column; `profit` is None without a monthly value.

    `models` has name and version of whoever answered, by variant.
    """

    probability: Floats
    profit: Floats | None
    contact: Mask
    tiers: list[str]
    variants: list[str]
    fallbacks: list[FallbackEvent]
    models: dict[str, tuple[str, str]]


class ModelVariant:
    """A bundle that answers: its models behind time limits, and the rule that decides."""

    def __init__(self, bundle: Bundle, *, seconds: float) -> None:
        self.bundle, self._seconds = bundle, seconds
        self._limits = {
            tier: TimeLimit(cast(Scorer, bundle.models[tier]))
            for tier in TIERS[:2]
            if tier in bundle.models
        }
        self.terms = Terms.of(bundle.manifest, bundle.schema, bundle.effect)

    def probability(self, tier: str, inputs: Inputs) -> tuple[Floats | None, str]:
        """Probabilities (n,) by the model of a tier, or None and the reason why not."""
        try:
            return self._scored(tier, inputs), ""
        except KeyError:
            return None, "missing"
        except ModelTimeout:
            return None, "timeout"
        except Exception:
            return None, "error"  # whatever a runtime raises, the next tier answers

    def _scored(self, tier: str, inputs: Inputs) -> Floats:
        n = len(inputs.numeric)
        if tier not in self._limits:
            return checked(self.bundle.models[tier].probability(inputs), n)
        seconds = self._seconds * max(1.0, n / ROWS_PER_LIMIT)
        return checked(self._limits[tier].probability(inputs, seconds=seconds), n)


@dataclass
class Engine:
    """The bundles that answer. `champion` and `challenger` may be replaced at any time."""

    champion: ModelVariant
    challenger: ModelVariant | None = None
    share: float = 0.0
    shadow: bool = False
    max_unknown: int | None = None

    @property
    def schema(self) -> Schema:
        """The schema that requests are made of."""
        return self.champion.bundle.schema

    def answer(self, rows: Sequence[Row], ids: Sequence[str | None]) -> Answers:
        """The answers to n customers."""
        raw = self._raw_inputs(rows)
        uncertain = self._low_confidence(raw)
        events = []
        if uncertain is not None:
            count = int(uncertain.sum())
            events.append(FallbackEvent(CHAMPION, TIERS[0], "low_confidence", count))
        return self._fallback_chain(raw, self._steps(ids, uncertain), events)

    def shadowed(self, rows: Sequence[Row]) -> Answers | None:
        """What the challenger predicts for those of its share; None where it cannot."""
        variant = self.challenger
        if variant is None or not rows:
            return None
        step: Step = (CHALLENGER, variant, TIERS[0], None)
        answers = self._fallback_chain(self._raw_inputs(rows), [step], [])
        return None if answers.fallbacks else answers

    def assigned(self, ids: Sequence[str | None]) -> Mask:
        """Whether each customer (n,) is of the challenger's share: by id, nobody without one."""
        return np.array([i is not None and bucket(i) < self.share for i in ids], dtype=bool)

    def _raw_inputs(self, rows: Sequence[Row]) -> RawInputs:
        columns = {c.name: [row[c.name] for row in rows] for c in self.schema.inputs}
        return raw_inputs(columns, self.schema)

    def _steps(self, ids: Sequence[str | None], uncertain: Mask | None) -> Iterator[Step]:
        """Who is tried in turn, and for whom: nobody twice."""
        certain = None if uncertain is None else ~uncertain
        if self.challenger is not None and not self.shadow and self.share:
            mine = self.assigned(ids)
            yield CHALLENGER, self.challenger, TIERS[0], mine if certain is None else mine & certain
        champion = self.champion
        yield CHAMPION, champion, TIERS[0], certain
        for tier in TIERS[1:]:
            yield CHAMPION, champion, tier, None

    def _fallback_chain(
        self, raw: RawInputs, steps: Iterable[Step], events: list[FallbackEvent]
    ) -> Answers:
        """Everybody is answered by the first step that is meant for them and can."""
        inputs, n = with_derived(raw, self.schema), len(raw.numbers)
        draft, waiting = None, np.arange(n)
        for name, variant, tier, mine in steps:
            rows = waiting if mine is None else waiting[mine[waiting]]
            if not len(rows):
                continue
            is_all = len(rows) == n
            scored, reason = variant.probability(tier, inputs if is_all else _some(inputs, rows))
            if scored is None:
                events.append(FallbackEvent(name, tier, reason, len(rows)))
                continue
            decided = variant.terms.decide(scored, raw if is_all else _some(raw, rows))
            profit, contact = decided.profit, decided.contact
            if decided.fault is not None:
                events.append(FallbackEvent(name, EFFECT, "error", len(rows)))
            if is_all:  # as nearly always
                model = {name: (variant.bundle.name, variant.bundle.version)}
                return Answers(scored, profit, contact, [tier] * n, [name] * n, events, model)
            draft = draft or _Draft(n)
            draft.fill(rows, name, variant.bundle, tier, scored, profit, contact)
            waiting = np.setdiff1d(waiting, rows, assume_unique=True)
            if not len(waiting):
                break
        return (draft or _Draft(n)).answers(
            events, has_profit=self.schema.role("monthly_value") is not None
        )

    def _low_confidence(self, raw: RawInputs) -> Mask | None:
        """Of whom too little is known (n,). None where of nobody.

        By what was sent, never by the probability: a rare, calibrated probability is no doubt.
        """
        if self.max_unknown is None:
            return None
        unknown = np.isnan(raw.numbers).sum(axis=1)
        unknown += np.isin(raw.labels, (MISSING, OTHER)).sum(axis=1)
        uncertain = unknown > self.max_unknown
        return uncertain if uncertain.any() else None


class _Draft:
    """Answers to n customers by several steps."""

    def __init__(self, n: int) -> None:
        self._probability, self._profit = np.full(n, np.nan), np.full(n, np.nan)
        self._contact = np.zeros(n, dtype=bool)
        self._tiers, self._variants = [""] * n, [""] * n
        self._models: dict[str, tuple[str, str]] = {}

    def fill(
        self, rows: NDArray[np.int_], variant: str, bundle: Bundle, tier: str,
        probability: Floats, profit: Floats | None, contact: Mask,
    ) -> None:  # fmt: skip
        """Write down the answers to some rows."""
        self._models[variant] = (bundle.name, bundle.version)
        self._probability[rows], self._contact[rows] = probability, contact
        if profit is not None:
            self._profit[rows] = profit
        for row in rows.tolist():
            self._tiers[row], self._variants[row] = tier, variant

    def answers(self, events: list[FallbackEvent], *, has_profit: bool) -> Answers:
        """The answers to all of them."""
        profit = self._profit if has_profit else None
        return Answers(
            self._probability, profit, self._contact, self._tiers, self._variants, events,
            self._models,
        )  # fmt: skip


def bucket(customer_id: str) -> float:
    """A number in [0, 1) that depends on the id alone, the same on every machine."""
    digest = hashlib.sha256(customer_id.encode()).digest()
    return int.from_bytes(digest[:4], "big") / BUCKETS


def _some(table: Any, rows: NDArray[np.int_]) -> Any:
    """Some rows of `Inputs` or `RawInputs`."""
    return type(table)(*(part[rows] for part in table))
