"""Where chunks are scored: on the workers of a Dask cluster, the same parts as on one machine.

A worker reads its blocks from storage that all see and writes parts into the folder of the run. A
part is there or not, so a task that is done again after a worker was lost repeats nothing.
Needs the extra `cluster`; without an address a cluster of this machine's cores is started and
stopped.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from scoring.bundle import MANIFEST
from scoring.digest import sha256
from scoring.errors import UserError
from stages.batch.engine import Engine
from stages.batch.inputs import Block, Chunk, read_block
from stages.batch.parts import SUFFIX
from stages.batch.score_part import PartScorer

PACKAGES = ("distributed", "numpy", "pandas", "pyarrow", "onnx", "onnxruntime")
CONNECT = 10.0  # seconds to reach a scheduler
TIMEOUT = 60.0  # seconds without a finished block until somebody looks whether workers are left
RETRIES = 3  # of a block, in other workers


def on_cluster(scheduler: str | None) -> Engine:
    """The engine that scores on the cluster of a scheduler, such as tcp://host:8786.

    `UserError` where the extra is not installed.
    """
    if find_spec("distributed") is None:
        raise UserError(
            "engine dask: Dask is not installed; expected the extra cluster: make cluster, or "
            "uv pip install --require-hashes -r requirements/cluster.lock"
        )

    def engine(
        blocks: Sequence[Block], wanted: Sequence[str], score: PartScorer, finished: Container[str]
    ) -> Iterator[str]:
        with _client(scheduler) as client:
            _check_workers(client, score.model.resolve(), blocks)
            yield from _scored(client, blocks, wanted, score, finished)

    return engine


@contextmanager
def _client(scheduler: str | None) -> Iterator[Any]:
    from distributed import Client, LocalCluster

    if scheduler is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        with (
            LocalCluster(
                n_workers=cores, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(scheduler, timeout=CONNECT)
    except (OSError, ValueError) as error:
        raise UserError(
            f"scheduler {scheduler}: cannot be reached ({type(error).__name__}); expected the "
            "address of a Dask scheduler, such as tcp://host:8786"
        ) from None
    with client:
        yield client


def _scored(
    client: Any,
    blocks: Sequence[Block],
    wanted: Sequence[str],
    score: PartScorer,
    finished: Container[str],
) -> Iterator[str]:
    """Names of the parts in the order of the input; each block is a task."""
    task = replace(score, model=score.model.resolve(), folder=score.folder.resolve())
    waiting = [
        list(block.names)
        if block.names is not None and all(name in finished for name in block.names)
        else client.submit(score_block, _absolute(block), list(wanted), task, pure=False,
                           retries=RETRIES)
        for block in blocks
    ]  # fmt: skip
    for done in waiting:
        if isinstance(done, list):
            yield from done
        else:
            yield from _result(client, done)
            done.release()


def _result(client: Any, future: Any) -> list[str]:
    """What a task returns; `UserError` where nobody is left who could do it."""
    from distributed import KilledWorker
    from distributed import TimeoutError as Late

    while True:
        try:
            return future.result(timeout=TIMEOUT)
        except KilledWorker:
            raise UserError(
                "the cluster lost several workers over the same rows, which usually is memory; "
                "expected workers with more of it"
            ) from None
        except Late:
            if not client.nthreads():
                raise UserError(
                    "the cluster has no worker left; expected at least one: start one and run the "
                    "same command again"
                ) from None


def score_block(block: Block, wanted: Sequence[str], task: PartScorer) -> list[str]:
    """Score a block into parts, in a worker; those that are there are not scored again."""
    score = _loaded(task, sha256(task.model / MANIFEST))
    names = []
    for chunk in read_block(block, wanted, finished=_OnDisk(score.folder)):
        names.append(score(chunk) if isinstance(chunk, Chunk) else chunk.name)
    return names


@lru_cache(maxsize=2)
def _loaded(task: PartScorer, _: str) -> PartScorer:
    """A scorer that keeps its models from block to block, until they are other ones."""
    return task


class _OnDisk:
    """The names of the parts in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __contains__(self, name: object) -> bool:
        return (self._folder / f"{name}{SUFFIX}").is_file()


def _absolute(block: Block) -> Block:
    return replace(block, file=replace(block.file, path=block.file.path.resolve()))


def versions() -> dict[str, str]:
    """What has to be the same everywhere, so that scores are."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def _own_versions() -> dict[str, str]:
    return versions()


def _seen(paths: Sequence[Path]) -> list[str]:
    """Those of the paths that are not there, in a worker."""
    return [str(path) for path in paths if not path.exists()]


def _check_workers(client: Any, model: Path, blocks: Sequence[Block]) -> None:
    """`UserError` where there is no worker, or one has other versions or cannot see the files."""
    from distributed import TimeoutError as Late

    try:
        client.wait_for_workers(1, timeout=CONNECT)
    except Late:
        raise UserError("the cluster has no worker; expected at least one") from None
    _check_versions(_own_versions(), client.run(versions))
    paths = [model, *{block.file.path.resolve() for block in blocks}]
    for worker, missing in client.run(_seen, paths).items():
        if missing:
            raise UserError(
                f"worker {worker}: does not see {missing[0]}; expected storage that every worker "
                "has under the same path"
            )


def _check_versions(own: Mapping[str, str], others: Mapping[str, Mapping[str, str]]) -> None:
    for worker, found in others.items():
        for name, here in own.items():
            if found.get(name) != here:
                raise UserError(
                    f"worker {worker}: {name} {found.get(name)}; expected {here} as here: the "
                    "workers need the environment of requirements/dev.lock and cluster.lock"
                )
