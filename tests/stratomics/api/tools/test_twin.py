"""``st.twin``: from a run, a model or a folder, for all patients or some."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from dosed import HIGH, LOW, few_draws

import stratomics as st
from omics.cohort.new_patients import read_new_patients
from omics.common.errors import InputError


@pytest.fixture(autouse=True, scope="module")
def _few_draws() -> Iterator[None]:
    with few_draws():
        yield


@pytest.mark.slow
def test_a_folder_and_a_model_give_the_same_twins(exposed_model: Path) -> None:
    cohort = exposed_model.parent / "cohort"
    of_folder = st.twin(exposed_model, cohort, [LOW, HIGH], patients=["p001"], times=[200.0])
    patients = read_new_patients(cohort)
    of_model = st.twin(
        st.Stratifier.load(exposed_model), patients, [LOW, HIGH], patients=["p001"], times=[200.0]
    )
    pd.testing.assert_frame_equal(of_folder.predictions, of_model.predictions)
    assert of_folder.predictions["time"].dropna().unique().tolist() == [200.0]
    assert of_folder.unit == ""
    assert "p001" in patients.obs_names


def test_a_patient_who_is_not_there_is_refused(exposed_model: Path) -> None:
    with pytest.raises(InputError, match="there is no patient p1000; did you mean 'p000'"):
        st.twin(exposed_model, exposed_model.parent / "cohort", [LOW], patients=["p1000"])
