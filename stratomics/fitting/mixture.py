"""The mixture of candidates: a weighted sum of their log hazards or log odds, with non-negative weights.

With a few dozen patients, freely estimated weights of half a dozen candidates are worse than equal weights (Claeskens
et al. 2016, doi 10.1016/j.ijforecast.2015.12.005). The weights therefore have a normal prior around equal weights. With
hundreds of patients the data outweigh the prior.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.linear.elastic_net import Likelihood
from omics.common.errors import FitError

__all__ = ["Mixture"]

Array = NDArray[np.float64]

PRECISION = 12.0
"""Of the prior of each weight: 1 over the variance of a uniform distribution from 0 to 1."""


@dataclass(frozen=True)
class Mixture:
    """A weighted sum of recalibrated estimates; the sum is then recalibrated as a whole.

    A linear pool of calibrated probabilities would be underconfident (Ranjan and Gneiting 2010,
    doi 10.1111/j.1467-9868.2009.00726.x), so that estimates are summed on the scale of the log hazard or log odds.

    Attributes
    ----------
    weights
        Candidate -> weight of its recalibrated estimates, >= 0. They need not add up to 1.
    slopes
        Candidate -> calibration slope of its estimates.
    """

    weights: Mapping[str, float]
    slopes: Mapping[str, float]

    @classmethod
    def fit(cls, held_out: Mapping[str, Array], slopes: Mapping[str, float], likelihood: Likelihood) -> Self:
        """Fit the weights to held-out estimates (van der Laan et al. 2007, doi 10.2202/1544-6115.1309).

        Parameters
        ----------
        held_out
            Candidate -> (n,) centred estimate of each patient by a model fitted without the patient.
        slopes
            Candidate -> calibration slope of these estimates. A candidate with a slope of 0 has no information and gets
            no weight.
        likelihood
            Likelihood of the n patients.

        Raises
        ------
        FitError
            If an estimate is not finite.
        """
        informative = [name for name in held_out if slopes[name] > 0]
        weights = dict.fromkeys(held_out, 0.0)
        if informative:
            estimates = np.column_stack([slopes[name] * held_out[name] for name in informative])
            fitted = _penalized_weights(estimates, likelihood)
            weights |= dict(zip(informative, map(float, fitted), strict=True))
        return cls(weights, dict(slopes))

    @classmethod
    def of_one(cls, name: str) -> Self:
        """Use a single candidate."""
        return cls({name: 1.0}, {name: 1.0})

    def combine(self, estimates: Mapping[str, Array]) -> Array:
        """Weighted sum (members, n, p) of estimates (members, n, p) or (members, n, 1); without weight not needed."""
        total = np.zeros(np.broadcast_shapes(*(values.shape for values in estimates.values())))
        for name, weight in self.weights.items():
            if weight:
                total += weight * self.slopes[name] * estimates[name]
        return total


def _penalized_weights(estimates: Array, likelihood: Likelihood) -> Array:
    """(k,) weights >= 0 that maximize the posterior, from estimates (n, k)."""
    if not np.isfinite(estimates).all():
        raise FitError(
            "a held-out estimate is not finite, so candidates cannot be mixed; check the values of the views"
        )
    n, k = estimates.shape
    equal = np.full(k, 1.0 / k)

    def objective(weights: Array) -> tuple[float, Array]:
        combined, off = estimates @ weights, weights - equal
        value = n * likelihood.loss(combined) + PRECISION * float(off @ off) / 2
        return value, n * estimates.T @ likelihood.gradient(combined) + PRECISION * off

    options = {"ftol": 1e-13, "gtol": 1e-9}
    result = minimize(
        objective, equal, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * k, options=options
    )
    weights: Array = result.x
    return weights
