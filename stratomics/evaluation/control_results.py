"""Results of the negative controls: whether a control is at chance, in one permutation and in further ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from stratomics.evaluation.cases import Cases
from stratomics.evaluation.intervals import percentile_estimate, with_training_variability
from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import find_metric

__all__ = ["LEVEL", "PERMUTED_AGAIN", "ControlResult", "control_result", "discrimination", "permuted_again"]

CHANCE = 0.5
LEVEL = 0.01
"""Largest probability that a correct run reports at least one control above chance."""

PERMUTED_AGAIN = 9
"""Further permutations of a control that is above chance in the first one: the bootstrap of one permutation keeps this
permutation, and does not know how far permutations differ."""

SMALLEST_SD = 1e-6


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
        Whether the control is above chance: p below LEVEL, divided by the number of controls, in the first permutation
        and, by a t test, over the further ones.
    again
        Estimate of each further permutation; absent if the first one is at chance.
    """

    metric: str
    estimate: float
    low: float
    high: float
    p: float
    off: bool
    again: NotRequired[list[float]]


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


def discrimination(cases: Cases, kind: str) -> float:
    """Concordance or AUROC of n patients, as predicted in a control.

    Parameters
    ----------
    cases
        The patients.
    kind
        Kind of the endpoint, ``survival`` or ``response``.

    Returns
    -------
    float
        Mean over the repeats; 0.5 is chance.
    """
    return float(find_metric(DISCRIMINATION[kind]).function(cases, np.ones((1, len(cases))))[0])


def permuted_again(result: ControlResult, estimates: Sequence[float], controls: int) -> ControlResult:
    """Decide again whether a control is above chance, from permutations that did not raise the suspicion.

    Parameters
    ----------
    result
        Result of the first permutation, which is above chance.
    estimates
        Concordance or AUROC of each further permutation.
    controls
        Number of controls of the run, for the Bonferroni correction.

    Returns
    -------
    ControlResult
        The result, which stays above chance only if the mean of the further permutations is.

    Examples
    --------
    >>> first = ControlResult(metric="auroc", estimate=0.7, low=0.6, high=0.8, p=1e-4, off=True)
    >>> permuted_again(first, [0.49, 0.52, 0.47, 0.50], 1)["off"]
    False
    >>> permuted_again(first, [0.66, 0.71, 0.64, 0.69], 1)["off"]
    True
    """
    # Where the outcome leaks as a whole, every permutation gives the same estimate.
    sd = max(float(np.std(estimates, ddof=1)), SMALLEST_SD)
    p = float(t.sf((np.mean(estimates) - CHANCE) * np.sqrt(len(estimates)) / sd, len(estimates) - 1))
    return {**result, "again": [float(value) for value in estimates], "off": p < LEVEL / controls}
