"""The cheese club month by month: members leave as predicted, and others take their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scoring.verdict import Verdict
from stages.core.paths import Paths
from stages.monitoring.monitor import monitor
from stages.monitoring.monitor_params import Monitor
from stages.monitoring.month_table import MonthTable, read_month
from tests import builders
from tests.service.conftest import write_club

WINDOW = 6
PARAMS = Monitor(
    false_alarms_per_year=0.05,
    reference_months=3,
    least_customers=200,
    least_auc=0.55,
    fault_share=0.02,
    max_customers=100_000,
    seed=20,
)
Judge = Callable[..., Verdict]


def club_months(months: int, *, rows: int = 600, hazard: float = 1.0) -> Iterator[pd.DataFrame]:
    """The members of each month; `hazard` is a factor on who leaves from month 5 on."""
    rng = np.random.default_rng(1)
    members = builders.members(rows, seed=1)
    for month in range(months):
        yield members
        risk = builders.risk_of({name: members[name].to_numpy() for name in members})
        factor = hazard if month >= 4 else 1.0
        leaves = rng.random(rows) < 1 - (1 - np.clip(risk, 0, 0.99)) ** (factor / WINDOW)
        grown = members.assign(
            **{
                builders.MONTHS: members[builders.MONTHS] + 1,
                builders.PAID: members[builders.PAID].fillna(0) + members[builders.FEE],
            }
        )
        grown[builders.MONTHS] = grown[builders.MONTHS].clip(upper=99)
        others = builders.members(rows, seed=100 + month)
        members = pd.concat([grown[~leaves], others[leaves]], ignore_index=True)


@pytest.fixture(scope="session")
def club(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A champion bundle of the club; nobody changes it."""
    return write_club(tmp_path_factory.mktemp("club"))


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A repository without results."""
    return Paths(tmp_path)


@pytest.fixture
def read(club: Path, tmp_path: Path) -> Callable[[pd.DataFrame, str], MonthTable]:
    """A function that reads a month's members from a CSV file."""

    def run(members: pd.DataFrame, month: str) -> MonthTable:
        path = tmp_path / f"month_{month}.csv"
        table = builders.as_text(members.drop(columns=builders.LEFT, errors="ignore"))
        table.to_csv(path, index=False)
        return read_month(str(path), club, month=month, most=PARAMS.max_customers)

    return run


@pytest.fixture
def judge(club: Path, paths: Paths, read: Callable[..., MonthTable]) -> Judge:
    """A function that has the monitor judge members of a month."""

    def run(members: pd.DataFrame | MonthTable, month: str = "001", **options: object) -> Verdict:
        table = members if isinstance(members, MonthTable) else read(members, month)
        given = {"params": PARAMS, "window": WINDOW, "paths": paths, "bundle": club, **options}
        return monitor(table, **given)  # type: ignore[arg-type]

    return run
