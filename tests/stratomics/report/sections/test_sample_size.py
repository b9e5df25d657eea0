"""Sample size: events per parameter and minimum sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from section_text import section_text
from written_run import people, written

from stratomics.report.sections.sample_size import candidate_parameters, sample_size, training_size


def test_events_per_parameter_are_counted(tmp_path: Path) -> None:
    patients = people(60, "response").assign(
        **{"covariate.age": 1.0, "covariate.stage": (["I", "II", "III"] * 20), "covariate.one": "same"}
    )
    run = written(tmp_path / "run", patients, kind="response")
    # Age, and two columns for three stages.
    assert candidate_parameters(run) == {
        "covariates": 3,
        "covariates and factors": 6,
        "covariates, factors and components of views": 10,
    }
    positive = int(patients["response"].sum())
    training = training_size(run)
    assert (training.n, training.events) == (60, min(positive, 60 - positive))
    text = section_text(sample_size(run))
    assert f"60 patients with {training.events} patients in the smaller class" in text
    assert "(3 parameters) requires" in text


@pytest.mark.parametrize("kind", ["survival", "response"])
def test_one_class_has_no_sample_size(kind: str, tmp_path: Path) -> None:
    patients = people(20, kind)
    column = "survival.event" if kind == "survival" else "response"
    patients[column] = pd.array(np.zeros(20, dtype=bool), dtype="boolean")
    assert sample_size(written(tmp_path / "run", patients, kind=kind)) is None


def test_without_covariates_no_clinical_size_is_given(tmp_path: Path) -> None:
    assert "There are no covariates" in section_text(sample_size(written(tmp_path / "run", people(60))))
