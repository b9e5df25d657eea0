"""Censoring given covariates: the truth found, Kaplan-Meier where they say nothing, nobody evaluated by his own model."""

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


def test_the_truth_is_found() -> None:
    """About 1,000 censored: the standard error of a probability is about 0.02."""
    x, event, time = followed(1.0)
    at = np.array([0.1, 0.5, 1.0])
    true = np.exp(-at * np.exp(x[:, :1]))
    assert np.abs(conditional_censoring(x, event, time, FOLD)(at) - true).mean(axis=0).max() < 0.03


def test_without_effect_it_is_kaplan_meier() -> None:
    x, event, time = followed(0.0)
    at = np.linspace(0.05, 1.5, 20)
    conditional = conditional_censoring(x, event, time, FOLD)(at)
    # A curve in 200 steps, so that it may be a two-hundredth off.
    assert np.abs(conditional - censoring_survival(event, time)(at)).max() < 0.03


def test_a_patient_teaches_nothing_about_himself() -> None:
    """What is said of a patient hangs on his own row by the common slope and baseline alone."""
    x, event, time = followed(1.0, n=200)
    fold = np.arange(200) % 5
    moved = x.copy()
    moved[0] = [50.0, -50.0, 50.0]
    before, after = (conditional_censoring(z, event, time, fold).values for z in (x, moved))
    same_fold = np.flatnonzero((fold == 0) & (np.arange(200) > 0))
    order = np.argsort(before[same_fold, -1])
    # The others of his fold are told apart and keep their order: their model did not see him.
    assert (np.diff(after[same_fold][order, -1]) > 0).all()


def test_ties_let_the_event_go_first() -> None:
    """Both at 1: one dies, one is censored, two go on; of the three at risk of being censored one is."""
    event, time = np.array([True, False, True, True]), np.array([1.0, 1.0, 2.0, 3.0])
    censoring = conditional_censoring(np.zeros((4, 1)), event, time, np.array([0, 1, 0, 1]))
    assert censoring(np.array([0.99, 1.0]))[0] == pytest.approx([1.0, np.exp(-1.0 / 3.0)])


def test_where_nobody_is_censored_all_are_followed() -> None:
    x, _, time = followed(0.0, n=30)
    censoring = conditional_censoring(x, np.ones(30, dtype=bool), time, np.arange(30) % 3)
    np.testing.assert_array_equal(censoring(np.array([0.0, 1.0, 99.0])), np.ones((30, 3)))


def test_a_fold_whose_others_were_all_followed_and_a_constant_column() -> None:
    x, event, time = followed(1.0, n=30)
    fold, event = np.arange(30) % 3, event.copy()
    event[fold != 1] = True
    event[1] = False
    x[:, 1] = 4.0
    assert np.isfinite(conditional_censoring(x, event, time, fold).values).all()
