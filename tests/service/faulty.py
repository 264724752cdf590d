"""The service with a champion that can be made to fail: the word in the file CHURN_FAULT."""

import os
import time
from pathlib import Path

from scoring import loading as bundle
from scoring.bundle import Scorer
from serving.service import ChurnService
from tests.service.graphs import looping

__all__ = ["ChurnService"]

HANGS = Scorer(looping())
FAULT = Path(os.environ["CHURN_FAULT"])


class Faulty:
    """A model that does what the file says."""

    def __init__(self, model):
        self._model = model

    def probability(self, inputs, options=None):
        word = FAULT.read_text() if FAULT.exists() else ""
        if word == "raise":
            raise RuntimeError
        if word == "hang":
            return HANGS.probability(inputs, options)
        if word == "slow":
            FAULT.with_suffix(".begun").touch()
            time.sleep(3)
        probability = self._model.probability(inputs, options)
        return probability * (2 if word == "wrong" else 1) + (word == "wrong")


_load = bundle.load_bundle


def load_faulty(folder):
    loaded = _load(folder)
    if "champion" in loaded.models:
        loaded.models["champion"] = Faulty(loaded.models["champion"])
    return loaded


from serving import sources  # noqa: E402

sources.load_bundle = load_faulty
