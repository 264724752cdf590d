"""XGBoost that can go on where it was stopped."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from xgboost import XGBClassifier

from stages.core.paths import CHECKPOINTS


class ResumableXGB(XGBClassifier):
    """XGBoost that saves its state every `checkpoint_every` rounds and goes on from the last one.

    Each fit has a folder of its own, named by parameters and data, so that nothing is continued
    with other customers; it is removed when the fit is done. Every piece draws from a seed of its
    own, for XGBoost counts rounds from 0 again when it goes on: an interrupted fit so ends in the
    same model, to the byte, as one that was not.
    """

    def __init__(self, *, checkpoint_every: int = 50, **kwargs: Any) -> None:
        self.checkpoint_every = checkpoint_every
        super().__init__(**kwargs)

    def get_xgb_params(self) -> dict[str, Any]:
        """What the booster is told: not how often it is saved."""
        return {k: v for k, v in super().get_xgb_params().items() if k != "checkpoint_every"}

    def fit(self, X: Any, y: Any, **options: Any) -> ResumableXGB:
        """Fit, or finish a fit that was stopped."""
        wanted, seed = self.n_estimators, self.random_state
        folder = CHECKPOINTS / self._key(X, y, options.get("sample_weight"))
        folder.mkdir(parents=True, exist_ok=True)
        try:
            done, latest = _latest(folder)
            while done < wanted:
                piece = min(self.checkpoint_every, wanted - done)
                self.set_params(n_estimators=piece, random_state=seed + done)
                super().fit(X, y, xgb_model=latest, **options)
                done += piece
                latest = self._save(folder / f"{done:06d}.ubj") if done < wanted else None
        finally:
            self.set_params(n_estimators=wanted, random_state=seed)
        shutil.rmtree(folder)
        return self

    def _save(self, path: Path) -> str:
        """Write beside, then rename: killed meanwhile, no half a model is left."""
        half = path.with_name("half.ubj")
        self.get_booster().save_model(half)
        return str(half.replace(path))

    def _key(self, X: Any, y: Any, weight: Any) -> str:
        """Parameters and data in sixteen hex digits."""
        told = self.get_xgb_params() | {"rounds": self.n_estimators, "every": self.checkpoint_every}
        digest = hashlib.sha256(json.dumps(told, default=str, sort_keys=True).encode())
        for part in (X, y, weight):
            if part is not None:
                digest.update(np.ascontiguousarray(part, dtype=np.float64).tobytes())
        return digest.hexdigest()[:16]


def _latest(folder: Path) -> tuple[int, str | None]:
    """Rounds of the newest saved state, and its file; 0 and None where there is none."""
    state = max(folder.glob("[0-9]*.ubj"), default=None)
    return (int(state.stem), str(state)) if state else (0, None)
