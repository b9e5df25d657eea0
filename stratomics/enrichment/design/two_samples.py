"""Patients that a comparison of two proportions or two restricted means needs; `alpha` is one-sided."""

from __future__ import annotations

import math

from scipy.stats import norm

from omics.common.errors import DesignError
from stratomics.enrichment.design.checks import require_above_zero, require_power, require_share
from stratomics.enrichment.design.events import z_sum

__all__ = ["proportions_power", "proportions_size", "rmst_size"]


def proportions_size(
    treated: float, control: float, power: float = 0.8, alpha: float = 0.025, allocation: float = 0.5
) -> float:
    """Patients to detect a difference of two proportions: normal approximation, pooled null variance.

    Fleiss, Levin and Paik 2003 (doi 10.1002/0471445428), chapter 4, without continuity correction.

    Parameters
    ----------
    treated, control
        Expected share of responders in each arm.
    power, alpha, allocation
        As in :func:`~stratomics.enrichment.design.events.schoenfeld_events`.

    Returns
    -------
    float
        Patients in both arms together, not rounded.

    Examples
    --------
    >>> round(proportions_size(0.5, 0.3), 3)
    185.998
    """
    require_power(power, alpha)
    null, alternative = _deviations(treated, control, allocation)
    needed = norm.isf(alpha) * null + norm.ppf(power) * alternative
    return float((needed / (treated - control)) ** 2)


def proportions_power(
    patients: float, treated: float, control: float, alpha: float = 0.025, allocation: float = 0.5
) -> float:
    """Power to detect a difference of two proportions, by the formula of :func:`proportions_size`.

    Parameters
    ----------
    patients
        Patients in both arms together.
    treated, control
        Expected share of responders in each arm.
    alpha, allocation
        As in :func:`~stratomics.enrichment.design.events.schoenfeld_events`.

    Returns
    -------
    float
        Power.

    Examples
    --------
    >>> round(proportions_power(185.998, 0.5, 0.3), 4)
    0.8
    """
    require_above_zero("the number of patients", patients)
    null, alternative = _deviations(treated, control, allocation)
    reach = abs(treated - control) * math.sqrt(patients)
    return float(norm.cdf((reach - norm.isf(alpha) * null) / alternative))


def rmst_size(
    difference: float,
    sd_treated: float,
    sd_control: float,
    power: float = 0.8,
    alpha: float = 0.025,
    allocation: float = 0.5,
) -> float:
    """Patients to detect a difference of two restricted mean survival times.

    Royston and Parmar 2013, doi 10.1186/1471-2288-13-152.

    Parameters
    ----------
    difference
        Treated minus control, in the unit of time.
    sd_treated, sd_control
        Standard error of each arm's mean in an earlier trial, times the square root of its number of patients. It
        includes the effect of censoring, so that the new trial must have a similar follow-up.
    power, alpha, allocation
        As in :func:`~stratomics.enrichment.design.events.schoenfeld_events`.

    Returns
    -------
    float
        Patients in both arms together, not rounded.

    Raises
    ------
    DesignError
        If the difference is 0.

    Examples
    --------
    >>> round(rmst_size(2.0, 5.0, 5.0), 1)
    196.2
    """
    require_above_zero("the standard deviation of the treated", sd_treated)
    require_above_zero("the standard deviation of the controls", sd_control)
    require_share("the allocation", allocation)
    if difference == 0.0:
        raise DesignError(
            "the difference of restricted means is 0: no number of patients shows a zero effect"
        )
    variance = sd_treated**2 / allocation + sd_control**2 / (1.0 - allocation)
    return (z_sum(power, alpha) / difference) ** 2 * variance


def _deviations(treated: float, control: float, allocation: float) -> tuple[float, float]:
    """Compute standard deviations of the difference, scaled to one patient: under the pooled null, and as expected."""
    require_share("the share of responders among the treated", treated)
    require_share("the share of responders among the controls", control)
    require_share("the allocation", allocation)
    if treated == control:
        raise DesignError(
            "both arms have the same response rate: no number of patients gives power for a zero effect"
        )
    pooled = allocation * treated + (1.0 - allocation) * control
    null = math.sqrt(pooled * (1.0 - pooled) / (allocation * (1.0 - allocation)))
    alternative = math.sqrt(
        treated * (1.0 - treated) / allocation + control * (1.0 - control) / (1.0 - allocation)
    )
    return null, alternative
