"""What long and wide tables may cost: fewer repeats of the folds, fewer trees in a forest.

Decided by the number of cells alone. A forest tries a share of all columns at every split, so that
its cost grows with both sides of the table, while its log loss hardly depends on how many trees
there are: a quarter of them costs less than trying a quarter of the columns.
"""

from __future__ import annotations

from scoring.schema import Schema
from stages.model.encoding import Layout, layout
from stages.model.train_params import Forest, Train

LEAST_TREES = 10


def affordable_repeats(rows: int, columns: int, params: Train) -> int:
    """How often the folds are drawn: less often where the table is long or wide, at least once."""
    return max(1, min(params.repeats, params.max_cells // (rows * max(columns, 1))))


def with_affordable_forests(params: Train, *, rows: int, shape: Layout) -> Train:
    """The parameters with as many trees as `train.max_forest_cells` allows, at least ten.

    The cells of a forest are trees x customers x columns tried per split.
    """
    cut = {name: _cut(own, rows, shape, params) for name, own in _forests(params).items()}
    forest = cut.pop("forest")
    return params.model_copy(update={"forest": forest, "portfolio": {**params.portfolio, **cut}})


def savings(params: Train, *, rows: int, schema: Schema) -> list[str]:
    """What is done less often on this table than `params.yaml` asks for, in sentences."""
    shape = layout(schema)
    sentences = []
    repeats = affordable_repeats(rows, shape.columns, params)
    if repeats < params.repeats:
        sentences.append(
            f"{rows:,} customers x {shape.columns:,} columns: the folds are drawn "
            f"{'once' if repeats == 1 else f'{repeats} times'} instead of {params.repeats} times "
            "(train.max_cells)."
        )
    asked, given = params, with_affordable_forests(params, rows=rows, shape=shape)
    for name, own in _forests(asked).items():
        trees = _forests(given)[name].n_estimators
        if name in params.candidates and trees < own.n_estimators:
            sentences.append(
                f"{name} has {trees} trees instead of {own.n_estimators} (train.max_forest_cells)."
            )
    return sentences


def _forests(params: Train) -> dict[str, Forest]:
    """The parameters of every forest, by the name of the candidate."""
    own = {name: own for name, own in params.portfolio.items() if isinstance(own, Forest)}
    return {"forest": params.forest, **own}


def _cut(own: Forest, rows: int, shape: Layout, params: Train) -> Forest:
    tried = max(1, int(own.max_features * shape.columns))
    most = max(LEAST_TREES, params.max_forest_cells // (rows * tried))
    return own.model_copy(update={"n_estimators": min(own.n_estimators, most)})
