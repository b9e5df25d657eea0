"""The space in which patients are grouped: factors times the root of what they explain, with their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.factors.annotate import factor_scale
from models.factors.factor_model import Factors
from omics.common.errors import DataError

__all__ = ["Coordinates", "FactorSpace"]

Array = NDArray[np.float64]

LEAST_EXPLAINED = 0.01
"""A factor that explains less than this share of every view is left out."""

LARGEST_SHARE = 0.995
"""Largest posterior variance of a factor, as a share of its prior variance."""


@dataclass(frozen=True)
class Coordinates:
    """n patients in the space of q factors.

    Attributes
    ----------
    mean
        (n, q) posterior mean of the factors, scaled.
    value, variance
        (n, q) the factors as measured values with independent errors: without the prior of the factor model, which
        pulls the mean of a patient with few data towards 0. The less is measured, the larger the variance.
    known
        (n,) False for a patient without any view.
    """

    mean: Array
    value: Array
    variance: Array
    known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.mean)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Coordinates:
        """Select patients."""
        return Coordinates(self.mean[rows], self.value[rows], self.variance[rows], self.known[rows])


@dataclass(frozen=True)
class FactorSpace:
    """The factors that count, and the standard deviation that each is given.

    Attributes
    ----------
    names
        Names of the q factors.
    kept
        (q,) their positions in the factor model.
    scale
        (q,) root of the variance that each explains, mean over views.
    """

    names: tuple[str, ...]
    kept: NDArray[np.int64]
    scale: Array

    @classmethod
    def fit(cls, explained: pd.DataFrame) -> Self:
        """Leave out factors that explain next to nothing of every view.

        Parameters
        ----------
        explained
            Proportion of the variance of each view (rows) that each factor (columns) explains.

        Raises
        ------
        DataError
            If no factor explains a hundredth of a view.

        Examples
        --------
        >>> FactorSpace.fit(pd.DataFrame({"factor1": [0.5, 0.0], "factor2": [0.001, 0.002]})).names
        ('factor1',)
        """
        kept = np.flatnonzero(
            explained.to_numpy(dtype=np.float64).max(axis=0, initial=0.0) >= LEAST_EXPLAINED
        )
        if not kept.size:
            raise DataError(
                f"no factor explains {LEAST_EXPLAINED:.0%} of a view, so that patients cannot be grouped; fit more "
                "factors or check the views"
            )
        return cls(tuple(str(name) for name in explained.columns[kept]), kept, factor_scale(explained)[kept])

    def coordinates(self, factors: Factors) -> Coordinates:
        """Place patients in the space.

        Parameters
        ----------
        factors
            Of the factor model that the space was made from; prior mean 0 and sd 1.

        Returns
        -------
        Coordinates
            The posterior N(m, v) of a factor with prior N(0, 1) is that of a measured value m / (1 - v) with error
            variance v / (1 - v).
        """
        mean = factors.mean[:, self.kept]
        share = np.clip(factors.sd[:, self.kept] ** 2, 0.0, LARGEST_SHARE)
        return Coordinates(
            mean * self.scale,
            mean / (1.0 - share) * self.scale,
            share / (1.0 - share) * self.scale**2,
            factors.known,
        )
