"""Weights of calibration patients under covariate shift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from models.linear.logistic_net import logistic_net
from omics.common.errors import FitError

__all__ = ["DensityRatio", "ShiftWeights"]

Array = NDArray[np.float64]

LARGEST = 10.0
"""Weights are between 1/10 and 10."""


class ShiftWeights(NamedTuple):
    """Weights of held-out patients (n,) and of new patients (m,)."""

    held_out: Array
    new: Array

    @property
    def effective(self) -> float:
        """Effective number of held-out patients (Kish 1965)."""
        return float(self.held_out.sum() ** 2 / (self.held_out**2).sum())


@dataclass(frozen=True)
class DensityRatio:
    """Density ratio of the factors of new patients to those of training patients.

    It is estimated by the odds of a ridge logistic regression that separates the two groups (Tibshirani et al. 2019,
    section 2.3, doi 10.48550/arXiv.1904.06019). The shift must be visible in the factors. A change in the frequency of
    the response alone is not corrected.

    Attributes
    ----------
    center, coefficients
        (K,) each.
    """

    center: Array
    coefficients: Array

    @classmethod
    def fit(cls, held_out: Array, new: Array, penalty: float | None = None) -> Self:
        """Learn from the factors (n, K) of held-out patients and (m, K) of new patients, in the same factor space.

        Parameters
        ----------
        held_out, new
            (n, K) and (m, K).
        penalty
            Ridge penalty; by default log odds have a priori variance 1 for any number of factors.

        Raises
        ------
        FitError
            If a factor is not finite.

        Examples
        --------
        >>> x = np.linspace(-1, 1, 50)[:, None]
        >>> ratio = DensityRatio.fit(x, x + 0.5)
        >>> bool(np.all(np.diff(ratio(x)) > 0))
        True
        """
        both = np.vstack([held_out, new])
        if not np.isfinite(both).all():
            raise FitError(
                "a factor is not finite, so new patients cannot be compared with those of training"
            )
        center, spread = held_out.mean(axis=0), both.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        is_new = np.arange(len(both)) >= len(held_out)
        if penalty is None:
            penalty = both.shape[1] / len(both)
        coefficients, _ = logistic_net((both - center) / spread, is_new, penalty, 0.0)
        return cls(center, coefficients / spread)

    def __call__(self, factors: Array) -> Array:
        """Return weights (n,) of factors (n, K), 1 at the mean of training."""
        limit = np.log(LARGEST)
        weight: Array = np.exp(np.clip(self.log_ratio(factors), -limit, limit))
        return weight

    def log_ratio(self, factors: Array) -> Array:
        """Return the log density ratio (n,) of factors (n, K), without limits; 0 at the mean of training."""
        ratio: Array = (factors - self.center) @ self.coefficients
        return ratio

    def weights(self, held_out: Array, new: Array) -> ShiftWeights:
        """Return the weights of held-out and of new patients, from their factors."""
        return ShiftWeights(self(held_out), self(new))
