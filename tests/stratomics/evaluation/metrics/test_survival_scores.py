"""Brier score and log likelihood of survival curves against scikit-survival and brute force."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sksurv.metrics import (
    integrated_brier_score,
)
from sksurv.util import Surv
from survival_cases import made_up, with_survival

from models.survival.kaplan_meier import StepFunction, censoring_survival
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.metric import find_metric


def score(name: str, data: SurvivalCases, weight: np.ndarray | None = None) -> np.ndarray:
    weight = np.ones((1, len(data.time))) if weight is None else weight
    return find_metric(name).function(data, weight)


@pytest.mark.parametrize("seed", range(5))
def test_ibs_equals_scikit_survival(seed: int) -> None:
    data = made_up(seed=seed)
    outcome = Surv.from_arrays(data.event, data.time)
    expected = np.mean([integrated_brier_score(outcome, outcome, s, data.grid) for s in data.survival])
    assert score("ibs", data)[0] == pytest.approx(expected, abs=1e-12)


def test_ibs_is_lowest_for_the_observed_outcome() -> None:
    data = made_up(ties=False)
    oracle = (data.time[:, None] > data.grid).astype(float)
    better = with_survival(data.event, data.time, data.risk, data.fold, data.grid, np.stack([oracle, oracle]))
    assert score("ibs", better)[0] < score("ibs", data)[0]


def test_log_likelihood_equals_brute_force() -> None:
    data = made_up(n=30, repeats=1)
    censoring = censoring_survival(data.event, data.time)
    at = []
    for k, t in enumerate(data.grid):
        total = 0.0
        for i in range(30):
            if data.event[i] and data.time[i] <= t:
                total += np.log(1 - data.survival[0, i, k]) / censoring(data.time[i : i + 1])[0]
            elif data.time[i] > t:
                total += np.log(data.survival[0, i, k]) / censoring(np.array([t]))[0]
        at.append(total / 30)
    expected = np.trapezoid(at, data.grid) / np.ptp(data.grid)
    assert score("integrated_log_likelihood", data) == pytest.approx(expected)


def test_the_log_likelihood_of_a_wrong_certain_prediction_is_finite() -> None:
    data = made_up(n=30, repeats=1)
    sure = dataclasses.replace(data, curves=(StepFunction(data.grid[:1], np.zeros((30, 1))),))
    assert -20 < score("integrated_log_likelihood", sure) < score("integrated_log_likelihood", data)
