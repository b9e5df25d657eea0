"""Squared error of a continuous target, as a likelihood for the solvers in `elastic_net` and `group_ridge`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SquaredError"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SquaredError:
    """Likelihood of a normal target (n,) with a known standard deviation, after its mean is removed."""

    target: Array
    sd: float

    def loss(self, estimate: Array) -> float:
        """Negative log likelihood per patient, without its constant."""
        return float(np.mean(self._residual(estimate) ** 2) / 2.0)

    def gradient(self, estimate: Array) -> Array:
        """(n,) gradient of `loss`."""
        return -self._residual(estimate) / (self.sd * len(estimate))

    def curvature(self, estimate: Array, x: Array) -> Array:
        """(n, p): the Hessian of `loss`, times x (n, p)."""
        curved: Array = (x - x.mean(axis=0)) / (self.sd**2 * len(estimate))
        return curved

    def _residual(self, estimate: Array) -> Array:
        difference = self.target - estimate
        centred: Array = (difference - difference.mean()) / self.sd
        return centred
