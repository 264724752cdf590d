"""Assignment at random: who is left alone, who is explored, and the file that comes back."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from scoring.errors import UserError
from stages.batch.assignment import CONTACT, CONTROL, EXPLORE, Design
from stages.batch.campaign_list import in_words
from stages.core.sample_size import control_share, smallest_effect
from tests import builders
from tests.service.conftest import write_club

IDS = pa.array([f"K{n:05d}" for n in range(4000)])
DESIGN = Design(0.2, 0.1, "2026-11")


def listed(outcome) -> pd.DataFrame:
    return pd.read_csv(outcome.folder / "contact_list.csv", dtype={"customer_id": str})


def campaign(outcome) -> pd.DataFrame:
    return pd.read_csv(outcome.folder / "campaign.csv", dtype={"customer_id": str})


def scores(outcome) -> pd.DataFrame:
    return pd.read_parquet(outcome.scores).set_index("customer_id")


def test_a_draw_is_the_same_at_every_run_and_another_one_the_next_month():
    first = DESIGN.draw(IDS)
    assert np.array_equal(first, Design(0.5, 0.0, "2026-11").draw(IDS))
    later = Design(0.2, 0.1, "2026-12").draw(IDS)
    assert abs(np.corrcoef(first, later)[0, 1]) < 0.06
    assert np.array_equal(first[::-1], DESIGN.draw(IDS[::-1]))


def test_as_many_are_assigned_as_asked_for():
    pays = np.arange(4000) % 2 == 0
    assigned = DESIGN.assign(IDS, pays)
    assert np.mean(assigned[pays] == CONTROL) == pytest.approx(0.2, abs=0.04)
    assert np.mean(assigned[~pays] == EXPLORE) == pytest.approx(0.1, abs=0.03)
    assert set(assigned[pays]) == {CONTACT, CONTROL}
    assert set(assigned[~pays]) == {EXPLORE, -1}


def test_the_control_group_is_on_no_contact_list_and_in_the_campaigns_file(members, scored):
    plain, drawn = scored(members), scored(members, "drawn", design=DESIGN)
    called, written = listed(drawn), campaign(drawn)
    alone = written[written["assignment"] == "control"].set_index("customer_id")
    assert not set(alone.index) & set(called["customer_id"])
    wanted = set(listed(plain)["customer_id"])
    of_list = written[written["contact_probability"] == 0.8]
    assert set(of_list["customer_id"]) == wanted
    assert set(called.loc[called["assignment"] == "contact", "customer_id"]) == set(
        of_list.loc[of_list["assignment"] == "contact", "customer_id"]
    )
    assert 0 < (alone["contact_probability"] == 0.8).sum() < 0.4 * len(wanted)


def test_the_explored_are_those_whom_to_contact_does_not_pay(members, scored):
    drawn = scored(members, design=DESIGN)
    decision = scores(drawn)["decision"]
    called = listed(drawn)
    explored = called[called["assignment"] == "explore"]
    assert len(explored)
    assert set(decision[explored["customer_id"]]) == {"no_contact"}
    assert (explored["expected_profit"] <= 0).all()
    # and everybody whom chance decided on is in the campaign's file, with its probability
    written = campaign(drawn).set_index("customer_id")
    others = written[written["contact_probability"] == 0.1]
    assert set(others.index) == set(decision[decision == "no_contact"].index)
    assert set(others.index[others["assignment"] == "contact"]) == set(explored["customer_id"])
    assert set(written["month"]) == {"2026-11"}


def test_the_budget_covers_the_explored_first(members, scored):
    whole = listed(scored(members, design=DESIGN))
    budget = 0.6 * whole["expected_cost"].sum()
    outcome = scored(members, "within", design=DESIGN, budget=budget)
    within = listed(outcome)
    assert within["expected_cost"].sum() <= budget + 0.01 * len(within)
    explored = whole.loc[whole["assignment"] == "explore", "customer_id"]
    assert set(explored) <= set(within["customer_id"])
    # whoever the budget did not reach was not decided on by chance
    reached = campaign(outcome)
    assert set(reached.loc[reached["contact_probability"] == 0.8, "customer_id"]) < set(
        campaign(scored(members, "again", design=DESIGN))["customer_id"]
    )


def test_without_a_lot_there_is_no_file_and_no_column(members, scored):
    outcome = scored(members)
    assert not (outcome.folder / "campaign.csv").exists()
    assert "assignment" not in listed(outcome)
    assert "design" not in outcome.summary


def test_the_customers_on_the_list_are_the_right_ones_where_others_are_repeated(members, scored):
    # given a file whose first rows come again later in the same part
    again = pd.concat([members.iloc[:5], members.iloc[:30], members.iloc[30:]], ignore_index=True)
    drawn = scored(again, design=DESIGN)
    # then the list and the campaign have the customers that the plain file gives
    plain = scored(members, "plain", design=DESIGN)
    assert listed(drawn)["customer_id"].tolist() == listed(plain)["customer_id"].tolist()
    assert set(campaign(drawn)["customer_id"]) == set(campaign(plain)["customer_id"])


def test_what_it_costs_and_what_it_can_find_is_stated(members, scored):
    design = scored(members, design=DESIGN).summary["design"]
    assert design["cost_of_control"] > 0
    assert design["cost_of_exploring"] > 0
    assert design["smallest_effect"] > 0
    words = " ".join(in_words(design, "€"))
    assert f"{design['left_alone']:,} are left alone" in words
    assert "percentage points in four of five cases" in words


def test_the_share_that_is_needed_finds_the_effect_that_is_expected():
    share = control_share(0.25, 0.05, 5000)
    assert smallest_effect(0.25, share * 5000, (1 - share) * 5000) == pytest.approx(0.05)
    assert control_share(0.25, 0.01, 200) is None


def test_nobody_is_assigned_whom_nobody_can_find_again(tmp_path, members, scored):
    from stages.batch.asked import Asked
    from stages.batch.score import score

    members.drop(columns=builders.NUMBER).to_csv(tmp_path / "members.csv", index=False)
    bundle = write_club(tmp_path / "no_id", variant="no_id")
    with pytest.raises(UserError, match=r"CONTROL, EXPLORE: the model's schema has no id"):
        score(Asked(str(tmp_path / "members.csv"), tmp_path / "out", bundle, design=DESIGN))
