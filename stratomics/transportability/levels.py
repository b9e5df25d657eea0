"""Calibration of a fixed model in another cohort: observed over expected, and slope, with closed-form intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from models.linear.cox_net import CoxLikelihood, cox_net
from omics.common.errors import FitError
from stratomics.evaluation.cases import Cases, ResponseCases, SurvivalCases
from stratomics.evaluation.intervals import Estimate, percentile_estimate
from stratomics.evaluation.metrics.survival_calibration import log_cumulative_hazard
from stratomics.evaluation.subgroup_performance import observed_and_expected
from stratomics.transportability.offset_regression import offset_regression, predicted_logit

__all__ = ["calibration_slope", "cox_slope", "observed_over_expected", "wald"]

Array = NDArray[np.float64]

WIDTH = float(norm.ppf(0.975))


def observed_over_expected(cases: Cases, weight: Array) -> Estimate | None:
    """Observed over expected events (O/E) by the horizon, or positive responses; 1 is best.

    For survival the observed share is 1 minus the Kaplan-Meier estimate, and the interval is
    ``O/E exp(+-1.96 / sqrt(events))`` (McLernon et al. 2023, doi 10.7326/M22-0844). For a response the interval is that
    of the resamples.

    Parameters
    ----------
    cases
        n patients.
    weight
        (1 + draws, n) bootstrap weights; for survival the first row counts.

    Returns
    -------
    Estimate or None
        With its interval; None without events, or if no patient is followed to the horizon.
    """
    if isinstance(cases, ResponseCases):
        counts, sums = observed_and_expected(cases, weight)
        return percentile_estimate(counts / sums) if cases.positive.any() else None
    observed, expected = (float(value[0]) for value in observed_and_expected(cases, weight[:1]))
    events = int((cases.event & (cases.time <= cases.horizon)).sum())
    if not (events and expected > 0 and np.isfinite(observed)):
        return None
    ratio, width = observed / expected, WIDTH / float(np.sqrt(events))
    return {
        "estimate": ratio,
        "low": ratio * float(np.exp(-width)),
        "high": ratio * float(np.exp(width)),
    }


def calibration_slope(cases: Cases) -> Estimate | None:
    """Calibration slope with its Wald interval; 1 is best, below 1 predictions are too extreme.

    For survival the coefficient of a Cox regression on log(-log S(horizon)), with Efron's method for ties (Royston and
    Altman 2013, doi 10.1186/1471-2288-13-33); for a response that of a logistic regression on the predicted logit (Cox
    1958, doi 10.1093/biomet/45.3-4.562). Only for a fixed model, which predicts each patient once.

    Parameters
    ----------
    cases
        n patients, predicted once.

    Returns
    -------
    Estimate or None
        None if all predictions are equal, or if predictions separate the outcomes.
    """
    if isinstance(cases, SurvivalCases):
        both = cox_slope(log_cumulative_hazard(cases)[0], cases.event, cases.time)
    else:
        both = _logistic_slope(cases)
    return None if both is None else wald(*both)


def cox_slope(log_hazard: Array, event: NDArray[np.bool_], time: Array) -> tuple[float, float] | None:
    """Coefficient of the predicted log hazard in a Cox regression, and its standard error.

    Parameters
    ----------
    log_hazard, event, time
        (n,) each; higher log hazard means earlier event.

    Returns
    -------
    tuple of float or None
        None if it cannot be estimated.
    """
    x = (log_hazard - log_hazard.mean())[:, None]
    if not event.any() or np.ptp(x) == 0.0:
        return None
    try:
        slope = float(cox_net(x, event, time, 0.0, 0.0)[0])
    except FitError:
        return None
    curved = CoxLikelihood(event, time, None).curvature(slope * x[:, 0], x)
    information = len(x) * float((x.T @ curved)[0, 0])
    return (slope, information**-0.5) if information > 0 else None


def _logistic_slope(cases: ResponseCases) -> tuple[float, float] | None:
    fitted = offset_regression(
        predicted_logit(cases.probability[0])[:, None], cases.positive, np.zeros(len(cases)), "binomial"
    )
    return None if fitted is None else (float(fitted.coefficients[1]), float(fitted.se[1]))


def wald(estimate: float, se: float) -> Estimate:
    """Estimate with its 95% Wald interval.

    Parameters
    ----------
    estimate, se
        Estimate and its standard error.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> wald(1.0, 0.5)["high"].__round__(2)
    1.98
    """
    return {"estimate": estimate, "low": estimate - WIDTH * se, "high": estimate + WIDTH * se}
