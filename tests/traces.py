"""What the stages of a finished run opened, from the records of its processes."""

from pathlib import Path

from stages.core.pipeline import executed_notebook
from stages.core.yamlfile import read_yaml
from tests.places import ROOT

PIPELINE = read_yaml(ROOT / "dvc.yaml")["stages"]


NOTEBOOKS = [name for name, stage in PIPELINE.items() if executed_notebook(stage)]


def opened(trace: Path, stage: str) -> set[str]:
    """Files under the root that a stage opened for reading: its command and, if any, its kernel."""
    records = {
        tuple(map(int, p.name.split("-"))): p.read_text().splitlines() for p in trace.iterdir()
    }
    runners = {
        pid for (_, pid), lines in records.items() if lines[0].endswith(PIPELINE[stage]["cmd"][7:])
    }
    assert len(runners) == 1, "the stage ran once"
    mine = [ls for (parent, pid), ls in records.items() if pid in runners or parent in runners]
    assert len(mine) >= (2 if stage in NOTEBOOKS else 1), "the runner and its kernel left a record"
    return {as_source(path) for lines in mine for path in lines[1:]}


def as_source(path: str) -> str:
    """The source of a compiled module, any other file as it is."""
    if "/__pycache__/" in path:
        folder, name = path.split("/__pycache__/")
        return f"{folder}/{name.split('.')[0]}.py"
    return path
