"""Cases: saved predictions joined with outcomes."""

from __future__ import annotations

import numpy as np
import pytest
from survival_cases import exponential, made_up

from models.prediction import Prediction
from models.survival.kaplan_meier import StepFunction
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError
from stratomics.evaluation.cases import SurvivalCases, cases_of
from stratomics.evaluation.comparison import compare
from stratomics.evaluation.metrics.metric import find_metric


def score(name: str, data: SurvivalCases) -> float:
    return float(find_metric(name).function(data, np.ones((1, len(data))))[0])


def test_bounds_are_read_from_the_predictions() -> None:
    data = made_up(repeats=1, ties=False)
    ids = np.array([f"p{i}" for i in range(len(data))])
    plain = Prediction.of_survival(ids, data.risk[0], data.grid, data.survival[0])
    outcome = Survival(data.time, data.event, np.ones(len(data), dtype=bool), "days")
    without = cases_of(plain, ids, outcome)
    comparison = compare({"stratomics": without}, "survival", "survival", "ibs", 100, seed=1)
    assert "no lower bounds" in str(comparison.absent["stratomics"]["bound_coverage"])
    bounded = Prediction(plain.patients.assign(survival_bound=0.0), plain.long)
    assert score("bound_coverage", cases_of(bounded, ids, outcome)) == 1.0


def test_each_patient_has_the_curve_of_their_fold() -> None:
    data = made_up(n=30, repeats=1, ties=False)
    ids = np.array([f"p{i}" for i in range(30)])
    steps = (data.grid[::2], data.grid[1::3])
    halves = [
        Prediction.of_survival(
            ids[half], data.risk[0, half], steps[k], exponential(steps[k], data.risk[0, half], 5.0)
        ).at(0, k)
        for k, half in enumerate((slice(0, 17), slice(17, 30)))
    ]
    order = np.random.default_rng(0).permutation(30)
    outcome = Survival(data.time[order], data.event[order], np.ones(30, dtype=bool), "days")
    cases = cases_of(Prediction.concatenate(halves), ids[order], outcome)
    for place, patient in enumerate(order):
        times = steps[0] if patient < 17 else steps[1]
        curve = StepFunction(times, exponential(times, data.risk[0, patient : patient + 1], 5.0))
        np.testing.assert_allclose(cases.survival[0, place], curve(cases.grid)[0])
        assert cases.survival_at_observed_time[0, place] == pytest.approx(
            curve(data.time[patient : patient + 1])[0, 0]
        )
        assert cases.end[0, place] == times[-1]


def test_a_patient_without_prediction_in_every_repeat_is_an_error() -> None:
    ids = np.array(["a", "b", "c"])
    parts = [Prediction.of_response(ids, "r", np.full(3, 0.5)).at(0, 0)]
    parts += [Prediction.of_response(ids[:2], "r", np.full(2, 0.5)).at(1, 0)]
    response = Response(np.array([True, False, True]), np.array([True, True, True]))
    with pytest.raises(DataError, match="not every patient is predicted"):
        cases_of(Prediction.concatenate(parts), ids, response)
    unobserved = Response(response.positive, np.array([True, True, False]))
    assert len(cases_of(Prediction.concatenate(parts), ids, unobserved)) == 2
