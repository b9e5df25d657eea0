"""Intervals of curves, point by point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["band"]

Array = NDArray[np.float64]

KNOWN = 0.95
"""Share of the resamples that must say something of a point, for it to have an interval."""


def band(values: Array) -> tuple[Array, Array]:
    """Lower and upper end (k,) of the 95% percentile interval of each point of a curve.

    Parameters
    ----------
    values
        (1 + draws, k): of all patients, then of each resample of them; NaN where a resample says nothing.

    Returns
    -------
    tuple
        Intervals of one point at a time, not of the whole curve; NaN where more than one resample in twenty says
        nothing.

    Examples
    --------
    >>> low, high = band(np.arange(1001.0)[:, None] - 1.0)
    >>> round(float(low[0]), 1), round(float(high[0]), 1)
    (25.0, 974.0)
    """
    drawn = values[1:]
    known = np.isfinite(drawn).mean(axis=0) >= KNOWN
    ends = np.full((2, values.shape[1]), np.nan)
    ends[:, known] = np.nanquantile(drawn[:, known], [0.025, 0.975], axis=0)
    return ends[0], ends[1]
