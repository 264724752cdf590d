"""Generated and real customers: alike where they are alike, found out where they are not."""

import numpy as np
import pandas as pd
import pytest

from scoring.schema import parse_schema
from stages.core.paths import Paths
from stages.core.yamlfile import load_schema, read_yaml
from stages.simulator import realism
from tests import builders
from tests.worlds import left, parameters, whole

HERE = Paths.here()
SCHEMA = load_schema(HERE.schema)
CUSTOMERS = whole(month=0, rows=1500, seed=77).customers


def pair_with(customers: pd.DataFrame = CUSTOMERS) -> realism.Pair:
    pair = realism.with_reference(customers, SCHEMA, parameters(), HERE)
    assert pair is not None
    return pair


@pytest.fixture(scope="module")
def alike() -> realism.Pair:
    """ "Real" customers who are simulated ones of another seed."""
    return pair_with()


@pytest.fixture(scope="module")
def unlike() -> realism.Pair:
    """Customers who pay half as much, and of whom those leave who would have stayed."""
    churn = np.where(left(CUSTOMERS), "No", "Yes")
    return pair_with(CUSTOMERS.assign(MonthlyCharges=CUSTOMERS["MonthlyCharges"] / 2, Churn=churn))


def test_as_many_are_generated_as_there_are_real_ones(alike):
    assert len(alike.generated) == len(alike.real) == len(CUSTOMERS)
    assert list(alike.generated) == list(alike.real)
    assert not set(alike.generated["customerID"]) & set(alike.real["customerID"])


def test_columns_in_another_order_are_the_same_columns():
    backwards = CUSTOMERS[CUSTOMERS.columns[::-1]]
    assert list(pair_with(backwards).generated) == list(backwards)


def test_other_columns_are_not_compared():
    assert (
        realism.with_reference(builders.customers(), builders.schema(), parameters(), HERE) is None
    )


def test_a_column_of_another_kind_is_not_compared():
    content = read_yaml(HERE.schema)
    senior = next(c for c in content["columns"] if c["name"] == "SeniorCitizen")
    senior |= {"kind": "integer"}
    del senior["values"]
    schema = parse_schema(content, origin="other.yaml")
    assert realism.with_reference(CUSTOMERS, schema, parameters(), HERE) is None


def test_models_cannot_tell_alike_apart_and_learn_from_either(alike):
    figures = realism.models(alike)["ROC AUC"]
    assert 0.45 < figures["real or generated"] < 0.55
    assert figures["churn, learned from generated"] > 0.8
    assert figures["churn, learned from real"] > 0.8


def test_models_tell_unlike_apart_and_do_not_carry_over(unlike):
    figures = realism.models(unlike)["ROC AUC"]
    assert figures["real or generated"] > 0.95
    assert figures["churn, learned from generated"] < 0.3
    assert figures["churn, learned from real"] > 0.8


def test_models_are_left_out_where_a_class_is_too_small():
    few = CUSTOMERS.assign(Churn=np.where(np.arange(len(CUSTOMERS)) < 4, "Yes", "No"))
    assert realism.models(pair_with(few)) is None


def test_models_see_a_sample_of_many(alike, monkeypatch):
    monkeypatch.setattr(realism, "AT_MOST", 700)
    assert 0.4 < realism.models(alike)["ROC AUC"]["real or generated"] < 0.6


def test_numbers_are_those_of_each_table(unlike):
    numbers = realism.numbers(unlike)
    assert len(numbers) == 2 * len(SCHEMA.numeric_inputs)
    for who, table in unlike.both.items():
        fees = table["MonthlyCharges"]
        row = numbers.loc[f"MonthlyCharges, {who}"]
        assert row["mean"] == fees.mean()
        assert row["50% are below"] == fees.median()


def test_shares_add_up_to_one_per_column_and_differ_where_they_differ(unlike):
    shares = realism.shares(unlike)
    column = shares.index.str.split(": ").str[0]
    assert set(column) == {c.name for c in SCHEMA.category_inputs} | {"Churn"}
    assert np.allclose(shares[["real", "generated"]].groupby(column).sum(), 1)
    assert shares.loc["Churn: Yes", "real"] == pytest.approx(left(unlike.real).mean())
    assert shares.loc["Churn: Yes", "difference"] < -0.3


def test_strongest_associations_of_alike_agree_in_size_and_sign(alike):
    table = realism.strongest(alike)
    assert len(table) == 10
    assert table["real"].abs().is_monotonic_decreasing
    assert table["difference"].abs().max() < 0.05
    assert (np.sign(table["real"]) == np.sign(table["generated"])).all()


def test_a_turned_sign_is_seen():
    turned = CUSTOMERS.assign(TotalCharges=9000 - CUSTOMERS["TotalCharges"])
    table = realism.strongest(pair_with(turned))
    row = table.loc["TotalCharges, tenure"]
    assert row["real"] < -0.7
    assert row["generated"] > 0.7


def test_curves_share_their_groups_of_tenure(unlike):
    curves = realism.churn_by_tenure(unlike)
    assert list(curves) == ["real", "generated"]
    for who, table in unlike.both.items():
        curve = curves[who]
        assert curve["customers"].sum() == len(table)
        assert (curve["low"] <= curve["value"]).all()
    assert curves["real"].index.equals(curves["generated"].index)
    assert (curves["generated"]["value"].iloc[0], curves["real"]["value"].iloc[0]) == pytest.approx(
        (0.6, 0.4), abs=0.1
    )
