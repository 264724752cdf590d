"""Training a challenger by the pipeline's own code, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from scoring.bundle import SCORES
from scoring.schema import Schema
from stages.core.files import read_table, write_csv, write_json, write_table
from stages.core.paths import Paths
from stages.features.split import split_and_derive
from stages.model import champion, selection
from stages.model.train import cross_validate
from stages.parameters import Parameters


def train_challenger(
    customers: pd.DataFrame, schema: Schema, params: Parameters, paths: Paths
) -> Path:
    """Split, compare the candidates, and write the winner's bundle, as the stages do; its folder.

    `paths` has `results` of its own: nothing of the pipeline's is overwritten. `customers` are in
    canonical types; one who is there in several months is on one side of the split with all.
    """
    write_json(paths.customers_schema, schema.model_dump(mode="json", exclude_defaults=True))
    write_table(paths.customers, customers)
    split_and_derive(params.features, paths)
    features = read_table(paths.train)
    validation = cross_validate(features, schema, params.train)
    elected = selection.elect(validation, features, schema, params.train)
    champion.write_bundle(
        elected.winner, validation, features, schema,
        train=params.train, money=params.money, paths=paths,
    )  # fmt: skip
    write_csv(paths.comparison / SCORES, validation.scores)  # the gate reads their spread
    return paths.champion
