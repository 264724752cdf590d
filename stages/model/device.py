"""Whether XGBoost can train where the parameters want it to."""

from __future__ import annotations

from stages.core.cluster import missing_for_dask


def missing_for_cuda() -> str | None:
    """What is missing to train on a GPU, in words; None where nothing is."""
    import subprocess

    import xgboost

    if not xgboost.build_info().get("USE_CUDA"):
        return "this XGBoost is built without CUDA; install xgboost in place of xgboost-cpu"
    try:
        found = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, check=False)
    except OSError:
        return "no NVIDIA driver is installed"
    return None if found.stdout.strip() else "no GPU is found"


MISSING = {"cuda": missing_for_cuda, "dask": missing_for_dask}
