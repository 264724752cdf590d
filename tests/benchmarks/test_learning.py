"""The learning curve: the same test customers for all, and the oracle ahead of everybody."""

import pytest

from benchmarks.learning import in_short, learning_curve


@pytest.fixture(scope="module")
def curve():
    return learning_curve((300, 2000), test=3000)


def test_every_size_has_every_candidate_and_the_same_oracle(curve):
    assert list(curve["customers"]) == [300] * 3 + [2000] * 3
    assert set(curve["candidate"]) == {"logistic", "xgboost", "vote"}
    for name in ("roc_auc_oracle", "brier_oracle", "true_profit_per_customer_oracle"):
        assert curve[name].nunique() == 1


def test_terminal_shows_value_and_distance(curve):
    short = in_short(curve)
    row = curve.iloc[0]
    expected = f"{row['roc_auc']:.4f}, {row['roc_auc_regret']:.4f} ("
    assert short["AUC, behind the oracle"].iloc[0].startswith(expected)
    assert len(short) == len(curve)


def test_nobody_is_ahead_of_the_oracle_and_more_customers_help(curve):
    for name in ("roc_auc", "brier", "true_profit_per_customer"):
        assert (curve[f"{name}_regret"] > 0).all()
        assert (curve[f"{name}_low"] <= curve[f"{name}_high"]).all()
        few, many = (curve.loc[curve["customers"] == n, f"{name}_regret"] for n in (300, 2000))
        assert many.mean() < few.mean()
