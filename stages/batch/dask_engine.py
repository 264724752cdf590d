"""Where chunks are scored: on the workers of a Dask cluster, the same parts as on one machine.

A worker reads its blocks from storage that all see and writes parts into the folder of the run. A
part is there or not, so a task that is done again after a worker was lost repeats nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from scoring.bundle import MANIFEST
from scoring.digest import sha256
from scoring.errors import UserError
from stages.batch.inputs import Block, Chunk, read_block
from stages.batch.local_engine import Engine
from stages.batch.parts import SUFFIX
from stages.batch.score_part import PartScorer
from stages.core import cluster


def on_cluster(scheduler: str | None) -> Engine:
    """The engine that scores on the cluster of a scheduler, such as tcp://host:8786.

    `UserError` where the extra is not installed.
    """
    if missing := cluster.missing_for_dask():
        raise UserError(f"engine dask: {missing}; expected the extra cluster")

    def engine(
        blocks: Sequence[Block], wanted: Sequence[str], score: PartScorer, finished: Container[str]
    ) -> Iterator[str]:
        with cluster.connected(scheduler) as client:
            files = {block.file.path.resolve() for block in blocks}
            cluster.check_files(client, [score.model.resolve(), *files])
            yield from _scored(client, blocks, wanted, score, finished)

    return engine


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
        else client.submit(cluster.attempted, score_block, _absolute(block), list(wanted), task,
                           pure=False, retries=cluster.RETRIES)
        for block in blocks
    ]  # fmt: skip
    for done in waiting:
        if isinstance(done, list):
            yield from done
        else:
            yield from cluster.result(client, done)
            done.release()


def score_block(block: Block, wanted: Sequence[str], task: PartScorer) -> list[str]:
    """Score a block into parts, in a worker; those that are there are not scored again."""
    score = _loaded(task, sha256(task.model / MANIFEST))
    return [
        score(chunk) if isinstance(chunk, Chunk) else chunk.name
        for chunk in read_block(block, wanted, finished=_OnDisk(score.folder))
    ]


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
