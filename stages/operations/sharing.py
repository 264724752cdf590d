"""The cache of a team: outputs brought up to its DVC remote, and down from it."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from scoring.errors import UserError, one_line
from stages.core.paths import Paths
from stages.core.quantity import quantity

DEADLINE = 20.0  # seconds for the first answer; the libraries of the stores try for minutes


@dataclass(frozen=True)
class Store:
    """The default remote of the repository, and the outputs that it may hold.

    repo   DVC's repository
    name   of the remote
    odb    DVC's view of the remote: objects by their hash
    outs   DVC's outputs that have content and belong in a cache
    """

    repo: Any
    name: str
    odb: Any
    outs: tuple[Any, ...]


def push(paths: Paths) -> str:
    """Send every output of the committed run to the remote; what was sent, in words.

    `UserError` where no remote is configured or it does not take them, and, once the others are
    sent, where outputs are not in the cache here.
    """
    with _store(paths) as store, _in_its_words(store.name):
        absent = _not_whole(store)
        sent = _send(store, [out for out in store.outs if str(out) not in absent])
    if absent:
        raise UserError(
            f"{store.name}: not sent: {', '.join(absent)}: not in the cache here; run `make repro` "
            "or `make pull` first"
        )
    return f"{store.name}: has all {len(store.outs)} outputs; files sent: {sent}"


def pull(paths: Paths) -> str:
    """Bring every output of the committed run from the remote; what came, in words.

    What comes is checked against its hash. `UserError` where no remote is configured or it does not
    answer, and, once the others are in place, where it does not hold an output whole.
    """
    with _store(paths) as store, _in_its_words(store.name):
        fetched = _fetch(store)
        _check_out(store)
        missing = _not_whole(store)
        damaged = tuple(_damaged(store, missing))
    if missing:
        raise UserError(_what_is_missing(store, missing), details=damaged)
    return f"{store.name}: all {len(store.outs)} outputs are here; files fetched: {fetched}"


@contextmanager
def _store(paths: Paths) -> Iterator[Store]:
    """The default remote, known to answer."""
    with _without_logs(), _repository(paths) as repo:
        name = repo.config["core"].get("remote")
        if not name:
            raise UserError(
                "no remote is configured; expected one, as by `dvc remote add -d store "
                "/path/or/s3://bucket/path` (docs/sharing.md)"
            )
        outs = tuple(out for out in repo.index.outs if out.use_cache and out.hash_info)
        if not outs:
            raise UserError("dvc.lock: names no output; run `make repro` first")
        with _in_its_words(name):
            store = Store(repo, name, repo.cloud.get_remote_odb(), outs)
            see_that_it_answers(store.odb, outs[0].hash_info.value)
        yield store


@contextmanager
def _repository(paths: Paths) -> Iterator[Any]:
    """DVC's repository; `UserError` in its words where there is none or its settings are wrong."""
    from stages.operations.dvc_parts import DvcException, Repo

    try:
        repo = Repo(str(paths.root))
    except DvcException as error:
        raise UserError(f".dvc: {one_line(error)}") from error
    with repo:
        yield repo


@contextmanager
def _without_logs() -> Iterator[None]:
    """Stores log their retries and stacks; what matters comes as an exception."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def _in_its_words(name: str) -> Iterator[None]:
    """What DVC or the library of a store says, in one line of a `UserError`."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # each of them has kinds of its own
        raise UserError(f"{name}: {one_line(error)}; `make repro` does without it") from error


def see_that_it_answers(odb: Any, md5: str) -> None:
    """Ask a remote for one object; `TimeoutError`, or what the store says instead of an answer."""
    path = odb.oid_to_path(md5)
    in_time(lambda: odb.fs.exists(path), seconds=DEADLINE)


def in_time(ask: Callable[[], object], *, seconds: float) -> None:
    """Wait for an answer, but not for ever; its exception where it is one, else `TimeoutError`.

    In a thread that does not keep the process from ending: not every kind of remote has a limit.
    """
    errors: list[BaseException] = []

    def run() -> None:
        try:
            ask()
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"no answer within {seconds:g} seconds")
    if errors:
        raise errors[0]


def _send(store: Store, outs: Sequence[Any]) -> int:
    """How many files were new to the remote, which is asked for each of them.

    DVC's own push takes a folder's list for the folder, and never mends a remote that lost a file.
    """
    from stages.operations.dvc_parts import TqdmCallback, transfer

    contents = {out.hash_info for out in outs}
    with TqdmCallback(desc=f"to {store.name}", unit="file") as bar:
        done = transfer(store.repo.cache.local, store.odb, contents, shallow=False, callback=bar)
    if done.failed:
        raise UserError(f"{store.name}: did not take {quantity(len(done.failed), 'file')}")
    return len(done.transferred)


def _fetch(store: Store) -> int:
    """How many files came; what did not is found in the cache.

    Without `verify`, DVC believes whatever a store other than a folder sends; what it keeps of
    folders from earlier times may be damaged itself.
    """
    from stages.operations.dvc_parts import DownloadError

    store.repo.drop_data_index()
    try:
        return int(store.repo.fetch(config={"remote": {store.name: {"verify": True}}}))
    except DownloadError:
        return 0


def _check_out(store: Store) -> None:
    """Put in place what is in the cache; `UserError` where that would lose a change made here."""
    from stages.operations.dvc_parts import CheckoutError, DvcException

    try:
        store.repo.checkout()
    except CheckoutError:
        pass  # of what is not in the cache, which is reported later
    except DvcException as error:
        raise UserError(f"{one_line(error)}; `dvc checkout --force` gives them up") from error


def _not_whole(store: Store) -> list[str]:
    """The outputs that are not in the cache here to the last file."""
    return sorted(str(out) for out in store.outs if out.changed_cache())


def _damaged(store: Store, missing: Sequence[str]) -> Iterator[str]:
    """A line for each object of the missing outputs that is not what its name says."""
    for out in store.outs:
        if str(out) in missing:
            for path in _damaged_objects(store.odb, out.hash_info):
                place = store.odb.fs.unstrip_protocol(path)
                yield f"{out}: damaged in the remote; remove {place}, then `make push`"


def _damaged_objects(odb: Any, hash_info: Any) -> Iterator[str]:
    """Where they lie in the remote: a file, or the list of a folder and the files in it."""
    from stages.operations.dvc_parts import Tree

    path = odb.oid_to_path(hash_info.value)
    if not odb.fs.exists(path):
        return
    with odb.fs.open(path, "rb") as file:
        content = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if content != hash_info.value.removesuffix(".dir"):
        yield path
    elif hash_info.isdir:
        for _, _, entry in Tree.load(odb, hash_info):
            yield from _damaged_objects(odb, entry)


def _what_is_missing(store: Store, missing: Sequence[str]) -> str:
    adopted = [str(out) for out in store.outs if str(out) in missing and out.stage.is_data_source]
    made = [name for name in missing if name not in adopted]
    ways = [f"{', '.join(made)}: `make repro` rebuilds what is missing"] if made else []
    ways += [f"{name}: nothing rebuilds it; `make adopt CSV=<the original>`" for name in adopted]
    here = len(store.outs) - len(missing)
    return f"{store.name}: {here} of {len(store.outs)} outputs are here; missing: {'; '.join(ways)}"
