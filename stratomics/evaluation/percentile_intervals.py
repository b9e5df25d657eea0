"""Percentile intervals over resamples of patients: of curves, point by point, and of one number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["band", "with_interval"]

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


def with_interval(values: Array) -> dict[str, float]:
    """Estimate of all patients, the first of values (1 + draws,), with the ends of :func:`band` where they are known.

    Examples
    --------
    >>> with_interval(np.array([0.5, 0.5, 0.5]))
    {'estimate': 0.5, 'low': 0.5, 'high': 0.5}
    """
    low, high = (float(end[0]) for end in band(values[:, None]))
    ends = {"low": low, "high": high} if np.isfinite(low) else {}
    return {"estimate": float(values[0])} | ends
