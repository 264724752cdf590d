"""Whether a table is accepted as the source, written down for people and for other programs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from scoring.digest import sha256
from scoring.errors import UserError
from scoring.schema import Schema
from stages.core.paths import Paths
from stages.core.quantity import quantity
from stages.features.split import split
from stages.parameters import Parameters
from stages.tables.canonical_table import Checked
from stages.tables.checks import check_table
from stages.tables.declared import validation_hashes
from stages.tables.intake import RawTable, read_raw_table
from stages.tables.validation import Validation, write_accepted, write_rejected


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
        raw_table = raw_table or read_raw_table(
            path, origin=asked.source, encoding=params.data.encoding
        )
        asked = replace(
            asked, rows=raw_table.rows, form=raw_table.form, warnings=raw_table.warnings
        )
        asked = replace(asked, hashes=validation_hashes(sha256(path), schema))
        checked = check_table(raw_table, schema, origin=asked.source)
        check_enough(checked, params, origin=asked.source)
    except UserError as error:
        write_rejected(asked, error, paths)
        raise
    found = replace(asked, kept=len(checked), warnings=checked.warnings)
    write_accepted(found, paths)
    return checked


def check_enough(checked: Checked, params: Parameters, *, origin: str) -> None:
    """`UserError` where the customers to learn from cannot fill every fold with both classes."""
    schema = checked.schema
    names = [c.name for c in schema.columns if {"id", "target"} & set(c.roles)]
    customers = checked.frame(names)
    churned = schema.churned(customers)
    learn = churned[~split(customers, schema, params.features)]
    folds = params.train.folds
    for value, words in ((1, "left"), (0, "stayed")):
        found = int(np.sum(learn == value))
        if found < folds:
            many = quantity(found, "customer")
            raise UserError(
                f"{origin}: column {schema.target.name}: {many} to learn from who "
                f"{words}; expected at least {folds}, one per fold (params.yaml: train.folds)"
            )
