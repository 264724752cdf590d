"""Effects and policy values of a real campaign against EconML's on the same folds.

    uv venv econml && uv pip install --python econml/bin/python econml
    python -m benchmarks.campaign_reference campaign.csv --python econml/bin/python \
        --treated segment --control 'No E-Mail' --outcome visit --positive 0 \
        --ignore conversion,spend

EconML is no dependency: it is asked in an environment of its own (0.7 GB).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.result import Result
from stages.adoption.target import Outcome
from stages.campaigns.analysis import assumed_share_of
from stages.campaigns.campaign_file import Campaign, read_campaign
from stages.campaigns.campaign_source import CampaignOptions
from stages.campaigns.choice import Judged, judge
from stages.campaigns.policies import MEAN, POLICIES, Effects, decide
from stages.campaigns.repeated import value
from stages.campaigns.trial import folds
from stages.core.paths import Paths
from stages.parameters import read_parameters

HERE = Paths.here()
SCRIPT = Path(__file__).parent / "baselines" / "econml_effects.py"
FOLDS, SEED = 5, 20
Z_95 = 1.96


def benchmarks(campaign: Campaign, python: str) -> list[Result]:
    """Differences from EconML's, in half widths of its 95% intervals."""
    judged = judge(
        campaign.trial, assumed_share_of(campaign.costs), number=FOLDS, seed=SEED, names=POLICIES
    )
    theirs = _econml(campaign, python)
    return [*_effects(campaign, judged, theirs), _policy(campaign, judged, theirs)]


def _econml(campaign: Campaign, python: str) -> dict[str, Any]:
    trial = campaign.trial
    fold = folds(trial, number=FOLDS, seed=SEED)
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch) / "customers.npz", Path(scratch) / "found.npz"
        np.savez(source, inputs=trial.inputs, arm=trial.arm, left=trial.left, fold=fold)
        subprocess.run([python, str(SCRIPT), str(source), str(target)], check=True)
        return dict(np.load(target))


def _effects(campaign: Campaign, judged: Judged, theirs: dict[str, Any]) -> list[Result]:
    results = []
    for place, name in enumerate(campaign.arms[1:]):
        mean, error = value(judged.scores.reduction[:, place])
        half = Z_95 * theirs["error"][place]
        results.append(
            Result(
                f"campaign, {name}: effect, half widths from EconML's",
                float(abs(mean - theirs["effect"][place]) / half), "<=", 1.0,
                f"{100 * mean:.2f} ± {100 * Z_95 * error:.2f} points, EconML "
                f"{100 * theirs['effect'][place]:.2f} ± {100 * half:.2f}",
            )
        )  # fmt: skip
    return results


def _policy(campaign: Campaign, judged: Judged, theirs: dict[str, Any]) -> Result:
    """Both policies contact whomever it pays for, and are valued by the same scores."""
    trial = campaign.trial
    offers = decide(Effects(trial.risk, theirs["reduction"]), trial)
    other = judged.profit[np.arange(len(trial)), offers]
    mean, error = value(other)
    mine = judged.gained(MEAN)
    return Result(
        "campaign, value of the uplift policy, half widths below EconML's",
        float((mean - mine.mean()) / (Z_95 * error)), "<=", 1.0,
        f"{mine.mean():.3f} a customer, EconML's {mean:.3f} ± {Z_95 * error:.3f}",
    )  # fmt: skip


def main() -> int:
    """Compare; 1 where a bound is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.campaign_reference")
    parser.add_argument("source")
    parser.add_argument("--python", required=True, help="of an environment with econml")
    for name in ("treated", "control", "outcome", "positive"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--ignore", default="")
    options = parser.parse_args()
    params = read_parameters(HERE)
    asked = CampaignOptions(
        options.source, None, options.treated, options.control,
        Outcome(options.outcome, options.positive),
        ignore=tuple(filter(None, options.ignore.split(","))),
    )  # fmt: skip
    campaign = read_campaign(asked, params.money, HERE, seed=SEED, today=date.today())
    results = benchmarks(campaign, options.python)
    print("\n".join(map(str, results)))
    return int(any(not result.is_met for result in results))


if __name__ == "__main__":
    sys.exit(main())
