"""Checks of the source of customers that `params.yaml` declares, before its table is read.

A run with nothing to do stops here, so that it loads neither pandas nor Arrow.
"""

from __future__ import annotations

import hashlib

from scoring.digest import sha256
from scoring.errors import UserError
from scoring.schema import Schema
from stages.core.paths import Paths
from stages.core.yamlfile import load_schema, read_yaml
from stages.simulator.columns import COLUMNS
from stages.simulator.population import Population, load_population
from stages.tables.data_params import Data


def learned_schema(data: Data, paths: Paths) -> Schema:
    """The columns to learn from, less those that are left out this time.

    `UserError` where one of these is no input.
    """
    schema = load_schema(paths.root / data.schema_).without_ignored
    inputs = [column.name for column in schema.inputs]
    if unknown := [name for name in data.without if name not in inputs]:
        raise UserError(
            f"params.yaml: field data.without: {unknown[0]}: no input of {data.schema_}; expected "
            f"some of {', '.join(inputs)}"
        )
    if len(set(data.without)) == len(inputs):
        raise UserError("params.yaml: field data.without: all inputs; expected one that is left")
    return schema.of_columns(c for c in schema.columns if c.name not in data.without)


def valid_population(data: Data, schema: Schema, paths: Paths) -> Population:
    """The population; `UserError` where it or the schema of its customers is not valid."""
    population = load_population(paths.root / data.source)
    if schema.names != COLUMNS:
        strange = sorted(set(schema.names) ^ set(COLUMNS)) or ["the order of columns"]
        raise UserError(
            f"{data.schema_}: column {strange[0]}: not as in simulated customers; expected "
            f"{', '.join(COLUMNS)}"
        )
    return population


def check_declared(data: Data, paths: Paths) -> None:
    """`UserError` where `dvc.yaml` does not track the source that `params.yaml` names."""
    declared = read_yaml(paths.pipeline)["stages"]["generate"]["deps"]
    for file in (data.source, data.schema_):
        if file not in declared:
            raise UserError(
                f"dvc.yaml: stage generate: deps: expected {file}, as in params.yaml; "
                f"run make adopt CSV={'generated' if data.is_generated else data.source}"
                f"{data.adopted_with}"
            )


def check_pin(data: Data, paths: Paths) -> None:
    """`UserError` with the command to give where the adopted file is gone or was edited."""
    path, encoding = paths.root / data.source, data.adopted_with
    if not path.is_file():
        raise UserError(
            f"{data.source}: no such file; expected the one of sha256 {data.sha256}; run "
            f"`make pull` where a remote holds it, or `make adopt CSV=<the original>{encoding}`, "
            "or `make adopt CSV=generated` for simulated customers"
        )
    if sha256(path) != data.sha256:
        raise UserError(
            f"{data.source}: changed since it was adopted; run `make adopt "
            f"CSV={data.source}{encoding}` to take it in as it is now, or `dvc checkout --force "
            f"{data.source}.dvc` to get the adopted one back"
        )


def validation_hashes(source: str, schema: Schema) -> dict[str, str]:
    """What a validation is good for: the content of a source (its sha256) under a schema."""
    meaning = hashlib.sha256(schema.model_dump_json().encode()).hexdigest()
    return {"source": source, "schema": meaning}
