"""Simulated customers for the tests of time, scenarios and campaigns."""

import numpy as np
import pandas as pd

from stages.core.paths import Paths
from stages.core.section import read_params
from stages.simulator.generate import Chunk, simulate
from stages.simulator.generate_params import Generate
from stages.simulator.population import load_population
from stages.simulator.scenarios import QUIET, Scenario, Scenarios, unfold

HERE = Paths.here()
POPULATION = load_population(HERE.population)
WINDOW = POPULATION.hazard.window
NAMES = list(Scenarios.model_fields)
BROKEN = ["unit_change", "all_null", "shifted_categories"]
LASTING = ["price_rise", "competitor_offer", "new_customer_mix", "seasonal_wave"]


def happening(name: str, *, strength: float = 1.0, start: int = 3) -> Scenario:
    """A scenario of the repository's population."""
    return unfold(POPULATION.scenarios, name=name, strength=strength, start_month=start)


def whole(
    *,
    month: int,
    rows: int = 4000,
    seed: int = 8,
    scenario: Scenario = QUIET,
    population=POPULATION,
) -> Chunk:
    """A snapshot in one piece."""
    (chunk,) = simulate(
        population, rows=rows, seed=seed, snapshot_month=month, chunk_rows=rows, scenario=scenario
    )
    return chunk


def left(customers: pd.DataFrame) -> pd.Series:
    return customers["Churn"] == "Yes"


def assert_calibrated(probability, outcome, *, groups: int = 10) -> None:
    """Rates agree with mean probabilities within 4 standard errors, overall and by probability."""
    table = pd.DataFrame({"p": np.asarray(probability), "y": np.asarray(outcome, dtype=float)})
    table["variance"] = table["p"] * (1 - table["p"])
    place = pd.qcut(table["p"], groups, labels=False, duplicates="drop")
    for grouped in (table.groupby(place), table.groupby(np.zeros(len(table)))):
        error = np.sqrt(grouped["variance"].sum()) / grouped.size()
        assert ((grouped["y"].mean() - grouped["p"].mean()).abs() < 4 * error).all()


def parameters(**changes) -> Generate:
    """The section `generate` of the repository, small, with fields changed."""
    values = read_params(HERE.params)["generate"] | {"rows": 600} | changes
    return Generate.of(values)
