"""The story: its turning points when it is played, and what it is made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scoring.deployment import Deployed, Deployment
from scoring.verdict import Calibration, Departures
from stages.core.paths import Paths
from stages.core.yamlfile import load_schema, read_yaml
from stages.operations.canary.places import Places
from stages.operations.story.play import (
    CHANGED,
    DEPARTURES,
    FAULT,
    Played,
    Story,
    alert_of,
    reason_of,
)
from stages.operations.story.script import Script
from stages.operations.story.simulated_service import LOOKS, SimulatedService
from stages.operations.story.story_page import write_story
from stages.operations.story.turning_points import ENOUGH, turning_points
from stages.operations.story.world import World
from stages.simulator.population import load_population
from tests.places import HERE, ROOT
from tests.verdicts import CHANGED as OTHER_CUSTOMERS
from tests.verdicts import FAULT as BROKEN
from tests.verdicts import verdict

# Six months until labels of the first snapshot are known, six until the offer.
SHORT = Script(months=13, broken=16, bad=17, customers=6_000, seed=1, every_month=False)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_loop_sees_the_change_and_answers_it(tmp_path: Path) -> None:
    played = Story.begin(HERE, tmp_path, SHORT).play(lambda month: None)
    found = turning_points(played, SHORT)
    assert found.false_alarms == ()
    assert found.alarm is not None
    assert found.alarm <= SHORT.offer + 2
    assert found.promoted
    assert found.promoted[0] <= found.alarm + 3
    assert found.regained >= ENOUGH
    assert all(month.loop > month.never for month in played if month.month >= found.promoted[0])
    assert found.fault_is_one
    assert found.bad_is_taken_back
    assert "inverted" in played[-2].decision


# --- turning points ----------------------------------------------------------------------------


def played(**changes: list) -> list[Played]:
    """Months 6 to 11, a quiet story but for the fields that are given, a value a month."""
    month = Played(6, 500, "quiet", "", "", "", "old", 8.0, 8.0, 8.0, 8.0)
    rows = [replace(month, month=6 + n) for n in range(6)]
    for name, values in changes.items():
        rows = [replace(row, **{name: value}) for row, value in zip(rows, values, strict=True)]
    return rows


SIX = Script(months=6, offer=7, broken=9, bad=10)


def test_nothing_of_a_quiet_story_is_a_turning_point() -> None:
    found = turning_points(played(), SIX)
    assert (found.false_alarms, found.alarm, found.promoted) == ((), None, ())
    assert (found.regained, found.recovered) == (0.0, None)
    assert not found.fault_is_one
    assert not found.bad_is_taken_back


def test_an_alarm_before_the_offer_is_a_false_one() -> None:
    found = turning_points(played(alert=["A", "A", "", "", "", ""]), SIX)
    assert found.false_alarms == (6,)
    assert found.alarm == 7


def test_regained_is_the_share_of_what_never_retraining_loses_since_the_first_month() -> None:
    never, oracle = [8.0, 7.0, 7.0, 7.0, 7.0, 7.0], [8.5, 8.5, 8.5, 8.5, 8.5, 8.5]
    loop = [8.0, 7.0, 7.2, 7.3, 7.5, 7.9]
    champion = ["old", "old", "new", "new", "newer", "newer"]
    found = turning_points(played(never=never, oracle=oracle, loop=loop, champion=champion), SIX)
    assert found.promoted == (8,)
    assert found.regained == pytest.approx(0.5)
    assert found.recovered == 11


def test_a_fault_that_is_retrained_on_is_none() -> None:
    status = ["quiet", "quiet", "quiet", "fault", "quiet", "quiet"]
    assert turning_points(played(status=status), SIX).fault_is_one
    retrained = ["", "", "", "challenger", "", ""]
    assert not turning_points(played(status=status, decision=retrained), SIX).fault_is_one


def test_the_page_has_every_month_and_works_without_who_is_retrained_every_month(tmp_path) -> None:
    months = played(every=[float("nan")] * 6, oracle=[9.0] * 6, decision=["<b>"] * 6)
    paths = replace(HERE, results=tmp_path)
    text = write_story(months, SIX, paths).read_text()
    assert "retrained every month" not in text
    assert "&lt;b&gt;" in text
    assert "never retrained" in text


# --- what asks for a retraining ----------------------------------------------------------------

OTHERWISE = {"departures": Departures(changed=True, observed=9, predicted=4.0, low=1, high=8)}
OFF = {"calibration": Calibration(changed=True, month="2026-04", customers=9, churn_rate=0.5)}


@pytest.mark.parametrize(
    ("status", "answers", "reason", "alert"),
    [
        ("quiet", {}, None, ""),
        ("change", {"population": OTHER_CUSTOMERS}, None, CHANGED),
        ("change", OTHERWISE, "departures", DEPARTURES),
        ("change", OFF, "decay", DEPARTURES),
        ("fault", {"faults": (BROKEN,), **OTHERWISE}, None, FAULT),
    ],
)
def test_what_a_verdict_asks_for(status, answers, reason, alert) -> None:
    found = verdict("2026-10", status, **answers)
    assert reason_of(found) == reason
    assert alert_of(found) == alert


def test_the_alerts_are_those_of_prometheus() -> None:
    groups = read_yaml(ROOT / "deploy" / "prometheus" / "alerts.yml")["groups"]
    assert {rule["alert"] for group in groups for rule in group["rules"]} >= {
        FAULT, CHANGED, DEPARTURES,
    }  # fmt: skip


# --- the world and the service -----------------------------------------------------------------


def test_the_column_breaks_in_one_month_for_about_half_of_the_customers() -> None:
    script = replace(SIX, customers=400)
    world = World(load_population(HERE.population), load_schema(HERE.schema), script)
    blank = [world.arrived(month)["Contract"].isna().mean() for month in (8, 9, 10)]
    assert blank[0] == blank[2] == 0
    assert 0.4 < blank[1] < 0.6


def test_inverted_labels_say_the_opposite_of_everybody() -> None:
    world = World(
        load_population(HERE.population), load_schema(HERE.schema), replace(SIX, customers=200)
    )
    right, inverted = (
        world.schema.churned(world.labelled(1, inverted=way)) for way in (False, True)
    )
    assert (right + inverted == 1).all()


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places.of(Paths(tmp_path))


def deployed(places: Places, **changes) -> Deployment:
    one, two = (Deployed(folder=name, version=name) for name in ("old", "new"))
    found = Deployment(champion=one, challenger=two, **changes)
    places.write(found)
    return found


def test_everybody_of_the_month_is_counted_in_the_end(places: Places) -> None:
    old, new = np.zeros(1000, bool), np.arange(1000) < 300
    service = SimulatedService(places, (old, new), seed=1)
    shadow = deployed(places, share=1.0, shadow=True)
    service.begin()
    seen = [service.figures(shadow) for _ in range(LOOKS)]
    assert [s.challenger.answered for s in seen if s] == [50 * n for n in range(1, LOOKS + 1)]
    assert seen[-1].challenger.differing == 300
    share = deployed(places, share=0.1)
    service.begin()
    last = [service.figures(share) for _ in range(LOOKS)][-1]
    assert last.champion.answered + last.challenger.answered == 1000
    assert 60 < last.challenger.answered < 140


def test_the_figures_of_another_challenger_are_not_shown(places: Places) -> None:
    service = SimulatedService(places, (np.zeros(9, bool),) * 2, seed=1)
    found = deployed(places, share=1.0, shadow=True)
    other = found.model_copy(update={"challenger": found.champion})
    assert service.figures(other) is None
    places.file.unlink()
    assert service.figures(found) is None
