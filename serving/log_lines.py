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
from serving.date_parts import Row
from serving.engine import Answers

TAKEN = ("time", "request_id", "customer", "variant", "shadow", "tier", "name", "version")
PREDICTED = ("churn_probability", "decision", "expected_profit")
DECISION = {True: f'"{DECISIONS[0]}"', False: f'"{DECISIONS[1]}"'}
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

    def of(self, entries: Sequence[Entry]) -> list[str]:
        """A line for each row of the entries, in order."""
        rows = [row for entry in entries for row in entry.rows]
        cells: list[Cells] = [
            *self._requests(entries),
            *self._models(entries),
            *(make([row[c.name] for row in rows]) for c, make in self._inputs),
            _numbers([p for e in entries for p in e.answers.probability.tolist()]),
            [DECISION[c] for e in entries for c in e.answers.contact.tolist()],
            _numbers([profit for entry in entries for profit in _profits(entry)]),
        ]
        return [self._form % row for row in zip(*cells, strict=True)]

    def _requests(self, entries: Sequence[Entry]) -> Iterable[Cells]:
        """Time, request and customer of each row."""
        yield _repeated((_time(entry.at), entry) for entry in entries)
        yield _repeated((_json(entry.request_id), entry) for entry in entries)
        yield [_json(self._shown(customer)) for entry in entries for customer in entry.ids]

    def _models(self, entries: Sequence[Entry]) -> Iterable[Cells]:
        """Variant, shadow, tier, name and version of each row."""
        answers = [entry.answers for entry in entries]
        yield [f'"{variant}"' for a in answers for variant in a.variants]
        yield _repeated((_json(entry.shadow), entry) for entry in entries)
        yield [f'"{tier}"' for a in answers for tier in a.tiers]
        for part in (0, 1):
            named = ((a, {v: _json(model[part]) for v, model in a.models.items()}) for a in answers)
            yield [names[variant] for a, names in named for variant in a.variants]


def _repeated(values: Iterable[tuple[str, Entry]]) -> Cells:
    return [cell for value, entry in values for cell in [value] * len(entry.rows)]


def _profits(entry: Entry) -> list[float | None]:
    profit = entry.answers.profit
    return [None] * len(entry.rows) if profit is None else profit.tolist()


def _time(at: float) -> str:
    return f'"{datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")}"'


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
