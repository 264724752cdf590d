"""`adopt`: take a table in as the data source, or go back to the simulator."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from scoring.digest import sha256
from scoring.errors import UserError
from scoring.schema import Schema
from stages.adoption.account import Described, account, to_confirm
from stages.adoption.admission import admit
from stages.adoption.draft import Draft, draft
from stages.adoption.fetch_source import FetchedSource, fetch_file, one_sheet, stem
from stages.adoption.guess import DOUBTFUL
from stages.adoption.leaks import leaking_columns
from stages.adoption.pseudonyms import pseudonymised
from stages.adoption.schema_file import write_schema
from stages.adoption.target import Outcome
from stages.core.paths import Paths
from stages.core.yaml_edit import edited_yaml, update_yaml
from stages.core.yamlfile import load_schema
from stages.exploration.explore_params import Explore
from stages.parameters import Parameters, read_parameters
from stages.simulator.population import load_population
from stages.tables.canonical import spelling_key
from stages.tables.canonical_table import Checked
from stages.tables.intake import RawTable, read_raw_table
from stages.tables.validation import Validation, write_rejected

GENERATED = "generated"
SHOWN_NAMES = 6
MEANT = 0.9  # share of a schema's columns that make a table one meant for it
ALIKE = 0.25  # share of a schema's columns from which on it is worth a line that a file has them


@dataclass(frozen=True)
class AdoptionOptions:
    """What the user asks for in addition to the address.

    outcome            the column to predict and what its values mean, as far as given
    redraft            draft a new schema, whatever schema there is
    pseudonymise       replace ids by keyed hashes on the way in
    strict             refuse the table where something in its drafted schema is in doubt
    sheet              of a workbook, where it is not the one with most cells
    encoding           of a text file, where it is not UTF-8
    window             months that the target looks ahead, where params.yaml says another number
    """

    outcome: Outcome = field(default_factory=Outcome)
    redraft: bool = False
    pseudonymise: bool = False
    strict: bool = False
    sheet: str | None = None
    window: float | None = None
    encoding: str | None = None


def adopt(address: str, paths: Paths, options: AdoptionOptions | None = None) -> str:
    """Make a table the source of customers; what was done, in words.

    The table is checked first: against the schema next to it if there is one, against the schema in
    git if it has nearly all its columns, else against a draft. Only then is it copied
    to `data/external/`, tracked with DVC, and pinned in `params.yaml`. `UserError` where it cannot
    be read or does not fit; nothing was touched then.
    """
    if address == GENERATED:
        source, schema = map(paths.relative, (paths.population, paths.schema))
        _point_to(paths, source=source, schema=schema, sha256=None)
        _set_window(load_population(paths.population).hazard.window, paths)
        return "Customers are generated again. Next: make repro"
    options = options or AdoptionOptions()
    params = read_parameters(paths)
    with tempfile.TemporaryDirectory() as scratch:
        fetched = _fetched(address, Path(scratch), options, paths)
        target = paths.external / fetched.path.name
        described, checked = _admitted(fetched, _schema_file(target), options, params, paths)
        if options.pseudonymise:
            fetched = pseudonymised(fetched, described.schema, Path(scratch))
            target = paths.external / fetched.path.name
        with _undone_on_failure(target, Path(scratch)):
            _install(fetched.path, target, described)
            _track(target, paths)
    source, schema = map(paths.relative, (target, _schema_file(target)))
    _point_to(paths, source=source, schema=schema, sha256=sha256(target), encoding=fetched.encoding)
    if options.window is not None:
        _set_window(options.window, paths)
    lines = account(
        fetched,
        described,
        checked,
        target=paths.relative(target),
        file=paths.relative(_schema_file(target)),
        money=read_parameters(paths).money,
    )
    return "\n".join([*lines, *(_in_the_clear(target, paths) if options.pseudonymise else [])])


def _fetched(address: str, scratch: Path, options: AdoptionOptions, paths: Paths) -> FetchedSource:
    fetched = replace(fetch_file(address, scratch), encoding=options.encoding)
    _check_name(fetched)
    try:
        fetched = one_sheet(fetched, scratch, options.sheet)
    except UserError as error:
        schema_file = _schema_file(paths.external / fetched.path.name)
        write_rejected(Validation(fetched.origin, paths.relative(schema_file)), error, paths)
        raise
    # Adopted before, and about to be replaced by itself.
    if fetched.path.resolve().parent == paths.external.resolve():
        copy = shutil.copyfile(fetched.path, scratch / fetched.path.name)
        return replace(fetched, path=copy)
    return fetched


def _check_name(fetched: FetchedSource) -> None:
    """`UserError` for a name that would make the file in `data/external/` something else."""
    name = fetched.path.name
    if name.startswith(".") or name.endswith((".yaml", ".yml", ".dvc")) or not name.isprintable():
        raise UserError(
            f"{fetched.origin}: a file of this name is not a table to DVC and params.yaml; "
            "expected a name like customers.csv"
        )


def _admitted(
    fetched: FetchedSource,
    schema_file: Path,
    options: AdoptionOptions,
    params: Parameters,
    paths: Paths,
) -> tuple[Described, Checked]:
    asked = Validation(fetched.origin, paths.relative(schema_file))
    try:
        raw_table = read_raw_table(fetched.path, origin=fetched.origin, encoding=fetched.encoding)
        if options.encoding and (fetched.encoding is None or "encoding" not in raw_table.form):
            words = f"encoding {options.encoding}: this is no text file; expected no ENCODING"
            raise UserError(f"{fetched.origin}: {words}")
        described = _described(raw_table, fetched, schema_file, options, params, paths)
    except UserError as error:
        write_rejected(asked, error, paths)
        raise
    return described, admit(
        fetched.path, described.schema, asked, params, paths, raw_table=raw_table
    )


def _described(
    raw_table: RawTable,
    fetched: FetchedSource,
    schema_file: Path,
    options: AdoptionOptions,
    params: Parameters,
    paths: Paths,
) -> Described:
    """The schema to check the table against: the one next to it, the one in git, or a draft."""
    if not options.redraft:
        for file in (schema_file, paths.schema):
            if file.is_file() and (file == schema_file or _has_columns_of(raw_table, file)):
                schema = load_schema(file)
                _check_options(schema, options, paths.relative(file))
                return Described(schema, file)
    found = drafted_without_leaks(raw_table, options.outcome, params.explore, origin=fetched.origin)
    if options.strict:
        _check_no_doubt(found, fetched.origin)
    notes = () if options.redraft else tuple(_alike(raw_table, paths))
    return Described(found.schema, draft=found, notes=notes)


def drafted_without_leaks(
    raw_table: RawTable, outcome: Outcome, explored: Explore, *, origin: str
) -> Draft:
    """A draft without the columns that know the outcome; their dates are no snapshot, either.

    `UserError` where nothing is left to learn from.
    """
    today = date.today()
    found = draft(raw_table, outcome, origin=origin, today=today)
    _ = found.schema
    leaks = leaking_columns(raw_table, found.offered, explored, origin=origin)
    if any(guess.entry["kind"] == "date" for guess in found.guesses if guess.name in leaks):
        found = draft(raw_table, outcome, origin=origin, today=today, afterwards=leaks)
    return found.ignoring(leaks)


def _check_no_doubt(found: Draft, origin: str) -> None:
    """`UserError` where a person should look at what the columns were taken as."""
    doubtful = [q for q in found.questions if q.doubt >= DOUBTFUL]
    if doubtful:
        first = doubtful[0]
        raise UserError(
            f"{origin}: {len(doubtful)} {'thing is' if len(doubtful) == 1 else 'things are'} in "
            f"doubt, the first of them {first.about}: {first.because}; expected none (STRICT=1): "
            "adopt the table without it, and confirm the schema",
            details=("In doubt:", *to_confirm(found)),
        )


def _has_columns_of(raw_table: RawTable, file: Path) -> bool:
    """Whether the table has nearly all columns of a schema: then the others are missing."""
    names = set(load_schema(file).without_ignored.in_table)
    return len(names & set(raw_table.columns)) >= MEANT * len(names)


def _alike(raw_table: RawTable, paths: Paths) -> list[str]:
    """What a table that was drafted a schema of its own has in common with the one in git."""
    known = load_schema(paths.schema).in_table
    missing = [name for name in known if name not in raw_table.columns]
    if not missing or len(missing) > (1 - ALIKE) * len(known):
        return []
    return [
        f"{len(known) - len(missing)} of its columns are called as in "
        f"{paths.relative(paths.schema)}, but "
        f"{', '.join(missing[:SHOWN_NAMES])}{', …' if len(missing) > SHOWN_NAMES else ''} "
        "not: it was given a schema of its own"
    ]


def _check_options(schema: Schema, options: AdoptionOptions, file: str) -> None:
    target, outcome = schema.target, options.outcome
    negative = [label for label in target.labels if label not in target.positives]
    for asked, found in (
        (outcome.target, [target.name]),
        (outcome.positive, target.positives),
        (outcome.negative, negative),
    ):
        if asked is not None and not _names_all(asked, found):
            raise UserError(
                f"{file}: column {target.name}: says {','.join(found)}, not {asked}; change "
                "it there, or have a new schema drafted with DRAFT=1"
            )


def _names_all(asked: str, found: Sequence[str]) -> bool:
    """Whether these are the values asked for, in any order."""
    keys = {spelling_key(value) for value in found}
    return {spelling_key(asked)} == keys or {*map(spelling_key, asked.split(","))} == keys


def _in_the_clear(target: Path, paths: Paths) -> list[str]:
    """A warning where the same table was adopted with its ids before."""
    others = [
        paths.relative(file)
        for file in sorted(target.parent.iterdir())
        if file != target and stem(file) == stem(target) and file.suffix not in (".dvc", ".yaml")
    ]
    return (
        [
            f"{', '.join(others)}: adopted before, with ids; remove it with its .dvc file, then "
            "`dvc gc --workspace`"
        ]
        if others
        else []
    )


def _schema_file(target: Path) -> Path:
    return target.with_name(f"{stem(target)}.schema.yaml")


def _install(source: Path, target: Path, described: Described) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # DVC may have made the earlier copy a link into its cache: replace it, never write through it.
    target.unlink(missing_ok=True)
    shutil.copyfile(source, target)
    schema_file = _schema_file(target)
    if described.draft is not None:
        write_schema(schema_file, described.draft)
    elif described.file not in (None, schema_file):
        shutil.copyfile(described.file, schema_file)


@contextmanager
def _undone_on_failure(target: Path, scratch: Path) -> Iterator[None]:
    """The files of an adoption as they were before, where it fails: no draft is left behind."""
    files = [target, _schema_file(target), target.with_name(f"{target.name}.dvc")]
    kept = {file: scratch / f"before-{file.name}" for file in files if file.is_file()}
    for file, copy in kept.items():
        shutil.copyfile(file, copy)
    try:
        yield
    except BaseException:
        for file in files:
            file.unlink(missing_ok=True)
            if file in kept:
                shutil.copyfile(kept[file], file)
        raise


def _track(target: Path, paths: Paths) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "add", str(target)],
        cwd=paths.root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UserError(f"{paths.relative(target)}: dvc add failed: {_reason(done.stderr)}")


def _reason(stderr: str) -> str:
    """What DVC gave as the cause, on one line: from its first ERROR on, without colours."""
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", stderr).splitlines()]
    lines = [line for line in lines if line and not line.startswith("Having any troubles")]
    errors = [place for place, line in enumerate(lines) if line.startswith("ERROR")]
    reason = lines[errors[0] :] if errors else lines[-1:]
    return " ".join(reason).replace("ERROR: ", "") or "no reason given"


def _set_window(months: float, paths: Paths) -> None:
    """Write it down, where it is another."""
    if read_parameters(paths).money.window_months != months:
        update_yaml(paths.params, {"money": {"window_months": float(months)}})


def _point_to(
    paths: Paths, *, source: str, schema: str, sha256: str | None, encoding: str | None = None
) -> None:
    """Name the source in `params.yaml`, and in `dvc.yaml` as what the first stage depends on."""
    section = {"source": source, "schema": schema, "sha256": sha256, "encoding": encoding}
    update_yaml(paths.params, {"data": {**section, "without": list[str]()}})
    with edited_yaml(paths.pipeline) as pipeline:
        deps = pipeline["stages"]["generate"]["deps"]
        code = [dep for dep in deps if not dep.startswith("data/")]
        # The population stays: real customers are compared with simulated ones.
        data = list(dict.fromkeys((paths.relative(paths.population), source, schema)))
        deps[:] = [*code[:1], *data, *code[1:]]
