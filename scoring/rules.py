"""A few rules in place of a model: what answers when no model can. NumPy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.derive import Inputs


@dataclass(frozen=True)
class Rules:
    """Rules over the model inputs: the first whose conditions all hold gives the probability.

    `content` is the bundle's list; `numeric` and `category` name the columns of the inputs.
    """

    content: Sequence[Mapping[str, Any]]
    numeric: Sequence[str]
    category: Sequence[str]

    def probability(self, inputs: Inputs) -> NDArray[np.float64]:
        """Probability of churn (n,) of n customers; NaN where no rule holds."""
        n = len(inputs.numeric)
        probability = np.full(n, np.nan)
        for rule in self.content:
            holds = np.isnan(probability)
            for condition in rule["when"]:
                holds = holds & self._holds(condition, inputs)
            probability[holds] = rule["probability"]
        return probability

    def _holds(self, condition: Mapping[str, Any], inputs: Inputs) -> NDArray[np.bool_]:
        feature = condition["feature"]
        if "is" in condition or "is_not" in condition:
            labels = inputs.category[:, self.category.index(feature)]
            return labels == condition["is"] if "is" in condition else labels != condition["is_not"]
        values = inputs.numeric[:, self.numeric.index(feature)]
        limit = np.float32(condition["limit"])
        holds = values > limit if condition["above"] else values <= limit
        return holds | np.isnan(values) if condition["or_unknown"] else holds
