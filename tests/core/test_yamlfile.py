"""Files that people edit: a mistake in one is named in one line."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from scoring.errors import UserError
from stages.core.section import read_params
from stages.core.yamlfile import load_schema
from tests import builders

each_reader = pytest.mark.parametrize("read", [read_params, load_schema])


def rejection(read, path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    return str(caught.value)


@each_reader
def test_missing_file_is_named(read, tmp_path):
    assert "no such file" in rejection(read, tmp_path / "nowhere.yaml")


@each_reader
@pytest.mark.parametrize("text", ["columns: [", "a: 1\na: 2", "\tx: 1", "- *unknown"])
def test_file_that_is_not_yaml_is_refused_in_one_line(read, tmp_path, text):
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    assert "file.yaml: not YAML" in rejection(read, path)


@each_reader
@pytest.mark.parametrize("content", ["columns: [{name: Größe}]".encode("latin-1"), b""])
def test_file_that_is_not_utf8_or_empty_is_refused_in_one_line(read, tmp_path, content):
    path = tmp_path / "file.yaml"
    path.write_bytes(content)
    rejection(read, path)


def test_schema_is_read_from_yaml_and_from_json(tmp_path):
    as_yaml, as_json = tmp_path / "schema.yaml", tmp_path / "schema.json"
    YAML().dump(builders.content(), as_yaml)
    as_json.write_text(json.dumps(builders.content(), ensure_ascii=False), encoding="utf-8")
    assert load_schema(as_yaml) == load_schema(as_json) == builders.schema()
