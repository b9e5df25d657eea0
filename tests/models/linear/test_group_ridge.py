"""Group ridge: the optimum by other solvers, penalties by the evidence, uninformative blocks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lifelines import CoxPHFitter
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from models.linear.cox_net import CoxLikelihood, cox_net
from models.linear.group_ridge import RATE, SHAPE, group_ridge, likelihood_of, ridge
from models.linear.logistic_net import LogisticLikelihood
from models.losses.cox import cox_efron
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import FitError


def patients(n: int = 150, p: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    time = np.ceil(rng.exponential(np.exp(-x[:, 0] + 0.5 * x[:, 1])) * 20)
    return x, rng.random(n) < 0.7, time


def test_equals_ridge_cox_of_lifelines() -> None:
    """The penalizer of lifelines is on the mean over patients, for standardised inputs; ties are Efron's."""
    import pandas as pd

    x, event, time = patients()
    x = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    names = [f"x{j}" for j in range(x.shape[1])]
    table = pd.DataFrame(x, columns=names).assign(time=time, event=event)
    oracle = CoxPHFitter(penalizer=0.1, l1_ratio=0.0)
    oracle.fit(table, "time", "event", fit_options={"precision": 1e-9})
    ours, _ = ridge(x, np.full(6, 0.1 * len(x)), CoxLikelihood(event, time))
    np.testing.assert_allclose(ours, oracle.params_.to_numpy(), atol=1e-5)


def test_equals_coordinate_descent_and_scikit_learn() -> None:
    x, event, time = patients()
    ours, _ = ridge(x, np.full(6, 0.2 * len(x)), CoxLikelihood(event, time))
    np.testing.assert_allclose(ours, cox_net(x, event, time, 0.2, 0.0), atol=1e-6)
    logistic, _ = ridge(x, np.full(6, 3.0), LogisticLikelihood(event))
    oracle = LogisticRegression(C=1 / 3.0, tol=1e-10, max_iter=1000).fit(x, event)
    np.testing.assert_allclose(logistic, oracle.coef_[0], atol=1e-5)


def test_penalties_maximise_the_evidence() -> None:
    """A grid search over the Laplace evidence with the gamma prior of both penalties finds no better value."""
    x, event, time = patients(n=200, p=8, seed=3)
    block = np.repeat([0, 1], 4)
    likelihood = CoxLikelihood(event, time)
    result = group_ridge(x, block, likelihood)

    def minus_evidence(log_penalties: np.ndarray) -> float:
        penalties = np.exp(log_penalties)[block]
        b, hessian = ridge(x, penalties, likelihood)
        cost = len(x) * likelihood.loss(x @ b) + penalties @ b**2 / 2
        cost += np.linalg.slogdet(hessian)[1] / 2 - np.log(penalties).sum() / 2
        return float(cost - (SHAPE * log_penalties - RATE * np.exp(log_penalties)).sum())

    best = minimize(minus_evidence, np.log([40.0, 40.0]), method="Nelder-Mead", options={"xatol": 1e-3})
    # The fixed-point iteration ignores that the curvature depends on the penalty.
    np.testing.assert_allclose(np.log(result.penalties[[0, 4]]), best.x, atol=0.15)


def test_a_block_of_noise_is_penalised_more() -> None:
    rng = np.random.default_rng(5)
    worse = 0
    for _ in range(20):
        x = rng.normal(size=(200, 20))
        positive = rng.random(200) < 1 / (1 + np.exp(-x[:, :10] @ rng.normal(0, 0.5, 10)))
        result = group_ridge(x, np.repeat([0, 1], 10), LogisticLikelihood(positive))
        worse += result.penalties[0] > result.penalties[-1]
    assert worse <= 1


def test_a_given_penalty_is_fixed() -> None:
    x, event, time = patients()
    block = np.repeat([0, 1], 3)
    result = group_ridge(x, block, CoxLikelihood(event, time), {1: 7.0})
    assert (result.penalties[3:] == 7.0).all()
    assert not np.isclose(result.penalties[0], 7.0)
    again, _ = ridge(x, result.penalties, CoxLikelihood(event, time))
    np.testing.assert_allclose(result.coefficients, again, atol=1e-6)


@pytest.mark.parametrize("n", [8, 30])
def test_more_inputs_than_patients_and_perfect_separation_stay_finite(n: int) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, 60))
    result = group_ridge(x, np.repeat([0, 1, 2], 20), LogisticLikelihood(x[:, 0] > 0))
    assert np.isfinite(result.coefficients).all()
    assert np.abs(x @ result.coefficients).max() < 20


def test_an_input_that_never_varies_has_no_coefficient() -> None:
    x, event, time = patients()
    x[:, 2] = 0.0
    result = group_ridge(x, np.array([0, 0, 1, 1, 2, 2]), CoxLikelihood(event, time))
    assert result.coefficients[2] == 0.0


def test_the_likelihood_depends_on_the_endpoint() -> None:
    _, event, time = patients()
    observed = np.ones(len(event), dtype=bool)
    assert isinstance(likelihood_of(Survival(time, event, observed)), CoxLikelihood)
    assert isinstance(likelihood_of(Response(event, observed)), LogisticLikelihood)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("strata", [False, True])
def test_equals_the_training_loss_of_networks(late: bool, strata: bool) -> None:
    """Loss and gradient with ties against automatic differentiation, curvature against finite differences."""
    rng = np.random.default_rng(4)
    n = 60
    _, event, time = patients(n)
    entry = np.floor(rng.random(n) * time) if late else None
    stratum = rng.integers(3, size=n) if strata else None
    likelihood = likelihood_of(Survival(time, event, np.ones(n, bool), entry=entry, stratum=stratum))
    parts = [None if part is None else torch.from_numpy(part) for part in (entry, stratum)]

    def loss(eta: torch.Tensor) -> torch.Tensor:
        return cox_efron(eta, torch.from_numpy(event), torch.from_numpy(time), None, *parts) * event.sum() / n

    eta, x = rng.normal(size=n), rng.normal(size=(n, 4))
    assert likelihood.loss(eta) == pytest.approx(float(loss(torch.from_numpy(eta))), rel=1e-10)

    def slope(at: np.ndarray) -> np.ndarray:
        return torch.autograd.functional.jacobian(loss, torch.from_numpy(at)).numpy()

    np.testing.assert_allclose(likelihood.gradient(eta), slope(eta), atol=1e-10)
    for column, curved in zip(x.T, likelihood.curvature(eta, x).T, strict=True):
        numeric = (slope(eta + 1e-5 * column) - slope(eta - 1e-5 * column)) / 2e-5
        np.testing.assert_allclose(curved, numeric, atol=1e-8)


def test_an_input_that_is_not_finite_raises_an_error() -> None:
    x, event, time = patients()
    x[3, 3] = np.nan
    with pytest.raises(FitError, match="not finite"):
        group_ridge(x, np.zeros(6, dtype=np.int64), CoxLikelihood(event, time))
