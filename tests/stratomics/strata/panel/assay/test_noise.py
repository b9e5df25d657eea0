"""Noise of an assay: the closed form, the limit of detection, an analyte that fails."""

from __future__ import annotations

import numpy as np
import pytest

from omics.common.errors import DataError
from stratomics.strata.panel.assay.noise import AnalyteNoise, noise_effect, noise_of_cv, reclassified_share


def noise(sd: float, limit: float = np.nan, m: int = 3) -> AnalyteNoise:
    return AnalyteNoise(tuple("abc"[:m]), np.full(m, sd), np.zeros(m), np.full(m, limit))


def test_golden_shares() -> None:
    """``arctan(t/s)/pi``, closed form, four digits."""
    shares = [reclassified_share(t, 1.0) for t in (0.1, 0.2, 0.3, 0.5, 1.0)]
    assert [round(share, 4) for share in shares] == [0.0317, 0.0628, 0.0928, 0.1476, 0.25]


@pytest.mark.parametrize("sd", [0.1, 0.5])
def test_a_gaussian_score_has_the_closed_form(sd: float) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(4000, 3))
    effect = noise_effect(lambda v: v @ np.array([1.0, -1.0, 0.5]), values, noise(sd), 0.0, rng, draws=50)
    assert effect.noise_sd / effect.score_sd == pytest.approx(sd, rel=0.05)
    assert effect.reclassified == pytest.approx(effect.closed_form, abs=4 * effect.standard_error)
    assert effect.sensitivity == pytest.approx(1 - effect.reclassified, abs=0.02)
    assert effect.specificity == pytest.approx(1 - effect.reclassified, abs=0.02)


def test_without_noise_no_patient_changes_sides() -> None:
    rng = np.random.default_rng(0)
    effect = noise_effect(lambda v: v.sum(axis=1), rng.normal(size=(50, 3)), noise(0.0), 0.0, rng, draws=3)
    assert (effect.reclassified, effect.sensitivity, effect.specificity) == (0.0, 1.0, 1.0)


def test_an_analyte_that_carries_the_score_matters_most_when_it_fails() -> None:
    rng = np.random.default_rng(0)

    def score(values: np.ndarray) -> np.ndarray:
        return np.nan_to_num(values) @ np.array([3.0, 0.5, 0.0])

    effect = noise_effect(score, rng.normal(size=(500, 3)), noise(0.1), 0.0, rng, draws=3)
    assert effect.failing[0] > 0.3
    assert 0.1 > effect.failing[1] > effect.failing[2] == 0.0


def test_values_below_the_limit_are_not_detected() -> None:
    one = noise(0.0, limit=0.0)
    measured = one.measure(np.array([[-1.0, 0.5, np.nan]]), np.random.default_rng(0))
    np.testing.assert_array_equal(measured, [[-np.inf, 0.5, np.nan]])
    rng = np.random.default_rng(0)
    effect = noise_effect(
        lambda v: np.where(np.isneginf(v), -1.0, v).sum(axis=1),
        rng.normal(size=(900, 3)),
        one,
        0.0,
        rng,
        draws=2,
    )
    assert np.array(effect.below_limit) == pytest.approx(0.5, abs=0.06)


def test_a_limit_above_all_values_names_the_analyte() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match="the limit of detection of 'a' is above all of its values"):
        noise_effect(lambda v: v.sum(axis=1), rng.normal(size=(50, 3)), noise(0.1, limit=99.0), 0.0, rng)


def test_a_cut_must_divide_the_patients() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match="same side of the cut"):
        noise_effect(lambda v: v.sum(axis=1), rng.normal(size=(50, 3)), noise(0.1), 99.0, rng)


def test_a_coefficient_of_variation_is_that_of_the_amounts() -> None:
    sd, relative = noise_of_cv(np.array([0.2]), ["intensity"])
    amounts = 100 * 2 ** np.random.default_rng(0).normal(scale=sd[0], size=200_000)
    assert amounts.std() / amounts.mean() == pytest.approx(0.2, rel=0.02)
    assert relative[0] == 0
    sd, relative = noise_of_cv(np.array([0.2]), ["numeric"])
    assert (sd[0], relative[0]) == (0.0, 0.2)
