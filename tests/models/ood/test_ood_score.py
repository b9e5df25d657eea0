"""How unlike training a patient is: percentiles of those alike, strange ones found, missing views made comparable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from scipy.stats import kstest

from models.calibration.abstention import MOST_OUTLYING, abstain, spread_limit
from models.factors.factor_model import Factors
from models.ood.ood_score import ENOUGH, FactorDistance, OodScore
from models.ood.reconstruction_error import reconstruction_error
from omics.common.errors import DataError, FitError

K, FEATURES, NOISE, MEMBERS = 4, 60, 2.0, 5
"""Two views of 60 features of 4 factors each."""


class Patients(NamedTuple):
    factors: list[Factors]
    reconstruction_errors: list[np.ndarray]


class Disease:
    """A linear model with known loadings, and what it says of patients by whichever views they have."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.loadings = self.rng.normal(size=(2, FEATURES, K)) * 0.5

    def values(self, n: int, shift: float = 0.0) -> np.ndarray:
        """(n, 2, features) of patients whose first factor is `shift` higher."""
        factors = self.rng.normal(size=(n, K)) + shift * np.eye(K)[0]
        means = np.einsum("vpk,nk->nvp", self.loadings, factors)
        values: np.ndarray = means + NOISE * self.rng.normal(size=means.shape)
        return values

    def told(self, values: np.ndarray, observed: np.ndarray | None = None) -> Patients:
        """What every member says of them: one encoding, each in axes of its own, and one misfit."""
        n = len(values)
        observed = np.ones((n, 2), dtype=bool) if observed is None else observed
        mean, sd, reconstruction_error = np.zeros((n, K)), np.ones((n, K)), np.full((n, 2), np.nan)
        for row, (own, has) in enumerate(zip(values, observed, strict=True)):
            seen = self.loadings[has].reshape(-1, K)
            covariance = np.linalg.inv(np.eye(K) + seen.T @ seen / NOISE**2)
            mean[row] = covariance @ seen.T @ own[has].ravel() / NOISE**2
            sd[row] = np.sqrt(np.diag(covariance))
            reconstruction_error[row, has] = ((own[has] - self.loadings[has] @ mean[row]) ** 2).mean(axis=1)
        signs = [np.where(np.arange(K) < member, -1.0, 1.0) for member in range(MEMBERS)]
        factors = [Factors(mean * sign, sd, observed.any(axis=1)) for sign in signs]
        return Patients(factors, [reconstruction_error] * MEMBERS)

    def fitted(self, n: int, observed: np.ndarray | None = None) -> OodScore:
        return OodScore.fit(*self.told(self.values(n), observed), np.arange(n) % MEMBERS)


def test_patients_like_those_of_training_score_uniformly() -> None:
    """1,000 of training, 1,000 new: of equal laws the KS distance of two samples is below 0.073 in 99%."""
    disease = Disease()
    score = disease.fitted(1000).score(*disease.told(disease.values(1000)))
    assert kstest(score, "uniform").statistic < 1.628 * np.sqrt(2 / 1000)
    assert ((score >= 0) & (score < 1)).all()


def test_shifted_patients_score_higher_the_further_the_higher() -> None:
    disease = Disease()
    ood_score = disease.fitted(400)
    means = [
        ood_score.score(*disease.told(disease.values(300, shift))).mean() for shift in (0.0, 2.0, 4.0, 8.0)
    ]
    assert (np.diff(means) > 0).all()
    assert means[0] == pytest.approx(0.5, abs=0.08)
    assert means[-1] > 0.97


def test_patients_of_another_disease_are_found_though_their_factors_are_small() -> None:
    disease, other = Disease(), Disease(99)
    ood_score = disease.fitted(400)
    new = disease.told(2.0 * other.values(300))
    assert (ood_score.score(*new) > MOST_OUTLYING).mean() > 0.9
    # One strange view is enough.
    values = disease.values(300)
    values[:, 1] = 3.0 * disease.rng.normal(size=values[:, 1].shape)
    assert (ood_score.score(*disease.told(values)) > MOST_OUTLYING).mean() > 0.9


@pytest.mark.parametrize("lacking", [20, 300])
def test_missing_a_view_alone_makes_nobody_strange(lacking: int) -> None:
    """Few of training lack it (compared with all), or many (compared among themselves); n 600, two-sample KS at 1%.

    Where they are few, distances are comparable only by what sd says.
    """
    disease = Disease(1)
    observed = np.ones((600, 2), dtype=bool)
    observed[:lacking, 1] = False
    ood_score = disease.fitted(600, observed)
    assert len(ood_score.patterns) == 1 + (lacking >= ENOUGH)
    without = np.tile([True, False], (600, 1))
    score = ood_score.score(*disease.told(disease.values(600), without))
    among = lacking if lacking >= ENOUGH else 600
    assert kstest(score, "uniform").statistic < 1.628 * np.sqrt(1 / 600 + 1 / among)
    # Who is unlike training is found in spite of it.
    assert ood_score.score(*disease.told(disease.values(600, 8.0), without)).mean() > 0.9


def test_no_view_is_the_highest_score_of_all() -> None:
    disease = Disease(2)
    observed = np.ones((200, 2), dtype=bool)
    observed[:10] = False
    ood_score = disease.fitted(200, observed)
    assert len(ood_score.parts) == 190
    seen = np.repeat([[True, True], [False, False]], 25, axis=0)
    score = ood_score.score(*disease.told(disease.values(50, 20.0), seen))
    assert (score[25:] == score.max()).all()
    assert score[25] == pytest.approx(1.0 - 1.0 / 191)


def test_nobody_is_judged_by_his_own_member() -> None:
    """A patient of training far from all others is far from what the member that left him out knows."""
    disease = Disease(3)
    patients, fold = disease.told(disease.values(60)), np.arange(60) % MEMBERS
    patients.factors[0].mean[0] = 40.0
    ood_score = OodScore.fit(*patients, fold)
    expected = FactorDistance.fit(patients.factors[0], fold != 0)(patients.factors[0])[0]
    assert ood_score.parts[0, 0] == expected == ood_score.parts[:, 0].max()


def test_a_constant_factor_and_few_patients_do_no_harm() -> None:
    disease = Disease(4)
    patients = disease.told(disease.values(20))
    for factors in patients.factors:
        factors.mean[:, 3], factors.sd[:, 3] = 0.0, 1.0
    ood_score = OodScore.fit(*patients, np.arange(20) % MEMBERS)
    assert np.isfinite(ood_score.score(*patients)).all()


def test_wrong_input_is_refused() -> None:
    disease = Disease(5)
    patients, fold = disease.told(disease.values(20)), np.arange(20) % MEMBERS
    nobody = [Factors(own.mean, own.sd, np.zeros(20, dtype=bool)) for own in patients.factors]
    with pytest.raises(DataError, match="0 patient"):
        OodScore.fit(nobody, patients.reconstruction_errors, fold)
    ood_score = OodScore.fit(*patients, fold)
    endless = [np.full((20, 2), np.inf)] * MEMBERS
    with pytest.raises(FitError, match="infinite"):
        ood_score.score(patients.factors, endless)
    patients.factors[0].mean[3, 1] = np.nan
    with pytest.raises(FitError, match="not finite"):
        OodScore.fit(*patients, fold)
    with pytest.raises(FitError, match="not finite"):
        ood_score.score(*patients)


@pytest.mark.parametrize("n", [30, 100])
def test_what_was_saved_is_read(tmp_path: Path, n: int) -> None:
    """With too few patients there is no pattern at all."""
    disease = Disease(6)
    ood_score = disease.fitted(n)
    assert len(ood_score.patterns) == (n >= ENOUGH)
    ood_score.save(tmp_path, "outlying")
    again = OodScore.load(tmp_path, "outlying")
    new = disease.told(disease.values(40), np.tile([[True, True], [True, False]], (20, 1)))
    np.testing.assert_array_equal(again.score(*new), ood_score.score(*new))


@dataclass
class Measured:
    """Three patients, of whom a misfit needs no more."""

    views: dict[str, np.ndarray]
    observed: dict[str, np.ndarray]

    def __len__(self) -> int:
        return 3


class Told:
    """A factor model that says one thing of every value."""

    def reconstruct(self, view: str, batch: object) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((3, 2)), np.array([[1.0, 2.0], [1.0, 2.0], [0.0, 1.0]])


def test_misfit_counts_what_was_measured_in_its_sds() -> None:
    """Rows: both measured, (1 + 4) / 2; the first alone, 1; none. A sd of 0 counts as a tenth."""
    values = np.array([[1.0, 4.0], [1.0, 9.0], [0.2, 0.0]], dtype=np.float32)
    measured = np.array([[True, True], [True, False], [False, False]])
    batch = Measured({"a": values, "b": values}, {"a": measured, "b": ~measured})
    found = reconstruction_error(Told(), batch)
    np.testing.assert_allclose(found[:, 0], [2.5, 1.0, np.nan])
    np.testing.assert_allclose(found[:, 1], [np.nan, 4.5**2, 2.0], rtol=1e-6)


def test_abstention_is_for_the_strange_and_the_unsure() -> None:
    ood = np.array([MOST_OUTLYING, np.nextafter(MOST_OUTLYING, 1), 0.0, 1.0])
    unsure = np.array([False, False, True, True])
    np.testing.assert_array_equal(abstain(ood, unsure), [False, True, True, True])


def test_a_tenth_of_training_is_above_the_limit_and_none_where_members_agree() -> None:
    spread = np.random.default_rng(0).gamma(2.0, size=500)
    assert (spread > spread_limit(spread)).mean() == pytest.approx(0.1)
    assert not (np.zeros(50) > spread_limit(np.zeros(50))).any()
