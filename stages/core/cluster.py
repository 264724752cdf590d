"""A Dask cluster: connecting to it, what its workers have to be, and results within a limit.

Needs the extra `cluster`; without an address a cluster of this machine's cores is started, and
stopped with the process or the block that asked for it.
"""

from __future__ import annotations

import atexit
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from scoring.errors import UserError
from stages.core.compute import DASK, ENGINE, SCHEDULER

PACKAGES = ("distributed", "numpy", "pandas", "pyarrow", "onnx", "onnxruntime", "xgboost-cpu")
CONNECT = 10.0  # seconds to reach a scheduler
TIMEOUT = 60.0  # seconds without a result until somebody looks whether workers are left
RETRIES = 3  # of a task, in other workers
KEPT = ExitStack()
Item = TypeVar("Item")
Result = TypeVar("Result")


def missing_for_dask() -> str | None:
    """What is missing to compute on a cluster, in words; None where nothing is."""
    if find_spec("distributed") is not None:
        return None
    return (
        "Dask is not installed: make cluster, or "
        "uv pip install --require-hashes -r requirements/cluster.lock"
    )


def mapped(
    function: Callable[[Item], Result], items: Iterable[Item], *, file: Path
) -> Iterator[Result]:
    """What a function of a module, which reads a file, returns for each item, in order.

    In this process, or where `params.yaml` asks for it on the workers of a cluster. `UserError`
    where a worker does not see the file, or none is left.
    """
    if os.environ.get(ENGINE) != DASK:
        yield from map(function, items)
        return
    task = partial(attempted, function)
    with connected() as client:
        check_files(client, [file])
        for future in client.map(task, list(items), pure=False, retries=RETRIES):
            yield result(client, future)
            future.release()


def attempted(function: Callable[..., Result], *arguments: Any) -> Result | UserError:
    """What a function returns, in a worker, or the user's mistake that it found.

    Raised there, it would be tried again, and logged at length.
    """
    try:
        return function(*arguments)
    except UserError as error:
        return error


@contextmanager
def connected(scheduler: str | None = None) -> Iterator[Any]:
    """A client of the cluster at an address, else of the one in the environment or of a new one.

    `UserError` where it cannot be reached, has no worker, or one with other versions than here.
    """
    if missing := missing_for_dask():
        raise UserError(f"engine dask: {missing}; expected the extra cluster")
    with _client(scheduler or os.environ.get(SCHEDULER)) as client:
        check_workers(client)
        yield client


@cache
def kept_client() -> Any:
    """The client of `connected`, the same one until it is let go or this process ends."""
    atexit.register(let_go)
    return KEPT.enter_context(connected())


def let_go() -> None:
    """Close the kept client: what it asked for is cancelled."""
    kept_client.cache_clear()
    KEPT.close()


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


def result(client: Any, future: Any) -> Any:
    """What a task returns; `UserError` where it returned one, or nobody is left who could do it."""
    from distributed import KilledWorker
    from distributed import TimeoutError as Late

    while True:
        try:
            found = future.result(timeout=TIMEOUT)
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
        else:
            if isinstance(found, UserError):
                raise found
            return found


def check_workers(client: Any) -> None:
    """`UserError` where there is no worker, or one that has other versions than here."""
    from distributed import TimeoutError as Late

    try:
        client.wait_for_workers(1, timeout=CONNECT)
    except Late:
        raise UserError("the cluster has no worker; expected at least one") from None
    _check_versions(_own_versions(), client.run(versions))


def check_files(client: Any, paths: Sequence[Path]) -> None:
    """`UserError` where a worker does not see one of the files, whose paths are whole."""
    for worker, missing in client.run(_unseen, paths).items():
        if missing:
            raise UserError(
                f"worker {worker}: does not see {missing[0]}; expected storage that every worker "
                "has under the same path"
            )


def _unseen(paths: Sequence[Path]) -> list[str]:
    """Those of the paths that are not there, in a worker."""
    return [str(path) for path in paths if not path.exists()]


def versions() -> dict[str, str]:
    """What has to be the same everywhere, so that results are."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _own_versions() -> dict[str, str]:
    return versions()


def _check_versions(own: Mapping[str, str], others: Mapping[str, Mapping[str, str]]) -> None:
    for worker, found in others.items():
        for name, here in own.items():
            if found.get(name) != here:
                raise UserError(
                    f"worker {worker}: {name} {found.get(name)}; expected {here} as here: the "
                    "workers need the environment of requirements/dev.lock and cluster.lock"
                )


def workers(client: Any) -> list[str]:
    """The addresses of the workers, in one order."""
    return sorted(client.nthreads())


def even_ranges(rows: int, parts: int) -> Sequence[slice]:
    """Consecutive ranges of nearly equal length, none empty, at most `parts`."""
    parts = min(rows, parts)
    ends = [rows * part // parts for part in range(parts + 1)]
    return [slice(start, stop) for start, stop in pairwise(ends)]
