"""Receiver operating characteristic (ROC) and precision-recall curves of predicted response probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ResponseCurves", "response_curves"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ResponseCurves:
    """Both curves of one method, one point per distinct probability.

    Attributes
    ----------
    false_positive, sensitivity
        (k,) ROC curve, from 0 to 1: shares of the negative and of the positive patients above a threshold.
    recall, precision
        (m,) precision-recall curve, from recall 0 to 1: recall is sensitivity, and precision is the share of positive
        patients among those above a threshold.
    """

    false_positive: Array
    sensitivity: Array
    recall: Array
    precision: Array


def response_curves(positive: NDArray[np.bool_], probability: Array) -> ResponseCurves:
    """Compute both curves; equal probabilities are one point.

    Davis and Goadrich 2006, doi 10.1145/1143844.1143874: between two points, precision is a step and not a line.

    Parameters
    ----------
    positive
        (n,) whether the response is positive; both classes are present.
    probability
        (n,) predicted probability of a positive response.

    Returns
    -------
    ResponseCurves

    Examples
    --------
    >>> curves = response_curves(np.array([True, False, True]), np.array([0.9, 0.5, 0.2]))
    >>> curves.false_positive, curves.sensitivity
    (array([0., 0., 1., 1.]), array([0. , 0.5, 0.5, 1. ]))
    """
    order = np.argsort(-probability, kind="stable")
    # The last patient of each distinct probability: all patients above the next threshold.
    last = np.append(np.flatnonzero(np.diff(probability[order])), len(order) - 1)
    hits = np.cumsum(positive[order])[last].astype(np.float64)
    chosen = last + 1.0
    sensitivity, precision = hits / hits[-1], hits / chosen
    false_positive = (chosen - hits) / (len(order) - hits[-1])
    return ResponseCurves(
        np.append(0.0, false_positive),
        np.append(0.0, sensitivity),
        np.append(0.0, sensitivity),
        np.append(precision[0], precision),
    )
