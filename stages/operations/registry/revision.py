"""What a commit says that its outputs are, and those outputs, out of DVC's cache or a remote."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoring.errors import UserError, one_line, shown
from scoring.loading import check_bundle
from stages.core.paths import Paths
from stages.operations.dvc_parts import DvcException, Repo, build, file_md5, localfs
from stages.operations.git import check_git
from stages.operations.sharing import see_that_it_answers

INSIDE = Paths(Path())  # of any repository, as its dvc.lock names them
LOCK, BUNDLE, EVALUATION = map(str, (INSIDE.lock, INSIDE.champion, INSIDE.metrics))
REPORT, CARD = (str(INSIDE.reports / name) for name in ("05_evaluate.html", "model_card.md"))
NEEDED = (BUNDLE, EVALUATION, REPORT, CARD)  # of whatever is registered or promoted


@dataclass(frozen=True)
class Revision:
    """A commit: `md5` of each output by path, as its `dvc.lock` has them.

    `name` is what it was asked for by. The remote is the one of now, not the one of that commit.
    """

    name: str
    commit: str
    md5: Mapping[str, str]
    _repo: Repo

    def hash_of(self, path: str) -> str:
        """The md5 of an output; `UserError` where the commit has none such."""
        if path not in self.md5:
            raise UserError(f"{path}: no output in {LOCK} of {self.name}; run make repro")
        return self.md5[path]

    def copy(self, path: str, to: Path) -> None:
        """Write an output to a new place; `UserError` where it is not available or was changed."""
        expected = self.hash_of(path)
        try:
            self._repo.dvcfs.get(path, str(to), recursive=expected.endswith(".dir"))
        except Exception as error:  # each kind of remote has its own
            raise UserError(
                f"{path} of {self.name}: not available ({one_line(error)}); "
                "run dvc push where it was made, and see dvc remote list here"
            ) from None
        if not to.exists() or self._found(to) != expected:
            raise UserError(f"{path} of {self.name}: {self._broken(path, to)}")

    def _found(self, place: Path) -> str:
        built = build(self._repo.cache.local, str(place), localfs, "md5", dry_run=True)
        return str(built[2].hash_info.value)

    def _broken(self, path: str, to: Path) -> str:
        """Which file of a copy is not what the commit names, and how to get the right one."""
        known = self._repo.dvcfs
        for name in sorted(known.find(path)) if to.is_dir() else [path]:
            copied = to / Path(name.lstrip("/")).relative_to(path)
            md5 = known.info(name).get("md5")
            if md5 and (not copied.is_file() or file_md5(str(copied), localfs) != md5):
                cached = Path(self._repo.cache.local.oid_to_path(md5))
                cure = f"remove {shown(cached)}" if cached.is_file() else "mend the remote"
                return f"{copied.name} is not what {LOCK} names; {cure} and try again"
        return f"not what {LOCK} names"

    def metrics(self) -> dict[str, Any]:
        """The content of `reports/metrics.json`; `UserError` where it is not there or not JSON."""
        try:
            return dict(json.loads(self._repo.dvcfs.read_text(EVALUATION)))
        except FileNotFoundError:
            raise UserError(f"{EVALUATION}: not in {self.name}; run make repro") from None
        except (ValueError, TypeError):
            raise UserError(f"{EVALUATION} of {self.name}: expected JSON, by name") from None

    def check(self) -> dict[str, Any]:
        """Try whether all that is `NEEDED` is available as the commit names it; the manifest."""
        with tempfile.TemporaryDirectory() as scratch:
            for number, path in enumerate(NEEDED):
                self.copy(path, Path(scratch) / str(number))
            return check_bundle(Path(scratch) / str(NEEDED.index(BUNDLE)))


@contextmanager
def revision(rev: str, root: Path, *, cache: Path | None = None) -> Iterator[Revision]:
    """A commit by its tag, hash or `HEAD`; the work tree is left alone.

    `cache` stands in for DVC's own, an empty one for seeing what a remote has.
    """
    check_git(root)
    with (
        _readable_errors(rev),
        Repo(str(root), config=_config(root, cache)) as repo,
        repo.switch(rev) as commit,
    ):
        hashes = {out.def_path: out.hash_info.value for out in repo.index.outs}
        found = Revision(rev, commit, {path: md5 for path, md5 in hashes.items() if md5}, repo)
        _see_remote(found)
        yield found


def _see_remote(commit: Revision) -> None:
    """`UserError` where the bundle has to come from a remote that does not answer.

    DVC would try for minutes. Any other fault of the remote is reported with the file it concerns.
    """
    repo, bundle = commit._repo, commit.md5.get(BUNDLE)
    name = repo.config["core"].get("remote")
    if not name or not bundle or repo.cache.local.exists(bundle):
        return
    try:
        see_that_it_answers(repo.cloud.get_remote_odb(), bundle)
    except TimeoutError as error:
        raise UserError(f"{name}: {error}; {BUNDLE} of {commit.name} is not here") from None
    except Exception:  # each kind of remote has its own
        return


@contextmanager
def _readable_errors(what: str) -> Iterator[None]:
    """What DVC refuses, as a `UserError` in its words."""
    try:
        yield
    except DvcException as error:
        raise UserError(f"{what}: {one_line(error)}") from None


def _config(root: Path, cache: Path | None) -> dict[str, Any]:
    """DVC's settings of today: those of an old commit may know of no remote, or of one now gone."""
    with Repo(str(root)) as repo:
        config = {section: dict(repo.config[section]) for section in ("core", "remote")}
    return config | ({"cache": {"dir": str(cache)}} if cache else {})


def changes(root: Path) -> list[str]:
    """What is not as `dvc.lock` has it in the work tree: code, data, parameters or outputs."""
    with _readable_errors(LOCK), Repo(str(root)) as repo:
        status = repo.status()
    return [
        f"stage {stage.rpartition(':')[2]}: {what}"
        for stage, found in sorted(status.items())
        for change in found
        for what in _named(change)
    ]


def _named(change: Any) -> list[str]:
    """The files of an entry in DVC's status, which is a text or mappings down to files."""
    if not isinstance(change, Mapping):
        return [str(change)]
    return [f"{name}: {text}" for part in change.values() for name, text in part.items()]


def has_remote(root: Path) -> bool:
    """Whether DVC has a default remote to push to."""
    with Repo(str(root)) as repo:
        return bool(repo.config["core"].get("remote"))
