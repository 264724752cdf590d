"""The lists that score wrote come back: one a month, with what became of the customers."""

import re
import shutil
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from scoring.errors import UserError
from stages.batch.asked import Asked
from stages.batch.assignment import Design
from stages.batch.score import score
from stages.campaigns.analysis import analyse
from stages.campaigns.balance import balance
from stages.campaigns.campaign_file import read_campaign
from stages.campaigns.campaign_source import CampaignOptions, stacked
from stages.campaigns.trial import folds
from stages.core.paths import Paths
from stages.tables.intake import read_raw_table
from tests import builders
from tests.campaigns.campaigns import SETTINGS, TODAY
from tests.service.conftest import write_club

MONTHS = ("2026-01", "2026-02")


@pytest.fixture(scope="module")
def club(tmp_path_factory):
    """A repository with a champion of the club's members."""
    folder = tmp_path_factory.mktemp("club")
    write_club(folder)
    return Paths(folder)


@pytest.fixture(scope="module")
def lists(club, tmp_path_factory):
    """Two months: customers in `customers/`, the lists drawn for them, with outcomes, in `lists/`.

    A contact keeps half of those who would have left.
    """
    folder = tmp_path_factory.mktemp("months")
    for name in ("customers", "lists"):
        (folder / name).mkdir()
    for seed, month in enumerate(MONTHS):
        members = builders.members(1800, seed=seed)
        members[builders.NUMBER] = members[builders.NUMBER].str.replace(f"K{seed}", "K")
        customers = folder / "customers" / f"{month}.csv"
        builders.as_text(members.drop(columns=builders.LEFT)).to_csv(customers, index=False)
        design = Design(0.3, 0.3, month)
        found = score(Asked(str(customers), folder / month, club.champion, design=design))
        written = pd.read_csv(found.folder / "campaign.csv")
        risk = dict(zip(members[builders.NUMBER], builders.risk_of(members), strict=True))
        kept = np.where(written["assignment"] == "contact", 0.5, 1.0)
        drawn = np.random.default_rng(seed).random(len(written))
        written["churned"] = np.where(drawn < kept * written["customer_id"].map(risk), "yes", "no")
        written.to_csv(folder / "lists" / f"{month}.csv", index=False)
    return folder


def read(lists, club, *, today=TODAY, **options):
    asked = {"source": str(lists / "lists"), "customers": str(lists / "customers")} | options
    money = builders.money_params()
    return read_campaign(CampaignOptions(**asked), money, club, seed=20, today=today)


def test_the_lists_of_several_months_come_back_as_one_campaign_without_any_option(lists, club):
    campaign = read(lists, club)
    trial = campaign.trial
    rows = sum(len(pd.read_csv(lists / "lists" / f"{month}.csv")) for month in MONTHS)
    assert len(trial) == rows
    assert campaign.arms == ("control", "contact")
    assert campaign.scored
    assert set(np.unique(trial.stratum)) == {0, 1}
    assert set(np.unique(trial.shares[:, 1].round(6))) == {0.3, 0.7}


def test_a_customer_of_several_months_is_known_again(lists, club):
    trial = read(lists, club).trial
    tables = [pd.read_csv(lists / "lists" / f"{month}.csv") for month in MONTHS]
    ids = pd.concat(tables)["customer_id"].to_numpy()
    pairs = set(zip(ids, trial.customer, strict=True))
    assert len(pairs) == len(set(ids)) == len(set(trial.customer)) < len(ids)


def test_unequal_known_probabilities_leave_the_effect_unbiased(lists, club):
    """The contacted are at higher risk than the others; the effect is that of the contact."""
    result = analyse(read(lists, club), SETTINGS)
    reduction = result["effects"][0]["reduction"]
    assert reduction["low"] > 0
    trial = read(lists, club).trial
    weight = trial.shares[:, 1]
    true = 0.5 * (weight * trial.left / np.where(trial.arm == 1, 0.5, 1)).mean() / weight.mean()
    assert reduction["low"] < true < reduction["high"]


def test_an_assignment_by_known_probabilities_is_at_random_and_another_is_not(lists, club):
    trial = read(lists, club).trial
    assert balance(trial).is_random
    # given that the callers left those of high risk out
    arm = np.where(trial.risk > np.quantile(trial.risk, 0.8), 0, trial.arm)
    assert not balance(replace(trial, arm=arm)).is_random


def test_every_fold_has_as_many_of_each_month(lists, club):
    trial = read(lists, club).trial
    fold = folds(trial, number=4, seed=0)
    for month in (0, 1):
        counts = np.bincount(fold[trial.stratum == month], minlength=4)
        assert counts.max() - counts.min() <= 4


def test_a_row_twice_among_months_of_any_table_moves_nobody_to_another_month(lists, club, tmp_path):
    # given months without the champion's columns, and a customer twice in the first
    (tmp_path / "months").mkdir()
    for month in MONTHS:
        customers = pd.read_csv(lists / "customers" / f"{month}.csv", dtype=str)
        back = pd.read_csv(lists / "lists" / f"{month}.csv", dtype=str)
        table = customers[[builders.NUMBER, builders.BRANCH]].merge(
            back[["customer_id", "assignment", "churned"]],
            left_on=builders.NUMBER, right_on="customer_id",
        ).drop(columns="customer_id")  # fmt: skip
        again = table.head(1) if month == MONTHS[0] else table.head(0)
        pd.concat([table, again]).to_csv(tmp_path / "months" / f"{month}.csv", index=False)
    campaign = read(lists, club, source=str(tmp_path / "months"), customers=None)
    # then that customer is once in it, and everybody in the month of their list
    rows = [len(pd.read_csv(lists / "lists" / f"{month}.csv")) for month in MONTHS]
    assert np.bincount(campaign.trial.stratum).tolist() == rows


def test_a_table_in_another_encoding_stands_next_to_our_own_lists(lists, club, tmp_path):
    # given customers as another system wrote them, and the lists of score, which are UTF-8
    for file in (lists / "customers").iterdir():
        (tmp_path / file.name).write_bytes(file.read_text(encoding="utf-8").encode("mac_roman"))
    found = read(lists, club, customers=str(tmp_path), encoding="mac_roman")
    expected = read(lists, club).trial.inputs
    assert np.array_equal(found.trial.inputs, expected, equal_nan=True)


def test_tables_below_each_other_keep_cells_and_row_numbers(tmp_path):
    for name, table in {"a": {"x": ["1", "2"], "y": ["p", "q"]}, "b": {"x": ["2", "3"]}}.items():
        pd.DataFrame(table).to_csv(tmp_path / f"{name}.csv", index=False)
    whole, place = stacked([read_raw_table(tmp_path / f"{name}.csv") for name in "ab"])
    assert list(whole.columns) == ["x"]
    column = whole.columns["x"]
    assert [column.texts[int(code)].as_py() for code in column.codes] == ["1", "2", "2", "3"]
    assert place.tolist() == [0, 0, 1, 1]
    assert [whole.number(row) for row in range(4)] == [2, 3, 2, 3]


def test_each_list_needs_its_customers(lists, club, tmp_path):
    for place in range(3):
        shutil.copy(lists / "customers" / f"{MONTHS[0]}.csv", tmp_path / f"{place}.csv")
    with pytest.raises(UserError, match=r"3 tables of customers for 2 of the campaign"):
        read(lists, club, customers=str(tmp_path))


def test_a_probability_that_is_none_is_refused_with_its_row(lists, club, tmp_path):
    table = pd.read_csv(lists / "lists" / f"{MONTHS[0]}.csv", dtype=str)
    table.loc[3, "contact_probability"] = "1.7"
    table.to_csv(tmp_path / "list.csv", index=False)
    customers = str(lists / "customers" / f"{MONTHS[0]}.csv")
    with pytest.raises(UserError, match=r"row 5: column contact_probability: '1.7'; expected"):
        read(lists, club, source=str(tmp_path / "list.csv"), customers=customers)


@pytest.mark.parametrize(
    ("today", "flagged"), [(date(2026, 8, 1), True), (date(2026, 9, 1), False)]
)
def test_a_window_that_has_not_closed_is_flagged(lists, club, today, flagged):
    """Contacts until the end of February, six months: the window closes at the end of August."""
    warnings = " ".join(read(lists, club, today=today).warnings)
    assert ("window of 6 months closes on 2026-08-" in warnings) is flagged


def test_controls_that_were_called_are_flagged_without_being_asked_for(lists, club, tmp_path):
    table = pd.read_csv(lists / "lists" / f"{MONTHS[0]}.csv")
    called = (table["assignment"] == "contact") | (np.arange(len(table)) % 5 == 0)
    table["called"] = np.where(called, "yes", "no")
    table.to_csv(tmp_path / "list.csv", index=False)
    customers = str(lists / "customers" / f"{MONTHS[0]}.csv")
    campaign = read(lists, club, source=str(tmp_path / "list.csv"), customers=customers)
    found = r"column called: (19|20|21)% of who was to be left alone were contacted"
    assert re.match(found, campaign.warnings[0])
