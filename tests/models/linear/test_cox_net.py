"""The elastic-net Cox solver against scikit-survival, automatic differentiation and the optimality conditions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sksurv.linear_model import CoxnetSurvivalAnalysis, CoxPHSurvivalAnalysis
from sksurv.util import Surv

from models.linear.cox_net import CoxLikelihood, cox_net, cox_net_path, largest_penalty
from models.losses.cox import cox_efron
from omics.common.errors import FitError


def draw(n: int, p: int, seed: int, *, ties: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    eta = x[:, :3] @ [1.0, -1.0, 0.5]
    time, censored = rng.exponential(np.exp(-eta)), rng.exponential(1.0, size=n)
    event, time = time < censored, np.minimum(time, censored)
    return x, event, np.ceil(time * 4) if ties else time


@pytest.mark.parametrize("ties", [False, True])
def test_likelihood_gradient_and_curvature_equal_the_torch_loss(ties: bool) -> None:
    x, event, time = draw(40, 6, 1, ties=ties)
    eta = np.random.default_rng(2).normal(size=40)
    share = event.mean()

    def loss(h: torch.Tensor) -> torch.Tensor:
        return cox_efron(h, torch.tensor(event), torch.tensor(time)) * share

    ours, h = CoxLikelihood(event, time), torch.tensor(eta, requires_grad=True)
    loss(h).backward()
    hessian = torch.autograd.functional.hessian(loss, torch.tensor(eta)).numpy()
    assert ours.loss(eta) == pytest.approx(loss(h).item(), abs=1e-12)
    np.testing.assert_allclose(ours.gradient(eta), h.grad.numpy(), atol=1e-12)
    np.testing.assert_allclose(ours.curvature(eta, x), hessian @ x, atol=1e-12)


@pytest.mark.parametrize("l1_ratio", [0.2, 0.5, 1.0])
def test_path_equals_scikit_survival(l1_ratio: float) -> None:
    x, event, time = draw(80, 200, 3, ties=False)
    penalties = largest_penalty(x, event, time, l1_ratio) * np.geomspace(1, 0.1, 10)
    reference = CoxnetSurvivalAnalysis(
        l1_ratio=l1_ratio, alphas=penalties, normalize=False, tol=1e-12, max_iter=10**6
    ).fit(x, Surv.from_arrays(event, time))
    ours = cox_net_path(x, event, time, penalties, l1_ratio)
    np.testing.assert_allclose(ours, reference.coef_.T, atol=2e-5)


def test_ridge_with_ties_equals_scikit_survival() -> None:
    x, event, time = draw(100, 5, 4, ties=True)
    reference = CoxPHSurvivalAnalysis(alpha=0.7, ties="efron", tol=1e-12).fit(
        x, Surv.from_arrays(event, time)
    )
    np.testing.assert_allclose(cox_net(x, event, time, 0.7 / 100, 0.0), reference.coef_, atol=1e-6)


def test_unpenalised_equals_lifelines() -> None:
    import pandas as pd
    from lifelines import CoxPHFitter

    x, event, time = draw(150, 3, 5, ties=True)
    frame = pd.DataFrame(x, columns=["a", "b", "c"]).assign(t=time, e=event)
    reference = CoxPHFitter().fit(frame, "t", "e").params_.to_numpy()
    np.testing.assert_allclose(cox_net(x, event, time, 0.0, 0.0), reference, atol=1e-5)


def test_lasso_with_ties_is_optimal() -> None:
    x, event, time = draw(60, 100, 6, ties=True)
    penalty = largest_penalty(x, event, time, 1.0) * 0.3
    b = cox_net(x, event, time, penalty, 1.0)
    slope = x.T @ CoxLikelihood(event, time).gradient(x @ b)
    np.testing.assert_allclose(slope[b != 0], -penalty * np.sign(b[b != 0]), atol=1e-6)
    assert np.abs(slope[b == 0]).max() <= penalty + 1e-6
    assert 0 < (b != 0).sum() < 100


def test_largest_penalty_is_where_the_first_feature_enters() -> None:
    x, event, time = draw(60, 50, 7, ties=True)
    edge = largest_penalty(x, event, time, 0.5)
    assert (cox_net(x, event, time, edge * 1.001, 0.5) == 0).all()
    assert (cox_net(x, event, time, edge * 0.99, 0.5) != 0).any()


def test_separation_without_penalty_raises_an_error() -> None:
    time = np.arange(1.0, 21.0)
    with pytest.raises(FitError, match="raise the penalty"):
        cox_net(-time[:, None], np.ones(20, dtype=bool), time, 0.0, 0.0)


def test_no_features_give_no_coefficients() -> None:
    _, event, time = draw(20, 3, 8, ties=False)
    assert cox_net(np.zeros((20, 0)), event, time, 0.1, 0.5).shape == (0,)
