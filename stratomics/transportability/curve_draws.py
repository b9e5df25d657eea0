"""Draws of a learning curve: other patients to evaluate, other subsets and another cohort to learn from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["curve_draws", "training_variance"]

Array = NDArray[np.float64]


def curve_draws(
    losses: Array, weight: Array, counted: Array, generator: np.random.Generator
) -> tuple[Array, Array]:
    """Mean losses by size, with patients and repeats resampled independently.

    Patients and repeats are two crossed samples (Owen 2007, doi 10.1214/07-AOAS122): patients are those whose outcome
    is predicted, and repeats are the subsets that models learn from.

    Parameters
    ----------
    losses
        (repeats, sizes, n) loss of each held-out patient.
    weight
        (1 + draws, n) how often each patient counts; first all once.
    counted
        (1 + draws, n) the same, times the weight for censoring.
    generator
        Draws repeats.

    Returns
    -------
    curves
        (1 + draws, sizes) mean losses, first without resampling.
    of_repeats
        (repeats, sizes) mean losses of each repeat in all patients.
    """
    repeats, sizes, n = losses.shape
    total = weight.sum(axis=1)[:, None, None]
    means = (counted @ losses.reshape(-1, n).T).reshape(-1, repeats, sizes) / total
    drawn = generator.multinomial(repeats, np.full(repeats, 1.0 / repeats), len(weight) - 1)
    share = np.vstack([np.ones(repeats), drawn]) / repeats
    curves: Array = np.einsum("drk,dr->dk", means, share)
    return curves, means[0]


def training_variance(of_repeats: Array, sizes: Array, n: int) -> float:
    """Variance of the loss of a model over training cohorts, times the square of their number of patients.

    The excess loss of a model is about quadratic in the error of its parameters, so that its standard deviation over
    training cohorts of s patients falls as 1 / s. Repeats are evaluated in the same patients and differ by their
    subsets alone. Two subsets of s out of n patients share the part (s / n)^2 of this variance, since pairs of patients
    count. Sizes have the weight s^2: in small subsets a shrunk model varies less than that.

    Parameters
    ----------
    of_repeats
        (repeats, sizes) mean loss in the same patients of models that learn from different subsets.
    sizes
        (sizes,) patients in a subset.
    n
        Patients of the cohort from which subsets are drawn.

    Returns
    -------
    float
        Divided by the square of a number of training patients, it is the variance for this number.

    Examples
    --------
    >>> loss = 0.2 + np.array([[0.1], [-0.1]]) * 10.0 / np.array([10.0, 20.0])
    >>> round(training_variance(loss, np.array([10.0, 20.0]), 1000), 2)
    2.0
    """
    independent = 1.0 - (sizes / n) ** 2
    scaled = of_repeats.var(axis=0, ddof=1) * sizes**2 / independent
    return float(np.average(scaled, weights=sizes**2))
