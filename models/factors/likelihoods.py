"""Likelihoods that are not Gaussian, each as the Gaussian that bounds it from below.

Given the mean and the second moment of the predictor eta of a value, a bound is
``linear * eta - precision * eta**2 / 2`` plus what does not depend on eta, so that conjugate updates stay exact and the
evidence never falls.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from omics.common.errors import FitError

__all__ = [
    "GAUSSIAN",
    "LIKELIHOODS",
    "Bernoulli",
    "BoundedLikelihood",
    "Poisson",
    "check_likelihood",
    "expected_response",
]

GAUSSIAN = "gaussian"

SMALLEST_RATE = 1e-4
NODES = 20


class BoundedLikelihood(Protocol):
    """A bound; every tensor has the shape of the values `y`."""

    def residual(self, eta: Tensor) -> Tensor:
        """Variance that the likelihood itself adds on the scale of eta."""
        ...

    def allows(self, y: Tensor) -> Tensor:
        """Tell which values can be."""
        ...

    def start(self, y: Tensor) -> Tensor:
        """Values on a scale on which a first guess of the factors may be linear."""
        ...

    def gaussian(self, y: Tensor, mean: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Precision and linear term of the best bound, where E[eta] is `mean` and E[eta^2] is `second`."""
        ...

    def evidence(self, y: Tensor, mean: Tensor, second: Tensor) -> Tensor:
        """Bound E[log p(y | eta)] from below by the expectation of that Gaussian."""
        ...

    def response(self, eta: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of y given eta."""
        ...


class Bernoulli:
    """0 or 1, logit link: the bound of Jaakkola and Jordan (2000, doi 10.1023/A:1008932416310)."""

    def residual(self, eta: Tensor) -> Tensor:
        """Of the standard logistic distribution."""
        return torch.full_like(eta, math.pi**2 / 3)

    def allows(self, y: Tensor) -> Tensor:
        """0 and 1."""
        return (y == 0) | (y == 1)

    def start(self, y: Tensor) -> Tensor:
        """Take the values themselves."""
        return y

    def gaussian(self, y: Tensor, mean: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        """Tangent in eta^2 at E[eta^2]."""
        xi = second.clamp_min(1e-8).sqrt()
        return torch.tanh(xi / 2) / (2 * xi), y - 0.5

    def evidence(self, y: Tensor, mean: Tensor, second: Tensor) -> Tensor:
        """At the best tangent."""
        xi = second.clamp_min(1e-8).sqrt()
        return logsigmoid(xi) - xi / 2 + (y - 0.5) * mean

    def response(self, eta: Tensor) -> tuple[Tensor, Tensor]:
        """Probability of 1, and its Bernoulli variance."""
        p = torch.sigmoid(eta)
        return p, p * (1 - p)


class Poisson:
    """Counts of rate ``log(1 + exp(eta))``: a parabola of bounded curvature (Seeger and Bouchard 2012, AISTATS 22).

    The curvature is bounded value by value, 1/4 + 0.17 y, tighter than by the largest count of a feature.
    """

    def residual(self, eta: Tensor) -> Tensor:
        """Inverse of the Fisher information about eta."""
        return self._rate(eta) / torch.sigmoid(eta).square()

    def allows(self, y: Tensor) -> Tensor:
        """Whole numbers from 0."""
        return (y >= 0) & (y == y.round())

    def start(self, y: Tensor) -> Tensor:
        """log(1 + y)."""
        return torch.log1p(y)

    def gaussian(self, y: Tensor, mean: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        """Touches at E[eta]."""
        curvature = 0.25 + 0.17 * y
        slope = torch.sigmoid(mean) * (1 - y / self._rate(mean))
        return curvature, curvature * mean - slope

    def evidence(self, y: Tensor, mean: Tensor, second: Tensor) -> Tensor:
        """At the best parabola."""
        rate = self._rate(mean)
        value = y * torch.log(rate) - rate - torch.lgamma(y + 1)
        return value - 0.5 * (0.25 + 0.17 * y) * (second - mean**2).clamp_min(0)

    def response(self, eta: Tensor) -> tuple[Tensor, Tensor]:
        """Rate, which is the variance too."""
        return self._rate(eta), self._rate(eta)

    @staticmethod
    def _rate(eta: Tensor) -> Tensor:
        return softplus(eta) + SMALLEST_RATE


LIKELIHOODS: dict[str, BoundedLikelihood] = {"bernoulli": Bernoulli(), "poisson": Poisson()}


def check_likelihood(view: str, likelihood: str, y: Tensor) -> None:
    """Refuse values that the likelihood of `view` cannot give."""
    if not bool(LIKELIHOODS[likelihood].allows(y).all()):
        raise FitError(
            f"view {view} has values that are not {likelihood}; give it unscaled values or call it gaussian"
        )


def expected_response(
    likelihood: str, mean: NDArray[np.float64], variance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of values whose predictor is N(mean, variance), by Gauss-Hermite quadrature."""
    if likelihood == GAUSSIAN:
        return mean, variance
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    first, second = np.zeros_like(mean), np.zeros_like(mean)
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        eta = torch.from_numpy(mean + node * np.sqrt(variance))
        value, spread = (part.numpy() for part in LIKELIHOODS[likelihood].response(eta))
        first += weight * value
        second += weight * (spread + value**2)
    return first, second - first**2
