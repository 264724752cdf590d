"""Made-up test customers, evaluated once for all modules that look at the result."""

from __future__ import annotations

import pandas as pd
import pytest

from stages.evaluation.evaluation_data import EvaluationData
from stages.evaluation.headline import headline
from tests import builders


@pytest.fixture(scope="session")
def data() -> EvaluationData:
    """The customers with their predictions; a module with others has a fixture of its own."""
    return builders.evaluation_data()


@pytest.fixture(scope="session")
def metrics(data: EvaluationData) -> pd.DataFrame:
    """Every metric of the contract, with its interval."""
    return headline(data)
