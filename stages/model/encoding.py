"""The encoding of inputs: numbers raw, scaled or binned, categories, crosses.

All of it learns inside the fold.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler

from scoring.derive import MISSING, category_names, numeric_names
from scoring.schema import Schema
from stages.model.direction import label_constraints, numeric_constraints
from stages.model.optional.encodings import Crossed, Embedded, Hashed
from stages.model.train_params import Train

NATIVE, RAW, SCALED = "native", "raw", "scaled"  # numbers: blanks stay blank in the first
BINNED, CATEGORY, CROSSES = "binned", "category", "crosses"
BOOSTING_PARTS = (NATIVE, CATEGORY)  # they learn which way a blank goes
TREE_PARTS = (RAW, CATEGORY)
LINEAR_PARTS = (SCALED, BINNED, CATEGORY)
FINE = (  # beginnings of warnings
    "Bins whose width are too small",
    "Feature .* is constant",
    "[yY] residual is constant",
)
EMPTIED = "`sklearn.utils.parallel.delayed` should be used with"
BINS_TO_CROSS = 5  # coarser than the bins of the main effects: a cell of two has to hold customers


@dataclass(frozen=True)
class Layout:
    """How many numeric features there are, and what each categorical one may hold.

    `directions` says of each column that trees take (numbers, then one per category value), which
    way churn goes with it: 1, -1, or 0 where the schema does not say.
    """

    numeric: int
    categories: tuple[tuple[str, ...], ...]
    directions: tuple[int, ...] = ()

    @property
    def columns(self) -> int:
        """How many columns trees take: numbers, and one per category value."""
        return self.numeric + sum(len(labels) for labels in self.categories)


def layout(schema: Schema) -> Layout:
    """The layout of the model inputs under a schema.

    Categories come from the schema rather than from the data, so that every fold is encoded into
    the same columns, whether or not a rare value fell into it.
    """
    known = {column.name: column for column in schema.category_inputs}
    labels = {
        name: known[name].labels + ((MISSING,) if known[name].missing else ())
        for name in category_names(schema)
    }
    ends = [label_constraints(known[name], values) for name, values in labels.items()]
    return Layout(
        len(numeric_names(schema)),
        tuple(labels.values()),
        directions=(*numeric_constraints(schema), *chain.from_iterable(ends)),
    )


def frame(features: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The columns of a feature table that candidates take, numeric ones first.

    Numbers hold float32 values, as the export will see, but are computed with in float64: a median
    or an edge of a bin that was rounded to float32 would fall on the other side of its own value.
    """
    numeric = features[numeric_names(schema)].astype("float64")
    return numeric.join(features[category_names(schema)])


@contextmanager
def few_bins_are_fine() -> Iterator[None]:
    """Silence about numbers with few distinct values: fewer bins than asked for are what is wanted.

    Likewise about categories with less to tell than there are columns to tell it in.
    Entered by the thread that starts the others: filters of warnings are shared by all threads, and
    scikit-learn's forests empty them for a moment, which it warns of. So what is shown is filtered
    as well.
    """
    show = warnings.showwarning

    def show_others(message: Warning | str, *about: Any, **where: Any) -> None:
        if not any(re.match(words, str(message)) for words in (*FINE, EMPTIED)):
            show(message, *about, **where)

    with warnings.catch_warnings():
        for words in FINE:
            warnings.filterwarnings("ignore", message=words, category=UserWarning)
        warnings.showwarning = show_others
        yield


def encoder(parts: tuple[str, ...], params: Train, shape: Layout) -> ColumnTransformer:
    """The named parts of the encoding, in the order given; crosses last where they are wanted."""
    numeric = list(range(shape.numeric))
    category = [shape.numeric + i for i in range(len(shape.categories))]
    steps: dict[str, tuple[Any, list[int]]] = {
        NATIVE: ("passthrough", numeric),
        RAW: (_imputer(), numeric),
        SCALED: (Pipeline([("impute", _imputer()), ("scale", StandardScaler())]), numeric),
        BINNED: (_binned(params.bins), numeric),
        CATEGORY: (_categories(params, shape), category),
        CROSSES: (_crosses(params, shape), numeric + category),
    }
    wanted = (*parts, CROSSES) if params.encoding.crosses else parts
    return ColumnTransformer([(part, *steps[part]) for part in wanted if steps[part][1]])


def _categories(params: Train, shape: Layout) -> Any:
    wanted = params.encoding
    if wanted.categories == "one_hot" or not shape.categories:
        return _one_hot(shape)
    coded: Any = Embedded(wanted.width)
    if wanted.categories == "hashed":
        coded = Hashed(wanted.width, words=_words(shape))
    return Pipeline([("one_hot", _one_hot(shape)), (wanted.categories, coded)])


def _words(shape: Layout) -> tuple[str, ...]:
    """A word per one-hot column: the place of the column and its value."""
    return tuple(f"{i}={label}" for i, labels in enumerate(shape.categories) for label in labels)


def _crosses(params: Train, shape: Layout) -> Pipeline:
    """Products of pairs of coarse bins and categories."""
    numeric = list(range(shape.numeric))
    category = [shape.numeric + i for i in range(len(shape.categories))]
    cells = [
        (BINNED, _binned(min(params.bins, BINS_TO_CROSS)), numeric),
        (CATEGORY, _one_hot(shape), category),
    ]
    single = ColumnTransformer([cell for cell in cells if cell[2]])
    return Pipeline([("cells", single), ("pairs", Crossed(params.encoding.crosses))])


def _one_hot(shape: Layout) -> OneHotEncoder:
    labels = [list(labels) for labels in shape.categories]
    return OneHotEncoder(categories=labels, handle_unknown="ignore", sparse_output=False)


def _imputer() -> SimpleImputer:
    return SimpleImputer(strategy="median", keep_empty_features=True)


def _binned(bins: int) -> Pipeline:
    binner = KBinsDiscretizer(bins, encode="onehot-dense", quantile_method="averaged_inverted_cdf")
    return Pipeline([("impute", _imputer()), ("bin", binner)])
