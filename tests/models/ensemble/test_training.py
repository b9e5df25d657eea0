"""The members: they start as ridge regressions, stop early, and are trained on several endpoints."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from models.config import HeadConfig, TrainerConfig
from models.ensemble.inputs import InputLayout
from models.ensemble.training import EndpointTask, train_members
from models.heads.cox import CoxHead
from models.heads.logistic import LogisticHead
from models.linear.group_ridge import group_ridge, likelihood_of
from omics.cohort.endpoints import Response, Survival

N, FOLDS = 120, 4
LAYOUT = InputLayout({"covariates": 2, "factors": 4})
TRAINER = TrainerConfig(epochs=39)


def drawn(
    seed: int = 0, n: int = N, nonlinear: bool = False
) -> tuple[np.ndarray, Survival, Response, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6))
    risk = 1.5 * np.abs(x[:, 0]) if nonlinear else x[:, 0]
    time = rng.exponential(np.exp(-risk)) * 100 + 0.01
    seen = rng.random(n) < 0.8
    response = Response((rng.random(n) < 1 / (1 + np.exp(-x[:, 1]))) & seen, seen)
    survival = Survival(time, rng.random(n) < 0.8, np.ones(n, dtype=bool))
    stacked = np.stack([x] * FOLDS).astype(np.float32)
    return stacked, survival, response, np.arange(n) % FOLDS


def members(x: np.ndarray, tasks: list[EndpointTask], fold: np.ndarray, **head: Any) -> Any:
    return train_members(x, LAYOUT, tasks, fold, HeadConfig(**head), TRAINER, seed=1)[0]


def test_without_the_deep_path_a_member_is_the_ridge_regression_of_its_patients() -> None:
    x, survival, response, fold = drawn()
    tasks = [EndpointTask(survival, CoxHead()), EndpointTask(response, LogisticHead())]
    estimates = members(x, tasks, fold, hidden=0).predict(x)
    for of_task, task in zip(estimates, tasks, strict=True):
        for member in range(FOLDS):
            rows = np.flatnonzero((fold != member) & task.endpoint.observed)
            likelihood = likelihood_of(task.endpoint.take(rows))
            solution = group_ridge(x[member, rows].astype(float), LAYOUT.block, likelihood)
            expected = x[member] @ solution.coefficients
            estimate = of_task[member, :, 0]
            shift = np.mean(estimate - expected)
            np.testing.assert_allclose(estimate - shift, expected, atol=1e-4)


def test_held_out_patients_have_no_influence_on_their_member() -> None:
    x, survival, response, fold = drawn()
    tasks = [EndpointTask(survival, CoxHead()), EndpointTask(response, LogisticHead())]
    held_out = fold == 2
    changed = x.copy()
    changed[:, held_out] = changed[:, held_out] * -3 + 1
    other = Survival(np.where(held_out, 1.0, survival.time), survival.event | held_out, survival.observed)
    one = members(x, tasks, fold).network.state_dict()
    two = members(changed, [EndpointTask(other, CoxHead()), tasks[1]], fold).network.state_dict()
    for name, parameter in one.items():
        assert torch.equal(parameter[2], two[name][2]), name
    assert not all(torch.equal(one[name], two[name]) for name in one)


def test_the_deep_path_fits_a_nonlinear_risk() -> None:
    """A linear path cannot fit a hazard that increases in both directions of an input."""
    x, survival, _, fold = drawn(n=800, nonlinear=True)
    [in_training] = members(x, [EndpointTask(survival, CoxHead())], fold, ridge_deep=1.0).predict(x)
    new, truth = (
        drawn(seed=9, n=800, nonlinear=True)[0],
        np.abs(drawn(seed=9, n=800, nonlinear=True)[0][0, :, 0]),
    )
    [deep] = members(x, [EndpointTask(survival, CoxHead())], fold, ridge_deep=1.0).predict(new)
    [wide] = members(x, [EndpointTask(survival, CoxHead())], fold, hidden=0).predict(new)
    assert np.corrcoef(deep.mean(axis=0)[:, 0], truth)[0, 1] > 0.8
    assert abs(np.corrcoef(wide.mean(axis=0)[:, 0], truth)[0, 1]) < 0.2
    assert in_training.shape == (FOLDS, 800, 1)


def test_a_deep_path_that_fits_noise_is_stopped_early() -> None:
    """With few patients and no penalty the validation loss increases early; members stay near their ridge models."""
    x, survival, _, fold = drawn(n=60)
    overfitting = {"hidden": 64, "ridge_deep": 0.01}
    [deep] = members(x, [EndpointTask(survival, CoxHead())], fold, **overfitting).predict(x)
    [wide] = members(x, [EndpointTask(survival, CoxHead())], fold, hidden=0).predict(x)
    assert np.corrcoef(deep.mean(axis=0)[:, 0], wide.mean(axis=0)[:, 0])[0, 1] > 0.9


def test_a_patient_without_an_endpoint_trains_the_others() -> None:
    """The endpoints share the hidden layer: training on survival changes the estimates of the response."""
    x, survival, response, fold = drawn(n=400, nonlinear=True)
    both = [EndpointTask(response, LogisticHead()), EndpointTask(survival, CoxHead())]
    together = members(x, both, fold, ridge_deep=1.0).predict(x)[0]
    alone = members(x, both[:1], fold, ridge_deep=1.0).predict(x)[0]
    assert not np.allclose(together, alone)
    partly_observed = Response(response.positive, np.zeros(400, dtype=bool) | (np.arange(400) < 100))
    masked = members(
        x, [EndpointTask(partly_observed, LogisticHead()), both[1]], fold, ridge_deep=1.0
    ).predict(x)
    assert all(np.isfinite(estimates).all() for estimates in masked)
