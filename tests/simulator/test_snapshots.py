"""The months after the first as files: the customers, labels apart, and when they are known."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scoring.digest import sha256
from scoring.errors import UserError
from stages import cli
from stages.core.files import read_table
from stages.core.paths import Paths
from stages.core.section import read_params
from stages.core.yamlfile import load_schema
from stages.simulator import snapshots
from stages.tables import source
from stages.tables.data_params import Data
from tests.worlds import BROKEN, POPULATION, WINDOW, left, parameters, whole

HERE = Paths.here()
SCHEMA = load_schema(HERE.schema)
DATA = Data.of(read_params(HERE.params)["data"])
PRICE_RISE = {"name": "price_rise", "strength": 0.7, "start_month": 3}
CAMPAIGN = {"world": "by_risk", "share": 0.4, "effect": 1.0}


@pytest.fixture
def paths(tmp_path) -> Paths:
    """A folder with the three files that the first stage reads."""
    there = Paths(tmp_path)
    for name in ("pipeline", "schema", "population"):
        file = getattr(there, name)
        file.parent.mkdir(exist_ok=True)
        shutil.copy(getattr(HERE, name), file)
    return there


def files(place: Path) -> list[str]:
    return sorted(p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file())


def published(paths: Paths, **changes) -> source.Published:
    return source.publish(DATA, parameters(**changes), paths)


# --- the files ---------------------------------------------------------------------------------


def test_one_month_leaves_a_manifest_and_nothing_else(paths):
    manifest = published(paths).manifest
    assert files(paths.snapshots) == ["manifest.json"]
    assert files(paths.truth) == ["probabilities.parquet"]
    assert json.loads((paths.snapshots / "manifest.json").read_text()) == manifest
    assert manifest["scenario"] is None
    assert manifest["campaign"] is None
    (entry,) = manifest["snapshots"]
    assert (entry["month"], entry["labels_known_from"]) == (0, WINDOW)
    assert paths.root / entry["customers"] == paths.customers


def test_an_adopted_file_leaves_an_empty_manifest(paths):
    manifest = snapshots.publish_no_snapshots(paths)
    assert manifest["snapshots"] == []
    assert set(manifest) == set(snapshots.publish_snapshots(POPULATION, parameters(), paths))


def test_later_months_are_the_simulated_ones_with_labels_and_truth_apart(paths):
    manifest = published(paths, snapshot_month=2, months=3, scenario=PRICE_RISE).manifest
    assert [entry["month"] for entry in manifest["snapshots"]] == [2, 3, 4]
    assert manifest["scenario"] == PRICE_RISE
    scenario = snapshots.scenario_of(POPULATION, parameters(scenario=PRICE_RISE))
    for entry in manifest["snapshots"][1:]:
        chunk = whole(month=entry["month"], rows=600, seed=20, scenario=scenario)
        customers, labels = (
            read_table(paths.root / entry[name]) for name in ("customers", "labels")
        )
        assert list(customers) == [name for name in SCHEMA.names if name != SCHEMA.target.name]
        pd.testing.assert_frame_equal(customers, chunk.customers.drop(columns="Churn"))
        pd.testing.assert_frame_equal(labels, chunk.customers[["customerID", "Churn"]])
        truth = read_table(paths.truth / f"month_{entry['month']:03d}.parquet")
        assert list(truth) == ["id", "churn_probability"]
        assert np.array_equal(truth, chunk.oracle)
        assert entry["labels_known_from"] == entry["month"] + WINDOW


def test_more_months_scenarios_and_campaigns_leave_the_table_of_the_pipeline_as_it_is(paths):
    published(paths)
    table = paths.customers
    before = sha256(table), sha256(paths.oracle)
    for changes in (
        {"months": 4, "campaign": CAMPAIGN},
        {"months": 2, "scenario": {**PRICE_RISE, "start_month": WINDOW}},
        {"scenario": {**PRICE_RISE, "strength": 0.0, "start_month": 0}},
        {"months": 3, "scenario": {"name": "all_null", "strength": 1.0, "start_month": 1}},
    ):
        published(paths, **changes)
        assert (sha256(table), sha256(paths.oracle)) == before


def test_campaign_has_treatment_and_outcome_and_its_truth_lies_apart(paths):
    manifest = published(paths, months=2, campaign=CAMPAIGN).manifest
    assert manifest["campaign"] == {"month": 0, **CAMPAIGN}
    trial = read_table(paths.snapshots / "campaign.parquet")
    assert list(trial) == ["customerID", "treated", "outcome"]
    truth = read_table(paths.truth / "campaign.parquet")
    assert list(truth) == ["id", "probability_untreated", "probability_treated"]
    # rows are those of the table that the pipeline learns from
    customers = read_table(paths.customers)
    assert list(trial["customerID"]) == list(truth["id"]) == list(customers["customerID"])
    alone = trial["treated"] == 0
    assert (trial["outcome"][alone] == left(customers)[alone]).all()


def test_the_truth_is_in_no_file_of_the_snapshots(paths):
    published(paths, months=3, campaign=CAMPAIGN)
    for name in files(paths.snapshots):
        if name.endswith(".parquet"):
            assert not [c for c in read_table(paths.snapshots / name) if "probability" in c]


def test_the_same_bytes_twice(paths):
    def digests() -> dict[str, str]:
        return {name: sha256(paths.root / name) for name in files(paths.root)}

    published(paths, months=3, scenario=PRICE_RISE, campaign=CAMPAIGN)
    once = digests()
    published(paths, months=3, scenario=PRICE_RISE, campaign=CAMPAIGN)
    assert digests() == once


# --- a broken column ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", BROKEN)
def test_a_column_broken_in_the_table_to_learn_from_is_refused_at_the_door(paths, name):
    column = getattr(POPULATION.scenarios, name).column
    with pytest.raises(UserError) as caught:
        published(
            paths, snapshot_month=2, scenario={"name": name, "strength": 0.5, "start_month": 2}
        )
    assert f"column {column}" in caught.value.message
    assert f"generate.scenario: {name}" in caught.value.message


@pytest.mark.parametrize("name", BROKEN)
def test_a_column_that_breaks_later_breaks_the_later_snapshots_alone(paths, name):
    column = getattr(POPULATION.scenarios, name).column
    changes = {"name": name, "strength": 1.0, "start_month": 2}
    manifest = published(paths, months=4, scenario=changes).manifest
    for entry in manifest["snapshots"]:
        month = entry["month"]
        found = read_table(paths.root / entry["customers"])[column]
        usual = whole(month=month, rows=600, seed=20).customers[column]
        assert (list(found) == list(usual)) == (month < 2), month


# --- what is shown -----------------------------------------------------------------------------


def test_months_are_shown_with_who_is_new_and_when_churn_is_known(paths):
    table = snapshots.months_table(published(paths, months=3).manifest, paths)
    assert list(table.index) == [0, 1, 2]
    assert (table["customers"] == 600).all()
    assert np.isnan(table["new"].iloc[0])
    assert (table["new"].iloc[1:] > 0).all()
    assert table["churn rate"].between(0.15, 0.4).all()
    assert list(table["known from month"]) == [WINDOW, WINDOW + 1, WINDOW + 2]


def test_arms_are_shown_with_what_came_and_what_was_to_be_expected(paths):
    assert snapshots.campaign_table(published(paths).manifest, paths) is None
    table = snapshots.campaign_table(published(paths, campaign=CAMPAIGN).manifest, paths)
    assert table is not None
    assert table["customers"].sum() == 600
    assert (table["true if called"] < table["true if left alone"]).all()
    assert set(table.index) == {"called", "left alone"}


@pytest.mark.parametrize("name", ["none", "price_rise"])
def test_the_scenario_is_named_among_the_facts(paths, name):
    changes = {**PRICE_RISE, "name": name}
    generate = parameters(scenario=changes)
    facts = source.describe(source.publish(DATA, generate, paths), DATA, generate, paths)
    assert facts.loc["scenario", "value"].startswith(name)


# --- CSV files to play with --------------------------------------------------------------------


def simulate(*arguments: str) -> int:
    return cli.main(["simulate", "--rows", "300", *arguments])


def test_months_as_csv_hold_what_was_simulated(tmp_path, capsys):
    folder = tmp_path / "play"
    asked = ("--months", "2", "--scenario", "price_rise", "--strength", "1", "--start-month", "1")
    assert simulate("--out", str(folder), *asked, "--campaign", "0.5", "--seed", "4") == 0
    assert "2 months of 300 customers" in capsys.readouterr().out
    manifest = json.loads((folder / "manifest.json").read_text())
    scenario = snapshots.scenario_of(
        POPULATION, parameters(scenario={**PRICE_RISE, "strength": 1.0, "start_month": 1})
    )
    for entry in manifest["snapshots"]:
        chunk = whole(month=entry["month"], rows=300, seed=4, scenario=scenario)
        table = pd.read_csv(folder / entry["customers"], dtype={"SeniorCitizen": str})
        pd.testing.assert_frame_equal(table, chunk.customers.drop(columns="Churn"))
        labels = pd.read_csv(folder / entry["labels"])
        assert labels["Churn"].equals(chunk.customers["Churn"])
        truth = pd.read_csv(folder / entry["labels"].replace("labels", "probabilities"))
        assert np.allclose(truth["churn_probability"], chunk.oracle["churn_probability"])
    trial = pd.read_csv(folder / "campaign.csv")
    assert trial["treated"].isin([0, 1]).all()
    assert list(trial) == ["customerID", "treated", "outcome"]  # what a company would know
    assert "probability_treated" in pd.read_csv(folder / "campaign_probabilities.csv")


def test_without_a_campaign_no_file_of_one(tmp_path):
    assert simulate("--out", str(tmp_path), "--months", "1") == 0
    assert not (tmp_path / "campaign.csv").exists()
    assert (tmp_path / "month_000" / "labels.csv").is_file()


def test_totals_keep_their_cents():
    text = io.StringIO()
    pd.DataFrame({"total": [12345.65]}).to_csv(text, float_format=f"%.{snapshots.CENTS}g")
    assert "12345.65" in text.getvalue()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--months", "0"], "field generate.months"),
        (["--scenario", "earthquake"], "field generate.scenario.name"),
        (["--strength", "2"], "field generate.scenario.strength"),
        (["--campaign", "1.5"], "field generate.campaign.share"),
    ],
)
def test_wrong_options_are_named_and_nothing_is_written(tmp_path, capsys, arguments, words):
    assert simulate("--out", str(tmp_path / "play"), *arguments) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "play").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert simulate("--out", str(tmp_path)) == 1
    assert "not empty; expected a new or an empty folder" in capsys.readouterr().err
    assert files(tmp_path) == ["mine.txt"]
