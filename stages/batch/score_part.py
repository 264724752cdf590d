"""One chunk of customers to one finished part: all that a worker does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from scoring.batch import BatchScorer, Codes, Scores, code_labels, decoded
from scoring.bundle import REFERENCE
from scoring.effect import Effect, groups_of
from scoring.explanation import reasons
from scoring.schema import Schema
from scoring.score_files import GROUP, ID, OFFER, REASONS, REDUCTION
from stages.batch.coded import load_batch_scorer
from stages.batch.customer_table import columns_of
from stages.batch.inputs import Chunk
from stages.batch.parts import About, write_part
from stages.batch.rows import Rows, check_rows

PLACE = "row"
BANDS = 10  # of equally many customers learned from, between which numbers are counted
Edges = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class PartScorer:
    """Scores chunks with the bundle in `model` into parts in `folder`; may be sent to a worker.

    `snapshot` is the day that the customers' table describes, where dates are learned from;
    `with_customers` whether what the model is asked about them is kept.
    """

    model: Path
    folder: Path
    with_reasons: bool = False
    snapshot: date | None = None
    with_customers: bool = False

    @cached_property
    def scorer(self) -> BatchScorer:
        """The models, loaded where they are needed."""
        return load_batch_scorer(self.model)

    @cached_property
    def edges(self) -> Edges:
        """Where numbers are counted between, by column: quantiles of the customers learned from."""
        return reference_edges(self.model, self.scorer.bundle.schema)

    def __getstate__(self) -> dict[str, object]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def rows(self, chunk: Chunk) -> Rows:
        """The rows of a chunk that can be scored, and the rest."""
        return check_rows(chunk, self.scorer.bundle.schema, snapshot=self.snapshot)

    def __call__(self, chunk: Chunk) -> str:
        """Score a chunk into its part; the part's name."""
        rows = self.rows(chunk)
        scores = self.scorer.score(rows.numbers, rows.codes)
        counts, contacts = _counts(self._bands(rows), scores.contact)
        about = About(
            file=chunk.file.origin,
            tier=scores.tier,
            rejects=rows.rejects,
            problems=rows.problems,
            examples=rows.examples,
            warnings=rows.warnings,
            faults=scores.faults,
            counts=counts,
            contacts=contacts,
        )
        table = pa.table(self._columns(rows, scores, chunk.file.origin))
        write_part(self.folder, chunk.name, table, about)
        return chunk.name

    def _columns(self, rows: Rows, scores: Scores, origin: str) -> dict[str, Any]:
        """What the part has of each customer (n,)."""
        none = pa.nulls(len(scores.probability), pa.float64())
        columns = {
            ID: rows.ids if rows.ids is not None else _named(rows, origin),
            "churn_probability": scores.probability,
            "contact": scores.contact,
            "expected_profit": none if scores.profit is None else scores.profit,
            PLACE: rows.places,
        }
        if self.with_reasons:
            found = why(self.scorer, rows.numbers, rows.codes)
            columns["reasons"] = pa.array(found, pa.list_(pa.string()))
        if self.with_customers:
            columns |= columns_of(rows, self.scorer.bundle.schema)
        if self.scorer.terms.effect is not None:
            columns |= self._effect(scores, self.scorer.terms.effect)
        return columns

    def _effect(self, scores: Scores, effect: Effect) -> dict[str, Any]:
        """What a contact changes for each customer, and what that makes them."""
        assert scores.reduction is not None
        untreated = effect.untreated(scores.probability)
        return {
            REDUCTION: scores.reduction,
            GROUP: groups_of(untreated, scores.reduction, scores.contact),
            OFFER: scores.offer,
        }

    def _bands(self, rows: Rows) -> dict[str, tuple[NDArray[np.int64], int]]:
        """By column the band or code of each customer (n,), and how many of those there are."""
        schema = self.scorer.bundle.schema
        found = {}
        for place, column in enumerate(schema.numeric_inputs):
            edges = self.edges[column.name]
            found[column.name] = bands(rows.numbers[:, place], edges), len(edges) + 2
        for place, column in enumerate(schema.category_inputs):
            found[column.name] = rows.codes[:, place], len(code_labels(column))
        return found


def _counts(
    found: Mapping[str, tuple[NDArray[np.int64], int]], contact: NDArray[np.bool_]
) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """By column, how many of all customers are in each band, and how many of the contacts."""
    counts, contacts = {}, {}
    for name, (places, length) in found.items():
        both = np.bincount(places + length * contact, minlength=2 * length).reshape(2, length)
        counts[name], contacts[name] = both.sum(axis=0).tolist(), both[1].tolist()
    return counts, contacts


def why(scorer: BatchScorer, numbers: NDArray[np.float64], codes: Codes) -> list[list[str]]:
    """What raises the risk of each customer, in words, as many as `REASONS`; [] if unknown."""
    explainer = scorer.bundle.explainer(scorer.bundle.best_tier)
    if explainer is None:
        return [[] for _ in numbers]
    schema, labels = scorer.bundle.schema, decoded(codes, scorer.bundle.schema)
    columns: dict[str, Any] = {c.name: numbers[:, i] for i, c in enumerate(schema.numeric_inputs)}
    columns |= {c.name: labels[:, i] for i, c in enumerate(schema.category_inputs)}
    return reasons(explainer.contributions(columns), columns, schema, count=len(REASONS))


def reference_edges(model: Path, schema: Schema) -> Edges:
    """Edges (BANDS - 1,) by numeric column; none where the bundle has no reference."""
    names = [column.name for column in schema.numeric_inputs]
    if not (model / REFERENCE).is_file():
        return dict.fromkeys(names, np.empty(0))
    table = pq.read_table(model / REFERENCE, columns=names)
    steps = np.linspace(0, 1, BANDS + 1)[1:-1]
    found = {name: table[name].to_numpy().astype(float) for name in names}
    return {
        name: np.unique(np.nanquantile(values, steps)) if (~np.isnan(values)).any() else np.empty(0)
        for name, values in found.items()
    }


def bands(numbers: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """Between which edges each number falls (n,), the absent ones in a last band of their own.

    Edges come from numbers that a bundle holds in float32, and so are these compared.
    """
    rounded = numbers.astype(np.float32)
    found = np.zeros(len(rounded), np.uint8)
    for edge in edges.astype(np.float32):  # so few that comparing is faster than searching
        found += rounded > edge
    found[np.isnan(rounded)] = len(edges) + 1
    return found.astype(np.int64)


def _named(rows: Rows, origin: str) -> list[str]:
    """Customers without an id are called by file and row."""
    return [f"{origin}:{row}" for row in rows.places]
