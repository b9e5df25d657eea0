"""What is uncertain about a prediction, in two parts: what nobody could know, and what the members disagree on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

__all__ = ["Uncertainty", "response_uncertainty", "restricted_mean_uncertainty", "survival_uncertainty"]

Array = NDArray[np.float64]


class Uncertainty(NamedTuple):
    """That of the outcome itself, `aleatoric`, that of the model, `epistemic`, and their sum `total`; never below 0."""

    total: Array
    aleatoric: Array
    epistemic: Array


def response_uncertainty(probability: Array) -> Uncertainty:
    """Entropy (n,), in nats, of a response from the members' probabilities (members, n, classes).

    Total is that of the members' mean, aleatoric the mean of the members' own, and the rest the mutual information
    between response and member (Depeweg et al. 2018, doi 10.48550/arXiv.1710.07283).

    Examples
    --------
    >>> sure_of_opposites = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    >>> [float(part[0].round(3)) for part in response_uncertainty(sure_of_opposites)]
    [0.693, 0.0, 0.693]
    """
    total = entr(probability.mean(axis=0)).sum(axis=-1)
    aleatoric = entr(probability).sum(axis=-1).mean(axis=0)
    # Rounding must not make it negative where all say the same.
    epistemic = np.maximum(total - aleatoric, 0.0)
    return Uncertainty(aleatoric + epistemic, aleatoric, epistemic)


def survival_uncertainty(survival: Array) -> Uncertainty:
    """Variance (n, t) of being alive at t, by the law of total variance, from members' curves (members, n, t).

    Aleatoric is the mean of the members' S (1 - S), epistemic the variance of S between members.

    Examples
    --------
    >>> [float(part[0, 0].round(3)) for part in survival_uncertainty(np.array([[[0.4]], [[0.6]]]))]
    [0.25, 0.24, 0.01]
    """
    aleatoric = (survival * (1.0 - survival)).mean(axis=0)
    epistemic = survival.var(axis=0)
    return Uncertainty(aleatoric + epistemic, aleatoric, epistemic)


def restricted_mean_uncertainty(survival: Array, times: Array, horizon: float) -> tuple[Array, Uncertainty]:
    """Restricted mean time (n,), and its variance (n,) by the law of total variance.

    Parameters
    ----------
    survival
        (members, n, t), in right-continuous steps, 1 before the first, the last carried forward.
    times
        (t,) ascending.
    horizon
        The time tau at which time is cut: what is predicted is min(T, tau). Variances are in squared units of time.

    Examples
    --------
    >>> curve = np.array([[[0.0]]])
    >>> mean, parts = restricted_mean_uncertainty(curve, np.array([2.0]), 5.0)
    >>> float(mean[0]), float(parts.total[0])
    (2.0, 0.0)
    """
    edges = np.minimum(np.concatenate([[0.0], times, [max(horizon, times[-1])]]), horizon)
    curves = np.concatenate([np.ones((*survival.shape[:-1], 1)), survival], axis=-1)
    means = curves @ np.diff(edges)
    # E min(T, tau)^2 is the integral of 2 t S(t).
    own = np.maximum(curves @ np.diff(edges**2) - means**2, 0.0)
    aleatoric, epistemic = own.mean(axis=0), means.var(axis=0)
    return means.mean(axis=0), Uncertainty(aleatoric + epistemic, aleatoric, epistemic)
