"""The comment on a pull request: what an outsider's report may do in it, and that it stays one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from stages.cli import main
from stages.operations.comment.post import PNG, comment
from stages.operations.comment.pulls import Run
from stages.operations.comment.safe import BREAK, LIMIT, cut, safe
from tests.github import REPOSITORY, TOKEN, GitHub, github
from tests.places import ROOT

FIRST, SECOND = "a" * 40, "b" * 40
GOOD = """# Effect of this change

| metric | base | here | change |
|---|---:|---:|---:|
| ROC AUC | 0.844 [0.822, 0.867] | 0.845 | +0.001 |

<details><summary>Parameters</summary>

`train.xgboost.max_depth`: 3 -> 4; a < b, p<0.05, R&D, 50&nbsp;%

</details>
"""
HOSTILE = [
    "@maintainer", "\\@maintainer", "&#64;maintainer", "&commat;maintainer", "@\u200d@owner/team",
    "<script>alert(1)</script>", "<img src=https://evil.example/x.png>", "<a href='//a.example'>",
    "<https://evil.example>", "https://evil.example/a", "www.evil.example", "a@evil.example",
    "[text](https://evil.example)", "[text](//evil.example)", "[text](javascript:alert(1))",
    "[text][1]\n\n[1]: https://evil.example\n", "\\[text](https://evil.example)",
    "[text\\](https://evil.example)", "[a [b](https://evil.example)](c)", "[^1]\n\n[^1]: note\n",
    "![p](https://evil.example/x.png)", "![p](data:image/png;base64,AAAA)", "![p](../secret.png)",
    "![p](/etc/passwd)", "![![p](a.png)](https://evil.example)", "![p][1]", "#12", "GH-12",
    "owner/other#12", "https://github.com/owner/other/issues/3",
    '![](https://cml.dev/watermark.png#abc123 "CML watermark")', "<!-- hidden -->", "<!-- open",
    "<!-<!-- -->- [x](y) -->", "<details", "<<!-- -->script>",
    "&commat<!-- -->;a", "]![p](a.png)", "</table>", "<br onclick=x>", "\u202ereversed", "\x00",
]  # fmt: skip
PLAIN = [
    "\n",
    "\n\n",
    " ",
    "`",
    "```\n",
    "| a | b |\n|---|---|\n",
    "- ",
    "> ",
    "    ",
    "\\",
    "word",
]


def run(**changes: str) -> Run:
    parts = {
        "server": "https://github.com",
        "api": "https://api.github.com",
        "repository": REPOSITORY,
        "head_repository": "outsider/fork",
        "head_branch": "idea",
        "head_sha": FIRST,
        "url": f"https://github.com/{REPOSITORY}/actions/runs/7",
        "token": TOKEN,
    }
    return Run(**(parts | changes))


def nothing(caption: str, _: str) -> str:
    return f"(picture: {caption})"


def live(text: str) -> list[Token]:
    """What a reader of Markdown makes of a text, beyond formatting: links, pictures, HTML."""
    blocks = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    tokens = [t for block in blocks for t in (block, *(block.children or []))]
    return [t for t in tokens if t.type in {"link_open", "image", "html_inline", "html_block"}]


def test_a_plain_report_stays_as_it_is() -> None:
    assert safe(GOOD, picture=nothing) == GOOD


@settings(max_examples=500)
@given(st.lists(st.sampled_from(HOSTILE + PLAIN), max_size=12).map("".join))
def test_an_outsiders_text_does_nothing(text: str) -> None:
    shown = safe(text, picture=nothing)
    for token in live(shown):
        assert token.type.startswith("html"), token
        assert not re.search(rf"<(?!{BREAK}|/?(details|summary)>)[A-Za-z/!?]", token.content), token
    for sign in ("@", "://", "GH-", "cml.dev/watermark.png#abc123 "):
        assert not re.search(rf"{sign}(?!{BREAK})\w", shown), sign
    assert not re.search(r"#\d|www\.\w|&#|&commat|\u202e|\x00|<!", shown)
    assert "hidden" not in shown


def test_breaking_changes_nothing_that_can_be_read() -> None:
    text = "```\n[x](y) @a <class 'int'> https://x #1\n```\n"
    shown = safe(text, picture=nothing)
    assert shown.replace(BREAK, "") == text
    assert shown != text


@given(st.text(alphabet="ab\n", max_size=60), st.integers(1, 80))
def test_a_cut_text_begins_like_the_whole_and_ends_with_a_line(text: str, limit: int) -> None:
    shown = cut(text, limit=limit)
    assert text.startswith(shown)
    assert len(shown) <= limit
    if shown != text and "\n" in text[1:limit]:
        assert text[len(shown)] == "\n"


def write(folder: Path, text: str = GOOD, **pictures: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "pull_request.md").write_text(text, encoding="utf-8")
    for name, content in pictures.items():
        (folder / f"{name}.png").write_bytes(content)
    return folder


def test_a_long_report_fits_and_says_that_it_was_cut(tmp_path: Path) -> None:
    text = comment(write(tmp_path, "@a line\n" * 20_000), run())
    assert LIMIT - 100 < len(text) < 65_536 - 500  # CML adds its watermark
    assert "Cut after" in text.splitlines()[0]
    assert "Cut after" not in comment(write(tmp_path), run())


def test_a_missing_report_is_reported_with_a_link_to_the_run(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", "secret")
    (tmp_path / "pull_request.md").symlink_to(outside / "pull_request.md")
    text = comment(tmp_path, run())
    assert "no report" in text
    assert "/actions/runs/7" in text
    assert "secret" not in text


def test_the_link_to_the_run_is_ours_alone(tmp_path: Path) -> None:
    text = comment(write(tmp_path, f"In the artifacts of [this run]({run().url}): a.html"), run())
    assert text.endswith("In the artifacts of this run: a.html\n")
    assert text.count(run().url) == 1


def test_pictures_are_shown_where_they_are_published_and_named_where_not(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    folder = write(tmp_path / "report", "![ROC @all](roc.png)\n", roc=PNG + b"curve")
    unpublished = comment(folder, run())
    assert f"[ROC @{BREAK}all](https://github.com/{REPOSITORY}/actions/runs/7#art" in unpublished
    published = comment(folder, run(), pictures=tmp_path / "scratch")
    (copy,) = (tmp_path / "scratch").iterdir()
    assert f"![ROC @{BREAK}all]({copy.name})" in published
    assert copy.read_bytes() == PNG + b"curve"


@pytest.mark.parametrize("address", ["page.png", "link.png", "loop.png", "../out.png", "no.png",
                                     "https://evil.example/x.png", "x" * 5000])  # fmt: skip
def test_only_pictures_of_the_report_are_published(tmp_path: Path, address: str) -> None:
    """CML uploads whatever file a report names, such as the token in `.git/config`."""
    (tmp_path / "scratch").mkdir()
    (tmp_path / "out.png").write_bytes(PNG)
    folder = write(tmp_path / "report", f"![caption]({address})\n", page=b"<html>")
    (folder / "link.png").symlink_to(tmp_path / "out.png")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    text = comment(folder, run(), pictures=tmp_path / "scratch")
    assert "(picture left out: caption)" in text
    assert not list((tmp_path / "scratch").iterdir())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHub]:
    with github(tmp_path_factory.mktemp("github")) as server:
        yield server


@pytest.fixture
def forge(server: GitHub) -> GitHub:
    server.pulls, server.comments, server.asked, server.published = [], {}, [], []
    return server


@pytest.fixture(params=["stand-in", "real"])
def path_with_cml(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A PATH on which `cml` is the stand-in, or the real one where there is one.

    The real one needs Node and comes from another registry than everything else, so a laptop may do
    without: the stand-in holds the same contract there. On GitHub, where `ci.yml` installs it, its
    absence is a failure.
    """
    if request.param == "real":
        path = os.pathsep.join([str(ROOT / ".cml" / "bin"), os.environ["PATH"]])
        if shutil.which("cml", path=path) is None:
            assert "GITHUB_ACTIONS" not in os.environ, (
                "ci.yml: expected `make cml` before the tests"
            )
            pytest.skip("no cml on the PATH; `make cml` installs it")
        return path
    command = tmp_path / "bin" / "cml"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/tests/cml_standin.py" "$@"\n')
    command.chmod(0o755)
    return os.pathsep.join([str(command.parent), os.environ["PATH"]])


def stages_comment(folder: Path, path: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -S -m stages comment`: without any package, as in the job that posts."""
    return subprocess.run(
        [sys.executable, "-S", "-m", "stages", "comment", str(folder)],
        cwd=ROOT, env=os.environ | {"PATH": path} | environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_one_comment_is_made_and_then_updated(
    forge: GitHub, path_with_cml: str, tmp_path: Path
) -> None:
    """The contract with CML: three routes, and a watermark that carries the commit."""
    comments = f"/api/v3/repos/{REPOSITORY}/issues/1/comments"
    for sha, text in ((FIRST, "First report @all\n"), (SECOND, "Second report\n")):
        forge.propose(sha)
        done = stages_comment(write(tmp_path, text), path_with_cml, **forge.environment(sha))
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip().endswith("#issuecomment-1")
        assert list(forge.comments) == [1]
        assert f'![](https://cml.dev/watermark.png#{sha} "CML watermark")' in forge.comments[1]
        assert text.replace("@", f"@{BREAK}") in forge.comments[1]
    assert "First" not in forge.comments[1]
    assert [line for line in forge.asked if not line.endswith("/pulls")] == [
        f"GET {comments}",
        f"POST {comments}",
        f"GET {comments}",
        f"PATCH /api/v3/repos/{REPOSITORY}/issues/comments/1",
    ]


def test_the_pictures_of_the_report_and_nothing_else_are_published_where_asked(
    forge: GitHub, path_with_cml: str, tmp_path: Path
) -> None:
    picture = PNG + b"a curve"
    (tmp_path / "report").mkdir()
    (tmp_path / "secret").write_text(TOKEN)
    text = "![ROC](roc.png) ![s](../secret) [t](../secret)\n\n[u]: ../secret\n"
    folder = write(tmp_path / "report", text, roc=picture)
    forge.propose(FIRST)
    environment = forge.environment(FIRST) | {"PUBLISH_URL": forge.assets}
    done = stages_comment(folder, path_with_cml, **environment)
    assert done.returncode == 0, done.stderr
    assert forge.published == [picture]
    assert f"![ROC]({forge.assets}/1" in forge.comments[1]


@pytest.fixture
def inside(forge: GitHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> GitHub:
    """The environment of a run on `FIRST`, in this process; without any cml."""
    for name, value in (forge.environment(FIRST) | {"PATH": str(tmp_path)}).items():
        monkeypatch.setenv(name, value)
    return forge


def test_a_report_of_an_older_commit_a_closed_or_another_pull_request_is_not_posted(
    inside: GitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside.propose(SECOND)
    inside.propose(FIRST, number=2, repository="outsider/elsewhere")
    inside.propose(FIRST, number=3, repository=None)
    assert main(["comment", str(write(tmp_path))]) == 0
    assert "nothing posted" in capsys.readouterr().out
    assert inside.comments == {}


def test_a_missing_cml_is_reported_in_a_line(
    inside: GitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside.propose(FIRST)
    assert main(["comment", str(write(tmp_path))]) == 1
    assert "make cml" in capsys.readouterr().err.splitlines()[-1]


def test_a_failing_cml_fails_the_command(
    inside: GitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cml").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "cml").chmod(0o755)
    inside.propose(FIRST)
    assert main(["comment", str(write(tmp_path))]) == 1
    assert "exit code 3 on pull request 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("GITHUB_TOKEN", "wrong", "HTTP Error 401"),
        ("GITHUB_TOKEN", "", "GITHUB_TOKEN: not set"),
        ("GITHUB_API_URL", "file:///etc", "expected an https address"),
        ("HEAD_SHA", "main; rm -rf /", "expected a commit"),
        ("HEAD_REPOSITORY", "nobody", "expected owner/name"),
        ("RUN_URL", "https://evil.example/", "expected a run of"),
    ],
)
def test_what_is_wrong_with_the_environment_is_reported(
    inside: GitHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], name: str, value: str, message: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(name, value)
    assert main(["comment", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_the_token_is_on_no_command_line_and_git_is_left_alone(
    inside: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside.propose(FIRST)
    record = tmp_path / "record"
    (tmp_path / "cml").write_text(f'#!/bin/sh\necho "$@ $GIT_CONFIG_GLOBAL" > "{record}"\n')
    (tmp_path / "cml").chmod(0o755)
    monkeypatch.setenv("PUBLISH_URL", "https://assets.example")
    assert main(["comment", str(write(tmp_path / "report"))]) == 0
    command = record.read_text()
    assert "--target=pr/1 --publish-url=https://assets.example" in command
    assert TOKEN not in command
    assert str(Path.home()) not in command
