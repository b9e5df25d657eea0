"""Discrimination that the case mix lets one expect: concordance and AUROC if the predictions were right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from stratomics.evaluation.cases import Cases, SurvivalCases
from stratomics.evaluation.metrics.survival_calibration import log_cumulative_hazard

__all__ = ["expected_discrimination", "model_based_auroc", "model_based_concordance"]

Array = NDArray[np.float64]

CELLS = 1_000_000
"""Pairs that are compared at once, so that memory stays linear in n."""


def expected_discrimination(cases: Cases) -> float:
    """Discrimination to expect in these patients if every prediction were right.

    It depends on the patients' predictions only and not on their outcomes. The difference between two cohorts is
    therefore a difference of their case mix; what is observed beyond it is due to the coefficients.

    Parameters
    ----------
    cases
        n patients; repeats are averaged.

    Returns
    -------
    float
        :func:`model_based_concordance` for survival, :func:`model_based_auroc` for a response; NaN if all patients have
        the same prediction.
    """
    if isinstance(cases, SurvivalCases):
        return float(np.mean([model_based_concordance(x) for x in log_cumulative_hazard(cases)]))
    return float(np.mean([model_based_auroc(p) for p in cases.probability]))


def model_based_concordance(log_hazard: Array) -> float:
    """Compute the expected concordance under proportional hazards, from the log hazards alone.

    van Klaveren et al. 2016, doi 10.1002/sim.6997: the mean over pairs of the probability that the patient with the
    higher hazard has the event first. Pairs with equal hazards are left out. It does not depend on censoring.

    Parameters
    ----------
    log_hazard
        (n,) predicted log hazards; higher means earlier event.

    Returns
    -------
    float
        Between 0.5 and 1; NaN if all log hazards are equal.

    Examples
    --------
    >>> round(model_based_concordance(np.array([0.0, np.log(3.0)])), 4)
    0.75
    """
    x, n = np.sort(log_hazard), len(log_hazard)
    total, pairs, step = 0.0, 0, max(1, CELLS // max(n, 1))
    for start in range(0, n, step):
        difference = x[None, :] - x[start : start + step, None]
        difference = difference[difference > 0.0]
        total += float(expit(difference).sum())
        pairs += len(difference)
    return total / pairs if pairs else float("nan")


def model_based_auroc(probability: Array) -> float:
    """Compute the expected AUROC if each patient has a positive response with the predicted probability.

    van Klaveren et al. 2016, doi 10.1002/sim.6997: pairs of patients are weighted by the probability that the first is
    positive and the second is negative; equal probabilities count one half.

    Parameters
    ----------
    probability
        (n,) predicted probabilities of a positive response.

    Returns
    -------
    float
        Between 0.5 and 1; NaN if no pair can have both classes.

    Examples
    --------
    >>> round(model_based_auroc(np.array([0.1, 0.2, 0.4, 0.7, 0.9])), 6)
    0.887454
    """
    values, level = np.unique(probability, return_inverse=True)
    positive = np.bincount(level, probability, len(values))
    negative = np.bincount(level, 1.0 - probability, len(values))
    # A patient is no pair with themselves.
    themselves = float((probability * (1.0 - probability)).sum())
    pairs = float(positive.sum() * negative.sum()) - themselves
    below = np.concatenate([[0.0], np.cumsum(negative)[:-1]])
    right = float((positive * (below + negative / 2.0)).sum()) - themselves / 2.0
    return right / pairs if pairs > 0 else float("nan")
