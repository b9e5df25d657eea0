"""Recalibration of competing risks: Aalen-Johansen without information, one slope per cause."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines import AalenJohansenFitter

from models.calibration.competing_recalibration import CompetingRecalibration

TIMES = np.linspace(0.02, 3.0, 100)


def test_uninformative_estimates_give_the_incidence_of_aalen_and_johansen() -> None:
    rng = np.random.default_rng(3)
    ends = rng.exponential([1.0, 2.0, 2.0], size=(800, 3))
    time, cause = ends.min(axis=1), (ends.argmin(axis=1) + 1) % 3
    grid = np.unique(time[cause > 0])
    flat = np.zeros((800, len(grid)))
    calibration = CompetingRecalibration.fit([flat, flat], grid, cause, time)
    assert calibration.slope == 0.0
    survival, incidence = calibration.incidence(np.zeros((3, 4, 2 * len(grid))))
    np.testing.assert_allclose(incidence.sum(axis=0), 1.0 - survival, atol=1e-12)
    for number in (1, 2):
        fitted = AalenJohansenFitter(calculate_variance=False).fit(time, cause, event_of_interest=number)
        expected = fitted.cumulative_density_.iloc[:, 0].reindex(grid).to_numpy()
        early = grid < np.quantile(time, 0.98)
        np.testing.assert_allclose(incidence[number - 1, 0][early], expected[early], atol=0.012)


def test_each_cause_recovers_its_covariate() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(3000, 2))
    ends = np.column_stack([rng.exponential(np.exp(-x)), rng.exponential(2.0, 3000)])
    time, cause = ends.min(axis=1), (ends.argmin(axis=1) + 1) % 3
    parts = [np.repeat(x[:, [c]], len(TIMES), axis=1) for c in range(2)]
    calibration = CompetingRecalibration.fit([parts[0], parts[1] * 0.0], TIMES, cause, time)
    assert calibration.causes[0].slope == pytest.approx(1.0, abs=0.06)
    assert calibration.causes[1].slope == 0.0
    prediction = calibration.prediction(np.arange(3000).astype(str), np.stack([np.hstack(parts)] * 2), "e")
    last = prediction.survival[prediction.survival["time"] == TIMES[-1]].pivot(
        index="sample_id", columns="cause", values="cumulative_incidence"
    )
    first = last[1].loc[np.arange(3000).astype(str)].to_numpy()
    assert np.corrcoef(x[:, 0], first)[0, 1] > 0.9
    [curves] = prediction.curves()
    assert curves.survival.values.shape == (3000, len(TIMES))
