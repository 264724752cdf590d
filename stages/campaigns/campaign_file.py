"""A campaign's file becomes a trial: who was contacted, what became of them, what was known.

Where the file has the champion's columns, the champion's probability is the risk and its costs are
the terms; any other table is described as at adoption, and the risk is learned from the customers
left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from scoring.deployment import bundle_in_service
from scoring.derive import RawInputs
from scoring.effect import EffectColumns
from scoring.errors import UserError
from scoring.loading import read_manifest
from scoring.money import Costs, customer_value
from scoring.schema import Schema, parse_schema
from stages.adoption.draft import draft
from stages.adoption.profile import profile
from stages.adoption.target import Outcome
from stages.batch.rows import wanted
from stages.campaigns.campaign_source import CampaignOptions, Source, read_source
from stages.campaigns.known import Known, by_champion, by_schema
from stages.campaigns.outcome_model import OutcomeModel
from stages.campaigns.roles import arms_of, text_of, without_columns
from stages.campaigns.trial import Floats, Terms, Trial, folds
from stages.campaigns.window import open_window
from stages.core.paths import Paths
from stages.core.quantity import quantity
from stages.model.costs import costs_of
from stages.model.money_params import Money
from stages.tables.checks import check_table
from stages.tables.intake import RawColumn, RawTable

LEAST = 50  # leavers, and retained customers, that each arm needs
ROW = "(place of the row)"
REACHED = 0.01  # share of who was left alone that may have been contacted all the same


@dataclass(frozen=True)
class Campaign:
    """A trial, and what reports name of it.

    arms      (k + 1,) names, who was left alone first
    segments  (n, s) text, columns of few values, for effects by group
    scored    whether the champion's probability is the risk
    known     the columns that were taken as known before the contact
    warnings  what a person should know of the file
    sha256    of the file
    sensitive columns of people's traits, whose groups are compared
    raw       the champion's inputs, labels as codes, and `columns` of them that effects are learned
              from; None where the risk is not the champion's
    """

    trial: Trial
    origin: str
    arms: tuple[str, ...]
    segments: pd.DataFrame
    costs: Costs
    scored: bool
    known: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    sha256: str = ""
    sensitive: tuple[str, ...] = ()
    raw: RawInputs | None = None
    columns: EffectColumns | None = None


def read_campaign(
    options: CampaignOptions, money: Money, paths: Paths, *, seed: int, today: date
) -> Campaign:
    """Read, join and check; `UserError` naming file, column or row where something does not fit.

    `today` tells whether the window of the outcomes has closed.
    """
    schema = _champions_schema(paths)
    file = read_source(options, id_name=schema.id_name if schema else None)
    known = _known(file, options, paths, schema)
    labels = np.array(text_of(file.raw_table, file.treated), dtype=object)[known.rows]
    arm = np.array([file.arms.index(label) for label in labels], dtype=np.int64)
    outcome = np.array(text_of(file.raw_table, file.outcome), dtype=object)[known.rows]
    left = np.isin(outcome, file.positive).astype(np.float64)
    _check_enough(file, arm, left)
    costs = known.costs or costs_of(money, base_rate=float(left[arm == 0].mean()))
    offers = len(file.arms) - 1
    trial = Trial(
        inputs=known.inputs,
        names=known.names,
        risk=np.zeros(len(arm)) if known.risk is None else known.risk,
        arm=arm,
        left=left,
        value=customer_value(None, len(arm), costs) if known.value is None else known.value,
        shares=_shares(file, arm, known),
        terms=Terms(*(np.full(offers, c) for c in (costs.contact_cost, costs.offer_cost))),
        stratum=file.stratum[known.rows],
        customer=known.customer,
    )
    if known.risk is None:
        trial = replace(trial, risk=_learned_risk(trial, seed=seed))
    window = open_window(file.raw_table, money.window_months, today)
    warnings = _warnings(file, known, window, schema)
    return Campaign(
        trial, file.origin, _names(file), known.segments, costs, known.risk is not None,
        known.columns, tuple(warnings), file.sha256, known.sensitive, known.raw, known.chosen,
    )  # fmt: skip


def _shares(file: Source, arm: np.ndarray, known: Known) -> Floats:
    """Probability (n, k + 1) of each arm: as it was assigned, else the arms' shares by month."""
    if file.probability is not None:
        contacted = file.probability[known.rows]
        return np.column_stack([1 - contacted, contacted])
    stratum = file.stratum[known.rows]
    shares = np.empty((len(arm), len(file.arms)))
    for one in np.unique(stratum):
        rows = stratum == one
        shares[rows] = np.bincount(arm[rows], minlength=len(file.arms)) / rows.sum()
    if (shares == 0).any():
        raise UserError(
            f"{file.origin}: column {file.treated}: an arm without customers in some month; "
            "expected every arm in every month"
        )
    return shares


def _names(file: Source) -> tuple[str, ...]:
    """The arms for people: a bare 1 is "treated 1"."""
    return tuple(arm if not arm.isdigit() else f"{file.treated} {arm}" for arm in file.arms)


def _known(file: Source, options: CampaignOptions, paths: Paths, schema: Schema | None) -> Known:
    """What was known of the customers."""
    before = without_columns(file.raw_table, file.after)
    if schema is not None and _fits(before, schema) and not _lacks_a_day(file, schema):
        bundle = bundle_in_service(paths.champion)
        return by_champion(before, bundle, origin=file.origin, snapshot=file.snapshot)
    labels = sorted(file.arms)
    found = draft(
        without_columns(file.raw_table, [n for n in file.after if n != file.outcome]),
        Outcome(file.outcome, ",".join(file.positive), options.outcome.negative),
        origin=file.origin,
    )
    content = found.content
    content["columns"] += [
        {"name": file.treated, "kind": "category", "values": labels},
        {"name": ROW, "kind": "integer"},
    ]
    whole = parse_schema(content, origin=f"{file.origin}: the drafted schema")
    numbered = _numbered(file, with_ids=whole.id_name is not None)
    table = check_table(numbered, whole, origin=file.origin).customers
    return by_schema(table, whole, apart=(*file.after, ROW), rows=table[ROW].to_numpy())


def _fits(raw_table: RawTable, schema: Schema) -> bool:
    """Whether the table has the columns that the champion asks for."""
    return {*wanted(schema)} <= {*raw_table.columns}


def _lacks_a_day(file: Source, schema: Schema) -> bool:
    """Whether days are to be counted to the day that the table describes, and nobody says which."""
    return schema.counts_days and file.snapshot is None


def _champions_schema(paths: Paths) -> Schema | None:
    bundle = bundle_in_service(paths.champion)
    return read_manifest(bundle)[1] if bundle.is_dir() else None


def _numbered(file: Source, *, with_ids: bool) -> RawTable:
    """The table with a column of its rows' places, by which what is kept of it is known.

    A customer who is twice in a month to the last cell is once in it.
    """
    columns, rows = file.raw_table.columns, file.raw_table.rows
    places = np.arange(rows, dtype=np.int32)
    column = RawColumn(pa.array(places.astype(str), pa.string()), places)
    table = replace(file.raw_table, columns={**columns, ROW: column})
    cells = pd.DataFrame({name: each.codes for name, each in columns.items()})
    again = cells.assign(**{ROW: file.stratum}).duplicated().to_numpy()
    return table.without(again) if with_ids else table


def _learned_risk(trial: Trial, *, seed: int) -> Floats:
    """Probability of leaving if left alone, learned from who was, in the other folds."""
    fold = folds(trial, number=5, seed=seed)
    alone = trial.arm == 0
    risk = np.empty(len(trial))
    for held_out in np.unique(fold):
        learned = alone & (fold != held_out)
        level = np.full(len(trial), trial.left[learned].mean())
        model = OutcomeModel.fit(
            trial.inputs[learned], level[learned], trial.left[learned], seed=seed
        )
        rows = fold == held_out
        risk[rows] = model.predict(trial.inputs[rows], level[rows])
    return risk


def _check_enough(file: Source, arm: np.ndarray, left: np.ndarray) -> None:
    for place, name in enumerate(file.arms):
        leavers, n = int(left[arm == place].sum()), int((arm == place).sum())
        if min(leavers, n - leavers) < LEAST:
            raise UserError(
                f"{file.origin}: column {file.treated}: {name!r} has {quantity(n, 'customer')}, "
                f"{leavers:,} of whom left; expected {LEAST} who left and {LEAST} who stayed in "
                "every arm"
            )


def _warnings(
    file: Source, known: Known, window: str | None, schema: Schema | None
) -> Iterator[str]:
    if schema is not None and _lacks_a_day(file, schema) and _fits(file.raw_table, schema):
        yield (
            "the champion counts days to the day that the table describes: its probability is not "
            "used, the risk is learned from who was left alone; expected that day: "
            "SNAPSHOT=2026-01-31 (--snapshot)"
        )
    if known.rejected[0]:
        rows, first = known.rejected
        yield f"{quantity(rows, 'row')} could not be read; the first: {first}"
    share = _reached(file, file.contacted) if file.contacted else 0.0
    if share > REACHED:
        yield (
            f"column {file.contacted}: {share:.0%} of who was to be left alone were contacted: "
            "the effect is that of the assignment, smaller than that of a contact"
        )
    if window:
        yield window


def _reached(file: Source, contacted: str) -> float:
    """Share of who was to be left alone that was contacted."""
    meant = profile(contacted, file.raw_table.columns[contacted], rows=file.raw_table.rows)
    not_reached = arms_of(meant, None, origin=file.origin)[0]
    reached = np.array(text_of(file.raw_table, contacted), dtype=object) != not_reached
    alone = np.array(text_of(file.raw_table, file.treated), dtype=object) == file.arms[0]
    return float(reached[alone].mean())
