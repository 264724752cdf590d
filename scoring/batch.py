"""Scoring many customers at once, their categories as codes instead of text.

A code is the place of a label among the labels of its column, with one more for what is absent:
what a dictionary-encoded Arrow column holds once its dictionary has been translated. The models
take codes where their graph could be rewritten to (`stages.batch.coded`), and text where not; both
give the same probabilities. NumPy only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.derive import MISSING, Inputs, RawInputs, with_derived
from scoring.loading import Bundle, Model, checked
from scoring.schema import Column, Schema
from scoring.terms import Floats, Terms

BLOCK = 8_192  # customers a model is asked for at a time: what it computes stays near the processor
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """What is predicted for n customers; `profit` is None without a monthly value.

    `faults` says of each better tier than `tier` why it did not answer, and of the `effect`;
    `reduction` and `offer` are those of `scoring.terms.Decided`.
    """

    probability: Floats
    profit: Floats | None
    contact: NDArray[np.bool_]
    tier: str
    faults: Mapping[str, str]
    reduction: Floats | None = None
    offer: NDArray[np.int64] | None = None


def code_labels(column: Column) -> tuple[str, ...]:
    """The label of each code of a category, the absent one last."""
    return (*column.labels, MISSING)


def label_codes(column: Column) -> dict[str, int]:
    """The code of each label of a category, the absent one last."""
    return {label: code for code, label in enumerate(code_labels(column))}


def decoded(codes: Codes, schema: Schema) -> NDArray[np.object_]:
    """The labels (n, m) behind codes (n, m)."""
    columns = [
        np.array(code_labels(column), dtype=object)[codes[:, place]]
        for place, column in enumerate(schema.category_inputs)
    ]
    return np.column_stack(columns) if columns else np.empty((len(codes), 0), object)


@dataclass(frozen=True)
class ByText:
    """A model that only knows text, asked by codes."""

    model: Model
    schema: Schema

    def probability(self, inputs: Inputs) -> Floats:
        """Probability of churn (n,), from inputs with codes in place of labels."""
        return self.model.probability(Inputs(inputs.numeric, decoded(inputs.category, self.schema)))


@dataclass(frozen=True)
class BatchScorer:
    """The fallback chain of a bundle over customers whose categories are codes.

    `models` take codes, by tier, best first.
    """

    bundle: Bundle
    models: Mapping[str, Model]
    terms: Terms

    def score(self, numbers: Floats, codes: Codes) -> Scores:
        """Scores of n customers, by the best tier that can: numbers (n, k), codes (n, m)."""
        known = RawInputs(numbers, codes)
        inputs = with_derived(known, self.bundle.schema)
        faults = dict(self.bundle.faults)
        for tier, model in self.models.items():
            try:
                probability = checked(in_blocks(model, inputs), len(numbers))
            except Exception as error:  # whatever a runtime raises, the next tier answers
                faults[tier] = f"{type(error).__name__} while scoring"
                continue
            decided = self.terms.decide(probability, known)
            if decided.fault is not None:
                faults["effect"] = decided.fault
            return Scores(
                probability, decided.profit, decided.contact, tier, faults, decided.reduction,
                decided.offer,
            )  # fmt: skip
        raise AssertionError("the base rate answers for everybody")


def in_blocks(model: Model, inputs: Inputs) -> Floats:
    """Probability of churn (n,) of n customers, by a model that is asked for some at a time."""
    blocks = [slice(start, start + BLOCK) for start in range(0, len(inputs.numeric), BLOCK)]
    found = [model.probability(Inputs(*(part[rows] for part in inputs))) for rows in blocks]
    return np.concatenate(found) if found else np.empty(0)
