"""A bundle that has to be signed: by the owner of the key, and as it was signed."""

import json

import pytest

from scoring.bundle import MANIFEST
from scoring.errors import UserError
from scoring.signature import SIGNATURE, check_signature, sign
from tests.keys import key_pair


@pytest.fixture
def signed(tmp_path):
    """A manifest with its signature, and the public key."""
    private, public = key_pair(tmp_path)
    (tmp_path / MANIFEST).write_text('{"version": "abc"}')
    (tmp_path / SIGNATURE).write_text(sign(tmp_path, private))
    return tmp_path, json.loads((tmp_path / MANIFEST).read_text()), public


def test_what_its_owner_signed_is_accepted(signed):
    check_signature(*signed)


def test_a_changed_manifest_is_refused(signed):
    folder, _, public = signed
    (folder / MANIFEST).write_text('{"version": "abd"}')
    with pytest.raises(UserError, match=r"bundle\.sig: no valid signature of bundle\.json"):
        check_signature(folder, {"version": "abd"}, public)


def test_a_manifest_that_is_not_the_one_that_was_read_is_refused(signed):
    folder, manifest, public = signed
    with pytest.raises(UserError, match="no valid signature"):
        check_signature(folder, manifest | {"threshold": 0.1}, public)


def test_another_owner_is_refused(signed, tmp_path):
    folder, manifest, _ = signed
    with pytest.raises(UserError, match="no valid signature"):
        check_signature(folder, manifest, key_pair(tmp_path, "other")[1])


@pytest.mark.parametrize("content", [None, "not base64!", ""])
def test_a_signature_that_is_none_is_refused(signed, content):
    folder, manifest, public = signed
    (folder / SIGNATURE).unlink()
    if content is not None:
        (folder / SIGNATURE).write_text(content)
    with pytest.raises(UserError, match=r"bundle\.sig"):
        check_signature(folder, manifest, public)


def test_what_is_no_key_is_named(signed, tmp_path):
    folder, manifest, _ = signed
    (tmp_path / "text.pem").write_text("no key")
    with pytest.raises(UserError, match=r"text\.pem"):
        sign(folder, tmp_path / "text.pem")
    with pytest.raises(UserError, match=r"text\.pem"):
        check_signature(folder, manifest, tmp_path / "text.pem")
