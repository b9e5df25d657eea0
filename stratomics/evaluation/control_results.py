"""Results of the negative controls: whether a control is at chance."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from stratomics.evaluation.cases import Cases
from stratomics.evaluation.intervals import percentile_estimate, with_training_variability
from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import find_metric

__all__ = ["LEVEL", "ControlResult", "control_result"]

CHANCE = 0.5
LEVEL = 0.01
"""Largest probability that a correct run reports at least one control above chance."""


class ControlResult(TypedDict):
    """Result of one control, as in ``metrics.json``.

    Attributes
    ----------
    metric
        Name of the metric: concordance or AUROC.
    estimate, low, high
        With its 95% interval.
    p
        One-sided p value of no better than chance.
    off
        Whether the control is above chance: p below LEVEL, divided by the number of controls.
    """

    metric: str
    estimate: float
    low: float
    high: float
    p: float
    off: bool


def control_result(cases: Cases, kind: str, weight: NDArray[np.float64], controls: int) -> ControlResult:
    """Test whether a control is better than chance, by concordance or AUROC; chance is 0.5.

    Only better than chance is a fault. Cross-validation without any signal is slightly below 0.5, because each
    patient who is left out moves the mean of the training patients away from their own value.

    Parameters
    ----------
    cases
        n patients, as predicted in the control.
    kind
        Kind of the endpoint, ``survival`` or ``response``.
    weight
        (1 + draws, n) bootstrap weights, as from :func:`stratomics.evaluation.comparison.resamples`.
    controls
        Number of controls of the run, for the Bonferroni correction.

    Returns
    -------
    ControlResult
        One row of ``metrics.json``.
    """
    key = DISCRIMINATION[kind]
    values = with_training_variability(find_metric(key).function(cases, weight), cases.fold)
    interval = percentile_estimate(values, find_metric(key).limits)
    sd = float(np.nanstd(values[1:], ddof=1))
    p = float(norm.sf((values[0] - CHANCE) / sd)) if sd > 0 else 1.0
    return {
        "metric": key,
        "estimate": float(values[0]),
        "low": interval["low"],
        "high": interval["high"],
        "p": p,
        "off": p < LEVEL / controls,
    }
