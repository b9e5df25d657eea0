"""Number of patients that a trial of an effect needs."""

from __future__ import annotations

from scipy.stats import norm

__all__ = ["patients_for_events", "patients_needed"]

ALPHA = 0.05
"""Two-sided."""


def patients_for_events(events: float, control_rate: float, hazard_ratio: float) -> float:
    """Compute the number of patients, half of them treated, among whom that many events are expected.

    Parameters
    ----------
    events
        Number of events.
    control_rate
        Share of the controls with an event by the end of follow-up.
    hazard_ratio
        Hazard ratio, treated to control.

    Returns
    -------
    float
        Number of patients, not rounded.

    Examples
    --------
    >>> round(patients_for_events(100, 0.5, 1.0))
    200
    """
    return float(events / ((control_rate + 1 - (1 - control_rate) ** hazard_ratio) / 2))


def patients_needed(estimate: float, se: float, n: int, power: float) -> float:
    """Compute the number of patients for a test, if the standard error falls with the root of their number.

    Parameters
    ----------
    estimate, se, n
        An effect, its standard error, and the number of patients it was estimated in.
    power
        Power, between 0 and 1.

    Returns
    -------
    float
        Number of patients, not rounded.

    Examples
    --------
    >>> round(patients_needed(0.2, 0.1, 100, 0.8))
    196
    """
    reach = norm.ppf(1 - ALPHA / 2) + norm.ppf(power)
    return float(n * (reach * se / estimate) ** 2)
