"""Bounds on likelihoods: below the likelihood, tight, with its slope; expectations match simulated draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import special, stats

from models.factors.likelihoods import LIKELIHOODS, expected_response


@pytest.mark.parametrize("likelihood", sorted(LIKELIHOODS))
def test_a_bound_is_below_the_likelihood_and_touches_it(likelihood: str) -> None:
    y = torch.arange(2.0 if likelihood == "bernoulli" else 40.0, dtype=torch.float64)[:, None, None]
    mean = torch.linspace(-4, 6, 11, dtype=torch.float64)[:, None]
    sd = torch.tensor([0.0, 0.1, 1.0, 3.0], dtype=torch.float64)
    bound = LIKELIHOODS[likelihood].evidence(y, mean, mean**2 + sd**2).numpy()
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    eta = mean[..., None].numpy() + sd[:, None].numpy() * nodes
    if likelihood == "bernoulli":
        log = -np.logaddexp(0, np.where(y[..., None].numpy() == 1, -eta, eta))
    else:
        log = stats.poisson.logpmf(y[..., None].numpy(), np.logaddexp(0, eta) + 1e-4)
    exact = log @ (weights / weights.sum())
    assert (bound <= exact + 1e-8).all()
    np.testing.assert_allclose(bound[..., 0], exact[..., 0], atol=1e-4)


@pytest.mark.parametrize("likelihood", sorted(LIKELIHOODS))
def test_the_gaussian_bound_has_the_slope_of_the_likelihood(likelihood: str) -> None:
    y = torch.ones(9, dtype=torch.float64)
    mean = torch.linspace(-3, 3, 9, dtype=torch.float64).requires_grad_()
    log = LIKELIHOODS[likelihood].evidence(y, mean, mean.detach() ** 2)
    precision, linear = LIKELIHOODS[likelihood].gaussian(y, mean.detach(), mean.detach() ** 2)
    # At the point of contact the bound has the slope of the log likelihood.
    exact = -torch.nn.functional.softplus(-mean) if likelihood == "bernoulli" else None
    if exact is None:
        rate = torch.nn.functional.softplus(mean) + 1e-4
        exact = torch.log(rate) - rate
    (slope,) = torch.autograd.grad(exact.sum(), mean)
    torch.testing.assert_close(linear - precision * mean.detach(), slope)
    assert log.shape == y.shape


def test_expected_response_equals_a_simulation() -> None:
    rng = np.random.default_rng(0)
    eta = rng.normal(0.7, 1.3, size=400_000)
    for likelihood, y in (
        ("bernoulli", rng.random(eta.shape) < special.expit(eta)),
        ("poisson", rng.poisson(np.logaddexp(0, eta))),
    ):
        mean, variance = expected_response(likelihood, np.array([0.7]), np.array([1.3**2]))
        assert mean[0] == pytest.approx(y.mean(), abs=4 * y.std() / math.sqrt(len(y)))
        assert variance[0] == pytest.approx(y.var(), rel=0.02)
