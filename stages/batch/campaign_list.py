"""The file of a month's campaign: whom chance decided on, and what the design costs and finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from scoring.effect import Effect
from scoring.score_files import ASSIGNMENT, CONTACT_ARM, CONTROL_ARM, ID
from stages.batch.assignment import (
    CONTACT,
    CONTACT_PROBABILITY,
    CONTROL,
    EXPLORE,
    MONTH,
    PROBABILITY,
    Design,
)
from stages.batch.contacts import Chosen
from stages.batch.outputs import Merge
from stages.core.sample_size import control_share, smallest_effect

ARMS = np.array([CONTROL_ARM, CONTACT_ARM], dtype=object)


def campaign_rows(design: Design, drawn: Chosen, merge: Merge) -> Iterator[pa.Table]:
    """Everybody whom chance decided on: arm and probability of a contact, part after part.

    `drawn` are the customers whom the budget covers, those left alone among them.
    """
    for part, name in enumerate(merge.names):
        table, places = merge.kept(name)
        pays = table["contact"].to_numpy()
        probability = np.where(pays, 1 - design.control, design.explore)
        covered = np.isin(places, drawn.place[drawn.part == part]) | ~pays
        kept = covered & (probability > 0) & (probability < 1)
        arm = np.isin(design.assign(table[ID], pays), (CONTACT, EXPLORE)).astype(int)
        columns = {
            ID: table[ID],
            MONTH: pa.array([design.month] * table.num_rows),
            ASSIGNMENT: pa.array(ARMS[arm]),
            CONTACT_PROBABILITY: probability,
            PROBABILITY: table[PROBABILITY],
        }
        yield pa.table(columns).filter(pa.array(kept))


def design_figures(design: Design, drawn: Chosen, effect: Effect | None) -> dict[str, Any]:
    """How many are left alone and explored, what that costs, and which effect it can find.

    The cost of the control group is the profit that its customers are expected to bring if
    contacted; that of exploring is the loss that is expected of contacting those whom it does not
    pay. `control_needed` is the share that finds the expected effect, None where none does.
    """
    of_list = drawn.rows(np.isin(drawn.assignment, (CONTACT, CONTROL)))
    control, explored = (drawn.assignment == kind for kind in (CONTROL, EXPLORE))
    contacted, left_alone = int((of_list.assignment == CONTACT).sum()), int(control.sum())
    found = {
        "month": design.month, "control": design.control, "explore": design.explore,
        "contacted": contacted, "left_alone": left_alone, "explored": int(explored.sum()),
        "cost_of_control": float(drawn.profit[control].sum()),
        "cost_of_exploring": float(-drawn.profit[explored].sum()),
    }  # fmt: skip
    if not len(of_list.part):
        return found
    alone = of_list.probability if effect is None else effect.untreated(of_list.probability)
    rate, expected = float(np.clip(alone.mean(), 0.001, 0.999)), float(of_list.reduction.mean())
    return found | {
        "churn_rate": rate,
        "expected_effect": expected,
        "smallest_effect": smallest_effect(rate, left_alone, contacted)
        if min(left_alone, contacted)
        else None,
        "control_needed": control_share(rate, expected, len(of_list.part)),
    }


def in_words(design: dict[str, Any], currency: str) -> Sequence[str]:
    """What the control group and the explored share are, cost and can find."""
    lines = [
        f"Drawn at random for {design['month']}: {design['left_alone']:,} are left alone, "
        f"which costs an expected profit of {design['cost_of_control']:,.0f} {currency}; "
        f"{design['explored']:,} are contacted to explore, at an expected loss of "
        f"{design['cost_of_exploring']:,.0f}"
    ]
    if design.get("smallest_effect"):
        needed = design["control_needed"]
        enough = f"CONTROL={needed:.3f} finds that" if needed else "this list is too short for that"
        lines.append(
            f"This control group finds an effect of {100 * design['smallest_effect']:.1f} "
            f"percentage points in four of five cases; "
            f"{100 * design['expected_effect']:.1f} are expected: {enough}"
        )
    return lines
