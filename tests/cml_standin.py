"""What `cml comment update` does, for machines without it: test_comment.py holds both to the same.

Three routes at HOST/api/v3, the comment found by a watermark that carries any commit. Pictures of
this machine are uploaded, where that is asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import ssl
import sys
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

WATERMARK = re.compile(r'!\[\]\(https://cml\.dev/watermark\.png#[0-9a-fA-F]+ "CML watermark"\)')


def main() -> None:
    parser = argparse.ArgumentParser(prog="cml comment update")
    for name in ("--driver", "--repo", "--target", "--publish", "--publish-url"):
        parser.add_argument(name)
    parser.add_argument("markdown", type=Path)
    assert sys.argv[1:3] == ["comment", "update"]
    options = parser.parse_args(sys.argv[3:])
    assert options.driver == "github"
    kind, number = options.target.split("/")
    assert kind == "pr"
    mark = f'![](https://cml.dev/watermark.png#{os.environ["GITHUB_SHA"]} "CML watermark")'
    text = options.markdown.read_text(encoding="utf-8")
    if options.publish_url:
        text = re.sub(r"(!\[.*?\])\((.*?)\)", lambda it: published(it, options), text)
    else:
        assert options.publish == "false"
    body = {"body": f"{text}\n\n{mark}"}
    issues = api(options.repo) + "/issues"
    comments = ask("GET", f"{issues}/{number}/comments")
    own = [comment["id"] for comment in comments if WATERMARK.search(comment["body"])]
    if own:
        print(ask("PATCH", f"{issues}/comments/{own[-1]}", body)["html_url"])
    else:
        print(ask("POST", f"{issues}/{number}/comments", body)["html_url"])


def published(found: re.Match[str], options: argparse.Namespace) -> str:
    picture = options.markdown.parent / found[2]
    request = urllib.request.Request(options.publish_url, data=picture.read_bytes())
    with urllib.request.urlopen(request, context=context()) as answer:
        return f"{found[1]}({answer.read().decode()})"


def api(repository: str) -> str:
    parts = urlsplit(repository)
    return f"https://{parts.netloc}/api/v3/repos{parts.path}"


def ask(method: str, address: str, body: dict[str, str] | None = None) -> Any:
    request = urllib.request.Request(
        address,
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"token {os.environ['REPO_TOKEN']}"},
    )
    with urllib.request.urlopen(request, context=context()) as answer:
        return json.load(answer)


def context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=os.environ["NODE_EXTRA_CA_CERTS"])


if __name__ == "__main__":
    main()
