"""The report of a pull request: what is compared, what the verdict says, what the text shows."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from pathlib import Path
from threading import Event

import numpy as np
import pandas as pd
import pytest
from dvc.exceptions import DvcException
from dvc_data.index.index import DataIndexDirError

from scoring.errors import UserError
from stages.core.files import write_json, write_table
from stages.core.paths import Paths
from stages.evaluation.slices import COMPARISON_COLUMNS
from stages.features.table import ID
from stages.operations import stage_times
from stages.operations.comment.safe import LIMIT
from stages.operations.pull_request import changes, compare, results
from stages.operations.pull_request.change_verdict import JUDGED, Verdict, judge
from stages.operations.pull_request.compare import Comparison, Difference
from stages.operations.pull_request.markdown import CUT, Content, render, run_address
from stages.operations.pull_request.pictures import draw
from stages.operations.pull_request.report import customers_for
from stages.operations.pull_request.report_params import Tolerance
from stages.operations.pull_request.results import Results
from stages.operations.pull_request.watched_run import Failure, as_failure
from tests import builders

TOLERANCE = Tolerance(
    roc_auc=0.005, average_precision=0.01, brier=0.002, profit_per_customer=0.25, worse_slices=0
)


def sharper(data, sharpness: float = 3.0):
    """The same customers, ranked better or worse."""
    return dataclasses.replace(
        data, probability=builders.scores_of(data.label, seed=7, sharpness=sharpness)
    )


def some(data, rows):
    return compare._rows(data, np.asarray(rows))


def results_in(folder: Path, name: str = "main") -> Results:
    folder.mkdir(parents=True, exist_ok=True)
    return Results(name, "0123456789abcdef", folder)


@pytest.fixture(scope="module")
def data():
    return builders.evaluation_data()


def test_a_model_does_not_differ_from_itself(data):
    found = compare.compare(data, data)
    assert found.how == "the same 300 customers, paired"
    assert {(d.value, d.low, d.high) for d in found.differences} == {(0.0, 0.0, 0.0)}
    assert [d.verdict for d in found.differences] == [""] * len(found.differences)


def test_a_better_ranking_is_better_and_the_other_way_round_worse(data):
    better = compare.compare(sharper(data), data)
    worse = compare.compare(data, sharper(data))
    for name in ("roc_auc", "average_precision", "profit_per_customer"):
        assert better.of(name).verdict == "better", name
        assert worse.of(name).verdict == "worse", name
        assert better.of(name).value == pytest.approx(-worse.of(name).value)
        assert better.of(name).low == pytest.approx(-worse.of(name).high)


def test_the_order_of_customers_does_not_matter(data):
    order = np.random.default_rng(1).permutation(300)
    one = compare.compare(sharper(data), data)
    other = compare.compare(sharper(data), some(data, order))
    assert one.differences == other.differences


def test_only_common_customers_are_compared_in_pairs(data):
    found = compare.compare(some(sharper(data), range(250)), some(data, range(50, 300)))
    assert found.how == "the same 200 customers (of 250 and 250), paired"
    assert list(found.new.features[ID]) == list(found.old.features[ID])
    # the profit and the decision of each are those of its own customers
    assert found.old.value == pytest.approx(data.value[50:250])


def test_the_same_id_with_another_outcome_is_another_customer(data):
    other = dataclasses.replace(data, label=np.where(np.arange(300) == 7, 1, 0) + 0.0)
    found = compare.compare(data, other)
    assert (found.new, found.old) == (None, None)
    assert "different customers, unpaired" in found.how


def test_few_common_customers_are_not_enough_for_pairs(data):
    few = some(data, range(compare.FEW - 1))
    assert compare.common(data, few) is None
    enough = some(data, range(compare.FEW))
    assert compare.common(data, enough) is not None


def test_pairs_tell_finer_than_independent_samples(data):
    close = dataclasses.replace(
        data, probability=np.clip(data.probability + 0.001 * data.label, 0, 1)
    )
    renamed = data.features.assign(**{ID: [f"other {i}" for i in range(300)]})
    paired = compare.compare(close, data).of("roc_auc")
    unpaired = compare.compare(close, dataclasses.replace(data, features=renamed)).of("roc_auc")
    assert paired.value == pytest.approx(unpaired.value)
    assert paired.high - paired.low < (unpaired.high - unpaired.low) / 3


def test_other_assumptions_alone_are_no_better_model(data):
    """The same customers are contacted: that they cost more now is no difference of the models."""
    cheap = builders.assuming(data, contact_cost=1.0)
    dear = builders.assuming(data, contact_cost=1.0001)
    assert (cheap.decision == dear.decision).all()
    assert compare.compare(dear, cheap).of("profit_per_customer").value == 0


@pytest.mark.parametrize("variant", ["full", "no_value"])
def test_other_decisions_by_other_costs_are_no_better_model(variant: str):
    """Nobody decides by the former costs any more: what that would lose is no merit of the new."""
    one = builders.evaluation_data(variant)
    cheap, dear = (builders.assuming(one, offer_cost=cost) for cost in (2.0, 30.0))
    dear = dataclasses.replace(dear, manifest={**dear.manifest, "threshold": 0.9})
    assert (dear.decision != cheap.decision).any()
    found = compare.compare(dear, cheap)
    assert {d.value for d in found.differences} == {0.0}
    assert judge(found, None, TOLERANCE).line.startswith("no difference beyond noise")


def test_other_folds_widens_an_interval_on_both_sides():
    narrow = Comparison([Difference("roc_auc", 0.81, 0.80, 0.002, 0.018)], "")
    (wide,) = compare.widened(narrow, [{"roc_auc": 1e-4}, {}], level=0.95).differences
    half = 1.959964 * 0.01
    assert wide.low == pytest.approx(0.01 - math.hypot(0.008, half))
    assert wide.high == pytest.approx(0.01 + math.hypot(0.008, half))
    assert compare.widened(narrow, [{}, {}], level=0.95).differences[0].low == pytest.approx(0.002)


def test_the_variance_between_drawings_is_that_of_their_means(tmp_path: Path):
    found = results_in(tmp_path)
    table = pd.DataFrame({"roc_auc": [0.5, 0.7, 0.6, 0.8], "brier": [0.1, 0.2, 0.1, 0.2]})
    table = table.assign(candidate="vote", repeat=[0, 0, 1, 1], fold=[0, 1, 0, 1])
    (tmp_path / "models/comparison").mkdir(parents=True)
    write_json(tmp_path / "reports/metrics.json", {"winner": "vote"})
    table.to_csv(tmp_path / "models/comparison/scores.csv", index=False)
    assert compare.redrawing_variance(found)["roc_auc"] == pytest.approx(0.005)
    table[table["repeat"] == 0].to_csv(tmp_path / "models/comparison/scores.csv", index=False)
    assert compare.redrawing_variance(found) == {}
    assert compare.redrawing_variance(results_in(tmp_path / "nothing")) == {}


def test_committed_metrics_alone_are_compared_with_both_uncertainties():
    new = {"test": {"roc_auc": 0.85}, "test_ci": {"roc_auc": {"low": 0.82, "high": 0.88}}}
    old = {"test": {"roc_auc": 0.80}, "test_ci": {"roc_auc": {"low": 0.76, "high": 0.84}}}
    found = compare.from_metrics(new, old)
    assert found.of("roc_auc").low == pytest.approx(0.05 - 0.05)
    assert found.of("roc_auc").high == pytest.approx(0.05 + 0.05)
    # a metric that one of them lacks is not known, and no reason for anything
    assert math.isnan(found.of("brier").value)
    assert found.of("brier").verdict == ""


def comparison(**values: tuple[float, float, float]) -> Comparison:
    """Differences of 0 within noise but for those given: (new - old, low, high)."""
    all_of = dict.fromkeys(JUDGED, (0.0, -0.001, 0.001)) | values
    return Comparison([Difference(n, 0.5 + d, 0.5, a, b) for n, (d, a, b) in all_of.items()], "")


def slices_of(*rows: tuple[str, str, str, str, float]) -> pd.DataFrame:
    """Compared slices: column, value, metric, verdict, difference."""
    table = pd.DataFrame(rows, columns=["column", "value", "metric", "verdict", "difference"])
    return table.reindex(columns=COMPARISON_COLUMNS)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (comparison(), "no difference beyond noise: +0.0000 ROC AUC [-0.0010, +0.0010]"),
        (
            comparison(roc_auc=(0.006, 0.001, 0.011)),
            "better: +0.0060 ROC AUC [+0.0010, +0.0110]",
        ),
        (comparison(brier=(0.006, 0.001, 0.011)), "worse: +0.0060 Brier score"),
        (comparison(brier=(-0.006, -0.011, -0.001)), "better: -0.0060 Brier score"),
        (
            comparison(roc_auc=(0.01, 0.005, 0.02), profit_per_customer=(-0.4, -0.7, -0.1)),
            "better and worse: +0.0100 ROC AUC [+0.0050, +0.0200], but -0.40 profit per customer",
        ),
    ],
)
def test_the_verdict_says_what_is_beyond_noise(found: Comparison, words: str):
    assert judge(found, None, TOLERANCE).line.startswith(words)


def test_a_group_that_is_worse_off_is_in_the_verdict():
    groups = slices_of(
        ("everybody", "", "brier", "worse", 0.01),
        ("Senior", "Yes", "brier", "worse", 0.003),
        ("Senior", "Yes", "roc_auc", "worse", -0.001),
        ("Senior", "No", "roc_auc", "worse", -0.001),  # beyond noise, and tolerated
        ("Gender", "f", "roc_auc", "better", 0.1),
        ("Plan", "gold", "recall", "worse", -0.1),  # whom to contact is a matter of costs
    )
    found = judge(comparison(), groups, TOLERANCE)
    assert found.line.startswith(
        "worse for Senior = Yes, Senior = No; over all customers no difference beyond noise"
    )
    assert found.reasons == [
        "worse for Senior = Yes by more than is tolerated of all customers; "
        "0 such groups are tolerated (params.yaml, report.tolerance.worse_slices)"
    ]
    allowed = TOLERANCE.model_copy(update={"worse_slices": 1})
    assert judge(comparison(), groups, allowed).reasons == []


@pytest.mark.parametrize(
    ("difference", "is_blocked"),
    [
        ((-0.0051, -0.009, -0.001), True),  # beyond the tolerance and beyond noise
        ((-0.0049, -0.009, -0.001), False),  # tolerated
        ((-0.03, -0.07, 0.01), False),  # noise
        ((0.03, 0.01, 0.07), False),  # better
    ],
)
def test_a_loss_blocks_beyond_tolerance_and_noise(difference, is_blocked: bool):
    reasons = judge(comparison(roc_auc=difference), None, TOLERANCE).reasons
    assert bool(reasons) == is_blocked
    assert all("report.tolerance.roc_auc" in reason for reason in reasons)


def test_parameters_are_compared_by_name():
    old = {"train": {"xgboost": {"depth": 3}, "gone": 1, "same": [1, 2]}, "data": {"sha": None}}
    new = {"train": {"xgboost": {"depth": 4}, "same": [1, 2], "come": "x"}, "data": {"sha": None}}
    assert changes.parameters(new, old) == [
        ("train.xgboost.depth", "3", "4"),
        ("train.come", "–", "x"),
        ("train.gone", "1", "–"),
    ]


def customers_in(place: Path, name: str, table: pd.DataFrame, schema) -> Results:
    """A revision of which customers and schema are available."""
    found = results_in(place / name, name)
    write_table(found.folder / "data/raw/customers.parquet", table)
    write_json(found.folder / "data/raw/schema.json", schema.model_dump(mode="json"))
    out = {"path": "data/raw", "md5": name}
    write_json(found.folder / "dvc.lock", {"stages": {"generate": {"outs": [out]}}})
    return found


def test_what_happened_to_the_customers_is_reported(tmp_path: Path):
    table, schema = builders.customers(rows=400), builders.schema()
    moved = table.assign(**{builders.DAYS: table[builders.DAYS] + 60}).iloc[:350]
    smaller = builders.schema(**{builders.FEE: {"maximum": 90}})
    old = customers_in(tmp_path, "old", table, schema)
    new = customers_in(tmp_path, "new", moved, smaller)
    found = changes.data(new, old, threshold=0.1)
    assert found is not None
    assert found.rows == [("customers", "400", "350")]
    assert [change.name for change in found.schema] == [builders.FEE]
    assert "to 500" in found.schema[0].old
    assert "to 90" in found.schema[0].new
    assert found.drifted == [builders.DAYS]


def test_customers_of_the_same_bytes_are_not_looked_at(tmp_path: Path):
    found = customers_in(tmp_path, "one", builders.customers(rows=60), builders.schema())
    assert changes.data(found, found, threshold=0.1) is None


def test_a_column_that_is_empty_throughout_does_not_stop_the_drift(tmp_path: Path):
    table, schema = builders.customers(rows=100), builders.schema()
    empty = table.assign(**{builders.PAID: np.nan, builders.PAYS: None})
    old = customers_in(tmp_path, "old", table, schema)
    new = customers_in(tmp_path, "new", empty, schema)
    found = changes.data(new, old, threshold=0.1)
    assert found is not None
    assert found.drift is not None
    # what is empty on one side has gone as far as it can, and the rest is measured
    assert set(found.drifted) == {builders.PAID, builders.PAYS}
    assert found.drift["distance"].drop(found.drifted).max() == 0
    # and what is empty on both sides has not moved
    both = changes.data(new, customers_in(tmp_path, "both", empty, schema), threshold=0.1)
    assert both is not None
    assert both.drifted == []


def test_what_went_wrong_is_reported_by_stage_and_last_lines():
    output = (
        "Running stage 'train':\n\x1b[31mstep\x1b[0m\n"
        "folds:  10%|#\rfolds: 100%|##########\n\n"
        "ERROR: failed to reproduce 'train': failed to run: python -m stages run train, exited\n"
        "notebooks/04_train.ipynb: cell 4: ValueError: on purpose\n"
    )
    assert as_failure(output) == Failure(
        "train",
        [
            "Running stage 'train':",
            "step",
            "folds: 100%|##########",
            "ERROR: failed to reproduce 'train': failed to run: python -m stages run train, exited",
            "notebooks/04_train.ipynb: cell 4: ValueError: on purpose",
        ],
    )
    assert as_failure("params.yaml: section train: missing\n").stage is None


def content(tmp_path: Path, **changed) -> Content:
    sides = [results_in(tmp_path / name, name) for name in ("old", "new")]
    return Content(*sides, 0, Verdict("no difference beyond noise", []), **changed)


def test_the_report_stays_short_whatever_the_change(tmp_path: Path):
    long = "x|`" * 500
    many = pd.DataFrame({name: [0.5] * 900 for name in COMPARISON_COLUMNS})
    many = many.assign(column=long, value=long, metric="brier", verdict="worse", customers=5)
    drift = pd.DataFrame(
        {"method": long, "distance": 0.5, "drifted": True},
        index=[long + str(i) for i in range(900)],
    )
    made = content(
        tmp_path,
        failure=Failure("train", ["y" * 240] * 25),
        slices=many,
        data=changes.DataChange(
            [changes.Change(long, long, long)] * 6,
            [changes.Change(long, long, long)] * 900,
            drift,
        ),
        comparisons={"Test": comparison()},
    )
    params = {f"{long[:900]}{i}": long for i in range(3000)}
    (made.new.folder / "params.yaml").write_text(str(params), encoding="utf-8")
    text = render(made, Paths.here())
    assert len(text) < LIMIT
    assert "…and 2980 more." in text


def test_a_report_that_is_too_long_all_the_same_says_where_it_was_cut(tmp_path: Path):
    made = content(tmp_path)
    made.verdict = Verdict("worse", ["because " * 20] * 1000)
    text = render(made, Paths.here())
    assert len(text) <= LIMIT
    assert text.endswith(CUT)


def test_names_stay_text_in_the_report(tmp_path: Path):
    made = content(tmp_path)
    hostile = "a|b`c\n## d <img src=x> [e](f)"
    made.verdict = Verdict(f"worse for {hostile}", [f"because of {hostile}"])
    write_json(made.new.folder / "params.yaml", {hostile: hostile})
    text = render(made, Paths.here())
    assert "<img" not in text.replace("\\<img", "")
    assert "](f)" not in text.replace("\\](f)", "")
    assert "\n## d" not in text


def test_links_lead_to_the_run_where_there_is_one():
    run = {
        "GITHUB_SERVER_URL": "https://git.example",
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_RUN_ID": "7",
    }
    assert run_address(run) == "https://git.example/o/r/actions/runs/7"
    assert run_address({**run, "GITHUB_RUN_ID": ""}) is None


def test_the_time_of_a_stage_is_found_by_what_it_wrote(tmp_path: Path):
    paths = Paths(tmp_path)
    for folder in ("notebooks", "reports/notebooks"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "notebooks/04_train.ipynb").touch()
    (tmp_path / "reports/notebooks/04_train.ipynb").write_bytes(b"{}")
    stage_times.keep("train", 12.34, paths)
    digest = hashlib.md5(b"{}", usedforsecurity=False).hexdigest()
    lock = {"train": {"outs": [{"path": "reports/notebooks/04_train.ipynb", "md5": digest}]}}
    assert stage_times.of_stages(lock, paths) == {"train": 12.3}
    # and a stage without a notebook has none that a sum would wait for
    lock["pages"] = {"outs": [{"path": "reports/index.html", "md5": "1" * 32}]}
    assert stage_times.timed(lock) == ["train"]
    lock["train"]["outs"][0]["md5"] = "0" * 32
    assert stage_times.of_stages(lock, paths) == {}


def test_without_git_it_is_reported_that_a_clone_is_needed(tmp_path: Path):
    with pytest.raises(UserError, match=r"git: not a git repository .*; expected a clone"):
        results.commit_of("main", Paths(tmp_path))


def test_an_unknown_revision_is_reported():
    with pytest.raises(UserError, match="git knows no revision 'nowhere'"):
        results.commit_of("nowhere", Paths.here())
    with pytest.raises(UserError, match="no revision '--help'"):
        results.commit_of("--help", Paths.here())


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
GARBAGE = [
    "data/raw/customers.parquet",
    "data/raw/schema.json",
    "data/features/train.parquet",
    "models/champion/bundle.json",
    "models/comparison/scores.csv",
    "reports/predictions.parquet",
    "reports/plots/roc.csv",
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


def test_a_group_that_is_worse_off_stands_before_whom_to_contact(tmp_path: Path):
    recall = [("Plan", str(i), "recall", "worse", -0.1) for i in range(30)]
    worst = ("Senior", "Yes", "brier", "worse", 0.1)
    table = slices_of(*recall, ("Plan", "1", "roc_auc", "better", 0.1), worst)
    text = render(content(tmp_path, slices=table.assign(customers=5)), Paths.here())
    places = [text.index(words) for words in ("Senior = Yes", "| better |", "Plan = 0")]
    assert places == sorted(places)


def test_many_groups_are_compared_on_fewer_customers():
    assert [customers_for(groups) for groups in (0, 50, 100, 2000)] == [20000, 20000, 10000, 2000]


def test_long_names_of_groups_leave_the_verdict_readable():
    long = [("x" * 5000, str(i), "brier", "worse", 0.1) for i in range(3)]
    found = judge(comparison(), slices_of(*long), TOLERANCE)
    assert len(found.line) < 500
    assert len(found.reasons[0]) < 500
