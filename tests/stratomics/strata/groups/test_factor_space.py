"""The space of the factors: what counts, and how uncertainty becomes an error of measurement."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.factors.factor_model import Factors
from omics.common.errors import DataError
from stratomics.strata.groups.factor_space import FactorSpace

EXPLAINED = pd.DataFrame(
    {"factor1": [0.4, 0.1], "factor2": [0.004, 0.009], "factor3": [0.0, 0.02]}, index=["rna", "protein"]
)


def test_a_factor_that_explains_next_to_nothing_of_every_view_is_left_out() -> None:
    space = FactorSpace.fit(EXPLAINED)
    assert space.names == ("factor1", "factor3")
    np.testing.assert_allclose(space.scale, [0.5, 0.1])


def test_no_factor_that_explains_anything_is_refused() -> None:
    with pytest.raises(DataError, match="no factor explains 1% of a view"):
        FactorSpace.fit(EXPLAINED[["factor2"]])


def test_a_measured_value_with_its_error_has_the_posterior_of_the_factor_model() -> None:
    factors = Factors(np.array([[0.6, 0.0, -0.3]]), np.array([[0.6, 1.0, 0.8]]), np.array([True]))
    patients = FactorSpace.fit(EXPLAINED).coordinates(factors)
    # Bayes' rule with the prior N(0, scale**2) gives back mean and variance of the factor model.
    prior = np.array([0.5, 0.1]) ** 2
    precision = 1 / prior + 1 / patients.variance
    np.testing.assert_allclose(patients.value / patients.variance / precision, patients.mean)
    np.testing.assert_allclose(1 / precision, prior * np.array([[0.36, 0.64]]))


def test_a_factor_about_which_nothing_is_known_has_a_large_error() -> None:
    factors = Factors(np.zeros((1, 3)), np.ones((1, 3)), np.array([False]))
    patients = FactorSpace.fit(EXPLAINED).coordinates(factors)
    assert (patients.variance > 100 * np.array([0.5, 0.1]) ** 2).all()
