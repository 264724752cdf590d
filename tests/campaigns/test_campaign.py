"""A campaign's file as it comes, from reading to the page's figures."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from scoring.errors import UserError
from stages.adoption.profile import profile
from stages.adoption.target import Outcome
from stages.campaigns import campaign_report
from stages.campaigns.analysis import analyse
from stages.campaigns.campaign_file import read_campaign
from stages.campaigns.campaign_params import CampaignAnalysis
from stages.campaigns.campaign_source import CampaignOptions
from stages.campaigns.campaign_summary import headlines
from stages.campaigns.roles import arms_of
from stages.core.files import write_json
from stages.core.paths import Paths
from stages.parameters import read_parameters
from tests.raw_tables import raw_table

SETTINGS = CampaignAnalysis(seed=20, folds=3, level=0.95)
ROWS = 1500
TODAY = date(2026, 11, 27)


@pytest.fixture
def paths(tmp_path):
    """A folder without a champion."""
    return Paths(tmp_path)


@pytest.fixture(scope="module")
def money():
    return read_parameters(Paths.here()).money


def shop(*, effect=0.15, rows=ROWS, seed=1) -> pd.DataFrame:
    """Visitors of a shop: half of them were sent a letter."""
    rng = np.random.default_rng(seed)
    visits = rng.poisson(4, rows)
    letter = rng.random(rows) < 0.5
    gone = rng.random(rows) < 0.5 - 0.04 * visits.clip(max=8) - effect * letter + 0.15
    return pd.DataFrame(
        {
            "client": [f"C{n:05d}" for n in rng.permutation(90_000)[:rows]],
            "visits": visits,
            "town": rng.choice(["Graz", "Linz", "Wien"], rows),
            "letter": np.where(letter, "sent", "control"),
            "churned": np.where(gone, "yes", "no"),
        }
    )


def read(table: pd.DataFrame, folder, money, paths, **options):
    file = folder / "letters.csv"
    table.to_csv(file, index=False)
    asked = CampaignOptions(str(file), **({"treated": "letter"} | options))
    return read_campaign(asked, money, paths, seed=20, today=TODAY)


def test_any_table_becomes_a_trial(tmp_path, money, paths):
    table = shop()
    campaign = read(table, tmp_path, money, paths)
    assert campaign.arms == ("control", "sent")
    assert campaign.known == ("visits", "town")
    assert not campaign.scored
    assert campaign.trial.left.sum() == (table["churned"] == "yes").sum()
    assert (campaign.trial.arm == (table["letter"] == "sent")).all()
    assert list(campaign.segments) == ["town"]


def test_the_outcome_is_never_among_what_was_known(tmp_path, money, paths):
    table = shop()
    table["gone_on"] = np.where(table["churned"] == "yes", "2026-03-01", "")
    table["spend_after"] = np.where(table["churned"] == "yes", 0.0, table["visits"] * 10.5)
    campaign = read(table, tmp_path, money, paths, ignore=("gone_on", "spend_after"))
    assert campaign.known == ("visits", "town")


def test_inputs_may_lie_in_a_table_of_their_own(tmp_path, money, paths):
    table = shop()
    customers = tmp_path / "customers.csv"
    before = table[["client", "visits", "town"]].sample(frac=1, random_state=1)
    before.to_csv(customers, index=False)
    joined = read(
        table[["client", "letter", "churned"]], tmp_path, money, paths, customers=str(customers)
    )
    assert np.array_equal(joined.trial.inputs, read(table, tmp_path, money, paths).trial.inputs)
    before.iloc[10:].to_csv(customers, index=False)
    with pytest.raises(UserError, match=r"column client: 10 customers are not in"):
        read(
            table[["client", "letter", "churned"]], tmp_path, money, paths, customers=str(customers)
        )


def test_an_id_of_another_name_is_known_by_its_values(tmp_path, money, paths):
    table = shop()
    customers = tmp_path / "customers.csv"
    table[["client", "visits", "town"]].to_csv(customers, index=False)
    of_call_centre = table[["client", "letter", "churned"]].rename(columns={"client": "Account"})
    joined = read(of_call_centre, tmp_path, money, paths, customers=str(customers))
    assert np.array_equal(joined.trial.inputs, read(table, tmp_path, money, paths).trial.inputs)
    of_call_centre.loc[3, "Account"] = "C99999"  # nobody's: not known to be the same
    with pytest.raises(UserError, match=r"no id in common .*letters\.csv has Account"):
        read(of_call_centre, tmp_path, money, paths, customers=str(customers))


@pytest.mark.parametrize("options", [{}, {"treated": None}])
def test_a_list_of_contacted_customers_alone_is_no_campaign(tmp_path, money, paths, options):
    called = shop().query("letter == 'sent'").rename(columns={"letter": "called"})
    named = {"treated": "called"} | options
    with pytest.raises(UserError, match=r"column called: 'sent' in every row; .*control group"):
        read(called, tmp_path, money, paths, **named)


def test_an_open_window_is_no_outcome(tmp_path, money, paths):
    table = shop()
    table.loc[7, "churned"] = ""
    with pytest.raises(UserError, match=r"row 9: column churned: .*window has not closed"):
        read(table, tmp_path, money, paths, outcome=Outcome("churned", "yes"))


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"letter": "group_b"}, {}, "not known who was left alone; expected CONTROL="),
        ({}, {"treated": "lettre"}, "lettre: not there; expected TREATED="),
        ({}, {"ignore": ("later",)}, "column later: not there"),
        ({}, {"treated": "visits"}, "values; expected who was contacted"),
    ],
)
def test_what_is_not_known_is_asked(tmp_path, money, paths, change, options, message):
    table = shop()
    if change:
        table["letter"] = table["letter"].replace("control", "group_a").replace("sent", "group_b")
    with pytest.raises(UserError, match=message):
        read(table, tmp_path, money, paths, **options)


@pytest.mark.parametrize("word", ["Kontrollgruppe", "kontrola", "Grupa kontrolna", "kontroll"])
def test_who_was_left_alone_is_known_by_the_word_in_several_languages(word):
    column = raw_table(group=[word, "telefon", "telefon"]).columns["group"]
    assert arms_of(profile("group", column, rows=3), None, origin="t.csv") == [word, "telefon"]


def test_a_small_campaign_is_refused_with_its_counts(tmp_path, money, paths):
    with pytest.raises(UserError, match=r"has \d+ customers, \d+ of whom left; expected 50"):
        read(shop(rows=150), tmp_path, money, paths)


def test_who_was_reached_against_the_plan_is_counted(tmp_path, money, paths):
    table = shop()
    reached = (table["letter"] == "sent") | (np.arange(len(table)) % 10 == 0)
    table["phoned"] = np.where(reached, "yes", "no")
    campaign = read(table, tmp_path, money, paths, contacted="phoned")
    assert "of who was to be left alone were contacted: the effect" in campaign.warnings[0]


def test_a_clear_effect_is_found_and_stated_with_the_sign_of_its_words(tmp_path, money, paths):
    result = analyse(read(shop(effect=0.2), tmp_path, money, paths), SETTINGS)
    effect = result["effects"][0]["reduction"]
    assert effect["low"] > 0
    assert effect["low"] < 0.2 < effect["high"] + 0.05
    advice, first = headlines(result)[:2]
    assert advice.startswith("Do next: contact ")
    assert first.startswith("sent: ")
    assert "fewer left" in first
    assert sum(one["customers"] for one in result["arms"]) == ROWS
    assert {g["column"] for g in result["groups"]} == {"risk", "town"}
    result["effects"][0]["reduction"] = {"value": -0.007, "low": -0.01, "high": -0.003}
    harm = headlines(result)[1]
    assert harm.startswith("sent: 0.7 percentage points MORE left (95% interval +0.3 to +1.0)")
    assert harm.endswith(" fewer had been assumed.")


def test_without_an_effect_none_is_claimed_and_no_ranking_shown(tmp_path, money, paths):
    result = analyse(read(shop(effect=0.0, seed=5), tmp_path, money, paths), SETTINGS)
    effect = result["effects"][0]["reduction"]
    assert effect["low"] < 0 < effect["high"]
    lines = " ".join(headlines(result))
    assert "no effect on churn can be seen" in lines
    chosen = next(one for one in result["policies"] if one["policy"] == result["chosen"])
    chosen |= {
        "contacted": [0.02],
        "profit_per_customer": {"value": -0.1, "low": -0.3, "high": 0.1},
    }
    assert headlines(result)[0].startswith("Do next: contact nobody with these offers")
    chosen |= {"contacted": [0.003], "profit_per_customer": {"value": 0.1, "low": 0, "high": 0.2}}
    assert headlines(result)[0].startswith("Do next: contact 0.3% of such customers")
    assert not result["difference"]["found"]
    assert result["curves"] == []
    assert {one["policy"] for one in result["policies"]} == {
        "assumed_share", "learned_share", "relative_effect",
    }  # fmt: skip


def test_the_same_file_gives_the_same_result(tmp_path, money, paths):
    results = [analyse(read(shop(), tmp_path, money, paths), SETTINGS) for _ in range(2)]
    assert results[0] == results[1]


def test_a_choice_by_risk_is_refused_and_what_predicts_it_named(tmp_path, money, paths):
    table = shop()
    rng = np.random.default_rng(9)
    table["letter"] = np.where(rng.random(ROWS) < table["visits"] / 8, "sent", "control")
    with pytest.raises(UserError, match=r"can be predicted .* visits \(\+") as refused:
        analyse(read(table, tmp_path, money, paths), SETTINGS)
    assert "expected arms assigned at random" in refused.value.message


def test_the_page_has_a_table_and_a_figure_for_each_answer(tmp_path, money, paths):
    result = analyse(read(shop(effect=0.2), tmp_path, money, paths), SETTINGS)
    write_json(paths.campaign, result)
    found = campaign_report.latest(paths)
    assert list(campaign_report.arms(found)["arm"]) == ["control", "sent"]
    assert campaign_report.effects(found)["churn reduced by"].item() > 0
    shown = campaign_report.policies(found)
    assert found["chosen"] in shown.index
    assert (shown["contacted"].between(0, 1)).all()
    groups = campaign_report.groups_plot(found).axes[0]
    assert "town: Graz" in [label.get_text() for label in groups.get_yticklabels()]
    assert "accept_alpha" in campaign_report.learned(found)[0]
    assert "customers in its smallest arm" in campaign_report.next_campaign(found)


def test_a_ranking_is_drawn_where_the_effect_differs():
    curve = {"arm": "sent", "share": [0.5, 1.0], "value": [0.03, 0.0], "low": [0.01, 0.0]}
    curve |= {"high": [0.05, 0.0], "area": {"value": 0.02, "low": 0.01, "high": 0.03}}
    result = {"curves": [curve | {"kind": "autoc"}, curve | {"kind": "qini"}]}
    axes = campaign_report.curves_plot(result).axes
    assert [a.get_title() or a.get_title(loc="left") for a in axes] == ["sent: AUTOC", "sent: Qini"]
    assert campaign_report.areas(result)["points"].tolist() == pytest.approx([2.0, 2.0])


def test_without_a_campaign_the_page_says_what_to_run(paths):
    with pytest.raises(UserError, match="no campaign; run make campaign"):
        campaign_report.latest(paths)
