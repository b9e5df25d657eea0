"""Survival and AUC at horizons: lifelines and the curve over time as oracles."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from survival_cases import made_up

from stratomics.evaluation.metrics.horizons import horizon_auc, horizons
from stratomics.evaluation.metrics.time_auc import auc_curve, auc_times

CASES = made_up(n=120, folds=2, ties=False, seed=3)


@pytest.mark.filterwarnings("ignore")  # lifelines uses interfaces that pandas deprecates
def test_survival_is_that_of_lifelines() -> None:
    times = np.quantile(CASES.time, [0.2, 0.5, 0.8])
    oracle = KaplanMeierFitter().fit(CASES.time, CASES.event)
    low, high = oracle.confidence_interval_survival_function_.to_numpy().T
    steps = oracle.survival_function_.index.to_numpy()
    for row, at in zip(horizons(CASES, times), times, strict=True):
        place = np.searchsorted(steps, at, side="right") - 1
        assert row.survival["estimate"] == pytest.approx(oracle.survival_function_at_times(at).item())
        assert (row.survival["low"], row.survival["high"]) == pytest.approx((low[place], high[place]))
        assert row.events == (CASES.event & (CASES.time <= at)).sum()
        assert row.at_risk == (CASES.time > at).sum()
        assert 0.0 < row.predicted < 1.0


def test_auc_is_that_of_the_curve_over_time() -> None:
    times, weight = (
        auc_times(CASES)[[4, 9]],
        np.random.default_rng(0).multinomial(120, np.full(120, 1 / 120), 30),
    )
    weight = np.vstack([np.ones(120), weight]).astype(np.float64)
    curve = auc_curve(CASES, weight)[:, [4, 9]]
    for k, (ours, theirs, difference) in enumerate(horizon_auc(CASES, CASES, times, weight)):
        assert ours["estimate"] == pytest.approx(curve[0, k])
        assert theirs == ours
        # The same predictions differ nowhere, in no resample.
        assert difference == {"estimate": 0.0, "low": 0.0, "high": 0.0}
    assert horizon_auc(CASES, None, times, weight)[0][1:] == (None, None)
