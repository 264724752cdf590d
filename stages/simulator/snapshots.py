"""The months after the first snapshot, as a company would come to know them.

    data/snapshots/
      manifest.json            what there is, and from which month on each label is known
      month_001/
        customers.parquet      the published columns of that month's customers, without the target
        labels.parquet         id and target: known only when the window has passed
      campaign.parquet         id, treated, outcome: one customer of the first snapshot a row
    data/oracle/
      month_001.parquet        id, churn_probability
      campaign.parquet         id, probability_untreated, probability_treated (_2 of a second offer)

A loop that plays the months through may read `customers` of a month when it has come, and `labels`
of a month when `labels_known_from` has come. The truth lies apart: no model may see it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from tqdm import tqdm

from scoring.errors import UserError
from stages.core.files import HeldTables, read_table, write_csv, write_json, write_tables
from stages.core.paths import Paths
from stages.core.quantity import quantity
from stages.simulator.columns import IDENTITY, LABEL, LEFT
from stages.simulator.generate import Chunk, World, simulate
from stages.simulator.generate_params import Generate
from stages.simulator.population import Contact, Population
from stages.simulator.scenarios import NONE, QUIET, Scenario, unfold
from stages.simulator.simulated_campaign import OUTCOMES, TREATED, UNTREATED, run_campaign, truths

ORACLE_COLUMN = "churn_probability"
CHUNK = 100_000
CENTS = 10  # digits of a number in a CSV: totals keep their cents
Manifest = dict[str, Any]


class Month(NamedTuple):
    """Rows of a snapshot: the customers, who of them leaves within the window, and how probably."""

    customers: pd.DataFrame
    labels: pd.DataFrame
    truth: pd.DataFrame


def scenario_of(population: Population, generate: Generate) -> Scenario:
    """The scenario that the parameters choose, with the population's numbers."""
    chosen = generate.scenario
    return unfold(
        population.scenarios,
        name=chosen.name,
        strength=chosen.strength,
        start_month=chosen.start_month,
    )


def in_words(generate: Generate) -> str:
    """The chosen scenario, for a person."""
    chosen = generate.scenario
    if chosen.name == NONE:
        return NONE
    return f"{chosen.name}, strength {chosen.strength:g}, from month {chosen.start_month} on"


def customers_of(population: Population, generate: Generate, *, month: int) -> Iterator[Chunk]:
    """The customers of a month, chunk by chunk."""
    return simulate(
        population,
        rows=generate.rows,
        seed=generate.seed,
        snapshot_month=month,
        chunk_rows=CHUNK,
        scenario=scenario_of(population, generate),
    )


def campaign_of(
    population: Population, generate: Generate, *, assigned: Mapping[str, int] | None = None
) -> Iterator[pd.DataFrame]:
    """The campaign among the customers of the first snapshot, block by block."""
    world = World(
        population,
        seed=generate.seed,
        snapshot_month=generate.snapshot_month,
        scenario=scenario_of(population, generate),
    )
    chosen, contact = generate.campaign, contact_of(population, generate)
    return run_campaign(
        world, contact, rows=generate.rows, share=chosen.share, effect=chosen.effect,
        assigned=assigned,
    )  # fmt: skip


def contact_of(population: Population, generate: Generate) -> Contact:
    """The offers of the chosen world; `UserError` where the population does not describe it."""
    name = generate.campaign.world
    if name not in population.contact:
        raise UserError(
            f"the population: contact: world {name} missing; expected it as one of "
            f"{', '.join(population.contact) or 'the worlds'}"
        )
    return population.contact[name]


def truth_of(oracle: pd.DataFrame) -> pd.DataFrame:
    """True probabilities under the names of all our files: id, churn_probability."""
    return oracle.set_axis(["id", ORACLE_COLUMN], axis="columns")


def snapshot(population: Population, generate: Generate, *, month: int) -> Iterator[Month]:
    """The customers of a month, chunk by chunk, the target in a table of its own."""
    for chunk in customers_of(population, generate, month=month):
        table = chunk.customers
        yield Month(table.drop(columns=LABEL), table[[IDENTITY, LABEL]], truth_of(chunk.oracle))


def publish_snapshots(population: Population, generate: Generate, paths: Paths) -> Manifest:
    """Write the later months and the campaign; the manifest, as written next to them.

    The first month is the table that the pipeline learns from: it is named in the manifest and
    written elsewhere.
    """
    first = (paths.relative(paths.customers),) * 2
    entries = [_entry(*first, month=generate.snapshot_month, population=population)]
    for month in tqdm(generate.later_months, desc="months", unit="", leave=False):
        folder, truth = paths.snapshots / _name(month), paths.truth / f"{_name(month)}.parquet"
        files = folder / "customers.parquet", folder / "labels.parquet"
        _write(snapshot(population, generate, month=month), *files, truth)
        entries.append(_entry(*map(paths.relative, files), month=month, population=population))
    if generate.campaign.share > 0:
        trial = list(campaign_of(population, generate))
        known = truths(contact_of(population, generate))
        write_tables(paths.snapshots / "campaign.parquet", (block[OUTCOMES] for block in trial))
        write_tables(paths.truth / "campaign.parquet", (block[known] for block in trial))
    return _write_manifest(paths.snapshots, entries, population=population, generate=generate)


def publish_no_snapshots(paths: Paths) -> Manifest:
    """The empty manifest of an adopted file, whose next month nobody knows."""
    manifest: Manifest = {"window": None, "scenario": None, "campaign": None, "snapshots": []}
    write_json(paths.snapshots / "manifest.json", manifest)
    return manifest


def with_outcomes(path: Path, population: Population, generate: Generate) -> pd.DataFrame:
    """A contact list of the first snapshot with what became of its customers: column `outcome`.

    The list is the `campaign.csv` that `score` writes. `UserError` where it is another table, or
    where none of its customers live in this world.
    """
    try:
        listed = pd.read_csv(path, dtype=str)
        arms = listed["assignment"].map({"control": 0, "contact": 1})
        identity = listed["customer_id"]
    except (OSError, ValueError, KeyError):
        raise UserError(
            f"{path}: not a list of score; expected its campaign.csv, with columns customer_id and "
            "assignment"
        ) from None
    trial = pd.concat(
        campaign_of(population, generate, assigned=dict(zip(identity, arms, strict=True)))
    )
    if len(trial) != len(listed):
        raise UserError(
            f"{path}: {len(listed) - len(trial):,} of {len(listed):,} customers are not of this "
            "world; expected a list of its first month, by the same rows and seed"
        )
    outcome = trial.set_index(IDENTITY)["outcome"]
    return listed.assign(outcome=outcome.loc[identity].to_numpy())


def export_csv(
    folder: Path, population: Population, generate: Generate, *, listed: Path | None = None
) -> str:
    """All months, the first among them, and the campaign as CSV files; what was written, in words.

    A folder a month, with `customers.csv`, `labels.csv` and `probabilities.csv`. The campaign is
    that of the `listed` customers where there is such a file. `UserError` where the folder holds
    something already.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise UserError(f"{folder}: not empty; expected a new or an empty folder")
    entries, names = [], ("customers.csv", "labels.csv", "probabilities.csv")
    for month in (generate.snapshot_month, *generate.later_months):
        files = [Path(_name(month)) / name for name in names]
        parts = zip(*snapshot(population, generate, month=month), strict=True)
        for file, tables in zip(files, parts, strict=True):
            write_csv(folder / file, pd.concat(tables), digits=CENTS)
        entries.append(_entry(*map(str, files[:2]), month=month, population=population))
    if listed is not None:
        write_csv(folder / "campaign.csv", with_outcomes(listed, population, generate))
    elif generate.campaign.share > 0:
        trial = pd.concat(campaign_of(population, generate), ignore_index=True)
        known = truths(contact_of(population, generate))
        write_csv(folder / "campaign.csv", trial[OUTCOMES], digits=CENTS)
        write_csv(folder / "campaign_probabilities.csv", trial[known], digits=CENTS)
    _write_manifest(folder, entries, population=population, generate=generate)
    return (
        f"{quantity(generate.months, 'month')} of {quantity(generate.rows, 'customer')} in {folder}"
    )


def months_table(manifest: Manifest, paths: Paths) -> pd.DataFrame:
    """Per snapshot: customers, who is new since the one before, churn, and when it is known."""
    rows, before = {}, None
    for entry in manifest["snapshots"]:
        month, customers = entry["month"], paths.root / entry["customers"]
        identity = set(read_table(customers, [IDENTITY])[IDENTITY])
        rows[month] = {
            "customers": len(identity),
            "new": None if before is None else len(identity - before),
            "churn rate": (read_table(paths.root / entry["labels"], [LABEL])[LABEL] == LEFT).mean(),
            "known from month": entry["labels_known_from"],
        }
        before = identity
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("month")


def campaign_table(manifest: Manifest, paths: Paths) -> pd.DataFrame | None:
    """Per arm: customers, churn, and its mean true probability; None without a campaign."""
    if not manifest["campaign"]:
        return None
    trial = read_table(paths.snapshots / "campaign.parquet")
    truth = read_table(paths.truth / "campaign.parquet").drop(columns="id")
    names = [_offered(str(name)) for name in truth]
    trial[names] = truth
    arms = trial.groupby(trial["treated"].map(dict(enumerate(names))))
    means = arms[names].mean().add_prefix("true if ")
    counts = pd.DataFrame({"customers": arms.size(), "churn rate": arms["outcome"].mean()})
    return counts.join(means).rename_axis("arm")


def _offered(name: str) -> str:
    if name == UNTREATED:
        return "left alone"
    number = name.removeprefix(TREATED).removeprefix("_")
    return f"called with offer {number}" if number else "called"


def _write(parts: Iterator[Month], customers: Path, labels: Path, truth: Path) -> None:
    """Write customers chunk by chunk; labels and truth are small enough to be kept until then."""
    later, never = HeldTables(), HeldTables()
    write_tables(customers, _passing(parts, later, never))
    write_tables(labels, later)
    write_tables(truth, never)


def _passing(
    parts: Iterator[Month], later: HeldTables, never: HeldTables
) -> Iterator[pd.DataFrame]:
    for customers, labels, truth in parts:
        later.add(labels)
        never.add(truth)
        yield customers


def _name(month: int) -> str:
    return f"month_{month:03d}"


def _entry(customers: str, labels: str, *, month: int, population: Population) -> Manifest:
    return {
        "month": month,
        "customers": customers,
        "labels": labels,
        "labels_known_from": month + population.hazard.window,
    }


def _write_manifest(
    folder: Path, entries: list[Manifest], *, population: Population, generate: Generate
) -> Manifest:
    month, trial, scenario = generate.snapshot_month, generate.campaign, generate.scenario
    manifest = {
        "window": population.hazard.window,
        "scenario": None if scenario_of(population, generate) is QUIET else scenario.model_dump(),
        "campaign": {"month": month, **trial.model_dump()} if trial.share > 0 else None,
        "snapshots": entries,
    }
    write_json(folder / "manifest.json", manifest)
    return manifest
