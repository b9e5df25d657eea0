"""Coverage of lower bounds on survival time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import censoring_survival
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.metric import SHARE, Metric

__all__ = ["BOUND_COVERAGE", "NOMINAL_COVERAGE", "bound_coverage", "bound_weights"]

Array = NDArray[np.float64]

NOMINAL_COVERAGE = 0.9
"""Coverage for which lower bounds and response sets are constructed."""


def bound_coverage(cases: SurvivalCases, weight: Array) -> Array:
    """Coverage of lower bounds: share of patients whose event time is at least their bound; nominal 0.9.

    The bounds are those of Candes, Lei and Ren 2023, doi 10.1093/jrsssb/qkac004. Patients followed to their bound are
    covered, patients with the event before it are not. Both are weighted by the inverse probability of being uncensored
    until then, so that they represent patients censored before their bound. The censoring distribution is estimated in
    all evaluated patients; repeats are averaged.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 1; NaN if no bounds were predicted.
    """
    if cases.bound is None:
        return np.full(len(weight), np.nan)
    shares = []
    for bound in cases.bound:
        reached, failed = (counted.sum(axis=1) for counted in bound_weights(cases, weight, bound))
        undefined = np.full(len(weight), np.nan)
        shares.append(np.divide(reached, reached + failed, out=undefined, where=reached + failed > 0))
    mean: Array = np.mean(shares, axis=0)
    return mean


def bound_weights(cases: SurvivalCases, weight: Array, bound: Array) -> tuple[Array, Array]:
    """Inverse probability of censoring weights of the patients who reach their bound, and of those who do not.

    The probability of being uncensored is taken at the bound, or at the event before it.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.
    bound
        (n,) lower bounds.

    Returns
    -------
    tuple of numpy.ndarray
        (draws, n) weights of patients who reach their bound, else 0, and of patients with the event before their
        bound, else 0. Both are 0 for patients censored before their bound.
    """
    censoring = censoring_survival(cases.event, cases.time, weight)
    reached = _inverse(weight, censoring(np.nextafter(bound, 0.0))) * (cases.time >= bound)
    failed = _inverse(weight, censoring(np.nextafter(cases.time, 0.0))) * (cases.event & (cases.time < bound))
    return reached, failed


def _inverse(weight: Array, probability: Array) -> Array:
    """Divide by a probability, with 0 where it is 0."""
    return np.divide(weight, probability, out=np.zeros_like(weight), where=probability > 0)


BOUND_COVERAGE = Metric(
    bound_coverage,
    higher_is_better=None,
    label="coverage of lower bounds",
    best=NOMINAL_COVERAGE,
    limits=SHARE,
    absent="no lower bounds were predicted, or no patient was followed to their bound",
)
