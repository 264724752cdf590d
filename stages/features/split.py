"""The split of the customers into train and test, by a hash of their keys."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.derive import numeric_names
from scoring.schema import Schema
from stages.core.cluster import mapped
from stages.core.files import read_row_group, read_table, row_count, row_groups, write_table
from stages.core.paths import Paths
from stages.core.yamlfile import load_schema
from stages.features.features_params import Features
from stages.features.table import LABEL, OFTEN_REPEATED, feature_table, repeated_rows

LEAST = 200  # customers of a sample, however wide the table
SAMPLE = 2**32  # added to the seed, beyond what a seed may be


@dataclass(frozen=True)
class Balance:
    """How alike train and test are in their share of churners; customers outside the sample.

    `repeated` test rows have the inputs and the outcome of a train row, of a table without an id.
    """

    train_rows: int
    test_rows: int
    train_rate: float
    test_rate: float
    left_out: int = 0
    repeated: int = 0

    @property
    def difference(self) -> float:
        """Test rate less train rate."""
        return self.test_rate - self.train_rate

    @property
    def standard_error(self) -> float:
        """Of the difference, under a split by chance: sqrt(p (1-p) (1/n + 1/m))."""
        n, m = self.train_rows, self.test_rows
        rate = (self.train_rate * n + self.test_rate * m) / (n + m)
        return float(np.sqrt(rate * (1 - rate) * (1 / n + 1 / m)))

    @property
    def is_suspicious(self) -> bool:
        """Whether the rates differ by more than three standard errors."""
        return abs(self.difference) > 3 * self.standard_error


def split_and_derive(params: Features, paths: Paths) -> Balance:
    """Write the features of train and test customers; how alike the two are."""
    schema = load_schema(paths.customers_schema)
    customers = read_customers(paths.customers, schema, params)
    is_test = split(customers, schema, params)
    features = feature_table(customers, schema)
    write_table(paths.train, features[~is_test].reset_index(drop=True))
    write_table(paths.test, features[is_test].reset_index(drop=True))
    label = features[LABEL].to_numpy()
    return Balance(
        int((~is_test).sum()),
        int(is_test.sum()),
        float(label[~is_test].mean()),
        float(label[is_test].mean()),
        left_out=row_count(paths.customers) - len(customers),
        repeated=0
        if schema.id_name
        else int(repeated_rows(features[is_test], features[~is_test]).sum()),
    )


def row_keys(customers: pd.DataFrame, id_name: str | None) -> list[str]:
    """What a customer is recognised by: its id, or without one the place of its row.

    What stands in a row does not decide its side: of a few values that many rows share, a side
    would hold some combinations whole and others not at all.
    """
    keys = customers[id_name] if id_name else customers.index
    return [str(key) for key in keys]


def read_customers(path: Path, schema: Schema, params: Features) -> pd.DataFrame:
    """The customers in a file, or of more about `max_customers`, a part of the file at a time.

    Fewer of a wide table: customers x inputs are at most about `max_cells`. Who is taken depends on
    another hash of the key than the split's.
    """
    rows = row_count(path)
    most = min(params.max_customers, max(LEAST, params.max_cells // len(schema.inputs)))
    if rows <= most:
        return read_table(path)
    share = most / rows
    parts = [Part(path, *place, share, params.seed, schema.id_name) for place in row_groups(path)]
    return pd.concat(mapped(_sampled, parts, file=path), ignore_index=True)


@dataclass(frozen=True)
class Part:
    """A row group of a file, the row that it starts at, and which share of its customers to take.

    Without an id a customer is recognised by the row.
    """

    path: Path
    group: int
    start: int
    share: float
    seed: int
    id_name: str | None


def _sampled(part: Part) -> pd.DataFrame:
    customers = read_row_group(part.path, part.group)
    customers.index = pd.RangeIndex(part.start, part.start + len(customers))
    place = hash_places(row_keys(customers, part.id_name), seed=part.seed + SAMPLE)
    return customers[place < part.share]


def split(customers: pd.DataFrame, schema: Schema, params: Features) -> NDArray[np.bool_]:
    """Which rows are kept for the test: (n,) booleans, true with chance `test_share`.

    A customer's place depends on the seed and its key alone, so all rows of one customer are on one
    side and adding customers moves nobody; but where the test would have none who left (or stayed),
    the next one by hash comes over.
    """
    place = hash_places(row_keys(customers, schema.id_name), seed=params.seed)
    is_test = place < params.test_share
    churned = schema.churned(customers) == 1
    for members in (churned, ~churned):
        if members.any() and not is_test[members].any():
            is_test |= place == place[members].min()
    return is_test


def hash_places(keys: list[str], *, seed: int) -> NDArray[np.float64]:
    """A number in [0, 1) per key, by a seeded hash: equal for equal keys."""
    salt = seed.to_bytes(8, "big")
    hashes = (hashlib.blake2b(key.encode(), digest_size=8, key=salt).digest() for key in keys)
    return np.frombuffer(b"".join(hashes), dtype=">u8").astype(np.float64) / 2.0**64


def balance_figures(balance: Balance) -> pd.DataFrame:
    """Customers and churn rate of train and test."""
    return pd.DataFrame(
        {
            "customers": [balance.train_rows, balance.test_rows],
            "churn rate": [balance.train_rate, balance.test_rate],
        },
        index=["train", "test"],
    )


def sample_summary(balance: Balance) -> str:
    """Whether all customers are used, or a sample of them."""
    taken = balance.train_rows + balance.test_rows
    if not balance.left_out:
        return f"All {taken:,} customers are used."
    return (
        f"A sample of {taken:,} of {taken + balance.left_out:,} customers is learned from and "
        "tested on (features.max_customers, features.max_cells). With simulated customers 300,000 "
        "in place of 100,000 gained 0.0001 of ROC AUC and 0.003 of profit per customer; the report "
        "of train says whether more are likely to help here."
    )


def balance_warnings(balance: Balance) -> list[str]:
    """Where train and test differ by more than chance explains, or many rows are on both sides."""
    found = []
    if balance.is_suspicious:
        found.append(
            f"The churn rates of train and test differ by {balance.difference:+.2%}, more than "
            f"three standard errors ({balance.standard_error:.2%}): is churn tied to the customer "
            "number?"
        )
    if (share := balance.repeated / balance.test_rows) > OFTEN_REPEATED:
        found.append(
            f"{balance.repeated:,} of {balance.test_rows:,} test rows ({share:.0%}) have inputs "
            "and outcome of a train row, and no id tells the customers apart. In a table of few "
            "different rows that is so by nature; where the file holds customers twice, every "
            "figure of the reports is too good: remove the copies, or adopt the table with an id."
        )
    return found


def number_figures(features: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Mean, spread and quantiles of every numeric feature, a row each.

    Without the smallest and the largest of a sensitive one, which are somebody's own.
    """
    numbers = features[numeric_names(schema)].astype(float)
    if numbers.empty:
        return pd.DataFrame()
    figures = numbers.describe().T.drop(columns="count")
    sensitive = [c.name for c in schema.numeric_inputs if "sensitive" in c.roles]
    figures.loc[sensitive, ["min", "max"]] = np.nan
    return figures
