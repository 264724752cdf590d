"""The supply chain: what the locks hold, and what is known against it."""

from __future__ import annotations

import argparse

from stages.commands import Commands
from stages.core.paths import Paths


def add(commands: Commands) -> None:
    """Teach the command line these commands."""
    sbom = commands.add_parser(
        "sbom",
        help="write what the locks hold as CycloneDX, to sbom/",
        description="A bill of materials for each lock: packages, versions, hashes, licenses and "
        "who needs whom, as CycloneDX JSON in sbom/.",
    )
    sbom.add_argument(
        "--image",
        choices=("service", "pipeline"),
        help="instead, what is in the image that was built, to sbom/image-….cdx.json",
    )
    sbom.set_defaults(command=_sbom)
    audit = commands.add_parser(
        "audit",
        help="known vulnerabilities of the locked packages",
        description="Ask a vulnerability service about every locked package. What is accepted for "
        "a while is in pyproject.toml, [[tool.churn.accepted-vulnerabilities]].",
    )
    audit.add_argument(
        "--osv",
        metavar="URL",
        help="a service that speaks OSV's protocol, such as https://api.osv.dev/v1/query; "
        "otherwise the package index is asked",
    )
    audit.set_defaults(command=_audit)


def _sbom(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.supply.image_sbom import write_image_sbom
    from stages.operations.supply.sbom import write_sboms

    print(write_image_sbom(options.image, paths) if options.image else write_sboms(paths))


def _audit(options: argparse.Namespace, paths: Paths) -> None:
    from stages.operations.supply.vulnerabilities import audit

    print(audit(paths, osv=options.osv))
