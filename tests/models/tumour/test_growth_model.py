"""Predictors and the objective of a patient, against the formula written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import norm
from tumours import ADDITIVE, PROPORTIONAL, SPREAD, TYPICAL, tumours

from models.tumour.curves import CURVES
from models.tumour.growth_model import GrowthError, Predictors, acts_on, objective_at, standardised

NAMES = ("one", "two", "age", "exposure")


@pytest.fixture(scope="module")
def predictors() -> Predictors:
    return Predictors(
        np.arange(6.0).reshape(3, 2), np.array([[50.0], [60.0], [70.0]]), np.array([0.0, 1.0, np.nan]), NAMES
    )


def test_columns_are_in_the_order_of_the_names(predictors):
    assert predictors.values.shape == (3, 4)
    assert predictors.values[:, 2].tolist() == [50.0, 60.0, 70.0]
    without = predictors.without_factors()
    assert without.names == ("age", "exposure")
    assert without.values.shape == (3, 2)
    assert predictors.take(np.array([2])).values[0, :3].tolist() == [4.0, 5.0, 70.0]


def test_factors_act_on_growth_and_exposure_on_its_parameter(predictors):
    assert acts_on(CURVES["stein"], predictors).argmax(1).tolist() == [2, 2, 2, 2]
    assert acts_on(CURVES["claret"], predictors).argmax(1).tolist() == [1, 1, 1, 2]


def test_the_objective_is_the_density_written_out():
    sizes = tumours(5, 0, limit=40.0).sizes
    effects = torch.full((5, 3), 0.3, dtype=torch.float64)
    centre = torch.log(torch.tensor(TYPICAL, dtype=torch.float64)).repeat(5, 1)
    spread = torch.tensor(SPREAD, dtype=torch.float64)
    found = objective_at(CURVES["stein"], sizes, centre, spread, GrowthError(ADDITIVE, PROPORTIONAL))(effects)
    size, shrinkage, growth = np.exp(np.log(TYPICAL) + 0.3)
    time, measured, below = (getattr(sizes, name).numpy() for name in ("time", "level", "censored"))
    mean = size * (np.exp(-shrinkage * time) + np.exp(growth * time) - 1)
    sd = np.sqrt(ADDITIVE**2 + (PROPORTIONAL * mean) ** 2)
    density = np.where(below, norm.logcdf(40.0, mean, sd), norm.logpdf(measured, mean, sd))
    expected = -2 * density.sum(1) + ((0.3 / np.array(SPREAD)) ** 2).sum() - 6 * np.log(2 * np.pi)
    np.testing.assert_allclose(found.numpy(), expected)


def test_an_unknown_exposure_counts_as_the_average(predictors):
    values = predictors.values
    z = standardised(values, np.nanmean(values, axis=0), np.array([2.0, 2.0, 10.0, 1.0]))
    assert z[:, 3].tolist() == [-0.5, 0.5, 0.0]
    assert z[:, 2].tolist() == [-1.0, 0.0, 1.0]
