"""What is not the same in two revisions: parameters, code, data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from scoring.errors import UserError
from scoring.schema import Column, Schema
from stages.core.files import read_sample, row_count
from stages.core.yamlfile import load_schema
from stages.monitoring.drivers import distances
from stages.operations.flatten import flatten
from stages.operations.lock import mapping
from stages.operations.pull_request.results import Results, number

LARGEST = 20_000  # customers of each side that drift is looked for in
ABSENT = "–"


class Change(NamedTuple):
    """Something that is not the same: its name, and what it was and is, as text."""

    name: str
    old: str
    new: str


class DataChange(NamedTuple):
    """What happened to the customers; `drift` is None where one side's are not available.

    `drift` has a row per column of both: method, distance, drifted.
    """

    rows: list[Change]
    schema: list[Change]
    drift: pd.DataFrame | None

    @property
    def drifted(self) -> list[str]:
        """The columns that drifted."""
        return [] if self.drift is None else list(self.drift.index[self.drift["drifted"]])


def parameters(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[Change]:
    """Parameters with another value, by dotted name, in the order of the new file."""
    return _compared(_as_text(new), _as_text(old))


def _as_text(content: Mapping[str, Any]) -> dict[str, str]:
    values = flatten(content).items()
    return {name: "null" if value is None else str(value) for name, value in values}


def _compared(new: Mapping[str, str], old: Mapping[str, str]) -> list[Change]:
    names = [*new, *(name for name in old if name not in new)]
    changes = [Change(name, old.get(name, ABSENT), new.get(name, ABSENT)) for name in names]
    return [change for change in changes if change.old != change.new]


def stages_that_differ(new: Results, old: Results) -> dict[str, list[str]]:
    """Per stage whose record in `dvc.lock` is another one, its dependencies that differ.

    Parameters are named `params.yaml: section`; a stage that is new or gone has none. Empty where
    the base has no lock to compare with.
    """
    found: dict[str, list[str]] = {}
    if not old.lock:
        return found
    for stage in [*new.lock, *(name for name in old.lock if name not in new.lock)]:
        records = [dict(_inputs(results.lock.get(stage, {}))) for results in (new, old)]
        changes = _compared(*records)
        if changes:
            found[stage] = [change.name for change in changes]
    return found


def _inputs(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for dep in record.get("deps", ()):
        yield dep["path"], dep["md5"]
    for file, sections in record.get("params", {}).items():
        for section, values in sections.items():
            yield f"{file}: {section}", str(values)


def data(new: Results, old: Results, *, threshold: float) -> DataChange | None:
    """What happened to the customers; None where both have the same bytes."""
    folder = new.paths.relative(new.paths.customers.parent)
    if new.outputs().get(folder) == old.outputs().get(folder):
        return None
    schemas = [_schema(results) for results in (new, old)]
    drift = _drift(new, old, *schemas, threshold=threshold)
    return DataChange(_rows(new, old), _schema_changes(*schemas), drift)


def have_changed(new: Results, old: Results) -> list[str]:
    """Of the customers and the costs those that are known to have changed too."""
    folder, found = new.paths.relative(new.paths.customers.parent), []
    if old.outputs().get(folder) not in (None, "", new.outputs().get(folder)):
        found.append("customers")
    if "money" in old.params and old.params["money"] != new.params["money"]:
        found.append("costs")
    return found


def _drift(
    new: Results, old: Results, mine: Schema | None, former: Schema | None, *, threshold: float
) -> pd.DataFrame | None:
    """The drift; None where one side's customers are not available, or not as described."""
    if mine is None or former is None:
        return None
    try:
        return drift_of(new, old, _common(mine, former), threshold=threshold)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _schema(results: Results) -> Schema | None:
    path = results.paths.customers_schema
    try:
        return load_schema(path) if path.is_file() else None
    except UserError:
        return None


def _rows(new: Results, old: Results) -> list[Change]:
    counts = [dict(_counts(results)) for results in (new, old)]
    return _compared(*counts)


def _counts(results: Results) -> Iterator[tuple[str, str]]:
    with suppress(OSError, ValueError):  # ValueError: a file that is no table
        yield "customers", f"{row_count(results.paths.customers):,}"
    counts = mapping(results.metrics.get("counts"))
    for split in ("train", "test"):
        if np.isfinite(count := number(counts.get(split))):
            yield f"{split} customers", f"{count:,.0f}"
    if np.isfinite(rate := number(mapping(results.metrics.get("reference")).get("base_rate"))):
        yield "churn rate of train customers", f"{rate:.1%}"
    source = mapping(results.params.get("data")).get("source")
    if source:
        yield "source", str(source)


def _schema_changes(new: Schema | None, old: Schema | None) -> list[Change]:
    """Columns that came, went or are described otherwise."""
    if new is None or old is None:
        return []
    return _compared(*({c.name: _described(c) for c in each.columns} for each in (new, old)))


def _described(column: Column) -> str:
    """A column in words: kind, what is expected, roles."""
    roles = f" ({', '.join(column.roles)})" if column.roles else ""
    absent = ", may be absent" if column.missing else ""
    return f"{column.expected}{absent}{roles}"


def _common(new: Schema, old: Schema) -> Schema:
    """The schema of the columns that both describe as of the same kind."""
    kinds = {column.name: column.kind for column in old.columns}
    kept = [column for column in new.columns if kinds.get(column.name) == column.kind]
    return new.model_copy(update={"columns": kept})


def drift_of(new: Results, old: Results, schema: Schema, *, threshold: float) -> pd.DataFrame:
    """Evidently's drift of every input and the target, an even sample of each side's customers.

    A row per column, farthest first: method, distance, drifted (from `threshold` on). A column that
    is empty on one side has gone as far as it can, one that is empty on both is left out.
    """
    numeric = [c.name for c in schema.columns if c in schema.numeric_inputs]
    category = [c.name for c in schema.columns if c.kind == "category"]
    sides = [
        read_sample(results.paths.customers, most=LARGEST)[numeric + category]
        for results in (new, old)
    ]
    empty = [set(side.columns[side.isna().all()]) for side in sides]
    rows = {name: {"method": "empty", "distance": 1.0} for name in empty[0] ^ empty[1]}
    kept = [[n for n in names if n not in empty[0] | empty[1]] for names in (numeric, category)]
    if any(kept):
        rows |= distances(*sides, numeric=kept[0], category=kept[1])
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["method", "distance"])
    table["drifted"] = table["distance"] >= threshold
    return table.sort_values("distance", ascending=False, kind="stable")
