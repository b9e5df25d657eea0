"""Out-of-distribution score: uniform for patients like those of training, high for others, with missing views."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from scipy.stats import kstest

from models.calibration.abstention import OOD_LIMIT
from models.factors.factor_model import Factors
from models.ood.ood_score import FEWEST_OF_PATTERN, FactorDistance, OodScore
from omics.common.errors import DataError, FitError

K, FEATURES, NOISE, MEMBERS = 4, 60, 2.0, 5
"""Two views of 60 features of 4 factors each."""


class Patients(NamedTuple):
    factors: list[Factors]
    reconstruction_errors: list[np.ndarray]
    measured: list[np.ndarray]


class Disease:
    """A linear model with known loadings, which encodes patients by the views that they have."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.loadings = self.rng.normal(size=(2, FEATURES, K)) * 0.5

    def values(self, n: int, shift: float = 0.0) -> np.ndarray:
        """Return values (n, 2, features) of patients whose first factor is `shift` higher."""
        factors = self.rng.normal(size=(n, K)) + shift * np.eye(K)[0]
        means = np.einsum("vpk,nk->nvp", self.loadings, factors)
        values: np.ndarray = means + NOISE * self.rng.normal(size=means.shape)
        return values

    def encode(self, values: np.ndarray, observed: np.ndarray | None = None) -> Patients:
        """Return factors and reconstruction errors by each member; members differ in the signs of factors only."""
        n = len(values)
        observed = np.ones((n, 2), dtype=bool) if observed is None else observed
        mean, sd, reconstruction_error = np.zeros((n, K)), np.ones((n, K)), np.full((n, 2), np.nan)
        for row, (patient, has) in enumerate(zip(values, observed, strict=True)):
            loadings = self.loadings[has].reshape(-1, K)
            covariance = np.linalg.inv(np.eye(K) + loadings.T @ loadings / NOISE**2)
            mean[row] = covariance @ loadings.T @ patient[has].ravel() / NOISE**2
            sd[row] = np.sqrt(np.diag(covariance))
            reconstruction_error[row, has] = ((patient[has] - self.loadings[has] @ mean[row]) ** 2).mean(
                axis=1
            )
        signs = [np.where(np.arange(K) < member, -1.0, 1.0) for member in range(MEMBERS)]
        factors = [Factors(mean * sign, sd, observed.any(axis=1)) for sign in signs]
        return Patients(factors, [reconstruction_error] * MEMBERS, [observed.astype(float)] * MEMBERS)

    def fitted(self, n: int, observed: np.ndarray | None = None) -> OodScore:
        return OodScore.fit(*self.encode(self.values(n), observed), np.arange(n) % MEMBERS)


def test_patients_like_those_of_training_score_uniformly() -> None:
    """1,000 training and 1,000 new patients: the two-sample KS distance is below 0.073 in 99% under the null."""
    disease = Disease()
    score = disease.fitted(1000).score(*disease.encode(disease.values(1000)))
    assert kstest(score, "uniform").statistic < 1.628 * np.sqrt(2 / 1000)
    assert ((score >= 0) & (score < 1)).all()


def test_the_score_increases_with_the_shift() -> None:
    disease = Disease()
    ood_score = disease.fitted(400)
    means = [
        ood_score.score(*disease.encode(disease.values(300, shift))).mean() for shift in (0.0, 2.0, 4.0, 8.0)
    ]
    assert (np.diff(means) > 0).all()
    assert means[0] == pytest.approx(0.5, abs=0.08)
    assert means[-1] > 0.97


def test_patients_of_another_disease_with_small_factors_score_high() -> None:
    disease, other = Disease(), Disease(99)
    ood_score = disease.fitted(400)
    new = disease.encode(2.0 * other.values(300))
    assert (ood_score.score(*new) > OOD_LIMIT).mean() > 0.9
    # One view with unusual values is enough.
    values = disease.values(300)
    values[:, 1] = 3.0 * disease.rng.normal(size=values[:, 1].shape)
    assert (ood_score.score(*disease.encode(values)) > OOD_LIMIT).mean() > 0.9


@pytest.mark.parametrize("lacking", [20, 300])
def test_a_missing_view_alone_does_not_increase_the_score(lacking: int) -> None:
    """Few training patients lack the view (compared with all), or many (compared among themselves).

    n 600, two-sample KS test at 1%. With few patients, distances are comparable only due to the scaling by sd.
    """
    disease = Disease(1)
    observed = np.ones((600, 2), dtype=bool)
    observed[:lacking, 1] = False
    ood_score = disease.fitted(600, observed)
    assert len(ood_score.patterns) == 1 + (lacking >= FEWEST_OF_PATTERN)
    without = np.tile([True, False], (600, 1))
    score = ood_score.score(*disease.encode(disease.values(600), without))
    among = lacking if lacking >= FEWEST_OF_PATTERN else 600
    assert kstest(score, "uniform").statistic < 1.628 * np.sqrt(1 / 600 + 1 / among)
    # Patients unlike those of training still have a high score.
    assert ood_score.score(*disease.encode(disease.values(600, 8.0), without)).mean() > 0.9


def test_a_patient_without_views_has_the_highest_score() -> None:
    disease = Disease(2)
    observed = np.ones((200, 2), dtype=bool)
    observed[:10] = False
    ood_score = disease.fitted(200, observed)
    assert len(ood_score.components) == 190
    observed = np.repeat([[True, True], [False, False]], 25, axis=0)
    score = ood_score.score(*disease.encode(disease.values(50, 20.0), observed))
    assert (score[25:] == score.max()).all()
    assert score[25] == pytest.approx(1.0 - 1.0 / 191)


def test_a_view_with_few_measured_features_counts_as_missing() -> None:
    """Training patients have 0.6 of the features, so that less than 0.3 is too little; 0.4 is not."""
    disease = Disease(6)
    training = disease.encode(disease.values(200))
    shares = [np.full((200, 2), 0.6)] * MEMBERS
    ood_score = OodScore.fit(*training[:2], shares, np.arange(200) % MEMBERS)
    np.testing.assert_allclose(ood_score.least_measured, 0.3)
    new = disease.encode(disease.values(4))
    measured = np.array([[0.6, 0.6], [0.4, 0.6], [0.2, 0.6], [0.2, 0.2]])
    score = ood_score.score(*new[:2], [measured] * MEMBERS)
    everything = ood_score.score(*new)
    assert (score[:2] == everything[:2]).all()
    without = [np.array(errors) for errors in new.reconstruction_errors]
    for errors in without:
        errors[2, 0] = np.nan
    assert score[2] == ood_score.score(new.factors, without, new.measured)[2]
    assert score[3] == pytest.approx(1.0 - 1.0 / 201)


def test_a_training_patient_is_scored_by_the_member_that_held_them_out() -> None:
    """A training patient far from all others has a large distance by the member that held them out."""
    disease = Disease(3)
    patients, fold = disease.encode(disease.values(60)), np.arange(60) % MEMBERS
    patients.factors[0].mean[0] = 40.0
    ood_score = OodScore.fit(*patients, fold)
    expected = FactorDistance.fit(patients.factors[0], fold != 0)(patients.factors[0])[0]
    assert ood_score.components[0, 0] == expected == ood_score.components[:, 0].max()


def test_a_constant_factor_and_few_patients_give_finite_scores() -> None:
    disease = Disease(4)
    patients = disease.encode(disease.values(20))
    for factors in patients.factors:
        factors.mean[:, 3], factors.sd[:, 3] = 0.0, 1.0
    ood_score = OodScore.fit(*patients, np.arange(20) % MEMBERS)
    assert np.isfinite(ood_score.score(*patients)).all()


def test_wrong_input_raises_an_error() -> None:
    disease = Disease(5)
    patients, fold = disease.encode(disease.values(20)), np.arange(20) % MEMBERS
    no_views = [Factors(part.mean, part.sd, np.zeros(20, dtype=bool)) for part in patients.factors]
    with pytest.raises(DataError, match="0 patient"):
        OodScore.fit(no_views, patients.reconstruction_errors, patients.measured, fold)
    ood_score = OodScore.fit(*patients, fold)
    infinite = [np.full((20, 2), np.inf)] * MEMBERS
    with pytest.raises(FitError, match="infinite"):
        ood_score.score(patients.factors, infinite, patients.measured)
    patients.factors[0].mean[3, 1] = np.nan
    with pytest.raises(FitError, match="not finite"):
        OodScore.fit(*patients, fold)
    with pytest.raises(FitError, match="not finite"):
        ood_score.score(*patients)


@pytest.mark.parametrize("n", [30, 100])
def test_save_and_load(tmp_path: Path, n: int) -> None:
    """With too few patients there are no patterns."""
    disease = Disease(6)
    ood_score = disease.fitted(n)
    assert len(ood_score.patterns) == (n >= FEWEST_OF_PATTERN)
    ood_score.save(tmp_path, "ood_score")
    again = OodScore.load(tmp_path, "ood_score")
    new = disease.encode(disease.values(40), np.tile([[True, True], [True, False]], (20, 1)))
    np.testing.assert_array_equal(again.score(*new), ood_score.score(*new))
