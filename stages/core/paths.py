"""Where everything is in a repository, each place named once, from a root that is handed in."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

RUN = "CHURN_RUN"  # set where the runner executes a notebook, whose results count


@dataclass(frozen=True)
class Paths:
    """The places of the repository at `root`.

    Made once by whoever starts the work, the command line or a notebook, and handed on; a test
    hands in a folder of its own. `results` is where stages write, if it is not the repository.
    """

    root: Path
    results: Path | None = None

    @classmethod
    def here(cls) -> Paths:
        """The repository of this code; of a notebook opened by hand, with results of its own."""
        root = Path(__file__).resolve().parents[2]
        name = _opened_by_hand()
        return cls(root, root / "scratch" / name if name else None)

    def relative(self, path: Path) -> str:
        """The path as files in the repository name it: from the root where it lies inside."""
        inside = path.is_relative_to(self.root)
        return path.relative_to(self.root).as_posix() if inside else str(path)

    # --- what people write ---

    @property
    def params(self) -> Path:
        """The parameters."""
        return self.root / "params.yaml"

    @property
    def pipeline(self) -> Path:
        """The stages, for DVC."""
        return self.root / "dvc.yaml"

    @property
    def notebooks(self) -> Path:
        """A notebook per stage."""
        return self.root / "notebooks"

    @property
    def schema(self) -> Path:
        """What the columns of simulated customers mean."""
        return self.root / "data" / "schema.yaml"

    @property
    def population(self) -> Path:
        """The population that customers are simulated from."""
        return self.root / "data" / "population.yaml"

    @property
    def effect(self) -> Path:
        """What the adopted campaign showed, written by `campaign`; its graph lies next to it."""
        return self.root / "data" / "effect" / "effect.json"

    @property
    def external(self) -> Path:
        """Adopted tables, each with its schema."""
        return self.root / "data" / "external"

    # --- what a run writes ---

    @property
    def output(self) -> Path:
        """The folder that stages write to."""
        return self.results or self.root

    @property
    def lock(self) -> Path:
        """The hashes of the last run, written by DVC."""
        return self.root / "dvc.lock"

    @property
    def customers(self) -> Path:
        """The table of customers in canonical types."""
        return self.output / "data" / "raw" / "customers.parquet"

    @property
    def customers_schema(self) -> Path:
        """What the columns of that table mean."""
        return self.output / "data" / "raw" / "schema.json"

    @property
    def snapshots(self) -> Path:
        """The simulated months after the first, and the campaign."""
        return self.output / "data" / "snapshots"

    @property
    def truth(self) -> Path:
        """The true probabilities of everything that is simulated; only `evaluate` reads there."""
        return self.output / "data" / "oracle"

    @property
    def oracle(self) -> Path:
        """The true probabilities of the table of customers."""
        return self.truth / "probabilities.parquet"

    @property
    def train(self) -> Path:
        """The features of the train customers."""
        return self.output / "data" / "features" / "train.parquet"

    @property
    def test(self) -> Path:
        """The features of the test customers; only `evaluate` reads them."""
        return self.output / "data" / "features" / "test.parquet"

    @property
    def champion(self) -> Path:
        """The champion bundle."""
        return self.output / "models" / "champion"

    @property
    def comparison(self) -> Path:
        """What the candidates predicted out of fold, and the baselines."""
        return self.output / "models" / "comparison"

    @property
    def tuning(self) -> Path:
        """The trials of a search, neither in git nor in DVC."""
        return self.output / "models" / "tuning"

    @property
    def reports(self) -> Path:
        """Pages, tables and figures for people."""
        return self.output / "reports"

    @property
    def metrics(self) -> Path:
        """The metrics on the test customers, in git."""
        return self.reports / "metrics.json"

    @property
    def data_summary(self) -> Path:
        """The table of customers in numbers."""
        return self.reports / "data_summary.json"

    @property
    def validation(self) -> Path:
        """What the validation of an adopted table found."""
        return self.reports / "validation.json"

    @property
    def predictions(self) -> Path:
        """The probabilities of every customer by every candidate."""
        return self.reports / "predictions.parquet"

    @property
    def plots(self) -> Path:
        """The curves that DVC draws."""
        return self.reports / "plots"

    @property
    def contact_list(self) -> Path:
        """Whom to contact of the test customers."""
        return self.reports / "contact_list.csv"

    @property
    def experiments(self) -> Path:
        """The experiments on one page."""
        return self.reports / "experiments.html"

    @property
    def last_score(self) -> Path:
        """The summary of the last run of batch scoring."""
        return self.reports / "score.json"

    @property
    def campaign(self) -> Path:
        """What the last analysed campaign brought."""
        return self.reports / "campaign.json"

    @property
    def model_card(self) -> Path:
        """What the card and the overview are made from."""
        return self.reports / "model_card.json"

    @property
    def index(self) -> Path:
        """The page that leads to all others."""
        return self.reports / "index.html"


def _opened_by_hand() -> str | None:
    """The name of the notebook that somebody runs without the runner; None elsewhere."""
    if RUN in os.environ or "IPython" not in sys.modules:
        return None
    shell = sys.modules["IPython"].get_ipython()
    if shell is None:
        return None
    # VS Code tells the kernel, Jupyter its environment, nbconvert nobody.
    place = shell.user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME", "")
    return Path(place).stem or "notebook"
