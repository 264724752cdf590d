"""Parameters of the analysis of a campaign: section `campaign` of `params.yaml`."""

from __future__ import annotations

from typing import ClassVar

from stages.core.section import Folds, Level, Section, Seed


class CampaignAnalysis(Section):
    """How a campaign is analysed."""

    section: ClassVar[str] = "campaign"

    seed: Seed
    folds: Folds
    level: Level
