"""The gate: who is promoted, and for what reason each planted fault is refused."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from scoring.derive import category_names
from scoring.digest import digest
from scoring.errors import UserError
from stages.core.files import read_table, write_table
from stages.core.paths import Paths
from stages.features.table import ID, LABEL
from stages.operations.gate import scored
from stages.operations.gate.bundles import Side
from stages.operations.gate.gate_decision import Check, read_decisions, record, write_decision
from stages.operations.gate.hold_out import HoldOut
from stages.operations.gate.schema_direction import goes_the_schemas_way
from stages.parameters import Parameters
from tests import builders
from tests.operations.gate.conftest import looked_at, rewritten
from tests.service.conftest import write_club


def test_a_better_challenger_is_promoted(decide) -> None:
    decision = decide()
    assert decision.promoted, decision.summary
    assert decision.reasons == []
    assert decision.gain.high < 0  # log loss
    assert {check.name for check in decision.checks} >= {"leak", "latency", "behaviour", "groups"}


def test_the_champion_does_not_come_back_in_place_of_the_better_one(
    decide, champion: Path, challenger: Path
) -> None:
    decision = decide(champion=challenger, challenger=champion)
    assert not decision.promoted
    assert "no_gain" in decision.reasons


def test_the_same_inputs_give_the_same_bytes_in_one_file(decide, tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    files = [write_decision(decide(), paths) for _ in range(2)]
    assert files[0] == files[1]
    assert [found.summary for found in read_decisions(paths)] == [decide().summary]


def test_a_refused_challenger_is_in_the_history_too_and_once(decide, champion, tmp_path) -> None:
    refused = decide(challenger=champion)
    assert record(refused, tmp_path) is None  # no repository
    for arguments in (
        ["init", "--quiet"],
        ["config", "user.name", "me"],
        ["config", "user.email", "me@localhost"],
        ["commit", "--quiet", "--allow-empty", "--message=first"],
    ):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    tags = {record(refused, tmp_path) for _ in range(2)}
    shown = subprocess.run(
        ["git", "for-each-ref", "--format=%(contents)", "refs/tags"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert len(tags) == 1
    assert shown.count("refused, same_model") == 2  # the line, and the record


def test_a_champion_has_decayed_where_more_leave_than_it_predicts(
    decide, month: Path, params, tmp_path: Path
) -> None:
    tolerant = params.gate.model_copy(update={"decay": 0.08})  # it was fitted on few
    params = dataclasses.replace(params, gate=tolerant)
    assert decide(params=params).gain.decayed == []
    table = read_table(month)
    more = np.random.default_rng(0).random(len(table)) < 0.3
    left = np.where(more, "ja", table[builders.LEFT])
    write_table(tmp_path / "more.parquet", table.assign(**{builders.LEFT: left}))
    found = decide(params=params, data=looked_at(tmp_path / "more.parquet"))
    assert any("churn rate" in words for words in found.gain.decayed)


@pytest.mark.parametrize(
    ("difference", "decayed", "passed"),
    [(-0.001, [], False), (-0.001, ["in ranking"], True), (0.001, ["in ranking"], False)],
)
def test_what_counts_as_a_gain(params, difference: float, decayed: list, passed: bool) -> None:
    """Within noise, the direction alone decides, and only where the champion has decayed."""
    data = builders.evaluation_data()
    found = scored.compare(data, data)
    within = [
        dataclasses.replace(each, new=each.old + difference, low=-0.1, high=0.1)
        for each in found.differences
    ]
    comparison = dataclasses.replace(found, differences=within)
    judged = scored.Scored(data, data, comparison)
    assert scored.check_gain(judged, decayed, params.gate).passed == passed


# --- planted faults ----------------------------------------------------------------------------


def reason(decision) -> str:
    assert not decision.promoted
    assert decision.reasons[0] in decision.summary
    return decision.reasons[0]


def test_the_champion_against_itself(decide, champion: Path) -> None:
    assert reason(decide(challenger=champion)) == "same_model"


def test_the_champions_graphs_under_another_version(decide, champion: Path, tmp_path) -> None:
    copy = rewritten(Path(shutil.copytree(champion, tmp_path / "copy")), candidate="logistic")
    assert reason(decide(challenger=copy)) == "same_model"


def test_a_file_that_is_not_the_one_of_the_manifest(decide, mine: Path) -> None:
    (mine / "rules.json").write_text("[]")
    assert reason(decide(challenger=mine)) == "broken_bundle"


def test_another_schema(decide, tmp_path: Path) -> None:
    other = write_club(tmp_path / "other", variant="no_value", winner="logistic")
    found = decide(challenger=other)
    assert reason(found) == "other_schema"
    assert builders.FEE in found.summary


def test_swapped_costs(decide, mine: Path) -> None:
    costs = json.loads((mine / "bundle.json").read_text())["costs"]
    swapped = costs | {"contact_cost": costs["offer_cost"], "offer_cost": costs["contact_cost"]}
    found = decide(challenger=rewritten(mine, costs=swapped))
    assert reason(found) == "other_costs"
    assert "contact_cost: 8.0; expected 1.0" in found.summary


@pytest.mark.parametrize("value", [None, float("nan"), "good"])
def test_a_metric_that_is_missing_or_nan(decide, mine: Path, value) -> None:
    path = mine / "bundle.json"
    metrics = json.loads(path.read_text())["metrics"]
    if isinstance(value, float):
        manifest = json.loads(path.read_text())
        manifest["metrics"]["log_loss"] = value  # which our own writer refuses
        manifest.pop("version")
        path.write_text(json.dumps({"version": digest(manifest)[:12], **manifest}))
    else:
        rewritten(mine, metrics={k: v for k, v in metrics.items() if k != "log_loss"} | (
            {"log_loss": value} if value else {}
        ))  # fmt: skip
    assert reason(decide(challenger=mine)) == "metric_missing"


def test_a_window_that_is_open(decide, month: Path) -> None:
    assert reason(decide(data=looked_at(month, as_of="012"))) == "window_open"


def test_another_month_than_the_newest(decide, month: Path) -> None:
    assert reason(decide(data=looked_at(month, newest="008", as_of="014"))) == "other_month"


def test_a_month_that_was_learned_from(decide, month: Path) -> None:
    assert reason(decide(data=looked_at(month, learned=["006", "007"]))) == "other_month"


def test_stale_labels(decide, month: Path) -> None:
    assert reason(decide(data=looked_at(month, as_of="020"))) == "stale_labels"


def test_months_of_two_kinds_are_named(decide, month: Path) -> None:
    with pytest.raises(UserError, match="months 2026-11 and 013"):
        decide(data=looked_at(month, as_of="2026-11"))


@pytest.mark.parametrize("rows", [0, 20])
def test_an_empty_hold_out(decide, month: Path, tmp_path: Path, rows: int) -> None:
    write_table(tmp_path / "few.parquet", read_table(month).head(rows))
    assert reason(decide(data=looked_at(tmp_path / "few.parquet"))) == "empty_hold_out"


def test_customers_that_were_learned_from(decide, data: HoldOut) -> None:
    seen = frozenset(data.features[ID].head(3))
    found = decide(data=dataclasses.replace(data, seen=seen))
    assert reason(found) == "leak"
    assert "3 of" in found.summary


def test_a_leaked_label(decide, month: Path, tmp_path: Path) -> None:
    table = read_table(month)
    leaked = np.where(builders.left(table), 300.0, 5.0)
    write_table(tmp_path / "leak.parquet", table.assign(**{builders.DAYS: leaked}))
    found = decide(data=looked_at(tmp_path / "leak.parquet"))
    assert reason(found) == "leak"
    assert builders.DAYS in found.summary


class Altered:
    """A scorer whose answers are altered."""

    def __init__(self, scorer, change) -> None:
        self.scorer, self.change = scorer, change

    def probability(self, inputs):
        return self.change(self.scorer.probability(inputs), inputs)


def altered(monkeypatch: pytest.MonkeyPatch, version: str, change) -> None:
    """The challenger of this version answers otherwise."""
    whole = Side.scorer.fget
    monkeypatch.setattr(
        Side,
        "scorer",
        property(lambda s: Altered(whole(s), change) if s.version == version else whole(s)),
    )


@pytest.fixture
def version(challenger: Path) -> str:
    return str(json.loads((challenger / "bundle.json").read_text())["version"])


def test_a_model_that_has_seen_the_answers(decide, data: HoldOut, version, monkeypatch) -> None:
    label = data.features[LABEL].to_numpy()

    def cheats(probability, _):
        if len(probability) != len(label):
            return probability
        return np.where(label == 1, 0.9, 0.05) + 0.05 * probability

    altered(monkeypatch, version, cheats)
    found = decide()
    assert reason(found) == "leak"
    assert "gate.leak" in found.summary


def test_inverted_probabilities(decide, version, monkeypatch) -> None:
    altered(monkeypatch, version, lambda p, _: 1 - p)
    assert reason(decide()) == "inverted"


def test_answers_that_are_no_probabilities(decide, version, monkeypatch) -> None:
    altered(monkeypatch, version, lambda p, _: np.where(p > 0.5, np.nan, p))
    assert reason(decide()) == "no_probability"


def test_an_export_that_answers_otherwise_for_one(decide, version, monkeypatch) -> None:
    altered(monkeypatch, version, lambda p, _: p if len(p) > 1 else p * 0.9)
    assert reason(decide()) == "export"


def test_a_slower_model(decide, version, monkeypatch) -> None:
    def slow(probability, _):
        sum(i * i for i in range(20_000))
        return probability

    altered(monkeypatch, version, slow)
    found = decide()
    assert reason(found) == "latency"
    assert "seconds" not in found.model_dump_json()


def test_probabilities_that_are_off(decide, version, monkeypatch) -> None:
    altered(monkeypatch, version, lambda p, _: p**0.2)
    assert "calibration" in decide().reasons


def test_a_group_that_is_ranked_worse(decide, version, monkeypatch) -> None:
    """Better for everybody together, while one branch is ranked the wrong way round."""
    place = category_names(builders.schema()).index(builders.BRANCH)

    def worse_for_one_branch(probability, inputs):
        turned = 0.4 - 0.1 * probability  # about the churn rate, so that calibration is kept
        return np.where(inputs.category[:, place] == "3", turned, probability)

    altered(monkeypatch, version, worse_for_one_branch)
    found = decide()
    assert reason(found) == "groups"
    assert f"{builders.BRANCH} = 3" in found.summary


# --- against the schema ------------------------------------------------------------------------


def against_the_schema(bundle: Path, table: Path, params: Parameters) -> Check:
    """The finding on a model that has smaller boxes leave, where the schema has larger ones."""
    turned = builders.schema(**{builders.SIZE: {"roles": ["ordered", "monotone_increasing"]}})
    data = dataclasses.replace(looked_at(table), schema=turned)
    predicted = scored.evaluation_data(Side.read(bundle), data, params.evaluate, params.money)
    return goes_the_schemas_way(predicted, Side.read(bundle))


def test_a_model_that_schema_and_labels_contradict_is_refused(mine, month, params, tmp_path):
    """In the month that is judged on, whoever has a large box leaves: as the schema says."""
    table = read_table(month)
    places = table[builders.SIZE].map({"klein": "groß", "mittel": "mittel", "groß": "klein"})
    write_table(tmp_path / "turned.parquet", table.assign(**{builders.SIZE: places}))
    found = against_the_schema(mine, tmp_path / "turned.parquet", params)
    assert not found.passed
    assert "labels contradict the model" in found.words


def test_a_model_that_labels_agree_with_is_not_refused_for_an_outdated_schema(mine, month, params):
    found = against_the_schema(mine, month, params)
    assert found.passed
    assert "the schema says that the risk goes up" in found.words
    assert "do not contradict" in found.words
