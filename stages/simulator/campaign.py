"""A retention campaign: some customers of a snapshot are called at random, and what came of it.

It is an experiment next to the base, not in it: the tables tell how the base goes on with nobody
called, so that churn keeps its meaning (who leaves if left alone). Whoever is not called has the
outcome of the table; whoever is called has what would have come of the same customer, with the same
event time, under the hazard that the call leaves them with. Both probabilities are known.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from stages.simulator.columns import IDENTITY, Block
from stages.simulator.generate import CAMPAIGN, World
from stages.simulator.identity import customer_ids
from stages.simulator.terms import add_terms

OUTCOMES = [IDENTITY, "treated", "outcome"]
TRUTHS = ["id", "probability_untreated", "probability_treated"]


def run_campaign(world: World, *, rows: int, share: float, effect: float) -> Iterator[pd.DataFrame]:
    """Treatment, outcome and truth of the world's customers, block after block.

    Columns: `OUTCOMES` (treated and outcome are 0 or 1; 1 for who was called, and who left within
    the window) and `TRUTHS`: the probability of leaving without and with a call, given the
    published columns. Each customer is called with probability `share`, whatever their traits;
    `effect` multiplies what the population says of a call.
    """
    for block in world.blocks(rows):
        yield _trial(world, block, share=share, effect=effect)


def _trial(world: World, block: Block, *, share: float, effect: float) -> pd.DataFrame:
    contact, size = world.population.contact, len(block["number"])
    change = contact.base + add_terms(contact.terms, columns=block, size=size)
    untreated = world.hazard_ahead(block)
    treated = untreated * np.exp(effect * change)
    called = world.draws(block, purpose=CAMPAIGN) < share
    left = block["event_time"] <= np.where(called, treated, untreated)
    identity = customer_ids(block["number"], seed=world.seed)
    return pd.DataFrame(
        {
            IDENTITY: identity,
            "treated": called.astype(np.int8),
            "outcome": left.astype(np.int8),
            "id": identity,
            "probability_untreated": -np.expm1(-untreated),
            "probability_treated": -np.expm1(-treated),
        }
    )
