"""A campaign among the members of the cheese club, whose effect is known."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from stages.campaigns.analysis import Result, analyse
from stages.campaigns.campaign_file import Campaign, read_campaign
from stages.campaigns.campaign_params import CampaignAnalysis
from stages.campaigns.campaign_source import CampaignOptions
from stages.core.paths import Paths
from tests import builders

SETTINGS = CampaignAnalysis(seed=20, folds=2, level=0.95)
TODAY = date(2026, 11, 27)
HELPED, HARMED = "klein", "groß"


def letters(rows: int = 2000, *, seed: int = 5) -> pd.DataFrame:
    """Members, half of whom got a letter: it keeps those of small packets, and drives others away.

    `left` is whether they left, `letter` whether they got it.
    """
    table = builders.members(rows, seed=seed)
    rng = np.random.default_rng(seed)
    letter = rng.random(rows) < 0.5
    risk = builders.risk_of(table)
    helped, harmed = (table[builders.SIZE] == size for size in (HELPED, HARMED))
    leaving = np.where(letter & helped, 0.2 * risk, risk)
    leaving = np.where(letter & harmed, np.minimum(risk + 0.25, 0.95), leaving)
    table["letter"] = np.where(letter, "sent", "control")
    table["gone"] = np.where(rng.random(rows) < leaving, "yes", "no")
    return builders.as_text(table.drop(columns=builders.LEFT))


def analysed(table: pd.DataFrame, paths: Paths, folder: Path) -> tuple[Campaign, Result]:
    """The campaign in a file, read and analysed."""
    file = folder / "letters.csv"
    table.to_csv(file, index=False)
    options = CampaignOptions(str(file), treated="letter")
    money = builders.money_params()
    campaign = read_campaign(options, money, paths, seed=20, today=TODAY)
    return campaign, analyse(campaign, SETTINGS)
