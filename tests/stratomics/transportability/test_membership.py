"""Membership of two cohorts: figures of R, the same patients, patients that do not overlap."""

from __future__ import annotations

import numpy as np
import pytest
from gbsg import predictors
from scipy.stats import rankdata

from models.calibration.density_ratio import DensityRatio
from stratomics.transportability.membership import effective_number, membership


def test_rotterdam_and_gbsg_as_in_r(shared) -> None:
    # rott.R: logistic regression on the predictors, in sample; odds weights of Rotterdam to GBSG.
    rotterdam, gbsg = predictors(shared)
    ratio = DensityRatio.fit(rotterdam, gbsg, 0.0)
    assert effective_number(np.exp(ratio.log_ratio(rotterdam))) == pytest.approx(504.3, abs=0.05)
    ranks = rankdata(np.concatenate([ratio.log_ratio(rotterdam), ratio.log_ratio(gbsg)]))
    n, m = len(rotterdam), len(gbsg)
    auroc = (ranks[n:].sum() - m * (m + 1) / 2) / (n * m)
    assert auroc == pytest.approx(0.864341, abs=5e-7)
    crossed = membership(rotterdam, gbsg, seed=1)
    assert crossed.overlap
    assert 0.83 < crossed.auroc["low"] < auroc < crossed.auroc["high"] + 0.01


def test_the_same_patients_count_fully() -> None:
    x = np.random.default_rng(0).normal(size=(600, 4))
    found = membership(x[:300], x[300:], seed=1)
    assert found.auroc["low"] < 0.5 < found.auroc["high"] + 0.02
    assert found.effective_n > 250
    assert found.beyond < 0.05
    assert found.weight.mean() == pytest.approx(1.0)


def test_patients_that_do_not_overlap_are_not_weighted() -> None:
    x = np.random.default_rng(0).normal(size=(400, 3))
    found = membership(x[:200], x[200:] + np.array([10.0, 0.0, 0.0]), seed=1)
    assert not found.overlap
    assert found.beyond == 1.0


def test_weights_move_the_mean_to_the_other_cohort() -> None:
    x = np.random.default_rng(0).normal(size=(4000, 2))
    found = membership(x[:2000], x[2000:] + np.array([0.7, 0.0]), seed=1)
    assert np.average(x[:2000, 0], weights=found.weight) == pytest.approx(0.7, abs=0.1)
    assert np.average(x[:2000, 1], weights=found.weight) == pytest.approx(0.0, abs=0.1)
