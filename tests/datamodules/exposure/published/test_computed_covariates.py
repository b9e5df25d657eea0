"""Covariates that are computed from others: values by hand, precedence of data, arrays."""

from __future__ import annotations

import math

import numpy as np
import pytest

from datamodules.exposure.published.computed_covariates import complete_covariates


def test_postmenstrual_age_and_standard_creatinine() -> None:
    """At 35 years the standard is 0.83 mg/dL, the creatinine of the paper's typical patient."""
    ages = np.array([0.0, 1.0, 35.0])
    completed = complete_covariates(["SCR_STANDARD"], {"AGE": ages})
    np.testing.assert_allclose(completed["PMA"], ages + 280 / 365.25)
    by_hand = [
        math.exp(-1.22839 + 0.6719 * math.log10(age) + 6.27017 * math.exp(-3.1094 * age))
        for age in ages + 280 / 365.25
    ]
    np.testing.assert_allclose(completed["SCR_STANDARD"], by_hand)
    assert completed["SCR_STANDARD"][2] == pytest.approx(0.83, abs=0.005)


def test_data_take_precedence_and_the_rest_is_left_out() -> None:
    values = {"AGE": np.array([35.0]), "PMA": np.array([1.0])}
    completed = complete_covariates(["PMA", "SCR_STANDARD", "WT"], values)
    assert completed["PMA"] == 1.0
    assert completed["SCR_STANDARD"] == pytest.approx(math.exp(-1.22839 + 6.27017 * math.exp(-3.1094)))
    assert "WT" not in completed
    assert set(values) == {"AGE", "PMA"}
    assert complete_covariates(["SCR_STANDARD"], {"WT": np.array([70.0])}).keys() == {"WT"}
