"""Uncertainty of a prediction: aleatoric (of the outcome itself) and epistemic (disagreement of the members)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

__all__ = ["Uncertainty", "response_uncertainty", "restricted_mean_uncertainty", "survival_uncertainty"]

Array = NDArray[np.float64]


class Uncertainty(NamedTuple):
    """Uncertainty of the outcome, `aleatoric`, of the model, `epistemic`, and their sum `total`; never negative."""

    total: Array
    aleatoric: Array
    epistemic: Array


def response_uncertainty(probability: Array) -> Uncertainty:
    """Entropy (n,) of a response in nats, from the members' probabilities (members, n, classes).

    The total is the entropy of the mean probabilities, the aleatoric part is the mean entropy of the members, and the
    epistemic part is the mutual information of response and member (Depeweg et al. 2018,
    doi 10.48550/arXiv.1710.07283).

    Examples
    --------
    >>> opposite_members = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    >>> [float(part[0].round(3)) for part in response_uncertainty(opposite_members)]
    [0.693, 0.0, 0.693]
    """
    total = entr(probability.mean(axis=0)).sum(axis=-1)
    aleatoric = entr(probability).sum(axis=-1).mean(axis=0)
    # Not negative by rounding if all members agree.
    epistemic = np.maximum(total - aleatoric, 0.0)
    return Uncertainty(aleatoric + epistemic, aleatoric, epistemic)


def survival_uncertainty(survival: Array) -> Uncertainty:
    """Variance (n, t) of survival status at t, by the law of total variance, from curves (members, n, t).

    The aleatoric part is the mean of S (1 - S) over members, the epistemic part is the variance of S over members.

    Examples
    --------
    >>> [float(part[0, 0].round(3)) for part in survival_uncertainty(np.array([[[0.4]], [[0.6]]]))]
    [0.25, 0.24, 0.01]
    """
    aleatoric = (survival * (1.0 - survival)).mean(axis=0)
    epistemic = survival.var(axis=0)
    return Uncertainty(aleatoric + epistemic, aleatoric, epistemic)


def restricted_mean_uncertainty(survival: Array, times: Array, horizon: float) -> tuple[Array, Uncertainty]:
    """Restricted mean survival time, and its variance by the law of total variance.

    Parameters
    ----------
    survival
        (members, n, t) right-continuous curves, 1 before the first time, the last value carried forward.
    times
        (t,) ascending.
    horizon
        Time tau; the predicted quantity is min(T, tau).

    Returns
    -------
    tuple
        (n,) restricted mean, and its :class:`Uncertainty` with (n,) variances, in squared units of time.

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
    # E min(T, tau)^2 is the integral of 2 t S(t) up to tau.
    variances = np.maximum(curves @ np.diff(edges**2) - means**2, 0.0)
    aleatoric, epistemic = variances.mean(axis=0), means.var(axis=0)
    return means.mean(axis=0), Uncertainty(aleatoric + epistemic, aleatoric, epistemic)
