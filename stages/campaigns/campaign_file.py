"""A campaign's file becomes a trial: who was contacted, what became of them, what was known.

What was known before the contact stands in the file itself, or in a table of the customers as they
were then, joined by id. Where it has the champion's columns, the champion's probability is the risk
and its costs are the terms; any other table is described as at adoption, and the risk is learned
from the customers left alone.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from scoring.errors import UserError
from scoring.loading import read_manifest
from scoring.money import Costs, customer_value
from scoring.schema import Schema, parse_schema
from stages.adoption.draft import draft
from stages.adoption.fetch_source import fetch_source
from stages.adoption.profile import profile
from stages.adoption.target import Outcome, find_target
from stages.batch.rows import wanted
from stages.campaigns.known import Known, by_champion, by_schema
from stages.campaigns.outcome_model import OutcomeModel
from stages.campaigns.roles import arms_of, blank_rows, find_treated, text_of, without_columns
from stages.campaigns.trial import Floats, Terms, Trial, folds
from stages.core.paths import Paths
from stages.model.costs import costs_of
from stages.model.money_params import Money
from stages.tables.checks import check_table
from stages.tables.intake import RawColumn, RawTable, read_raw_table

PLAIN = "outcome"  # the name that the simulator gives: 1 for who left
LEAST = 50  # leavers, and retained customers, that each arm needs
REACHED = 0.01  # share of who was left alone that may have been contacted all the same


@dataclass(frozen=True)
class CampaignOptions:
    """What the user says of the file, as far as they do.

    customers  a table of the customers as they were before the contact
    treated    the column of arms; `control` its value for who was left alone
    outcome    the column of what became of them, and which of its values means leaving
    contacted  a column of who was really contacted, where that is not the arm
    ignore     columns that were not known before the contact
    """

    source: str
    customers: str | None = None
    treated: str | None = None
    control: str | None = None
    outcome: Outcome = field(default_factory=Outcome)
    contacted: str | None = None
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True)
class Campaign:
    """A trial, and what reports name of it.

    arms      (k + 1,) names, who was left alone first
    segments  (n, s) text, columns of few values, for effects by group
    scored    whether the champion's probability is the risk
    known     the columns that were taken as known before the contact
    warnings  what a person should know of the file
    """

    trial: Trial
    origin: str
    arms: tuple[str, ...]
    segments: pd.DataFrame
    costs: Costs
    scored: bool
    known: tuple[str, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    """The raw table of a campaign and its two columns."""

    raw_table: RawTable
    origin: str
    treated: str
    arms: tuple[str, ...]
    outcome: str
    positive: str


def read_campaign(options: CampaignOptions, money: Money, paths: Paths, *, seed: int) -> Campaign:
    """Read, join and check; `UserError` naming file, column or row where something does not fit."""
    file = _read(options)
    known, kept = _known(file, options, paths)
    labels = np.array(text_of(kept, file.treated), dtype=object)[known.rows]
    arm = np.array([file.arms.index(label) for label in labels], dtype=np.int64)
    outcome = np.array(text_of(kept, file.outcome), dtype=object)[known.rows]
    left = (outcome == file.positive).astype(np.float64)
    _check_enough(file, arm, left)
    costs = known.costs or costs_of(money, base_rate=float(left[arm == 0].mean()))
    shares = np.bincount(arm, minlength=len(file.arms)) / len(arm)
    trial = Trial(
        inputs=known.inputs,
        names=known.names,
        risk=np.zeros(len(arm)) if known.risk is None else known.risk,
        arm=arm,
        left=left,
        value=customer_value(None, len(arm), costs) if known.value is None else known.value,
        shares=np.tile(shares, (len(arm), 1)),
        terms=Terms(*(np.full(len(shares) - 1, c) for c in (costs.contact_cost, costs.offer_cost))),
    )
    if known.risk is None:
        trial = replace(trial, risk=_learned_risk(trial, seed=seed))
    return Campaign(
        trial, file.origin, _names(file), known.segments, costs, known.risk is not None,
        known.columns, tuple(_warnings(file, options, known)),
    )  # fmt: skip


def _names(file: _File) -> tuple[str, ...]:
    """The arms for people: a bare 1 is "treated 1"."""
    return tuple(arm if not arm.isdigit() else f"{file.treated} {arm}" for arm in file.arms)


def _read(options: CampaignOptions) -> _File:
    with tempfile.TemporaryDirectory() as scratch:
        fetched = fetch_source(options.source, Path(scratch) / "campaign")
        raw_table, origin = read_raw_table(fetched.path, origin=fetched.origin), fetched.origin
        if options.customers:
            fetched = fetch_source(options.customers, Path(scratch) / "customers")
            customers = read_raw_table(fetched.path, origin=fetched.origin)
            raw_table = _joined(raw_table, customers, origin, fetched.origin)
    treated = find_treated(raw_table, options.treated, origin=origin)
    arms = tuple(arms_of(treated, options.control, origin=origin))
    for name in (*options.ignore, *filter(None, [options.contacted])):
        if name not in raw_table.columns:
            names = ", ".join(raw_table.columns)
            raise UserError(f"{origin}: column {name}: not there; expected one of {names}")
    outcome, positive = _outcome(raw_table, treated.name, options, origin)
    return _File(raw_table, origin, treated.name, arms, outcome, positive)


def _outcome(
    raw_table: RawTable, treated: str, options: CampaignOptions, origin: str
) -> tuple[str, str]:
    """The column of what became of the customers, and its value for leaving."""
    asked = options.outcome
    if asked.target is None and PLAIN in raw_table.columns:
        asked = replace(asked, target=PLAIN, positive=asked.positive or _one(raw_table))
    if asked.target is not None and asked.target in raw_table.columns:
        _check_closed(raw_table, asked.target, origin)
    rest = without_columns(raw_table, [treated, *options.ignore])
    profiles = [profile(n, cells, rows=rest.rows) for n, cells in rest.columns.items()]
    target = find_target(profiles, asked, origin=origin)
    return target.name, target.positive


def _one(raw_table: RawTable) -> str | None:
    """The value 1 of the plain outcome, as the simulator writes it, where it is 0 or 1."""
    return "1" if {*text_of(raw_table, PLAIN)} == {"0", "1"} else None


def _check_closed(raw_table: RawTable, outcome: str, origin: str) -> None:
    """`UserError` where nobody knows yet what became of some customers."""
    still_open = blank_rows(raw_table, outcome)
    if still_open.any():
        raise UserError(
            f"{origin}: row {raw_table.number(int(still_open.argmax()))}: column {outcome}: no "
            f"outcome, as of {int(still_open.sum()):,} customers: their window has not closed; "
            "expected the outcome of everybody, after the window"
        )


def _joined(campaign: RawTable, customers: RawTable, origin: str, other: str) -> RawTable:
    """The campaign's rows with the columns of the customers of the same id."""
    shared = [name for name in campaign.columns if name in customers.columns]
    keys = [name for name in shared if _is_key(campaign, name) and _is_key(customers, name)]
    if not keys:
        raise UserError(
            f"{origin}: no id in common with {other}; expected a column of that name in both, with "
            f"each value once; {origin} has {', '.join(campaign.columns)}"
        )
    key = keys[0]
    place = {text: row for row, text in enumerate(text_of(customers, key))}
    rows = np.array([place.get(text, -1) for text in text_of(campaign, key)])
    if (rows < 0).any():
        first = int((rows < 0).argmax())
        raise UserError(
            f"{origin}: row {campaign.number(first)}: column {key}: {int((rows < 0).sum()):,} "
            f"customers are not in {other}; expected the customers as of before the campaign"
        )
    more = {
        name: RawColumn(column.texts, column.codes[rows])
        for name, column in customers.columns.items()
        if name not in campaign.columns
    }
    return replace(campaign, columns={**campaign.columns, **more})


def _is_key(raw_table: RawTable, name: str) -> bool:
    return len(raw_table.columns[name].texts) == raw_table.rows


def _known(file: _File, options: CampaignOptions, paths: Paths) -> tuple[Known, RawTable]:
    """What was known of the customers, and the table whose rows are meant."""
    after = [file.treated, file.outcome, *options.ignore, *filter(None, [options.contacted])]
    before = without_columns(file.raw_table, after)
    schema = _champions_schema(paths)
    # Nobody says which day a campaign's table describes, so days cannot be counted to it.
    counts_days = schema is not None and schema.counts_days
    if schema is not None and not counts_days and {*wanted(schema)} <= {*before.columns}:
        return by_champion(before, paths.champion, origin=file.origin), file.raw_table
    labels = sorted(file.arms)
    found = draft(
        without_columns(file.raw_table, [n for n in after if n != file.outcome]),
        Outcome(file.outcome, file.positive, options.outcome.negative),
        origin=file.origin,
    )
    content = found.content
    content["columns"].append({"name": file.treated, "kind": "category", "values": labels})
    whole = parse_schema(content, origin=f"{file.origin}: the drafted schema")
    table = check_table(file.raw_table, whole, origin=file.origin).customers
    kept = _as_raw(table, file)
    return by_schema(table, whole, apart=after), kept


def _champions_schema(paths: Paths) -> Schema | None:
    return read_manifest(paths.champion)[1] if paths.champion.is_dir() else None


def _as_raw(table: pd.DataFrame, file: _File) -> RawTable:
    """The two columns of a checked table, whose rows may be fewer than the file's."""
    columns = {}
    for name in (file.treated, file.outcome):
        codes, texts = pd.factorize(table[name])
        columns[name] = RawColumn(pa.array(texts, pa.string()), codes.astype(np.int32))
    return RawTable(columns, len(table))


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


def _check_enough(file: _File, arm: np.ndarray, left: np.ndarray) -> None:
    for place, name in enumerate(file.arms):
        leavers, n = int(left[arm == place].sum()), int((arm == place).sum())
        if min(leavers, n - leavers) < LEAST:
            raise UserError(
                f"{file.origin}: column {file.treated}: {name!r} has {n:,} customers, {leavers:,} "
                f"of whom left; expected {LEAST} who left and {LEAST} who stayed in every arm"
            )


def _warnings(file: _File, options: CampaignOptions, known: Known) -> list[str]:
    found = []
    if known.rejected[0]:
        rows, first = known.rejected
        found.append(f"{rows:,} rows could not be read; the first: {first}")
    share = _reached(file, options.contacted) if options.contacted else 0.0
    if share > REACHED:
        found.append(
            f"column {options.contacted}: {share:.0%} of who was to be left alone were contacted: "
            "the effect is that of the assignment, smaller than that of a contact"
        )
    return found


def _reached(file: _File, contacted: str) -> float:
    """Share of who was to be left alone that was contacted."""
    meant = profile(contacted, file.raw_table.columns[contacted], rows=file.raw_table.rows)
    not_reached = arms_of(meant, None, origin=file.origin)[0]
    reached = np.array(text_of(file.raw_table, contacted), dtype=object) != not_reached
    alone = np.array(text_of(file.raw_table, file.treated), dtype=object) == file.arms[0]
    return float(reached[alone].mean())
