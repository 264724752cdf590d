"""Logged predictions as lines of JSON, made column by column: a row costs a few microseconds."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from scoring.decision import DECISIONS
from scoring.schema import OTHER, Column, Schema
from serving.engine import Answers
from serving.requests import Row

TAKEN = ("time", "request_id", "customer", "variant", "shadow", "tier", "name", "version")
PREDICTED = ("churn_probability", "decision", "expected_profit")
Cells = Iterable[str]  # values of a column as JSON


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
        names = [column["name"] for column in columns(schema)]
        fields = (_json(name).replace("%", "%%") + ":%s" for name in names)
        self._form = "{" + ",".join(fields) + "}"
        self._shown = shown
        self._inputs = [(c, _input_cells(c)) for c in schema.inputs]

    def of(self, entry: Entry) -> list[str]:
        """A line for each row."""
        answers, n = entry.answers, len(entry.rows)
        at = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds")
        names = {v: (_json(m[0]), _json(m[1])) for v, m in answers.models.items()}
        contact, no_contact = (_json(decision) for decision in DECISIONS)
        profit = [None] * n if answers.profit is None else answers.profit.tolist()
        cells: list[Cells] = [
            [_json(at)] * n,
            [_json(entry.request_id)] * n,
            [_json(self._shown(customer)) for customer in entry.ids],
            [f'"{variant}"' for variant in answers.variants],
            [_json(entry.shadow)] * n,
            [f'"{tier}"' for tier in answers.tiers],
            [names[variant][0] for variant in answers.variants],
            [names[variant][1] for variant in answers.variants],
            *(make([row[c.name] for row in entry.rows]) for c, make in self._inputs),
            _numbers(answers.probability.tolist()),
            [contact if chosen else no_contact for chosen in answers.contact.tolist()],
            _numbers(profit),
        ]
        return [self._form % row for row in zip(*cells, strict=True)]


def hashed(key: bytes) -> Callable[[str | None], str | None]:
    """Ids by HMAC-SHA256 under the key: 32 hex digits."""

    def shown(customer_id: str | None) -> str | None:
        if customer_id is None:
            return None
        return hmac.digest(key, customer_id.strip().encode(), hashlib.sha256).hex()[:32]

    return shown


def _input_cells(column: Column) -> Callable[[list[Any]], Cells]:
    if column.is_numeric:
        return _numbers
    known: dict[Any, str] = {label: _json(label) for label in column.labels} | {None: "null"}

    def cells(values: list[Any]) -> Cells:
        return [known.get(v) or _label(v, column) for v in values]

    return cells


def _label(value: Any, column: Column) -> str:
    """A label as training knows it: text, and what no label names is not kept."""
    label = str(value)
    return _json(OTHER if column.other and label not in column.labels else label)


def _numbers(values: list[Any]) -> Cells:
    return to_json(values)[1:-1].decode().split(",")


def _json(value: Any) -> str:
    return to_json(value).decode()
