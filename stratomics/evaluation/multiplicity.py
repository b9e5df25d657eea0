"""Adjustment of p values for multiple testing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["holm"]

Array = NDArray[np.float64]


def holm(p: Array) -> Array:
    """Adjust p values (n,) for their number by the method of Holm 1979, https://www.jstor.org/stable/4615733.

    NaN stands for a test that was not made; it stays NaN and does not count.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, np.nan, 0.03]))
    array([0.03, 0.06,  nan, 0.06])
    """
    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    steps = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1))
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted
