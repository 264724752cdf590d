"""`promote` and `demote`: which version is in which environment, and on what evidence."""

from __future__ import annotations

import shutil
import socket
import time
from pathlib import Path

import gto.api
import pytest
from dvc.repo import Repo

from scoring.errors import UserError
from stages.commands.arguments import REGISTRY
from stages.core.yamlfile import read_yaml
from stages.operations import sharing
from stages.operations.registry.assignments import models
from stages.operations.registry.environments import demote, promote
from stages.operations.registry.register import register
from stages.operations.registry.versions import read_versions, version_in
from tests.operations.registry.conftest import another_champion, commit, git, tags, write_evaluation
from tests.places import ROOT


def refused(root: Path, environment: str = "prod", version: str | None = None) -> str:
    """The reason; no tag was written."""
    before = tags(root)
    with pytest.raises(UserError) as error:
        promote(environment, version=version, root=root)
    assert tags(root) == before
    return str(error.value)


def as_gto_sees_it(root: Path, environment: str) -> list[str]:
    """The versions in an environment, by GTO's own sight, which goes by the highest version."""
    found = gto.api.find_versions_in_stage(root, "churn", environment, versions_per_stage=-1)
    return [one.version for one in found or []]


def test_whole_life_of_two_versions(registered: Path) -> None:
    # given two versions, the first one in prod
    assert "nothing was deployed there" in promote("prod", root=registered)
    another_champion(registered)
    register(root=registered)
    # when the second follows, it takes the place of the first
    message = promote("prod", root=registered)
    assert "churn v1.0.1 is in prod: in place of v1.0.0" in message
    assert as_gto_sees_it(registered, "prod") == ["v1.0.1"]
    assert "git push --atomic origin churn@v1.0.1 'churn#prod!#2' 'churn#prod#3'" in message
    # and going back is called what it is, and seen so by everybody
    message = promote("prod", version="v1.0.0", reason="complaints", root=registered)
    assert "rollback from v1.0.1" in message
    assert as_gto_sees_it(registered, "prod") == ["v1.0.0"]
    # and a demotion leaves the environment empty
    assert "which is empty now" in demote("prod", reason="the offer ended", root=registered)
    assert version_in("prod", registered) is None
    assert as_gto_sees_it(registered, "prod") == []
    # and the tags tell the story
    subjects = git(registered, "for-each-ref", "--format=%(contents:subject)", "refs/tags/churn#*")
    assert "rollback from v1.0.1 (complaints)" in subjects
    assert "which is empty now (the offer ended)" in subjects
    events = [(e["event"], e["version"]) for e in gto.api.history(registered, "churn")]
    assert len(events) == 2 + 6
    assert events[0] == ("unassignment", "v1.0.0")


def test_environments_are_apart(registered: Path) -> None:
    promote("staging", root=registered)
    assert version_in("prod", registered) is None
    promote("prod", root=registered)
    (version,) = read_versions(registered)
    assert [found.environment for found in version.assignments] == ["prod", "staging"]
    assert {found.by for found in version.assignments} == {"Ada"}
    table = models(root=registered).splitlines()
    assert [line.split()[:2] for line in table[1:]] == [["v1.0.0", "prod"], ["v1.0.0", "staging"]]
    assert "already" in refused(registered)


def test_environments_are_those_that_gto_allows() -> None:
    assert tuple(read_yaml(ROOT / ".gto")["stages"]) == REGISTRY


def test_other_environment_is_refused(registered: Path) -> None:
    assert "Allowed stages are: '['staging', 'prod']'" in refused(registered, environment="nowhere")


def test_nothing_registered_and_no_such_version_are_refused(small: Path, registered: Path) -> None:
    assert "no version of churn is registered here" in refused(small)
    message = refused(registered, version="v9.0.0")
    assert message == "version v9.0.0: not registered; there are v1.0.0"


def test_empty_environment_cannot_be_left(registered: Path) -> None:
    with pytest.raises(UserError, match="prod: nothing is deployed there"):
        demote("prod", root=registered)
    assert tags(registered) == ["churn@v1.0.0"]


def test_version_without_evidence_is_refused(registered: Path) -> None:
    another_champion(registered)
    gto.api.register(registered, "churn", "HEAD")
    message = refused(registered)
    assert message.startswith("churn@v1.0.1: no evidence")
    assert "make register" in message
    assert "no evidence" in models(root=registered)
    # and what it says to do helps
    git(registered, "tag", "-d", "churn@v1.0.1")
    register(root=registered)
    assert "v1.0.1 is in prod" in promote("prod", root=registered)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"behaviour": 2', '"behaviour": 0', "no evidence"),
        ('"value": 0.84,', '"value": 0.94,', "its metrics are not those"),
        ('"bundle": "', '"bundle": "f', "registered f"),
        (
            '05_evaluate.html": "',
            '05_evaluate.html": "f',
            "reports/05_evaluate.html is not the one",
        ),
        ('"models/champion": ', '"models/other": ', "no evidence"),
        ('"models/champion": "', '"models/champion": "f', "models/champion is not the one"),
        ('"brier": ', '"score": ', "no evidence"),
    ],
)
def test_evidence_that_does_not_belong_to_the_commit_is_refused(
    registered: Path, old: str, new: str, words: str
) -> None:
    message = git(registered, "tag", "--list", "--format=%(contents)", "churn@v1.0.0")
    assert old in message
    forged = message.replace(old, new)
    git(registered, "tag", "--force", "--annotate", "-m", forged, "churn@v1.0.0", "churn@v1.0.0^{}")
    assert words in refused(registered)


@pytest.mark.parametrize(
    "path", ["models/champion", "reports/05_evaluate.html", "reports/model_card.md"]
)
def test_version_whose_outputs_are_gone_is_refused(registered: Path, path: str) -> None:
    outs = read_yaml(registered / "dvc.lock")["stages"]["evaluate"]["outs"]
    (md5,) = [out["md5"] for out in outs if out["path"] == path]
    (registered / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]).unlink()
    message = refused(registered)
    assert message.startswith(f"{path} of churn@v1.0.0: not available")
    assert "dvc push" in message


def test_version_without_its_metrics_is_refused(registered: Path) -> None:
    # a tag that was moved to a commit without them
    message = git(registered, "tag", "--list", "--format=%(contents)", "churn@v1.0.0")
    git(registered, "rm", "--quiet", "reports/metrics.json")
    git(registered, "commit", "--quiet", "-m", "no metrics")
    git(registered, "tag", "--force", "--annotate", "-m", message, "churn@v1.0.0")
    assert refused(registered).startswith("reports/metrics.json of churn@v1.0.0: not available")


def test_evaluation_of_another_run_is_refused(registered: Path) -> None:
    # a commit that changed the metrics by hand, under a lock that names the old ones
    message = git(registered, "tag", "--list", "--format=%(contents)", "churn@v1.0.0")
    path = registered / "reports" / "metrics.json"
    path.write_text(path.read_text().replace("0.84", "0.94"))
    git(registered, "commit", "--quiet", "--all", "-m", "better")
    git(registered, "tag", "--force", "--annotate", "-m", message, "churn@v1.0.0")
    assert "reports/metrics.json of churn@v1.0.0" in refused(registered)


def test_promotion_looks_at_the_version_and_not_at_the_work_tree(registered: Path) -> None:
    write_evaluation(registered, {})
    shutil.rmtree(registered / "models")
    assert "is in prod" in promote("prod", root=registered)


def test_what_is_not_on_the_remote_yet_is_pushed_first(registered: Path, tmp_path: Path) -> None:
    with Repo(str(registered)) as repo, repo.config.edit("repo") as config:
        config["remote"] = {"store": {"url": str(tmp_path / "store")}}
        config["core"]["remote"] = "store"
    assert "dvc push --all-tags" in promote("staging", root=registered)
    with Repo(str(registered)) as repo:
        repo.push()
    assert "dvc push" not in promote("prod", root=registered)


def test_remote_that_does_not_answer_is_not_waited_for(
    registered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "DEADLINE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        keys = {"access_key_id": "me", "secret_access_key": "mine", "region": "us-east-1"}
        with Repo(str(registered)) as repo, repo.config.edit("repo") as config:
            config["remote"] = {"store": {"url": "s3://b/p", "endpointurl": address} | keys}
            config["core"]["remote"] = "store"
        # what is here can be promoted; whether others have it, nobody knows
        assert "dvc push --all-tags" in promote("staging", root=registered)
        # and what is not is reported at once
        shutil.rmtree(registered / ".dvc" / "cache")
        with pytest.raises(UserError, match=r"^store: no answer within 0\.5 seconds; .*champion"):
            promote("prod", root=registered)
    assert tags(registered) == ["churn#staging#1", "churn@v1.0.0"]


def test_tag_from_the_future_is_waited_for_or_named(
    registered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an environment that was entered by a clock that is an hour ahead
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"{int(time.time()) + 3600} +0000")
    git(registered, "tag", "--annotate", "-m", "early", "churn#prod#1", "churn@v1.0.0^{}")
    monkeypatch.delenv("GIT_COMMITTER_DATE")
    # then what is written now would count as the older one
    with pytest.raises(UserError, match=r"churn#prod#1: is dated 36\d\d s ahead"):
        demote("prod", root=registered)


def test_version_of_another_commit_is_still_distinguished(registered: Path) -> None:
    # a later commit that changed no output has no version of its own
    commit(registered, "words only")
    promote("staging", root=registered)
    found = version_in("staging", registered)
    assert found
    assert found.commit == git(registered, "rev-parse", "HEAD~1").strip()
