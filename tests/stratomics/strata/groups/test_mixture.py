"""Mixtures with one shrunken covariance: planted groups, errors of patients, brute-force likelihood."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.metrics import adjusted_rand_score

from omics.common.errors import DataError
from stratomics.strata.groups.factor_space import Coordinates
from stratomics.strata.groups.mixture import GroupMixture


def planted(n: int, distance: float, seed: int = 0) -> tuple[Coordinates, np.ndarray]:
    """Three groups in four dimensions, each axis 0 or 1 `distance` away; a third of the patients has large errors."""
    rng = np.random.default_rng(seed)
    group = rng.integers(3, size=n)
    centres = distance * np.array([[0.0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]])
    variance = np.where(rng.random((n, 1)) < 1 / 3, 1.0, 0.05) * np.ones((n, 4))
    value = centres[group] + rng.standard_normal((n, 4)) + np.sqrt(variance) * rng.standard_normal((n, 4))
    return Coordinates(value / (1 + variance), value, variance, np.ones(n, dtype=bool)), group


def test_planted_groups_are_found() -> None:
    patients, group = planted(150, 6.0)
    mixture = GroupMixture.fit(patients, 3, np.random.default_rng(1))
    assert adjusted_rand_score(group, mixture.probabilities(patients).argmax(axis=1)) > 0.95
    assert (np.diff(mixture.shares) <= 0).all()


def test_probabilities_are_those_of_bayes_rule_with_the_error_of_each_patient() -> None:
    patients, _ = planted(60, 4.0)
    mixture = GroupMixture.fit(patients, 3, np.random.default_rng(1))
    for row in (0, 7, 31):
        total = mixture.covariance + np.diag(patients.variance[row])
        density = [
            share * multivariate_normal(mean, total).pdf(patients.value[row])
            for share, mean in zip(mixture.shares, mixture.means, strict=True)
        ]
        np.testing.assert_allclose(
            mixture.probabilities(patients)[row], np.array(density) / np.sum(density), rtol=1e-8
        )
        squared = [
            (patients.value[row] - mean) @ np.linalg.solve(total, patients.value[row] - mean)
            for mean in mixture.means
        ]
        assert mixture.distance(patients)[row] == pytest.approx(min(squared), rel=1e-8)


def test_a_larger_error_brings_probabilities_closer_to_the_shares() -> None:
    patients, _ = planted(150, 6.0)
    mixture = GroupMixture.fit(patients, 3, np.random.default_rng(1))
    entropy = []
    for error in (0.01, 1.0, 100.0, 1e6):
        wide = Coordinates(
            patients.mean, patients.value, np.full_like(patients.variance, error), patients.known
        )
        probability = mixture.probabilities(wide)
        entropy.append(-(probability * np.log(probability + 1e-300)).sum(axis=1).mean())
    assert entropy == sorted(entropy)
    np.testing.assert_allclose(probability, np.tile(mixture.shares, (150, 1)), atol=1e-3)


def test_a_patient_without_any_view_gets_the_shares_and_teaches_nothing() -> None:
    patients, _ = planted(90, 6.0)
    known = np.arange(90) != 5
    with_unknown = Coordinates(patients.mean, patients.value, patients.variance, known)
    mixture = GroupMixture.fit(with_unknown, 3, np.random.default_rng(1))
    without = GroupMixture.fit(patients.take(known), 3, np.random.default_rng(1))
    np.testing.assert_array_equal(mixture.means, without.means)
    np.testing.assert_array_equal(mixture.probabilities(with_unknown)[5], mixture.shares)


def test_patients_with_large_errors_count_little() -> None:
    patients, _ = planted(120, 0.0)
    value, variance = patients.value.copy(), np.full_like(patients.variance, 0.01)
    value[:30], variance[:30] = 50.0, 1e6
    shifted = Coordinates(np.where(variance > 1, 0.0, value), value, variance, patients.known)
    one = GroupMixture.fit(shifted, 1, np.random.default_rng(1))
    assert np.abs(one.means).max() < 0.6


def test_more_groups_than_the_patients_form_are_refused() -> None:
    patients, _ = planted(12, 0.0)
    with pytest.raises(DataError, match="these 12 patients do not form 11 groups of at least 2 patients"):
        GroupMixture.fit(patients, 11, np.random.default_rng(1))
