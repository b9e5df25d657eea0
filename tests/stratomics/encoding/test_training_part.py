"""Patients whose values of one view are replaced are encoded as if all views were read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from datamodules.exposure.exposure_view import EXPOSURE_VIEW, join_exposure, with_exposure
from omics.cohort.new_patients import read_new_patients
from stratomics.encoding.training_part import EncodedPatients
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
