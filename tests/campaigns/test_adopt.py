"""From a campaign to the decision: adopted on request, packed into the bundle, and decided by."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper
from prometheus_client import CollectorRegistry

from app.economics import Scenario, ranked
from app.scored import read_scored
from scoring.bundle import EFFECT, MANIFEST, open_session
from scoring.deployment import FILE, Deployed, Deployment, write_deployment
from scoring.derive import raw_inputs
from scoring.digest import sha256
from scoring.effect import CUSTOMERS, GROUPS, REDUCTION, Effect, groups_of, run_graph
from scoring.errors import UserError
from scoring.loading import load_bundle
from scoring.terms import Terms
from serving.exchange import Call
from serving.settings import Settings
from serving.worker import Worker
from stages.batch.asked import Asked
from stages.batch.score import score
from stages.campaigns.adopted_effect import adopt, forget
from stages.campaigns.campaign_summary import adopted
from stages.campaigns.choice import judge
from stages.campaigns.policies import MEAN, POLICIES, UPLIFT, Assumed, Evidence, fit, with_risk
from stages.campaigns.policy_graph import to_onnx
from stages.core.paths import Paths
from stages.model.packed_effect import pack_effect
from tests import builders
from tests.app import conftest
from tests.campaigns.campaigns import HARMED, HELPED, SETTINGS, TODAY, analysed, letters
from tests.service.conftest import write_club
from tests.service.damage import flipped

ASSUMED = Assumed(0.3, 0.1)


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """A repository whose champion decides by the assumed share."""
    folder = tmp_path_factory.mktemp("before")
    write_club(folder)
    return Paths(folder)


@pytest.fixture(scope="module")
def learned(before, tmp_path_factory):
    """A campaign among the champion's customers, and what it showed."""
    return analysed(letters(), before, tmp_path_factory.mktemp("letters"))


@pytest.fixture(scope="module")
def after(before, learned, tmp_path_factory):
    """The repository after the campaign was adopted and the champion was made again."""
    paths = Paths(shutil.copytree(before.root, tmp_path_factory.mktemp("after") / "club"))
    adopt(*learned, SETTINGS, paths, today=TODAY)
    write_club(paths.root)
    return paths


@pytest.mark.parametrize("name", UPLIFT)
def test_the_graph_of_a_policy_answers_as_the_policy_does(made_up, name):
    trial = made_up(lambda x, risk: 0.3 * risk * (x[:, 1] > 0), n=900, arms=2)
    inputs = trial.inputs.copy()
    inputs[::7, 1] = np.nan
    trial = replace(trial, inputs=inputs)
    policy = fit([name], Evidence(trial, ASSUMED, 0))[name]
    graph = to_onnx(policy, inputs=trial.inputs.shape[1] + 1)
    found = run_graph(open_session(graph), with_risk(trial), trial.arms)
    assert np.abs(found - policy(trial).reduction).max() < 1e-6
    assert to_onnx(policy, inputs=trial.inputs.shape[1] + 1) == graph


def test_without_a_campaign_the_bundle_says_nothing_of_an_effect(before):
    manifest = json.loads((before.champion / MANIFEST).read_text())
    assert "effect" not in manifest
    assert EFFECT not in manifest["files"]
    assert load_bundle(before.champion).effect is None


def test_what_is_adopted_is_packed_with_its_campaign_and_its_interval(after, learned):
    campaign, result = learned
    manifest = json.loads((after.champion / MANIFEST).read_text())
    effect = manifest["effect"]
    assert effect["policy"] == result["chosen"]
    assert effect["policy"] == MEAN
    assert effect["campaign"]["sha256"] == campaign.sha256
    assert effect["campaign"]["adopted"] == "2026-11-27"
    gain = effect["against_today"]
    assert gain["low"] < gain["value"] < gain["high"]
    assert EFFECT in manifest["files"]


def test_an_effect_is_that_of_the_champion_in_service(before, learned, tmp_path):
    # given a deployed bundle, and no champion of the pipeline
    paths, folder = Paths(tmp_path), "deployed/first/champion"
    shutil.copytree(before.champion, tmp_path / "models" / folder)
    champion = Deployed(folder=folder, version="first")
    write_deployment(Deployment(champion=champion), tmp_path / "models" / FILE)
    # when what was learned of its customers is adopted, then it is an effect on its columns
    content = adopt(*learned, SETTINGS, paths, today=TODAY)
    assert content["inputs"] == [column.name for column in builders.schema().inputs]


def test_the_bundle_decides_by_the_effect(after, before):
    """Who is driven away is not contacted, whatever their risk; who can be kept is."""
    table = builders.members(400, seed=9)
    known = raw_inputs(table.to_dict("list"), builders.schema())
    probability = np.full(400, 0.6)
    bundle = load_bundle(after.champion)
    decided = Terms.of(bundle.manifest, bundle.schema, bundle.effect).decide(probability, known)
    sizes = table[builders.SIZE].to_numpy()
    assert decided.contact[sizes == HELPED].mean() > decided.contact[sizes == HARMED].mean() + 0.5
    assert (decided.profit[sizes == HELPED] > decided.profit[sizes == HARMED].max()).mean() > 0.5
    old = load_bundle(before.champion)
    today = Terms.of(old.manifest, old.schema, old.effect).decide(probability, known)
    assert today.reduction is None
    assert today.contact[sizes == HARMED].any()


def test_a_damaged_effect_is_named_and_the_assumed_share_decides(after, tmp_path):
    folder = shutil.copytree(after.champion, tmp_path / "champion")
    flipped(folder / EFFECT)
    bundle = load_bundle(folder)
    assert bundle.effect is None
    assert "content differs from the hash" in bundle.faults["effect"]
    assert bundle.best_tier == "champion"


def test_the_effect_of_other_customers_is_refused(after):
    schema = builders.schema("no_value")
    with pytest.raises(UserError, match=r"effect\.json: learned on other customers .*ADOPT=none"):
        pack_effect(schema, after)


def test_nothing_is_left_once_it_is_forgotten(after, tmp_path):
    paths = Paths(shutil.copytree(after.root, tmp_path / "club"))
    forget(paths)
    assert pack_effect(builders.schema(), paths) is None
    assert not paths.effect.with_name(EFFECT).exists()


def test_a_campaign_of_others_than_the_champions_customers_is_not_adopted(learned, tmp_path):
    campaign, result = learned
    with pytest.raises(UserError, match="not one of the champion's customers"):
        adopt(replace(campaign, scored=False), result, SETTINGS, Paths(tmp_path), today=TODAY)
    assert not Paths(tmp_path).effect.exists()


def test_where_every_rule_lost_nothing_is_adopted(learned, tmp_path):
    campaign, result = learned
    policies = [one | {"profit_per_customer": {"value": -0.25}} for one in result["policies"]]
    with pytest.raises(UserError, match=r"every rule lost, the best of them 0\.25 a customer"):
        adopt(campaign, result | {"policies": policies}, SETTINGS, Paths(tmp_path), today=TODAY)
    assert not Paths(tmp_path).effect.exists()


@pytest.mark.parametrize("name", [p for p in POLICIES if p not in UPLIFT][1:])
def test_a_number_is_adopted_without_a_graph(before, learned, tmp_path, name):
    campaign, result = learned
    paths = Paths(shutil.copytree(before.root, tmp_path / "club"))
    content = adopt(campaign, result | {"chosen": name}, SETTINGS, paths, today=TODAY)
    effect = Effect.of(content, builders.schema(), None)
    risk = np.array([0.1, 0.5])
    reduction = effect.reduction(risk, None)
    assert reduction.shape == (2, 1)
    assert reduction[1, 0] == pytest.approx(5 * reduction[0, 0])
    assert pack_effect(builders.schema(), paths)["share"] == content["share"]


def test_a_policy_no_better_than_today_changes_no_byte_of_the_bundle(before, learned, tmp_path):
    campaign, result = learned
    paths = Paths(shutil.copytree(before.root, tmp_path / "club"))
    chosen = result | {"chosen": "assumed_share"}
    words = adopted(adopt(campaign, chosen, SETTINGS, paths, today=TODAY))
    assert words.endswith("one without it stays as it is.")
    content = (before.champion / MANIFEST).read_bytes()
    write_club(paths.root)
    assert (paths.champion / MANIFEST).read_bytes() == content


def test_everybody_has_the_group_of_their_risk_and_effect():
    untreated = np.array([0.3, 0.1, 0.8, 0.3, 0.3])
    reduction = np.array([0.2, 0.0, 0.0, -0.05, -0.001])
    pays = np.array([True, False, False, False, False])
    named = [GROUPS[place] for place in groups_of(untreated, reduction, pays)]
    assert named == ["persuadable", "sure_to_stay", "lost", "better_left_alone", "sure_to_stay"]


def test_groups_of_a_sensitive_column_are_compared_and_named(learned):
    _, result = learned
    groups = [one for one in result["fairness"]["groups"] if one["column"] == builders.GENDER]
    assert {one["group"] for one in groups} == {"d", "m", "w"}
    assert all(0 <= one["contacted"][result["chosen"]]["group"] <= 1 for one in groups)


def test_the_policies_that_are_judged_are_those_that_are_adopted(learned):
    """What is adopted is fitted on all customers of the campaign, what is judged is not."""
    campaign, result = learned
    judged = judge(campaign.trial, ASSUMED, number=2, seed=20, names=[result["chosen"]])
    whole = fit([result["chosen"]], Evidence(campaign.trial, ASSUMED, 20))[result["chosen"]]
    apart = whole(campaign.trial).reduction - judged.reduction[result["chosen"]]
    assert 0 < np.abs(apart).mean() < 0.1


def test_score_and_service_decide_alike_by_the_effect(after, tmp_path):
    members = builders.as_text(builders.members(200, seed=4)).drop(columns=builders.LEFT)
    members.to_csv(tmp_path / "members.csv", index=False)
    outcome = score(Asked(str(tmp_path / "members.csv"), tmp_path / "out", after.champion))
    scored = pd.read_parquet(outcome.scores)
    assert set(scored["customer_group"]) > {"persuadable", "better_left_alone"}
    assert ((scored["customer_group"] == "persuadable") == (scored["decision"] == "contact")).all()
    assert ((scored["expected_profit"] > 0) == (scored["decision"] == "contact")).all()
    assert outcome.summary["rule"] == "incremental_profit"
    listed = pd.read_csv(outcome.folder / "contact_list.csv")
    assert (listed["churn_reduction"] > 0).all()
    assert (listed["expected_profit"] > 0).all()
    money = outcome.summary["expected"]
    assert money["profit"] == pytest.approx(listed["expected_profit"].sum(), abs=0.01 * len(listed))
    assert money["profit_low"] < money["profit"] < money["profit_high"]

    settings = Settings(bundle=after.champion, reload_seconds=0, log=False, rate_limit="off")
    worker = Worker(settings, registry=CollectorRegistry())
    rows = builders.members(200, seed=4).drop(columns=builders.LEFT)
    asked = [column.name for column in builders.schema().inputs]
    rows = json.loads(rows[asked].to_json(orient="records", force_ascii=False))
    body = json.dumps({"features": rows}).encode()
    reply = json.loads(worker._predict_batch(Call("request", body)))["predictions"]
    assert [one["decision"] for one in reply] == scored["decision"].tolist()
    assert np.allclose([one["expected_profit"] for one in reply], scored["expected_profit"])
    decision = worker.model_info()["champion"]["decision"]
    assert decision["rule"] == "incremental_profit"
    assert decision["campaign"]["file"] == "letters.csv"
    worker.close()


def one_at_a_time() -> bytes:
    """A graph that answers for one customer, as it is tried, and fails for several."""
    shape = numpy_helper.from_array(np.array([1, 1]), "shape")
    last = numpy_helper.from_array(np.array([-1]), "last")
    nodes = [
        helper.make_node("Gather", [CUSTOMERS, "last"], ["risk"], axis=1),
        helper.make_node("Reshape", ["risk", "shape"], [REDUCTION]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, None])
        for name in (CUSTOMERS, REDUCTION)
    ]
    graph = helper.make_graph(nodes, "effect", ends[:1], ends[1:], [shape, last])
    opsets = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


@pytest.fixture(scope="module")
def failing(after, tmp_path_factory):
    """The repository whose champion has an effect that fails while it answers."""
    paths = Paths(shutil.copytree(after.root, tmp_path_factory.mktemp("failing") / "club"))
    graph = paths.effect.with_name(EFFECT)
    graph.write_bytes(one_at_a_time())
    content = json.loads(paths.effect.read_bytes())
    paths.effect.write_text(json.dumps(content | {"sha256": sha256(graph)}), encoding="utf-8")
    write_club(paths.root)
    assert load_bundle(paths.champion).effect is not None
    return paths


def test_where_the_effect_fails_while_scoring_the_assumed_share_decides(failing, before, tmp_path):
    members = builders.as_text(builders.members(200, seed=4)).drop(columns=builders.LEFT)
    members.to_csv(tmp_path / "members.csv", index=False)
    found, today = (
        score(Asked(str(tmp_path / "members.csv"), tmp_path / name, paths.champion))
        for name, paths in (("failing", failing), ("before", before))
    )
    warnings = " ".join(found.summary["warnings"])
    assert "the assumed share decides, not the effect (" in warnings
    scored, expected = pd.read_parquet(found.scores), pd.read_parquet(today.scores)
    columns = ["decision", "expected_profit"]
    pd.testing.assert_frame_equal(scored[columns], expected[columns])
    assert found.summary["expected"]["profit"] == today.summary["expected"]["profit"]


def test_where_the_effect_fails_the_service_answers_counts_and_logs_it_once(
    failing, before, caplog
):
    rows = builders.members(40, seed=4)[[column.name for column in builders.schema().inputs]]
    features = json.loads(rows.to_json(orient="records", force_ascii=False))
    replies = []
    for paths in (failing, before):
        settings = Settings(bundle=paths.champion, reload_seconds=0, log=False, rate_limit="off")
        worker = Worker(settings, registry=CollectorRegistry())
        body = json.dumps({"features": features}).encode()
        for _ in range(2):
            reply = json.loads(worker._predict_batch(Call("request", body)))["predictions"]
        replies.append([(one["decision"], one["expected_profit"], one["tier"]) for one in reply])
        counted = [
            one["customers"]
            for one in worker.fallback_stats()["fallbacks"]
            if (one["tier"], one["reason"]) == ("effect", "error")
        ]
        assert counted == ([80] if paths is failing else [])
        worker.close()
    assert replies[0] == replies[1]
    assert caplog.text.count("the effect fails") == 1


def test_the_managers_page_counts_as_score_does(after, tmp_path):
    folder = conftest.score_club(tmp_path, after.champion)
    scored = read_scored(conftest.places_of(folder))
    found = ranked(scored, Scenario())
    expected = scored.places.summary["expected"]
    assert found.plan.outlook(len(found))._asdict() == pytest.approx(expected, abs=0.004)
    listed = pd.read_csv(folder / "contact_list.csv")
    assert len(found) == len(listed)
    assert np.allclose(found.profit, listed["expected_profit"], atol=0.006)
    # an effect half as large brings less, and to fewer
    assumed = scored.terms.costs.accept_rate
    half = ranked(scored, Scenario(accept=assumed / 2))
    assert len(half) < len(found)
    assert half.plan.outlook(len(half)).profit < expected["profit"] / 2


def test_a_damaged_effect_is_warned_of_by_score(after, tmp_path):
    folder = shutil.copytree(after.champion, tmp_path / "champion")
    flipped(folder / EFFECT)
    members = builders.as_text(builders.members(60, seed=4)).drop(columns=builders.LEFT)
    members.to_csv(tmp_path / "members.csv", index=False)
    outcome = score(Asked(str(tmp_path / "members.csv"), tmp_path / "out", folder))
    assert "the assumed share decides, not the effect" in " ".join(outcome.summary["warnings"])
    assert "customer_group" not in pd.read_parquet(outcome.scores)
