"""The contact list of the page: filtered, sorted, and as a file, however long."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from app.economics import Ranking
from app.scored import Mask, Scored
from scoring.contact_plan import DIGITS, list_columns
from scoring.schema import Column
from scoring.score_files import ID, REASONS
from scoring.spreadsheet import safe_table

SHEET = 1_048_575  # rows of an Excel sheet below its header
Order = str
ORDERS: tuple[Order, ...] = ("rank", "probability", "value", "id")


@dataclass(frozen=True)
class Filters:
    """What of the list is shown: of which segments and reasons, from which risk and value on.

    `search` is part of an id; `segments` are the labels that are let in, by column.
    """

    search: str = ""
    risk: float = 0.0
    value: float = 0.0
    segments: Mapping[str, Sequence[str]] = field(default_factory=dict)
    reasons: Sequence[str] = ()


def places_of(
    scored: Scored, ranking: Ranking, *, contacts: int, filters: Filters, order: Order = "rank"
) -> NDArray[np.int64]:
    """Places on the ranking (m,) of the first contacts that pass the filters, sorted."""
    listed = np.arange(contacts)
    places = ranking.places[:contacts]
    for keeps in _masks(scored, filters):
        listed = listed[keeps[places[listed]]]
    shown = places[listed]
    if order == "probability":
        return listed[np.argsort(-scored.probability[shown], kind="stable")]
    if order == "value" and scored.value is not None:
        return listed[np.argsort(-scored.value[shown], kind="stable")]
    if order == "id":
        return listed[pc.sort_indices(scored.ids.take(pa.array(shown))).to_numpy()]
    return listed


def _masks(scored: Scored, filters: Filters) -> list[Mask]:
    """Whether each customer (n,) passes, for each filter that is set."""
    found = []
    if filters.search:
        found.append(
            _mask(pc.match_substring(scored.ids, filters.search.strip(), ignore_case=True))
        )
    if filters.risk > 0:
        found.append(scored.probability >= filters.risk)
    if filters.value > 0 and scored.value is not None:
        found.append(scored.value >= filters.value)
    for name, labels in filters.segments.items():
        found.append(_is_one_of(scored.segment(scored.schema[name]), labels))
    if filters.reasons and scored.reasons is not None:
        of_any = [_is_one_of(scored.reasons[name], filters.reasons, title=True) for name in REASONS]
        found.append(np.logical_or.reduce(of_any))
    return found


def _is_one_of(values: Any, labels: Sequence[str], *, title: bool = False) -> Mask:
    """Whether dictionary-encoded values (n,) are among the labels; of reasons, by their title."""
    if isinstance(values, pa.ChunkedArray):
        values = values.unify_dictionaries().combine_chunks()
    known = values.dictionary.to_pylist()
    wanted = np.array([(title_of(text) if title else text) in labels for text in known] + [False])
    return wanted[pc.fill_null(values.indices, len(known)).to_numpy()]


def _mask(values: pa.Array) -> Mask:
    return pc.fill_null(values, False).to_numpy(zero_copy_only=False)


def title_of(reason: str) -> str:
    """What a reason is about: the words before its colon."""
    return reason.partition(":")[0]


def titles(scored: Scored) -> list[str]:
    """What the reasons on the list are about, in alphabetical order; none where it has none."""
    if scored.reasons is None:
        return []
    texts = {
        title_of(text)
        for name in REASONS
        for chunk in scored.reasons[name].chunks
        for text in chunk.dictionary.to_pylist()
    }
    return sorted(texts)


def labels_of(column: Column) -> list[str]:
    """The labels that a segment can be filtered by."""
    return list(column.labels)


def table(scored: Scored, ranking: Ranking, listed: NDArray[np.int64]) -> pa.Table:
    """The contacts at these places on the ranking, with the columns of `make score`."""
    places = ranking.places[listed]
    ids, probability = scored.ids.take(pa.array(places)), scored.probability[places]
    if ranking.plan is None or ranking.profit is None or ranking.cost is None:
        columns: dict[str, Any] = {
            "rank": listed + 1,
            ID: ids,
            "churn_probability": probability.round(DIGITS),
        }
    else:
        columns = list_columns(
            listed + 1,
            ids,
            probability=probability,
            cost=ranking.cost[listed],
            gain=ranking.profit[listed] + ranking.cost[listed],
            cumulative=ranking.plan.sums.profit[listed],
        )
    if scored.reasons is not None:
        reasons = scored.reasons.take(pa.array(places))
        columns |= {name: reasons[name].cast(pa.string()) for name in REASONS}
    return pa.table(columns)


def as_csv(found: pa.Table) -> bytes:
    """The list as CSV, whose texts no spreadsheet computes."""
    buffer = io.BytesIO()
    arrow_csv.write_csv(safe_table(found), buffer)
    return buffer.getvalue()


def as_workbook(found: pa.Table) -> bytes:
    """The list as an Excel file; what is longer than a sheet goes on in the next one."""
    import xlsxwriter

    options = {
        "constant_memory": True,  # rows are written out as they come
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with tempfile.TemporaryFile() as file:
        with xlsxwriter.Workbook(file, options) as book:
            for start in range(0, max(found.num_rows, 1), SHEET):
                _write_sheet(book.add_worksheet(), found.slice(start, SHEET))
        file.seek(0)
        return file.read()


def _write_sheet(sheet: Any, found: pa.Table) -> None:
    sheet.freeze_panes(1, 0)
    for place, name in enumerate(found.column_names):
        sheet.write_string(0, place, name)
    is_text = [pa.types.is_string(kind) for kind in found.schema.types]
    writers = [sheet.write_string if text else sheet.write_number for text in is_text]
    row = 0
    for batch in found.to_batches(max_chunksize=10_000):
        for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            row += 1
            for place, (write, cell) in enumerate(zip(writers, cells, strict=True)):
                if cell is not None:
                    write(row, place, cell)
