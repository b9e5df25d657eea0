"""Censoring given covariates: the truth is recovered, Kaplan-Meier without effects, cross-fitting."""

from __future__ import annotations

import numpy as np
import pytest

from models.calibration.censoring_model import conditional_censoring
from models.survival.kaplan_meier import censoring_survival

FOLD = np.arange(2000) % 5


def followed(effect: float, seed: int = 0, n: int = 2000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    time, censored = rng.exponential(1.0, n), rng.exponential(np.exp(-effect * x[:, 0]))
    return x, time <= censored, np.minimum(time, censored)


def test_the_truth_is_recovered() -> None:
    """About 1,000 censored: the standard error of a probability is about 0.02."""
    x, event, time = followed(1.0)
    at = np.array([0.1, 0.5, 1.0])
    true = np.exp(-at * np.exp(x[:, :1]))
    assert np.abs(conditional_censoring(x, event, time, FOLD)(at) - true).mean(axis=0).max() < 0.03


def test_without_effect_it_is_kaplan_meier() -> None:
    x, event, time = followed(0.0)
    at = np.linspace(0.05, 1.5, 20)
    conditional = conditional_censoring(x, event, time, FOLD)(at)
    # A curve has 200 steps, so it may differ by 1/200.
    assert np.abs(conditional - censoring_survival(event, time)(at)).max() < 0.03


def test_a_patient_is_predicted_by_a_model_of_other_patients() -> None:
    """The prediction of a patient depends on their row only through the common slope and baseline."""
    x, event, time = followed(1.0, n=200)
    fold = np.arange(200) % 5
    moved = x.copy()
    moved[0] = [50.0, -50.0, 50.0]
    before, after = (conditional_censoring(z, event, time, fold).values for z in (x, moved))
    same_fold = np.flatnonzero((fold == 0) & (np.arange(200) > 0))
    order = np.argsort(before[same_fold, -1])
    # The order within the fold of this patient is unchanged: its model was not fitted on them.
    assert (np.diff(after[same_fold][order, -1]) > 0).all()


def test_at_ties_events_come_before_censoring() -> None:
    """One event and one censoring at time 1: of the three patients at risk of censoring, one is censored."""
    event, time = np.array([True, False, True, True]), np.array([1.0, 1.0, 2.0, 3.0])
    censoring = conditional_censoring(np.zeros((4, 1)), event, time, np.array([0, 1, 0, 1]))
    assert censoring(np.array([0.99, 1.0]))[0] == pytest.approx([1.0, np.exp(-1.0 / 3.0)])


def test_without_censoring_the_probability_is_one() -> None:
    x, _, time = followed(0.0, n=30)
    censoring = conditional_censoring(x, np.ones(30, dtype=bool), time, np.arange(30) % 3)
    np.testing.assert_array_equal(censoring(np.array([0.0, 1.0, 99.0])), np.ones((30, 3)))


def test_a_fold_without_censoring_in_training_and_a_constant_column() -> None:
    x, event, time = followed(1.0, n=30)
    fold, event = np.arange(30) % 3, event.copy()
    event[fold != 1] = True
    event[1] = False
    x[:, 1] = 4.0
    assert np.isfinite(conditional_censoring(x, event, time, fold).values).all()
