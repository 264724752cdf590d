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


def test_the_documentation_has_the_table_of_settings():
    assert table() in (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
