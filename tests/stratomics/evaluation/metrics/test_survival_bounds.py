"""Coverage of lower bounds under censoring."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from survival_cases import with_survival

from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.metric import find_metric


def score(name: str, data: SurvivalCases) -> float:
    return float(find_metric(name).function(data, np.ones((1, len(data))))[0])


def test_coverage_of_bounds_is_unbiased_under_censoring() -> None:
    """Bounds are the true 10% quantiles: 90% of 20,000 true times reach them; about half of them are censored."""
    rng = np.random.default_rng(3)
    n = 20_000
    risk = rng.normal(size=(1, n))
    true, censored = rng.exponential(np.exp(-risk[0])), rng.exponential(1.0, n)
    event, time = true < censored, np.minimum(true, censored)
    bound = -np.log(0.9) * np.exp(-risk)
    steps = np.array([1.0])
    data = with_survival(
        event, time, risk, np.zeros((1, n), dtype=int), steps, np.full((1, n, 1), 0.5), bound
    )
    assert score("bound_coverage", data) == pytest.approx((true >= bound[0]).mean(), abs=0.005)
    late = dataclasses.replace(data, bound=np.full((1, n), 2.0))
    # At late bounds three quarters of the patients are censored, so that an unweighted share would be biased.
    assert score("bound_coverage", late) == pytest.approx((true >= 2.0).mean(), abs=0.02)
