"""What the documentation shows is what comes: its commands are run, and their output compared."""

import re
import subprocess

import pytest

from tests.places import ROOT
from tests.service.conftest import serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # the pipeline runs first
BLOCK = re.compile(r"^```console\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
HERE = "localhost:3000"


def shown() -> list[tuple[str, str]]:
    """Commands of the documentation and the output that it shows; `…` stands for anything."""
    blocks = BLOCK.findall((ROOT / "docs" / "service.md").read_text(encoding="utf-8"))
    steps = [step for block in blocks for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    ends = [re.search(r"^\{", step, flags=re.MULTILINE) for step in steps]
    return [
        (step[: end.start()], step[end.start() :]) for step, end in zip(steps, ends, strict=True)
    ]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_the_output_in_the_documentation_is_what_comes(finished, tmp_path):
    assert len(shown()) >= 4
    with serve(tmp_path, finished / "models" / "champion") as server:
        for command, expected in shown():
            typed = command.replace(HERE, server.url.removeprefix("http://"))
            done = subprocess.run(
                ["bash", "-c", typed], capture_output=True, text=True, check=True, timeout=60
            )
            parts = map(re.escape, squeezed(expected).split("…"))
            assert re.fullmatch(".*".join(parts), squeezed(done.stdout)), done.stdout
