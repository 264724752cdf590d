"""The champion that the pipeline made of 2,000 simulated customers, and those it never saw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scoring.derive import derive
from scoring.explanation import Explainer, load_explainer
from scoring.schema import Schema
from stages.core.files import read_table
from stages.core.paths import Paths
from stages.core.yamlfile import load_schema
from stages.evaluation.evaluation_data import EvaluationData, gather
from stages.features.table import ID
from stages.parameters import read_parameters

TRUTH = "#truth"  # a column that no schema has


@pytest.fixture(scope="session")
def champion(finished: Path) -> Explainer:
    """The champion, which can be asked for probabilities and explains them."""
    return load_explainer(finished / "models" / "champion")


@pytest.fixture(scope="session")
def schema(finished: Path) -> Schema:
    return load_schema(finished / "data" / "raw" / "schema.json")


@pytest.fixture(scope="session")
def customers(finished: Path, schema: Schema) -> pd.DataFrame:
    """The test customers as they are recorded, with their true probability where it is known."""
    everybody = read_table(finished / "data" / "raw" / "customers.parquet")
    truth = read_table(finished / "data" / "oracle" / "probabilities.parquet")
    kept = read_table(finished / "data" / "features" / "test.parquet", [ID])[ID]
    keys = everybody[schema.id_name] if schema.id_name else everybody.index.astype(str)
    known = everybody.set_index(keys, drop=False).loc[kept]
    return known.assign(**{TRUTH: truth.set_index("id")["churn_probability"].reindex(kept)})


@pytest.fixture(scope="session")
def data(finished: Path) -> EvaluationData:
    """What `evaluate` looks at."""
    paths = Paths(finished)
    params = read_parameters(paths)
    return gather(params.evaluate, params.money, paths)


def risk(champion: Explainer, columns) -> np.ndarray:
    """The champion's probabilities (n,) of raw columns."""
    return champion.scorer.probability(derive(columns, champion.schema))
