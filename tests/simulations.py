"""Whole simulations, and population files with entries replaced."""

import pandas as pd
from hypothesis import settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from stages.simulator.generate import Chunk, simulate
from tests.worlds import HERE, POPULATION

few = settings(max_examples=6, deadline=None, derandomize=True)


seeds = st.integers(min_value=0, max_value=2**63 - 1)


def whole(population=POPULATION, **arguments) -> Chunk:
    """All chunks of a simulation as one."""
    chunks = list(simulate(population, **arguments))
    return Chunk(
        customers=pd.concat([chunk.customers for chunk in chunks], ignore_index=True),
        oracle=pd.concat([chunk.oracle for chunk in chunks], ignore_index=True),
    )


def changed(**entries) -> dict:
    """The content of the population file with entries such as `hazard__window=3` replaced."""
    content = YAML(typ="safe").load(HERE.population.read_text(encoding="utf-8"))
    for dotted, value in entries.items():
        *parents, last = dotted.split("__")
        place = content
        for name in parents:
            place = place[name]
        place[last] = value
    return content
