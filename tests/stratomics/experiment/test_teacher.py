"""The teacher of panels: it scores each patient by a fit that did not see the patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datamodules.split import Fold
from omics.cohort.read import read_cohort
from stratomics.encoding.training_part import NewPatients, TrainingPart
from stratomics.experiment.parse_config import config_from_keys
from stratomics.experiment.teacher import teacher_of
from stratomics.fitting.fit import fit_part
from stratomics.runs.run_directory import RunDirectory
from stratomics.strata.panel.from_run import PanelRequest, RunPanel, panel_of_run


@pytest.mark.parametrize("made", [pytest.param("response_run", marks=pytest.mark.slow), "small_run"])
def test_scores_are_those_of_members_that_left_the_patient_out(
    made: str, request: pytest.FixtureRequest
) -> None:
    """Twin: each member predicts the patients of its inner test fold as new patients."""
    run = RunDirectory(request.getfixturevalue(made))
    cohort = read_cohort(str(run.config["cohort"]))
    part = TrainingPart(cohort, config_from_keys(run.config), 5)
    fitted = fit_part(part)
    scores = fitted.held_out_scores(part)
    assert np.isfinite(scores).all()
    primary = fitted.endpoints[0]
    for member, fold in enumerate(part.folds):
        everyone = Fold(0, 0, np.arange(cohort.n_obs), fold.test)
        new = NewPatients(part, NewPatients.of_fold(cohort, everyone, part.config, 5).cohort)
        estimates = fitted.mixture.combine(
            {
                "wide_deep": fitted.wide_deep.estimates(new.patients)[0] - fitted.alone.centers[:, None],
                **{name: one.estimates(new.patients) for name, one in fitted.candidates.items()},
            }
        )
        centred = (estimates - primary.centers[:, None, :])[member]
        slope = fitted.endpoints[0].calibration.slope
        np.testing.assert_allclose(
            np.diff(scores[fold.test]), np.diff(slope * centred[:, 0]), rtol=1e-4, atol=1e-6
        )


@pytest.fixture(scope="module")
def distilled(small_run: Path) -> RunPanel:
    run = RunDirectory(small_run)
    return panel_of_run(run, PanelRequest((3,), lock=3, target="model"), teacher=teacher_of(run))


@pytest.mark.slow
def test_a_panel_is_distilled_from_the_model_of_a_run(distilled: RunPanel) -> None:
    assert distilled.curve.target == "model"
    assert distilled.panel is not None
    assert len(distilled.panel.analytes) == 3
    assert distilled.details is not None
    assert all(0 <= one.frequency <= 1 for one in distilled.details.analytes)
