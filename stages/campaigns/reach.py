"""Which groups of sensitive columns a policy reaches or spares, against today's rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.campaigns.campaign_file import Campaign
from stages.campaigns.repeated import value
from stages.campaigns.trial import Floats, of_rows

BANDS = 4  # of a number, of equally many customers
FEWEST = 50  # customers of a group that is compared
LARGE = 0.05  # share contacted, by which a group differs from the others to be named
Mask = NDArray[np.bool_]


def by_group(
    campaign: Campaign, contacted: Mapping[str, Mask], reduction: Floats
) -> list[dict[str, Any]]:
    """Per group: the share (0 to 1) that each policy contacts, of it and of all others.

    `contacted` (n,) by policy; `reduction` (n,) scores of what a contact takes off the probability
    of leaving, of which the group's mean is given with its standard error. Groups of fewer than
    `FEWEST` customers, or that hold nearly all, are left out.
    """
    found = []
    for column, label, who in _groups(campaign):
        if min(who.sum(), (~who).sum()) < FEWEST:
            continue
        mean, error = value(reduction[who], of_rows(campaign.trial.customer, who))
        shares = {
            name: {"group": float(mask[who].mean()), "others": float(mask[~who].mean())}
            for name, mask in contacted.items()
        }
        found.append(
            {
                "column": column, "group": label, "customers": int(who.sum()),
                "contacted": shares, "reduction": mean, "error": error,
            }
        )  # fmt: skip
    return found


def findings(groups: list[dict[str, Any]], *, chosen: str, today: str) -> list[str]:
    """A sentence per group that the chosen policy contacts more or less often than the others.

    Of two groups of a column that are all customers, the first alone is named.
    """
    lines, seen = [], set()
    for one in groups:
        share, before = one["contacted"][chosen], one["contacted"][today]
        apart = share["group"] - share["others"]
        key = one["column"], round(abs(apart), 9)
        if abs(apart) < LARGE or key in seen:
            continue
        seen.add(key)
        lines.append(
            f"{one['column']} = {one['group']}: {share['group']:.0%} of them are contacted, "
            f"{share['others']:.0%} of the others; by today's rule {before['group']:.0%} and "
            f"{before['others']:.0%}"
        )
    return lines


def _groups(campaign: Campaign) -> Iterator[tuple[str, str, Mask]]:
    for column in campaign.sensitive:
        if column in campaign.trial.names:
            yield from _bands(column, campaign.trial.inputs[:, campaign.trial.names.index(column)])
        elif column in campaign.segments:
            values = campaign.segments[column].astype(str).to_numpy()
            for label in sorted({*values}):
                yield column, label, values == label


def _bands(column: str, numbers: Floats) -> Iterator[tuple[str, str, Mask]]:
    known = ~np.isnan(numbers)
    edges = np.unique(np.quantile(numbers[known], np.linspace(0, 1, BANDS + 1)[1:-1]))
    band = np.where(known, np.searchsorted(edges, numbers, side="left"), -1)
    for place in np.unique(band[known]):
        who = band == place
        yield column, f"{numbers[who].min():g} to {numbers[who].max():g}", who
