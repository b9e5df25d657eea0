"""How unlike training a patient is: percentiles of those alike, shifted ones found, missing views made comparable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

from models.calibration.abstention import MOST_OUTLYING, abstain, spread_limit
from models.calibration.outlying import ENOUGH, FactorDistance, Outlying
from models.factors.factor_model import Factors
from omics.errors import DataError, FitError

K, FEATURES, NOISE, MEMBERS = 4, 12, 1.0, 5
"""Two views of 12 features of 4 factors each."""


class Posterior:
    """The factors that a linear model with known loadings gives a patient, by whichever views he has."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.loadings = self.rng.normal(size=(2, FEATURES, K)) * 0.5

    def patients(
        self, n: int, observed: np.ndarray | None = None, shift: float = 0.0
    ) -> tuple[Factors, np.ndarray]:
        """Posterior means and sds of n patients whose first factor is `shift` higher, and which views they have."""
        observed = np.ones((n, 2), dtype=bool) if observed is None else observed
        factors = self.rng.normal(size=(n, K)) + shift * np.eye(K)[0]
        values = np.einsum("vpk,nk->nvp", self.loadings, factors)
        values += NOISE * self.rng.normal(size=values.shape)
        mean, sd = np.zeros((n, K)), np.ones((n, K))
        for row in range(n):
            seen = self.loadings[observed[row]].reshape(-1, K)
            covariance = np.linalg.inv(np.eye(K) + seen.T @ seen / NOISE**2)
            mean[row] = covariance @ seen.T @ values[row, observed[row]].ravel() / NOISE**2
            sd[row] = np.sqrt(np.diag(covariance))
        return Factors(mean, sd, observed.any(axis=1)), observed


def by_all(factors: Factors) -> list[Factors]:
    """One encoding for all members, each in axes of its own."""
    signs = [np.where(np.arange(K) < member, -1.0, 1.0) for member in range(MEMBERS)]
    return [Factors(factors.mean * sign, factors.sd, factors.known) for sign in signs]


def fitted(posterior: Posterior, n: int, observed: np.ndarray | None = None) -> Outlying:
    factors, observed = posterior.patients(n, observed)
    return Outlying.fit(by_all(factors), np.arange(n) % MEMBERS, observed)


def test_patients_like_those_of_training_score_uniformly() -> None:
    """1,000 of training, 1,000 new: of equal laws the KS distance of two samples is below 0.073 in 99%."""
    posterior = Posterior()
    outlying = fitted(posterior, 1000)
    new, observed = posterior.patients(1000)
    score = outlying.score(by_all(new), observed)
    assert kstest(score, "uniform").statistic < 1.628 * np.sqrt(2 / 1000)
    assert ((score >= 0) & (score < 1)).all()


def test_shifted_patients_score_higher_the_further_the_higher() -> None:
    posterior = Posterior()
    outlying = fitted(posterior, 400)
    means = []
    for shift in (0.0, 2.0, 4.0, 8.0):
        new, observed = posterior.patients(300, shift=shift)
        means.append(outlying.score(by_all(new), observed).mean())
    assert (np.diff(means) > 0).all()
    assert means[0] == pytest.approx(0.5, abs=0.08)
    assert means[-1] > 0.97


@pytest.mark.parametrize("lacking", [20, 300])
def test_missing_a_view_alone_makes_nobody_strange(lacking: int) -> None:
    """Few of training lack it (compared with all), or many (compared among themselves); n 600, two-sample KS at 1%.

    Where they are few, distances are comparable only by what sd says.
    """
    posterior = Posterior(1)
    observed = np.ones((600, 2), dtype=bool)
    observed[:lacking, 1] = False
    outlying = fitted(posterior, 600, observed)
    assert len(outlying.patterns) == 1 + (lacking >= ENOUGH)
    new, without = posterior.patients(600, np.tile([True, False], (600, 1)))
    score = outlying.score(by_all(new), without)
    among = lacking if lacking >= ENOUGH else 600
    assert kstest(score, "uniform").statistic < 1.628 * np.sqrt(1 / 600 + 1 / among)
    # Unlike training in the factors they are found in spite of it.
    far, without = posterior.patients(100, np.tile([True, False], (100, 1)), shift=8.0)
    assert outlying.score(by_all(far), without).mean() > 0.9


def test_no_view_is_the_highest_score_of_all() -> None:
    posterior = Posterior(2)
    observed = np.ones((200, 2), dtype=bool)
    observed[:10] = False
    outlying = fitted(posterior, 200, observed)
    assert np.isfinite(outlying.left_out.score).all()
    new, seen = posterior.patients(50, np.repeat([[True, True], [False, False]], 25, axis=0), shift=20.0)
    score = outlying.score(by_all(new), seen)
    assert (score[25:] == score.max()).all()
    assert score[25] == pytest.approx(1.0 - 1.0 / 191)


def test_nobody_is_judged_by_his_own_member() -> None:
    """A patient of training far from all others is far from what the member that left him out knows."""
    posterior = Posterior(3)
    factors, observed = posterior.patients(60)
    factors.mean[0] = 40.0
    outlying = Outlying.fit(by_all(factors), np.arange(60) % MEMBERS, observed)
    others = np.arange(60) % MEMBERS != 0
    expected = FactorDistance.fit(factors, others)(factors)[0]
    assert outlying.left_out.score[0] == expected == outlying.left_out.score.max()


def test_a_constant_factor_and_few_patients_do_no_harm() -> None:
    posterior = Posterior(4)
    factors, observed = posterior.patients(20)
    factors.mean[:, 3], factors.sd[:, 3] = 0.0, 1.0
    outlying = Outlying.fit(by_all(factors), np.arange(20) % MEMBERS, observed)
    assert np.isfinite(outlying.score(by_all(factors), observed)).all()


def test_wrong_input_is_refused() -> None:
    posterior = Posterior(5)
    factors, observed = posterior.patients(20)
    nobody = Factors(factors.mean, factors.sd, np.zeros(20, dtype=bool))
    with pytest.raises(DataError, match="0 patient"):
        Outlying.fit([nobody] * 2, np.arange(20) % 2, observed)
    outlying = Outlying.fit([factors] * 2, np.arange(20) % 2, observed)
    factors.mean[3, 1] = np.nan
    with pytest.raises(FitError, match="not finite"):
        Outlying.fit([factors] * 2, np.arange(20) % 2, observed)
    with pytest.raises(FitError, match="not finite"):
        outlying.score([factors] * 2, observed)


@pytest.mark.parametrize("n", [30, 100])
def test_what_was_saved_is_read(tmp_path: Path, n: int) -> None:
    """With too few patients there is no pattern at all."""
    posterior = Posterior(6)
    outlying = fitted(posterior, n)
    outlying.save(tmp_path, "outlying")
    again = Outlying.load(tmp_path, "outlying")
    new, observed = posterior.patients(40, np.tile([[True, True], [True, False]], (20, 1)))
    np.testing.assert_array_equal(again.score(by_all(new), observed), outlying.score(by_all(new), observed))


def test_abstention_is_for_the_strange_and_the_unsure() -> None:
    ood = np.array([MOST_OUTLYING, np.nextafter(MOST_OUTLYING, 1), 0.0, 1.0])
    unsure = np.array([False, False, True, True])
    np.testing.assert_array_equal(abstain(ood, unsure), [False, True, True, True])


def test_a_tenth_of_training_is_above_the_limit_and_none_where_members_agree() -> None:
    spread = np.random.default_rng(0).gamma(2.0, size=500)
    assert (spread > spread_limit(spread)).mean() == pytest.approx(0.1)
    assert not (np.zeros(50) > spread_limit(np.zeros(50))).any()
