"""What a campaign showed becomes what the next champion decides by: `data/effect`.

`effect.json` names the policy, the campaign it is from and what it is worth; `effect.onnx` is its
graph where the policy is a model. The stage `train` packs both into the champion bundle. Nothing is
adopted unless it is asked for.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from scoring.bundle import EFFECT
from scoring.deployment import bundle_in_service
from scoring.digest import sha256
from scoring.effect import Effect
from scoring.errors import UserError
from scoring.loading import read_manifest
from scoring.schema import Schema
from stages.campaigns.analysis import assumed_share_of
from stages.campaigns.campaign_file import Campaign
from stages.campaigns.campaign_params import CampaignAnalysis
from stages.campaigns.campaign_summary import chosen_policy
from stages.campaigns.policies import SIMPLE, Evidence, Predict, RelativeEffect, fit
from stages.campaigns.policy_graph import to_onnx
from stages.campaigns.trial import Trial
from stages.core.files import write_json
from stages.core.paths import Paths

TOLERANCE = 1e-5  # by which a graph may differ from the policy, in probability
TODAY = SIMPLE[0]
Content = dict[str, Any]


def adopt(
    campaign: Campaign,
    result: Content,
    settings: CampaignAnalysis,
    paths: Paths,
    *,
    today: date,
) -> Content:
    """Write the policy that was chosen for the train stage; what was written.

    `UserError` where the campaign is not one of the champion's customers, where every policy lost,
    or where the graph of the policy differs from the policy.
    """
    if not campaign.scored:
        raise UserError(
            f"{campaign.origin}: not one of the champion's customers, whose decision it is to "
            "change; expected the champion's columns in the file or in CUSTOMERS="
        )
    worth = _worth(result)
    if (value := worth["profit_per_customer"]["value"]) < 0:
        raise UserError(
            f"{campaign.origin}: every rule lost, the best of them {-value:,.2f} a customer; "
            "expected one that brings something: to contact nobody loses nothing"
        )
    schema = read_manifest(bundle_in_service(paths.champion))[1]
    content = {
        "policy": result["chosen"],
        "campaign": {**result["source"], "customers": len(campaign.trial), "adopted": str(today)},
        **worth,
    }
    graph = None
    if result["chosen"] != TODAY:
        content, graph = _learned(content, campaign, result, schema, settings)
    _write(content, graph, paths)
    return content


def forget(paths: Paths) -> None:
    """Back to today's rule: the assumed share of leavers accepts."""
    _write({"policy": TODAY}, None, paths)


def _worth(result: Content) -> Content:
    """What the policy is worth per customer, with intervals."""
    chosen = chosen_policy(result)
    return {name: chosen[name] for name in ("profit_per_customer", "against_today")}


def _learned(
    content: Content, campaign: Campaign, result: Content, schema: Schema,
    settings: CampaignAnalysis,
) -> tuple[Content, bytes | None]:  # fmt: skip
    """The policy fitted on the whole campaign, as `scoring.effect` reads it, and its graph."""
    name, trial = result["chosen"], campaign.trial
    evidence = Evidence(trial, assumed_share_of(campaign.costs), settings.seed)
    policy = fit([name], evidence)[name]
    content |= {
        "offers": list(campaign.arms[1:]),
        "groups": result["difference"]["found"],
        "error": _relative_error(result),
        "inputs": [column.name for column in schema.inputs],
    }
    if isinstance(policy, RelativeEffect):
        content |= {"level": policy.level, "share": policy.share.tolist(), "columns": None}
        graph = None
    else:
        assert campaign.columns is not None
        content |= {"level": 1.0, "share": None, "columns": campaign.columns._asdict()}
        graph = to_onnx(policy, inputs=trial.inputs.shape[1] + 1)
    _check_agreement(Effect.of(content, schema, graph), policy, campaign)
    return content, graph


def _relative_error(result: Content) -> float:
    """Standard error of the mean reduction among the contacted, relative to it; at most 1."""
    found = chosen_policy(result)["reduction_of_contacted"]
    mean, error = found["value"], found["error"]
    return float(min(1.0, error / mean)) if mean > 0 else 1.0


def _check_agreement(effect: Effect, policy: Predict, campaign: Campaign) -> None:
    """`UserError` unless the export answers as the policy does, on every customer at hand."""
    trial: Trial = campaign.trial
    assert campaign.raw is not None
    expected = policy(trial)
    found = effect.by_code().reduction(trial.risk, campaign.raw)
    apart = float(np.abs(found - expected.reduction).max())
    apart = max(apart, float(np.abs(effect.untreated(trial.risk) - expected.untreated).max()))
    if not apart <= TOLERANCE:  # NaN is no agreement
        raise UserError(
            f"{campaign.origin}: the exported effect differs from the original by {apart:.1e} for "
            f"some customer; expected at most {TOLERANCE:.0e}"
        )


def _write(content: Content, graph: bytes | None, paths: Paths) -> None:
    path = paths.effect.with_name(EFFECT)
    path.unlink(missing_ok=True)
    if graph is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(graph)
        content["sha256"] = sha256(path)
    write_json(paths.effect, content)
