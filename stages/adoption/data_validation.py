"""Validation of the data before a run: the declared source, or a table not accepted before."""

from __future__ import annotations

import json
from collections.abc import Mapping

from scoring.errors import UserError
from scoring.schema import Schema
from stages.core.paths import Paths
from stages.core.quantity import quantity
from stages.core.yamlfile import load_schema
from stages.model.money_params import Money
from stages.parameters import Parameters
from stages.simulator.population import Population
from stages.tables.data_params import Data
from stages.tables.declared import (
    check_declared,
    check_pin,
    learned_schema,
    valid_population,
    validation_hashes,
)


def check_source(params: Parameters, paths: Paths) -> str:
    """Everything that the first stage will read, checked without running it; what was found.

    `UserError` naming file, column, row or field where something does not fit.
    """
    data = params.data
    check_declared(data, paths)
    schema = load_schema(paths.root / data.schema_)
    learned_schema(data, paths)
    if data.is_generated:
        _check_window(valid_population(data, schema, paths), data, params.money)
        return f"{data.source}: a valid population; {data.schema_}: a valid schema"
    check_pin(data, paths)
    rows = _accepted_before(validation_hashes(str(data.sha256), schema), paths)
    if rows is None:
        rows = _admitted(schema, params, paths)
    return f"{data.source}: {quantity(rows, 'customer')} that fit {data.schema_}"


def _admitted(schema: Schema, params: Parameters, paths: Paths) -> int:
    """How many customers of the source are accepted; only here pandas is needed."""
    from stages.adoption.admission import admit
    from stages.tables.validation import Validation

    data = params.data
    asked = Validation(data.source, data.schema_)
    return len(admit(paths.root / data.source, schema, asked, params, paths))


def _check_window(population: Population, data: Data, money: Money) -> None:
    """`UserError` where `money` takes the churn of simulated customers to look further or less."""
    window = population.hazard.window
    if money.window_months != window:
        raise UserError(
            f"params.yaml: field money.window_months: {money.window_months:g}; expected {window}, "
            f"the window of {data.source}"
        )


def _accepted_before(hashes: Mapping[str, str], paths: Paths) -> int | None:
    """How many customers of the same file, under the same schema, were accepted; None if none."""
    try:
        before = json.loads(paths.validation.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    same = before.get("result") == "accepted" and before.get("hashes") == hashes
    return int(before["kept"]) if same else None
