"""The whole of `params.yaml` as one typed object, for what works around the pipeline.

A stage reads the sections that it declares in `dvc.yaml`, each through its own model, and never
this module: otherwise an edit of any section would rerun every stage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_type_hints

from scoring.errors import UserError, shown
from stages.ablation.ablation_params import Ablation
from stages.campaigns.campaign_params import CampaignAnalysis
from stages.core.compute import Compute
from stages.core.paths import Paths
from stages.core.section import Section, read_params
from stages.evaluation.evaluate_params import Evaluate
from stages.exploration.explore_params import Explore
from stages.features.features_params import Features
from stages.model.money_params import Money
from stages.model.train_params import Train
from stages.monitoring.monitor_params import Monitor
from stages.operations.canary.canary_params import Canary
from stages.operations.gate.gate_params import Gate
from stages.operations.pull_request.report_params import Report
from stages.operations.registry.registry_params import Registry
from stages.operations.retrain.retrain_params import Retrain
from stages.simulator.generate_params import Generate
from stages.tables.data_params import Data
from stages.tuning.tune_params import Tune


@dataclass(frozen=True)
class Parameters:
    """`params.yaml`: a field per section."""

    data: Data
    generate: Generate
    explore: Explore
    features: Features
    train: Train
    money: Money
    evaluate: Evaluate
    tune: Tune
    ablation: Ablation
    report: Report
    registry: Registry
    campaign: CampaignAnalysis
    compute: Compute
    retrain: Retrain
    gate: Gate
    canary: Canary
    monitor: Monitor


SECTIONS: dict[str, type[Section]] = get_type_hints(Parameters)


def read_parameters(paths: Paths) -> Parameters:
    """Every section, validated; `UserError` naming the section or field and what was expected."""
    content, file = read_params(paths.params), shown(paths.params)
    for name in content:
        if name not in SECTIONS:
            known = ", ".join(SECTIONS)
            raise UserError(f"{file}: section {name}: unknown; expected one of {known}")
    for name in SECTIONS:
        if name not in content:
            raise UserError(f"{file}: section {name}: missing")
    sections: dict[str, Any] = {name: model.of(content[name]) for name, model in SECTIONS.items()}
    return Parameters(**sections)
