"""XGBoost trained on the workers of a Dask cluster; what comes of it is a booster like any other.

Each worker holds an even share of the customers, none of them empty, and the workers add up their
histograms: the model differs from one that is trained here in its last digits, and with the number
of workers. A worker that is lost ends the training at once: left alone, the others wait for it.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xgboost import Booster, XGBClassifier

from scoring.errors import UserError, one_line
from stages.core.cluster import even_ranges, kept_client, let_go, workers
from stages.core.quantity import quantity

LIMIT = 3600.0  # seconds of one training
PAUSE = 0.2  # seconds between two looks at the workers
ONE_AT_A_TIME = threading.Lock()  # folds are fitted in threads, each by all workers


class DaskBoosting(XGBClassifier):
    """XGBoost's classifier, fitted on the cluster that `params.yaml` names."""

    def fit(self, X: Any, y: Any, *, sample_weight: Any = None) -> DaskBoosting:
        """Fit; `UserError` where a worker is lost, or it takes longer than `LIMIT`."""
        self.n_classes_ = len(np.unique(y))
        columns = [np.asarray(X, np.float32), np.asarray(y, np.float32)]
        if sample_weight is not None:
            columns.append(np.asarray(sample_weight, np.float32))
        rounds = self.get_num_boosting_rounds()
        self._Booster = _trained(self.get_xgb_params(), columns, rounds=rounds)
        return self


def _trained(params: dict[str, Any], columns: list[NDArray[Any]], *, rounds: int) -> Booster:
    """The booster of columns of n rows: inputs, labels and, if there are any, weights."""
    with ONE_AT_A_TIME:
        training = _Training(kept_client(), params, columns, rounds)
        training.start()
        try:
            training.watched()
        except UserError:
            let_go()  # what hangs is cancelled
            raise
    if training.error is not None:
        raise UserError(f"XGBoost on the cluster: {one_line(training.error)}") from None
    assert training.booster is not None
    return training.booster


class _Training(threading.Thread):
    """A training that may hang: nobody waits for its thread."""

    def __init__(
        self, client: Any, params: dict[str, Any], columns: list[NDArray[Any]], rounds: int
    ) -> None:
        super().__init__(daemon=True, name="training")
        self._client, self._params, self._columns, self._rounds = client, params, columns, rounds
        self._workers = workers(client)  # those that get a share: whoever goes then is missed
        self.booster: Booster | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        """Train."""
        from xgboost import dask

        try:
            inputs, label, *weight = map(self._spread, self._columns)
            data = dask.DaskDMatrix(self._client, inputs, label, weight=(weight or [None])[0])
            trained = dask.train(self._client, self._params, data, num_boost_round=self._rounds)
            self.booster = trained["booster"]
        except Exception as error:  # raised by whoever waits
            self.error = error

    def watched(self) -> None:
        """Wait for the end; `UserError` where a worker is lost or it takes too long."""
        names, end = set(self._workers), time.monotonic() + LIMIT
        while self.is_alive():
            self.join(PAUSE)
            if lost := names - set(workers(self._client)):
                raise UserError(
                    f"worker {min(lost)}: lost while XGBoost was trained; expected workers that "
                    "stay: run the same command again"
                )
            if time.monotonic() > end:
                raise UserError(
                    f"XGBoost was not trained in {LIMIT:.0f} s on "
                    f"{quantity(len(names), 'worker')}; expected more of them, or "
                    "train.xgboost.device: cpu"
                )

    def _spread(self, column: NDArray[Any]) -> Any:
        """A column as a Dask array whose parts lie one on each worker."""
        from dask import array
        from dask.delayed import delayed

        parts, ranges = [], even_ranges(len(column), len(self._workers))
        for name, rows in zip(self._workers, ranges, strict=False):
            part = column[rows]
            placed = self._client.scatter(part, workers=[name], hash=False)
            parts.append(array.from_delayed(delayed(placed), part.shape, part.dtype))
        return array.concatenate(parts)
