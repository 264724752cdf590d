"""The first stage: customers come from a described population or from an adopted file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
from tqdm import tqdm

from scoring.schema import Schema
from stages.core import measures
from stages.core.files import (
    HeldTables,
    read_sample,
    read_table,
    row_count,
    write_json,
    write_table,
    write_tables,
)
from stages.core.paths import Paths
from stages.core.quantity import quantity
from stages.core.yamlfile import load_schema
from stages.simulator.generate_params import Generate
from stages.simulator.population import Population, load_population
from stages.simulator.snapshots import (
    ORACLE_COLUMN,
    Manifest,
    customers_of,
    in_words,
    publish_no_snapshots,
    publish_snapshots,
    scenario_of,
    truth_of,
)
from stages.tables.checks import check_table
from stages.tables.data_params import Data
from stages.tables.declared import check_declared, check_pin, learned_schema
from stages.tables.intake import from_arrow, read_raw_table
from stages.tables.validation import DataWarning

LOOKED_AT = 100_000  # customers behind a picture
SHOWN = 24  # columns in a picture or a printed row


@dataclass(frozen=True)
class Published:
    """What the stage wrote: the customers, what their columns mean, and the truth if known.

    Of many customers, `customers` and `oracle` hold the same even sample, for pictures. `warnings`
    say what an adopted file was accepted with.
    """

    rows: int
    customers: pd.DataFrame
    schema: Schema
    oracle: pd.DataFrame
    manifest: Manifest
    warnings: tuple[DataWarning, ...] = ()


def publish(data: Data, generate: Generate, paths: Paths) -> Published:
    """Write customers, schema and (for a population) true probabilities and what comes after.

    The true probabilities go to a file of their own that only `evaluate` reads; for an adopted
    file, where nobody knows them, that file has no rows.
    """
    check_declared(data, paths)
    schema = learned_schema(data, paths)
    write_json(paths.customers_schema, schema.model_dump(mode="json", exclude_defaults=True))
    warnings: tuple[DataWarning, ...] = ()
    if data.is_generated:
        population = load_population(paths.root / data.source)
        _publish_population(population, generate, schema, paths)
        manifest = publish_snapshots(population, generate, paths)
    else:
        warnings = _publish_adopted(data, schema, paths)
        manifest = publish_no_snapshots(paths)
    files = paths.customers, paths.oracle
    customers, oracle = (read_sample(path, most=LOOKED_AT) for path in files)
    return Published(row_count(paths.customers), customers, schema, oracle, manifest, warnings)


def _publish_adopted(data: Data, schema: Schema, paths: Paths) -> tuple[DataWarning, ...]:
    check_pin(data, paths)
    whole = load_schema(paths.root / data.schema_)  # a column that it ignores is not unexpected
    raw_table = read_raw_table(paths.root / data.source, origin=data.source, encoding=data.encoding)
    checked = check_table(raw_table, whole, origin=data.source)
    write_tables(paths.customers, checked.in_parts(schema.names))
    write_table(paths.oracle, pd.DataFrame({"id": pd.Series(dtype=str), ORACLE_COLUMN: []}))
    return checked.warnings


def _publish_population(
    population: Population, generate: Generate, schema: Schema, paths: Paths
) -> None:
    """Write both tables chunk by chunk; the truth is small enough to be kept until the end."""
    truths = HeldTables()
    origin = f"{paths.relative(paths.customers)} (generate.scenario: {generate.scenario.name})"
    chunks = _customers(population, generate, schema, truths, origin=origin)
    write_tables(paths.customers, chunks)
    write_tables(paths.oracle, truths)


def _customers(
    population: Population,
    generate: Generate,
    schema: Schema,
    truths: HeldTables,
    *,
    origin: str,
) -> Iterator[pd.DataFrame]:
    """The table to learn from; refused like any other where a scenario broke a column of it."""
    month = generate.snapshot_month
    is_broken = scenario_of(population, generate).breaks(month)
    with tqdm(total=generate.rows, desc="customers", unit="", leave=False) as bar:
        for chunk in customers_of(population, generate, month=month):
            if is_broken:
                raw_table = from_arrow(pa.Table.from_pandas(chunk.customers), origin=origin)
                check_table(raw_table, schema, origin=origin)
            truths.add(truth_of(chunk.oracle))
            bar.update(len(chunk.customers))
            yield chunk.customers


def describe(published: Published, data: Data, generate: Generate, paths: Paths) -> pd.DataFrame:
    """What was published, in a few facts."""
    target = read_table(paths.customers, columns=[published.schema.target.name])
    facts = {
        "source": "simulated" if data.is_generated else data.source,
        "customers": f"{published.rows:,}",
        "columns": f"{len(published.schema.columns)}",
        "churn rate": f"{published.schema.churned(target).mean():.2%}",
    }
    if data.is_generated:
        window = load_population(paths.root / data.source).hazard.window
        facts |= {
            "churn window": f"{quantity(window, 'month')} after the snapshot",
            "seed": str(generate.seed),
            "snapshot month": str(generate.snapshot_month),
            "scenario": in_words(generate),
        }
    else:
        facts |= {"sha256": str(data.sha256)}
    return pd.Series(facts).to_frame("value")


def shown_columns(schema: Schema) -> list[str]:
    """The first columns that may be printed: neither identifying nor sensitive."""
    return [c.name for c in schema.columns if not {"id", "sensitive"} & set(c.roles)][:SHOWN]


def truth_figures(published: Published) -> pd.DataFrame:
    """How well the true probabilities rank the customers, and whether they agree with what came."""
    churn = published.schema.churned(published.customers).astype(float)
    truth = published.oracle[ORACLE_COLUMN].to_numpy(float)
    figures = {
        "oracle ROC AUC": measures.value(measures.roc_auc, churn, truth),
        "oracle Brier score": measures.value(measures.brier, churn, truth),
        "mean true probability": truth.mean(),
        "churn rate": churn.mean(),
    }
    return pd.Series(figures).to_frame("value")
