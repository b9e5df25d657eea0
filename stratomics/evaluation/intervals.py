"""95% intervals: percentile intervals over bootstrap resamples, of a proportion, and of a Kaplan-Meier curve."""

from __future__ import annotations

from typing import NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, norm

__all__ = [
    "Estimate",
    "estimate_with_interval",
    "exact_interval",
    "log_log_interval",
    "percentile_estimate",
    "pointwise_interval",
    "with_training_variability",
]

Array = NDArray[np.float64]

MIN_SHARE = 0.95
"""A point has an interval only if at least this share of the resamples has a value there."""

HALF = 0.5

TRAINING = float(np.sqrt(2.0))
"""Standard deviation with the variability of training, divided by that of patients with fixed models."""


class Estimate(TypedDict):
    """One number of ``metrics.json``, with its 95% interval if it has one.

    Attributes
    ----------
    estimate
        Value in all patients.
    low, high
        Ends of the interval; both or neither are present.
    """

    estimate: float
    low: NotRequired[float]
    high: NotRequired[float]


def with_training_variability(values: Array, fold: NDArray[np.int64]) -> Array:
    """Add the variability of training to bootstrap values of a cross-validated metric.

    Resampled patients with fixed models show how much a metric varies with the evaluated patients. In cross-validation
    these patients also train the models of the other folds, and other patients would give other models. Nadeau and
    Bengio 2003 (doi 10.1023/A:1024068626366) add the ratio of test to training patients of a fold, times the number of
    folds, to the variance: its size again for many folds. Deviations from the estimate are therefore multiplied by
    the square root of 2. ``docs/claims.md`` states the coverage in simulations.

    Parameters
    ----------
    values
        (1 + draws, ...) metric in all patients, then in each bootstrap resample.
    fold
        (repeats, n) number of the fold of each patient. With one fold, patients of another cohort are predicted: the
        model is fixed, and the values stay as they are.

    Returns
    -------
    numpy.ndarray
        As `values`; the first entry is the same.

    Examples
    --------
    >>> values = np.array([0.5, 0.4, 0.6])
    >>> with_training_variability(values, np.array([[0, 0, 1, 1]])).round(3).tolist()
    [0.5, 0.359, 0.641]
    >>> with_training_variability(values, np.array([[0, 0, 0, 0]])).tolist()
    [0.5, 0.4, 0.6]
    """
    if np.unique(fold).size == 1:
        return values
    return values[:1] + TRAINING * (values - values[:1])


def pointwise_interval(values: Array) -> tuple[Array, Array]:
    """95% percentile interval of each point of a curve.

    Parameters
    ----------
    values
        (1 + draws, k): the curve in all patients, then in each bootstrap resample; NaN where a resample has no value.

    Returns
    -------
    tuple
        Lower and upper end (k,) at each point; the interval does not cover the whole curve simultaneously. NaN where
        more than one resample in twenty has no value.

    Examples
    --------
    >>> low, high = pointwise_interval(np.arange(1001.0)[:, None] - 1.0)
    >>> round(float(low[0]), 1), round(float(high[0]), 1)
    (25.0, 974.0)
    """
    drawn = values[1:]
    known = np.isfinite(drawn).mean(axis=0) >= MIN_SHARE
    ends = np.full((2, values.shape[1]), np.nan)
    ends[:, known] = np.nanquantile(drawn[:, known], [0.025, 0.975], axis=0)
    return ends[0], ends[1]


def estimate_with_interval(values: Array) -> Estimate:
    """Estimate with its 95% percentile interval, from the values (1 + draws,) of :func:`pointwise_interval`.

    The interval is left out where :func:`pointwise_interval` has none.

    Examples
    --------
    >>> estimate_with_interval(np.array([0.5, 0.5, 0.5]))
    {'estimate': 0.5, 'low': 0.5, 'high': 0.5}
    """
    low, high = (float(end[0]) for end in pointwise_interval(values[:, None]))
    if not np.isfinite(low):
        return {"estimate": float(values[0])}
    return {"estimate": float(values[0]), "low": low, "high": high}


def percentile_estimate(values: Array, limits: tuple[float, float] = (-np.inf, np.inf)) -> Estimate:
    """Estimate with its 95% percentile interval, from the resamples that have a value.

    Parameters
    ----------
    values
        (1 + draws,) value in all patients, then in each resample.
    limits
        Smallest and largest possible value, within which the interval stays.

    Returns
    -------
    Estimate
        With an interval in any case.

    Examples
    --------
    >>> round(percentile_estimate(np.array([0.9, 0.7, 1.1]), (0.0, 1.0))["high"], 4)
    0.9925
    """
    low, high = np.nanquantile(np.clip(values[1:], *limits), [0.025, 0.975])
    return {"estimate": float(values[0]), "low": float(low), "high": float(high)}


def exact_interval(count: float, n: float) -> tuple[float, float]:
    """Exact 95% interval of a proportion.

    Clopper and Pearson 1934, doi 10.1093/biomet/26.4.404.

    Parameters
    ----------
    count
        Number of patients with the property; need not be an integer.
    n
        Number of patients; need not be an integer.

    Returns
    -------
    tuple of float
        Lower and upper end.

    Examples
    --------
    >>> low, high = exact_interval(10, 20)
    >>> round(low, 3), round(high, 3)
    (0.272, 0.728)
    """
    low = float(beta.ppf(0.025, count, n - count + 1)) if count > 0 else 0.0
    high = float(beta.ppf(0.975, count + 1, n - count)) if count < n else 1.0
    return low, high


def log_log_interval(survival: Array, greenwood: Array) -> tuple[Array, Array]:
    """Pointwise 95% interval on the log-log scale.

    Kalbfleisch and Prentice 2002, doi 10.1002/9781118032985.

    Parameters
    ----------
    survival
        (t,) Kaplan-Meier estimate.
    greenwood
        (t,) Greenwood's sum of d / (n (n - d)) up to each time.

    Returns
    -------
    tuple of numpy.ndarray
        (t,) lower and upper end; where the curve is 0 or 1, both equal the curve.

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
