"""A retention campaign: some customers of a snapshot are called at random, and what came of it.

It is an experiment next to the base, not in it: the tables tell how the base goes on with nobody
called, so that churn keeps its meaning (who leaves if left alone). Whoever is not called has the
outcome of the table; whoever is called has what would have come of the same customer, with the same
event time, under the hazard that the call leaves them with. Both probabilities are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from stages.simulator.columns import IDENTITY, Block
from stages.simulator.customer_draws import customer_ids
from stages.simulator.description import Floats, Integers, add_terms
from stages.simulator.generate import CAMPAIGN, PERSUADABLE, World
from stages.simulator.population import Contact, Offer

OUTCOMES = [IDENTITY, "treated", "outcome"]
UNTREATED, TREATED = "probability_untreated", "probability_treated"
TYPICAL_RISK = 0.25  # where a campaign not drawn at random calls the share that was asked for


def run_campaign(
    world: World,
    contact: Contact,
    *,
    rows: int,
    share: float,
    effect: float,
    assigned: Mapping[str, int] | None = None,
) -> Iterator[pd.DataFrame]:
    """Treatment, outcome and truth of the world's customers, block after block.

    Columns: `OUTCOMES` (treated is 0 for who was left alone, else the number of the offer; outcome
    is 1 for who left within the window), id, and the probability of leaving without a call and with
    each offer, given the published columns. Drawn at random, each customer is called with
    probability `share`, whatever their traits, and every offer is as likely; `effect` multiplies
    what the population says of a call. With arms `assigned` by id nothing is drawn, and only those
    customers take part.
    """
    for block in world.blocks(rows):
        yield _trial(world, contact, block, share=share, effect=effect, assigned=assigned)


def truths(contact: Contact) -> list[str]:
    """Columns of the truth: id, and the probabilities of leaving."""
    return ["id", UNTREATED, *(_name(place) for place in range(len(contact.offers)))]


def _trial(
    world: World,
    contact: Contact,
    block: Block,
    *,
    share: float,
    effect: float,
    assigned: Mapping[str, int] | None,
) -> pd.DataFrame:
    untreated = world.hazard_ahead(block)
    persuadable = world.draws(block, purpose=PERSUADABLE)
    changes = [_change(offer, block) for offer in contact.offers]
    hazards = [
        untreated * np.exp(effect * (change + _hidden(offer, persuadable)))
        for offer, change in zip(contact.offers, changes, strict=True)
    ]
    identity = customer_ids(block["number"], seed=world.seed)
    if assigned is None:
        arm = _arm(contact, untreated, world.draws(block, purpose=CAMPAIGN), share=share)
        takes_part = np.ones(len(arm), dtype=bool)
    else:
        takes_part = np.isin(identity, list(assigned))
        arm = np.array([assigned.get(one, 0) for one in identity], dtype=np.int64)
    exposed = np.choose(arm, [untreated, *hazards])
    known = {
        _name(place): _probability(offer, untreated, effect, change)
        for place, (offer, change) in enumerate(zip(contact.offers, changes, strict=True))
    }
    return pd.DataFrame(
        {
            IDENTITY: identity,
            "treated": arm.astype(np.int8),
            "outcome": (block["event_time"] <= exposed).astype(np.int8),
            "id": identity,
            UNTREATED: -np.expm1(-untreated),
            **known,
        }
    )[takes_part]


def _name(place: int) -> str:
    return TREATED if place == 0 else f"{TREATED}_{place + 1}"


def _arm(contact: Contact, untreated: Floats, draws: Floats, *, share: float) -> Integers:
    """The offer (n,) that each customer is made, 0 for none."""
    called = np.full(len(draws), share)
    if contact.drawn == "by_risk":
        called = 1 - (1 - share) ** (-np.expm1(-untreated) / TYPICAL_RISK)
    part = np.floor(draws / np.maximum(called, 1e-12) * len(contact.offers)).astype(np.int64)
    return np.where(draws < called, part + 1, 0)


def _change(offer: Offer, block: Block) -> Floats:
    return offer.base + add_terms(offer.terms, columns=block, size=len(block["number"]))


def _hidden(offer: Offer, persuadable: Floats) -> Floats | float:
    if offer.hidden is None:
        return 0.0
    return np.where(persuadable < offer.hidden.share, offer.hidden.change, 0.0)


def _probability(offer: Offer, untreated: Floats, effect: float, change: Floats) -> Floats:
    """Probability of leaving with a call, given what is published: the mean over what is not."""
    plain = -np.expm1(-untreated * np.exp(effect * change))
    if offer.hidden is None:
        return plain
    moved = -np.expm1(-untreated * np.exp(effect * (change + offer.hidden.change)))
    return offer.hidden.share * moved + (1 - offer.hidden.share) * plain
