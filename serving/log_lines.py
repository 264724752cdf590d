"""Logged predictions as lines of JSON: a row costs a few microseconds."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic_core import to_json

from scoring.decision import CONTACT, NO_CONTACT
from scoring.schema import OTHER, Column, Schema
from serving.date_parts import Row
from serving.engine import Answers

TAKEN = ("time", "request_id", "customer", "variant", "shadow", "tier", "name", "version")
PREDICTED = ("churn_probability", "decision", "expected_profit")


@dataclass(frozen=True)
class Entry:
    """The rows of one request, as they go into the log."""

    at: float
    request_id: str
    rows: Sequence[Row]
    ids: Sequence[str | None]
    answers: Answers
    shadow: bool = False


def columns(schema: Schema) -> list[dict[str, str]]:
    """Name, role and type of each column of the log."""
    inputs = [
        _described(c.name, "feature", "numerical" if c.is_numeric else "categorical")
        for c in schema.inputs
    ]
    taken = [_described(name, "metadata", "categorical") for name in TAKEN]
    kinds = ("numerical", "categorical", "numerical")
    predicted = [
        _described(n, "prediction", kind) for n, kind in zip(PREDICTED, kinds, strict=True)
    ]
    return [*taken, *inputs, *predicted]


def _described(name: str, role: str, kind: str) -> dict[str, str]:
    return {"name": name, "role": role, "type": kind}


class Lines:
    """Makes the lines of one schema; `shown` says how an id is logged."""

    def __init__(self, schema: Schema, shown: Callable[[str | None], str | None]) -> None:
        self._shown = shown
        self._relabelled = [c for c in schema.category_inputs if _is_relabelled(c)]

    def of(self, entry: Entry) -> bytes:
        """A line for each row of an entry, in order."""
        answers = entry.answers
        request = {"time": _time(entry.at), "request_id": entry.request_id}
        models = {v: {"name": n, "version": version} for v, (n, version) in answers.models.items()}
        profit = [None] * len(entry.rows) if answers.profit is None else answers.profit.tolist()
        columns = zip(
            entry.rows, entry.ids, answers.variants, answers.tiers,
            answers.probability.tolist(), answers.contact.tolist(), profit, strict=True,
        )  # fmt: skip
        lines = [
            {
                **request,
                "customer": self._shown(customer),
                "variant": variant,
                "shadow": entry.shadow,
                "tier": tier,
                **models[variant],
                **row,
                **{column.name: _label(row[column.name], column) for column in self._relabelled},
                "churn_probability": probability,
                "decision": CONTACT if contact else NO_CONTACT,
                "expected_profit": earned,
            }
            for row, customer, variant, tier, probability, contact, earned in columns
        ]
        return b"".join(to_json(line) + b"\n" for line in lines)


def _is_relabelled(column: Column) -> bool:
    """Whether a category may be sent otherwise than training knows it."""
    return column.other or not all(isinstance(value, str) for value in column.values)


def _label(value: Any, column: Column) -> str | None:
    """A label as training knows it: text, and what no label names is not kept."""
    if value is None:
        return None
    label = str(value)
    return OTHER if column.other and label not in column.known_labels else label


def _time(at: float) -> str:
    """The time of a request as ISO 8601, to the millisecond."""
    second, thousandth = divmod(int(at * 1000), 1000)
    return f"{_second(second)}.{thousandth:03d}+00:00"


@lru_cache(maxsize=1)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def hashed(key: bytes) -> Callable[[str | None], str | None]:
    """Ids by HMAC-SHA256 under the key: 32 hex digits."""
    empty = hmac.new(key, digestmod=hashlib.sha256)  # a copy costs half of one from the key

    def shown(customer_id: str | None) -> str | None:
        if customer_id is None:
            return None
        digest = empty.copy()
        digest.update(customer_id.strip().encode())
        return digest.hexdigest()[:32]

    return shown
