"""The file `params.yaml`: all sections, none too many, and what a notebook falls back to."""

import pytest
from ruamel.yaml import YAML

from scoring.errors import UserError
from stages.core.paths import Paths
from stages.core.section import read_params
from stages.features.features_params import Features
from stages.parameters import SECTIONS, read_parameters
from tests.places import HERE

CONTENT = read_params(HERE.params)


def file_rejection(path, *, read=read_params) -> str:
    with pytest.raises(UserError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("text", ["", "- 1\n", "text"])
def test_file_without_sections_is_named(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    assert "expected sections" in file_rejection(path)


def written(path, content: dict):
    YAML().dump(content, path)
    return path


@pytest.mark.parametrize("section", SECTIONS)
def test_missing_section_is_named(tmp_path, section):
    rest = {name: values for name, values in CONTENT.items() if name != section}
    written(tmp_path / "params.yaml", rest)
    assert f"section {section}: missing" in file_rejection(Paths(tmp_path), read=read_parameters)


def test_section_too_many_is_named(tmp_path):
    written(tmp_path / "params.yaml", CONTENT | {"serve": {}})
    message = file_rejection(Paths(tmp_path), read=read_parameters)
    assert "section serve: unknown" in message
    assert all(section in message for section in SECTIONS)


def test_injected_section_is_taken_as_it_is():
    section = {"test_share": 0.3, "seed": 1, "max_customers": 1000, "max_cells": 100_000}
    assert Features.given(section, HERE).test_share == 0.3


def test_empty_parameter_cell_falls_back_to_the_file():
    assert Features.given({}, HERE) == Features.of(CONTENT["features"])
