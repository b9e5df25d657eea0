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
    from sklearn.metrics import precision_recall_curve, roc_curve

    false_positive, sensitivity, _ = roc_curve(positive, probability, drop_intermediate=False)
    precision, recall, _ = precision_recall_curve(positive, probability)
    # At recall 0 no patient is above the threshold; the curve starts with the precision of the highest probability.
    precision[-1] = precision[-2]
    return ResponseCurves(false_positive, sensitivity, recall[::-1], precision[::-1])
