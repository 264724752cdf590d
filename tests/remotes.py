"""DVC remotes of the tests: a folder, or a bucket of an S3 server in the process."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import boto3

from stages.core.yamlfile import read_yaml

KEYS = {"aws_access_key_id": "me", "aws_secret_access_key": "mine"}


def git(place: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    subprocess.run(["git", *identity, *arguments], cwd=place, check=True, capture_output=True)


def clone(place: Path, into: Path) -> Path:
    """What somebody else gets: what is committed, and an empty cache."""
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--allow-empty", "--message", "remote")
    git(place, "clone", "--quiet", str(place), str(into))
    return into


def bucket(address: str) -> Any:
    """The bucket `team` of the server, past DVC."""
    service = boto3.resource("s3", endpoint_url=address, region_name="us-east-1", **KEYS)
    return service.Bucket("team")


def configure(place: Path, **settings: str) -> None:
    """What `dvc remote add -d store` and `dvc remote modify store` write."""
    lines = [f"    {name} = {value}\n" for name, value in settings.items()]
    text = "[core]\n    analytics = false\n    remote = store\n['remote \"store\"']\n"
    (place / ".dvc" / "config").write_text("".join([text, *lines]))


def to_s3(place: Path, address: str, *, bucket: str = "team") -> None:
    """A remote below the name of the test, with keys as only a test may keep them."""
    keys = {name.removeprefix("aws_"): value for name, value in KEYS.items()}
    url = f"s3://{bucket}/{place.parent.name}"
    configure(place, url=url, endpointurl=address, region="us-east-1", **keys)


def object_of(place: Path, output: str) -> str:
    """Where an output lies below the address of a remote."""
    if output == "adopted.csv":
        content = read_yaml(place / "adopted.csv.dvc")["outs"][0]["md5"]
    else:
        outs = [out for s in read_yaml(place / "dvc.lock")["stages"].values() for out in s["outs"]]
        content = next(out["md5"] for out in outs if out["path"] == output)
    return f"files/md5/{content[:2]}/{content[2:]}"
