"""The mixture of candidates: a weighted sum of their log hazards or log odds, with non-negative weights.

With a few dozen patients, freely estimated weights of half a dozen candidates are worse than equal weights (Claeskens
et al. 2016, doi 10.1016/j.ijforecast.2015.12.005). The weights therefore have a normal prior around equal weights. With
hundreds of patients the data outweigh the prior.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.linear.elastic_net import Likelihood
from omics.common.errors import FitError

__all__ = ["Cost", "Mixture", "cost_of", "plausible_estimates"]

Array = NDArray[np.float64]

Cost = Callable[[Array], float]
"""Estimates (n, p) -> negative log likelihood of the n patients."""

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
    def fit(cls, held_out: Mapping[str, Array], slopes: Mapping[str, float], cost: Cost) -> Self:
        """Fit the weights to held-out estimates (van der Laan et al. 2007, doi 10.2202/1544-6115.1309).

        Parameters
        ----------
        held_out
            Candidate -> (n, p) or (n, 1) centred estimates of each patient by a model fitted without the patient.
        slopes
            Candidate -> calibration slope of these estimates. A candidate with a slope of 0 has no information and gets
            no weight.
        cost
            Negative log likelihood of the n patients, from their estimates.

        Raises
        ------
        FitError
            If an estimate is not finite.
        """
        informative = [name for name in held_out if slopes[name] > 0]
        weights = dict.fromkeys(held_out, 0.0)
        if informative:
            scaled = [slopes[name] * held_out[name] for name in informative]
            weights |= dict(zip(informative, map(float, _penalized_weights(scaled, cost)), strict=True))
        return cls(weights, dict(slopes))

    @classmethod
    def of_one(cls, name: str) -> Self:
        """Use a single candidate."""
        return cls({name: 1.0}, {name: 1.0})

    @property
    def multipliers(self) -> dict[str, float]:
        """Candidate -> factor of its centred estimates in the sum; candidates without a weight are left out."""
        return {name: weight * self.slopes[name] for name, weight in self.weights.items() if weight}

    def combine(self, estimates: Mapping[str, Array]) -> Array:
        """Weighted sum (members, n, p) of estimates (members, n, p) or (members, n, 1); without weight not needed."""
        total = np.zeros(np.broadcast_shapes(*(values.shape for values in estimates.values())))
        for name, multiplier in self.multipliers.items():
            total += multiplier * estimates[name]
        return total

    def spread(self, estimates: Mapping[str, Array]) -> Array:
        """Compute the standard deviation over candidates of the estimate that each gives with the weight of all.

        Parameters
        ----------
        estimates
            Candidate -> (members, n, p); candidates without a weight are not needed.

        Returns
        -------
        numpy.ndarray
            (n,), 0 with a single candidate.
        """
        weighted = {name: weight for name, weight in self.weights.items() if weight}
        n, total = next(iter(estimates.values())).shape[1], sum(weighted.values())
        if not weighted:
            return np.zeros(n)
        alone = np.stack([total * self.slopes[name] * estimates[name].mean(axis=(0, 2)) for name in weighted])
        share = np.array(list(weighted.values()))[:, None] / total
        spread: Array = np.sqrt((share * (alone - (share * alone).sum(axis=0)) ** 2).sum(axis=0))
        return spread


def plausible_estimates(estimates: Array, spread: Array) -> Array:
    """Add the spread of candidates to that of the members: each member counts as two, on either side of it.

    Parameters
    ----------
    estimates
        (members, n, p) of the mixture.
    spread
        (n,) standard deviation over candidates, from :meth:`Mixture.spread`.

    Returns
    -------
    numpy.ndarray
        (2 members, n, p) with the same mean; the variance is the sum of both variances.

    Examples
    --------
    >>> plausible_estimates(np.array([[[1.0]], [[3.0]]]), np.array([2.0])).ravel()
    array([ 3.,  5., -1.,  1.])
    """
    return np.concatenate([estimates + spread[:, None], estimates - spread[:, None]])


def cost_of(likelihood: Likelihood) -> Cost:
    """Cost of one linear predictor per patient, for :meth:`Mixture.fit`."""
    return lambda estimates: len(estimates) * likelihood.loss(estimates[:, 0])


def _penalized_weights(estimates: Sequence[Array], cost: Cost) -> Array:
    """(k,) weights >= 0 that maximize the posterior, from the estimates of k candidates."""
    if not all(np.isfinite(values).all() for values in estimates):
        raise FitError(
            "a held-out estimate is not finite, so candidates cannot be mixed; check the values of the views"
        )
    k = len(estimates)
    equal = np.full(k, 1.0 / k)

    def objective(weights: Array) -> float:
        combined = weights[0] * estimates[0]
        for weight, values in zip(weights[1:], estimates[1:], strict=True):
            combined = combined + weight * values
        off = weights - equal
        return cost(combined) + PRECISION * float(off @ off) / 2

    # Central differences, as costs are smooth and there are few weights.
    options = {"ftol": 1e-12, "gtol": 1e-6}
    result = minimize(
        objective, equal, jac="3-point", method="L-BFGS-B", bounds=[(0.0, None)] * k, options=options
    )
    weights: Array = result.x
    return weights
