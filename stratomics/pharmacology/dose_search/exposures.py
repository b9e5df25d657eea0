"""Exposure of patients as a function of their dose: lognormal, or by draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from stratomics.pharmacology.dose_search.target import ExposureTarget

__all__ = ["DrawnExposure", "Exposure", "LognormalExposure", "Shares"]

Array = NDArray[np.float64]


class Shares(NamedTuple):
    """Probabilities that each of n patients is below, within and above a target, and the variance of `within`.

    The variance is that of the Monte Carlo error; 0 if the probabilities are exact.
    """

    below: Array
    within: Array
    above: Array
    variance: Array


class Exposure(Protocol):
    """Exposure of n patients as a function of their doses.

    ``exact`` says that its probabilities have no Monte Carlo error, ``linear`` that exposure is proportional to
    the dose.
    """

    @property
    def patients(self) -> int:
        """Number of patients."""

    @property
    def exact(self) -> bool:
        """Whether probabilities have no Monte Carlo error."""

    @property
    def linear(self) -> bool:
        """Whether exposure is proportional to the dose."""

    def shares(self, doses: Array, target: ExposureTarget) -> Shares:
        """Probabilities at the (n,) doses of n patients."""

    def quantile(self, doses: Array, level: float) -> Array:
        """Quantile of the exposure of each patient, (n,)."""


@dataclass(frozen=True)
class LognormalExposure:
    """Exposure whose logarithm is normal: ``median`` (n,) at a dose of 1, and its standard deviation ``sd``."""

    median: Array
    sd: float
    exact = True
    linear = True

    @property
    def patients(self) -> int:
        """Number of patients."""
        return len(self.median)

    def shares(self, doses: Array, target: ExposureTarget) -> Shares:
        """Probabilities at the (n,) doses of n patients."""
        centre = np.log(self.median * doses)
        low, high = (norm.cdf(_score(bound, centre, self.sd)) for bound in (target.low, target.high))
        return Shares(low, high - low, 1 - high, np.zeros_like(centre))

    def quantile(self, doses: Array, level: float) -> Array:
        """Quantile of the exposure of each patient, (n,)."""
        values: Array = self.median * doses * np.exp(self.sd * norm.ppf(level))
        return values


def _score(bound: float, centre: Array, sd: float) -> Array:
    with np.errstate(divide="ignore"):
        score: Array = (np.log(bound) - centre) / sd
    return score


@dataclass(frozen=True)
class DrawnExposure:
    """Exposure by draws: ``values`` maps the doses (n,) to (n, s), ``weights`` (n, s) sum to 1 for each patient."""

    values: Callable[[Array], Array]
    weights: Array
    linear: bool
    exact = False

    @property
    def patients(self) -> int:
        """Number of patients."""
        return len(self.weights)

    def shares(self, doses: Array, target: ExposureTarget) -> Shares:
        """Probabilities at the (n,) doses of n patients."""
        values = self.values(doses)
        low, high = values < target.low, values > target.high
        within = ~low & ~high
        share = (self.weights * within).sum(1)
        variance = (self.weights**2 * (within - share[:, None]) ** 2).sum(1)
        return Shares((self.weights * low).sum(1), share, (self.weights * high).sum(1), variance)

    def quantile(self, doses: Array, level: float) -> Array:
        """Quantile of the exposure of each patient, (n,)."""
        values = self.values(doses)
        order = np.argsort(values, axis=1)
        reached = np.take_along_axis(self.weights, order, 1).cumsum(1)
        place = (reached < level).sum(1, keepdims=True).clip(max=values.shape[1] - 1)
        found: Array = np.take_along_axis(values, np.take_along_axis(order, place, 1), 1)[:, 0]
        return found
