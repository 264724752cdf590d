"""The champion against untuned models on a folder of tables that nothing here was tuned to.

Every table is described as `adopt` would, and all models are judged on the same folds. The figure
of the champion is that of the rule applied without the fold that it is judged on. A README.md in
the folder may have a table with the columns file, target and leaves; else the target is guessed.
Simulated customers are compared as well, and the real file in the columns of the schema in git
where it is given.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks.result import Result
from scoring.errors import UserError
from scoring.schema import Schema
from stages.adoption.draft import draft
from stages.adoption.leaks import leaking_columns
from stages.adoption.target import Outcome
from stages.core import measures
from stages.core.metrics import METRICS
from stages.core.paths import Paths
from stages.core.yamlfile import load_schema
from stages.features.table import ID, LABEL, feature_table
from stages.model.budget import affordable_repeats
from stages.model.encoding import frame, layout
from stages.model.folds import draw_folds, paired_interval
from stages.model.selection import selected_scores
from stages.model.train import cross_validate
from stages.model.train_params import Train
from stages.parameters import read_parameters
from stages.simulator.generate import simulate
from stages.simulator.population import load_population
from stages.tables.checks import check_table
from stages.tables.intake import read_raw_table

FOLDS, REPEATS, SEED = 5, 2, 20
SIMULATED = 7043  # customers
COMPARED = ("log_loss", "roc_auc", "average_precision")
LEVEL = 0.95


class Lead(NamedTuple):
    """By how much the champion leads the best untuned model on a table; below 0 it is worse."""

    table: str
    metric: str
    mean: float
    high: float
    details: str


def benchmarks(folder: Path, *, csv: Path | None = None) -> list[Result]:
    """Per table and metric the lead over the best untuned model, and the mean over the tables.

    `csv` is a file in the columns of the schema in git.
    """
    leads = [
        lead
        for name, features, schema in _tables(folder, csv)
        for lead in _leads(name, features, schema)
    ]
    return [*(_not_worse(lead) for lead in leads), *_on_average(leads)]


def _tables(folder: Path, csv: Path | None) -> Iterator[tuple[str, pd.DataFrame, Schema]]:
    """Name, features and schema of every table."""
    for path in sorted(folder.glob("*.csv")):
        try:
            yield path.stem, *_adopted(path, *_target(folder, path.name))
        except UserError as error:
            print(f"{path.name}: left out: {str(error).splitlines()[0]}")
    here = Paths.here()
    schema = load_schema(here.schema)
    population = load_population(here.population)
    chunk = next(simulate(population, rows=SIMULATED, seed=SEED, chunk_rows=SIMULATED))
    yield "simulated customers", feature_table(chunk.customers, schema), schema
    if csv:
        customers = check_table(read_raw_table(csv), schema, origin=str(csv)).customers
        yield csv.stem, feature_table(customers, schema), schema


def _not_worse(lead: Lead) -> Result:
    """The upper end of the interval lies above 0 unless the champion is worse beyond noise."""
    name = f"lead in {lead.metric}, upper end: {lead.table}"
    return Result(name, lead.high, ">=", 0.0, lead.details)


def _on_average(leads: list[Lead]) -> list[Result]:
    results = []
    for metric in COMPARED if leads else ():
        found = [lead.mean for lead in leads if lead.metric == metric]
        name = f"lead in {metric}, mean of {len(found)} tables"
        results.append(Result(name, float(np.mean(found)), ">=", 0.0))
    return results


def _leads(table: str, features: pd.DataFrame, schema: Schema) -> list[Lead]:
    ours, untuned = _champion(features, schema), _untuned(features, schema)
    leads = []
    for metric in COMPARED:
        sign = METRICS[metric].sign
        means = {name: sign * scores[metric].mean() for name, scores in untuned.items()}
        best = max(means, key=lambda name: means[name])
        difference = sign * (ours[metric].to_numpy() - untuned[best][metric].to_numpy())
        mean, low, high = paired_interval(difference, FOLDS, level=LEVEL)
        details = (
            f"{ours[metric].mean():.4f}, {best} {untuned[best][metric].mean():.4f}: {mean:+.4f} "
            f"({low:+.4f} to {high:+.4f}), {len(features):,} customers"
        )
        print(f"{table}: {metric} {details}", flush=True)
        leads.append(Lead(table, metric, mean, high, details))
    return leads


def _champion(features: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Scores of the rule's choice, fold by fold."""
    params = _params()
    with threadpool_limits(1):
        return selected_scores(cross_validate(features, schema, params).scores, params)


def _params() -> Train:
    """The parameters of the pipeline, on the folds of the comparison."""
    repeated = {"folds": FOLDS, "repeats": REPEATS, "seed": SEED}
    return read_parameters(Paths.here()).train.model_copy(update=repeated)


def _untuned(features: pd.DataFrame, schema: Schema) -> dict[str, pd.DataFrame]:
    """Scores of every untuned model on the same folds, by its name."""
    inputs, label = frame(features, schema), features[LABEL].to_numpy()
    repeats = affordable_repeats(len(features), layout(schema).columns, _params())
    customers = features[ID].to_numpy()
    splits = draw_folds(label, count=FOLDS, repeats=repeats, seed=SEED, groups=customers)
    scores = {}
    for name, make in _models().items():
        rows = []
        for fold in splits:
            model = make_pipeline(_encoder(schema), *make())
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what others warn of is theirs
                model.fit(inputs.iloc[fold.fit], label[fold.fit])
                predicted = model.predict_proba(inputs.iloc[fold.held_out])[:, 1].astype(float)
            truth = label[fold.held_out].astype(float)
            measured = {m: measures.value(METRICS[m].bound(), truth, predicted) for m in COMPARED}
            rows.append(measured)
        scores[name] = pd.DataFrame(rows)
    return scores


def _models() -> dict[str, Callable[[], list[Any]]]:
    """Steps behind the encoder, each model at the defaults of its library."""
    from xgboost import XGBClassifier

    def plain(model: Any) -> list[Any]:
        return [SimpleImputer(keep_empty_features=True), model]

    models: dict[str, Callable[[], list[Any]]] = {
        "histogram boosting": lambda: [HistGradientBoostingClassifier(random_state=SEED)],
        "XGBoost": lambda: [XGBClassifier(n_jobs=1, random_state=SEED)],
        "forest": lambda: plain(RandomForestClassifier(random_state=SEED)),
        "logistic regression": lambda: [
            *plain(StandardScaler()),
            LogisticRegression(max_iter=2000),
        ],
    }
    if find_spec("lightgbm"):
        from lightgbm import LGBMClassifier

        models["LightGBM"] = lambda: [LGBMClassifier(n_jobs=1, random_state=SEED, verbosity=-1)]
    return models


def _encoder(schema: Schema) -> ColumnTransformer:
    """Numbers as they are, categories one-hot."""
    shape = layout(schema)
    category = [shape.numeric + i for i in range(len(shape.categories))]
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer(
        [("numbers", "passthrough", list(range(shape.numeric))), ("category", one_hot, category)]
    )


def _adopted(path: Path, target: str | None, positive: str | None) -> tuple[pd.DataFrame, Schema]:
    """The feature table and the schema, as adopting the file would draft it."""
    raw_table = read_raw_table(path, origin=path.name)
    try:
        found = draft(raw_table, Outcome(target=target, positive=positive), origin=path.name)
    except UserError:  # the value is written otherwise in the file: a known word decides
        found = draft(raw_table, Outcome(target=target), origin=path.name)
    explored = read_parameters(Paths.here()).explore
    found = found.ignoring(leaking_columns(raw_table, found.schema, explored, origin=path.name))
    customers = check_table(raw_table, found.schema, origin=path.name).customers
    return feature_table(customers, found.schema), found.schema


def _target(folder: Path, name: str) -> tuple[str | None, str | None]:
    """Target and positive value of a file as the README.md of the folder has them."""
    readme = folder / "README.md"
    lines = readme.read_text(encoding="utf-8").splitlines() if readme.is_file() else []
    rows = [[cell.strip(" `") for cell in line.strip("| ").split("|")] for line in lines]
    header = next((row for row in rows if {"file", "target", "leaves"} <= set(row)), None)
    for row in rows:
        if header and row[0] == name and len(row) == len(header):
            found = dict(zip(header, row, strict=True))
            return found["target"], found["leaves"]
    return None, None
