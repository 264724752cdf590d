"""Of many customers a sample is learned from and tested on, the same whatever the order."""

import dataclasses

import pandas as pd
import pytest

from stages.core.files import write_tables
from stages.features import split as features
from stages.features.features_params import Features
from stages.features.split import Balance, sample_summary
from tests import builders
from tests.builders import NUMBER

FEATURES = {"test_share": 0.3, "seed": 4, "max_customers": 1000, "max_cells": 100_000}


def in_row_groups(customers, folder, size):
    """The path of a file of the customers, so many rows in a group."""
    path = folder / f"{size}.parquet"
    write_tables(path, [customers[at : at + size] for at in range(0, len(customers), size)])
    return path


def test_of_many_customers_a_sample_by_hash_is_taken(tmp_path):
    customers, schema = builders.customers(rows=900), builders.schema()
    params = Features.of(FEATURES | {"max_customers": 300})
    taken = features.read_customers(in_row_groups(customers, tmp_path, 900), schema, params)
    assert 220 < len(taken) < 380
    assert set(taken[NUMBER]) < set(customers[NUMBER])
    # whoever is taken is so in whatever order, and the sides of the split are as balanced as ever
    shuffled = in_row_groups(builders.shuffled(customers), tmp_path, 899)
    assert set(features.read_customers(shuffled, schema, params)[NUMBER]) == set(taken[NUMBER])
    assert 0.2 < features.split(taken, schema, params).mean() < 0.4


@pytest.mark.parametrize("has_id", [True, False])
def test_the_sample_does_not_depend_on_the_parts_that_a_file_has(has_id, tmp_path):
    customers = builders.customers(rows=900)
    schema = builders.schema() if has_id else builders.schema("no_id")
    params = Features.of(FEATURES | {"max_customers": 300})
    whole, parts = (
        features.read_customers(in_row_groups(customers, tmp_path, size), schema, params)
        for size in (900, 77)
    )
    pd.testing.assert_frame_equal(parts, whole)


def test_few_customers_are_all_taken(tmp_path):
    customers = builders.customers(rows=50)
    path = in_row_groups(customers, tmp_path, 50)
    params = Features.of(FEATURES)
    taken = features.read_customers(path, builders.schema(), params)
    pd.testing.assert_frame_equal(taken, customers)


def test_of_a_wide_table_the_sample_is_smaller_and_the_report_says_so(tmp_path):
    path, schema = in_row_groups(builders.customers(rows=900), tmp_path, 900), builders.schema()
    params = Features.of(FEATURES | {"max_cells": 300 * len(schema.inputs)})
    taken = features.read_customers(path, schema, params)
    assert 220 < len(taken) < 380
    least = Features.of(FEATURES | {"max_cells": 200})
    assert 130 < len(features.read_customers(path, schema, least)) < 270
    sampled = Balance(240, 60, 0.3, 0.3, left_out=600)
    assert "300 of 900 customers" in sample_summary(sampled)
    assert "All 300" in sample_summary(dataclasses.replace(sampled, left_out=0))
