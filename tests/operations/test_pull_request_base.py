"""What a base branch of any layout, or a remote that does not answer, leaves to compare."""

from __future__ import annotations

import math
from pathlib import Path
from threading import Event

import numpy as np
import pandas as pd
import pytest
from dvc.exceptions import DvcException
from dvc_data.index.index import DataIndexDirError

from stages.core.files import write_json, write_table
from stages.core.paths import Paths
from stages.features.table import ID
from stages.operations.pull_request import changes, compare, results
from stages.operations.pull_request.change_verdict import Verdict, judge
from stages.operations.pull_request.markdown import Content, render
from stages.operations.pull_request.pictures import draw
from stages.operations.pull_request.results import Results
from tests import builders
from tests.pull_requests import TOLERANCE, customers_in, results_in


@pytest.fixture(scope="module")
def data():
    return builders.evaluation_data()


OLD_LAYOUTS = [
    {"reports/metrics.json": text}
    for text in (
        "[]",
        '{"winner": "a", "candidates": null, "test": null, "test_ci": null, "counts": null}',
        '{"winner": "a", "candidates": ["a"], "test": [1], "test_ci": [1], "reference": [1]}',
        '{"winner": "a", "candidates": {"a": {"roc_auc": 0.8}, "b": {}}, "counts": {"train": "x"}}',
        '{"winner": "a", "candidates": {"a": {"roc_auc": null}}, "test": {"roc_auc": "x"}}',
        '{"test": {"roc_auc": 0.8}, "test_ci": {"roc_auc": [0.7, 0.9]}}',
    )
]


GARBAGE = [
    "data/raw/customers.parquet",
    "data/raw/schema.json",
    "data/features/train.parquet",
    "models/champion/bundle.json",
    "models/comparison/scores.csv",
    "reports/predictions.parquet",
    "reports/plots/roc.csv",
]
OLD_LAYOUTS += [
    {"params.yaml": text} for text in ("[1]", "a: [", "data: null\ntrain: [1]\nmoney: 2")
]
OLD_LAYOUTS += [
    {"dvc.lock": text}
    for text in (
        "stages: {",
        '{"stages": [1]}',
        '{"stages": {"train": null, "evaluate": [1]}}',
        '{"stages": {"train": {"deps": null, "outs": [1, {}], "params": {"params.yaml": ["a"]}}}}',
        '{"stages": {"train": {"deps": [{"path": "a"}], "outs": [{"path": "b", "size": "c"}]}}}',
    )
]
OLD_LAYOUTS += [dict.fromkeys(GARBAGE, text) for text in ("", "a\n1\n", "[]", '{"a')]


def revision(folder: Path, data) -> Results:
    """A revision of which everything is available that train customers are judged by."""
    found = customers_in(folder, "new", builders.customers(rows=300), data.schema)
    predicted = pd.DataFrame({"id": data.features[ID], "champion": data.probability})
    write_table(found.folder / "reports/predictions.parquet", predicted.assign(split="train"))
    write_table(found.folder / "data/features/train.parquet", data.features)
    write_json(found.folder / "models/champion/bundle.json", data.manifest)
    write_json(found.folder / "params.yaml", {"money": {"offer_cost": 1}, "data": {"source": "x"}})
    write_json(found.folder / "reports/metrics.json", METRICS)
    points = {"fpr": [0, 1], "tpr": [0, 1]}
    (found.folder / "reports/plots").mkdir()
    pd.DataFrame(points).to_csv(found.folder / "reports/plots/roc.csv", index=False)
    return found


METRICS = {
    "winner": "a",
    "candidates": {"a": {"roc_auc": 0.8}},
    "test": {"roc_auc": 0.8, "profit_per_customer": 1.0},
    "test_ci": {name: {"low": 0.7, "high": 0.9} for name in ("roc_auc", "profit_per_customer")},
}


@pytest.mark.parametrize("files", OLD_LAYOUTS, ids=lambda files: "; ".join(files.values())[:40])
def test_a_base_in_any_layout_is_compared_as_far_as_it_goes(files, data, tmp_path: Path):
    new, old = revision(tmp_path, data), results_in(tmp_path / "old", "old")
    for name, text in files.items():
        (old.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (old.folder / name).write_text(text, encoding="utf-8")
    assert compare.evaluation_data_of(old, "train", data.params, data.assumptions) is None
    assert compare.redrawing_variance(old) == {}
    made = Content(old, new, 0, Verdict("", []), pictures=draw(new, old, tmp_path / "pictures"))
    made.data = changes.data(new, old, threshold=0.1)
    made.comparisons = {"Test": compare.from_metrics(new.metrics, old.metrics)}
    line = judge(made.comparisons["Test"], None, TOLERANCE).line
    assert line == "nothing to compare with, the metrics of both have none in common"
    assert "customers" not in changes.have_changed(new, old)
    assert [picture.title for picture in made.pictures] == ["ROC"]
    assert "**a**" in render(made, Paths.here())


def test_predictions_count_where_each_customer_has_one(data, tmp_path: Path):
    found = revision(tmp_path, data)
    file = found.paths.predictions
    table = pd.read_parquet(file)

    def taken():
        return compare.evaluation_data_of(found, "train", data.params, data.assumptions)

    for wrong in (table.assign(champion=np.nan), pd.concat([table, table]), table.iloc[1:]):
        write_table(file, wrong)
        assert taken() is None
    write_table(file, table.iloc[::-1])
    assert taken().probability == pytest.approx(data.probability)


def test_committed_profit_at_other_costs_is_not_compared():
    found = compare.from_metrics(METRICS, METRICS, same_costs=False)
    assert math.isnan(found.of("profit_per_customer").value)
    line = judge(found, None, TOLERANCE).line
    assert line == "no difference beyond noise: +0.0000 ROC AUC [-0.1414, +0.1414]"
    assert compare.from_metrics(METRICS, METRICS).of("profit_per_customer").value == 0


def test_what_else_changed_is_known_only_of_what_the_base_has(tmp_path: Path):
    sides = [results_in(tmp_path / name, name) for name in ("new", "old")]
    for side, cost in zip(sides, (1, 2), strict=True):
        write_json(side.folder / "params.yaml", {"money": {"offer_cost": cost}})
    assert changes.have_changed(*sides) == ["costs"]
    table, schema = builders.customers(rows=60), builders.schema()
    others = [customers_in(tmp_path, name, table, schema) for name in ("one", "two")]
    assert changes.have_changed(*others) == ["customers"]


class Remote:
    """Files of a DVC remote that are not available: absent, refused, or never answered for."""

    def __init__(self, answer):
        self.asked, self.answer = 0, answer

    def get_file(self, path: str, target: str) -> None:
        self.asked += 1
        self.answer()


def raising(error: Exception):
    def answer() -> None:
        raise error

    return answer


@pytest.mark.parametrize("answer", [raising(RuntimeError("no route")), Event().wait])
def test_a_remote_that_does_not_answer_is_asked_once(answer, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(results, "TIMEOUT", 0.5)
    remote = Remote(answer)
    results._from_remote(remote, results_in(tmp_path))
    assert remote.asked == 1
    assert "DVC's remote does not answer; going on without it" in capsys.readouterr().err


@pytest.mark.parametrize("absent", [FileNotFoundError(), DvcException("gone"), DataIndexDirError()])
def test_a_remote_without_the_files_is_asked_for_each(absent: Exception, tmp_path: Path):
    remote, found = Remote(raising(absent)), results_in(tmp_path)
    results._from_remote(remote, found)
    assert remote.asked == len(found.missing) == len(results.in_cache(found.paths))
