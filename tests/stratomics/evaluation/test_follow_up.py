"""Follow-up against lifelines with the reversed event indicator, and medians that are not reached."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times

from omics.cohort.endpoints import Survival
from stratomics.enrichment.selection.threshold_table import median_follow_up
from stratomics.evaluation.follow_up import follow_up


def drawn(seed: int, n: int = 60) -> Survival:
    rng = np.random.default_rng(seed)
    death, censored = rng.exponential(20.0, n), rng.exponential(15.0, n)
    return Survival(np.ceil(np.minimum(death, censored)), death <= censored, np.ones(n, dtype=bool), "months")


@pytest.mark.parametrize("seed", range(6))
def test_curve_median_and_interval_equal_lifelines(seed: int) -> None:
    """Events are moved slightly before censoring at the same time, as in the censoring distribution."""
    survival = drawn(seed)
    theirs = KaplanMeierFitter().fit(survival.time - 1e-6 * survival.event, ~survival.event)
    ours = follow_up(survival)
    at = np.arange(0.0, survival.time.max())
    np.testing.assert_allclose(ours.curve(at), theirs.predict(at), rtol=1e-9)
    assert ours.median == pytest.approx(theirs.median_survival_time_)
    low, high = median_survival_times(theirs.confidence_interval_).to_numpy()[0]
    assert ours.low == pytest.approx(low)
    assert np.isnan(ours.high) if np.isinf(high) else ours.high == pytest.approx(high)
    assert median_follow_up(survival) == ours.median


def test_without_censoring_there_is_no_median() -> None:
    survival = Survival(np.arange(1.0, 11.0), np.ones(10, dtype=bool), np.ones(10, dtype=bool))
    result = follow_up(survival)
    assert np.isnan([result.median, result.low, result.high]).all()
    assert (result.curve.values == 1.0).all()
    assert median_follow_up(survival) == 10.0


def test_patients_without_the_endpoint_do_not_count() -> None:
    survival = drawn(3)
    hidden = Survival(
        np.append(survival.time, np.nan),
        np.append(survival.event, False),
        np.append(survival.observed, False),
    )
    assert follow_up(hidden).median == follow_up(survival).median
