"""How much a calibration patient counts where new patients differ from those of training."""

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
"""Nobody counts for more than ten patients, and none for less than a tenth of one."""


class ShiftWeights(NamedTuple):
    """How often patients left out (n,) and new patients (m,) count."""

    left_out: Array
    new: Array

    @property
    def effective(self) -> float:
        """How many equally weighted patients the patients left out are worth (Kish 1965)."""
        return float(self.left_out.sum() ** 2 / (self.left_out**2).sum())


@dataclass(frozen=True)
class DensityRatio:
    """How much more often patients with factors x come among new patients than in training.

    The odds of a ridge logistic regression that tells the two apart (Tibshirani et al. 2019, section 2.3,
    doi 10.48550/arXiv.1904.06019). What shifts has to be among the factors; where the response itself became more
    frequent, this does not help.

    Attributes
    ----------
    center, coefficients
        (K,) each.
    """

    center: Array
    coefficients: Array

    @classmethod
    def fit(cls, left_out: Array, new: Array) -> Self:
        """Learn from the factors (n, K) and (m, K), in one factor space, of patients left out and of new ones.

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
        both = np.vstack([left_out, new])
        if not np.isfinite(both).all():
            raise FitError(
                "a factor is not finite, so new patients cannot be compared with those of training"
            )
        center, spread = left_out.mean(axis=0), both.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        is_new = np.arange(len(both)) >= len(left_out)
        # A priori log odds are as far apart as one, whatever the number of factors.
        penalty = both.shape[1] / len(both)
        coefficients, _ = logistic_net((both - center) / spread, is_new, penalty, 0.0)
        return cls(center, coefficients / spread)

    def __call__(self, factors: Array) -> Array:
        """(n,) weights of factors (n, K), 1 at the mean of training."""
        limit = np.log(LARGEST)
        weight: Array = np.exp(np.clip((factors - self.center) @ self.coefficients, -limit, limit))
        return weight

    def weights(self, left_out: Array, new: Array) -> ShiftWeights:
        """Weigh both sides of a comparison."""
        return ShiftWeights(self(left_out), self(new))
