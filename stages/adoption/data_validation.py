"""Whether a table is accepted as the source, written down for people and for other programs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from scoring.digest import sha256
from scoring.errors import UserError
from scoring.schema import Schema
from stages.core.paths import Paths
from stages.core.yamlfile import load_schema
from stages.features.split import split
from stages.model.money_params import Money
from stages.parameters import Parameters
from stages.simulator.population import load_population
from stages.tables.checks import Checked, check_table
from stages.tables.data_params import Data
from stages.tables.intake import RawTable, read_raw_table
from stages.tables.source import check_declared, check_pin, check_population, learned_schema
from stages.tables.validation import Validation, write_accepted, write_rejected


def check_source(params: Parameters, paths: Paths) -> str:
    """Everything that the first stage will read, checked without running it; what was found.

    `UserError` naming file, column, row or field where something does not fit.
    """
    data = params.data
    check_declared(data, paths)
    schema = load_schema(paths.root / data.schema_)
    learned_schema(data, paths)
    if data.is_generated:
        check_population(data, schema, paths)
        _check_window(data, params.money, paths)
        return f"{data.source}: a valid population; {data.schema_}: a valid schema"
    check_pin(data, paths)
    asked = Validation(data.source, data.schema_)
    rows = _accepted_before(_hashes(str(data.sha256), schema), paths)
    if rows is None:
        rows = len(admit(paths.root / data.source, schema, asked, params, paths).customers)
    return f"{data.source}: {rows:,} customers that fit {data.schema_}"


def _check_window(data: Data, money: Money, paths: Paths) -> None:
    """`UserError` where `money` takes the churn of simulated customers to look further or less."""
    window = load_population(paths.root / data.source).hazard.window
    if money.window_months != window:
        raise UserError(
            f"params.yaml: field money.window_months: {money.window_months:g}; expected {window}, "
            f"the window of {data.source}"
        )


def _hashes(source: str, schema: Schema) -> dict[str, str]:
    meaning = hashlib.sha256(schema.model_dump_json().encode()).hexdigest()
    return {"source": source, "schema": meaning}


def _accepted_before(hashes: Mapping[str, str], paths: Paths) -> int | None:
    """How many customers of the same file, under the same schema, were accepted; None if none."""
    try:
        before = json.loads(paths.validation.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    same = before.get("result") == "accepted" and before.get("hashes") == hashes
    return int(before["kept"]) if same else None


def admit(
    path: Path,
    schema: Schema,
    asked: Validation,
    params: Parameters,
    paths: Paths,
    *,
    raw_table: RawTable | None = None,
) -> Checked:
    """The table in canonical types if it is accepted; what was found goes to `validation.json`."""
    try:
        raw_table = raw_table or read_raw_table(path, origin=asked.source)
        asked = replace(
            asked, rows=raw_table.rows, form=raw_table.form, warnings=raw_table.warnings
        )
        asked = replace(asked, hashes=_hashes(sha256(path), schema))
        checked = check_table(raw_table, schema, origin=asked.source)
        check_enough(checked.customers, schema.without_ignored, params, origin=asked.source)
    except UserError as error:
        write_rejected(asked, error, paths)
        raise
    found = replace(asked, kept=len(checked.customers), warnings=checked.warnings)
    write_accepted(found, paths)
    return checked


def check_enough(
    customers: pd.DataFrame, schema: Schema, params: Parameters, *, origin: str
) -> None:
    """`UserError` where the customers to learn from cannot fill every fold with both classes."""
    churned = schema.churned(customers)
    learn = churned[~split(customers, schema, params.features)]
    folds = params.train.folds
    for value, words in ((1, "left"), (0, "stayed")):
        found = int(np.sum(learn == value))
        if found < folds:
            raise UserError(
                f"{origin}: column {schema.target.name}: {found} customers to learn from who "
                f"{words}; expected at least {folds}, one per fold (params.yaml: train.folds)"
            )
