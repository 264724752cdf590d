"""The only place that names parts of DVC beyond its command line and `dvc.api`.

DVC promises nothing for these; a test says in plain words which of them changed. Imported where it
is needed: DVC takes the better part of a second.
"""

from __future__ import annotations

from dvc.exceptions import CheckoutError, DownloadError, DvcException
from dvc.fs import localfs
from dvc.repo import Repo
from dvc_data.callbacks import TqdmCallback
from dvc_data.hashfile.build import build
from dvc_data.hashfile.hash import file_md5
from dvc_data.hashfile.transfer import transfer
from dvc_data.hashfile.tree import Tree
from dvc_data.index.index import DataIndexDirError
from dvc_render import ParallelCoordinatesRenderer

__all__ = [
    "CheckoutError",
    "DataIndexDirError",
    "DownloadError",
    "DvcException",
    "ParallelCoordinatesRenderer",
    "Repo",
    "TqdmCallback",
    "Tree",
    "build",
    "file_md5",
    "localfs",
    "transfer",
]
