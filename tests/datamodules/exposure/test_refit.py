"""A model refitted to the levels of patients: what it reads, what it is stored as, and where it does not count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dosed import dose_rows, few_draws, write_dosed
from mudata import MuData

from datamodules.exposure.cohort_exposure import cohort_model
from datamodules.exposure.exposure_view import EXPOSURE_VIEW, with_exposure
from datamodules.exposure.refit import FEWEST_PATIENTS, KINETICS, KineticRefit, compared_values
from omics.cohort.read import read_cohort
from omics.common.errors import CohortError

KEYS = {"model": "vancomycin_buelga_2005", "covariates": {"CRCL": "crcl", "WT": "wt"}, "refit": True}
PATIENTS = [f"p{number:03d}" for number in range(40)]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> MuData:
    with few_draws():
        return with_exposure(read_cohort(write_dosed(tmp_path_factory.mktemp("refit"), **KEYS)))


@pytest.fixture(scope="module")
def refit(cohort: MuData) -> KineticRefit:
    found = KineticRefit.fit(cohort)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def refitted(cohort: MuData, refit: KineticRefit) -> MuData:
    with few_draws():
        return refit.apply(cohort)


def test_the_levels_change_the_model(cohort: MuData, refit: KineticRefit) -> None:
    published = cohort_model(cohort)
    assert published is not None
    assert refit.model is not None
    assert (refit.patients, refit.levels, refit.note) == (39, 39, "")
    assert refit.model.parameters["CL"].typical != published.parameters["CL"].typical
    # The effects of covariates are not estimated.
    assert refit.model.parameters["CL"].effects == published.parameters["CL"].effects
    assert np.linalg.eigvalsh(refit.model.omega).min() > 0


def test_exposure_is_that_of_the_refitted_model(
    cohort: MuData, refitted: MuData, refit: KineticRefit
) -> None:
    before, after = (one[EXPOSURE_VIEW].to_df() for one in (cohort, refitted))
    assert before.index.equals(after.index)
    assert (before - after).abs().to_numpy().max() > 0.01
    assert cohort_model(refitted) == refit.model
    # The cohort that was given is unchanged.
    assert cohort_model(cohort) != refit.model
    assert refit.apply(refitted) is refitted


def test_a_stored_model_is_read_again(tmp_path: Path, refit: KineticRefit, refitted: MuData) -> None:
    refit.save(tmp_path)
    again = KineticRefit.load(tmp_path)
    assert again == refit
    assert again is not None
    assert again.apply(refitted) is refitted
    assert KineticRefit.load(tmp_path / "nowhere") is None
    assert [path.name for path in tmp_path.iterdir()] == [f"{KINETICS}.json"]


def test_values_are_compared(cohort: MuData, refit: KineticRefit) -> None:
    table = compared_values(refit, cohort).set_index("value")
    published = cohort_model(cohort)
    assert published is not None
    assert refit.model is not None
    assert table["published"]["CL"] == published.parameters["CL"].typical
    assert table["refitted"]["variance V"] == refit.model.omega[1, 1]
    assert table["unit"]["additive"] == "mg/L"
    assert (table["relative_error"] > 0).all()


def test_without_the_key_nothing_is_refitted(tmp_path: Path) -> None:
    assert KineticRefit.fit(read_cohort(write_dosed(tmp_path))) is None


def test_few_patients_leave_the_published_model(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = dose_rows(PATIENTS)
    late = rows["ID"].isin(PATIENTS[FEWEST_PATIENTS:]) & rows["DV"].notna()
    # Levels after the window, at 100 hours, do not count.
    cohort = read_cohort(write_dosed(tmp_path, rows.assign(TIME=rows["TIME"].where(~late, 120.0)), **KEYS))
    refit = KineticRefit.fit(cohort)
    assert refit is not None
    assert refit.model is None
    assert refit.patients == FEWEST_PATIENTS - 1
    assert "the published model vancomycin_buelga_2005 is used" in refit.note
    assert refit.note in caplog.text
    assert refit.apply(cohort) is cohort
    refit.save(tmp_path)
    assert KineticRefit.load(tmp_path) == refit


def test_new_patients_without_doses_stay_as_they_are(refit: KineticRefit, acc: MuData) -> None:
    assert refit.apply(acc) is acc


def test_another_model_is_refused(tmp_path: Path, refit: KineticRefit) -> None:
    keys = {"model": "vancomycin_thomson_2009", "covariates": {"CRCL": "crcl", "WT": "wt"}}
    other = read_cohort(write_dosed(tmp_path, **keys))
    with pytest.raises(CohortError, match=r"vancomycin_buelga_2005, refitted.*names vancomycin_thomson_2009"):
        refit.apply(other)
