"""The results of one revision: a folder with what git and DVC's cache have of them."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from scoring.bundle import MANIFEST, SCORES
from scoring.errors import UserError
from stages.core.paths import Paths
from stages.core.yamlfile import read_yaml
from stages.operations.git import check_git, git, git_bytes
from stages.operations.lock import locked_stages, mapping
from stages.operations.sharing import in_time

CURVES = ("roc", "calibration", "profit")
TIMEOUT = 120.0  # seconds that DVC's remote may take for one file


def in_git(paths: Paths) -> list[Path]:
    """The files of a revision's results that git has."""
    return [paths.params, paths.lock, paths.metrics]


def in_cache(paths: Paths) -> list[Path]:
    """The files of a revision's results that DVC's cache has."""
    return [
        paths.predictions,
        paths.train,
        paths.test,
        paths.customers,
        paths.customers_schema,
        paths.champion / MANIFEST,
        paths.comparison / SCORES,
        *(paths.plots / f"{name}.csv" for name in CURVES),
    ]


@dataclass(frozen=True)
class Results:
    """What is available of a revision's results, under the paths of the repository.

    `name` is what people call the revision, `commit` its hash; files that are neither in git nor
    in DVC's cache or remote are absent from `folder`.
    """

    name: str
    commit: str
    folder: Path

    @property
    def paths(self) -> Paths:
        """The places of this revision's files."""
        return Paths(self.folder)

    @cached_property
    def params(self) -> dict[str, Any]:
        """`params.yaml`, not validated; empty where there is none that can be read."""
        return self._mapping(self.paths.params)

    @cached_property
    def lock(self) -> dict[str, Any]:
        """The stages of `dvc.lock`, each with deps, outs, params; empty where none can be read."""
        try:
            return locked_stages(self.paths.lock)
        except UserError:
            return {}

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """`reports/metrics.json`; empty where there is none that can be read."""
        return self._mapping(self.paths.metrics)

    @property
    def missing(self) -> list[str]:
        """Files of the cache that are not available."""
        paths = self.paths
        return [paths.relative(path) for path in in_cache(paths) if not path.is_file()]

    def outputs(self) -> dict[str, str]:
        """The hash of every output of every stage, by path."""
        outs = [out for stage in self.lock.values() for out in stage["outs"]]
        return {out["path"]: out["md5"] for out in outs}

    def _mapping(self, path: Path) -> dict[str, Any]:
        try:
            content = read_yaml(path)
        except UserError:
            return {}
        return mapping(content)


def number(content: Any) -> float:
    """The content where it is a number, else NaN."""
    return float(content) if isinstance(content, (int, float)) else float("nan")


def of_work_tree(paths: Paths) -> Results:
    """The results in the work tree."""
    is_dirty = bool(git(paths.root, "status", "--porcelain", "."))
    commit = git(paths.root, "rev-parse", "--short", "HEAD")
    return Results("this tree", commit + (" and changes" if is_dirty else ""), paths.root)


def of_revision(name: str, folder: Path, paths: Paths) -> Results:
    """The results of a revision, brought into `folder` as far as they are available.

    Nothing is computed: files of git come from git, files of DVC from its cache, or from its
    remote where one is configured. `UserError` where git does not know the revision.
    """
    commit = commit_of(name, paths)
    found = Results(name, commit, folder)
    for target in in_git(found.paths):
        _from_git(commit, target, found, paths)
    here = _files_of(commit, paths, config={"core": {"remote": ""}})
    for path in map(found.paths.relative, in_cache(found.paths)):
        with suppress(OSError):
            _from_dvc(here, path, folder / path)
    if found.missing:
        _from_remote(_files_of(commit, paths), found)
    return found


def _files_of(commit: str, paths: Paths, *, config: dict[str, Any] | None = None) -> Any:
    from dvc.api import DVCFileSystem

    return DVCFileSystem(str(paths.root), rev=commit, config=config)


def _from_remote(files: Any, found: Results) -> None:
    """What is missing, from DVC's remote, until it does not answer."""
    for path in found.missing:
        target = found.folder / path
        try:
            in_time(partial(_from_dvc, files, path, target), seconds=TIMEOUT)
        except Exception:  # every kind of remote has errors of its own
            target.unlink(missing_ok=True)
            print(f"{path}: DVC's remote does not answer; going on without it", file=sys.stderr)
            return


def commit_of(name: str, paths: Paths) -> str:
    """The commit that a branch, a tag or a hash names."""
    check_git(paths.root)
    try:
        return git(
            paths.root, "rev-parse", "--verify", "-q", "--end-of-options", f"{name}^{{commit}}"
        )
    except subprocess.CalledProcessError:
        raise UserError(
            f"BASE: git knows no revision {name!r}; expected a branch, a tag or a commit "
            "(a shallow clone lacks older ones: git fetch --unshallow)"
        ) from None


def commits_not_here(commit: str, paths: Paths) -> int:
    """How many commits of that revision's history are not in the work tree's."""
    return int(git(paths.root, "rev-list", "--count", f"HEAD..{commit}"))


def _from_git(commit: str, target: Path, found: Results, paths: Paths) -> None:
    with suppress(subprocess.CalledProcessError):  # a commit need not have the file
        content = git_bytes(paths.root, "show", f"{commit}:./{found.paths.relative(target)}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _from_dvc(files: Any, path: str, target: Path) -> None:
    """Take a file along where it is available; what is not is absent afterwards.

    `OSError`, or what the remote raises, where that cannot be known.
    """
    from stages.operations.dvc_parts import DataIndexDirError, DvcException

    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        files.get_file(path, str(target))
    except (FileNotFoundError, DvcException, DataIndexDirError):
        target.unlink(missing_ok=True)
