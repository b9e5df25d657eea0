"""Power law of a learning curve: loss = limit + scale n^-exponent, for many curves at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["PowerLaw", "fit_power_law"]

Array = NDArray[np.float64]

EXPONENTS = np.linspace(0.25, 1.5, 26)


class PowerLaw(NamedTuple):
    """One law per curve: loss = limit + scale * n ** -exponent.

    Attributes
    ----------
    limit, scale, exponent
        (curves,) each; `scale` is never negative: more patients never give a higher loss.
    """

    limit: Array
    scale: Array
    exponent: Array

    def __call__(self, n: float) -> Array:
        """Loss (curves,) of a model that learns from n patients."""
        loss: Array = self.limit + self.scale * n**-self.exponent
        return loss


def fit_power_law(n: Array, loss: Array) -> PowerLaw:
    """Fit a power law to each curve by weighted least squares, over a grid of exponents from 0.25 to 1.5.

    The standard deviation of a loss over training subsets falls about as 1 / n, so that the weights are n^2. The
    smallest subsets, where a shrunk model does not yet follow the law, count little.

    Cortes et al. 1994 (Advances in Neural Information Processing Systems 6) for learning curves; Mukherjee et al. 2003,
    doi 10.1089/106652703321825928, for small omics data sets.

    Parameters
    ----------
    n
        (k,) numbers of training patients.
    loss
        (curves, k) mean losses.

    Returns
    -------
    PowerLaw

    Examples
    --------
    >>> sizes = np.array([25.0, 50.0, 100.0, 200.0])
    >>> law = fit_power_law(sizes, (0.5 + 2.0 / sizes)[None])
    >>> round(float(law(400.0)[0]), 4)
    0.505
    """
    weight = n**2 / (n**2).sum()
    mean = loss @ weight
    best = np.full(len(loss), np.inf)
    limit, scale, exponent = mean.copy(), np.zeros(len(loss)), np.ones(len(loss))
    for power in EXPONENTS:
        x = n**-power
        center = weight @ x
        centred = weight * (x - center)
        slope = np.maximum((loss - mean[:, None]) @ centred / (centred @ (x - center)), 0.0)
        at_infinity = mean - slope * center
        error = (loss - at_infinity[:, None] - slope[:, None] * x) ** 2 @ weight
        better = error < best
        best = np.where(better, error, best)
        limit, scale = np.where(better, at_infinity, limit), np.where(better, slope, scale)
        exponent = np.where(better, power, exponent)
    return PowerLaw(limit, scale, exponent)
