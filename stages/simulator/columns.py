"""What is published of a customer: the columns of IBM's Telco Customer Churn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stages.simulator.customer_draws import customer_ids
from stages.simulator.description import Floats, Integers

if TYPE_CHECKING:
    from stages.simulator.population import Prices

COLUMNS = [
    "customerID", "gender", "SeniorCitizen", "Partner", "Dependents", "tenure", "PhoneService",
    "MultipleLines", "InternetService", "OnlineSecurity", "OnlineBackup", "DeviceProtection",
    "TechSupport", "StreamingTV", "StreamingMovies", "Contract", "PaperlessBilling",
    "PaymentMethod", "MonthlyCharges", "TotalCharges", "Churn",
]  # fmt: skip
IDENTITY, LABEL = COLUMNS[0], COLUMNS[-1]
STAYED, LEFT = "No", "Yes"  # the label's values
NUMBERS = TENURE, MONTHLY, TOTAL = "tenure", "MonthlyCharges", "TotalCharges"
ADD_ONS = {
    "OnlineSecurity": "security",
    "OnlineBackup": "backup",
    "DeviceProtection": "protection",
    "TechSupport": "support",
    "StreamingTV": "tv",
    "StreamingMovies": "movies",
}

# One entry per place under each name: the traits of the population, and
#   tenure    months billed
#   charge    monthly charge in price steps
#   usage     standard normal: how far the sum of the bills is off charge times tenure
#   event_time  hazard the customer can still be exposed to before leaving
#   risk      hazard relative to the reference customer of the same contract and tenure
#   number    unique per customer: month of joining times MAX_ROWS plus place
Block = dict[str, NDArray]
Columns = dict[str, NDArray]


def published(
    block: Block, *, leaves: NDArray, extra: Integers, raised: Integers, prices: Prices, seed: int
) -> Columns:
    """The columns of customers, in the order of `COLUMNS`.

    `leaves` says who leaves within the window; the last `raised` bills of each customer were
    `extra` price steps above the charge.
    """
    found = {IDENTITY: customer_ids(block["number"], seed=seed)}
    found |= {LABEL: _words(leaves, STAYED, LEFT)}
    found |= _household(block) | _services(block) | _account(block)
    found |= _bills(block, extra=extra, raised=raised, prices=prices)
    return {name: found[name] for name in COLUMNS}


def contract(block: Block) -> Integers:
    """The place of each customer's contract among `CONTRACTS`."""
    return block["committed"].astype(np.int64) + block["two_year"]


def _words(which: NDArray, *words: str) -> NDArray:
    """Look up a word by number (or by no, yes), for every entry of `which`."""
    return np.array(words, dtype=object)[which.astype(np.int64)]


def _household(block: Block) -> Columns:
    return {
        "gender": _words(block["female"], "Male", "Female"),
        "SeniorCitizen": _words(block["senior"], "0", "1"),
        "Partner": _words(block["partner"], "No", "Yes"),
        "Dependents": _words(block["dependents"], "No", "Yes"),
    }


def _services(block: Block) -> Columns:
    online = block["internet"].astype(np.int64)
    lines = np.where(block["data_only"], 2, block["lines"])
    return {
        "PhoneService": _words(block["data_only"], "Yes", "No"),
        "MultipleLines": _words(lines, "No", "Yes", "No phone service"),
        "InternetService": _words(online + block["fiber"], "No", "DSL", "Fiber optic"),
    } | {
        column: _words(online + block[name], "No internet service", "No", "Yes")
        for column, name in ADD_ONS.items()
    }


def _account(block: Block) -> Columns:
    how = [block["electronic"], block["mailed"], block["card"]]
    means = ("Electronic check", "Mailed check", "Credit card (automatic)")
    return {
        "Contract": _words(contract(block), "Month-to-month", "One year", "Two year"),
        "PaperlessBilling": _words(block["paperless"], "No", "Yes"),
        "PaymentMethod": _words(
            np.select(how, [0, 1, 2], default=3), *means, "Bank transfer (automatic)"
        ),
    }


def _bills(block: Block, *, extra: Integers, raised: Integers, prices: Prices) -> Columns:
    """Write tenure and what is billed per month and was billed in total.

    The total is NaN before the first bill and exact at the first; from then on its standard
    deviation grows with the root of charge times months. No later bill is below half of the price,
    so that totals grow from month to month; what a price rise adds comes on top.
    """
    tenure, charge = block["tenure"], block["charge"] * prices.step
    more = np.maximum(tenure - 1, 0)
    deviation = prices.usage * np.sqrt(charge * (more + 0.5)) * block["usage"]
    total = charge + np.where(more > 0, np.maximum(charge * more + deviation, charge * more / 2), 0)
    total += raised * extra * prices.step
    return {
        TENURE: tenure,
        MONTHLY: _money(block["charge"] + extra, step=prices.step),
        TOTAL: np.where(tenure > 0, _money(total / prices.step, step=prices.step), np.nan),
    }


def _money(steps: NDArray, *, step: float) -> Floats:
    """Amounts as a CSV would hold them: whole steps, and the float nearest to the decimal."""
    return np.round(np.rint(steps) * step, 2)
