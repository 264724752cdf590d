"""`adopt`: take a CSV in as the data source, or go back to the simulator."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from stages.core.errors import UserError
from stages.core.paths import EXTERNAL, PARAMS, PIPELINE, POPULATION, ROOT, SCHEMA, relative
from stages.core.schema import load_schema
from stages.core.tables import sha256
from stages.core.yamlfile import update_yaml
from stages.customers.checks import check_table
from stages.customers.intake import read_text

GENERATED = "generated"


def adopt(csv: str) -> str:
    """Make a CSV the source of customers; what was done, in words.

    The file is checked first, against the schema beside it if there is one, else against the
    schema in git. Only then is it copied to `data/external/`, tracked with DVC, and pinned in
    `params.yaml`; until then nothing is touched. `UserError` where it is not to be had or does not
    fit.
    """
    if csv == GENERATED:
        _point_to(source=relative(POPULATION), schema=relative(SCHEMA), sha256=None)
        return "Customers are generated again. Next: make repro"
    with tempfile.TemporaryDirectory() as scratch:
        arrived = _bring(csv, Path(scratch))
        target = EXTERNAL / arrived.name
        schema_file = _schema_file(target)
        known = schema_file if schema_file.is_file() else SCHEMA
        table = check_table(read_text(arrived, origin=csv), load_schema(known), origin=csv)
        _install(arrived, target, schema_file=schema_file, known=known)
    _track(target)
    _point_to(source=relative(target), schema=relative(schema_file), sha256=sha256(target))
    return (
        f"Adopted {len(table):,} customers from {csv} as {relative(target)}\n"
        f"Its columns are described in {relative(schema_file)}\n"
        "Next: make repro, and commit params.yaml and data/external/"
    )


def _bring(csv: str, folder: Path) -> Path:
    """A copy of the file at a path or URL."""
    if "://" in csv:
        copy = folder / (Path(urlsplit(csv).path).name or "customers.csv")
        _download(csv, copy)
        return copy
    path = Path(csv).expanduser()
    if not path.is_file():
        raise UserError(f"{csv}: no such file; expected the path or URL of a CSV")
    return Path(shutil.copyfile(path, folder / path.name))


def _download(url: str, copy: Path) -> None:
    """Fetch a URL of any kind that fsspec knows (http, s3, …), with progress."""
    import fsspec
    from fsspec.callbacks import TqdmCallback

    progress = TqdmCallback(tqdm_kwargs={"desc": "download", "unit": "B", "unit_scale": True})
    try:
        files, path = fsspec.core.url_to_fs(url)
        files.get_file(path, str(copy), callback=progress)
    except (OSError, ValueError, ImportError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{url}: cannot be fetched: {reason}; expected a CSV") from None


def _schema_file(target: Path) -> Path:
    return target.with_name(f"{target.stem}.schema.yaml")


def _install(arrived: Path, target: Path, *, schema_file: Path, known: Path) -> None:
    EXTERNAL.mkdir(parents=True, exist_ok=True)
    # DVC may have made the earlier copy a link into its cache: replace it, never write through it.
    target.unlink(missing_ok=True)
    shutil.copyfile(arrived, target)
    if known != schema_file:
        shutil.copyfile(known, schema_file)


def _track(target: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "add", "--quiet", str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise UserError(f"{relative(target)}: dvc add failed: {reason[0]}")


def _point_to(*, source: str, schema: str, sha256: str | None) -> None:
    """Name the source in `params.yaml`, and in `dvc.yaml` as what the first stage depends on."""
    update_yaml(PARAMS, {"data": {"source": source, "schema": schema, "sha256": sha256}})
    text = PIPELINE.read_text(encoding="utf-8")
    PIPELINE.write_text(_with_dependencies(text, source, schema), encoding="utf-8")


def _with_dependencies(pipeline: str, source: str, schema: str) -> str:
    """The text of `dvc.yaml` with the data files of the first stage replaced, and no more.

    The population stays: real customers are held against it.
    """
    before, deps, after = re.split(
        r"(?<=    deps:\n)(.*?)(?=    outs:\n)", pipeline, maxsplit=1, flags=re.S
    )
    kept = [line for line in deps.splitlines(keepends=True) if not line.startswith("      - data/")]
    files = dict.fromkeys((relative(POPULATION), source, schema))
    named = [f"      - {_scalar(path)}\n" for path in files]
    return "".join([before, kept[0], *named, *kept[1:], after])


def _scalar(path: str) -> str:
    """A path as YAML: as it is, or in quotes where it holds what YAML would read as syntax."""
    return json.dumps(path, ensure_ascii=False) if re.search(r"[^\w./ -]", path) else path
