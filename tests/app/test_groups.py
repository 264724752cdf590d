"""Groups of this month's customers: whom chance decided on, and what a campaign showed."""

import dataclasses

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from app.groups import groups, of_customer, table_of
from app.scored import read_scored
from scoring.effect import GROUPS
from stages.batch.assignment import Design
from tests.app import conftest
from tests.app.conftest import texts


@pytest.fixture(scope="module")
def folder(tmp_path_factory, scored):
    """A month of which a half of the list is left alone and a third of the others is contacted."""
    design = Design(0.5, 0.3, "2026-11")
    return conftest.score_club(
        tmp_path_factory.mktemp("drawn"), scored.places.bundle, design=design
    )


@pytest.fixture(scope="module")
def drawn(folder):
    return read_scored(conftest.places_of(folder))


def test_control_and_explored_are_whom_the_file_of_the_campaign_names(drawn, folder):
    found = groups(drawn)
    written = pd.read_csv(folder / "campaign.csv", dtype={"customer_id": str})
    written["customer_id"] = written["customer_id"].str.removeprefix("'")
    arms = written.set_index("customer_id")["assignment"].to_dict()
    ids = drawn.ids.to_pylist()
    for name, arm, pays in (("control", "control", True), ("explored", "contact", False)):
        places = found[name]
        assert len(places) > 0
        assert {arms[ids[place]] for place in places} == {arm}
        assert set(drawn.contact[places]) == {pays}
        assert (np.diff(drawn.probability[places]) <= 0).all()
        assert of_customer(drawn, int(places[0])) == [name]
    alone = {key for key, arm in arms.items() if arm == "control"}
    assert {ids[place] for place in found["control"]} <= alone


def test_every_customer_is_in_one_of_the_groups_that_a_campaign_showed(scored):
    names = pa.array(np.resize(GROUPS, len(scored)).tolist())
    found = groups(dataclasses.replace(scored, groups=names))
    assert list(found) == list(GROUPS)
    assert sorted(np.concatenate([*found.values()])) == list(range(len(scored)))
    assert of_customer(dataclasses.replace(scored, groups=names), 1) == [GROUPS[1]]
    shown = table_of(scored, found["lost"], "lost")
    assert shown["customer_id"].to_pylist() == [scored.ids[int(i)].as_py() for i in found["lost"]]
    assert groups(scored) == {}


def test_a_reader_chooses_a_group_and_sees_why_a_customer_is_in_it(page, folder, drawn):
    shown = page(folder)
    shown.selectbox(key="group").set_value("explored").run()
    assert not shown.exception
    assert "Contacted at random, although it is not expected to pay" in texts(shown)
    chosen = drawn.ids[int(groups(drawn)["control"][0])].as_py()
    assert "Control group" in texts(page(folder, view="customer", customer=chosen))
    assert "Groups of customers" not in texts(page())
