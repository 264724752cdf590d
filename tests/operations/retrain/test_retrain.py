"""Retraining: months come in, a challenger is judged, and one reason is one retraining."""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from scoring.errors import UserError
from stages.commands import loop
from stages.core import yamlfile
from stages.core.files import write_table
from stages.core.paths import Paths
from stages.features.table import ID
from stages.operations.gate.gate_decision import Decision, read_decisions, write_decision
from stages.operations.retrain import labelled
from stages.operations.retrain import retrain as module
from stages.operations.retrain.journal import REASONS, Journal
from stages.operations.retrain.retrain import challenger_to_deploy, retrain
from stages.parameters import read_parameters
from tests import builders
from tests.operations.retrain.conftest import csv
from tests.places import HERE
from tests.service.conftest import write_club

TAKEN = builders.customers(rows=900, seed=102)
MODEL = {"name": "churn", "version": "a1", "candidate": "vote", "files": {}}


@pytest.fixture
def promoted() -> Decision:
    """The decision on a challenger that replaces the champion."""
    evidence = {"month": "003", "as_of": "009", "customers": 9, "churners": 3, "sha256": "0"}
    return Decision(
        promoted=True, summary="promoted", reasons=[], champion=MODEL, challenger=MODEL,
        evidence=evidence, gain=None, checks=[], parameters={},
    )  # fmt: skip


@pytest.fixture(scope="session")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a model of one column; nobody changes it."""
    return write_club(tmp_path_factory.mktemp("one_feature"), winner="one_feature")


@pytest.fixture
def paths(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A club with a weak champion and four labelled months, whose candidates are quickly fitted."""
    found = Paths(tmp_path)
    shutil.copytree(old, found.champion)
    schema = builders.schema()
    known = read_parameters(HERE)
    params = dataclasses.replace(
        known,
        money=builders.money_params(),
        evaluate=builders.evaluate_params(),
        train=builders.train_params(candidates=["base_rate", "one_feature", "logistic"]),
        features=known.features.model_copy(update={"test_share": 0.5}),
        retrain=known.retrain.model_copy(update={"labels": 100, "cool_down": 2, "every": 4}),
    )
    monkeypatch.setattr(module, "read_parameters", lambda _: params)
    monkeypatch.setattr(module, "load_schema", lambda _: schema)
    for number in range(4):
        month(found, number)
    return found


def month(paths: Paths, number: int, *, rows: int = 900) -> None:
    """A month of members of its own, with labels."""
    table = builders.customers(rows=rows, seed=100 + number)
    write_table(labelled.folder_of(paths) / f"{number:03d}.parquet", table)


def retrained(paths: Paths) -> list[str]:
    return sorted(path.parent.name for path in Journal.of(paths).folder.glob("*/done.json"))


def test_a_challenger_of_all_columns_is_promoted_and_ready_to_be_deployed(paths) -> None:
    words = retrain("hand", paths)
    assert "promoted" in words
    (decision,) = read_decisions(paths)
    assert (decision.evidence.month, decision.evidence.as_of) == ("003", "009")
    assert challenger_to_deploy(paths).is_dir()
    assert decision.summary in words
    report = (paths.reports / "retrain.md").read_text(encoding="utf-8")
    assert decision.challenger.version in report
    assert f"difference {decision.gain.difference:+.4f} ({decision.gain.low:+.4f} to" in report
    assert "**not met**" not in report


def test_neither_months_nor_customers_of_the_hold_out_are_learned_from(paths, monkeypatch) -> None:
    seen = {}
    judge = module.judge

    def spy(champion, challenger, data, params):
        seen["data"] = data
        return judge(champion, challenger, data, params)

    monkeypatch.setattr(module, "judge", spy)
    retrain("hand", paths)
    data = seen["data"]
    assert data.learned == ("000", "001", "002")
    assert set(data.features[ID]).isdisjoint(data.seen)
    assert data.overlap == 0
    assert len(data.seen) > 900


def test_a_hundred_alerts_are_one_retraining(paths, monkeypatch) -> None:
    trained = []
    train = module.train_challenger
    monkeypatch.setattr(module, "train_challenger", lambda *a: (trained.append(1), train(*a))[1])
    words = {retrain("departures", paths).splitlines()[0] for _ in range(100)}
    assert len(trained) == 1
    assert len(words) == 2  # done, and done already
    assert retrained(paths) == ["003-departures"]
    assert len(read_decisions(paths)) == 1


def test_alerts_out_of_order_after_restarts_are_one_retraining(paths) -> None:
    """In two processes at once, and killed in the middle."""

    def child(kill: bool) -> None:
        if kill:
            module.judge = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        retrain("decay", paths)

    context = multiprocessing.get_context("fork")
    killed = context.Process(target=child, args=(True,))
    killed.start()
    killed.join(60)
    assert retrained(paths) == []
    both = [context.Process(target=child, args=(False,)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
        assert process.exitcode == 0
    assert retrained(paths) == ["003-decay"]
    assert "Done already" in retrain("decay", paths)


def test_another_reason_waits_for_the_cool_down_and_a_hand_does_not(paths) -> None:
    retrain("departures", paths)
    assert "0 months since that of 003; expected 2" in retrain("decay", paths)
    assert "expected 4 (retrain.every)" in retrain("schedule", paths)
    assert "against champion" in retrain("hand", paths)
    month(paths, 4)
    assert "1 month since" in retrain("decay", paths)
    month(paths, 5)
    assert "against champion" in retrain("decay", paths)
    assert retrained(paths) == ["003-departures", "003-hand", "005-decay"]


@pytest.fixture
def typed(paths, monkeypatch, capsys, tmp_path) -> Callable[[pd.DataFrame], list[str]]:
    """A function that takes a month 002 in as people type it; the lines that it prints."""
    shutil.copy(HERE.params, paths.params)
    monkeypatch.setattr(yamlfile, "load_schema", lambda _: builders.schema())
    parser = argparse.ArgumentParser()
    loop.add(parser.add_subparsers())

    def run(table: pd.DataFrame, *options: str) -> list[str]:
        file = str(csv(tmp_path, table))
        chosen = parser.parse_args(["retrain", file, "--month", "002", *options])
        chosen.command(chosen, paths)
        return capsys.readouterr().out.splitlines()

    labelled.take_in(csv(tmp_path, TAKEN), builders.schema(), paths, month="002")
    return run


def test_an_intake_of_nothing_new_is_no_reason_to_retrain_again(typed, paths) -> None:
    # given a newest month whose retraining was cut off: nothing new is no reason against it
    Journal.of(paths).begin("003", "departures")
    assert "against champion" in typed(TAKEN, "--reason", "departures")[1]
    # when an older month comes in again as it was, then one line says why nothing is done
    (done,) = Journal.of(paths).finished()
    assert typed(TAKEN) == [
        "002: 0 labelled customers added, 900 were there already",
        f"Not retrained: nothing new since 003, departures: {done.summary}",
    ]
    assert retrained(paths) == ["003-departures"]
    # and one with corrected labels is something new
    corrected = TAKEN.assign(**{builders.LEFT: TAKEN[builders.LEFT].to_numpy()[::-1]})
    words = typed(corrected, "--reason", "departures")
    assert words[1] == f"Done already for 003, departures: {done.summary}"


@pytest.mark.parametrize("words", ["another", "one more"])
def test_the_challenger_to_deploy_is_the_one_that_was_promoted_last(paths, promoted, words) -> None:
    # given two that were promoted in the same month, whatever the names of their decisions
    journal = Journal.of(paths)
    for reason, summary in (("hand", "first"), ("departures", words)):
        work = journal.begin("003", reason)
        decision = promoted.model_copy(update={"summary": summary})
        write_decision(decision, paths)
        journal.end(work, decision)
        assert challenger_to_deploy(paths) == Paths(work).champion
    # when a third one is refused, then the last that was promoted is
    refused = promoted.model_copy(update={"promoted": False})
    write_decision(refused, paths)
    journal.end(journal.begin("004", "hand"), refused)
    assert challenger_to_deploy(paths) == Paths(work).champion


def test_decisions_on_a_month_are_in_the_order_in_which_they_were_taken(paths, promoted) -> None:
    months_ = [f"{number:03d}" for number in (12, 9, 14, 11, 10, 13)]
    for as_of in months_:
        evidence = promoted.evidence.model_copy(update={"as_of": as_of})
        write_decision(promoted.model_copy(update={"evidence": evidence}), paths)
    assert [decision.evidence.as_of for decision in read_decisions(paths)] == sorted(months_)


def test_too_few_new_labels_are_waited_for(paths) -> None:
    retrain("departures", paths)
    for number in (4, 5):
        month(paths, number, rows=30)
    assert "60 new labelled customers; expected 100" in retrain("decay", paths)


def test_nothing_is_learned_from_broken_data(paths, monkeypatch) -> None:
    latest = paths.reports / "monitor" / "latest.json"
    latest.parent.mkdir(parents=True)
    latest.write_text("{}")
    broken = type("Verdict", (), {"status": "fault", "summary": "009: Contract blank"})
    monkeypatch.setattr(module, "read_verdict", lambda path: broken)
    with pytest.raises(UserError, match=r"^009: Contract blank; mend the data"):
        retrain("departures", paths)
    assert "against champion" in retrain("hand", paths)


def test_without_months_a_schedule_does_nothing_and_a_hand_says_what_is_missing(tmp_path) -> None:
    paths = Paths(tmp_path)
    shutil.copy(HERE.params, paths.params)
    assert "no labelled months" in retrain("schedule", paths)
    with pytest.raises(UserError, match="expected two labelled months"):
        retrain("hand", paths)


def test_months_of_both_kinds_do_not_mix(paths) -> None:
    shutil.copy(
        labelled.folder_of(paths) / "003.parquet", labelled.folder_of(paths) / "2026-11.parquet"
    )
    with pytest.raises(UserError, match="expected all months as"):
        retrain("hand", paths)


@pytest.mark.parametrize("reason", REASONS)
def test_the_command_line_knows_every_reason(reason: str) -> None:
    parser = argparse.ArgumentParser()
    loop.add(parser.add_subparsers())
    assert parser.parse_args(["retrain", "--reason", reason]).reason == reason
