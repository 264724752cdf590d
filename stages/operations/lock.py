"""What `dvc.lock` says of the last run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.core.yamlfile import read_yaml


def locked_stages(lock: Path) -> dict[str, dict[str, Any]]:
    """The record of every stage: deps, outs, params; empty without a lock, or where it has none.

    Each of deps and outs has a path and an `md5`, which is empty where the lock has none. Any
    layout is read as far as it goes: a lock of another revision may have another one.
    `UserError` where the lock is not YAML.
    """
    if not lock.is_file():
        return {}
    stages = mapping(mapping(read_yaml(lock)).get("stages"))
    return {name: _record(content) for name, content in stages.items()}


def locked_outputs(lock: Path) -> dict[str, dict[str, Any]]:
    """The record of every output by its path, in the order of the stages; as `locked_stages`."""
    return {out["path"]: out for stage in locked_stages(lock).values() for out in stage["outs"]}


def mapping(content: Any) -> dict[str, Any]:
    """The content where it is a mapping, else an empty one."""
    return dict(content) if isinstance(content, Mapping) else {}


def _record(content: Any) -> dict[str, Any]:
    stage = mapping(content)
    params = mapping(stage.get("params")).items()
    return {
        **{kind: _files(stage.get(kind)) for kind in ("deps", "outs")},
        "params": {file: mapping(sections) for file, sections in params},
    }


def _files(content: Any) -> list[dict[str, Any]]:
    files = [mapping(file) for file in content] if isinstance(content, list) else []
    return [{**file, "md5": file.get("md5") or ""} for file in files if "path" in file]
