"""Files of labelled months."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests import builders


def csv(folder: Path, table: pd.DataFrame) -> Path:
    """A month as a file, as somebody may have it."""
    path = folder / "month.csv"
    builders.as_text(table).to_csv(path, index=False)
    return path
