"""The tables of a campaign as one: who was assigned what, what became of them, what was known.

A campaign is a file, or a folder or pattern of files, one per month. What was known before the
contact stands in the file itself, or in a table of the customers as they were then, joined by id.
The lists that `score` writes are known: their arm, and the probability with which it was assigned.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from scoring.digest import digest, sha256
from scoring.errors import UserError
from scoring.score_files import ASSIGNMENT, ID
from stages.adoption.profile import profile
from stages.adoption.target import Outcome, find_target
from stages.batch.assignment import CONTACT_PROBABILITY, MONTH, PROBABILITY
from stages.batch.inputs import InputFile, find_inputs
from stages.campaigns.roles import (
    arms_of,
    blank_rows,
    find_contacted,
    find_treated,
    text_of,
    without_columns,
)
from stages.campaigns.trial import Days, Floats, Integers
from stages.core.quantity import quantity
from stages.tables.intake import RawColumn, RawTable

PLAIN = "outcome"  # the name that the simulator gives: 1 for who left
OF_A_LIST = (CONTACT_PROBABILITY, MONTH, PROBABILITY)  # of a list of score, and no outcome


@dataclass(frozen=True)
class CampaignOptions:
    """What the user says of the file, as far as they do.

    customers  the customers as they were before the contact, a table for each of the source
    treated    the column of arms; `control` its value for who was left alone
    outcome    the column of what became of them, and which of its values means leaving
    contacted  a column of who was really contacted, where that is not the arm
    ignore     columns that were not known before the contact
    snapshots  the day that the customers' table describes, or one for each file in their order
    encoding   of text files that are not UTF-8
    """

    source: str
    customers: str | None = None
    treated: str | None = None
    control: str | None = None
    outcome: Outcome = field(default_factory=Outcome)
    contacted: str | None = None
    ignore: tuple[str, ...] = ()
    snapshots: tuple[date, ...] = ()
    encoding: str | None = None


@dataclass(frozen=True)
class Source:
    """The raw table of a campaign and the columns that tell what happened.

    stratum      (rows,) the month, or the file, that a customer was assigned in
    probability  (rows,) with which each was assigned to be contacted; None where not known
    after        columns that were not known before the contact
    snapshot     (rows,) the day that each row describes; None where nobody says
    sha256       of the file; of several, of their hashes
    """

    raw_table: RawTable
    origin: str
    treated: str
    arms: tuple[str, ...]
    outcome: str
    positive: tuple[str, ...]
    contacted: str | None
    stratum: Integers
    probability: Floats | None
    after: tuple[str, ...]
    sha256: str
    snapshot: Days | None = None


def read_source(options: CampaignOptions, *, id_name: str | None) -> Source:
    """Read the tables and find what their columns mean; `UserError` where something is not clear.

    `id_name` is the champion's column of ids: the lists of `score` call it `customer_id`.
    """
    with tempfile.TemporaryDirectory() as scratch:
        encoding = options.encoding
        files = find_inputs(options.source, Path(scratch) / "campaign", encoding=encoding)
        tables = [file.raw_table() for file in files]
        if options.customers:
            folder = Path(scratch) / "customers"
            others = find_inputs(options.customers, folder, encoding=encoding)
            tables = _all_joined(tables, files, others, id_name)
        hashes = [sha256(file.path) for file in files]
    _check_snapshots(options, len(files))
    origin = files[0].origin if len(files) == 1 else options.source
    raw_table, place = stacked(tables)
    raw_table, place = _without_certain(raw_table, place)
    content = hashes[0] if len(hashes) == 1 else digest(hashes)
    source = _with_roles(raw_table, place, options, origin=origin, content=content)
    days = np.array(options.snapshots, dtype="datetime64[D]")
    if not len(days):
        return source
    return replace(source, snapshot=days[place if len(days) > 1 else np.zeros_like(place)])


def _check_snapshots(options: CampaignOptions, files: int) -> None:
    if len(options.snapshots) not in (0, 1, files):
        raise UserError(
            f"SNAPSHOT (--snapshot): {quantity(len(options.snapshots), 'day')} for "
            f"{quantity(files, 'table')} of the campaign; expected one for each, in the order of "
            "their names, or one for all"
        )


def _with_roles(
    raw_table: RawTable, place: Integers, options: CampaignOptions, *, origin: str, content: str
) -> Source:
    treated = find_treated(raw_table, options.treated, origin=origin)
    arms = tuple(arms_of(treated, options.control, origin=origin))
    contacted = options.contacted or find_contacted(raw_table, treated.name)
    for name in (*options.ignore, *filter(None, [contacted])):
        if name not in raw_table.columns:
            names = ", ".join(raw_table.columns)
            raise UserError(f"{origin}: column {name}: not there; expected one of {names}")
    outcome, positive = _outcome(raw_table, treated.name, options, origin)
    after = (treated.name, outcome, *options.ignore, *filter(None, [contacted]))
    probability = _probability(raw_table, treated.name, len(arms), origin)
    return Source(
        raw_table, origin, treated.name, arms, outcome, positive, contacted,
        _stratum(raw_table, place), probability, after, content,
    )  # fmt: skip


def stacked(tables: Sequence[RawTable]) -> tuple[RawTable, Integers]:
    """Tables one below the other, with the columns that all have, and each row's table (rows,).

    Rows keep the numbers of their own files.
    """
    place = np.repeat(np.arange(len(tables)), [table.rows for table in tables])
    if len(tables) == 1:
        return tables[0], place
    names = [n for n in tables[0].columns if all(n in table.columns for table in tables)]
    columns = {name: _below([table.columns[name] for table in tables]) for name in names}
    numbers = [np.arange(t.rows) if t.places is None else t.places for t in tables]
    whole = replace(
        tables[0], columns=columns, rows=len(place), places=np.concatenate(numbers)
    )  # fmt: skip
    return whole, place


def _below(columns: Sequence[RawColumn]) -> RawColumn:
    together = pa.concat_arrays([column.texts.cast(pa.string()) for column in columns])
    coded = together.dictionary_encode()
    places = coded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    starts = np.cumsum([0, *(len(column.texts) for column in columns)])
    codes = [places[column.codes + start] for column, start in zip(columns, starts, strict=False)]
    return RawColumn(coded.dictionary, np.concatenate(codes))


def _without_certain(raw_table: RawTable, place: Integers) -> tuple[RawTable, Integers]:
    """Without those who could not have been assigned otherwise: they teach nothing."""
    if CONTACT_PROBABILITY not in raw_table.columns:
        return raw_table, place
    texts = np.array(text_of(raw_table, CONTACT_PROBABILITY), dtype=object)
    certain = np.isin(texts, ["0", "1", "0.0", "1.0", ""])
    return (raw_table.without(certain), place[~certain]) if certain.any() else (raw_table, place)


def _probability(raw_table: RawTable, treated: str, arms: int, origin: str) -> Floats | None:
    """With which each customer was assigned to be contacted, where `score` assigned them."""
    if CONTACT_PROBABILITY not in raw_table.columns or treated != ASSIGNMENT:
        return None
    texts = text_of(raw_table, CONTACT_PROBABILITY)
    for row, text in enumerate(texts):
        if not _is_share(text):
            raise UserError(
                f"{origin}: row {raw_table.number(row)}: column {CONTACT_PROBABILITY}: {text!r}; "
                "expected a number between 0 and 1"
            )
    if arms != 2:
        raise UserError(
            f"{origin}: column {treated}: {arms} arms; expected two where {CONTACT_PROBABILITY} is "
            "given"
        )
    return np.array(texts, dtype=np.float64)


def _is_share(text: str) -> bool:
    try:
        return 0 < float(text) < 1
    except ValueError:
        return False


def _stratum(raw_table: RawTable, place: Integers) -> Integers:
    if MONTH not in raw_table.columns:
        return place
    return np.unique(text_of(raw_table, MONTH), return_inverse=True)[1].astype(np.int64)


def _outcome(
    raw_table: RawTable, treated: str, options: CampaignOptions, origin: str
) -> tuple[str, tuple[str, ...]]:
    """The column of what became of the customers, and its values for leaving."""
    asked = options.outcome
    if asked.target is None and PLAIN in raw_table.columns:
        asked = replace(asked, target=PLAIN, positive=asked.positive or _one(raw_table))
    if asked.target is not None and asked.target in raw_table.columns:
        _check_closed(raw_table, asked.target, origin)
    rest = without_columns(raw_table, [treated, *options.ignore, *OF_A_LIST])
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
            f"outcome, as of {quantity(int(still_open.sum()), 'customer')}: the window has not "
            "closed; expected the outcome of everybody, after the window"
        )


def _all_joined(
    tables: Sequence[RawTable], files: Sequence[InputFile], others: Sequence[InputFile],
    id_name: str | None,
) -> list[RawTable]:  # fmt: skip
    """Each table with the columns of its customers: tables of both, in the order of their names."""
    if len(others) not in (1, len(files)):
        raise UserError(
            f"{others[0].origin}: {len(others)} tables of customers for {len(files)} of the "
            "campaign; expected one for each, in the order of their names, or one for all"
        )
    customers = [file.raw_table() for file in others]
    many = len(files) // len(others)
    return [
        _joined(_called(table, other, id_name), other, file.origin, known.origin)
        for table, other, file, known in zip(
            tables, customers * many, files, [*others] * many, strict=True
        )
    ]


def _called(table: RawTable, customers: RawTable, id_name: str | None) -> RawTable:
    """The id under the name that the customers have it under."""
    if ID not in table.columns or ID in customers.columns or id_name is None:
        return table
    columns = {(id_name if n == ID else n): cells for n, cells in table.columns.items()}
    return replace(table, columns=columns)


def _joined(campaign: RawTable, customers: RawTable, origin: str, other: str) -> RawTable:
    """The campaign's rows with the columns of the customers of the same id."""
    campaign = _called_alike(campaign, customers)
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


def _called_alike(campaign: RawTable, customers: RawTable) -> RawTable:
    """The campaign with its id under the customers' name, where its values alone tell that it is.

    They do where two columns are keys of one another's tables, and no other two are.
    """
    ours, theirs = ([n for n in t.columns if _is_key(t, n)] for t in (campaign, customers))
    if {*ours} & {*theirs}:
        return campaign
    known = {name: {*text_of(customers, name)} for name in theirs}
    found = [(n, name) for n in ours for name in theirs if {*text_of(campaign, n)} <= known[name]]
    if len(found) != 1:
        return campaign
    ((own, name),) = found
    return replace(
        campaign, columns={(name if n == own else n): c for n, c in campaign.columns.items()}
    )


def _is_key(raw_table: RawTable, name: str) -> bool:
    return len(raw_table.columns[name].texts) == raw_table.rows
