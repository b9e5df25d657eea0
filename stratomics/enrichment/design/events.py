"""Events that a comparison of survival needs. `alpha` is one-sided; 0.025 corresponds to a two-sided 0.05."""

from __future__ import annotations

import math

from scipy.stats import norm

from omics.common.errors import DesignError
from stratomics.enrichment.design.checks import (
    require_above_zero,
    require_hazard_ratio,
    require_power,
    require_share,
)

__all__ = [
    "detectable_hazard_ratio",
    "freedman_events",
    "interaction_events",
    "power_of_events",
    "schoenfeld_events",
    "z_sum",
]


def z_sum(power: float, alpha: float) -> float:
    """Mean of the test statistic that gives the power: the sum of the normal quantiles of ``1 - alpha`` and `power`.

    Parameters
    ----------
    power
        Power of the test.
    alpha
        One-sided level.

    Returns
    -------
    float
        Mean of z.
    """
    require_power(power, alpha)
    return float(norm.isf(alpha) + norm.ppf(power))


def schoenfeld_events(
    hazard_ratio: float, power: float = 0.8, alpha: float = 0.025, allocation: float = 0.5
) -> float:
    """Events for a log-rank test (Schoenfeld 1981, doi 10.1093/biomet/68.1.316).

    Parameters
    ----------
    hazard_ratio
        Hazard ratio of treated to control; below 1 is a benefit. 0.5 and 2 need the same number of events.
    power, alpha
        Power of the test; `alpha` is one-sided.
    allocation
        Share of patients randomised to treatment.

    Returns
    -------
    float
        Events in both arms together, not rounded.

    Raises
    ------
    DesignError
        If the effect is zero, or a share is not between 0 and 1.

    Examples
    --------
    >>> round(schoenfeld_events(0.7, power=0.8), 3)
    246.787
    """
    require_hazard_ratio(hazard_ratio)
    require_share("the allocation", allocation)
    return (z_sum(power, alpha) / math.log(hazard_ratio)) ** 2 / (allocation * (1.0 - allocation))


def freedman_events(
    hazard_ratio: float, power: float = 0.8, alpha: float = 0.025, allocation: float = 0.5
) -> float:
    """Events for a log-rank test by Freedman's formula (1982, doi 10.1002/sim.4780010204).

    They are slightly more than those of :func:`schoenfeld_events`.

    Parameters
    ----------
    hazard_ratio, power, alpha, allocation
        As in :func:`schoenfeld_events`.

    Returns
    -------
    float
        Events in both arms together, not rounded.

    Examples
    --------
    >>> round(freedman_events(0.7, power=0.9), 3)
    337.405
    """
    require_hazard_ratio(hazard_ratio)
    require_share("the allocation", allocation)
    odds = allocation / (1.0 - allocation)
    return (z_sum(power, alpha) * (1.0 + odds * hazard_ratio) / (1.0 - hazard_ratio)) ** 2 / odds


def power_of_events(
    events: float, hazard_ratio: float, alpha: float = 0.025, allocation: float = 0.5
) -> float:
    """Power of a log-rank test with `events`, by the formula of :func:`schoenfeld_events`.

    Parameters
    ----------
    events
        Events in both arms together.
    hazard_ratio
        Hazard ratio of treated to control. At 1 the power is `alpha`; above 1 it is the power to show harm.
    alpha, allocation
        As in :func:`schoenfeld_events`.

    Returns
    -------
    float
        Power.

    Examples
    --------
    >>> round(power_of_events(247, 0.7), 5)
    0.80034
    """
    require_above_zero("the number of events", events)
    require_above_zero("the hazard ratio", hazard_ratio)
    require_share("the allocation", allocation)
    require_share("alpha (one-sided)", alpha)
    mean = abs(math.log(hazard_ratio)) * math.sqrt(events * allocation * (1.0 - allocation))
    return float(norm.sf(norm.isf(alpha) - mean))


def detectable_hazard_ratio(
    events: float, power: float = 0.8, alpha: float = 0.025, allocation: float = 0.5
) -> float:
    """Hazard ratio below 1 that `events` can detect with the given power.

    Parameters
    ----------
    events
        Events in both arms together.
    power, alpha, allocation
        As in :func:`schoenfeld_events`.

    Returns
    -------
    float
        Hazard ratio.

    Examples
    --------
    >>> round(detectable_hazard_ratio(246.787), 4)
    0.7
    """
    require_above_zero("the number of events", events)
    require_share("the allocation", allocation)
    return math.exp(-z_sum(power, alpha) / math.sqrt(events * allocation * (1.0 - allocation)))


def interaction_events(
    ratio: float, prevalence: float, power: float = 0.8, alpha: float = 0.025, allocation: float = 0.5
) -> float:
    """Events to show that the effect inside a subgroup differs from the effect outside.

    The variances of two log hazard ratios add up (Peterson and George 1993, Controlled Clinical Trials 14:511).

    Parameters
    ----------
    ratio
        Hazard ratio inside divided by hazard ratio outside.
    prevalence
        Share of the events in the subgroup. One half needs the fewest events: four times those of an equal main effect.
    power, alpha, allocation
        As in :func:`schoenfeld_events`.

    Returns
    -------
    float
        Events in both arms together, inside and outside the subgroup, not rounded.

    Raises
    ------
    DesignError
        If `ratio` is 1.

    Examples
    --------
    >>> round(interaction_events(0.7, 0.5) / schoenfeld_events(0.7), 6)
    4.0
    """
    require_above_zero("the ratio of hazard ratios", ratio)
    if ratio == 1.0:
        raise DesignError(
            "the effect inside equals the effect outside: no number of events shows a zero interaction"
        )
    require_share("the prevalence", prevalence)
    return schoenfeld_events(ratio, power, alpha, allocation) / (prevalence * (1.0 - prevalence))
