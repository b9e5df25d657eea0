"""What a fit of growth reads from a run and its cohort."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import small
from saved_exposure import saved_exposure
from sized_cohort import sizes_of_patients, write_run, write_sized

from omics.cohort.read import read_cohort
from omics.common.errors import CohortError, InputError
from stratomics.pharmacology.run_exposure import save_exposure
from stratomics.pharmacology.tumour_inputs import tumour_inputs

PATIENTS = small.tables()["outcome"]["sample_id"].to_list()


def test_factors_covariates_and_folds_are_those_of_the_run(tmp_path: Path) -> None:
    cohort = write_sized(tmp_path / "cohort")
    run = write_run(tmp_path / "run", cohort)
    found = tumour_inputs(run, read_cohort(cohort))
    assert found.patients.to_list() == PATIENTS
    # The uncertainty of a factor is no factor.
    assert list(found.factors) == ["factor1", "factor2"]
    assert list(found.covariates) == ["age"]
    assert found.folds.to_list() == [k % 2 for k in range(len(PATIENTS))]
    assert found.exposure is None
    (note,) = found.notes
    assert note == "covariates that are no numbers or do not vary are left out: stage"


def test_patients_without_sizes_are_left_out_with_a_note(tmp_path: Path) -> None:
    cohort = write_sized(tmp_path / "cohort", sizes_of_patients(PATIENTS[:30]))
    found = tumour_inputs(write_run(tmp_path / "run", cohort), read_cohort(cohort))
    assert found.patients.to_list() == PATIENTS[:30]
    assert "10 patient(s) of the run have no tumour sizes and are left out" in found.notes


def test_factors_that_were_learned_with_outcomes_are_named(tmp_path: Path) -> None:
    cohort = write_sized(tmp_path / "cohort")
    found = tumour_inputs(write_run(tmp_path / "run", cohort, "supervised_vae"), read_cohort(cohort))
    assert any("learned with the outcomes of all patients" in note for note in found.notes)


def test_exposure_is_the_logarithm_of_the_first_measure(tmp_path: Path) -> None:
    cohort = write_sized(tmp_path / "cohort")
    run = write_run(tmp_path / "run", cohort)
    log_auc = np.linspace(5.0, 7.0, len(PATIENTS) - 1)
    save_exposure(run.path, saved_exposure(PATIENTS[1:], log_auc, dose=np.exp(log_auc)))
    found = tumour_inputs(run, read_cohort(cohort))
    assert found.exposure is not None
    np.testing.assert_allclose(found.exposure.iloc[1:], log_auc)
    assert np.isnan(found.exposure.iloc[0])
    assert "1 patient(s) have no exposure; theirs counts as the average" in found.notes


def test_without_sizes_or_factors_the_command_says_so(tmp_path: Path) -> None:
    cohort = write_sized(tmp_path / "cohort")
    run = write_run(tmp_path / "run", cohort)
    with pytest.raises(CohortError, match="no block 'tumour_size'") as found:
        tumour_inputs(run, read_cohort(small.write(tmp_path / "plain")))
    assert found.value.code == "no_tumour_sizes"
    shutil.rmtree(run.path / "factors")
    with pytest.raises(InputError, match="this run has no factors"):
        tumour_inputs(run, read_cohort(cohort))
