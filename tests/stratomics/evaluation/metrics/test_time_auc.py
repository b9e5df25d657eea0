"""Time-dependent AUC against scikit-survival and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sksurv.metrics import cumulative_dynamic_auc
from sksurv.util import Surv
from survival_cases import made_up

from models.survival.kaplan_meier import censoring_survival
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.metrics.time_auc import auc_curve, auc_times


def score(name: str, data: SurvivalCases) -> float:
    return float(find_metric(name).function(data, np.ones((1, len(data))))[0])


@pytest.mark.parametrize("seed", range(4))
def test_auc_equals_scikit_survival_and_so_does_its_mean(seed: int) -> None:
    data = made_up(n=150, repeats=2, folds=1, seed=seed)
    times, outcome = auc_times(data), Surv.from_arrays(data.event, data.time)
    theirs = [cumulative_dynamic_auc(outcome, outcome, 1 - c(times), times) for c in data.curves]
    np.testing.assert_allclose(
        auc_curve(data, np.ones((1, 150)))[0], np.mean([curve for curve, _ in theirs], axis=0), atol=1e-12
    )
    assert score("time_auc", data) == pytest.approx(np.mean([mean for _, mean in theirs]), abs=1e-12)


@given(st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_auc_within_folds_equals_brute_force(seed: int) -> None:
    data = made_up(n=24, repeats=1, folds=2, seed=seed)
    times = auc_times(data)
    censoring = censoring_survival(data.event, data.time)(data.time)
    ours = auc_curve(data, np.ones((1, 24)))[0]
    for t, value in zip(times, ours, strict=True):
        marker, folds = 1 - data.curves[0](np.array([t]))[:, 0], []
        for k in range(2):
            right = pairs = 0.0
            for i in np.flatnonzero(data.fold[0] == k):
                for j in np.flatnonzero(data.fold[0] == k):
                    if data.event[i] and data.time[i] <= t < data.time[j]:
                        pairs += 1 / censoring[i]
                        right += ((marker[i] > marker[j]) + 0.5 * (marker[i] == marker[j])) / censoring[i]
            if pairs:
                folds.append(right / pairs)
        assert (value == pytest.approx(np.mean(folds))) if folds else np.isnan(value)
