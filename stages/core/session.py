"""A notebook opened by hand: it works on a copy, so that only the runner writes results."""

from __future__ import annotations

import shutil

from stages.core.paths import Paths

COPIED = ("data", "models")
LEFT_OUT = shutil.ignore_patterns("external", "tuning", "checkpoints")  # never written by a stage


def notebook_paths() -> Paths:
    """The places that a notebook reads and writes.

    Executed by the runner, those of the repository. Opened by hand, results are read from a copy
    of the last run's in `scratch/`, made afresh, and written there; a line says so.
    """
    paths = Paths.here()
    if paths.results is None:
        return paths
    shutil.rmtree(paths.results, ignore_errors=True)
    for name in COPIED:
        source = paths.root / name
        if source.is_dir():
            # Without the mode: what DVC links from its cache may be read-only.
            shutil.copytree(
                source, paths.results / name, ignore=LEFT_OUT, copy_function=shutil.copyfile
            )
    paths.reports.mkdir(parents=True, exist_ok=True)
    place = paths.relative(paths.results)
    print(f"Opened by hand: reads and writes a copy of the results, in {place}/.")
    print("The results themselves are written by make repro (or dvc repro).")
    return paths
