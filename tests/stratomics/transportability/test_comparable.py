"""Zeros that stand for missing values, as the cholesterol of a whole hospital."""

from __future__ import annotations

import pandas as pd

from stratomics.transportability.comparable import zeros_for_missing


def test_a_hospital_without_cholesterol_and_single_zeros_are_found() -> None:
    training = pd.DataFrame({"covariate.chol": [200.0, 250.0], "covariate.crp": [0.0, 3.0]})
    patients = pd.DataFrame(
        {
            "site": ["zurich"] * 6 + ["basel"] * 4,
            "covariate.chol": [0.0] * 6 + [210.0, 0.0, None, 230.0],
            "covariate.crp": [0.0] * 10,
        }
    )
    found = list(zeros_for_missing(training, patients))
    assert found == [("chol", "site zurich", 6, 6), ("chol", "the cohort", 7, 9)]
    assert list(zeros_for_missing(training, patients.assign(**{"covariate.chol": "high"}))) == []
