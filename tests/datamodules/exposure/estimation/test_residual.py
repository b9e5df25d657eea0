"""Deviances against the densities of scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from kinetic_cases import event_table, level
from scipy.stats import norm

from datamodules.exposure.compartments.records import records_of
from datamodules.exposure.estimation.residual import deviance, residual_variance
from datamodules.exposure.published.kinetic_model import ResidualError

FORMS = ["additive", "proportional", "combined_variance", "combined_sd", "lognormal"]
MEASURED, PREDICTED = np.array([3.0, 0.7, 12.0]), np.array([2.5, 1.1, 14.0])


def error(form):
    return ResidualError(form=form, additive=0.5, proportional=0.2)


def standard_deviation(form, f):
    return {
        "additive": np.full_like(f, 0.5),
        "proportional": 0.2 * f,
        "combined_variance": np.sqrt(0.25 + (0.2 * f) ** 2),
        "combined_sd": 0.5 + 0.2 * f,
        "lognormal": np.full_like(f, 0.2),
    }[form]


def found(form, lines, predicted):
    records = records_of(event_table(lines))
    return float(deviance(error(form), records, torch.from_numpy(predicted[None])))


@pytest.mark.parametrize("form", FORMS)
def test_the_variance(form):
    variance = residual_variance(error(form), torch.tensor(PREDICTED)).numpy()
    np.testing.assert_allclose(np.sqrt(variance), standard_deviation(form, PREDICTED), rtol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_minus_twice_the_log_density(form):
    sd = standard_deviation(form, PREDICTED)
    y, f = (np.log(MEASURED), np.log(PREDICTED)) if form == "lognormal" else (MEASURED, PREDICTED)
    expected = (-2 * norm.logpdf(y, f, sd) - np.log(2 * np.pi)).sum()
    lines = [level(float(t), y) for t, y in enumerate(MEASURED)]
    assert found(form, lines, PREDICTED) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_below_the_limit_only_this_is_known(form):
    limit = 1.5
    sd = standard_deviation(form, PREDICTED)
    u, f = (np.log(limit), np.log(PREDICTED)) if form == "lognormal" else (limit, PREDICTED)
    expected = (-2 * norm.logcdf(u, f, sd) - np.log(2 * np.pi)).sum()
    lines = [level(float(t), 0.0, censored=True, limit=limit) for t in range(3)]
    assert found(form, lines, PREDICTED) == pytest.approx(expected, rel=1e-10)


def test_far_below_the_limit_stays_finite():
    lines = [level(0, 0.0, censored=True, limit=0.1)]
    value = found("proportional", lines, np.array([1e4]))
    assert value == pytest.approx(-2 * norm.logcdf(0.1, 1e4, 2e3) - np.log(2 * np.pi))
    assert np.isfinite(found("additive", lines, np.array([1e4])))


def test_measured_and_censored_levels_add_up():
    both = [level(0, 3.0), level(1, 0.0, censored=True, limit=1.5)]
    one, two = both
    first = found("additive", [one], PREDICTED[:1])
    second = found("additive", [two], PREDICTED[1:2])
    assert found("additive", both, PREDICTED[:2]) == pytest.approx(first + second)


def test_levels_that_do_not_count_are_left_out():
    lines = [level(0, 3.0, observed=False), level(1)]
    assert found("proportional", lines, PREDICTED[:2]) == 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("censored", [False, True])
def test_derivatives(form, censored):
    lines = [level(float(t), y, censored=censored, limit=1.5) for t, y in enumerate(MEASURED)]
    records = records_of(event_table(lines))
    point = torch.tensor(PREDICTED[None], requires_grad=True)
    assert torch.autograd.gradcheck(lambda f: deviance(error(form), records, f), point)
    assert torch.autograd.gradgradcheck(lambda f: deviance(error(form), records, f), point, atol=1e-4)


@pytest.mark.parametrize("form", ["proportional", "lognormal"])
def test_a_prediction_of_zero_has_finite_derivatives(form):
    records = records_of(event_table([level(0, 0.0 if form == "proportional" else 1.0)]))
    point = torch.zeros(1, 1, dtype=torch.float64, requires_grad=True)
    value = deviance(error(form), records, point)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(point.grad).all()
