"""Factors in a kinetic model: against a linear Gaussian model, whose marginal likelihood is known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from stratomics.pharmacology.hybrid_model import HybridModel, fit_hybrid, reweighted

Array = NDArray[np.float64]

PUBLISHED, NOISE, SLOPE = 0.147, 0.18, 0.25
"""Variance of log clearance, variance of what the levels say about it, slope of the first factor."""


def patients(n: int, slope: float, seed: int) -> tuple[Array, Array, Array]:
    """Factors, true effects, and one noisy measurement of each effect."""
    generator = np.random.default_rng(seed)
    factors = generator.standard_normal((n, 10))
    rest = np.sqrt(PUBLISHED - slope**2) * generator.standard_normal(n)
    effects = slope * factors[:, 0] + rest
    return factors, effects, effects + np.sqrt(NOISE) * generator.standard_normal(n)


def posterior(measured: Array) -> tuple[Array, Array]:
    """Draws from each patient's posterior under the published model, as the quantiles of a normal distribution."""
    share = PUBLISHED / (PUBLISHED + NOISE)
    sd = np.sqrt(share * NOISE)
    points = norm.ppf((np.arange(400) + 0.5) / 400)
    draws = share * measured[:, None] + sd * points
    return draws[..., None], np.full(draws.shape, 1 / 400)


def fitted(n: int, slope: float, seed: int) -> tuple[HybridModel, Array, Array]:
    factors, _, measured = patients(n, slope, seed)
    draws, weights = posterior(measured)
    published = np.array([[PUBLISHED]])
    model = fit_hybrid(draws, weights, published, factors, ("CL",), np.random.default_rng(0))
    return model, factors, measured


@pytest.fixture(scope="module")
def informed() -> tuple[HybridModel, Array, Array]:
    return fitted(300, SLOPE, 1)


def test_the_slope_is_found_and_ridge_on_modes_finds_half(
    informed: tuple[HybridModel, Array, Array],
) -> None:
    model, factors, measured = informed
    assert abs(model.slopes[0, 0] - SLOPE) < 3 * model.slopes_sd[0, 0]
    assert model.gain > 2 * model.gain_se
    modes = PUBLISHED / (PUBLISHED + NOISE) * measured
    z = (factors - factors.mean(0)) / factors.std(0)
    assert (z.T @ modes / len(z))[0] < 0.65 * SLOPE


def test_the_remaining_variance_is_smaller(informed: tuple[HybridModel, Array, Array]) -> None:
    model, _, _ = informed
    error = np.sqrt(2 / 300) * (PUBLISHED + NOISE)  # of a variance that is estimated from 300 patients
    assert abs(model.omega[0, 0] - (PUBLISHED - SLOPE**2)) < 3 * error
    assert model.omega[0, 0] < PUBLISHED


def test_new_patients_are_forecast_better(informed: tuple[HybridModel, Array, Array]) -> None:
    model, _, _ = informed
    factors, effects, _ = patients(2000, SLOPE, 2)
    error = effects - model.shift(factors)[:, 0]
    assert np.sqrt((error**2).mean()) < 0.85 * np.sqrt((effects**2).mean())


def test_factors_that_do_not_matter_leave_the_published_model() -> None:
    models = [fitted(200, 0.0, seed)[0] for seed in range(3)]
    assert sum((model.slopes == 0).all() for model in models) >= 2
    for model in models:
        if (model.slopes == 0).all():
            assert (model.omega == PUBLISHED).all()


def test_new_weights_are_those_of_the_exact_posterior(informed: tuple[HybridModel, Array, Array]) -> None:
    """The posterior of a normal effect with prior N(shift, omega) and one measurement is known."""
    model, factors, measured = informed
    draws, weights = posterior(measured)
    updated = reweighted(model, draws, weights, factors)
    mean = (updated * draws[..., 0]).sum(1)
    omega, shift = model.omega[0, 0], model.shift(factors)[:, 0]
    exact = (omega * measured + NOISE * shift) / (omega + NOISE)
    assert np.quantile(np.abs(mean - exact), 0.95) < 0.02
    assert updated.sum(1) == pytest.approx(1.0)


def test_same_seed_gives_the_same_model() -> None:
    one, two = fitted(60, SLOPE, 5)[0], fitted(60, SLOPE, 5)[0]
    assert (one.slopes == two.slopes).all()
    assert one.gain == two.gain
