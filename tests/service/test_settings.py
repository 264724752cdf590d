"""Settings come from the environment and are checked at start."""

import pytest

from scoring.errors import UserError
from serving.settings import Settings, load_settings, table, unknown_variables
from tests.places import ROOT

KEYS = "k" * 16 + ", " + "l" * 20


def test_without_variables_the_defaults_hold():
    assert load_settings() == Settings()


def test_a_variable_is_read_by_its_name_and_an_empty_one_is_none(monkeypatch):
    variables = {"MAX_BATCH": "7", "LOG": "false", "API_KEYS": KEYS, "MAX_UNKNOWN": ""}
    for name, value in variables.items():
        monkeypatch.setenv(f"CHURN_{name}", value)
    made = load_settings()
    assert made.max_unknown is None
    assert (made.max_batch, made.log, len(made.api_keys)) == (7, False, 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_BATCH", "0"),
        ("MAX_BATCH", "many"),
        ("CHALLENGER_SHARE", "1.5"),
        ("CHALLENGER_MODE", "both"),
        ("RATE_LIMIT", "often"),
        ("LOG_IDS", "raw"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(monkeypatch, name, value):
    monkeypatch.setenv(f"CHURN_{name}", value)
    with pytest.raises(UserError, match=f"CHURN_{name}: '{value}'"):
        load_settings()


def test_a_misspelt_variable_is_found_and_those_of_clients_are_not():
    names = ["CHURN_MAX_BACTH", "CHURN_MAX_BATCH", "CHURN_API_KEY", "HOME"]
    assert unknown_variables(names) == ["CHURN_MAX_BACTH"]


def test_a_short_key_is_refused_and_not_shown(monkeypatch):
    monkeypatch.setenv("CHURN_API_KEYS", "hunter2")
    with pytest.raises(UserError) as caught:
        load_settings()
    assert "CHURN_API_KEYS" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_secret_is_read_from_a_file_and_a_variable_goes_before_it(monkeypatch, tmp_path):
    (tmp_path / "churn_api_keys").write_text(f"{KEYS}\n")
    (tmp_path / "churn_log_key").write_text("of the file\n")
    (tmp_path / "grafana_password").write_text("not ours")
    monkeypatch.setenv("CHURN_SECRETS", str(tmp_path))
    monkeypatch.setenv("CHURN_LOG_KEY", "of the environment")
    made = load_settings()
    assert (made.api_keys[0], len(made.api_keys)) == ("k" * 16, 2)
    assert made.log_key == "of the environment"


def test_a_wrong_secret_is_named_and_not_shown(monkeypatch, tmp_path):
    (tmp_path / "churn_api_keys").write_text("hunter2")
    monkeypatch.setenv("CHURN_SECRETS", str(tmp_path))
    with pytest.raises(UserError, match="CHURN_API_KEYS: a key is shorter") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


def test_secrets_that_are_not_there_are_not_passed_over(monkeypatch, tmp_path):
    monkeypatch.setenv("CHURN_SECRETS", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match=r"CHURN_SECRETS: .*nowhere': no such folder"):
        load_settings()


def test_a_secret_that_cannot_be_read_is_no_traceback(monkeypatch, tmp_path):
    (tmp_path / "churn_api_keys").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("CHURN_SECRETS", str(tmp_path))
    with pytest.raises(UserError, match="CHURN_SECRETS: cannot be read"):
        load_settings()


def test_the_documentation_has_the_table_of_settings():
    assert table() in (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
