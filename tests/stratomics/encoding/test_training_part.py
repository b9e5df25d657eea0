"""Patients whose values of one view are replaced are encoded as if all views were read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dosed import few_draws, write_dosed
from mudata import MuData

from datamodules.exposure.exposure_view import EXPOSURE_VIEW, join_exposure, with_exposure
from datamodules.exposure.refit import KineticRefit
from datamodules.split import Fold
from omics.cohort.new_patients import read_new_patients
from omics.cohort.read import read_cohort
from stratomics.config import ExperimentConfig
from stratomics.encoding.training_part import EncodedPatients, NewPatients
from stratomics.fitting.fitted import Fitted


def test_a_replaced_view_is_encoded_as_if_read_again(exposed_model: Path) -> None:
    model = Fitted.load(exposed_model)
    cohort = with_exposure(
        read_new_patients(exposed_model.parent / "cohort")[["p000", "p001", "p003"]].copy()
    )
    values = cohort[EXPOSURE_VIEW].to_df()
    changed = join_exposure(cohort, values + 0.3, values * 0 + 0.1)
    patients = EncodedPatients.of(cohort, model.encoders)
    replaced, again = patients.replaced(changed, EXPOSURE_VIEW), EncodedPatients.of(changed, model.encoders)
    before = model.predict_encoded(patients).patients
    for one, other in zip(replaced.members, again.members, strict=True):
        for block in other.blocks:
            np.testing.assert_array_equal(one.blocks[block], other.blocks[block])
    found, expected = (model.predict_encoded(one).patients for one in (replaced, again))
    np.testing.assert_array_equal(found["risk"], expected["risk"])
    assert (found["risk"] < before["risk"]).all()


def test_members_have_the_mean_of_the_prediction(exposed_model: Path) -> None:
    """The spread of candidates is added on both sides, so that on average a probability changes little."""
    model = Fitted.load(exposed_model)
    cohort = with_exposure(read_new_patients(exposed_model.parent / "cohort")[["p000", "p001"]].copy())
    patients = EncodedPatients.of(cohort, model.encoders)
    _, response = model.members_encoded(patients)
    predicted = model.predict_encoded(patients).patients["response_probability"]
    np.testing.assert_allclose(response.plausible.value(0.0).mean(axis=0), predicted, rtol=1e-6)


REFIT = {"model": "vancomycin_buelga_2005", "covariates": {"CRCL": "crcl", "WT": "wt"}, "refit": True}
FOLD = Fold(0, 0, np.arange(30), np.arange(30, 40))


@pytest.fixture(scope="module")
def dosed(tmp_path_factory: pytest.TempPathFactory) -> MuData:
    return read_cohort(write_dosed(tmp_path_factory.mktemp("dosed"), **REFIT))


def new_patients(cohort: MuData, patient: int | None = None) -> NewPatients:
    """The fold of a cohort, with another level of one patient."""
    changed = cohort.copy()
    table = changed.uns["stratomics"]["exposure"]["events"]
    if patient is not None:
        rows = (table["patient"] == f"p{patient:03d}") & table["observed"]
        assert rows.any()
        table.loc[rows, "level"] *= 2
    return NewPatients.of_fold(changed, FOLD, ExperimentConfig(), 1)


def stored(part: NewPatients, folder: Path) -> bytes:
    kinetics = part.part.kinetics
    assert isinstance(kinetics, KineticRefit)
    folder.mkdir()
    kinetics.save(folder)
    (file,) = folder.iterdir()
    return file.read_bytes()


def test_the_levels_of_held_out_patients_do_not_change_the_refitted_model(
    dosed: MuData, tmp_path: Path
) -> None:
    """Leakage: the refitted model of a fold rests on its training patients alone, to the byte."""
    same, held_out, trained = (
        stored(new_patients(dosed, patient), tmp_path / str(patient)) for patient in (None, 35, 5)
    )
    assert same == held_out
    assert same != trained


def test_without_a_refit_exposure_rests_on_each_patient_alone(tmp_path: Path) -> None:
    cohort = read_cohort(write_dosed(tmp_path, **(REFIT | {"refit": False})))
    with few_draws():
        part = new_patients(with_exposure(cohort)).part
        changed = new_patients(with_exposure(cohort), 5).part
    assert part.kinetics is None
    assert part.prepared is part.cohort
    np.testing.assert_array_equal(part.cohort[EXPOSURE_VIEW].X, changed.cohort[EXPOSURE_VIEW].X)
