"""Exposure by dose: differs with the doses, and not with the patients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dosed import DOSES, dose_rows, few_draws, write_dosed

from datamodules.exposure.cohort_exposure import cohort_exposure, on_log_scale
from datamodules.exposure.exposure_by_dose import exposure_by_dose
from datamodules.exposure.published.library import find_model, list_models
from omics.cohort.read import read_cohort


def test_it_follows_the_doses_of_patients_alone(tmp_path: Path) -> None:
    """Golden: the kinetics are linear, so that the logarithm differs by that of the doses."""
    cohort = read_cohort(write_dosed(tmp_path, metrics=["auc24_ss", "cmin_ss", "t_above_10_ss"]))
    found = exposure_by_dose(cohort)
    assert list(found) == ["log_auc24_ss", "log_cmin_ss", "t_above_10_ss"]
    dose = np.array([DOSES[number % 3] for number in range(len(found))])
    for name in ("log_auc24_ss", "log_cmin_ss"):
        apart = found[name] - np.log(dose)
        np.testing.assert_allclose(apart, apart.iloc[0], rtol=1e-9)
    assert found["t_above_10_ss"].between(0, 1).all()


def test_the_rest_of_exposure_does_not_depend_on_the_dose(tmp_path: Path) -> None:
    """The same patients with twice the doses and levels have the same rest."""
    rests = []
    for factor in (1, 2):
        rows = dose_rows(
            pd.read_csv(write_dosed(tmp_path / str(factor)) / "outcome.csv")["sample_id"].to_list()
        )
        rows[["AMT", "RATE"]] *= factor
        rows = rows[rows["AMT"].notna()]
        cohort = read_cohort(write_dosed(tmp_path / f"{factor}", rows))
        with few_draws():
            given = cohort_exposure(cohort)
        assert given is not None
        rests.append(on_log_scale(given)[0] - exposure_by_dose(cohort))
    pd.testing.assert_frame_equal(*rests, rtol=1e-6)


@pytest.mark.parametrize("name", sorted(model.name for model in list_models()))
def test_each_model_names_all_covariates_of_its_typical_patient(name: str) -> None:
    from datamodules.exposure.published.computed_covariates import complete_covariates

    model = find_model(name)
    values = {key: np.array([value]) for key, value in model.typical_patient.covariates.items()}
    assert set(model.covariates) <= set(complete_covariates(model.covariates, values))
