"""Non-Gaussian likelihoods, each with a Gaussian lower bound.

The bound is taken at the mean and the second moment of the linear predictor eta of a value. It is
``linear * eta - precision * eta**2 / 2`` plus terms without eta, so conjugate updates stay exact and the evidence never
decreases.
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
    """A likelihood with its Gaussian lower bound; every tensor has the shape of the values `y`."""

    def residual(self, eta: Tensor) -> Tensor:
        """Variance of the likelihood on the scale of eta."""
        ...

    def allows(self, y: Tensor) -> Tensor:
        """Which values the likelihood can produce."""
        ...

    def linear_scale(self, y: Tensor) -> Tensor:
        """Values on a scale that is about linear in the factors, for initialization."""
        ...

    def gaussian(self, y: Tensor, mean: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Precision and linear term of the tightest bound, where E[eta] is `mean` and E[eta^2] is `second`."""
        ...

    def evidence(self, y: Tensor, mean: Tensor, second: Tensor) -> Tensor:
        """Lower bound on E[log p(y | eta)]: the expectation of the Gaussian bound."""
        ...

    def response(self, eta: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of y given eta."""
        ...


class Bernoulli:
    """0 or 1 with a logit link: the bound of Jaakkola and Jordan (2000, doi 10.1023/A:1008932416310)."""

    def residual(self, eta: Tensor) -> Tensor:
        """Variance of the standard logistic distribution."""
        return torch.full_like(eta, math.pi**2 / 3)

    def allows(self, y: Tensor) -> Tensor:
        """Allow 0 and 1."""
        return (y == 0) | (y == 1)

    def linear_scale(self, y: Tensor) -> Tensor:
        """Return the values unchanged."""
        return y

    def gaussian(self, y: Tensor, mean: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ARG002  # one signature for all likelihoods
        """Tangent in eta^2 at E[eta^2]."""
        xi = second.clamp_min(1e-8).sqrt()
        return torch.tanh(xi / 2) / (2 * xi), y - 0.5

    def evidence(self, y: Tensor, mean: Tensor, second: Tensor) -> Tensor:
        """Value of the bound at the best tangent."""
        xi = second.clamp_min(1e-8).sqrt()
        return logsigmoid(xi) - xi / 2 + (y - 0.5) * mean

    def response(self, eta: Tensor) -> tuple[Tensor, Tensor]:
        """Probability of 1, and its variance."""
        p = torch.sigmoid(eta)
        return p, p * (1 - p)


class Poisson:
    """Counts with rate ``log(1 + exp(eta))``: a quadratic bound (Seeger and Bouchard 2012, AISTATS 22).

    The curvature is bounded for each value, by 1/4 + 0.17 y. This is tighter than a bound by the largest count.
    """

    def residual(self, eta: Tensor) -> Tensor:
        """Inverse of the Fisher information about eta."""
        return self._rate(eta) / torch.sigmoid(eta).square()

    def allows(self, y: Tensor) -> Tensor:
        """Allow whole numbers from 0."""
        return (y >= 0) & (y == y.round())

    def linear_scale(self, y: Tensor) -> Tensor:
        """Return log(1 + y)."""
        return torch.log1p(y)

    def gaussian(self, y: Tensor, mean: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ARG002  # one signature for all likelihoods
        """Parabola that touches the log likelihood at E[eta]."""
        curvature = 0.25 + 0.17 * y
        slope = torch.sigmoid(mean) * (1 - y / self._rate(mean))
        return curvature, curvature * mean - slope

    def evidence(self, y: Tensor, mean: Tensor, second: Tensor) -> Tensor:
        """Value of the bound at the best parabola."""
        rate = self._rate(mean)
        value = y * torch.log(rate) - rate - torch.lgamma(y + 1)
        return value - 0.5 * (0.25 + 0.17 * y) * (second - mean**2).clamp_min(0)

    def response(self, eta: Tensor) -> tuple[Tensor, Tensor]:
        """Rate, which is also the variance."""
        return self._rate(eta), self._rate(eta)

    @staticmethod
    def _rate(eta: Tensor) -> Tensor:
        return softplus(eta) + SMALLEST_RATE


LIKELIHOODS: dict[str, BoundedLikelihood] = {"bernoulli": Bernoulli(), "poisson": Poisson()}


def check_likelihood(view: str, likelihood: str, y: Tensor) -> None:
    """Check that a likelihood can produce the values of a view.

    Parameters
    ----------
    view
        Name of the view, for the message.
    likelihood
        A name in LIKELIHOODS.
    y
        Values of the view.

    Raises
    ------
    FitError
        If the likelihood cannot produce one of the values.
    """
    if not bool(LIKELIHOODS[likelihood].allows(y).all()):
        raise FitError(
            f"view {view} has values that are not {likelihood}; give it unscaled values or call it gaussian"
        )


def expected_response(
    likelihood: str, mean: NDArray[np.float64], variance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of values with a normally distributed predictor, by Gauss-Hermite quadrature.

    Parameters
    ----------
    likelihood
        gaussian, or a name in LIKELIHOODS.
    mean, variance
        Of the predictor.

    Returns
    -------
    mean, variance
        Of the values, in the same shape.
    """
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
