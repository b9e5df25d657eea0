"""A model whose kinetic model was refitted: stored, read again, and used wherever new patients are encoded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dosed import HIGH, MIDDLE, few_draws, fit_exposed, write_dosed
from mudata import MuData

from datamodules.exposure.exposure_view import EXPOSURE_VIEW, with_exposure
from omics.cohort.new_patients import read_new_patients
from stratomics.fitting.fitted import Fitted
from stratomics.pharmacology.twins.regimen_file import read_regimens
from stratomics.pharmacology.twins.twin import twins_of

KEYS = {
    "model": "vancomycin_buelga_2005",
    "covariates": {"CRCL": "crcl", "WT": "wt"},
    "metrics": ["auc24_ss"],
    "refit": True,
}
SOME = ["p001", "p004", "p007"]


@pytest.fixture(autouse=True, scope="module")
def _few_draws() -> Iterator[None]:
    with few_draws():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("refitted")
    fit_exposed(write_dosed(place / "cohort", **KEYS), place / "model")
    return place


@pytest.fixture(scope="module")
def model(folder: Path) -> Fitted:
    return Fitted.load(folder / "model")


@pytest.fixture(scope="module")
def patients(folder: Path) -> MuData:
    return with_exposure(read_new_patients(folder / "cohort")[SOME].copy())


def test_a_model_read_again_predicts_the_same(
    folder: Path, model: Fitted, patients: MuData, tmp_path: Path
) -> None:
    assert model.kinetics is not None
    assert model.kinetics.model is not None
    model.save(tmp_path)
    for path in (folder / "model").glob("kinetics*"):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
    again = Fitted.load(tmp_path).predict(patients).patients
    pd.testing.assert_frame_equal(again, model.predict(patients).patients)


def test_new_patients_have_the_exposure_of_the_refitted_model(model: Fitted, patients: MuData) -> None:
    prepared = model.prepared(patients)
    shift = prepared[EXPOSURE_VIEW].to_df() - patients[EXPOSURE_VIEW].to_df()
    assert np.abs(shift.to_numpy()).max() > 0.01
    # Predicting patients, or the patients prepared, is the same.
    found = model.predict(patients).patients
    pd.testing.assert_frame_equal(model.predict(prepared).patients, found)


def test_twins_begin_with_the_refitted_model(model: Fitted, patients: MuData) -> None:
    twins = twins_of(model, patients, read_regimens([MIDDLE, HIGH]))
    given = np.exp(model.prepared(patients)[EXPOSURE_VIEW].to_df()["log_auc24_ss"])
    rows = twins.exposure.query("regimen == 'middle'").set_index("patient")
    # These patients were given the middle regimen.
    np.testing.assert_allclose(rows["estimate"], given.loc[rows.index], rtol=1e-6)
