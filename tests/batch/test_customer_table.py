"""What the model was asked about each customer, kept next to the scores where it is asked for."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from scoring.derive import derive
from scoring.errors import UserError
from scoring.loading import load_bundle
from scoring.score_files import CUSTOMERS
from tests import builders


def test_the_kept_inputs_give_the_scores_again(club, members, scored):
    # given a row that is rejected, one that repeats a customer, and blanks
    members.loc[3, builders.SIZE] = "riesig"
    members.loc[50, builders.NUMBER] = members.loc[2, builders.NUMBER]
    assert (members[builders.PAYS] == "").any()

    outcome = scored(members, customers=True)

    # then every score has its inputs, in the same order
    bundle = load_bundle(club)
    kept = pq.read_table(outcome.folder / "customers.parquet").to_pandas()
    inputs = derive({c.name: kept[c.name].to_numpy() for c in bundle.schema.inputs}, bundle.schema)
    scores = pq.read_table(outcome.scores)["churn_probability"].to_numpy()
    assert len(kept) == len(members) - 2
    assert np.array_equal(bundle.models["champion"].probability(inputs), scores)


def test_inputs_of_an_earlier_run_do_not_stay_next_to_other_scores(members, scored):
    kept = scored(members, customers=True)
    assert json.loads((kept.folder / "summary.json").read_text())["customers"]

    again = scored(members.head(60))

    assert again.folder == kept.folder
    assert not (again.folder / "customers.parquet").exists()
    assert json.loads((again.folder / "summary.json").read_text())["customers"] is None


def test_a_table_of_that_name_that_the_user_has_there_is_not_touched(members, scored, tmp_path):
    # given the input next to the scores, under the name that kept customers would have
    source = tmp_path / CUSTOMERS
    members.to_parquet(source)
    before = source.read_bytes()
    # then scoring leaves it as it is, and where it would be written over it is refused
    outcome = scored(str(source), "scores.parquet")
    assert outcome.scores.parent == source.parent
    assert source.read_bytes() == before
    with pytest.raises(UserError, match=f"{CUSTOMERS}: would be written over"):
        scored(str(source), "scores.parquet", customers=True)
    assert source.read_bytes() == before


def test_an_input_is_not_written_over_by_the_contact_list(members, scored, tmp_path):
    source = tmp_path / "contact_list.csv"
    members.to_csv(source, index=False)
    with pytest.raises(UserError, match=r"contact_list\.csv: would be written over"):
        scored(str(source), "scores.parquet")
    with pytest.raises(UserError, match=r"contact_list\.csv: would be written over"):
        scored(str(tmp_path / "contact_*.csv"), "scores.parquet")
