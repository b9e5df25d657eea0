"""Calibration of a predicted benefit against known truths, a jackknife and real trials."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from omics.common.errors import DataError
from stratomics.enrichment.effects.benefit_calibration import (
    benefit_by_quantile,
    best_linear_predictor,
    c_for_benefit,
    policy_value,
)


def test_the_best_linear_predictor_finds_a_calibrated_slope_with_hc3_errors() -> None:
    rng, n = np.random.default_rng(0), 4000
    benefit = rng.normal(size=n)
    seen = benefit + (1 + np.abs(benefit)) * rng.normal(size=n)
    line = best_linear_predictor(seen, benefit)
    assert abs(line.slope.estimate - 1) < 3 * line.slope.se
    assert line.credible
    assert line.mean.estimate == pytest.approx(seen.mean())
    # HC3 is the jackknife to first order.
    few, short = benefit[:60], seen[:60]
    left_out = [
        best_linear_predictor(np.delete(short, i), np.delete(few, i)).slope.estimate for i in range(60)
    ]
    jackknife = np.sqrt(59 / 60 * np.sum((np.array(left_out) - np.mean(left_out)) ** 2))
    assert best_linear_predictor(short, few).slope.se == pytest.approx(jackknife, rel=0.05)
    with pytest.raises(DataError, match="same predicted benefit"):
        best_linear_predictor(seen, np.ones(n))


def test_quantiles_of_benefit_and_the_value_of_a_policy() -> None:
    rng = np.random.default_rng(0)
    predicted = rng.normal(size=400)
    benefit = predicted + rng.normal(size=400)
    groups = benefit_by_quantile(benefit, predicted)
    assert all(low[0] < high[0] for low, high in pairwise(groups))
    assert np.mean([effect.estimate for _, effect in groups]) == pytest.approx(benefit.mean())
    value = policy_value(benefit, predicted > 0)
    gained = value.over_nobody.estimate - value.over_everybody.estimate
    assert gained == pytest.approx(benefit.mean())
    assert value.over_everybody.low > 0
    with pytest.raises(DataError, match="ask for fewer"):
        benefit_by_quantile(benefit[:5], predicted[:5])


def test_c_for_benefit_is_one_half_for_noise_and_refused_for_equal_outcomes() -> None:
    rng, n = np.random.default_rng(0), 2000
    treated, benefit = np.arange(n) % 2 == 0, rng.normal(size=n)
    outcome = rng.normal(size=n) * 0.5 + benefit * treated
    assert c_for_benefit(outcome, treated, benefit) > 0.65
    assert c_for_benefit(outcome, treated, rng.normal(size=n)) == pytest.approx(0.5, abs=0.02)
    with pytest.raises(DataError, match="none can be compared"):
        c_for_benefit(np.ones(n), treated, benefit)
