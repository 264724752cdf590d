"""The results in the work tree as one run of an MLflow server."""

from __future__ import annotations

import os
import time
from importlib.metadata import version
from pathlib import Path

import mlflow
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema

from scoring.bundle import CATEGORY, NAME, NUMERIC
from scoring.errors import UserError
from stages.core.paths import Paths
from stages.operations.tracking import mlflow_model, payload, provenance
from stages.operations.tracking.payload import RunResults
from stages.operations.tracking.server import DATABASE

EXPERIMENT = "MLFLOW_EXPERIMENT_NAME"


def upload(url: str, paths: Paths) -> str:
    """Log the results; where they are now, or that they were there already.

    `UserError` with the server's words where it refuses, or is away before the end.
    """
    found = payload.current_results(paths)
    try:
        experiment = _experiment(url, os.environ.get(EXPERIMENT) or NAME)
        if run := _logged(experiment, found):
            return f"already logged: {_address(url, experiment, run)}"
        with mlflow.start_run(run_name=_name(found), tags=provenance.tags(found, paths)) as active:
            number = _log(found, active.info.run_id, paths)
    except (MlflowException, OSError) as error:
        raise UserError(f"{url}: {_words(error)}") from None
    place = _address(url, experiment, active.info.run_id)
    return f"logged: {place}; registered as {NAME} version {number}"


def _experiment(url: str, name: str) -> str:
    """The id of the experiment, which becomes the active one; made where there is none.

    Artifacts lie next to a SQLite file, wherever the run takes place.
    """
    if url.startswith(DATABASE) and mlflow.get_experiment_by_name(name) is None:
        place = Path(url.removeprefix(DATABASE)).with_name("mlruns")
        mlflow.create_experiment(name, artifact_location=place.as_uri())
    return str(mlflow.set_experiment(name).experiment_id)


def _address(url: str, experiment: str, run: str) -> str:
    if url.startswith(DATABASE):
        return f"{url}, experiment {experiment}, run {run}"
    return f"{url}/#/experiments/{experiment}/runs/{run}"


def _words(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300]


def _name(found: RunResults) -> str:
    return os.environ.get("DVC_EXP_NAME") or f"{found.manifest['candidate']}-{found.identity[:7]}"


def _logged(experiment: str, found: RunResults) -> str | None:
    """The finished run of the same results; None where there is none."""
    wanted = f"tags.`{provenance.IDENTITY}` = '{found.identity}' and attributes.status = 'FINISHED'"
    runs = mlflow.MlflowClient().search_runs([experiment], wanted, max_results=1)
    return runs[0].info.run_id if runs else None


def _log(found: RunResults, run: str, paths: Paths) -> str:
    """Everything into the active run; the version under which the model is registered."""
    mlflow.log_params(payload.parameters(found.sections))
    mlflow.log_metrics(payload.figures(found.metrics))
    _log_folds(found, run, paths)
    _log_data(found, paths)
    for folder, files in payload.files(paths).items():
        for file in files:
            mlflow.log_artifact(str(file), folder)
    return _log_model(found, paths.champion)


def _log_folds(found: RunResults, run: str, paths: Paths) -> None:
    """A fold is a step: 20 folds 50 times over are as many as one request may carry."""
    now = int(time.time() * 1000)
    figures = payload.fold_figures(found.manifest["candidate"], paths)
    for name, values in figures.items():
        steps = [Metric(name, value, now, step) for step, value in enumerate(values)]
        mlflow.MlflowClient().log_batch(run, metrics=steps)


def _log_data(found: RunResults, paths: Paths) -> None:
    """What the run learned from, by name and hash; no row of it."""
    source = CodeDatasetSource({"data.source": found.sections["data"]["source"]})
    digest = provenance.data_version(paths) or found.data[:32]
    mlflow.log_input(MetaDataset(source, name="customers", digest=digest), context="training")


def _log_model(found: RunResults, bundle: Path) -> str:
    info = mlflow.onnx.log_model(
        mlflow_model.load_by_column(found.manifest, bundle),
        name="model",
        signature=signature(found.manifest["features"]),
        input_example=mlflow_model.example(found.manifest, bundle),
        registered_model_name=NAME,
        # By hand: MLflow would find them by loading the model in a process of its own.
        pip_requirements=[f"{n}=={version(n)}" for n in ("onnx", "onnxruntime", "numpy", "pandas")],
        onnx_execution_providers=["CPUExecutionProvider"],
        metadata={"bundle": found.manifest["version"]},
    )
    return str(info.registered_model_version)


def signature(features: dict[str, list[str]]) -> ModelSignature:
    """The champion's features by name and type, and its answer."""
    numbers = [ColSpec(DataType.double, name) for name in features[NUMERIC]]
    labels = [ColSpec(DataType.string, name) for name in features[CATEGORY]]
    answer = ColSpec(DataType.float, mlflow_model.ANSWER)
    return ModelSignature(Schema([*numbers, *labels]), Schema([answer]))
