"""The network of the autoencoder: product of experts, expected log likelihoods, divergences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from models.factors.vae.network import Expert, MultiViewNetwork, ViewDecoder, ViewInputs, product_of_experts

LIKELIHOODS = ("gaussian", "bernoulli", "poisson")


def test_product_of_experts_equals_the_product_of_densities() -> None:
    precision, mean = torch.from_numpy(np.array([[[0.5], [3.0]], [[1.0], [-0.7]]]))
    experts = [Expert(p[None], (p * m)[None]) for p, m in zip(precision, mean, strict=True)]
    posterior = product_of_experts(experts)
    z = torch.from_numpy(np.linspace(-8, 8, 20001))
    log_density = -0.5 * z**2 - 0.5 * (precision * (z - mean) ** 2).sum(dim=0)
    density = torch.softmax(log_density, dim=0)
    expected = (density * z).sum()
    assert posterior.mean.item() == pytest.approx(expected.item(), abs=1e-9)
    assert posterior.variance.item() == pytest.approx((density * (z - expected) ** 2).sum().item(), abs=1e-9)


def test_experts_of_precision_0_give_the_prior() -> None:
    empty = Expert(torch.zeros(2, 3), torch.zeros(2, 3))
    posterior = product_of_experts([empty, empty])
    assert (posterior.mean == 0).all()
    assert (posterior.variance == 1).all()


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_expected_log_likelihood_is_at_most_that_of_a_simulation(likelihood: str) -> None:
    torch.manual_seed(0)
    decoder = ViewDecoder(4, 2, 0, likelihood).double()
    with torch.no_grad():
        decoder.weight.normal_()
        decoder.log_sd.fill_(-1.0)
    y = torch.tensor([[0.0, 1.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]]).double()
    posterior = product_of_experts([Expert(torch.full((2, 2), 2.0).double(), torch.ones(2, 2).double())])
    mean, variance = decoder(posterior, torch.zeros(2, 2).double())
    bound = decoder.log_likelihood(y, mean, variance)
    # Factors and loadings are simulated: the moments of the predictor include the uncertainty of both.
    z = posterior.mean + posterior.variance.sqrt() * torch.randn(40000, 2, 2).double()
    weight = decoder.weight + decoder.log_sd.exp() * torch.randn(40000, 4, 2).double()
    eta = decoder.intercept + z @ weight.mT
    simulated = _log_density(likelihood, decoder, y, eta).mean(dim=0)
    assert (bound <= simulated + 0.02).all()
    if likelihood == "gaussian":
        torch.testing.assert_close(bound, simulated, atol=0.02, rtol=0.02)
    else:
        assert (simulated - bound).mean() < 0.25


def _log_density(likelihood: str, decoder: ViewDecoder, y: torch.Tensor, eta: torch.Tensor) -> torch.Tensor:
    if likelihood == "gaussian":
        return torch.distributions.Normal(eta, decoder.noise().sqrt()).log_prob(y)
    if likelihood == "bernoulli":
        return torch.distributions.Bernoulli(logits=eta).log_prob(y)
    return torch.distributions.Poisson(nn.functional.softplus(eta) + 1e-4).log_prob(y)


def test_divergence_of_loadings_equals_that_of_gaussians_at_the_best_prior() -> None:
    torch.manual_seed(1)
    decoder = ViewDecoder(30, 2, 0, "gaussian").double()
    with torch.no_grad():
        decoder.weight.normal_()
        decoder.log_sd.uniform_(-2, 0)

    def divergence(prior: torch.Tensor) -> float:
        of = torch.distributions.Normal(decoder.weight, decoder.log_sd.exp())
        return torch.distributions.kl_divergence(of, torch.distributions.Normal(0.0, prior)).sum().item()

    best = (decoder.weight.square() + (2 * decoder.log_sd).exp()).mean(dim=0).sqrt()
    ours = decoder.divergence().item()
    assert ours == pytest.approx(divergence(best), rel=1e-12)
    assert all(ours <= divergence(best * factor) for factor in (0.9, 1.1))


def test_the_network_combines_different_likelihoods() -> None:
    network = MultiViewNetwork([3, 2, 4], 2, 3, LIKELIHOODS)
    y = [torch.ones(5, p) for p in (3, 2, 4)]
    inputs = ViewInputs(y, [torch.ones_like(x) for x in y], torch.arange(5))
    bound = network.bound(inputs, network.posterior(inputs), torch.zeros(5, 2))
    assert torch.isfinite(bound.likelihood).all()
    assert (bound.divergence >= 0).all()
