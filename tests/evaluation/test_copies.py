"""The headline without test rows that equal a train row."""

import dataclasses

import numpy as np
import pytest

from stages.core.files import read_table, write_table
from stages.core.metrics import METRICS
from stages.core.paths import Paths
from stages.evaluation.copies import BOTH, BOUNDS, note_on, without_copies
from stages.evaluation.headline import headline
from stages.features.table import ID, repeated_rows
from stages.look.display import table
from tests import builders

ROWS = 300


def known_by_heart(share: float):
    """Test customers of whom a share is known by heart, and the rest no better than by chance."""
    data = builders.evaluation_data("no_id", ROWS, seed=3)
    rng = np.random.default_rng(3)
    repeated = rng.random(ROWS) < share
    probability = np.where(repeated, 0.05 + 0.9 * data.label, rng.random(ROWS))
    return dataclasses.replace(data, probability=probability, repeated=repeated)


@pytest.fixture(scope="module")
def half():
    return known_by_heart(0.5)


def test_what_is_known_by_heart_is_not_counted(half):
    found = headline(half)
    both = without_copies(half, found)
    assert list(both.index) == list(METRICS)
    everybody, rest = both.loc["roc_auc", list(BOTH)]
    assert everybody == found.loc["roc_auc", "value"]
    assert everybody - rest > 0.15
    low, high = both.loc["roc_auc", list(BOUNDS[BOTH[1]])]
    assert low < 0.5 < high
    assert f"{half.repeated.sum()} of {ROWS} test rows (" in note_on(half, both)


def test_a_report_shows_value_and_interval_of_both(half):
    both = without_copies(half, headline(half))
    shown = table(both, intervals=BOUNDS, formats=dict.fromkeys(both, ".4f")).data
    assert all(name in shown for name in BOTH)
    assert ", low" not in shown


@pytest.mark.parametrize("repeated", [None, np.zeros(ROWS, bool), np.arange(ROWS) % 30 == 0])
def test_few_copies_are_nothing_to_speak_of(half, repeated):
    data = dataclasses.replace(half, repeated=repeated)
    both = without_copies(data, headline(data))
    assert both.empty
    assert note_on(data, both) == ""


def test_where_nearly_all_are_copies_nothing_is_left_to_measure():
    data = known_by_heart(0.95)
    both = without_copies(data, headline(data))
    assert both.empty
    assert "too few are left to measure" in note_on(data, both)


def test_an_id_tells_a_twin_from_a_copy(half):
    data = dataclasses.replace(half, schema=builders.schema("full"))
    assert without_copies(data, headline(data)).empty


def test_a_row_is_the_same_whatever_its_id_is(tmp_path):
    features, paths = builders.features("no_id", 40), Paths(tmp_path)
    write_table(paths.train, features.iloc[:20])
    write_table(paths.test, features.iloc[[3, 30]].assign(**{ID: ["a", "b"]}))
    found = repeated_rows(read_table(paths.test), read_table(paths.train))
    assert list(found) == [True, False]
