"""Draws of a learning curve: means by hand, and the variance over training cohorts in a model where it is known."""

from __future__ import annotations

import numpy as np
import pytest

from stratomics.transportability.curve_draws import curve_draws, training_variance


def test_draws_are_means_of_weighted_patients_over_drawn_repeats() -> None:
    rng = np.random.default_rng(0)
    losses = rng.random((3, 2, 5))
    weight = np.vstack([np.ones(5), rng.multinomial(5, np.full(5, 0.2), 4)])
    counted = 2.0 * weight
    curves, of_repeats = curve_draws(losses, weight, counted, np.random.default_rng(1))
    np.testing.assert_allclose(of_repeats, 2.0 * losses.mean(axis=2))
    np.testing.assert_allclose(curves[0], of_repeats.mean(axis=0))
    drawn = np.random.default_rng(1).multinomial(3, np.full(3, 1 / 3), 4)
    for number in range(4):
        means = np.array([[2.0 * np.average(one, weights=weight[1 + number]) for one in r] for r in losses])
        np.testing.assert_allclose(curves[1 + number], drawn[number] @ means / 3)


def test_the_variance_over_training_cohorts_of_a_mean() -> None:
    """The excess loss of a mean of s standard normal values is its square, with the variance 2 / s^2.

    200 repeats of subsets of each of 60 cohorts of 40 patients; without the shared part it would be a third too low.
    """
    rng, sizes = np.random.default_rng(2), np.array([10, 20, 30])
    found = []
    for _ in range(60):
        cohort = rng.normal(size=40)
        order = np.array([rng.permutation(40) for _ in range(200)])
        excess = np.stack([cohort[order[:, :size]].mean(axis=1) ** 2 for size in sizes], axis=1)
        found.append(training_variance(excess, sizes.astype(np.float64), 40))
    error = np.std(found, ddof=1) / np.sqrt(60)
    assert np.mean(found) == pytest.approx(2.0, abs=3.3 * error)
    assert error < 0.5
