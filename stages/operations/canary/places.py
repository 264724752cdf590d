"""Where deployed bundles and the file that names them are, and that only one writes it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from scoring.bundle import SCORES
from scoring.deployment import FILE, Deployed, Deployment, read_deployment, write_deployment
from scoring.errors import UserError
from scoring.loading import check_bundle, read_manifest
from stages.core.paths import Paths

CHAMPION, COMPARISON = "champion", "comparison"  # folders of a bundle and its evidence


@dataclass(frozen=True)
class Places:
    """The file of the deployment, and a copy of every bundle it may name, by version."""

    file: Path
    copies: Path

    @classmethod
    def of(cls, paths: Paths) -> Places:
        """Those of a repository, next to the champion, where the service looks."""
        folder = paths.champion.parent
        return cls(folder / FILE, folder / "deployed")

    @contextmanager
    def one_writer(self) -> Iterator[None]:
        """`UserError` while another deployment is under way; a lock that dies with its process."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.file.with_suffix(".lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise UserError(f"{self.file.name}: another deployment is under way") from None
        try:
            yield
        finally:
            lock.release()

    def read(self) -> Deployment | None:
        """What is deployed."""
        return read_deployment(self.file)

    def write(self, deployment: Deployment) -> None:
        """Deploy it: workers of the service see it the next time they look."""
        write_deployment(deployment, self.file)

    def bundle(self, deployed: Deployed) -> Path:
        """The folder of a deployed bundle."""
        return self.file.parent / deployed.folder

    def keep(self, bundle: Path) -> Deployed:
        """A copy that no pipeline overwrites, every file checked; a half one is made again.

        The scores of its candidates on the folds go with it: a later gate asks for their noise.
        """
        version = str(check_bundle(bundle)["version"])
        copy = self.copies / version
        if not _is_whole(copy / CHAMPION):
            new = self.copies / f".{version}"
            for folder in (new, copy):
                shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(bundle, new / CHAMPION, copy_function=shutil.copyfile)
            scores = bundle.parent / COMPARISON / SCORES
            if scores.is_file():
                (new / COMPARISON).mkdir()
                shutil.copyfile(scores, new / COMPARISON / SCORES)
            check_bundle(new / CHAMPION)
            new.replace(copy)
        return Deployed(folder=f"{self.copies.name}/{version}/{CHAMPION}", version=version)


def _is_whole(bundle: Path) -> bool:
    try:
        check_bundle(bundle)
    except UserError:
        return False
    return True


def version_of(bundle: Path) -> str:
    """The version of a bundle; `UserError` where there is none to read."""
    return str(read_manifest(bundle)[0]["version"])
