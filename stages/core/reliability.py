"""The reliability diagram as a table: mean probability and churn rate by groups of customers."""

from __future__ import annotations

import pandas as pd

from stages.core.measures import Floats, quantile_bins, wilson


def reliability(label: Floats, probability: Floats, *, bins: int = 10) -> pd.DataFrame:
    """Mean probability and churn rate with its 95% interval, per equally filled bin."""
    place = quantile_bins(probability, bins)
    grouped = pd.DataFrame({"label": label, "probability": probability}).groupby(place)
    churners, customers = grouped["label"].sum(), grouped.size()
    low, high = wilson(churners, customers)
    rate = churners / customers
    columns = {"customers": customers, "probability": grouped["probability"].mean(), "rate": rate}
    return pd.DataFrame(columns | {"low": low, "high": high}).reset_index(drop=True)
