"""Total, aleatoric and epistemic uncertainty: brute force, sums, and cases in which a part is zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.uncertainty import response_uncertainty, restricted_mean_uncertainty, survival_uncertainty


def members_of(seed: int, classes: int = 3) -> np.ndarray:
    probability: np.ndarray = np.random.default_rng(seed).dirichlet(np.full(classes, 0.3), (4, 6))
    return probability


@given(st.integers(0, 10_000), st.integers(2, 4))
@settings(deadline=None, max_examples=30)
def test_entropy_equals_brute_force_and_information_is_never_negative(seed: int, classes: int) -> None:
    """Epistemic is the mutual information: the sum over members and classes of p(m, y) log p(m, y) / (p(m) p(y))."""
    p = members_of(seed, classes)
    result = response_uncertainty(p)
    for n in range(p.shape[1]):
        information = 0.0
        for m in range(4):
            for y in range(classes):
                if p[m, n, y] > 0:
                    information += p[m, n, y] / 4 * np.log(p[m, n, y] / p[:, n, y].mean())
        assert result.epistemic[n] == pytest.approx(information, abs=1e-12)
    assert (result.epistemic >= 0).all()
    assert (result.total <= np.log(classes) + 1e-12).all()
    np.testing.assert_allclose(result.total, result.aleatoric + result.epistemic, atol=1e-15)


def test_members_that_agree_have_no_epistemic_part() -> None:
    p = np.repeat(members_of(0)[:1], 5, axis=0)
    assert response_uncertainty(p).epistemic == pytest.approx(np.zeros(6), abs=1e-15)
    curves = np.repeat(np.sort(np.random.default_rng(0).random((1, 3, 8)))[..., ::-1], 5, axis=0)
    assert survival_uncertainty(curves).epistemic == pytest.approx(np.zeros((3, 8)), abs=1e-15)
    _, parts = restricted_mean_uncertainty(curves, np.arange(1.0, 9.0), 9.0)
    assert parts.epistemic == pytest.approx(np.zeros(3), abs=1e-15)


def test_certain_members_with_opposite_predictions_are_all_epistemic() -> None:
    p = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    result = response_uncertainty(p)
    assert (result.total[0], result.aleatoric[0]) == (pytest.approx(np.log(2.0)), 0.0)


@given(st.integers(0, 10_000), st.floats(0.2, 12.0))
@settings(deadline=None, max_examples=40)
def test_variances_equal_those_of_the_mixture(seed: int, horizon: float) -> None:
    """A step curve is a discrete distribution with the rest of its mass after the last time; moments are sums."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0.1, 10.0, 7))
    curves = np.sort(rng.random((3, 2, 7)), axis=-1)[..., ::-1]
    mean, parts = restricted_mean_uncertainty(curves, times, horizon)
    for n in range(2):
        lives = np.append(np.minimum(times, horizon), horizon)
        # (members, 8) probabilities of an event at each time, and after the last.
        share = np.concatenate([-np.diff(curves[:, n], prepend=1.0), curves[:, n, -1:]], axis=1)
        means = share @ lives
        variances = share @ lives**2 - means**2
        mixture = share.mean(axis=0)
        total = mixture @ lives**2 - (mixture @ lives) ** 2
        assert mean[n] == pytest.approx(means.mean())
        assert parts.aleatoric[n] == pytest.approx(variances.mean(), abs=1e-9)
        assert parts.epistemic[n] == pytest.approx(means.var(), abs=1e-9)
        assert parts.total[n] == pytest.approx(total, abs=1e-9)
    alive = survival_uncertainty(curves)
    whole = curves.mean(axis=0)
    np.testing.assert_allclose(alive.total, whole * (1.0 - whole), atol=1e-12)


def test_the_restricted_mean_of_an_exponential() -> None:
    """Rate 1 to 3: mean 1 - e^-3, second moment 2 - 8 e^-3."""
    times = np.linspace(0.0, 3.0, 30_001)[1:]
    mean, parts = restricted_mean_uncertainty(np.exp(-times)[None, None], times, 3.0)
    assert mean[0] == pytest.approx(1.0 - np.exp(-3.0), abs=1e-4)
    assert parts.total[0] == pytest.approx(2.0 - 8.0 * np.exp(-3.0) - (1.0 - np.exp(-3.0)) ** 2, abs=1e-3)
