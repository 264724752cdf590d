"""Work on the parts of a file, in this process or on the workers of a Dask cluster."""

import copy

import pandas as pd
import pytest

from scoring.errors import UserError
from stages.core import cluster
from stages.core.cluster import attempted, even_ranges, mapped
from stages.core.compute import ENGINE, SCHEDULER
from stages.core.files import write_tables
from stages.features.features_params import Features
from stages.features.split import read_customers
from tests import builders

PARAMS = Features.of({"test_share": 0.3, "seed": 4, "max_customers": 300, "max_cells": 10**6})


@pytest.fixture
def customers(tmp_path):
    """The path of 900 customers in twelve row groups."""
    table = builders.customers(rows=900)
    write_tables(tmp_path / "customers.parquet", [table[at : at + 75] for at in range(0, 900, 75)])
    return tmp_path / "customers.parquet"


@pytest.mark.parametrize(("rows", "parts"), [(10, 3), (3, 3), (2, 5), (1, 1), (1000, 7)])
def test_even_ranges_hold_every_row_once_and_none_is_empty(rows, parts):
    found = even_ranges(rows, parts)

    lengths = [each.stop - each.start for each in found]
    assert [row for each in found for row in range(rows)[each]] == list(range(rows))
    assert len(found) == min(rows, parts)
    assert max(lengths) - min(lengths) <= 1


def test_without_a_word_of_a_cluster_nothing_of_dask_is_needed(monkeypatch, customers):
    monkeypatch.delenv(ENGINE, raising=False)
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)

    assert list(mapped(len, ["a", "bc"], file=customers)) == [1, 2]


def test_a_cluster_without_dask_is_an_error_that_says_what_to_install(monkeypatch, customers):
    monkeypatch.setenv(ENGINE, "dask")
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)

    with pytest.raises(UserError, match="Dask is not installed: make cluster"):
        list(mapped(len, ["a"], file=customers))


def test_a_mistake_of_the_user_comes_whole_from_a_worker():
    def mistaken(place):
        raise UserError(f"row {place}: blank; expected a number", details=("all of them",))

    found = copy.deepcopy(attempted(mistaken, 7))  # by the steps of pickle

    assert isinstance(found, UserError)
    assert found.message == "row 7: blank; expected a number"
    assert str(found) == "all of them\nrow 7: blank; expected a number"


@pytest.mark.slow
@pytest.mark.usefixtures("collected")
def test_the_sample_of_many_customers_is_the_same_on_a_cluster(monkeypatch, dask, customers):
    here = read_customers(customers, builders.schema(), PARAMS)
    monkeypatch.setenv(ENGINE, "dask")
    monkeypatch.setenv(SCHEDULER, dask.address)

    there = read_customers(customers, builders.schema(), PARAMS)

    pd.testing.assert_frame_equal(there, here)


@pytest.mark.slow
@pytest.mark.usefixtures("collected")
def test_workers_of_another_version_are_refused_in_one_line(monkeypatch, dask, customers):
    monkeypatch.setenv(ENGINE, "dask")
    monkeypatch.setenv(SCHEDULER, dask.address)
    monkeypatch.setattr(cluster, "_own_versions", lambda: {"numpy": "0.1"})

    with pytest.raises(UserError, match=r"^worker tcp://.*: numpy .*; expected 0.1 as here.*$"):
        read_customers(customers, builders.schema(), PARAMS)
