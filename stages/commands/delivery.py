"""What workflows hand on: the comment on a pull request, the images."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from stages.commands import Commands
from stages.commands.arguments import ENVIRONMENTS
from stages.core.paths import Paths


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    comment = commands.add_parser(
        "comment",  # no help: CI alone types it, and the list is for people
        description="Make a report safe and post it with CML on the open pull request whose newest "
        "commit it is of. From the environment: GITHUB_SERVER_URL, GITHUB_API_URL, "
        "GITHUB_REPOSITORY and GITHUB_TOKEN (pull-requests: write); HEAD_REPOSITORY, HEAD_BRANCH "
        "and HEAD_SHA, what was reported on; RUN_URL, where its artifacts are; PUBLISH_URL, where "
        "CML may publish the pictures (default: nowhere).",
    )
    comment.add_argument(
        "folder", type=Path, help="with pull_request.md; where it is missing, the comment says so"
    )
    comment.set_defaults(command=_comment)
    build = commands.add_parser(
        "image",
        help="make the image of the newest bento or of the pipeline, with Docker or Podman",
        description="Make a container image of the newest bento (bentoml build), or of "
        "the pipeline with the files of this work tree, with Docker or Podman, whichever answers "
        "first.",
    )
    _add_kind(build)
    build.add_argument("--archive", type=Path, help="also save it to this file")
    build.add_argument("--base", help="an image with Python 3.11 to put it on")
    build.set_defaults(command=_image)
    scan = commands.add_parser(
        "scan-image",
        help="look for vulnerabilities in the image",
        description="Look for known vulnerabilities in the image, with Trivy.",
    )
    _add_kind(scan)
    scan.set_defaults(command=_scan_image)
    push = commands.add_parser("push-image", description="Push the image to a registry of images.")
    push.add_argument("address", help="without a version, such as ghcr.io/owner/churn")
    push.add_argument("version", help="such as v1.0.0, or a tag of the registry: churn@v1.0.0")
    push.add_argument("--archive", type=Path, help="take the image from this file")
    _add_kind(push)
    push.set_defaults(command=_push_image)
    _add_rollout(commands)


def _add_rollout(commands: Commands) -> None:
    rollout = commands.add_parser(
        "rollout",
        help="move a released image into a cluster, ask it, take it back where it is not right",
        description="Have the service in the namespace churn-ENVIRONMENT run an image, wait for "
        "its pods, send the smoke test's requests; where that fails, the image of before comes "
        "back. By kubectl with the configuration of this machine, or in a workflow with "
        "CLUSTER_SERVER and CLUSTER_CA and the token that GitHub signs for the job.",
    )
    rollout.add_argument("environment", choices=ENVIRONMENTS, help="whose cluster")
    rollout.add_argument("image", help="by digest, such as ghcr.io/owner/churn@sha256:…")
    rollout.add_argument("--pipeline", help="the image of the monthly run from then on, likewise")
    rollout.set_defaults(command=_rollout)


def _add_kind(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "kind", nargs="?", choices=("service", "pipeline"), default="service",
        help="which image (default: service)",
    )  # fmt: skip


def _comment(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.comment.post import post
    from stages.operations.comment.pulls import Run

    run = Run.from_environment()
    print(post(options.folder, run, paths, publish_url=os.environ.get("PUBLISH_URL", "")))


def _image(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.image import build

    print(build(paths, options.kind, base=options.base, archive=options.archive))


def _scan_image(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.image import scan

    print(scan(options.kind))


def _push_image(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.image import push

    print(push(options.address, options.version, options.kind, archive=options.archive))


def _rollout(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.rollout.rollout import rollout

    print(rollout(options.environment, options.image, pipeline=options.pipeline))
