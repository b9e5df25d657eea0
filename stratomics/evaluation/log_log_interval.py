"""Pointwise intervals of a Kaplan-Meier curve on the log-log scale, which stay between 0 and 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

__all__ = ["log_log_interval"]

Array = NDArray[np.float64]

HALF = 0.5


def log_log_interval(survival: Array, greenwood: Array) -> tuple[Array, Array]:
    """Lower and upper end (t,) of the 95% interval at each time; where the curve is 0 or 1 it is that value.

    Kalbfleisch and Prentice 2002, doi 10.1002/9781118032985.

    Parameters
    ----------
    survival
        (t,) Kaplan-Meier estimate.
    greenwood
        (t,) Greenwood's sum of d / (n (n - d)) up to each time.

    Examples
    --------
    >>> low, high = log_log_interval(np.array([0.5, 1.0]), np.array([0.01, 0.0]))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.399, 1.0], [0.593, 1.0])
    """
    inside = (survival > 0.0) & (survival < 1.0)
    logarithm = np.log(np.where(inside, survival, HALF))
    width = float(norm.ppf(0.975)) * np.sqrt(greenwood) / logarithm
    low, high = (np.where(inside, np.exp(logarithm * np.exp(sign * width)), survival) for sign in (-1.0, 1.0))
    return low, high
