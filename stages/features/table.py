"""The table of features that candidates learn from."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.derive import Inputs, category_names, derive, numeric_names
from scoring.schema import KEY_NAMES, Schema

ID, LABEL = KEY_NAMES
OFTEN_REPEATED = 0.05  # share of test rows that equal a train row, worth a warning


def row_index(ids: pd.Series) -> pd.MultiIndex:
    """What a row is found by: its customer's id, and how many rows of that one are above it."""
    return pd.MultiIndex.from_arrays([ids, ids.groupby(ids).cumcount()])


def feature_table(customers: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Id, label (1 = churn) and model inputs under their names, a row per customer."""
    inputs = derive({c.name: customers[c.name].to_numpy() for c in schema.inputs}, schema)
    keys = customers[schema.id_name] if schema.id_name else pd.Series(customers.index.astype(str))
    label = schema.churned(customers)
    return pd.concat(
        [
            pd.DataFrame({ID: keys.to_numpy(), LABEL: label}),
            pd.DataFrame(inputs.numeric, columns=numeric_names(schema)),
            pd.DataFrame(inputs.category, columns=category_names(schema)),
        ],
        axis=1,
    )


def repeated_rows(features: pd.DataFrame, others: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows (n,) equal one of the others in inputs and label."""
    found, known = (
        pd.util.hash_pandas_object(table.drop(columns=ID), index=False).to_numpy()
        for table in (features, others)
    )
    return np.isin(found, known)


def monthly_value(features: pd.DataFrame, schema: Schema) -> NDArray[np.float64] | None:
    """The column with the role monthly_value (n,), or None where there is none."""
    column = schema.role("monthly_value")
    return features[column.name].to_numpy(np.float64) if column else None


def model_inputs(features: pd.DataFrame, schema: Schema) -> Inputs:
    """The model inputs of a table that `feature_table` made."""
    return Inputs(
        features[numeric_names(schema)].to_numpy(np.float32),
        features[category_names(schema)].to_numpy(object),
    )
