"""From a table to scores, a contact list, rejects and a summary."""

import errno
import json
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scoring.derive import derive
from scoring.errors import UserError
from scoring.loading import load_bundle
from stages.batch import contacts
from stages.batch.local_engine import local
from stages.batch.parts import PARTIAL
from stages.batch.score_summary import in_words
from tests import builders
from tests.batch.conftest import scores_of

ID = "customer_id"


def test_the_probabilities_are_those_of_the_bundle_to_the_last_bit(club, members, scored):
    bundle = load_bundle(club)
    schema = bundle.schema
    table = builders.check(
        members.assign(**{builders.LEFT: ["ja", "nein"] * (len(members) // 2)}), schema
    )
    expected = bundle.models["champion"].probability(
        derive({c.name: table[c.name].to_numpy() for c in schema.inputs}, schema)
    )

    found = scores_of(scored(members))

    assert found[ID].tolist() == members[builders.NUMBER].tolist()
    assert np.array_equal(found["churn_probability"], expected)
    assert set(found["tier"]) == {"champion"}
    assert set(found["model_version"]) == {bundle.version}
    assert ((found["expected_profit"] > 0) == (found["decision"] == "contact")).all()


def test_every_way_in_gives_the_same_scores(members, scored, tmp_path):
    typed = pa.Table.from_pandas(members.astype({builders.FEE: float}), preserve_index=False)
    pq.write_table(typed, tmp_path / "members.parquet", row_group_size=33)
    folder = tmp_path / "parts"
    for branch, part in members.groupby(builders.BRANCH):
        (folder / f"{builders.BRANCH}={branch}").mkdir(parents=True)
        part.drop(columns=builders.BRANCH).to_parquet(
            folder / f"{builders.BRANCH}={branch}" / "part.parquet"
        )
    for half in (0, 1):
        members.iloc[half * 75 : half * 75 + 75].to_csv(tmp_path / f"half-{half}.csv", index=False)
    with sqlite3.connect(tmp_path / "crm.db") as base:
        members.to_sql("members", base, index=False)
    base.close()
    expected = scores_of(scored(members, "csv")).sort_values(ID).reset_index(drop=True)

    for place, address in enumerate(
        ("members.parquet", "parts", "half-*.csv", f"sqlite:///{tmp_path}/crm.db#members")
    ):
        source = address if "://" in address else str(tmp_path / address)
        found = scores_of(scored(source, f"out-{place}")).sort_values(ID).reset_index(drop=True)
        pd.testing.assert_frame_equal(found, expected)


def test_rows_that_fail_a_check_are_written_apart_with_file_row_and_reason(members, scored):
    members.loc[70, builders.MONTHS] = "viele"
    members.loc[80, builders.SIZE] = "riesig"

    outcome = scored(members)

    rejects = pd.read_csv(outcome.folder / "rejects.csv")
    assert rejects["row"].tolist() == [72, 82]
    assert rejects["file"].str.endswith("members.csv").all()
    assert "not a number" in rejects["reason"][0]
    assert "unknown value" in rejects["reason"][1]
    assert outcome.summary["scored"] == 148
    assert "2 rows rejected" in in_words(outcome)


def test_a_value_that_is_not_known_is_named_where_it_may_be_shown(members, scored):
    members.loc[[3, 90], builders.SIZE] = "riesig"
    members.loc[7, builders.GENDER] = "geheim"

    outcome = scored(members)

    rejects = pd.read_csv(outcome.folder / "rejects.csv")["reason"].tolist()
    assert sum("'riesig'" in reason for reason in rejects) == 2
    summary = in_words(outcome)
    assert f"column {builders.SIZE}: unknown value, such as 'riesig' (2)" in summary
    assert f"column {builders.GENDER}: unknown value (1)" in summary
    with pytest.raises(UserError, match=r"unknown value, such as 'riesig' \(2\)") as refused:
        scored(members, "limited", max_rejects=2)
    for words in (summary, str(refused.value), str(rejects), json.dumps(outcome.summary)):
        assert "geheim" not in words


def test_too_many_rejects_are_an_error_and_nothing_is_published(members, scored, tmp_path):
    members.loc[[1, 2, 3], builders.MONTHS] = "viele"

    with pytest.raises(UserError, match="at most 2 allowed"):
        scored(members, max_rejects=2)
    with pytest.raises(UserError, match=r"at most 1.00% allowed"):
        scored(members, max_rejects=0.01, is_share=True)

    assert not (tmp_path / "out" / "scores.parquet").exists()
    assert scored(members, max_rejects=3).summary["rejected"] == 3


def test_a_missing_column_is_refused_before_any_work(members, scored, tmp_path):
    wrong = members.rename(columns={builders.FEE: "Beitrag"})

    with pytest.raises(UserError, match=r"Beitrag €/Monat: missing.*it has 'Beitrag'"):
        scored(wrong)
    with pytest.raises(UserError, match=rf"missing \(and .*, {builders.FEE}\); expected"):
        scored(members.drop(columns=[builders.MONTHS, builders.FEE, builders.SIZE]), "three")

    assert not list(tmp_path.glob("out/*"))


def test_a_column_in_other_case_is_named_with_what_to_rename(members, scored):
    with pytest.raises(UserError, match=r"missing.*; rename 'FILIALE' to 'Filiale'"):
        scored(members.rename(columns={builders.BRANCH: "FILIALE"}))


def test_a_column_that_differs_in_case_from_one_of_the_schema_is_another(members, scored):
    outcome = scored(members.assign(FILIALE="elsewhere"))

    pd.testing.assert_frame_equal(scores_of(outcome), scores_of(scored(members, "without")))
    assert any("column FILIALE: no input" in words for words in outcome.summary["warnings"])


def test_columns_that_are_not_in_the_schema_are_dropped_with_a_warning(members, scored):
    outcome = scored(members.assign(Farbe="rot"))

    assert any("Farbe" in words for words in outcome.summary["warnings"])


def test_the_contact_list_is_best_first_and_within_the_budget(members, scored):
    everybody, some = scored(members, "all"), scored(members, "some", budget=60.0)
    lists = [pd.read_csv(each.folder / "contact_list.csv") for each in (everybody, some)]

    assert lists[0]["expected_profit"].is_monotonic_decreasing
    assert len(lists[0]) == (scores_of(everybody)["decision"] == "contact").sum()
    assert lists[1]["expected_cost"].sum() <= 60.0 + 0.01 * len(lists[1])
    assert lists[1][ID].tolist() == lists[0][ID].tolist()[: len(lists[1])]
    assert 0 < len(lists[1]) < len(lists[0])
    expected = everybody.summary["expected"]
    assert expected["profit_low"] < expected["profit"] < expected["profit_high"]


@pytest.mark.parametrize("at_a_time", ["FETCHED", "SLICE"])
def test_the_contact_list_is_the_same_however_many_are_written_at_a_time(
    at_a_time, members, scored, monkeypatch
):
    whole = scored(members, "whole", reasons="list")
    monkeypatch.setattr(contacts, at_a_time, 7)

    parts = scored(members, "parts", reasons="list")

    lists = [each.folder / "contact_list.csv" for each in (whole, parts)]
    assert len(pd.read_csv(lists[0])) > 7
    assert lists[0].read_bytes() == lists[1].read_bytes()


def test_a_contact_list_of_nobody_has_a_header(members, scored):
    outcome = scored(members, budget=0.0)

    found = pd.read_csv(outcome.folder / "contact_list.csv")
    assert list(found)[:2] == ["rank", ID]
    assert found.empty


def test_no_cell_of_a_csv_is_taken_for_a_formula(members, scored):
    members[builders.NUMBER] = "=" + members[builders.NUMBER]

    outcome = scored(members, "out.csv", reasons="list")

    for name in ("out.csv", "contact_list.csv"):
        ids = pd.read_csv(outcome.folder / name)[ID]
        assert ids.str.startswith("'=").all()


def test_reasons_are_given_when_asked_for(members, scored):
    for_list, for_all = scored(members, "list", reasons="list"), scored(members, "a", reasons="all")

    lists = [pd.read_csv(each.folder / "contact_list.csv") for each in (for_list, for_all)]
    pd.testing.assert_frame_equal(*lists)
    assert lists[0]["reason_1"].notna().any()
    assert "reason_1" in scores_of(for_all)
    assert "reason_1" not in scores_of(for_list)


def _stopping_after(parts, error):
    def engine(*arguments):
        for done, name in enumerate(local(*arguments), start=1):
            yield name
            if done == parts:
                raise error

    return engine


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyboardInterrupt(), r"interrupted; kept \d finished parts in"),
        (OSError(28, "No space left on device"), "no space left: free some"),
    ],
)
def test_a_stopped_run_publishes_nothing_and_the_next_one_goes_on(
    error, words, members, scored, tmp_path, capsys
):
    whole = scored(members, "whole")
    with pytest.raises(UserError, match=words):
        scored(members, engine=_stopping_after(2, error))
    assert not (tmp_path / "out" / "scores.parquet").exists()
    read = []

    def noting(blocks, wanted, score, finished):
        read.extend(finished)
        return local(blocks, wanted, score, finished)

    outcome = scored(members, engine=noting)

    assert len(read) >= 2
    assert "Going on" in capsys.readouterr().err
    assert outcome.scores.read_bytes() == whole.scores.read_bytes()
    assert not (tmp_path / "out" / "scores.parquet.partial").exists()


def test_an_input_that_changed_meanwhile_is_noticed(members, scored, capsys):
    with pytest.raises(UserError):
        scored(members, engine=_stopping_after(2, KeyboardInterrupt()))

    outcome = scored(members.head(100))

    assert "Starting over: the input changed" in capsys.readouterr().err
    assert outcome.summary["rows"] == 100


def test_an_input_that_changes_while_it_is_scored_is_refused(members, scored, tmp_path):
    def changing(*arguments):
        yield from local(*arguments)
        with (tmp_path / "members.csv").open("a") as file:
            file.write("\n")

    with pytest.raises(UserError, match="changed while it was scored"):
        scored(members, engine=changing)


def test_two_runs_do_not_write_the_same_output(members, scored, tmp_path):
    def second(*arguments):
        with pytest.raises(UserError, match="another run is writing there"):
            scored(str(tmp_path / "members.csv"))
        return local(*arguments)

    assert scored(members, engine=second).summary["scored"] == 150


@pytest.mark.parametrize("out", ["scores.xlsx", "scores.CSV.gz", "scores.CSV"])
def test_output_of_a_format_that_is_not_written_is_refused(out, members, scored, tmp_path):
    with pytest.raises(UserError, match=r"a folder, or a file ending in .parquet or .csv"):
        scored(members, out)

    assert not (tmp_path / out).exists()


def test_scores_under_the_name_of_another_result_are_refused(members, scored):
    with pytest.raises(UserError, match=r"contact_list\.csv: the name of another result"):
        scored(members, "contact_list.csv")


@pytest.mark.parametrize(
    ("folder", "words"), [("out", "made"), (f"scores.parquet{PARTIAL}", "written to")]
)
def test_a_folder_that_cannot_be_written_to_is_named(folder, words, members, scored, monkeypatch):
    make = Path.mkdir  # refused by hand: nothing stops root

    def refuse(path, *arguments, **options):
        if path.name == folder:
            raise PermissionError(errno.EACCES, "Permission denied")
        make(path, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", refuse)

    with pytest.raises(UserError, match=rf"out: cannot be {words} \(Permission denied\)"):
        scored(members)


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        (builders.NUMBER, pa.array([b"\xff%03d" % place for place in range(150)])),
        (builders.MONTHS, pa.array([[place] for place in range(150)])),
        (builders.SIZE, pa.array([{"size": "klein"}] * 150)),
    ],
)
def test_a_column_of_a_type_that_no_table_has_is_named(column, cells, members, scored, tmp_path):
    table = pa.Table.from_pandas(members.drop(columns=column), preserve_index=False)
    pq.write_table(table.append_column(column, cells), tmp_path / "typed.parquet")

    with pytest.raises(UserError, match=rf"typed.parquet: column {column}: holds \w+"):
        scored(str(tmp_path / "typed.parquet"))


def test_a_small_budget_is_stated_as_it_is(members, scored):
    assert "within the budget of 0.5 €" in in_words(scored(members, budget=0.5))
    assert "within the budget of 1,200 €" in in_words(scored(members, budget=1200.0))


def test_output_does_not_go_where_the_input_is(members, scored, tmp_path):
    (tmp_path / "in").mkdir()
    members.to_csv(tmp_path / "in" / "members.csv", index=False)

    with pytest.raises(UserError, match="lies in the input folder"):
        scored(str(tmp_path / "in"), "in/out")


def test_an_empty_table_and_one_without_a_good_row_are_refused(members, scored):
    with pytest.raises(UserError, match="no rows"):
        scored(members.head(0))
    with pytest.raises(UserError, match="all 5 rows rejected: column Monate dabei: not a number"):
        scored(members.head(5).assign(**{builders.MONTHS: "x"}))


def test_the_summary_counts_the_customers_by_column(members, scored):
    summary = json.loads((scored(members).folder / "summary.json").read_text())

    assert all(sum(counts) == 150 for counts in summary["counts"].values())
    assert summary["counts"][builders.SIZE][0] == (members[builders.SIZE] == "klein").sum()
