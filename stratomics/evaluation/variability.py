"""Variability of metrics between repeats and between folds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stratomics.evaluation.cases import Cases
from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import find_metric

__all__ = ["fold_discrimination", "repeat_scores"]

Array = NDArray[np.float64]


def repeat_scores(cases: Cases, metric: str) -> Array:
    """Compute a metric in each repeat.

    Parameters
    ----------
    cases
        n patients.
    metric
        Name of the metric.

    Returns
    -------
    numpy.ndarray
        (repeats,) values.
    """
    once, function = np.ones((1, len(cases))), find_metric(metric).function
    return np.array([float(function(cases.of_repeat(r), once)[0]) for r in range(len(cases.fold))])


def fold_discrimination(cases: Cases, kind: str) -> Array:
    """Compute concordance or AUROC in each fold.

    Parameters
    ----------
    cases
        n patients.
    kind
        Kind of the endpoint, ``survival`` or ``response``.

    Returns
    -------
    numpy.ndarray
        (folds of all repeats,) values, without folds in which no patients can be compared.
    """
    function, parts = find_metric(DISCRIMINATION[kind]).function, []
    for number, folds in enumerate(cases.fold):
        members = (np.unique(folds)[:, None] == folds).astype(np.float64)
        parts.append(function(cases.of_repeat(number), members))
    values: Array = np.concatenate(parts)
    return values[np.isfinite(values)]
