"""Where everything stands, anchored on the place of this package and named once."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PARAMS = ROOT / "params.yaml"
PIPELINE = ROOT / "dvc.yaml"
LOCK = ROOT / "dvc.lock"
NOTEBOOKS = ROOT / "notebooks"

SCHEMA = ROOT / "data" / "schema.yaml"
POPULATION = ROOT / "data" / "population.yaml"
EXTERNAL = ROOT / "data" / "external"
CUSTOMERS = ROOT / "data" / "raw" / "customers.parquet"
CUSTOMERS_SCHEMA = ROOT / "data" / "raw" / "schema.json"
ORACLE = ROOT / "data" / "oracle" / "probabilities.parquet"
TRUTH = ORACLE.parent  # of everything that is simulated; only `evaluate` reads there
SNAPSHOTS = ROOT / "data" / "snapshots"
TRAIN = ROOT / "data" / "features" / "train.parquet"
TEST = ROOT / "data" / "features" / "test.parquet"

CHAMPION = ROOT / "models" / "champion"
COMPARISON = ROOT / "models" / "comparison"
TUNING = ROOT / "models" / "tuning"  # in git and DVC neither: the trials of a search

REPORTS = ROOT / "reports"
METRICS = REPORTS / "metrics.json"
DATA_SUMMARY = REPORTS / "data_summary.json"
VALIDATION = REPORTS / "validation.json"
PREDICTIONS = REPORTS / "predictions.parquet"
PLOTS = REPORTS / "plots"
CONTACT_LIST = REPORTS / "contact_list.csv"
EXPERIMENTS = REPORTS / "experiments.html"
INDEX = REPORTS / "index.html"
MODEL_CARD = REPORTS / "model_card.json"  # what the card and the overview are made from


def relative(path: Path) -> str:
    """The path as people write it: from the root of the repository where it lies inside."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
