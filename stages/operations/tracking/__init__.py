"""RunResults on an MLflow server, where `MLFLOW_TRACKING_URI` names one; no stage depends on it."""
