"""Data without groups, to which patients are compared: one cloud with heavy tails, and axes with one mode each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["heavy_cloud", "one_mode"]

Array = NDArray[np.float64]


def heavy_cloud(x: Array, generator: np.random.Generator) -> Array:
    """Draw one cloud with the covariance and the tails of the patients.

    A multivariate t distribution with Mardia's kurtosis of x; a normal one if the tails are not heavy.

    Parameters
    ----------
    x
        (n, q) coordinates of the patients.
    generator
        Source of the draw.

    Returns
    -------
    numpy.ndarray
        (n, q).
    """
    n, q = x.shape
    normal = generator.standard_normal((n, q)) @ _root(x)
    degrees = _degrees(x)
    if not np.isfinite(degrees):
        return normal
    # The scale keeps the variance of the t distribution at that of the cohort.
    mixing = generator.chisquare(degrees, n) / (degrees - 2.0)
    drawn: Array = normal / np.sqrt(mixing)[:, None]
    return drawn


def _root(x: Array) -> Array:
    values, axes = np.linalg.eigh(np.cov(x.T, ddof=1).reshape(x.shape[1], -1))
    root: Array = np.sqrt(np.maximum(values, 0.0))[:, None] * axes.T
    return root


def _degrees(x: Array) -> float:
    """Degrees of freedom of a multivariate t with Mardia's kurtosis of x; infinite for normal tails."""
    n, q = x.shape
    centred = x - x.mean(axis=0)
    squared = (centred @ np.linalg.pinv(centred.T @ centred / n) * centred).sum(axis=1)
    ratio = float((squared**2).mean()) / (q * (q + 2) * (n - 1) / (n + 1))
    return (4.0 * ratio - 2.0) / (ratio - 1.0) if ratio > 1.0 else float("inf")


def one_mode(x: Array, generator: np.random.Generator) -> Array:
    """Draw principal axes independently, each from the density of x with the least smoothing that has one mode.

    Silverman 1981, doi 10.1111/j.2517-6161.1981.tb01155.x. The variances are kept.

    Parameters
    ----------
    x
        (n, q) coordinates of the patients.
    generator
        Source of the draw.

    Returns
    -------
    numpy.ndarray
        (n, q).
    """
    n = len(x)
    centre = x.mean(axis=0)
    _, _, axes = np.linalg.svd(x - centre, full_matrices=False)
    scores = (x - centre) @ axes.T
    drawn = np.empty_like(scores)
    for number, values in enumerate(scores.T):
        width, variance = _least_smoothing(values), values.var()
        noisy = values[generator.integers(n, size=n)] + width * generator.standard_normal(n)
        drawn[:, number] = noisy / np.sqrt(1.0 + width**2 / variance) if variance > 0 else noisy
    result: Array = drawn @ axes + centre
    return result


def _least_smoothing(values: Array) -> float:
    """Smallest bandwidth of a Gaussian kernel at which the density has one mode (bisection)."""
    spread = float(values.std())
    if spread == 0.0:
        return 0.0
    low, high = 0.0, 2.0 * spread
    grid = np.linspace(values.min() - spread, values.max() + spread, 256)
    for _ in range(20):
        middle = (low + high) / 2
        density = np.exp(-0.5 * ((grid[:, None] - values) / middle) ** 2).sum(axis=1)
        rising = np.diff(density) > 0
        modes = int((rising[:-1] & ~rising[1:]).sum())
        low, high = (low, middle) if modes <= 1 else (middle, high)
    return high
