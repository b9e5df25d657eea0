"""From the scores of the members to the delivered prediction, and how much of it comes from each member."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

__all__ = ["LOG_HAZARD", "LOG_ODDS", "delivered", "member_weights", "path_weights"]

Array = NDArray[np.float64]

LOG_HAZARD, LOG_ODDS = "log hazard", "log odds"

NODES = 48
"""Nodes of Gauss and Legendre. The function of the members' scores is smooth, so that the error is that of rounding."""


def delivered(scores: Array, scale: str) -> Array:
    """Compute the delivered prediction from the scores of the members.

    Parameters
    ----------
    scores
        (members, ...) from :meth:`stratomics.fitting.fitted.Fitted.scores`.
    scale
        ``log hazard`` or ``log odds``.

    Returns
    -------
    numpy.ndarray
        (...): the mean log hazard, or the log odds of the mean probability.

    Examples
    --------
    >>> delivered(np.array([[0.0], [2.0]]), "log hazard").tolist()
    [1.0]
    """
    if scale == LOG_HAZARD:
        mean: Array = scores.mean(axis=0)
        return mean
    odds: Array = logit(expit(scores).mean(axis=0))
    return odds


def member_weights(scores: Array, base: Array, scale: str) -> Array:
    """How much of the delivered prediction comes from the score of each member.

    Parameters
    ----------
    scores
        (members, n).
    base
        (members,) score of each member for the reference.
    scale
        ``log hazard`` or ``log odds``.

    Returns
    -------
    numpy.ndarray
        (members, n) weights: the sum of weight x (score - base) is the prediction of the patient minus that of the
        reference. On the log hazard they are all 1 / members. The log odds of a mean probability is no sum over the
        members; its weights are Aumann-Shapley values (Aumann and Shapley 1974, doi 10.1515/9781400867080).
    """
    if scale == LOG_HAZARD:
        return np.full_like(scores, 1.0 / len(scores))

    def derivative(at: Array) -> Array:
        probability = expit(at)
        mean = probability.mean(axis=0)
        slope: Array = probability * (1 - probability) / (len(at) * mean * (1 - mean))
        return slope

    return path_weights(scores, base, derivative)


def path_weights(scores: Array, base: Array, derivative: Callable[[Array], Array]) -> Array:
    """Mean derivative of a smooth function of the members' scores, on the line from the reference to the patient.

    Parameters
    ----------
    scores
        (members, n).
    base
        (members,).
    derivative
        Scores (members, n) -> derivative (members, n, ...) of the function with respect to each score.

    Returns
    -------
    numpy.ndarray
        (members, n, ...).
    """
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    start = np.broadcast_to(base[:, None], scores.shape)
    steps = [
        weight / 2 * derivative(start + (node + 1) / 2 * (scores - start))
        for node, weight in zip(nodes, weights, strict=True)
    ]
    total: Array = np.sum(steps, axis=0)
    return total
