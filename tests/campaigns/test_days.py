"""Campaigns among the customers of a champion that counts days to the day of the table."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from scoring.errors import UserError
from scoring.schema import Schema, parse_schema
from stages.batch.asked import Asked
from stages.batch.score import score
from stages.campaigns.campaign_file import Campaign, read_campaign
from stages.campaigns.campaign_source import CampaignOptions
from stages.core.files import write_table
from stages.core.paths import Paths
from stages.model.champion import write_bundle
from tests import builders
from tests.campaigns.campaigns import TODAY, letters

SNAPSHOTS = {"2026-01": date(2026, 1, 31), "2026-02": date(2026, 2, 28)}
BOUGHT = "Letzter Einkauf"


def dated_schema() -> Schema:
    """The club's schema, whose days are counted from the date of the last purchase."""
    content = builders.content()
    days = next(column for column in content["columns"] if column["name"] == builders.DAYS)
    days |= {"kind": "integer", "from_date": BOUGHT, "part": "days_since"}
    content["columns"].append({"name": BOUGHT, "kind": "date", "missing": True})
    return parse_schema(content | {"snapshot": "2025-12-31"}, origin="club.yaml")


@pytest.fixture(scope="module")
def club(tmp_path_factory):
    """A repository with a champion that counts the days since the last purchase."""
    paths, features = Paths(tmp_path_factory.mktemp("club")), builders.features()
    write_table(paths.train, features)
    write_bundle(
        "logistic", builders.validation(), features, dated_schema(),
        train=builders.train_params(), money=builders.money_params(), paths=paths,
    )  # fmt: skip
    return paths


@pytest.fixture(scope="module")
def months(tmp_path_factory):
    """A campaign in two months, a file for each, with dates in place of days."""
    folder = tmp_path_factory.mktemp("months")
    for seed, (month, day) in enumerate(SNAPSHOTS.items()):
        table = letters(900, seed=seed)
        days = pd.to_timedelta(pd.to_numeric(table.pop(builders.DAYS)).round(), unit="D")
        table[BOUGHT] = (pd.Timestamp(day) - days).dt.strftime("%Y-%m-%d")
        table.to_csv(folder / f"{month}.csv", index=False)
    return folder


def read(source, club: Paths, *snapshots: date) -> Campaign:
    asked = CampaignOptions(str(source), treated="letter", snapshots=snapshots)
    return read_campaign(asked, builders.money_params(), club, seed=20, today=TODAY)


def test_with_the_day_of_each_table_the_risk_is_what_score_says(club, months, tmp_path):
    campaign = read(months, club, *SNAPSHOTS.values())
    scored = [
        score(Asked(str(months / f"{month}.csv"), tmp_path / month, club.champion, snapshot=day))
        for month, day in SNAPSHOTS.items()
    ]
    predicted = pd.concat([pd.read_parquet(outcome.scores) for outcome in scored])
    assert campaign.scored
    np.testing.assert_array_equal(campaign.trial.risk, predicted["churn_probability"])


def test_one_day_is_that_of_all_tables(club, months):
    first, second = SNAPSHOTS.values()
    right, later = read(months, club, first, second), read(months, club, second)
    same = right.trial.risk == later.trial.risk
    assert same[right.trial.stratum == 1].all()
    assert not same[right.trial.stratum == 0].all()


def test_a_day_for_each_table_or_one_for_all_is_expected(club, months):
    with pytest.raises(UserError, match="3 days for 2 tables of the campaign; expected one for"):
        read(months, club, TODAY, TODAY, TODAY)


def test_without_the_day_the_champion_is_not_used_and_the_warning_asks_for_it(club, months):
    campaign = read(months / "2026-01.csv", club)
    assert not campaign.scored
    assert any("expected that day: SNAPSHOT=" in warning for warning in campaign.warnings)
