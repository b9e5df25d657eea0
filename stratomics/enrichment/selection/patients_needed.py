"""Patients that an effect takes, as a threshold table needs them."""

from __future__ import annotations

from scipy.stats import norm

__all__ = ["patients_for_events", "patients_needed"]

ALPHA = 0.05
"""Two-sided."""


def patients_for_events(events: float, control_rate: float, hazard_ratio: float) -> float:
    """Patients, half of them treated, among whom so many events are expected.

    Parameters
    ----------
    events
        How many.
    control_rate
        Share of the controls with an event by the end of follow-up.
    hazard_ratio
        Of the treated.

    Examples
    --------
    >>> round(patients_for_events(100, 0.5, 1.0))
    200
    """
    return float(events / ((control_rate + 1 - (1 - control_rate) ** hazard_ratio) / 2))


def patients_needed(estimate: float, se: float, n: int, power: float) -> float:
    """Patients for a test of any effect whose standard error falls with the root of their number.

    Parameters
    ----------
    estimate, se, n
        An effect, its standard error, and the patients who gave it.
    power
        Wanted.

    Examples
    --------
    >>> round(patients_needed(0.2, 0.1, 100, 0.8))
    196
    """
    reach = norm.ppf(1 - ALPHA / 2) + norm.ppf(power)
    return float(n * (reach * se / estimate) ** 2)
