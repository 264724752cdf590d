"""Bundles as they are loaded: whole, broken, replaced."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from scoring.bundle import BACKGROUND, FALLBACK_MODEL, MANIFEST, MODEL, RULES, SCHEMA_FILE, TIERS
from scoring.digest import digest
from scoring.errors import UserError
from scoring.loading import load_bundle
from scoring.signature import SIGNATURE, sign
from serving.exchange import Call
from tests.keys import key_pair
from tests.service.conftest import one, write_club
from tests.service.damage import flipped, gone, truncated


def rehashed(folder: Path, name: str) -> None:
    """As somebody would who swaps a file and puts its hash into the manifest."""
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    content = {key: value for key, value in manifest.items() if key != "version"}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps({**manifest, "version": digest[:12]}))


BREAK = [gone, truncated, flipped]


def test_a_whole_bundle_has_every_tier(club):
    bundle = load_bundle(club)
    assert tuple(bundle.models) == TIERS
    assert bundle.faults == {}


@pytest.mark.parametrize("how", BREAK)
@pytest.mark.parametrize(
    ("file", "tier"), [(MODEL, "champion"), (FALLBACK_MODEL, "fallback"), (RULES, "rules")]
)
def test_a_broken_file_costs_its_tier_and_no_other(own_club, how, file, tier):
    how(own_club / file)
    bundle = load_bundle(own_club)
    assert set(TIERS) - set(bundle.models) == {tier}
    assert file in bundle.faults[tier]


@pytest.mark.parametrize("file", [MODEL, RULES])
def test_a_file_that_is_not_what_it_should_be_costs_its_tier(own_club, file):
    (own_club / file).write_bytes(b'[{"when": [{"feature": "x", "is": 1}], "probability": 2}]')
    rehashed(own_club, file)
    assert len(load_bundle(own_club).faults) == 1


def test_a_model_of_another_schema_costs_its_tier(own_club, tmp_path):
    other = write_club(tmp_path / "other", variant="no_value", winner="logistic")
    shutil.copy(other / MODEL, own_club / MODEL)
    rehashed(own_club, MODEL)
    assert "champion" in load_bundle(own_club).faults


@pytest.mark.parametrize("how", BREAK)
@pytest.mark.parametrize("file", [MANIFEST, SCHEMA_FILE])
def test_without_manifest_and_schema_nothing_starts(own_club, how, file):
    how(own_club / file)
    with pytest.raises(UserError, match=file):
        load_bundle(own_club)


def test_without_background_there_are_predictions_and_no_reasons(own_club, work):
    gone(own_club / BACKGROUND)
    answer = json.loads(work(bundle=own_club)._explain(Call("x", json.dumps(one()).encode())))
    assert answer["contributions"] == []
    assert answer["tier"] == "champion"


def test_where_a_key_is_set_a_signed_bundle_alone_is_loaded(own_club, work, tmp_path):
    private, public = key_pair(tmp_path)
    with pytest.raises(UserError, match=r"bundle\.sig: no such file"):
        work(bundle=own_club, bundle_key=public)
    (own_club / SIGNATURE).write_text(sign(own_club, private))
    worker = work(bundle=own_club, bundle_key=public)
    before = worker.engine.champion.bundle.version
    manifest = json.loads((own_club / MANIFEST).read_text())
    del manifest["version"]
    manifest["metrics"] = {}
    whole = manifest | {"version": digest(manifest)[: len(before)]}
    (own_club / MANIFEST).write_text(json.dumps(whole))
    worker.reload()  # whole, and signed by nobody
    assert worker.engine.champion.bundle.version == before
    (own_club / SIGNATURE).write_text(sign(own_club, private))
    worker.reload()
    assert worker.engine.champion.bundle.version == whole["version"]
