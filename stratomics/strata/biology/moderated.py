"""Statistics of single features: coefficients of a linear model with moderated variances, as z scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import digamma, polygamma

from omics.common.errors import DataError

__all__ = ["FeatureStatistics", "feature_statistics", "moderated_variance"]

Array = NDArray[np.float64]

FEWEST_FEATURES = 3
"""A set is compared with other features, and a variance of their statistics is needed."""

SMALLEST = 1e-5
"""Smallest residual variance, as a share of the median one, that the distribution of variances is fitted to."""

LEAST_VARIANCE = 1e-8
"""Smallest residual variance by which residuals are divided."""


@dataclass(frozen=True)
class FeatureStatistics:
    """Statistics of p features for c contrasts, of n patients.

    Attributes
    ----------
    z
        (p, c) moderated t of each coefficient as a z score; positive: the feature rises with the contrast.
    residuals
        (n, p) residuals of the model, each feature with a mean square of 1 per residual degree of freedom.
    df
        Residual degrees of freedom of one feature.
    """

    z: Array
    residuals: Array
    df: int


def feature_statistics(values: Array, contrasts: Array) -> FeatureStatistics:
    """Regress each feature on an intercept and all contrasts together.

    Parameters
    ----------
    values
        (n, p) values without NaN, on a scale on which differences are comparable, such as log2.
    contrasts
        (n, c) one column per contrast, such as a factor or a group (0 or 1).

    Returns
    -------
    FeatureStatistics
        The statistic of each contrast, given the others (Smyth 2004, doi 10.2202/1544-6115.1027). The t distribution
        is converted to the normal one by Hill 1970, doi 10.1145/355598.362775.

    Raises
    ------
    DataError
        If there are too few patients or features, or a contrast is constant or a combination of the others.
    """
    (n, p), c = values.shape, contrasts.shape[1]
    df = n - c - 1
    if df < 1:
        raise DataError(f"{n} patients are too few for {c} contrasts and an intercept; give at least {c + 2}")
    if p < FEWEST_FEATURES:
        raise DataError(f"{p} features are too few to compare sets of them; give at least {FEWEST_FEATURES}")
    basis, inverse = _basis(contrasts)
    centred = values - values.mean(axis=0)
    effects = basis.T @ centred
    residuals = centred - basis @ effects
    variance = (residuals**2).sum(axis=0) / df
    spread = np.sqrt((inverse**2).sum(axis=1))
    posterior, prior_df = moderated_variance(variance, df)
    t = (inverse @ effects) / spread[:, None] / np.sqrt(posterior)
    z = _normal_scores(t.T, min(df + prior_df, p * df))
    return FeatureStatistics(z, residuals / np.sqrt(np.maximum(variance, LEAST_VARIANCE)), df)


def _basis(contrasts: Array) -> tuple[Array, Array]:
    """Orthonormal basis (n, c) of the centred contrasts, and the matrix (c, c) from effects to coefficients."""
    centred = contrasts - contrasts.mean(axis=0)
    size = np.linalg.norm(centred, axis=0)
    # Relative to the values themselves, so that rounding is no variation.
    if (size <= 1e-10 * np.linalg.norm(contrasts, axis=0)).any():
        raise DataError(
            "a contrast is the same for all patients, so that nothing can be compared; leave it out"
        )
    basis, triangle = np.linalg.qr(centred / size)
    if np.abs(np.diag(triangle)).min() < 1e-8:  # noqa: PLR2004  # rounding
        raise DataError("a contrast is a combination of the others; leave one of them out")
    return basis, np.linalg.inv(triangle)


def moderated_variance(variance: Array, df: int) -> tuple[Array, float]:
    """Shrink the variances of features towards a common one, by empirical Bayes.

    Parameters
    ----------
    variance
        (p,) residual variances.
    df
        Degrees of freedom of each.

    Returns
    -------
    posterior
        (p,) shrunken variances.
    prior_df
        Degrees of freedom of the prior; infinite if the variances differ by chance only, and all become the same.

    Notes
    -----
    Moments of the log variances, Smyth 2004, doi 10.2202/1544-6115.1027, section 6.2.
    """
    middle = float(np.median(variance)) or float(variance.max()) or 1.0
    fitted = np.maximum(variance, SMALLEST * middle)
    log = np.log(fitted) - digamma(df / 2.0) + np.log(df / 2.0)
    excess = float(log.var(ddof=1) - polygamma(1, df / 2.0))
    if excess <= 0.0:
        return np.full_like(variance, fitted.mean()), float("inf")
    prior_df = 2.0 * _inverse_trigamma(excess)
    prior = np.exp(log.mean() + digamma(prior_df / 2.0) - np.log(prior_df / 2.0))
    return (prior_df * prior + df * variance) / (prior_df + df), prior_df


def _inverse_trigamma(value: float) -> float:
    """Find the number whose trigamma is `value`; trigamma(y) lies between 1/y and 1/y + 1/y^2."""
    low, high = 1.0 / value, (1.0 + np.sqrt(1.0 + 4.0 * value)) / (2.0 * value)
    root: float = brentq(lambda y: float(polygamma(1, y)) - value, low, high, xtol=1e-14, rtol=1e-13)
    return root


def _normal_scores(t: Array, df: float) -> Array:
    """Z scores with the tail probabilities of t; a closed form, which also holds where these are too small."""
    df = min(df, 1e10)
    a = df - 0.5
    b = 48.0 * a**2
    w = a * np.log1p(t**2 / df)
    inner = ((((-0.4 * w - 3.3) * w - 24.0) * w - 85.5) / (0.8 * w**2 + 100.0 + b) + w + 3.0) / b + 1.0
    score: Array = np.sign(t) * np.sqrt(w) * inner
    return score
